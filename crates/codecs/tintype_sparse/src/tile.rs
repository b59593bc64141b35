//! One tile: its planes one after the other in one range-coder stream. Bit-exact but for the encoder's search.

use super::codec::PlanePlan;
use super::decode::decode_plane;
use super::encode::{PlaneEncoder, Prepared};
use super::header::Header;
use super::model::SparseModel;
use super::state::PlaneState;
use super::walk::Contexts;
use fearless_simd::Level;
use tintype_entropy::{BitDecoder, BitEncoder, BitWalk};
use tintype_image::Plane;

/// Codes the planes of one tile, each padded to multiples of 32; `contexts` learn. Returns the bytes and the planes as decoded.
pub fn encode_tile(
    planes: &[Plane<i16>],
    plans: &[PlanePlan],
    header: &Header,
    (model, prepared): (&SparseModel, &Prepared),
    contexts: &mut Contexts,
    (effort, level): (u8, Level),
) -> (Vec<u8>, Vec<PlaneState>) {
    let mut encoder = BitEncoder::new();
    let mut states: Vec<PlaneState> = Vec::with_capacity(planes.len());
    for (plane, plan) in planes.iter().zip(plans) {
        let mut state = PlaneState::new(plane.width(), plane.height(), plan.middle, plan.chroma);
        let dequantiser = header.dequantiser(plan.chroma);
        let search =
            PlaneEncoder { model, prepared, dequantiser, effort, level, weight: plan.weight };
        let other = states.first().filter(|_| plan.chroma);
        search.encode_plane(&mut encoder, contexts, plane, &mut state, other);
        states.push(state);
    }
    (encoder.finish(), states)
}

/// Decodes the planes of one tile. Returns them and whether the bytes sufficed.
pub fn decode_tile(
    bytes: &[u8],
    cut: bool,
    plans: &[PlanePlan],
    header: &Header,
    model: &SparseModel,
    level: Level,
) -> (Vec<PlaneState>, bool) {
    let mut contexts = Contexts::new(model);
    let mut decoder = if cut { BitDecoder::cut(bytes) } else { BitDecoder::whole(bytes) };
    let mut states: Vec<PlaneState> = Vec::with_capacity(plans.len());
    for plan in plans {
        let mut state = PlaneState::new(plan.width, plan.height, plan.middle, plan.chroma);
        let other = states.first().filter(|_| plan.chroma);
        let dequantiser = header.dequantiser(plan.chroma);
        decode_plane(&mut decoder, &mut contexts, model, &dequantiser, level, &mut state, other);
        states.push(state);
    }
    let whole = !decoder.exhausted();
    (states, whole)
}
