//! Fitting the packer's priors to a set of JPEG files: weights of expected magnitudes, then
//! statistics.
//!
//! In: JPEG files as bytes. Out: the bytes of `priors.bin`. Not bit-exact; the program never runs
//! it.
//! Source: iteratively reweighted least squares for the scale of a Laplacian.

use super::contexts::CoefficientModel;
use super::distributions::{DISTRIBUTIONS, SymbolContexts, prior_from_counts};
use super::expected_magnitudes::{TERMS, WEIGHT_BYTES, magnitudes};
use super::priors::Priors;
use super::quick_model::QuickModel;
use super::segment_walk::{SegmentModel, walk_segment};
use super::segments::{sampling, segments};
use crate::frame::NATURAL_FROM_ZIGZAG;
use crate::read::{JpegCoefficients, read_coefficients};
use tintype_entropy::{BitCost, SymbolWalk};
use tintype_image::{Level, Limits};

/// The order in which magnitudes become known: inner coefficients in zigzag order, first row,
/// first column.
fn order() -> [usize; 64] {
    let mut out = [0; 64];
    for k in 1..64 {
        let zigzag = NATURAL_FROM_ZIGZAG.iter().position(|n| usize::from(*n) == k).unwrap_or(0);
        out[k] = match (k / 8, k % 8) {
            (0, u) => 100 + u,
            (v, 0) => 200 + v,
            _ => zigzag,
        };
    }
    out[0] = 1000;
    out
}

/// Coefficients of the block itself that may enter the expected magnitude of `k`.
fn inside_of(k: usize) -> Vec<usize> {
    let order = order();
    let (v, u) = (k as isize / 8, k as isize % 8);
    let mut out = Vec::new();
    for dv in -3..=3isize {
        for du in -3..=3isize {
            let (y, x) = (v + dv, u + du);
            if dv.abs() + du.abs() > 3 || !(0..8).contains(&y) || !(0..8).contains(&x) {
                continue;
            }
            let j = (y * 8 + x) as usize;
            if j != 0 && order[j] < order[k] {
                out.push(j);
            }
        }
    }
    out
}

struct Samples {
    /// For each coefficient the inputs and the magnitude, row after row.
    rows: Vec<Vec<f32>>,
}

fn gather(file: &JpegCoefficients, class: usize, out: &mut Samples, inside: &[Vec<usize>], step: usize) {
    let Some(c) = file.components.get(class) else { return };
    let reference =
        class.checked_sub(1).map(|i| (&file.components[i], file.structure.frame.components[i]));
    let own = &file.structure.frame.components[class];
    let zero = [0u16; 64];
    for at in (0..c.stride * c.rows).step_by(step) {
        let (x, y) = (at % c.stride, at / c.stride);
        if x == 0 || y == 0 || x + 1 == c.stride {
            continue;
        }
        let m = |x: usize, y: usize| magnitudes(c.block(x, y));
        let (now, a, l, al, ar) = (m(x, y), m(x, y - 1), m(x - 1, y), m(x - 1, y - 1), m(x + 1, y - 1));
        let o = reference.as_ref().map_or(zero, |(b, info)| {
            magnitudes(
                b.block((x * info.h / own.h).min(b.stride - 1), (y * info.v / own.v).min(b.rows - 1)),
            )
        });
        for k in 1..64 {
            let (v, u) = (k / 8, k % 8);
            let row = &mut out.rows[k];
            let mut put =
                |exists: bool, value: u16| row.push(if exists { f32::from(value) } else { 0.0 });
            put(true, a[k]);
            put(v < 7, a[(k + 8) % 64]);
            put(v > 0, a[(k + 56) % 64]);
            put(true, l[k]);
            put(u < 7, l[(k + 1) % 64]);
            put(u > 0, l[(k + 63) % 64]);
            put(true, al[k]);
            put(true, ar[k]);
            put(class > 0, o[k]);
            put(true, 1);
            inside[k].iter().for_each(|j| put(true, now[*j]));
            put(true, now[k]);
        }
    }
}

/// Weights, none negative, that give the scale of magnitudes best.
fn regress(rows: &[f32], inputs: usize) -> Vec<f64> {
    let width = inputs + 1;
    let count = rows.len() / width;
    let mut weights = vec![0.1f64; inputs];
    let mut allowed = vec![true; inputs];
    for round in 0..10 {
        let mut gram = vec![0.0f64; inputs * inputs];
        let mut right = vec![0.0f64; inputs];
        for row in rows.chunks_exact(width) {
            let s: f64 = row[..inputs]
                .iter()
                .zip(&weights)
                .map(|(a, w)| f64::from(*a) * w)
                .sum::<f64>()
                .max(0.02);
            let importance = 1.0 / (s * s);
            for i in 0..inputs {
                if row[i] == 0.0 {
                    continue;
                }
                let scaled = f64::from(row[i]) * importance;
                right[i] += scaled * f64::from(row[inputs]);
                for j in 0..=i {
                    gram[i * inputs + j] += scaled * f64::from(row[j]);
                }
            }
        }
        let active: Vec<usize> =
            (0..inputs).filter(|i| allowed[*i] && gram[i * inputs + i] > 0.0).collect();
        let solution = solve(&gram, &right, &active, inputs, 1e-3 * count as f64);
        weights = vec![0.0; inputs];
        for (value, at) in solution.into_iter().zip(active) {
            if value < 0.0 && round < 8 {
                allowed[at] = false;
            }
            weights[at] = value.max(0.0);
        }
    }
    weights
}

/// Solves the normal equations of the `active` inputs, with `ridge` on the diagonal, by
/// Gauss–Jordan elimination. `gram` holds its lower triangle.
fn solve(gram: &[f64], right: &[f64], active: &[usize], inputs: usize, ridge: f64) -> Vec<f64> {
    let n = active.len();
    let at = |p: usize, q: usize| gram[p.max(q) * inputs + p.min(q)];
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(n);
    for i in 0..n {
        let mut row: Vec<f64> = (0..n).map(|j| at(active[i], active[j])).collect();
        row[i] += ridge;
        row.push(right[active[i]]);
        rows.push(row);
    }
    for p in 0..n {
        let pivot = rows[p][p];
        rows[p][p..].iter_mut().for_each(|v| *v /= pivot);
        let pivot_row = rows[p].clone();
        for (r, row) in rows.iter_mut().enumerate() {
            let factor = row[p];
            if r != p && factor != 0.0 {
                for q in p..=n {
                    row[q] -= factor * pivot_row[q];
                }
            }
        }
    }
    rows.into_iter().map(|row| row[n]).collect()
}

/// The weights of all classes as bytes.
fn weights(files: &[JpegCoefficients], step: usize) -> Vec<u8> {
    let inside: Vec<Vec<usize>> = (0..64).map(inside_of).collect();
    let mut out = Vec::new();
    for class in 0..3 {
        let mut samples = Samples { rows: vec![Vec::new(); 64] };
        files
            .iter()
            .filter(|f| f.components.len() == 3)
            .for_each(|f| gather(f, class, &mut samples, &inside, step));
        let mut table = vec![0u8; WEIGHT_BYTES];
        for k in 1..64 {
            let found = regress(&samples.rows[k], TERMS + 1 + inside[k].len());
            let byte = |w: f64| (w * 64.0).round().clamp(0.0, 255.0) as u8;
            for n in 0..=TERMS {
                table[n * 64 + k] = byte(found[n]);
            }
            for (j, w) in inside[k].iter().zip(&found[TERMS + 1..]) {
                table[(TERMS + 1 + j) * 64 + k] = byte(*w);
            }
        }
        out.extend(table);
    }
    out
}

/// Counts symbols by context.
struct Counts(Vec<[f64; 16]>);

impl SymbolContexts for Counts {
    fn code<W: SymbolWalk>(&mut self, _walk: &mut W, at: usize, symbol: u32) -> u32 {
        self.0[at][symbol as usize & 15] += 1.0;
        symbol
    }
}

/// Priors of the quick model: counts, and where they are few, those of the contexts around.
fn quick_priors(counts: &[[f64; 16]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 * counts.len());
    for (at, own) in counts.iter().enumerate() {
        let mut sum = *own;
        let mut distance = 1;
        // Neighbours in number are neighbours in the context's last part.
        while sum.iter().sum::<f64>() < 4.0 && distance < 400 {
            for other in [at.checked_sub(distance), Some(at + distance)].into_iter().flatten() {
                if let Some(other) = counts.get(other) {
                    (0..16).for_each(|s| sum[s] += 0.25 * other[s]);
                }
            }
            distance *= 2;
        }
        let mut prior = prior_from_counts(&sum);
        if own.iter().sum::<f64>() < 4.0 {
            prior[15] = 0;
        }
        out.extend(prior);
    }
    out
}

fn walk_all<T: CoefficientModel>(files: &mut [JpegCoefficients], model: &mut SegmentModel<'_, T>) {
    for file in files {
        let sampling = sampling(&file.structure);
        let (_, rows) = file.structure.frame.mcus();
        for mut part in segments(&mut file.components, &sampling, rows, 1) {
            walk_segment(&mut BitCost::new(), model, &mut part, &sampling, &file.structure.quant);
        }
    }
}

/// Fits priors to `files`; every `step`-th block serves for the weights.
pub fn priors_from_files(files: &[Vec<u8>], step: usize) -> Vec<u8> {
    let mut read: Vec<JpegCoefficients> = files
        .iter()
        .filter_map(|f| read_coefficients(f, Level::new(), &Limits::default()).ok())
        .collect();
    let mut out = weights(&read, step);
    let learnt = Priors::from_bytes(&out);
    let untaught = || QuickModel::new(Counts(vec![[0.0; 16]; DISTRIBUTIONS]), &[]);
    let mut quick = SegmentModel { weights: learnt.weights(), models: [untaught(), untaught()] };
    walk_all(&mut read, &mut quick);
    for model in &quick.models {
        out.extend(model.signs());
        out.extend(quick_priors(&model.contexts.0));
    }
    // Statistics over all files; then weights, as they serve each file anew.
    let mut dense = learnt.dense();
    walk_all(&mut read, &mut dense);
    let once =
        Priors::from_bytes(&[&out[..], &dense.models[0].priors(), &dense.models[1].priors()].concat());
    let mut carried = once.dense();
    for file in &mut read {
        let mut fresh = once.dense();
        (0..2).for_each(|i| fresh.models[i].keep_weights(&carried.models[i]));
        walk_all(std::slice::from_mut(file), &mut fresh);
        carried = fresh;
    }
    (0..2).for_each(|i| dense.models[i].keep_weights(&carried.models[i]));
    dense.models.iter().for_each(|model| out.extend(model.priors()));
    out
}
