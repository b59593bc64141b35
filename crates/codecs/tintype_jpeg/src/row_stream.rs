//! A sequential file in one sound scan, decoded a row of MCUs at a time.
//!
//! In: a file's bytes and structure. Out: picture rows as they become complete; two rows of MCUs
//! are held. Bit-exact, and equal to decoding the file as a whole.

use super::coefficients::check_frame;
use super::convert::{Converter, transform_rows};
use super::frame::Process;
use super::picture_shape::{CmykOutput, JpegColour};
use super::scan_decode::McuRowDecoder;
use super::structure::Structure;
use super::upsample::ComponentSamples;
use std::ops::Range;
use tintype_codec::{CodecError, Exec};
use tintype_image::{Level, Planes};

/// What a stream is made of.
#[derive(Clone, Copy)]
pub struct StreamSource<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// Its structure.
    pub structure: &'a Structure,
    /// Its colour space.
    pub colour: JpegColour,
    /// What to make of inks.
    pub cmyk: CmykOutput,
    /// Level and limits.
    pub exec: &'a Exec,
}

/// A picture that comes in rows.
pub struct RowStream<'a> {
    source: StreamSource<'a>,
    mcu_rows: McuRowDecoder<'a>,
    /// Upsampling and colour conversion.
    pub converter: Converter<'a>,
    /// Picture rows of one row of MCUs.
    step: usize,
    /// Rows of MCUs that were decoded, and picture rows that are complete.
    decoded: usize,
    complete: usize,
}

impl<'a> RowStream<'a> {
    /// At the first row; `None` for a file that has to be decoded as a whole.
    ///
    /// # Errors
    /// `Limit`, `Unsupported` for a picture beyond the limits.
    pub fn new(source: StreamSource<'a>) -> Result<Option<Self>, CodecError> {
        let StreamSource { bytes, structure, exec, .. } = source;
        let frame = &structure.frame;
        let [scan] = structure.scans.as_slice() else { return Ok(None) };
        let indices = scan.header.components.iter().map(|c| c.index);
        let streams = indices.eq(0..frame.components.len())
            && frame.process == Process::Sequential
            && !frame.arithmetic
            && !structure.damaged
            && structure.ended;
        if !streams {
            return Ok(None);
        }
        check_frame(frame, scan.data.len(), &exec.limits)?;
        let Some(mcu_rows) = McuRowDecoder::new(bytes, frame, scan, exec.level) else {
            return Ok(None);
        };
        let samples = mcu_rows.blocks.iter().enumerate().map(|(index, c)| {
            let (width, height) = frame.component_size(index);
            let (stride, kept) = (c.stride * 8, 2 * 8 * c.rows);
            ComponentSamples { stride, width, height, kept, samples: vec![0; kept * stride] }
        });
        let samples = samples.collect();
        let converter = Converter::new(frame, source.colour, source.cmyk, samples, &exec.limits)?;
        let (_, whole_y) = frame.sampling_max();
        let step = 8 * mcu_rows.blocks[0].rows * whole_y / frame.components[0].v;
        Ok(Some(Self { source, mcu_rows, converter, step, decoded: 0, complete: 0 }))
    }

    /// Whether all rows are complete.
    pub fn finished(&self) -> bool {
        self.complete == self.source.structure.frame.height
    }

    /// Most rows that [`Self::advance`] completes at once.
    pub fn rows_max(&self) -> usize {
        let frame = &self.source.structure.frame;
        frame.height.min(self.step + frame.sampling_max().1)
    }

    /// The SIMD level.
    pub fn level(&self) -> Level {
        self.source.exec.level
    }

    /// Decodes a row of MCUs; returns the picture rows that became complete, `None` for damaged
    /// data.
    ///
    /// The converter makes those rows until the next call.
    pub fn advance(&mut self) -> Option<Range<usize>> {
        if !self.mcu_rows.decode_row() {
            return None;
        }
        let structure = self.source.structure;
        let frame = &structure.frame;
        for (index, c) in self.mcu_rows.blocks.iter().enumerate() {
            let size = c.blocks.len() * 64;
            let (level, quant) = (self.source.exec.level, &structure.quant[index]);
            let out = &mut self.converter.samples[index].samples[self.decoded % 2 * size..][..size];
            transform_rows(level, &c.blocks, c.stride, quant, frame.precision, out);
        }
        self.decoded += 1;
        // The last rows are smoothed with ones that are still to come.
        let ready = self.decoded * self.step;
        let (_, whole_y) = frame.sampling_max();
        let end = if ready >= frame.height { frame.height } else { ready - whole_y };
        let rows = self.complete..end;
        self.complete = end;
        Some(rows)
    }

    /// The whole picture; `None` for damaged data.
    pub fn whole(mut self) -> Option<Planes> {
        let mut planes = self.converter.planes(self.source.structure.frame.height);
        while !self.finished() {
            let rows = self.advance()?;
            self.converter.rows(self.level(), rows.clone(), &mut planes, rows.start);
        }
        Some(self.converter.finish(planes))
    }
}
