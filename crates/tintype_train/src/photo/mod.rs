//! Fits the model of the `photo` codec to pictures.
//!
//! In: pictures. Out: model bytes as `tintype_photo::PhotoModel::from_bytes` reads them. The same
//! pictures in the same order with the same seed give the same bytes on one machine. Memory is
//! bounded by the number of blocks taken from each picture.

mod adapt;
mod chosen;
mod draw;
pub mod filter;
mod fit;
mod moved;
mod sample;
mod teach;

pub use crate::pieces::{Basis, Piece, PieceOptions, Rows, fit_pieces};
pub use draw::{basis_picture, explained_variance};
pub use fit::PhotoFit;
pub use moved::moved;
pub use sample::Samples;
pub use teach::{TeachOptions, teach};
pub use tintype_photo::ID;

use crate::FitError;
use crate::random::Random;
use tintype_block::{internal_planes, plane_kinds, write_row};
use tintype_codec::CodecError;
use tintype_image::{Level, Planes};
use tintype_model::{Model, ModelFile, ModelLimits};
use tintype_photo::fitting::{TileCoder, TileContexts};
use tintype_photo::{BORDER_INPUTS, PhotoModel, SETS};

/// What to fit; the four entries of each array are luma 8, luma 16, chroma 8, chroma 16.
#[derive(Clone, Debug)]
pub struct PhotoOptions {
    /// Pieces of each set.
    pub pieces: [usize; SETS],
    /// Basis rows kept of each.
    pub kept: [usize; SETS],
    /// Quantiser step whose rate the assignment of blocks to pieces minimises, in 8-bit sample
    /// units.
    pub steps: [f32; SETS],
    /// Blocks drawn from each picture.
    pub blocks_per_picture: [usize; SETS],
    /// Rounds of assignment and refit.
    pub rounds: usize,
    /// What rows bases have; the DCT's are what the fit is compared with.
    pub basis: Basis,
    /// Variance of the coding noise assumed on the border, squared 8-bit units.
    pub border_noise: f32,
    /// Steps at which pictures are coded in turn to adapt the contexts.
    pub context_steps: Vec<f32>,
    /// Seed of the drawing of blocks.
    pub seed: u64,
}

impl Default for PhotoOptions {
    fn default() -> Self {
        Self {
            pieces: [48, 14, 8, 4],
            kept: [64, 96, 64, 64],
            steps: [8.0, 8.0, 4.0, 4.0],
            blocks_per_picture: [300, 120, 160, 80],
            rounds: 10,
            basis: Basis::Sparse,
            border_noise: 10.0,
            context_steps: vec![12.0, 36.0, 20.0, 28.0, 16.0, 48.0, 24.0],
            seed: 1,
        }
    }
}

/// Side of the blocks of set `set`.
fn side(set: usize) -> usize {
    if set.is_multiple_of(2) { 8 } else { 16 }
}

/// Draws blocks for every set from pictures given one after the other.
pub struct Collector {
    samples: [Samples; SETS],
    random: Random,
    options: PhotoOptions,
}

impl Collector {
    /// No pictures yet.
    pub fn new(options: &PhotoOptions) -> Self {
        let samples = std::array::from_fn(|set| Samples::new(side(set)));
        Self { samples, random: Random::new(options.seed), options: options.clone() }
    }

    /// Draws blocks from one RGB or gray picture; smaller ones than 48 × 48 are passed over.
    pub fn add(&mut self, picture: &Planes) {
        let internal = internal_planes(picture);
        let kinds = plane_kinds(&picture.shape, false);
        let chroma: Vec<usize> = (0..kinds.len()).filter(|&i| kinds[i].chroma).collect();
        for (set, samples) in self.samples.iter_mut().enumerate() {
            for k in 0..self.options.blocks_per_picture[set] {
                let plane = match (set >= 2, chroma.is_empty()) {
                    (false, _) => &internal[0],
                    (true, true) => break,
                    (true, false) => &internal[chroma[k % chroma.len()]],
                };
                samples.draw(plane, side(set), if set < 2 { 12.0 } else { 3.0 }, &mut self.random);
            }
        }
    }

    /// The blocks of set `set` (luma 8, luma 16, chroma 8, chroma 16) and their borders.
    pub fn samples(&self, set: usize) -> &Samples {
        &self.samples[set]
    }

    /// Blocks kept so far of each set.
    pub fn blocks(&self) -> [usize; SETS] {
        std::array::from_fn(|set| self.samples[set].blocks.count())
    }

    /// Fits the pieces; `on_progress` gets the set, the round and the mean estimated bits a sample.
    pub fn fit(&self, mut on_progress: impl FnMut(usize, usize, f32)) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (set, samples) in self.samples.iter().enumerate() {
            let options = PieceOptions {
                pieces: self.options.pieces[set],
                kept: self.options.kept[set],
                rounds: self.options.rounds,
                basis: self.options.basis,
                step: self.options.steps[set],
                border_noise: self.options.border_noise,
            };
            let pieces = fit_pieces(&samples.borders, &samples.blocks, &options, |round, bits| {
                on_progress(set, round, bits);
            });
            let len = side(set) * side(set);
            bytes.push(pieces.len() as u8);
            bytes.push((options.kept - 1) as u8);
            for piece in &pieces {
                debug_assert_eq!(piece.predictor.len(), BORDER_INPUTS * len);
                for row in piece.predictor.chunks_exact(len).chain(piece.basis.chunks_exact(len)) {
                    write_row(row, &mut bytes);
                }
            }
        }
        PhotoModel::file_of(bytes).to_bytes()
    }
}

/// Codes pictures at the options' steps, first with contexts that are carried on from one to the
/// next, then each from the state that those end in, with mixers that are carried on; returns
/// `model` with that state and those mixers in place of its own.
///
/// # Errors
/// Those of a model that is none, and of `picture`, which gives the picture of an index.
pub fn adapt_contexts(
    model: &[u8],
    pictures: usize,
    picture: impl Fn(usize) -> Result<Planes, FitError>,
    options: &PhotoOptions,
) -> Result<Vec<u8>, FitError> {
    /// Contexts are adapted to what the default effort chooses.
    const EFFORT: u8 = 5;
    let file = ModelFile::read(model, &ModelLimits::default()).map_err(CodecError::from)?;
    let pieces = PhotoModel::from_file(&file)?.payload_without_contexts(file.payload())?;
    let plain = PhotoModel::from_file(&PhotoModel::file_of(pieces.clone()))?;
    let code = |index: usize, contexts: &mut TileContexts| {
        let picture = picture(index)?;
        let step = options.context_steps[index % options.context_steps.len()];
        let kinds = plane_kinds(&picture.shape, false);
        let steps = vec![(step * 16.0) as u16; kinds.len()];
        let level = Level::new();
        let coder = TileCoder { model: &plain, steps: &steps, varies: true, filtered: false, level };
        coder.encode(&internal_planes(&picture), &kinds, contexts, EFFORT);
        Ok::<_, FitError>(())
    };
    let mut start = TileContexts::new(&plain);
    for index in 0..pictures {
        code(index, &mut start)?;
    }
    let mut contexts = start.clone();
    for index in 0..pictures {
        contexts = start.restarted(&contexts);
        code(index, &mut contexts)?;
    }
    let state = start.restarted(&contexts).to_bytes();
    Ok(PhotoModel::file_of(PhotoModel::payload_with_contexts(pieces, &state)).to_bytes())
}
