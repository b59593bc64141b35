//! One tile: its planes one after the other in one range-coder stream. Bit-exact but for the
//! encoder's search.

use super::model::PhotoModel;
use super::search::PlaneSearch;
use super::symbols::{COUNT, contexts};
use super::walk::{Synthesis, walk_plane};
use fearless_simd::Level;
use tintype_block::{CodingWalk, ContextSet, Dequantiser, PlaneKind, PlaneState, tile_decoder};
use tintype_codec::TileSection;
use tintype_entropy::{BitEncoder, BitWalk};
use tintype_image::Plane;

/// Reconstruction offset towards zero, in 1/256 of a step; part of the format. On photos/valid
/// 0 costs 0.5 % less at the same PSNR and 40 costs 1.1 % more (docs/lab/photo.md).
const SHRINK_Q8: i32 = 20;

/// The contexts of luma-like and of chroma planes.
#[derive(Clone, Debug)]
pub struct TileContexts {
    /// Luma and other planes.
    pub luma: ContextSet,
    /// Chroma planes.
    pub chroma: ContextSet,
}

impl TileContexts {
    /// As the model starts them.
    pub fn new(model: &PhotoModel) -> Self {
        let (luma, chroma) = model.contexts.split_at(model.contexts.len().min(2 * COUNT));
        Self { luma: contexts(luma), chroma: contexts(chroma) }
    }

    fn of_plane(&mut self, kind: PlaneKind) -> &mut ContextSet {
        if kind.chroma { &mut self.chroma } else { &mut self.luma }
    }
}

/// How the planes of a tile are coded.
#[derive(Clone, Copy)]
pub struct TileCoder<'a> {
    /// The model.
    pub model: &'a PhotoModel,
    /// One step for each plane, internal units.
    pub steps: &'a [u16],
    /// For the kernels.
    pub level: Level,
}

impl TileCoder<'_> {
    fn synthesis(&self, plane: usize) -> Synthesis<'_> {
        let dequantiser = Dequantiser::new(self.steps[plane].into(), SHRINK_Q8);
        Synthesis { model: self.model, dequantiser, level: self.level }
    }

    /// Codes the internal `planes` of one tile, each padded to multiples of 16; `contexts`
    /// adapt. `effort` is 1 to 9.
    pub fn encode(
        &self,
        planes: &[Plane<i16>],
        kinds: &[PlaneKind],
        contexts: &mut TileContexts,
        effort: u8,
    ) -> Vec<u8> {
        let mut encoder = BitEncoder::new();
        let mut states: Vec<PlaneState> = Vec::with_capacity(planes.len());
        for (index, (source, &kind)) in planes.iter().zip(kinds).enumerate() {
            let mut state = PlaneState::new((source.width(), source.height()), kind);
            let luma = states.first().filter(|_| kind.chroma);
            let synthesis = self.synthesis(index);
            let search = PlaneSearch::new(synthesis, source, luma, effort);
            let contexts = contexts.of_plane(kind);
            let mut walk = CodingWalk { walk: &mut encoder, contexts };
            walk_plane(&mut walk, &synthesis, &mut state, luma, |contexts, state, at| {
                Some(search.superblock(contexts, state, at))
            });
            states.push(state);
        }
        encoder.finish()
    }

    /// Decodes the internal planes of one tile of the padded `sizes`, and whether the bytes
    /// sufficed.
    pub fn decode(
        &self,
        section: &TileSection<'_>,
        sizes: &[(usize, usize)],
        kinds: &[PlaneKind],
    ) -> (Vec<Plane<i16>>, bool) {
        let mut contexts = TileContexts::new(self.model);
        let mut decoder = tile_decoder(section);
        let mut states: Vec<PlaneState> = Vec::with_capacity(sizes.len());
        for (index, (&size, &kind)) in sizes.iter().zip(kinds).enumerate() {
            let mut state = PlaneState::new(size, kind);
            let luma = states.first().filter(|_| kind.chroma);
            let contexts = contexts.of_plane(kind);
            let mut walk = CodingWalk { walk: &mut decoder, contexts };
            walk_plane(&mut walk, &self.synthesis(index), &mut state, luma, |_, _, _| None);
            states.push(state);
        }
        let whole = !decoder.exhausted();
        (states.into_iter().map(|state| state.samples).collect(), whole)
    }
}
