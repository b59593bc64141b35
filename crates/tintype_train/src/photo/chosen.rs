//! Pieces fitted anew to the blocks that the encoder chooses them for: borders are decoded ones, of
//! chroma less the slopes' part, and sizes are those of the encoder's partition.
//!
//! In: a model and pictures. Out: the model with other pieces and without contexts. All is in steps
//! of the block's own quantiser, so that coarse and fine pictures weigh alike.

use super::{PhotoOptions, side};
use crate::pieces::{PieceOptions, Rows, refit_pieces};
use crate::random::Random;
use crate::{FitError, PictureList};
use tintype_block::{internal_planes, plane_kinds, write_row};
use tintype_codec::map_indexed;
use tintype_image::{Level, Planes, Region, Threads, planes_cropped};
use tintype_model::{Model, ModelFile};
use tintype_photo::fitting::{ChosenBlock, TileCoder, chosen_blocks};
use tintype_photo::{BORDER_INPUTS, PhotoModel, SETS};

/// Largest side of the part of a picture that is coded.
const PART_PX: usize = 352;
/// Pictures coded together.
const GROUP: usize = 16;
/// Effort of the encoder whose choices count.
const EFFORT: u8 = 3;
/// Variance assumed on border inputs besides the coding noise that they have, squared steps: it keeps
/// predictors small. Not measured.
const BORDER_NOISE: f32 = 0.01;
/// Quantiser step in the units of the fit.
pub(super) const STEP: f32 = 1.0;

/// Blocks of one set and the pieces they were coded with.
pub(super) struct Chosen {
    pub(super) borders: Rows,
    pub(super) blocks: Rows,
    pub(super) owners: Vec<usize>,
    /// Blocks of whole pictures that each of these stands for.
    pub(super) stands_for: f64,
}

/// The blocks of one picture.
struct Found {
    /// Some of each set.
    blocks: [Vec<ChosenBlock>; SETS],
    /// How many the part had.
    all: [usize; SETS],
    /// Pixels of the picture against those of the part.
    area: f64,
}

/// The `picture`'s blocks of each set, at most as many as `options` say, drawn at random.
fn blocks_of(
    model: &PhotoModel,
    picture: &Planes,
    options: &PhotoOptions,
    index: usize,
) -> Option<Found> {
    let mut random = Random::new(options.seed + index as u64);
    let shape = &picture.shape;
    let [width, height] = [shape.width_px, shape.height_px].map(|side| side.min(PART_PX));
    let (x, y) = (random.below(shape.width_px - width + 1), random.below(shape.height_px - height + 1));
    let part = planes_cropped(picture, Region { x, y, width, height }).ok()?;
    let step = options.context_steps[index % options.context_steps.len()];
    let kinds = plane_kinds(&part.shape, false);
    let steps = vec![(step * 16.0) as u16; kinds.len()];
    let level = Level::new();
    let varies = index.is_multiple_of(2);
    let coder = TileCoder { model, steps: &steps, varies, filtered: false, level };
    let mut found: [Vec<ChosenBlock>; SETS] = Default::default();
    chosen_blocks(&coder, &internal_planes(&part), &kinds, EFFORT, |block| {
        if block.side <= 16 {
            found[usize::from(block.chroma) * 2 + usize::from(block.side == 16)].push(block);
        }
    });
    let all = std::array::from_fn(|set| found[set].len());
    for (blocks, most) in found.iter_mut().zip(options.blocks_per_picture) {
        while blocks.len() > most {
            blocks.swap_remove(random.below(blocks.len()));
        }
    }
    let area = (shape.width_px * shape.height_px) as f64 / (width * height) as f64;
    Some(Found { blocks: found, all, area })
}

/// The blocks of each set that the encoder chooses under `model`, of `passes` over the pictures;
/// `on_progress` gets how far it is and says whether to go on.
///
/// # Errors
/// Those of reading pictures.
pub(super) fn chosen_of(
    model: &PhotoModel,
    pictures: &PictureList,
    options: &PhotoOptions,
    passes: usize,
    mut on_progress: impl FnMut(f32) -> bool,
) -> Result<[Chosen; SETS], FitError> {
    let mut sets: [Chosen; SETS] = std::array::from_fn(|set| Chosen {
        borders: Rows::new(BORDER_INPUTS),
        blocks: Rows::new(side(set) * side(set)),
        owners: Vec::new(),
        stands_for: 0.0,
    });
    let all = passes * pictures.len();
    for start in (0..all).step_by(GROUP) {
        let group = map_indexed(Threads::available(), GROUP.min(all - start), |i| {
            let picture = pictures.read((start + i) % pictures.len())?.planes;
            Ok::<_, FitError>(blocks_of(model, &picture, options, start + i))
        });
        for found in group {
            let Some(Found { blocks, all, area }) = found? else { continue };
            for ((set, blocks), all) in sets.iter_mut().zip(blocks).zip(all) {
                set.stands_for += area * all as f64;
                for block in blocks {
                    let scaled = |&value: &i32| value as f32 / block.step as f32;
                    set.borders.values.extend(block.border.iter().map(scaled));
                    set.blocks.values.extend(block.samples.iter().map(scaled));
                    set.owners.push(block.piece);
                }
            }
        }
        if !on_progress(start as f32 / all as f32) {
            break;
        }
    }
    for set in &mut sets {
        set.stands_for /= set.owners.len().max(1) as f64;
    }
    Ok(sets)
}

/// `model` with its pieces fitted anew in `options.rounds` rounds, and without contexts;
/// `on_progress` gets what is being done, and how far it is.
///
/// # Errors
/// Those of the model and of reading pictures; `Misuse` where a set gets no blocks.
pub fn refit(
    model: &ModelFile,
    pictures: &PictureList,
    options: &PhotoOptions,
    mut on_progress: impl FnMut(&'static str, f32),
) -> Result<Vec<u8>, FitError> {
    let old = PhotoModel::from_file(model)?;
    let sets = chosen_of(&old, pictures, options, 1, |done| {
        on_progress("coding pictures", done);
        true
    })?;
    if sets.iter().any(|set| set.owners.is_empty()) {
        let what = "too few blocks: colour pictures with detail in blocks of 8 and 16 are needed";
        return Err(FitError::Misuse { what: what.into() });
    }
    let mut payload = Vec::new();
    for (index, (set, old)) in sets.into_iter().zip(&old.sets).enumerate() {
        on_progress("fitting pieces", index as f32 / SETS as f32);
        let piece_options = PieceOptions {
            pieces: old.pieces.len(),
            kept: old.kept,
            rounds: options.rounds,
            basis: options.basis,
            step: STEP,
            border_noise: BORDER_NOISE,
        };
        let Chosen { borders, blocks, owners, .. } = set;
        let pieces = refit_pieces(&borders, &blocks, owners, &piece_options, |_, _| {});
        payload.extend([pieces.len() as u8, (old.kept - 1) as u8]);
        for piece in &pieces {
            let rows = piece.predictor.chunks_exact(blocks.len);
            rows.chain(piece.basis.chunks_exact(blocks.len))
                .for_each(|row| write_row(row, &mut payload));
        }
    }
    let payload = PhotoModel::payload_with_filter(&payload, old.filter.as_ref())?;
    Ok(PhotoModel::file_of(payload).to_bytes())
}
