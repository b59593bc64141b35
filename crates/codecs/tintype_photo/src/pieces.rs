//! Tries the pieces of a set on a block: all predict, those that leave least are transformed.
//! Float: for the encoder's search only.

use super::dct;
use super::piece_set::{Piece, PieceSet};
use super::synthesis::{SUM_SCALE, Synthesis};
use fearless_simd::prelude::*;
use fearless_simd::{Level, f32x8, i32x8};
use tintype_block::Border;

/// Scale of a residual's mean square in steps in the estimate of its bits. On 13 crops of
/// photos/valid an order by residual alone needs 0.6 % more bytes at the same PSNR; 4, 15 and 60
/// as many within 0.1 %.
const RESIDUAL_SCALE: f32 = 30.0;

/// A block under search.
pub struct Target<'a> {
    /// Its pieces.
    pub set: &'a PieceSet,
    /// Its border, less the slopes' part.
    pub border: Border,
    /// Its samples, less the slopes' part.
    pub samples: Vec<i16>,
}

/// One piece tried on a block.
pub struct Candidate {
    /// Estimate of its Lagrangian.
    pub estimate: f32,
    /// Its number.
    pub piece: usize,
    /// Coefficients over the weights of their rows.
    pub coefficients: Vec<f32>,
    /// Squared error outside the rows.
    pub rest: f32,
}

/// How pieces are tried.
pub struct Tried<'a> {
    /// The block's step.
    pub step: f32,
    /// What a bit weighs.
    pub lambda: f32,
    /// Pieces that predict.
    pub predicted: usize,
    /// Pieces that are transformed.
    pub transformed: usize,
    /// Those of them that are kept.
    pub kept: usize,
    /// Weights of rows.
    pub synthesis: &'a Synthesis<'a>,
}

/// About the logarithm to base 2 of a `ratio` of at least 1: linear between powers.
#[inline(always)]
fn octaves(ratio: f32) -> f32 {
    ratio.to_bits() as i32 as f32 / (1 << 23) as f32 - 127.0
}

/// What a piece's prediction leaves of `samples`.
pub fn leftover(level: Level, border: &Border, samples: &[i16], piece: &Piece) -> Vec<f32> {
    let mut sums = vec![0i32; samples.len()];
    piece.predictor().predict(level, border, &mut sums);
    samples.iter().zip(sums).map(|(&v, s)| f32::from(v) - s as f32 * SUM_SCALE).collect()
}

/// What the coefficients of a candidate come to, in parts.
struct Estimates<S: Simd> {
    /// Sum of squares before weights.
    squares: f32x8<S>,
    /// Estimated distortion and weighted bits.
    lagrangian: f32x8<S>,
}

impl<S: Simd> Estimates<S> {
    #[inline(always)]
    fn new(simd: S) -> Self {
        let none = f32x8::splat(simd, 0.0);
        Self { squares: none, lagrangian: none }
    }

    /// Adds `coefficients`, and multiplies them by the `reciprocals` of their weights.
    #[inline(always)]
    fn add(&mut self, simd: S, coefficients: &mut [f32; 8], reciprocals: &[f32; 8], tried: &Tried<'_>) {
        let plain = f32x8::from_slice(simd, coefficients);
        self.squares += plain * plain;
        let weighted = plain * f32x8::from_slice(simd, reciprocals);
        weighted.store_slice(coefficients);
        let square = weighted * weighted;
        let ratio = square * (1.0 / (tried.step * tried.step));
        // As `octaves`.
        let bits: i32x8<S> = ratio.max(f32x8::splat(simd, 1.0)).bitcast();
        let octaves = bits.to_float::<f32x8<S>>() * (1.0 / (1 << 23) as f32) - 127.0;
        // Below about half a step a coefficient is dropped; above, it costs its bits.
        let dropped = ratio.simd_lt(f32x8::splat(simd, 0.36));
        self.lagrangian += dropped.select(square, (octaves + 2.5) * tried.lambda);
    }
}

/// Room for what pieces are tried in.
#[derive(Debug, Default)]
pub struct Room {
    /// What each piece leaves.
    residuals: Vec<i16>,
    /// Sums of a block.
    sums: Vec<i32>,
    /// Coefficients of a piece.
    coefficients: Vec<f32>,
}

impl Target<'_> {
    /// Fills `coefficients` with those of piece `number`, of what its prediction leaves, over their rows'
    /// weights. Returns the estimate of their Lagrangian, and the squared error outside the rows.
    #[inline(always)]
    fn transform<S: Simd>(
        &self,
        simd: S,
        tried: &Tried<'_>,
        number: usize,
        (residual, energy): (&[i16], f32),
        sums: &mut [i32],
        coefficients: &mut Vec<f32>,
    ) -> (f32, f32) {
        let (set, piece) = (self.set, &self.set.pieces[number]);
        coefficients.clear();
        if set.n == dct::SIDE {
            dct::forward(simd, residual, coefficients);
        } else {
            let transform = piece.transform(residual.len());
            let sums = &mut sums[..transform.columns()];
            transform.sum(tried.synthesis.level, residual, 0, sums);
            coefficients.extend(sums[..set.kept].iter().map(|&sum| sum as f32 * SUM_SCALE));
        }
        let mut estimates = Estimates::new(simd);
        let (groups, last) = coefficients.as_chunks_mut();
        let (weights, last_weights) = if tried.synthesis.varies {
            piece.reciprocals().as_chunks()
        } else {
            ([[1.0; 8]; dct::KEPT / 8][..groups.len()].as_ref(), [1.0; 8][..last.len()].as_ref())
        };
        for (group, weights) in groups.iter_mut().zip(weights) {
            estimates.add(simd, group, weights, tried);
        }
        let (mut group, mut weights) = ([0.0; 8], [1.0; 8]);
        group[..last.len()].copy_from_slice(last);
        weights[..last.len()].copy_from_slice(last_weights);
        estimates.add(simd, &mut group, &weights, tried);
        last.copy_from_slice(&group[..last.len()]);
        let rest = (energy - estimates.squares.as_slice().iter().sum::<f32>()).max(0.0);
        (estimates.lagrangian.as_slice().iter().sum::<f32>() + rest, rest)
    }
}

/// Tries the pieces of the target's set; the best ones, the best first.
#[inline(always)]
pub fn try_pieces<S: Simd>(
    simd: S,
    target: &Target<'_>,
    tried: &Tried<'_>,
    piece_bits: &[f32],
    room: &mut Room,
) -> Vec<Candidate> {
    let Room { residuals, sums, coefficients } = room;
    let samples = target.samples.len();
    let predicted = &target.set.pieces[..target.set.pieces.len().min(tried.predicted)];
    residuals.resize(residuals.len().max(samples * predicted.len()), 0);
    sums.resize(dct::SIDE * dct::SIDE, 0);
    let mut energies: Vec<(f32, usize)> = Vec::with_capacity(predicted.len());
    for (number, (piece, residual)) in
        predicted.iter().zip(residuals.chunks_exact_mut(samples)).enumerate()
    {
        let (level, border) = (tried.synthesis.level, &target.border);
        let sums = &mut sums[..samples];
        energies.push((piece.predictor().leave(level, border, &target.samples, sums, residual), number));
    }
    // A coefficient's bits grow with the logarithm of its square, and so does the price of a residual.
    let of_each = RESIDUAL_SCALE / (samples as f32 * tried.step * tried.step);
    let bits = |&(energy, number): &(f32, usize)| {
        piece_bits[number] + 0.5 * samples as f32 * octaves(1.0 + energy * of_each)
    };
    energies.sort_by(|a, b| bits(a).total_cmp(&bits(b)));
    energies.truncate(tried.transformed);
    // A loop: closures would not be compiled for the SIMD level of this function.
    let mut candidates: Vec<Candidate> = Vec::with_capacity(tried.kept + 1);
    for (energy, number) in energies {
        let residual = (&residuals[number * samples..][..samples], energy);
        let (estimate, rest) = target.transform(simd, tried, number, residual, sums, coefficients);
        let estimate = estimate + tried.lambda * piece_bits[number];
        let place = candidates.partition_point(|candidate| candidate.estimate <= estimate);
        if place < tried.kept {
            candidates.truncate(tried.kept - 1);
            let coefficients = coefficients.clone();
            candidates.insert(place, Candidate { estimate, piece: number, coefficients, rest });
        }
    }
    candidates
}
