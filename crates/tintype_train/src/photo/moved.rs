//! Pieces moved from where a model has them towards the blocks that the encoder chooses them for, as
//! far as the number of these blocks warrants.
//!
//! In: a whole model and pictures. Out: the model with some of its pieces changed, in their old
//! order, so that its contexts still fit; and how many. A piece is fitted to its blocks with its old
//! predictor and basis as a prior; half of the blocks say what the fit to the other half saves, and
//! it is changed where that is more than its place in the model costs. Not bit-exact.
//!
//! Source: ridge regression towards a prior (Hoerl and Kennard 1970, with the prior's mean in place
//! of 0); Sezer, Harmanci and Guleryuz 2008 (bases for sparse coefficients); our own
//! docs/decisions/0077.

use super::chosen::{Chosen, STEP, chosen_of};
use super::{PhotoOptions, side};
use crate::{FILES, FitError, PictureList};
use nalgebra::{DMatrix, SymmetricEigen};
use tintype_block::RowReader;
use tintype_codec::{CodecError, map_indexed};
use tintype_image::Threads;
use tintype_model::{Model, ModelFile, ModelLimits};
use tintype_photo::{BORDER_INPUTS, PhotoModel, SETS};

/// Blocks that the old predictor and basis weigh as much as. Not measured.
const PRIOR: f32 = 300.0;
/// Fewer blocks than this move no piece.
const BLOCKS_MIN: usize = 64;
/// Turns of a basis towards its blocks.
const TURNS: usize = 8;
/// Coefficients below this many steps count as quantised to zero, as in a fit from nothing.
const THRESHOLD: f32 = 0.7;
/// Variance assumed on border inputs besides the coding noise that they have, squared steps.
const BORDER_NOISE: f32 = 0.01;
/// Share of the estimated saving that counts: estimates leave out what contexts save of either.
const COUNTED: f64 = 0.5;

/// A piece in units of entries.
#[derive(Clone)]
struct Fitted {
    /// Inputs × samples.
    predictor: DMatrix<f32>,
    /// Rows × samples, orthonormal.
    basis: DMatrix<f32>,
}

/// `model` with its pieces moved towards `pictures`, and how many were; `on_progress` gets how far it
/// is and says whether to go on.
///
/// # Errors
/// Those of the model and of reading pictures.
pub fn moved(
    model: &[u8],
    pictures: &PictureList,
    options: &PhotoOptions,
    passes: usize,
    mut on_progress: impl FnMut(f32) -> bool,
) -> Result<(Vec<u8>, usize), FitError> {
    let file = ModelFile::read(model, &ModelLimits::default()).map_err(CodecError::from)?;
    let old = PhotoModel::from_file(&file)?;
    let mut ended = false;
    let sets = chosen_of(&old, pictures, options, passes, |done| {
        ended |= !on_progress(0.7 * done);
        !ended
    })?;
    if ended {
        return Ok((model.to_vec(), 0));
    }
    let files = FILES / (pictures.len() * passes).max(1) as f64;
    let mut payload = file.payload().to_vec();
    let mut at = match payload.split_first_chunk::<5>() {
        Some((&[0, a, b, c, d], _)) => 5 + u32::from_le_bytes([a, b, c, d]) as usize,
        _ => 0,
    };
    let mut count = 0;
    for (number, (chosen, set)) in sets.iter().zip(&old.sets).enumerate() {
        at += 2;
        let len = side(number) * side(number);
        let bytes = (BORDER_INPUTS + set.kept) * (2 + len);
        let first = at;
        let prior = second_moment(&rows_of(&chosen.borders.values, BORDER_INPUTS, None));
        let changed = map_indexed(Threads::available(), set.pieces.len(), |piece| {
            let old = &payload[first + piece * bytes..][..bytes];
            moved_piece(chosen, piece, (old, set.kept), &prior, files)
        });
        for (piece, changed) in changed.into_iter().enumerate() {
            if let Some(changed) = changed? {
                payload[first + piece * bytes..][..bytes].copy_from_slice(&changed);
                count += 1;
            }
        }
        at += set.pieces.len() * bytes;
        if !on_progress(0.7 + 0.3 * (number + 1) as f32 / SETS as f32) {
            break;
        }
    }
    Ok((PhotoModel::file_of(payload).to_bytes(), count))
}

/// Rows of `len` values as a matrix: all, or those whose numbers are given.
fn rows_of(values: &[f32], len: usize, members: Option<&[usize]>) -> DMatrix<f32> {
    match members {
        None => DMatrix::from_row_slice(values.len() / len, len, values),
        Some(members) => DMatrix::from_fn(members.len(), len, |r, c| values[members[r] * len + c]),
    }
}

/// The mean of the products of two columns each.
fn second_moment(rows: &DMatrix<f32>) -> DMatrix<f32> {
    rows.tr_mul(rows) / rows.nrows().max(1) as f32
}

/// The bytes of piece `number`, if it is to change.
fn moved_piece(
    chosen: &Chosen,
    number: usize,
    (bytes, kept): (&[u8], usize),
    prior: &DMatrix<f32>,
    files: f64,
) -> Result<Option<Vec<u8>>, FitError> {
    let members: Vec<usize> = (0..chosen.owners.len()).filter(|&i| chosen.owners[i] == number).collect();
    if members.len() < BLOCKS_MIN {
        return Ok(None);
    }
    let len = chosen.blocks.len;
    let entries = RowReader { bytes, at: 0 }.rows(BORDER_INPUTS + kept, len)?;
    let entries: Vec<f32> = entries.iter().map(|&entry| f32::from(entry) / 4096.0).collect();
    let (predictor, basis) = entries.split_at(BORDER_INPUTS * len);
    let old = Fitted {
        predictor: DMatrix::from_row_slice(BORDER_INPUTS, len, predictor),
        basis: DMatrix::from_row_slice(kept, len, basis),
    };
    let (fit, test): (Vec<usize>, Vec<usize>) = members.iter().partition(|member| **member % 2 == 0);
    let of = |members: &[usize]| {
        let borders = rows_of(&chosen.borders.values, BORDER_INPUTS, Some(members));
        (borders, rows_of(&chosen.blocks.values, len, Some(members)))
    };
    let half = fitted(&old, &of(&fit), prior);
    let test = of(&test);
    let saved = (bits(&old, &test) - bits(&half, &test)) * 2.0 * COUNTED * files * chosen.stands_for;
    // Half of the blocks fit less well than all, so this is no overestimate.
    let new = written(&fitted(&old, &of(&members), prior), bytes);
    Ok((saved > difference_bits(bytes, &new)).then_some(new))
}

/// `old` moved towards blocks and their borders.
fn fitted(old: &Fitted, (input, output): &(DMatrix<f32>, DMatrix<f32>), prior: &DMatrix<f32>) -> Fitted {
    let count = input.nrows() as f32;
    let mut normal = input.tr_mul(input) + prior * PRIOR;
    for i in 0..normal.nrows() {
        normal[(i, i)] += (count + PRIOR) * BORDER_NOISE + 1e-3;
    }
    let cross = input.tr_mul(output) + (prior * PRIOR) * &old.predictor;
    let predictor = match normal.cholesky() {
        Some(factor) => factor.solve(&cross),
        None => old.predictor.clone(),
    };
    let residual = output - input * &predictor;
    let mut basis = old.basis.clone();
    // How much there is along each row of the old basis: how firmly it stands.
    let along = &residual * old.basis.transpose();
    let firm: Vec<f32> =
        along.column_iter().map(|c| PRIOR * (c.norm_squared() / count.max(1.0) + 0.05)).collect();
    let anchor = DMatrix::from_fn(basis.nrows(), basis.ncols(), |r, c| firm[r] * old.basis[(r, c)]);
    for _ in 0..TURNS {
        let coefficients =
            (&residual * basis.transpose()).map(|c| if c.abs() < THRESHOLD * STEP { 0.0 } else { c });
        let target = (coefficients.tr_mul(&residual) + &anchor).map(f64::from);
        // The orthonormal rows nearest to the target.
        let eigen = SymmetricEigen::new(&target * target.transpose());
        let scale = DMatrix::from_diagonal(&eigen.eigenvalues.map(|v| 1.0 / v.max(1e-12).sqrt()));
        let root = &eigen.eigenvectors * scale * eigen.eigenvectors.transpose();
        basis = (root * target).map(|v| v as f32);
    }
    Fitted { predictor, basis }
}

/// Bits of blocks under a piece, as the fit from nothing estimates them.
fn bits(piece: &Fitted, (input, output): &(DMatrix<f32>, DMatrix<f32>)) -> f64 {
    let residual = output - input * &piece.predictor;
    let coefficients = &residual * piece.basis.transpose();
    let coded: f64 = coefficients.iter().map(|&c| 0.5 * f64::from(1.0 + c * c).log2()).sum();
    let left = f64::from(residual.norm_squared() - coefficients.norm_squared()).max(0.0);
    coded + 0.7 * left
}

/// The rows of a piece as a model stores them, each in its old step where its entries fit that.
fn written(piece: &Fitted, old: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(old.len());
    let len = piece.basis.ncols();
    let rows = piece.predictor.row_iter().chain(piece.basis.row_iter());
    for (row, old) in rows.zip(old.chunks_exact(2 + len)) {
        let entries: Vec<f32> = row.iter().copied().collect();
        let step = f32::from(u16::from_le_bytes([old[0], old[1]])) / 65536.0;
        if entries.iter().all(|entry| entry.abs() <= 127.4 * step) {
            out.extend(&old[..2]);
            out.extend(entries.iter().map(|entry| (entry / step).round() as i8 as u8));
        } else {
            tintype_block::write_row(&entries, &mut out);
        }
    }
    out
}

/// Bits of the differences between two pieces, about: the entropy of a difference.
fn difference_bits(old: &[u8], new: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    old.iter().zip(new).for_each(|(old, new)| counts[usize::from(new.wrapping_sub(*old))] += 1);
    let all = old.len() as f64;
    let of = |&count: &u32| f64::from(count) * (all / f64::from(count.max(1))).log2();
    counts.iter().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pieces::Rows;
    use crate::random::Random;

    /// A piece of four rows of the identity that predicts nothing, and `count` blocks along `wave`.
    fn example(count: usize, wave: &[f32]) -> (Vec<u8>, Chosen) {
        let len = wave.len();
        let mut bytes = Vec::new();
        for row in 0..BORDER_INPUTS + 4 {
            let one =
                |i: usize| if row >= BORDER_INPUTS && i == row - BORDER_INPUTS { 1.0 } else { 0.0 };
            tintype_block::write_row(&(0..len).map(one).collect::<Vec<f32>>(), &mut bytes);
        }
        let mut random = Random::new(3);
        let (mut borders, mut blocks) = (Rows::new(BORDER_INPUTS), Rows::new(len));
        for _ in 0..count {
            let size = random.below(41) as f32 - 20.0;
            borders.values.extend((0..BORDER_INPUTS).map(|_| random.below(5) as f32 - 2.0));
            blocks.values.extend(wave.iter().map(|v| v * size));
        }
        (bytes, Chosen { borders, blocks, owners: vec![0; count], stands_for: 1.0 })
    }

    fn tried(count: usize, files: f64) -> Option<Vec<u8>> {
        let wave: Vec<f32> = (0..64).map(|i| if i % 8 < 4 { 0.125 } else { -0.125 }).collect();
        let (bytes, chosen) = example(count, &wave);
        let prior = second_moment(&rows_of(&chosen.borders.values, BORDER_INPUTS, None));
        moved_piece(&chosen, 0, (&bytes, 4), &prior, files).unwrap()
    }

    #[test]
    fn a_piece_moves_towards_many_blocks_and_stays_for_few() {
        assert!(tried(2000, 1000.0).is_some());
        assert!(tried(2000, 1e-3).is_none(), "too dear");
        assert!(tried(BLOCKS_MIN - 1, 1000.0).is_none(), "too few");
    }
}
