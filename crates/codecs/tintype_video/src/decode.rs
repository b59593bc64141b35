//! Decoding of a group. Bit-exact.

use crate::deblock::deblock;
use crate::frame::{Format, Frame, FrameState};
use crate::group::{Coded, GroupHead, PictureHead, distances, setting};
use crate::order::{Slot, Span, spans};
use crate::walk::walk_picture;
use tintype_block::{CodingWalk, ContextSet};
use tintype_codec::{CodecError, Exec, Result, map_indexed};
use tintype_entropy::BitDecoder;

/// Decodes a group span by span, so that no more than a span is held.
///
/// It ends after the last span, or after the first fault; what came before a fault stays good.
#[derive(Debug)]
pub struct GroupDecoder {
    bytes: Vec<u8>,
    format: Format,
    exec: Exec,
    head: GroupHead,
    pictures: std::vec::IntoIter<PictureHead>,
    /// Where the next code begins.
    at: usize,
    spans: std::vec::IntoIter<Span>,
    coded: Coded<()>,
    ends: Vec<usize>,
}

impl GroupDecoder {
    /// Reads the head of the group `bytes`.
    ///
    /// # Errors
    /// `Truncated`, `Malformed`, `Limit`.
    pub fn new(bytes: Vec<u8>, format: &Format, exec: &Exec) -> Result<Self> {
        let (head, pictures, at) = GroupHead::read(&bytes)?;
        check_memory(&head, format, exec)?;
        let spans = spans(head.count, head.span_log2).into_iter();
        let coded = Coded::new(head.count);
        let (format, exec, pictures) = (*format, *exec, pictures.into_iter());
        Ok(Self { bytes, format, exec, head, pictures, at, spans, coded, ends: Vec::new() })
    }

    /// How many pictures the group has.
    pub fn count(&self) -> usize {
        self.head.count
    }

    /// The pictures of the next span in the order in which they are shown; none after the last.
    ///
    /// # Errors
    /// `Truncated`, `Malformed`.
    pub fn next_span(&mut self) -> Result<Vec<Frame>> {
        let Some(span) = self.spans.next() else {
            let rest = self.bytes.len() - self.at;
            if rest > 0 {
                self.at = self.bytes.len();
                let what = format!("{rest} bytes after the last picture of a group");
                return Err(CodecError::Malformed { what, at: Some(self.bytes.len() - rest) });
            }
            return Ok(Vec::new());
        };
        for stage in &span.stages {
            self.exec.limits.check_time()?;
            let mut jobs = Vec::with_capacity(stage.len());
            for (slot, picture) in stage.iter().zip(&mut self.pictures) {
                let end = self.at.saturating_add(picture.len);
                let missing = CodecError::Truncated { needed: end.saturating_sub(self.bytes.len()) };
                let code = self.bytes.get(self.at..end).ok_or(missing)?;
                self.at = end;
                jobs.push((slot, picture, code));
            }
            let decoded = map_indexed(self.exec.threads, jobs.len(), |i| self.picture(jobs[i]));
            for (job, (state, contexts)) in jobs.iter().zip(decoded) {
                self.coded.put(job.0, state, contexts, ());
            }
        }
        self.ends.push(span.shown.end - 1);
        let ends = self.coded.kept_ends(&self.ends);
        let take = |display| self.coded.take_frame(display, ends.contains(&display));
        let frames = span.shown.filter_map(take).collect();
        self.coded.forget(&self.ends);
        Ok(frames)
    }

    fn picture(&self, (slot, picture, code): (&Slot, PictureHead, &[u8])) -> (FrameState, ContextSet) {
        let format = &self.format;
        let held = self.coded.references_of(slot);
        let distances = distances(slot, &held);
        let references: Vec<&FrameState> = held.iter().map(|held| &held.state).collect();
        let steps = self.head.steps(picture.step, format.depth);
        let setting = setting(format, &distances, &references, steps, self.exec.level);
        let mut state = FrameState::new(format);
        let mut contexts = self.coded.contexts_for(slot);
        let mut decoder = BitDecoder::whole(code);
        let mut walk = CodingWalk { walk: &mut decoder, contexts: &mut contexts };
        walk_picture(&mut walk, &setting, &mut state, |_, _, _| None);
        deblock(&mut state, format, picture.strength);
        (state, contexts)
    }
}

/// Pictures that are held at once must stay within the limits.
fn check_memory(head: &GroupHead, format: &Format, exec: &Exec) -> Result<()> {
    let held = head.count.min((1 << head.span_log2) + 2) as u64;
    let samples: u64 = (0..format.planes)
        .map(|plane| {
            let (width, height) = format.plane_size(plane);
            (width * height) as u64
        })
        .sum();
    if held * samples > exec.limits.samples_max {
        return Err(CodecError::Limit {
            what: "samples of the pictures of a span",
            max: exec.limits.samples_max,
        });
    }
    Ok(())
}
