//! Groups of pictures of which every sample comes back.
//!
//! In: [`Planes`] of one shape, and a codec for still pictures without loss. Out: the bytes of a group, and back. A
//! picture is cut into blocks of 16 × 16. A block is copied from one of the last four pictures, from anywhere, or it is new.
//! The new blocks of some pictures stand on one *sheet*, which the codec for still pictures codes: its contexts
//! learn from picture to picture. Bit-exact; any bytes give pictures or an error.
//!
//! Source: our own format, docs/format/video.md ("Exact groups"). Copies of screen content from earlier pictures are an
//! old idea (T. Richardson, RFC 6143, CopyRect).

mod copies;
mod matches;
mod sheet;

use crate::group::{PICTURES_MAX, read_number, write_number};
use copies::{Block, CopyModel, Grid, REFERENCES, walk_copies};
use matches::Matcher;
use sheet::Layout;
use std::collections::VecDeque;
use tintype_codec::{
    Codec, CodecError, DecodeRequest, EncodeSettings, Exec, Payload, PayloadView, Result, SectionKey,
    SectionView, Target,
};
use tintype_entropy::{BitDecoder, BitEncoder, BitWalk};
use tintype_image::{Planes, Shape};

/// A sheet is closed when it has so many blocks: 2 million samples of the first plane. Not measured.
const SHEET_BLOCKS: usize = 1 << 13;

/// Encodes an exact group picture by picture. It holds four pictures, and the new blocks of a sheet.
#[derive(Debug)]
pub struct ExactEncoder {
    shape: Shape,
    grid: Grid,
    settings: EncodeSettings,
    exec: Exec,
    model: CopyModel,
    out: Vec<u8>,
    /// Pictures of the group so far.
    count: usize,
    /// The last pictures, the newest first.
    history: VecDeque<Planes>,
    /// What the pictures of the sheet at hand consist of, and the samples of their new blocks.
    plans: Vec<Vec<Block>>,
    fresh: Vec<Vec<u16>>,
    /// How many blocks of the sheet are new.
    blocks: usize,
}

impl ExactEncoder {
    /// Of pictures of `shape`, at an effort of 1 to 9.
    pub fn new(shape: &Shape, effort: u8, exec: &Exec) -> Self {
        Self {
            shape: shape.clone(),
            grid: Grid::of(shape),
            settings: EncodeSettings { target: Target::Lossless, effort, ..EncodeSettings::default() },
            exec: *exec,
            model: CopyModel::default(),
            out: Vec::new(),
            count: 0,
            history: VecDeque::new(),
            plans: Vec::new(),
            fresh: Vec::new(),
            blocks: 0,
        }
    }

    /// How many pictures it was given since the group began.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Takes a picture, at most 256 in a group; new blocks are coded by `codec`.
    ///
    /// # Errors
    /// Those of `codec`; `Misuse` for a picture of another shape, or too many.
    pub fn push(&mut self, picture: &Planes, codec: &dyn Codec) -> Result<()> {
        if picture.shape != self.shape || self.count == PICTURES_MAX {
            return Err(CodecError::Misuse { what: "a picture of another shape, or too many".into() });
        }
        let matcher = Matcher { grid: &self.grid, picture, references: &self.history };
        let plan = matcher.plan();
        let new = (0..plan.len()).filter(|&index| plan[index] == Block::New);
        let mut fresh = Vec::new();
        for index in new {
            self.blocks += 1;
            for (plane, at, _, len) in self.grid.rows(index, Default::default()) {
                fresh.extend_from_slice(&picture.planes[plane].row(at.1)[at.0..][..len]);
            }
        }
        self.plans.push(plan);
        self.fresh.push(fresh);
        self.count += 1;
        self.history.truncate(REFERENCES - 1);
        self.history.push_front(picture.clone());
        if self.blocks >= SHEET_BLOCKS { self.close_sheet(codec) } else { Ok(()) }
    }

    /// The bytes of the group; the next picture begins another.
    ///
    /// # Errors
    /// Those of `codec`.
    pub fn finish(&mut self, codec: &dyn Codec) -> Result<Vec<u8>> {
        self.close_sheet(codec)?;
        self.history.clear();
        self.model = CopyModel::default();
        self.count = 0;
        Ok(std::mem::take(&mut self.out))
    }

    fn close_sheet(&mut self, codec: &dyn Codec) -> Result<()> {
        if self.plans.is_empty() {
            return Ok(());
        }
        let (mut plans, fresh) = (std::mem::take(&mut self.plans), std::mem::take(&mut self.fresh));
        self.blocks = 0;
        let start = self.count - plans.len();
        let mut encoder = BitEncoder::new();
        for (number, plan) in plans.iter_mut().enumerate() {
            let before = (start + number).min(REFERENCES);
            walk_copies(&mut encoder, &mut self.model, &self.grid, before, plan);
        }
        let code = encoder.finish();
        write_number(&mut self.out, plans.len());
        write_number(&mut self.out, code.len());
        self.out.extend(code);
        let layout = Layout::of(&self.grid, &plans);
        if !layout.is_empty() {
            let sheet = layout.filled(&self.grid, &self.shape, &fresh);
            write_payload(&mut self.out, &codec.encode(&sheet, &self.settings, &self.exec)?);
        }
        Ok(())
    }
}

fn write_payload(out: &mut Vec<u8>, payload: &Payload) {
    write_number(out, payload.header.len());
    out.extend(&payload.header);
    write_number(out, payload.sections.len());
    for section in &payload.sections {
        write_number(out, section.bytes.len());
        out.extend(&section.bytes);
    }
}

/// Decodes an exact group picture by picture. It holds five pictures and a sheet.
pub struct ExactDecoder<'a> {
    bytes: Vec<u8>,
    at: usize,
    shape: Shape,
    grid: Grid,
    codec: &'a dyn Codec,
    exec: Exec,
    model: CopyModel,
    /// Pictures that are still to come.
    left: usize,
    /// The last pictures, the newest first.
    history: VecDeque<Planes>,
    /// What is new in the pictures of the sheet at hand.
    sheet: Option<(Layout, Planes)>,
    plans: std::iter::Enumerate<std::vec::IntoIter<Vec<Block>>>,
}

impl std::fmt::Debug for ExactDecoder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExactDecoder").field("at", &self.at).field("left", &self.left).finish()
    }
}

impl<'a> ExactDecoder<'a> {
    /// Of a group of `count` pictures of `shape`, whose new blocks `codec` coded.
    ///
    /// # Errors
    /// `Limit`.
    pub fn new(
        bytes: Vec<u8>,
        shape: &Shape,
        count: usize,
        codec: &'a dyn Codec,
        exec: &Exec,
    ) -> Result<Self> {
        shape.check(&exec.limits)?;
        let held = shape.samples().saturating_mul(REFERENCES as u64 + 2);
        if held > exec.limits.samples_max || count > PICTURES_MAX {
            return Err(CodecError::Limit {
                what: "samples of a clip's pictures",
                max: exec.limits.samples_max,
            });
        }
        Ok(Self {
            bytes,
            at: 0,
            shape: shape.clone(),
            grid: Grid::of(shape),
            codec,
            exec: *exec,
            model: CopyModel::default(),
            left: count,
            history: VecDeque::new(),
            sheet: None,
            plans: Vec::new().into_iter().enumerate(),
        })
    }

    /// The next picture; none after the last.
    ///
    /// # Errors
    /// `Truncated`, `Malformed`, `Limit`; those of the codec.
    pub fn next_picture(&mut self) -> Result<Option<Planes>> {
        let (number, plan) = loop {
            if let Some(next) = self.plans.next() {
                break next;
            }
            if self.left == 0 {
                return Ok(None);
            }
            self.read_sheet()?;
        };
        self.exec.limits.check_time()?;
        let mut picture = Planes::new(self.shape.clone());
        for (index, block) in plan.iter().enumerate() {
            if let Block::Copy(copy) = block {
                let from = self.history.get(usize::from(copy.reference));
                let from = from.filter(|_| self.grid.reaches(index, copy)).ok_or_else(|| {
                    CodecError::Malformed {
                        what: "a copy from outside a picture".into(),
                        at: Some(self.at),
                    }
                })?;
                self.grid.copy(index, copy, from, &mut picture);
            }
        }
        if let Some((layout, sheet)) = &self.sheet {
            layout.take(&self.grid, number, sheet, &mut picture);
        }
        self.history.truncate(REFERENCES - 1);
        self.history.push_front(picture.clone());
        self.left -= 1;
        Ok(Some(picture))
    }

    fn part(&mut self) -> Result<std::ops::Range<usize>> {
        let len = read_number(&self.bytes, &mut self.at)?;
        let end = self.at.saturating_add(len);
        if end > self.bytes.len() {
            return Err(CodecError::Truncated { needed: end - self.bytes.len() });
        }
        let part = self.at..end;
        self.at = end;
        Ok(part)
    }

    fn read_sheet(&mut self) -> Result<()> {
        let malformed = |what: String, at| CodecError::Malformed { what, at: Some(at) };
        let count = read_number(&self.bytes, &mut self.at)?;
        if count == 0 || count > self.left {
            return Err(malformed(
                format!("a sheet of {count} pictures, {} are left", self.left),
                self.at,
            ));
        }
        let code = self.part()?;
        let mut decoder = BitDecoder::whole(&self.bytes[code]);
        let mut plans = Vec::with_capacity(count);
        for number in 0..count {
            let mut plan = vec![Block::New; self.grid.len()];
            let before = (self.history.len() + number).min(REFERENCES);
            walk_copies(&mut decoder, &mut self.model, &self.grid, before, &mut plan);
            if decoder.exhausted() {
                return Err(CodecError::Truncated { needed: 1 });
            }
            plans.push(plan);
        }
        let layout = Layout::of(&self.grid, &plans);
        self.plans = plans.into_iter().enumerate();
        self.sheet = None;
        if !layout.is_empty() {
            let shape = layout.shape(&self.grid, &self.shape);
            shape.check(&self.exec.limits)?;
            let header = self.part()?;
            let sections = read_number(&self.bytes, &mut self.at)?;
            let mut views = Vec::new();
            for tile in 0..sections.min(self.bytes.len()) as u32 {
                let part = self.part()?;
                views.push((tile, part));
            }
            let section = |(tile, part): (u32, std::ops::Range<usize>)| SectionView {
                key: SectionKey { tile, layer: 0 },
                bytes: &self.bytes[part],
                complete: true,
            };
            let view = PayloadView {
                shape: &shape,
                header: &self.bytes[header],
                sections: views.into_iter().map(section).collect(),
                cut_off: false,
            };
            let sheet = self.codec.decode(&view, &DecodeRequest::default(), &self.exec)?;
            self.sheet = Some((layout, sheet));
        }
        if count == self.left && self.at != self.bytes.len() {
            return Err(malformed("bytes after the last picture of a group".into(), self.at));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
