//! A `photo` model as a picture and as text, and what its bases explain of pictures.

use super::{Collector, PhotoOptions};
use crate::page::Page;
use crate::{FitError, PictureList};
use tintype_codec::CodecError;
use tintype_image::Planes;
use tintype_model::Model;
use tintype_photo::{PhotoModel, PieceSet, SETS};

/// Names of the sets of pieces, in the order of the model.
const SET_NAMES: [&str; SETS] = ["luma 8", "luma 16", "chroma 8", "chroma 16"];

/// The bases of a `photo` model: for each set of pieces, one row a piece, its first basis vectors
/// by falling variance.
///
/// # Errors
/// As [`PhotoModel::from_bytes`].
pub fn basis_picture(model: &[u8]) -> Result<Planes, CodecError> {
    let model = PhotoModel::from_bytes(model)?;
    let mut page = Page::new(1024);
    for set in &model.sets {
        let (zoom, side) = (16 / set.n, set.n);
        let tile = side * zoom + 3;
        page.grow(12);
        for piece in &set.pieces {
            let y = page.height();
            page.grow(tile);
            for (k, row) in piece.basis().chunks_exact(side * side).take(1020 / tile).enumerate() {
                let values: Vec<f32> = row.iter().map(|&v| f32::from(v)).collect();
                page.tile(&values, side, (4 + k * tile, y), zoom);
            }
        }
    }
    Ok(page.planes())
}

/// How much of the variance of pictures' blocks a `photo` model explains: a table.
///
/// # Errors
/// Those of the model and of the pictures; `Misuse` if there are no blocks to measure.
pub fn explained_variance(model: &[u8], pictures: &PictureList) -> Result<String, FitError> {
    const ROWS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];
    let model = PhotoModel::from_bytes(model)?;
    let mut collector =
        Collector::new(&PhotoOptions { blocks_per_picture: [400; SETS], ..PhotoOptions::default() });
    let list = pictures.thinned(50);
    for index in 0..list.len() {
        collector.add(&list.read(index)?.planes);
    }
    let mut lines = vec![
        "explained of the variance about the border's mean, % (prediction, then with the first rows)"
            .to_string(),
    ];
    let head: String = ROWS.iter().map(|k| format!("{k:>7}")).collect();
    lines.push(format!("  {:<10} {:>7} {:>10}{head}", "blocks", "count", "prediction"));
    for (set, name) in model.sets.iter().zip(SET_NAMES) {
        let number = lines.len() - 2;
        let samples = collector.samples(number);
        let count = samples.blocks.count();
        if count == 0 {
            return Err(FitError::Misuse {
                what: "no blocks with detail: name colour pictures of some size".into(),
            });
        }
        let (mut total, mut left) = (0f64, 0f64);
        let mut after = [0f64; ROWS.len()];
        for index in 0..count {
            let (energy, residual, energies) =
                best_piece(set, samples.borders.row(index), samples.blocks.row(index));
            total += energy;
            left += residual;
            for (slot, &rows) in after.iter_mut().zip(&ROWS) {
                *slot += residual - energies.iter().take(rows).sum::<f64>();
            }
        }
        let share = |rest: f64| 100.0 * (1.0 - rest / total.max(1e-20));
        let shares: String = after.iter().map(|&rest| format!("{:>7.2}", share(rest))).collect();
        lines.push(format!("  {name:<10} {count:>7} {:>10.2}{shares}", share(left)));
    }
    Ok(lines.join("\n"))
}

/// Energy of a block, what the piece that predicts it best leaves, and the energy along each of
/// its basis rows.
fn best_piece(set: &PieceSet, border: &[f32], block: &[f32]) -> (f64, f64, Vec<f64>) {
    let scale = 1.0 / 4096.0;
    let len = set.n * set.n;
    let mut best: Option<(f64, Vec<f32>, usize)> = None;
    for (number, piece) in set.pieces.iter().enumerate() {
        let mut residual = block.to_vec();
        for (number, input) in border.iter().enumerate() {
            let row = piece.predictor().row(number);
            residual.iter_mut().zip(row).for_each(|(r, v)| *r -= input * f32::from(v) * scale);
        }
        let energy = residual.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
        if best.as_ref().is_none_or(|b| energy < b.0) {
            best = Some((energy, residual, number));
        }
    }
    let (left, residual, number) = best.unwrap_or((0.0, block.to_vec(), 0));
    let along = |row: &[i16]| {
        let product: f64 = row
            .iter()
            .zip(&residual)
            .map(|(&v, &r)| f64::from(v) * f64::from(scale) * f64::from(r))
            .sum();
        product * product
    };
    let energies = set.pieces[number].basis().chunks_exact(len).map(along).collect();
    (block.iter().map(|&v| f64::from(v) * f64::from(v)).sum(), left, energies)
}

/// Sets of a model, as names and values.
///
/// # Errors
/// As [`PhotoModel::from_bytes`].
pub(super) fn describe(model: &[u8]) -> Result<Vec<(&'static str, String)>, CodecError> {
    let model = PhotoModel::from_bytes(model)?;
    let mut lines = Vec::new();
    for (set, name) in model.sets.iter().zip(SET_NAMES) {
        lines.push((name, format!("{} pieces of {} basis rows", set.pieces.len(), set.kept)));
    }
    Ok(lines)
}
