//! One tile: its planes one after the other in one range-coder stream. Bit-exact but for the
//! encoder's search.

use super::filter::{Blocks, Filter, Switches, chosen, code_switches, filtered_planes, switch_contexts};
use super::model::PhotoModel;
use super::search::PlaneSearch;
use super::symbols::{STATE_LEN, contexts, state_bytes};
use super::synthesis::Synthesis;
use super::walk::{CodedBlock, References, walk_plane};
use fearless_simd::Level;
use tintype_block::{Cell, CodingWalk, ContextSet, PlaneKind, PlaneState, tile_decoder};
use tintype_codec::TileSection;
use tintype_entropy::{BitDecoder, BitEncoder, BitWalk};
use tintype_image::Plane;

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
        let (luma, chroma) = model.contexts.split_at(model.contexts.len().min(STATE_LEN));
        Self { luma: contexts(luma), chroma: contexts(chroma) }
    }

    /// The state of both, as a model starts from it.
    pub fn to_bytes(&self) -> Vec<u8> {
        [state_bytes(&self.luma), state_bytes(&self.chroma)].concat()
    }

    /// As these start from their bytes, with the mixers of `other`.
    pub fn restarted(&self, other: &Self) -> Self {
        let of = |own: &ContextSet, other| contexts(&state_bytes(own)).with_pair_mixer_of(other);
        Self { luma: of(&self.luma, &other.luma), chroma: of(&self.chroma, &other.chroma) }
    }

    fn of_plane(&mut self, kind: PlaneKind) -> &mut ContextSet {
        if kind.chroma { &mut self.chroma } else { &mut self.luma }
    }
}

/// Sees the number of a plane, a block of it, and how many bits were taken until then.
pub type Observer<'a> = dyn FnMut(usize, &CodedBlock<'_>, f64) + 'a;

/// How the planes of a tile are coded.
#[derive(Clone, Copy)]
pub struct TileCoder<'a> {
    /// The model.
    pub model: &'a PhotoModel,
    /// One step for each plane, internal units.
    pub steps: &'a [u16],
    /// Whether blocks have steps of their own, and rows weights.
    pub varies: bool,
    /// Whether the stream has the switches of the model's filter.
    pub filtered: bool,
    /// For the kernels.
    pub level: Level,
}

/// What the plane `kind` of `size` may refer to among the planes `before` it.
fn references(
    before: &[PlaneState],
    kind: PlaneKind,
    (width, height): (usize, usize),
) -> References<'_> {
    if !kind.chroma {
        return References::default();
    }
    let equal = |state: &PlaneState| state.samples.width() == width && state.samples.height() == height;
    let slopes = if before.len() <= 2 && before.iter().all(equal) { before } else { &[] };
    References { luma: before.first(), slopes }
}

impl TileCoder<'_> {
    fn synthesis(&self, plane: usize) -> Synthesis<'_> {
        Synthesis {
            model: self.model,
            step: self.steps[plane].into(),
            varies: self.varies,
            level: self.level,
        }
    }

    /// Plane `index` before its first block.
    fn plane_state(&self, size: (usize, usize), kind: PlaneKind, index: usize) -> PlaneState {
        let state = PlaneState::new(size, kind);
        let middle = self.model.first_values().filter(|_| index == 0 || kind.centred);
        let middle = middle.and_then(|values| values.get(index).copied());
        PlaneState { middle: middle.map_or(state.middle, i32::from), ..state }
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
        let states =
            self.encode_planes(&mut encoder, planes, kinds, contexts, effort, &mut |_, _, _| ());
        if let Some((filter, count)) = self.filter(kinds) {
            let plain: Vec<_> = states[..count].iter().map(|state| state.samples.clone()).collect();
            let size = (plain[0].width(), plain[0].height());
            let mut made = plain.clone();
            filter.run_everywhere(self.level, &mut made, &self.blocks(&states[0].cells));
            let switches = chosen(planes, &plain, &made);
            for switches in &switches[..count.min(2)] {
                let walk = &mut CodingWalk { walk: &mut encoder, contexts: &mut switch_contexts() };
                code_switches(walk, Some(switches), size);
            }
        }
        encoder.finish()
    }

    fn blocks<'b>(&self, cells: &'b Plane<Cell>) -> Blocks<'b> {
        Blocks { cells, step: self.steps[0] }
    }

    /// The filter of a stream that has its switches, and how many planes of these `kinds` it
    /// mends.
    fn filter(&self, kinds: &[PlaneKind]) -> Option<(&Filter, usize)> {
        let count = filtered_planes(kinds);
        let filter = self.model.filter.as_ref().filter(|_| self.filtered && count > 0)?;
        Some((filter, count))
    }

    /// Codes the planes with `encoder` and returns what a decoder will have of them. `observe` sees
    /// the planes before and each block.
    pub(crate) fn encode_planes(
        &self,
        encoder: &mut BitEncoder,
        planes: &[Plane<i16>],
        kinds: &[PlaneKind],
        contexts: &mut TileContexts,
        effort: u8,
        observe: &mut dyn FnMut(usize, &References<'_>, &CodedBlock<'_>),
    ) -> Vec<PlaneState> {
        let mut states: Vec<PlaneState> = Vec::with_capacity(planes.len());
        for (index, (source, &kind)) in planes.iter().zip(kinds).enumerate() {
            let size = (source.width(), source.height());
            let mut state = self.plane_state(size, kind, index);
            let references = references(&states, kind, size);
            let synthesis = self.synthesis(index);
            let contexts = contexts.of_plane(kind);
            let mut search = PlaneSearch::new(synthesis, source, references, contexts, effort);
            let mut walk = CodingWalk { walk: &mut *encoder, contexts };
            let choose = |contexts: &ContextSet, state: &mut PlaneState, at: (usize, usize)| {
                Some(search.superblock(contexts, state, at))
            };
            let observe = |block: &CodedBlock<'_>, _: &_| observe(index, &references, block);
            walk_plane(&mut walk, &synthesis, &mut state, references, choose, observe);
            states.push(state);
        }
        states
    }

    /// Decodes the internal planes of one tile of the padded `sizes`, and whether the bytes
    /// sufficed. `observe`, if there is one, sees each block.
    pub fn decode(
        &self,
        section: &TileSection<'_>,
        sizes: &[(usize, usize)],
        kinds: &[PlaneKind],
        mut observe: Option<&mut Observer<'_>>,
    ) -> (Vec<Plane<i16>>, bool) {
        let mut contexts = TileContexts::new(self.model);
        let mut decoder = tile_decoder(section);
        let mut states: Vec<PlaneState> = Vec::with_capacity(sizes.len());
        for (index, (&size, &kind)) in sizes.iter().zip(kinds).enumerate() {
            let mut state = self.plane_state(size, kind, index);
            let references = references(&states, kind, size);
            let contexts = contexts.of_plane(kind);
            let mut walk = CodingWalk { walk: &mut decoder, contexts };
            walk_plane(
                &mut walk,
                &self.synthesis(index),
                &mut state,
                references,
                |_, _, _| None,
                |block, walk: &CodingWalk<'_, BitDecoder<'_>>| {
                    if let Some(observe) = &mut observe {
                        observe(index, block, walk.walk.bits_taken());
                    }
                },
            );
            states.push(state);
        }
        let cells = states.first().map(|state| state.cells.clone());
        let mut planes: Vec<_> = states.into_iter().map(|state| state.samples).collect();
        if let (Some((filter, count)), Some(cells)) = (self.filter(kinds), cells)
            && !decoder.exhausted()
        {
            let mut switches = [0, 1].map(|_| Switches::all(false, sizes[0]));
            for switches in &mut switches[..count.min(2)] {
                let walk = &mut CodingWalk { walk: &mut decoder, contexts: &mut switch_contexts() };
                *switches = code_switches(walk, None, sizes[0]);
            }
            if switches.iter().any(Switches::any) && !decoder.exhausted() {
                let switches = switches.each_ref();
                filter.run(self.level, &mut planes[..count], &self.blocks(&cells), switches);
            }
        }
        (planes, !decoder.exhausted())
    }
}
