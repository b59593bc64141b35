//! Fits affine pieces of the manifold of blocks: for each piece a linear predictor from the
//! block's border and a Karhunen–Loève basis of what the predictor leaves.
//!
//! In: borders (`count × inputs`) and blocks (`count × samples`), rows of `f32` in sample
//! units, the border's mean removed from both. Out: [`Piece`]s. Alternates between giving each
//! block to the piece that would code it in the fewest bits, and refitting each piece to its
//! blocks, as a vector quantiser's design does. Not bit-exact.
//!
//! Source: Kambhatla and Leen, "Dimension reduction by local principal component analysis",
//! 1997 (alternating local PCA); Ye and Karczewicz, "Improved H.264 intra coding based on
//! bi-directional intra prediction, directional transform, and adaptive coefficient scanning",
//! 2008 (one KLT for each prediction mode). The cost is our own.

use nalgebra::{DMatrix, SymmetricEigen};

/// Rows of equal length.
#[derive(Clone, Debug)]
pub struct Rows {
    /// Values of one row.
    pub len: usize,
    /// All rows one after the other.
    pub values: Vec<f32>,
}

impl Rows {
    /// No rows of `len` values.
    pub fn new(len: usize) -> Self {
        Self { len, values: Vec::new() }
    }

    /// Number of rows.
    pub fn count(&self) -> usize {
        self.values.len() / self.len
    }

    /// Row `index`.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.len..][..self.len]
    }
}

/// One affine piece.
#[derive(Clone, Debug)]
pub struct Piece {
    /// `inputs × samples`: row `i` is what one unit of border input `i` adds to the block.
    pub predictor: Vec<f32>,
    /// `kept × samples`: orthonormal rows by falling variance.
    pub basis: Vec<f32>,
    /// Variance along each basis row.
    pub variances: Vec<f32>,
    /// Share of the training blocks.
    pub share: f32,
}

/// What rows the basis of a piece has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The Karhunen–Loève transform turned towards sparse coefficients.
    Sparse,
    /// The Karhunen–Loève transform.
    Klt,
    /// The DCT, by falling variance.
    Dct,
}

/// What to fit.
#[derive(Clone, Copy, Debug)]
pub struct PieceOptions {
    /// Number of pieces.
    pub pieces: usize,
    /// Basis rows kept of each.
    pub kept: usize,
    /// Rounds of assignment and refit.
    pub rounds: usize,
    /// What rows a basis has.
    pub basis: Basis,
    /// Quantiser step whose rate the assignment minimises, in sample units.
    pub step: f32,
    /// Noise assumed on each border input (the decoder sees a coded border), variance in
    /// squared sample units.
    pub border_noise: f32,
}

/// Last rounds in which bases are turned towards sparse coefficients.
const SPARSE_ROUNDS: usize = 3;
/// Steps of that in one round.
const TURNS: usize = 40;
/// Coefficients below this many steps count as quantised to zero.
const THRESHOLD: f32 = 0.7;

/// Fits `options.pieces` pieces; `on_progress` gets the round and the mean bits a sample.
pub fn fit_pieces(
    borders: &Rows,
    blocks: &Rows,
    options: &PieceOptions,
    mut on_progress: impl FnMut(usize, f32),
) -> Vec<Piece> {
    let mut owner = first_owners(borders, blocks, options.pieces);
    let mut pieces = Vec::new();
    for round in 0..options.rounds.max(1) {
        // Turning costs most of the time, and pieces that still move do not need it.
        let turns = if options.basis == Basis::Sparse && round + SPARSE_ROUNDS >= options.rounds {
            TURNS
        } else {
            0
        };
        pieces = refit(borders, blocks, &owner, options, turns);
        let (next, bits) = assign(borders, blocks, &pieces, options.step);
        owner = next;
        on_progress(round, bits);
    }
    pieces.sort_by(|a, b| b.share.total_cmp(&a.share));
    pieces
}

/// Fits pieces anew to blocks that have an owner each; between two of `options.rounds` blocks may
/// change their owner. `on_progress` as for [`fit_pieces`].
pub fn refit_pieces(
    borders: &Rows,
    blocks: &Rows,
    mut owner: Vec<usize>,
    options: &PieceOptions,
    mut on_progress: impl FnMut(usize, f32),
) -> Vec<Piece> {
    let turns = if options.basis == Basis::Sparse { TURNS } else { 0 };
    let mut pieces = refit(borders, blocks, &owner, options, turns);
    for round in 1..options.rounds {
        let (next, bits) = assign(borders, blocks, &pieces, options.step);
        owner = next;
        on_progress(round, bits);
        pieces = refit(borders, blocks, &owner, options, turns);
    }
    pieces.sort_by(|a, b| b.share.total_cmp(&a.share));
    pieces
}

/// Starts from the block's dominant gradient direction and strength: pieces in octants of the
/// structure tensor's angle.
fn first_owners(borders: &Rows, blocks: &Rows, pieces: usize) -> Vec<usize> {
    let n = (blocks.len as f32).sqrt() as usize;
    let mut keys: Vec<(f32, f32)> = Vec::with_capacity(blocks.count());
    for index in 0..borders.count() {
        let block = blocks.row(index);
        let (mut xx, mut yy, mut xy) = (1e-3f32, 1e-3f32, 0f32);
        for y in 1..n {
            for x in 1..n {
                let (dx, dy) =
                    (block[y * n + x] - block[y * n + x - 1], block[y * n + x] - block[(y - 1) * n + x]);
                xx += dx * dx;
                yy += dy * dy;
                xy += dx * dy;
            }
        }
        let anisotropy = ((xx - yy).powi(2) + 4.0 * xy * xy).sqrt() / (xx + yy);
        keys.push(((2.0 * xy).atan2(xx - yy), if anisotropy < 0.25 { -1.0 } else { xx + yy }));
    }
    // A quarter of the pieces for blocks without direction, by energy; the rest by angle.
    let plain = (pieces / 4).max(1);
    let directed = (pieces - plain).max(1);
    let mut energies: Vec<f32> =
        (0..blocks.count()).map(|i| blocks.row(i).iter().map(|v| v * v).sum()).collect();
    let own = energies.clone();
    energies.sort_unstable_by(f32::total_cmp);
    (0..blocks.count())
        .map(|i| {
            if keys[i].1 < 0.0 || pieces == 1 {
                let rank = energies.partition_point(|&e| e < own[i]) * plain / energies.len();
                rank.min(plain - 1)
            } else {
                let turn = (keys[i].0 + std::f32::consts::PI) / (2.0 * std::f32::consts::PI);
                (plain + ((turn * directed as f32) as usize).min(directed - 1)).min(pieces - 1)
            }
        })
        .collect()
}

/// Least squares for the predictor, eigenvectors of the residual's covariance for the basis.
fn refit(
    borders: &Rows,
    blocks: &Rows,
    owner: &[usize],
    options: &PieceOptions,
    turns: usize,
) -> Vec<Piece> {
    let members = |piece: usize| (0..owner.len()).filter(|&i| owner[i] == piece).collect::<Vec<_>>();
    let whole: Vec<usize> = (0..owner.len()).collect();
    let minimum = blocks.len * 4;
    (0..options.pieces)
        .map(|piece| {
            let mut mine = members(piece);
            let share = mine.len() as f32 / owner.len().max(1) as f32;
            if mine.len() < minimum {
                mine.extend(whole.iter().copied().step_by((whole.len() / minimum).max(1)));
            }
            fit_one(borders, blocks, &mine, share, (options, turns))
        })
        .collect()
}

fn fit_one(
    borders: &Rows,
    blocks: &Rows,
    members: &[usize],
    share: f32,
    (options, turns): (&PieceOptions, usize),
) -> Piece {
    let gather = |rows: &Rows| {
        DMatrix::from_fn(members.len(), rows.len, |r, c| rows.values[members[r] * rows.len + c])
    };
    let (input, output) = (gather(borders), gather(blocks));
    let mut normal = input.tr_mul(&input);
    for i in 0..normal.nrows() {
        normal[(i, i)] += members.len() as f32 * options.border_noise + 1e-3;
    }
    let cross = input.tr_mul(&output);
    let predictor = match normal.clone().cholesky() {
        Some(factor) => factor.solve(&cross),
        None => DMatrix::zeros(borders.len, blocks.len),
    };
    let residual = output - input * &predictor;
    // Noise on the border reaches the residual too.
    let noise = predictor.tr_mul(&predictor) * options.border_noise;
    let covariance = residual.tr_mul(&residual) / members.len() as f32 + &noise;
    let rows = (0..predictor.nrows())
        .flat_map(|r| predictor.row(r).iter().copied().collect::<Vec<_>>())
        .collect();
    if options.basis == Basis::Dct {
        let (basis, variances) = dct_by_variance(&covariance, options.kept);
        return Piece { predictor: rows, basis, variances, share };
    }
    let mut basis = SymmetricEigen::new(covariance.clone()).eigenvectors.transpose();
    for _ in 0..turns {
        basis = turned(&basis, &residual, &noise, options.step);
    }
    let (basis, variances) = by_variance(&basis, &covariance, options.kept);
    Piece { predictor: rows, basis, variances, share }
}

/// The orthonormal rows that give back best, with `basis`' coefficients of `residual` that are
/// not quantised to zero, what was transformed; `noise` (a covariance) is transformed as it is.
///
/// Source: Sezer, Harmanci and Guleryuz, "Sparse orthonormal transforms for image compression",
/// ICIP 2008.
fn turned(
    basis: &DMatrix<f32>,
    residual: &DMatrix<f32>,
    noise: &DMatrix<f32>,
    step: f32,
) -> DMatrix<f32> {
    let threshold = THRESHOLD * step;
    let coefficients = (residual * basis.transpose()).map(|c| if c.abs() < threshold { 0.0 } else { c });
    let count = residual.nrows() as f32;
    // Rows without coefficients stay about where they are.
    let target =
        coefficients.tr_mul(residual) + basis * noise * count + basis * (1e-3 * count * step * step);
    // The orthonormal matrix nearest to the target: target (target' target)^(-1/2), whose
    // condition needs f64.
    let target = target.map(f64::from);
    let eigen = SymmetricEigen::new(target.tr_mul(&target));
    let scale = DMatrix::from_diagonal(&eigen.eigenvalues.map(|v| 1.0 / v.max(1e-12).sqrt()));
    (target * (&eigen.eigenvectors * scale * eigen.eigenvectors.transpose())).map(|v| v as f32)
}

/// The `kept` rows of `basis` along which `covariance` is largest, and how large.
fn by_variance(basis: &DMatrix<f32>, covariance: &DMatrix<f32>, kept: usize) -> (Vec<f32>, Vec<f32>) {
    let along = basis * covariance;
    let mut order: Vec<(f32, usize)> =
        (0..basis.nrows()).map(|r| (along.row(r).dot(&basis.row(r)), r)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    order.truncate(kept);
    let mut rows = Vec::with_capacity(order.len() * basis.ncols());
    for (_, r) in &order {
        // A fixed sign, so that equal data gives equal files.
        let sign = if basis.row(*r).sum() < 0.0 { -1.0 } else { 1.0 };
        rows.extend(basis.row(*r).iter().map(|v| v * sign));
    }
    (rows, order.iter().map(|o| o.0.max(0.0)).collect())
}

/// The `kept` rows of the two-dimensional DCT along which `covariance` is largest, and how large.
fn dct_by_variance(covariance: &DMatrix<f32>, kept: usize) -> (Vec<f32>, Vec<f32>) {
    let len = covariance.nrows();
    let n = len.isqrt();
    let wave = |k: usize, x: usize| {
        let scale = if k == 0 { 1.0 / n as f32 } else { 2.0 / n as f32 }.sqrt();
        scale * (std::f32::consts::PI * k as f32 * (x as f32 + 0.5) / n as f32).cos()
    };
    let rows = DMatrix::from_fn(len, len, |k, i| wave(k % n, i % n) * wave(k / n, i / n));
    by_variance(&rows, covariance, kept)
}

/// Gives each block to the piece with the least estimated bits: sum of `log2(1 + (c / step)^2)
/// / 2` over coefficients, and what the dropped rows leave counts as distortion at the same
/// exchange rate. Returns owners and mean bits a sample.
fn assign(borders: &Rows, blocks: &Rows, pieces: &[Piece], step: f32) -> (Vec<usize>, f32) {
    const CHUNK: usize = 512;
    let count = blocks.count();
    let mut best = vec![(f32::INFINITY, 0usize); count];
    for (number, piece) in pieces.iter().enumerate() {
        let predictor = DMatrix::from_row_slice(borders.len, blocks.len, &piece.predictor);
        let kept = piece.basis.len() / blocks.len;
        let basis = DMatrix::from_row_slice(kept, blocks.len, &piece.basis);
        let own = -0.5 * piece.share.max(4e-3).log2();
        for start in (0..count).step_by(CHUNK) {
            let rows = CHUNK.min(count - start);
            let input = DMatrix::from_row_slice(
                rows,
                borders.len,
                &borders.values[start * borders.len..][..rows * borders.len],
            );
            let output = DMatrix::from_row_slice(
                rows,
                blocks.len,
                &blocks.values[start * blocks.len..][..rows * blocks.len],
            );
            let residual = output - input * &predictor;
            let coefficients = &residual * basis.transpose();
            for r in 0..rows {
                let mut bits = own;
                let mut energy = residual.row(r).norm_squared();
                for c in 0..kept {
                    let value = coefficients[(r, c)];
                    energy -= value * value;
                    let ratio = value / step;
                    bits += 0.5 * (1.0 + ratio * ratio).log2();
                }
                bits += 0.7 * energy.max(0.0) / (step * step);
                if bits < best[start + r].0 {
                    best[start + r] = (bits, number);
                }
            }
        }
    }
    let total: f64 = best.iter().map(|b| f64::from(b.0)).sum();
    (best.into_iter().map(|b| b.1).collect(), (total / (count * blocks.len) as f64) as f32)
}
