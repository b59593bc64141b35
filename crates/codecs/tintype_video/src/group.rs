//! A group of pictures: its head, and the pictures that are held while it is coded. Bit-exact.
//!
//! A group needs nothing of another one. Its head has the number of pictures, the span and the chroma's
//! step; then for each picture in coding order its step index, the strength of its smoothing and the length of its code;
//! then the codes.

use crate::candidates::Distances;
use crate::frame::{Format, Frame, FrameState};
use crate::order::Slot;
use crate::reconstruct::Setting;
use crate::symbols::{Around, fresh_contexts};
use crate::transform::{STEP_MAX, step_q6};
use fearless_simd::Level;
use tintype_block::ContextSet;
use tintype_codec::{CodecError, Result};

/// Most pictures of a group.
pub const PICTURES_MAX: usize = 256;
/// Largest logarithm of a span.
pub const SPAN_LOG2_MAX: u8 = 5;

/// What holds for a whole group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupHead {
    /// Pictures.
    pub count: usize,
    /// Logarithm of the pictures of a span.
    pub span_log2: u8,
    /// What is added to step indices for chroma.
    pub chroma_offset: i8,
}

/// A picture's place in the group's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureHead {
    /// Index of its step.
    pub step: u8,
    /// Strength of its smoothing.
    pub strength: u8,
    /// Bytes of its code.
    pub len: usize,
}

pub fn write_number(out: &mut Vec<u8>, mut number: usize) {
    while number > 127 {
        out.push((number & 127) as u8 | 128);
        number >>= 7;
    }
    out.push(number as u8);
}

fn read_byte(bytes: &[u8], at: &mut usize) -> Result<u8> {
    let byte = bytes.get(*at).copied().ok_or(CodecError::Truncated { needed: 1 })?;
    *at += 1;
    Ok(byte)
}

pub fn read_number(bytes: &[u8], at: &mut usize) -> Result<usize> {
    let mut number = 0usize;
    for shift in [0, 7, 14, 21] {
        let byte = read_byte(bytes, at)?;
        number |= usize::from(byte & 127) << shift;
        if byte & 128 == 0 {
            return Ok(number);
        }
    }
    Err(CodecError::Malformed {
        what: "number of more than four bytes in a group's head".into(),
        at: Some(*at),
    })
}

impl GroupHead {
    /// The head, and the heads of its pictures in coding order.
    pub fn write(&self, pictures: &[PictureHead]) -> Vec<u8> {
        let mut out = Vec::new();
        write_number(&mut out, self.count);
        out.extend([self.span_log2, self.chroma_offset as u8]);
        for picture in pictures {
            out.extend([picture.step, picture.strength]);
            write_number(&mut out, picture.len);
        }
        out
    }

    /// Reads what [`GroupHead::write`] wrote, and where the codes begin.
    ///
    /// # Errors
    /// `Truncated`, `Malformed`, `Limit`.
    pub fn read(bytes: &[u8]) -> Result<(Self, Vec<PictureHead>, usize)> {
        let mut at = 0;
        let count = read_number(bytes, &mut at)?;
        if count > PICTURES_MAX {
            return Err(CodecError::Limit { what: "pictures of a group", max: PICTURES_MAX as u64 });
        }
        let malformed = |what: String, at: usize| CodecError::Malformed { what, at: Some(at) };
        let span_log2 = read_byte(bytes, &mut at)?;
        if count == 0 || span_log2 > SPAN_LOG2_MAX {
            return Err(malformed(format!("group of {count} pictures, span 2^{span_log2}"), 0));
        }
        let chroma_offset = read_byte(bytes, &mut at)? as i8;
        let mut pictures = Vec::with_capacity(count);
        for _ in 0..count {
            let (step, strength) = (read_byte(bytes, &mut at)?, read_byte(bytes, &mut at)?);
            if step > STEP_MAX || strength > crate::deblock::STRENGTH_MAX {
                return Err(malformed(format!("picture with step {step}, strength {strength}"), at - 2));
            }
            pictures.push(PictureHead { step, strength, len: read_number(bytes, &mut at)? });
        }
        Ok((Self { count, span_log2, chroma_offset }, pictures, at))
    }

    /// Steps of luma and chroma of a picture.
    pub fn steps(&self, step: u8, depth: u8) -> [i32; 2] {
        let chroma = (i32::from(step) + i32::from(self.chroma_offset)).clamp(0, i32::from(STEP_MAX));
        [step_q6(step, depth), step_q6(chroma as u8, depth)]
    }
}

/// A coded picture, for those that refer to it.
#[derive(Debug)]
pub struct Held<T> {
    /// Samples and motion.
    pub state: FrameState,
    /// Display places of its references.
    pub references: Vec<i32>,
    /// What else is kept of it.
    pub more: T,
}

/// The pictures of a group while it is coded, by display place.
#[derive(Debug)]
pub struct Coded<T> {
    held: Vec<Option<Held<T>>>,
    contexts: Vec<Option<ContextSet>>,
}

impl<T> Coded<T> {
    /// None yet, of `count`.
    pub fn new(count: usize) -> Self {
        Self { held: (0..count).map(|_| None).collect(), contexts: (0..count).map(|_| None).collect() }
    }

    /// Keeps a picture.
    pub fn put(&mut self, slot: &Slot, state: FrameState, contexts: ContextSet, more: T) {
        let references = slot.references.iter().map(|&at| at as i32).collect();
        self.held[slot.display] = Some(Held { state, references, more });
        self.contexts[slot.display] = Some(contexts);
    }

    /// Keeps the contexts of a picture that none refers to.
    pub fn put_contexts(&mut self, slot: &Slot, contexts: ContextSet) {
        self.contexts[slot.display] = Some(contexts);
    }

    /// The picture at a place.
    pub fn at(&self, display: usize) -> Option<&Held<T>> {
        self.held[display].as_ref()
    }

    /// The ends of spans that later spans refer to.
    pub fn kept_ends<'a>(&self, ends: &'a [usize]) -> &'a [usize] {
        &ends[ends.len().saturating_sub(2)..]
    }

    /// The samples of a picture; those of one that is `kept` are copied.
    pub fn take_frame(&mut self, display: usize, kept: bool) -> Option<Frame> {
        if kept {
            return self.at(display).map(|held| held.state.frame.clone());
        }
        self.held[display].take().map(|held| held.state.frame)
    }

    /// Forgets what no later span refers to: of the spans up to that with the last of `ends` all but the last two ends.
    pub fn forget(&mut self, ends: &[usize]) {
        let kept = self.kept_ends(ends);
        let before = ends.last().map_or(0, |end| end + 1);
        for (display, held) in self.held.iter_mut().enumerate().take(before) {
            if !kept.contains(&display) {
                *held = None;
            }
        }
    }

    /// The contexts that a picture starts from.
    pub fn contexts_for(&self, slot: &Slot) -> ContextSet {
        slot.parent.and_then(|parent| self.contexts[parent].clone()).unwrap_or_else(fresh_contexts)
    }

    /// The references of a picture.
    pub fn references_of(&self, slot: &Slot) -> Vec<&Held<T>> {
        slot.references.iter().filter_map(|&at| self.at(at)).collect()
    }
}

/// The distances of a picture.
pub fn distances<T>(slot: &Slot, references: &[&Held<T>]) -> Distances {
    Distances {
        display: slot.display as i32,
        references: slot.references.iter().map(|&at| at as i32).collect(),
        beyond: references.first().map(|held| held.references.clone()).unwrap_or_default(),
    }
}

/// What the blocks of a picture depend on.
pub fn setting<'a>(
    format: &'a Format,
    distances: &'a Distances,
    references: &'a [&'a FrameState],
    steps: [i32; 2],
    level: Level,
) -> Setting<'a> {
    let around = Around { format, first: references.first().copied(), distances };
    Setting { around, references, steps, level }
}
