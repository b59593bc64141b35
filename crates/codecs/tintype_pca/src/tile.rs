//! One tile: its planes one after the other in one range-coder stream. Bit-exact but for the encoder's search.

use super::decode::decode_plane;
use super::encode::PlaneEncoder;
use super::header::Header;
use super::model::PcaModel;
use super::plane_state::PlaneState;
use super::walk::Contexts;
use fearless_simd::Level;
use tintype_block::InternalKind;
use tintype_entropy::{BitDecoder, BitEncoder, BitWalk};
use tintype_image::Plane;

/// The contexts of luma-like and of chroma planes.
#[derive(Clone, Debug)]
pub struct TileContexts {
    /// Luma and other planes.
    pub luma: Contexts,
    /// Chroma planes.
    pub chroma: Contexts,
}

impl TileContexts {
    /// As the model teaches them.
    pub fn new(model: &PcaModel) -> Self {
        let (luma, chroma) = model.contexts.split_at(model.contexts.len().min(Contexts::LEN_BYTES));
        Self { luma: Contexts::from_bytes(luma), chroma: Contexts::from_bytes(chroma) }
    }

    fn of(&mut self, kind: InternalKind) -> &mut Contexts {
        if kind.chroma { &mut self.chroma } else { &mut self.luma }
    }
}

/// Codes the internal planes of one tile, each padded to multiples of 16; `contexts` learn.
pub fn encode_tile(
    planes: &[Plane<i16>],
    kinds: &[InternalKind],
    header: &Header,
    model: &PcaModel,
    contexts: &mut TileContexts,
    (effort, level): (u8, Level),
) -> Vec<u8> {
    let mut encoder = BitEncoder::new();
    let mut states: Vec<PlaneState> = Vec::with_capacity(planes.len());
    for (index, (plane, &kind)) in planes.iter().zip(kinds).enumerate() {
        let mut state = PlaneState::new(plane.width(), plane.height(), kind);
        let search = PlaneEncoder::new(model, header.dequantiser(index), effort, level);
        let other = states.first().filter(|_| kind.chroma);
        search.encode_plane(&mut encoder, contexts.of(kind), plane, &mut state, other);
        states.push(state);
    }
    encoder.finish()
}

/// Decodes the internal planes of one tile of the padded `sizes`. Returns them and whether the bytes sufficed.
pub fn decode_tile(
    bytes: &[u8],
    cut: bool,
    sizes: &[(usize, usize)],
    kinds: &[InternalKind],
    header: &Header,
    model: &PcaModel,
    level: Level,
) -> (Vec<Plane<i16>>, bool) {
    let mut contexts = TileContexts::new(model);
    let mut decoder = if cut { BitDecoder::cut(bytes) } else { BitDecoder::whole(bytes) };
    let mut states: Vec<PlaneState> = Vec::with_capacity(sizes.len());
    for (index, (&(width, height), &kind)) in sizes.iter().zip(kinds).enumerate() {
        let mut state = PlaneState::new(width, height, kind);
        let other = states.first().filter(|_| kind.chroma);
        let dequantiser = header.dequantiser(index);
        decode_plane(
            &mut decoder,
            contexts.of(kind),
            model,
            &dequantiser,
            level,
            &mut state,
            other,
        );
        states.push(state);
    }
    let whole = !decoder.exhausted();
    (states.into_iter().map(|s| s.samples).collect(), whole)
}
