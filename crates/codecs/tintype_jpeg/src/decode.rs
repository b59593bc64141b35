//! A JPEG file to samples and metadata.
//!
//! In: file bytes. Out: [`DecodedJpeg`]: gray, RGB, or bands, at the file's bit depth. Damaged files give what is
//! there, with a warning. Decoding is exact: integers only, equal at every level and thread count.

use super::coefficients::{check_frame, row_for_frame};
use super::colour::{rgb_from_inverted_cmyk_row, rgb_from_ycbcr_row};
use super::idct::samples_from_block;
use super::lossless;
use super::markers::{Frame, Process};
use super::metadata::{self, Adobe};
use super::read::{JpegCoefficients, read_coefficients};
use super::scan_decode::decode_rows;
use super::structure::{ScanData, Structure, structure_from_bytes};
use super::upsample::{ComponentSamples, Factors, upsample_row};
use fearless_simd::{Simd, dispatch};
use tintype_codec::{CodecError, ExecOptions, map_indexed};
use tintype_image::{
    ColourModel, Level, Limits, Metadata, Plane, PlaneInfo, PlaneRole, Planes, Shape,
};

/// What to make of pictures in four inks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CmykOutput {
    /// Plain RGB, the product of ink and black, as viewers without colour management show it.
    #[default]
    Rgb,
    /// Four bands of ink: 0 is none, where files hold 0 for full ink.
    Bands,
}

/// A decoded file.
#[derive(Clone, Debug)]
pub struct DecodedJpeg {
    /// The samples.
    pub planes: Planes,
    /// ICC, EXIF, XMP.
    pub metadata: Metadata,
    /// What was wrong with the file, in words; empty for a sound file.
    pub warnings: Vec<String>,
}

/// How components are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Colour {
    Gray,
    Rgb,
    YCbCr,
    Cmyk,
    Ycck,
    Bands,
}

/// Decodes a JPEG file.
///
/// # Errors
/// `Malformed`, `Truncated`, `Unsupported`, `Limit`.
pub fn decode_jpeg(
    bytes: &[u8],
    inks: CmykOutput,
    exec: &ExecOptions,
) -> Result<DecodedJpeg, CodecError> {
    let structure = structure_from_bytes(bytes, ScanData::Present)?;
    if structure.frame.process == Process::Lossless {
        let (samples, damaged) = lossless::decode(bytes, &structure, &exec.limits)?;
        return assemble(bytes, &structure, samples, !damaged, inks, exec);
    }
    if exec.threads.count() == 1
        && let Some(decoded) = streamed(bytes, &structure, inks, exec, None)?
    {
        return Ok(decoded);
    }
    let file = read_coefficients(bytes, exec.level, &exec.limits)?;
    let samples = samples_from_coefficients(&file, exec);
    assemble(bytes, &file.structure, samples, file.complete(), inks, exec)
}

/// Takes a picture's shape and, for each of its planes, the samples of the next rows: one or more, `width_px` samples each,
/// row after row.
pub type TakeRows<'a> = dyn FnMut(&Shape, &[&[u16]]) + 'a;

/// Decodes a JPEG file some rows at a time, without holding the picture. Gives metadata and warnings; `None` for files that need to be held (several scans, arithmetic code,
/// lossless, damage): what `take` got is then of no use.
///
/// # Errors
/// As [`decode_jpeg`].
pub fn decode_jpeg_rows(
    bytes: &[u8],
    inks: CmykOutput,
    exec: &ExecOptions,
    take: &mut TakeRows<'_>,
) -> Result<Option<(Metadata, Vec<String>)>, CodecError> {
    let structure = structure_from_bytes(bytes, ScanData::Present)?;
    let done = streamed(bytes, &structure, inks, exec, Some(take))?;
    Ok(done.map(|decoded| (decoded.metadata, decoded.warnings)))
}

/// The shape that [`decode_jpeg`] gives, from the headers alone.
///
/// # Errors
/// As [`decode_jpeg`].
pub fn shape_of_jpeg(bytes: &[u8], inks: CmykOutput, limits: &Limits) -> Result<Shape, CodecError> {
    let structure = structure_from_bytes(bytes, ScanData::Present)?;
    let notes = metadata::read(bytes, &structure, limits);
    let shape =
        shape_of(&structure.frame, colour_of(&structure.frame, notes.jfif, notes.adobe), inks);
    shape.check(limits).map_err(|e| CodecError::Unsupported { what: e.to_string() })?;
    Ok(shape)
}

/// Transforms every component to samples.
fn samples_from_coefficients(file: &JpegCoefficients, exec: &ExecOptions) -> Vec<ComponentSamples> {
    let frame = &file.structure.frame;
    let parts = file.components.iter().enumerate().map(|(index, c)| {
        let rows_each = if exec.threads.count() == 1 { c.rows.max(1) } else { 16 };
        let pieces = map_indexed(exec.threads, c.rows.div_ceil(rows_each), |piece| {
            let rows = piece * rows_each..((piece + 1) * rows_each).min(c.rows);
            let blocks = &c.blocks[rows.start * c.stride..rows.end * c.stride];
            let mut out = vec![0u16; blocks.len() * 64];
            transform_rows(
                exec.level,
                blocks,
                c.stride,
                &file.structure.quant[index],
                frame.precision,
                &mut out,
            );
            out
        });
        let (width, height) = frame.component_size(index);
        let samples = if pieces.len() == 1 {
            pieces.into_iter().next().unwrap_or_default()
        } else {
            pieces.concat()
        };
        ComponentSamples { stride: c.stride * 8, width, height, kept: usize::MAX, samples }
    });
    parts.collect()
}

/// Decodes a sequential file in one sound scan row by row, holding two rows of MCUs beside the picture; else `None`. With
/// `take` the picture goes there and is not held: it comes back without planes.
///
/// # Errors
/// As [`decode_jpeg`].
fn streamed(
    bytes: &[u8],
    structure: &Structure,
    inks: CmykOutput,
    exec: &ExecOptions,
    mut take: Option<&mut TakeRows<'_>>,
) -> Result<Option<DecodedJpeg>, CodecError> {
    let frame = &structure.frame;
    let [plan] = structure.scans.as_slice() else { return Ok(None) };
    let whole = plan.header.components.iter().map(|c| c.index).eq(0..frame.components.len());
    if !whole
        || frame.process != Process::Sequential
        || frame.arithmetic
        || structure.damaged
        || !structure.ended
    {
        return Ok(None);
    }
    check_frame(frame, plan.data.len(), &exec.limits)?;
    let mut row = row_for_frame(frame);
    let samples = row.iter().enumerate().map(|(index, c)| {
        let (width, height) = frame.component_size(index);
        let (stride, kept) = (c.stride * 8, 2 * 8 * c.rows);
        ComponentSamples { stride, width, height, kept, samples: vec![0; kept * stride] }
    });
    let notes = metadata::read(bytes, structure, &exec.limits);
    let mut convert = Convert::new(frame, &notes, inks, samples.collect(), exec)?;
    let (_, whole_y) = frame.sampling_max();
    let step = 8 * row[0].rows * whole_y / frame.components[0].v;
    let held = if take.is_some() { frame.height.min(step + whole_y) } else { frame.height };
    let mut planes = convert.planes(held);
    let mut made = 0;
    let sound = decode_rows(bytes, frame, plan, exec.level, &mut row, |y, row| {
        for (index, (c, out)) in row.iter().zip(&mut convert.samples).enumerate() {
            let size = c.blocks.len() * 64;
            let out = &mut out.samples[y % 2 * size..][..size];
            transform_rows(
                exec.level,
                &c.blocks,
                c.stride,
                &structure.quant[index],
                frame.precision,
                out,
            );
        }
        // The last rows are smoothed with ones that are still to come.
        let ready = (y + 1) * step;
        let rows = made..if ready >= frame.height { frame.height } else { ready - whole_y };
        made = rows.end;
        let Some(take) = &mut take else {
            convert.rows(exec.level, rows.clone(), &mut planes, rows.start);
            return;
        };
        convert.rows(exec.level, rows.clone(), &mut planes, 0);
        let samples = rows.len() * frame.width;
        let shown: Vec<&[u16]> =
            planes.iter().take(convert.shape.planes.len()).map(|plane| &plane[..samples]).collect();
        take(&convert.shape, &shown);
    });
    if take.is_some() {
        planes.clear();
        convert.shape.planes.clear();
    }
    Ok(sound.then(|| convert.finish(planes, notes, true)))
}

fn transform_rows(
    level: Level,
    blocks: &[[i16; 64]],
    stride: usize,
    quant: &[u16; 64],
    precision: u8,
    out: &mut [u16],
) {
    let quant = quant.map(i32::from);
    dispatch!(level, simd => simd.vectorize(#[inline(always)] || {
        for (row, line) in blocks.chunks_exact(stride).zip(out.chunks_exact_mut(stride * 64)) {
            for (x, block) in row.iter().enumerate() {
                samples_from_block(simd, block, &quant, precision, &mut line[8 * x..], 8 * stride);
            }
        }
    }));
}

fn colour_of(frame: &Frame, jfif: bool, adobe: Option<Adobe>) -> Colour {
    let ids: Vec<u8> = frame.components.iter().map(|c| c.id).collect();
    match (frame.components.len(), adobe) {
        (1, _) => Colour::Gray,
        (3, _) if frame.process == Process::Lossless && adobe.is_none() && !jfif => Colour::Rgb,
        (3, _) if jfif => Colour::YCbCr,
        (3, Some(Adobe { transform: 0 })) => Colour::Rgb,
        (3, None) if ids == *b"RGB" => Colour::Rgb,
        (3, _) => Colour::YCbCr,
        (4, Some(Adobe { transform: 2 })) => Colour::Ycck,
        (4, _) => Colour::Cmyk,
        _ => Colour::Bands,
    }
}

fn assemble(
    bytes: &[u8],
    structure: &Structure,
    samples: Vec<ComponentSamples>,
    complete: bool,
    inks: CmykOutput,
    exec: &ExecOptions,
) -> Result<DecodedJpeg, CodecError> {
    let frame = &structure.frame;
    let notes = metadata::read(bytes, structure, &exec.limits);
    let convert = Convert::new(frame, &notes, inks, samples, exec)?;
    let rows_each = if exec.threads.count() == 1 { frame.height.max(1) } else { 64 };
    let bands = map_indexed(exec.threads, frame.height.div_ceil(rows_each), |band| {
        let rows = band * rows_each..((band + 1) * rows_each).min(frame.height);
        let mut planes = convert.planes(rows.len());
        convert.rows(exec.level, rows, &mut planes, 0);
        planes
    });
    let mut bands = bands.into_iter();
    let mut joined: Vec<Vec<u16>> = bands.next().unwrap_or_default();
    for band in bands {
        for (plane, part) in joined.iter_mut().zip(band) {
            plane.extend_from_slice(&part);
        }
    }
    Ok(convert.finish(joined, notes, complete))
}

fn shape_of(frame: &Frame, colour: Colour, inks: CmykOutput) -> Shape {
    let (w, h, depth) = (frame.width, frame.height, frame.precision);
    let named = |names: &[&str]| {
        let info =
            |n: &&str| PlaneInfo { name: (*n).into(), ..PlaneInfo::new(PlaneRole::Band, depth) };
        Shape {
            width_px: w,
            height_px: h,
            colour: ColourModel::Bands,
            planes: names.iter().map(info).collect(),
        }
    };
    match (colour, inks) {
        (Colour::Gray, _) => Shape::gray(w, h, depth),
        (Colour::Rgb | Colour::YCbCr, _) | (Colour::Cmyk | Colour::Ycck, CmykOutput::Rgb) => {
            Shape::rgb(w, h, depth)
        }
        (Colour::Cmyk | Colour::Ycck, CmykOutput::Bands) => {
            named(&["cyan", "magenta", "yellow", "black"])
        }
        (Colour::Bands, _) => named(&["1", "2", "3", "4"][..frame.components.len()]),
    }
}

/// Upsampling and colour conversion of a picture.
struct Convert<'a> {
    frame: &'a Frame,
    colour: Colour,
    inks: CmykOutput,
    shape: Shape,
    samples: Vec<ComponentSamples>,
}

impl<'a> Convert<'a> {
    /// # Errors
    /// `Unsupported` if the picture is beyond the limits.
    fn new(
        frame: &'a Frame,
        notes: &metadata::Notes,
        inks: CmykOutput,
        samples: Vec<ComponentSamples>,
        exec: &ExecOptions,
    ) -> Result<Self, CodecError> {
        let colour = colour_of(frame, notes.jfif, notes.adobe);
        let shape = shape_of(frame, colour, inks);
        shape.check(&exec.limits).map_err(|e| CodecError::Unsupported { what: e.to_string() })?;
        Ok(Self { frame, colour, inks, shape, samples })
    }

    /// Room for `rows` rows of every component; each plane is zeroed by itself, so that its pages come when they are written.
    fn planes(&self, rows: usize) -> Vec<Vec<u16>> {
        self.samples.iter().map(|_| vec![0; self.frame.width * rows]).collect()
    }

    /// Full-size rows of every component, the first ones converted to the outputs, from line `line` of `planes` on.
    fn rows(
        &self,
        level: Level,
        rows: std::ops::Range<usize>,
        planes: &mut [Vec<u16>],
        line: usize,
    ) {
        let width = self.frame.width;
        dispatch!(level, simd => simd.vectorize(#[inline(always)] || {
            let mut scratch = Vec::new();
            for (line, y) in (line..).zip(rows) {
                let row = line * width..(line + 1) * width;
                for (index, plane) in planes.iter_mut().enumerate() {
                    upsample_row(&self.samples[index], self.factors(index), y, &mut plane[row.clone()], &mut scratch);
                }
                self.convert_row(planes, row);
            }
        }));
    }

    fn finish(self, planes: Vec<Vec<u16>>, notes: metadata::Notes, complete: bool) -> DecodedJpeg {
        let fits = |samples| {
            Plane::from_vec(self.frame.width, self.frame.height, samples)
                .expect("every row was made")
        };
        let planes = planes.into_iter().take(self.shape.planes.len()).map(fits).collect();
        let mut warnings = notes.warnings;
        if !complete {
            warnings.push("the file is damaged or cut off; what could be decoded is shown".into());
        }
        DecodedJpeg {
            planes: Planes { shape: self.shape, planes },
            metadata: notes.metadata,
            warnings,
        }
    }

    fn factors(&self, index: usize) -> Factors {
        let (whole_x, whole_y) = self.frame.sampling_max();
        let c = &self.frame.components[index];
        Factors { part_x: c.h, whole_x, part_y: c.v, whole_y }
    }

    #[inline(always)]
    fn convert_row(&self, planes: &mut [Vec<u16>], row: std::ops::Range<usize>) {
        let max = ((1u32 << self.frame.precision) - 1) as u16;
        let [a, b, c, rest @ ..] = planes else { return };
        let (a, b, c) = (&mut a[row.clone()], &mut b[row.clone()], &mut c[row.clone()]);
        if matches!(self.colour, Colour::YCbCr | Colour::Ycck) {
            rgb_from_ycbcr_row(a, b, c, max);
        }
        if self.colour == Colour::Ycck {
            // YCCK holds inverted inks as RGB.
            for plane in [&mut *a, &mut *b, &mut *c] {
                plane.iter_mut().for_each(|v| *v = max - *v);
            }
        }
        if matches!(self.colour, Colour::Cmyk | Colour::Ycck)
            && let [k, ..] = rest
        {
            let k = &mut k[row];
            if self.inks == CmykOutput::Rgb {
                rgb_from_inverted_cmyk_row(a, b, c, k, max);
            } else {
                [a, b, c, k].into_iter().flatten().for_each(|v| *v = max - *v);
            }
        }
    }
}
