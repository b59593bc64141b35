//! Encoding of a group: steps by level, the search, the code.

use crate::deblock::{STRENGTH_MAX, deblock};
use crate::frame::{Format, Frame, FrameState};
use crate::group::{Coded, GroupHead, PictureHead, distances, setting};
use crate::order::{Slot, Span, spans};
use crate::search::look::{Halves, Small, is_cut};
use crate::search::{Search, Tools, Trials, VectorSearch, difference::squared};
use crate::transform::STEP_MAX;
use crate::walk::walk_picture;
use tintype_block::{CodingWalk, ContextSet};
use tintype_codec::{Exec, map_indexed};
use tintype_entropy::BitEncoder;

/// Finds where a clip shows something else, so that a group can begin there.
///
/// ```
/// use tintype_codec::Exec;
/// use tintype_image::{Limits, Planes, Shape};
/// use tintype_video::{CutFinder, Format, Frame};
///
/// let shape = Shape::gray(64, 64, 8);
/// let format = Format::of(&shape, &Limits::default())?;
/// let frame = Frame::padded(&Planes::new(shape), &format);
/// let mut finder = CutFinder::default();
/// assert!(!finder.begins_anew(&frame, &format, &Exec::default()));
/// assert!(!finder.begins_anew(&frame, &format, &Exec::default()));
/// # Ok::<(), tintype_codec::CodecError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct CutFinder {
    last: Option<Small>,
}

impl CutFinder {
    /// Whether `frame` has little in common with the one that it was given before.
    pub fn begins_anew(&mut self, frame: &Frame, format: &Format, exec: &Exec) -> bool {
        let small = Small::of(frame, format.depth);
        let cut = self.last.as_ref().is_some_and(|last| is_cut(last, &small, exec.level));
        self.last = Some(small);
        cut
    }
}

/// What a group is encoded with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupSettings {
    /// Step index of the first picture; others follow from their level.
    pub step: u8,
    /// 1 to 9.
    pub effort: u8,
    /// Logarithm of the pictures of a span.
    pub span_log2: u8,
    /// What is added to step indices for chroma.
    pub chroma_offset: i8,
}

impl GroupSettings {
    /// For a quality of 0 to 100.
    pub fn of_quality(quality: f32, effort: u8) -> Self {
        let step = (33.0 + (75.0 - quality) * 0.55).round().clamp(0.0, f32::from(STEP_MAX)) as u8;
        Self { step, effort, span_log2: 4, chroma_offset: 0 }
    }
}

/// What is added to the step index at each level, from ends of spans on. The best ones depend on the group's length, since
/// all pictures gain from a good first one: 1, 2, 4, 5 needs 1.9 % fewer bytes at 9 pictures, and 4 to 5 % more at the 31
/// of city (with chroma's index 2 lower).
const LEVEL_OFFSETS: [u8; 6] = [2, 4, 6, 7, 8, 8];
/// Squared error that a bit may cost, in squared steps: of pictures without references, then by level. There, a third less
/// or more needs 0.5 % and 3 % more bytes.
const LAMBDAS: [f32; 7] = [0.09, 0.12, 0.14, 0.15, 0.16, 0.16, 0.16];

/// What an encoder keeps of a coded picture.
type Kept = Option<Halves>;

/// A coded picture on its way out.
struct Done {
    head: PictureHead,
    code: Vec<u8>,
    state: Option<FrameState>,
    contexts: ContextSet,
    halves: Kept,
}

/// The bytes of the group of `frames`, 1 to 256 of them; each is freed once it is coded.
pub fn encode_frames(
    frames: Vec<Frame>,
    format: &Format,
    settings: &GroupSettings,
    exec: &Exec,
) -> Vec<u8> {
    encode_observed(frames, format, settings, exec, None)
}

/// Gets a picture as a decoder will have it, with its place.
pub(crate) type Observe<'a> = &'a mut dyn FnMut(usize, &Frame);

/// The same; `observe` gets each picture.
pub(crate) fn encode_observed(
    frames: Vec<Frame>,
    format: &Format,
    settings: &GroupSettings,
    exec: &Exec,
    mut observe: Option<Observe<'_>>,
) -> Vec<u8> {
    let head = GroupHead {
        count: frames.len(),
        span_log2: settings.span_log2,
        chroma_offset: settings.chroma_offset,
    };
    let small = map_indexed(exec.threads, frames.len(), |i| Small::of(&frames[i], format.depth));
    let mut group = Group { frames, small: &small, format, settings, head, exec };
    let mut coded: Coded<Kept> = Coded::new(head.count);
    let spans = spans(head.count, head.span_log2);
    let mut outputs: Vec<Vec<(PictureHead, Vec<u8>)>> = spans.iter().map(|_| Vec::new()).collect();
    let mut finished = Vec::new();
    for wave in waves_of(&spans) {
        let slots: Vec<(usize, &Slot, bool)> = wave
            .iter()
            .flat_map(|&(span, stage, kept)| {
                spans[span].stages[stage].iter().map(move |slot| (span, slot, kept))
            })
            .collect();
        let observed = observe.is_some();
        let done = map_indexed(exec.threads, slots.len(), |i| {
            let mut done = group.encode_picture(&coded, slots[i].1, slots[i].2);
            // What nobody looks at any more would take much memory until the wave is over.
            done.state = done.state.filter(|_| slots[i].2 || observed);
            done
        });
        for (&(span, slot, kept), done) in slots.iter().zip(done) {
            if let (Some(observe), Some(state)) = (&mut observe, &done.state) {
                observe(slot.display, &state.frame);
            }
            outputs[span].push((done.head, done.code));
            group.frames[slot.display] = Frame { planes: Vec::new() };
            match done.state.filter(|_| kept) {
                Some(state) => coded.put(slot, state, done.contexts, done.halves),
                None => coded.put_contexts(slot, done.contexts),
            }
        }
        // A short span may be done before the one before it.
        while let Some(span) = spans.get(finished.len())
            && outputs[finished.len()].len() == span.shown.len()
        {
            finished.push(span.shown.end - 1);
            coded.forget(&finished);
        }
    }
    let pictures = || outputs.iter().flatten();
    let heads: Vec<PictureHead> = pictures().map(|picture| picture.0).collect();
    let mut bytes = head.write(&heads);
    pictures().for_each(|picture| bytes.extend(&picture.1));
    bytes
}

/// What is coded at the same time: spans and stages, and whether their pictures are referred to. A stage of a span needs the
/// stages before it and those up to itself of the span before; so while the middles of a span are coded, the next span begins.
fn waves_of(spans: &[Span]) -> Vec<Vec<(usize, usize, bool)>> {
    let count = spans.iter().enumerate().map(|(at, span)| at + span.stages.len()).max().unwrap_or(0);
    let mut waves = vec![Vec::new(); count];
    for (number, span) in spans.iter().enumerate() {
        for stage in 0..span.stages.len() {
            // The pictures of the last stage are referred to only if they are ends of spans.
            let kept = stage + 1 < span.stages.len() || stage == 0;
            waves[number + stage].push((number, stage, kept));
        }
    }
    waves
}

/// What the pictures of a group share.
struct Group<'a> {
    frames: Vec<Frame>,
    small: &'a [Small],
    format: &'a Format,
    settings: &'a GroupSettings,
    head: GroupHead,
    exec: &'a Exec,
}

impl Group<'_> {
    fn encode_picture(&self, coded: &Coded<Kept>, slot: &Slot, kept: bool) -> Done {
        let (format, source) = (self.format, &self.frames[slot.display]);
        let held = coded.references_of(slot);
        let distances = distances(slot, &held);
        let references: Vec<&FrameState> = held.iter().map(|held| &held.state).collect();
        let level = usize::from(slot.level);
        let offset = if slot.is_intra() { 0 } else { LEVEL_OFFSETS[level] };
        let step = self.settings.step.saturating_add(offset).min(STEP_MAX);
        let steps = self.head.steps(step, format.depth);
        let setting = setting(format, &distances, &references, steps, self.exec.level);

        let number = if slot.is_intra() { 0 } else { level + 1 };
        let scale = LAMBDAS[number];
        let lambda = scale * (steps[0] as f32 / 64.0).powi(2);
        let own = Halves::of(source, format.depth);
        let vectors = (!slot.is_intra()).then(|| VectorSearch {
            source: own.whole(),
            references: held.iter().filter_map(|held| held.more.as_ref()).collect(),
            size: (format.cells().0 * 8, format.cells().1 * 8),
            lambda: lambda.sqrt() / f32::from(1u16 << (format.depth - 8)),
            level: self.exec.level,
        });
        let (trials, own_small) = (Trials::of_effort(self.settings.effort), &self.small[slot.display]);
        let search = Search {
            setting: &setting,
            source,
            vectors,
            coarse: slot
                .references
                .iter()
                .take(trials.references)
                .map(|&at| own_small.coarse(&self.small[at], trials.skims, self.exec.level))
                .collect(),
            coarse_across: own_small.across(),
            lambda,
            weights: [1.0, 1.0],
            trials,
        };

        let mut state = FrameState::new(format);
        let mut contexts = coded.contexts_for(slot);
        let mut encoder = BitEncoder::new();
        let mut tools = Tools::new(&contexts);
        let mut walk = CodingWalk { walk: &mut encoder, contexts: &mut contexts };
        walk_picture(&mut walk, &setting, &mut state, |contexts, state, at| {
            Some(search.superblock(&mut tools, contexts, state, at))
        });
        let code = encoder.finish();
        let strength = self.smooth(&mut state, source, steps[0]);
        let halves = kept.then(|| Halves::of(&state.frame, format.depth));
        Done {
            head: PictureHead { step, strength, len: code.len() },
            code,
            state: Some(state),
            contexts,
            halves,
        }
    }

    /// Smooths the picture by the strength that brings luma nearest to the source.
    fn smooth(&self, state: &mut FrameState, source: &Frame, step: i32) -> u8 {
        let base = (step as f32 / 64.0 / f32::from(1u16 << (self.format.depth - 8))) * 0.6;
        let error = |state: &FrameState| {
            let rows = state.frame.planes[0].rows().zip(source.planes[0].rows());
            rows.map(|(a, b)| squared(a, b)).sum::<u64>()
        };
        let mut best = (error(state), 0, None);
        let luma = Format { planes: 1, ..*self.format };
        for factor in [0.4, 0.8, 1.2, 1.8] {
            let strength = ((base * factor).round() as u8).min(STRENGTH_MAX);
            if strength == 0 || strength == best.1 {
                continue;
            }
            let mut smoothed = state.clone();
            deblock(&mut smoothed, &luma, strength);
            let error = error(&smoothed);
            if error < best.0 {
                best = (error, strength, Some(()));
            }
        }
        deblock(state, self.format, best.1);
        best.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_needs_nothing_of_itself_or_later_ones() {
        for (count, span_log2) in [(1, 4), (2, 4), (33, 4), (40, 3), (32, 4), (11, 2), (9, 0)] {
            let spans = spans(count, span_log2);
            let mut done = vec![false; count];
            for wave in waves_of(&spans) {
                let slots = || wave.iter().flat_map(|&(span, stage, _)| &spans[span].stages[stage]);
                for slot in slots() {
                    let mut needed = slot.references.iter().chain(&slot.parent);
                    assert!(needed.all(|&at| done[at]), "{count} {span_log2} {slot:?}");
                }
                slots().for_each(|slot| done[slot.display] = true);
            }
            assert!(done.iter().all(|&done| done));
        }
    }
}
