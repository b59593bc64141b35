//! Tries the pieces of a set on a block: all predict, those that leave least are transformed.
//! Float: for the encoder's search only.

use super::dct;
use super::piece_set::{Piece, PieceSet};
use super::synthesis::{SUM_SCALE, Synthesis};
use super::weights::UNIT;
use fearless_simd::Level;
use tintype_block::{Border, ENTRY_BITS};

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
    /// Weights of rows.
    pub synthesis: &'a Synthesis<'a>,
}

/// The sum of squares.
#[inline(always)]
fn energy(residual: &[i16]) -> f32 {
    let mut lanes = [0f32; 16];
    for chunk in residual.as_chunks::<16>().0 {
        for i in 0..16 {
            let value = f32::from(chunk[i]);
            lanes[i] += value * value;
        }
    }
    lanes.iter().sum()
}

/// About the logarithm to base 2 of a `ratio` above 0.36, at least 0: linear between powers.
#[inline(always)]
fn octaves(ratio: f32) -> f32 {
    let bits = ratio.max(1.0).to_bits() as f32;
    bits / (1 << 23) as f32 - 127.0
}

/// What a piece's prediction leaves of `samples`.
pub fn leftover(level: Level, border: &Border, samples: &[i16], piece: &Piece) -> Vec<f32> {
    let mut sums = vec![0i32; samples.len()];
    piece.predictor.predict(level, border, &mut sums);
    samples.iter().zip(sums).map(|(&v, s)| f32::from(v) - s as f32 * SUM_SCALE).collect()
}

/// Room for what pieces are tried in.
#[derive(Debug, Default)]
pub struct Room {
    /// What each piece leaves.
    residuals: Vec<i16>,
    /// Sums of a block.
    sums: Vec<i32>,
}

impl Target<'_> {
    /// What the prediction of `piece` leaves, into `residual`; its sum of squares.
    #[inline(always)]
    fn predict(&self, level: Level, piece: &Piece, sums: &mut [i32], residual: &mut [i16]) -> f32 {
        let sums = &mut sums[..self.samples.len()];
        piece.predictor.predict(level, &self.border, sums);
        for ((r, t), s) in residual.iter_mut().zip(&self.samples).zip(&*sums) {
            *r = (i32::from(*t) - ((*s + (1 << (ENTRY_BITS - 1))) >> ENTRY_BITS)) as i16;
        }
        energy(residual)
    }

    /// Piece `number` with its coefficients, of what its prediction leaves.
    #[inline(always)]
    fn transform(
        &self,
        tried: &Tried<'_>,
        number: usize,
        piece_bits: f32,
        (residual, energy): (&[i16], f32),
        sums: &mut [i32],
    ) -> Candidate {
        let (set, piece) = (self.set, &self.set.pieces[number]);
        let mut coefficients = Vec::with_capacity(set.kept);
        if set.n == dct::SIDE {
            dct::forward(residual, &mut coefficients);
        } else {
            let transform = piece.transform(residual.len());
            let sums = &mut sums[..transform.columns()];
            transform.sum(tried.synthesis.level, residual, 0, sums);
            coefficients.extend(sums[..set.kept].iter().map(|&sum| sum as f32 * SUM_SCALE));
        }
        let mut rest = energy;
        let mut estimate = tried.lambda * piece_bits;
        let per_step = 1.0 / (tried.step * tried.step);
        for (c, &weight) in coefficients.iter_mut().zip(&piece.weights) {
            rest -= *c * *c;
            *c *= UNIT as f32 / tried.synthesis.weight(weight) as f32;
            let square = *c * *c;
            let ratio = square * per_step;
            // Below about half a step a coefficient is dropped; above, it costs its bits.
            estimate += if ratio < 0.36 { square } else { tried.lambda * (2.5 + octaves(ratio)) };
        }
        let rest = rest.max(0.0);
        Candidate { estimate: estimate + rest, piece: number, coefficients, rest }
    }
}

/// Tries the pieces of the target's set.
#[inline(always)]
pub fn try_pieces(
    target: &Target<'_>,
    tried: &Tried<'_>,
    piece_bits: &[f32],
    room: &mut Room,
) -> Vec<Candidate> {
    let Room { residuals, sums } = room;
    let samples = target.samples.len();
    let predicted = &target.set.pieces[..target.set.pieces.len().min(tried.predicted)];
    residuals.resize(residuals.len().max(samples * predicted.len()), 0);
    sums.resize(dct::SIDE * dct::SIDE, 0);
    let mut energies: Vec<(f32, usize)> = Vec::with_capacity(predicted.len());
    for (number, (piece, residual)) in
        predicted.iter().zip(residuals.chunks_exact_mut(samples)).enumerate()
    {
        energies.push((target.predict(tried.synthesis.level, piece, sums, residual), number));
    }
    // A coefficient's bits grow with the logarithm of its square, and so does the price of a residual.
    let of_each = RESIDUAL_SCALE / (samples as f32 * tried.step * tried.step);
    let bits = |&(energy, number): &(f32, usize)| {
        piece_bits[number] + 0.5 * samples as f32 * octaves(1.0 + energy * of_each)
    };
    energies.sort_by(|a, b| bits(a).total_cmp(&bits(b)));
    energies.truncate(tried.transformed);
    // A loop: closures would not be compiled for the SIMD level of this function.
    let mut candidates = Vec::with_capacity(energies.len());
    for (energy, number) in energies {
        let residual = &residuals[number * samples..][..samples];
        candidates.push(target.transform(tried, number, piece_bits[number], (residual, energy), sums));
    }
    candidates
}
