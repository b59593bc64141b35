//! One tile: its planes one after the other in one range-coder stream. Bit-exact but for the
//! encoder's search.

use super::header::Header;
use super::model::SparseModel;
use super::planes::CodedPlane;
use super::search::{PlaneSearch, Prepared};
use super::symbols::Contexts;
use super::walk::{Synthesis, walk_plane};
use fearless_simd::Level;
use tintype_block::{CodingWalk, PlaneState, tile_decoder};
use tintype_codec::TileSection;
use tintype_entropy::{BitEncoder, BitWalk};
use tintype_image::Plane;

/// How the planes of a tile are coded.
#[derive(Clone, Copy)]
pub struct TileCoder<'a> {
    /// The model.
    pub model: &'a SparseModel,
    /// Step and flags.
    pub header: &'a Header,
    /// For the kernels.
    pub level: Level,
}

impl TileCoder<'_> {
    fn synthesis(&self, plan: &CodedPlane) -> Synthesis<'_> {
        let dequantiser = self.header.dequantiser(plan.kind.chroma);
        Synthesis { model: self.model, dequantiser, level: self.level }
    }

    /// Codes the `planes` of one tile; `contexts` adapt. `effort` is 1 to 9. Returns the bytes
    /// and the planes as decoded.
    pub fn encode(
        &self,
        planes: &[Plane<i16>],
        plans: &[CodedPlane],
        prepared: &Prepared,
        contexts: &mut Contexts,
        effort: u8,
    ) -> (Vec<u8>, Vec<PlaneState>) {
        let mut encoder = BitEncoder::new();
        let mut states: Vec<PlaneState> = Vec::with_capacity(planes.len());
        for (source, plan) in planes.iter().zip(plans) {
            let mut state = PlaneState::new((source.width(), source.height()), plan.kind);
            let luma = states.first().filter(|_| plan.kind.chroma);
            let synthesis = self.synthesis(plan);
            let coder = contexts.coder;
            let search = PlaneSearch {
                synthesis,
                prepared,
                coder: &coder,
                source,
                luma,
                effort,
                weight: plan.weight,
                seen: plan.seen,
            };
            let mut walk = CodingWalk { walk: &mut encoder, contexts: &mut contexts.set };
            let states_so_far = (&mut state, luma);
            walk_plane(&mut walk, &coder, &synthesis, states_so_far, |contexts, state, at| {
                Some(search.superblock(contexts, state, at))
            });
            states.push(state);
        }
        (encoder.finish(), states)
    }

    /// Decodes the planes of one tile, and whether the bytes sufficed.
    pub fn decode(&self, section: &TileSection<'_>, plans: &[CodedPlane]) -> (Vec<PlaneState>, bool) {
        let mut contexts = Contexts::new(self.model);
        let mut decoder = tile_decoder(section);
        let mut states: Vec<PlaneState> = Vec::with_capacity(plans.len());
        for plan in plans {
            let mut state = PlaneState::new(plan.size, plan.kind);
            let luma = states.first().filter(|_| plan.kind.chroma);
            let mut walk = CodingWalk { walk: &mut decoder, contexts: &mut contexts.set };
            let synthesis = self.synthesis(plan);
            let states_so_far = (&mut state, luma);
            walk_plane(&mut walk, &contexts.coder, &synthesis, states_so_far, |_, _, _| None);
            states.push(state);
        }
        let whole = !decoder.exhausted();
        (states, whole)
    }
}
