//! Portable any-map (P1 to P6) and portable arbitrary map (P7), plain and raw, 1 to 16 bits.
//!
//! A maximal value of `2^n - 1` gives planes of n bits with the samples of the file. Another
//! maximal value is kept in [`Metadata::other`] under `pnm:maxval`, in decimal digits, and
//! samples are scaled up to the next such range; writing scales them back, which restores every
//! sample. Of several pictures in a row the first is read unless another is asked for. Writing:
//! 1-bit gray becomes P4, else P5 or P6, or P7 for PAM.
//!
//! Source: the Netpbm format descriptions pbm(5), pgm(5), ppm(5), pam(5).

use super::interleave::{Interleaved, pack_row, packed_len_bytes, put_row, unpack_row};
use super::reading::Reading;
use crate::{ColourModel, ImageError, Limits, Metadata, Picture, PlaneInfo, PlaneRole, Planes, Shape};
use std::io::Write;

/// The item of metadata that holds a maximal value other than `2^n - 1`.
const MAXVAL: &str = "pnm:maxval";

/// `sample` of `0..=from` on the scale of `0..=to`, to the nearest.
fn rescaled(sample: u16, from: u16, to: u16) -> u16 {
    ((u32::from(sample) * u32::from(to) + u32::from(from) / 2) / u32::from(from)) as u16
}

/// The maximal value to write for samples of `bits` bits: that of the file the picture came from,
/// if it lies in the range of this depth.
fn written_maxval(metadata: &Metadata, bits: u8) -> u16 {
    let full = ((1u32 << bits) - 1) as u16;
    let item = metadata.other.iter().find(|(name, _)| name == MAXVAL);
    let kept = item.and_then(|(_, text)| std::str::from_utf8(text).ok()?.parse().ok());
    kept.filter(|maxval| (full / 2 + 1..full).contains(maxval)).unwrap_or(full)
}

struct Header {
    shape: Shape,
    maxval: u16,
    encoding: Encoding,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// Decimal numbers; for bitmaps single digits that need no space between.
    Plain { bitmap: bool },
    /// One bit a sample, 1 is black, rows padded to bytes.
    RawBits,
    /// One or two bytes a sample.
    Raw,
}

/// Reads a picture of a file of P1 to P7, the first unless another is asked for.
pub(super) fn read(bytes: &[u8], limits: &Limits, reading: &mut Reading) -> Result<Picture, ImageError> {
    let (first, mut end) = read_one(bytes, 0, limits)?;
    let mut starts = vec![0];
    // Pictures follow one another without a mark; what looks like none ends the list.
    while starts.len() < PICTURES_MAX
        && let Some(start) = next_start(bytes, end)
        && let Ok((_, next_end)) = read_one(bytes, start, limits)
    {
        starts.push(start);
        end = next_end;
    }
    match reading.choose(0, starts.len(), "picture")? {
        0 => Ok(first),
        wanted => Ok(read_one(bytes, starts[wanted], limits)?.0),
    }
}

/// The most pictures counted; further ones are ignored.
const PICTURES_MAX: usize = 10_000;

/// Where the next picture starts, at `at` or behind white space.
fn next_start(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let start = at + rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let format = super::PictureFormat::detect(&bytes[start..])?;
    matches!(format, super::PictureFormat::Pnm | super::PictureFormat::Pam).then_some(start)
}

/// The picture that starts at byte `start`, and where it ends.
fn read_one(bytes: &[u8], start: usize, limits: &Limits) -> Result<(Picture, usize), ImageError> {
    let mut cursor = Cursor { bytes, at: start + 2 };
    let header = if bytes[start + 1] == b'7' {
        pam_header(&mut cursor, limits)?
    } else {
        pnm_header(&mut cursor, bytes[start + 1])?
    };
    header.shape.check(limits)?;
    let count = header.shape.width_px * header.shape.planes.len();
    let row_len = match header.encoding {
        Encoding::Plain { .. } => count,
        Encoding::RawBits => packed_len_bytes(count, 1),
        Encoding::Raw => packed_len_bytes(count, if header.maxval > 255 { 16 } else { 8 }),
    };
    let needed = row_len.saturating_mul(header.shape.height_px);
    let left = bytes.len().saturating_sub(cursor.at);
    if left < needed {
        return Err(ImageError::Truncated { needed: needed - left });
    }
    let mut planes = Planes::new(header.shape);
    let range_max = planes.shape.planes[0].sample_max();
    let mut samples = vec![0u16; count];
    for y in 0..planes.shape.height_px {
        let start = cursor.at;
        read_row(&mut cursor, header.encoding, header.maxval, row_len, &mut samples)?;
        for sample in &mut samples {
            if *sample > header.maxval {
                let what =
                    format!("sample {sample} above the maximal value {} in row {y}", header.maxval);
                return Err(ImageError::Malformed { what, at: Some(start) });
            }
            if header.maxval != range_max {
                *sample = rescaled(*sample, header.maxval, range_max);
            }
        }
        put_row(&mut planes, y, &samples);
    }
    let mut metadata = Metadata::default();
    if header.maxval != range_max {
        metadata.other.push((MAXVAL.into(), header.maxval.to_string().into_bytes()));
    }
    Ok((Picture { planes, metadata }, cursor.at))
}

fn read_row(
    cursor: &mut Cursor<'_>,
    encoding: Encoding,
    maxval: u16,
    len: usize,
    out: &mut [u16],
) -> Result<(), ImageError> {
    match encoding {
        Encoding::Plain { bitmap } => {
            for sample in out {
                *sample = if bitmap { 1 - cursor.bit()? } else { cursor.number()?.min(65_535) as u16 };
            }
        }
        Encoding::RawBits => {
            unpack_row(cursor.take(len)?, 1, out);
            out.iter_mut().for_each(|s| *s = 1 - *s);
        }
        Encoding::Raw => unpack_row(cursor.take(len)?, if maxval > 255 { 16 } else { 8 }, out),
    }
    Ok(())
}

fn depth_of(maxval: u32, at: usize) -> Result<(u16, u8), ImageError> {
    match u16::try_from(maxval) {
        Ok(max @ 1..) => Ok((max, (u16::BITS - max.leading_zeros()) as u8)),
        _ => Err(ImageError::Malformed {
            what: format!("maximal value {maxval} (1 to 65535 are possible)"),
            at: Some(at),
        }),
    }
}

fn pnm_header(cursor: &mut Cursor<'_>, kind: u8) -> Result<Header, ImageError> {
    let (width, height) = (cursor.number()? as usize, cursor.number()? as usize);
    let bitmap = matches!(kind, b'1' | b'4');
    let (maxval, bits) = if bitmap { (1, 1) } else { depth_of(cursor.number()?, cursor.at)? };
    let encoding = match kind {
        b'1'..=b'3' => Encoding::Plain { bitmap },
        b'4' => Encoding::RawBits,
        _ => Encoding::Raw,
    };
    if !matches!(encoding, Encoding::Plain { .. }) {
        cursor.take(1)?;
    }
    let colour = matches!(kind, b'3' | b'6');
    let shape = if colour { Shape::rgb(width, height, bits) } else { Shape::gray(width, height, bits) };
    Ok(Header { shape, maxval, encoding })
}

fn pam_header(cursor: &mut Cursor<'_>, limits: &Limits) -> Result<Header, ImageError> {
    let (mut width, mut height, mut depth, mut maxval) = (0, 0, 0, 0);
    let mut tuple_type = String::new();
    loop {
        let line = cursor.line()?;
        let mut words = line.split_ascii_whitespace();
        let (key, value) = (words.next().unwrap_or("#"), words.next().unwrap_or(""));
        let number = || {
            value
                .parse::<u32>()
                .map_err(|_| ImageError::Malformed { what: line.clone(), at: Some(cursor.at) })
        };
        match key {
            "ENDHDR" => break,
            "WIDTH" => width = number()?,
            "HEIGHT" => height = number()?,
            "DEPTH" => depth = number()?,
            "MAXVAL" => maxval = number()?,
            "TUPLTYPE" => tuple_type = value.to_owned(),
            _ if key.starts_with('#') => {}
            _ => {
                return Err(ImageError::Malformed {
                    what: format!("PAM header line \"{line}\""),
                    at: Some(cursor.at),
                });
            }
        }
    }
    let (maxval, bits) = depth_of(maxval, cursor.at)?;
    if depth == 0 || depth > limits.planes_max {
        return Err(ImageError::Limit { what: "number of planes", max: limits.planes_max.into() });
    }
    let shape = pam_shape(width as usize, height as usize, depth as usize, bits, &tuple_type);
    Ok(Header { shape, maxval, encoding: Encoding::Raw })
}

fn pam_shape(width: usize, height: usize, depth: usize, bits: u8, tuple_type: &str) -> Shape {
    let colour = match (depth, tuple_type) {
        (1, "DEPTH") => ColourModel::Bands,
        (1, _) | (2, "GRAYSCALE_ALPHA" | "BLACKANDWHITE_ALPHA") => ColourModel::Gray,
        (3, "RGB" | "") | (4, "RGB_ALPHA") => ColourModel::Rgb,
        _ => ColourModel::Bands,
    };
    let mut shape = match colour {
        ColourModel::Gray => Shape::gray(width, height, bits),
        ColourModel::Rgb => Shape::rgb(width, height, bits),
        _ => Shape { width_px: width, height_px: height, colour, planes: Vec::new() },
    };
    let role = match (colour, tuple_type) {
        (ColourModel::Bands, "DEPTH") => PlaneRole::Depth,
        (ColourModel::Bands, _) => PlaneRole::Band,
        _ => PlaneRole::Alpha,
    };
    shape.planes.resize(depth, PlaneInfo::new(role, bits));
    shape
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], ImageError> {
        let rest = &self.bytes[self.at..];
        let taken =
            rest.get(..len).ok_or(ImageError::Truncated { needed: len.saturating_sub(rest.len()) })?;
        self.at += len;
        Ok(taken)
    }

    /// Steps over white space and comments.
    fn skip_space(&mut self) {
        while let Some(byte) = self.bytes.get(self.at) {
            if *byte == b'#' {
                let rest = &self.bytes[self.at..];
                self.at += rest.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(rest.len());
            } else if byte.is_ascii_whitespace() {
                self.at += 1;
            } else {
                break;
            }
        }
    }

    fn number(&mut self) -> Result<u32, ImageError> {
        self.skip_space();
        let start = self.at;
        let mut value = 0u32;
        while let Some(digit) = self.bytes.get(self.at).filter(|b| b.is_ascii_digit()) {
            value = value.saturating_mul(10).saturating_add(u32::from(digit - b'0'));
            self.at += 1;
        }
        match self.bytes.get(start) {
            None => Err(ImageError::Truncated { needed: 1 }),
            Some(_) if self.at > start => Ok(value),
            Some(byte) => Err(ImageError::Malformed {
                what: format!("byte {byte:#04x} in place of a digit"),
                at: Some(start),
            }),
        }
    }

    fn bit(&mut self) -> Result<u16, ImageError> {
        self.skip_space();
        let digit = self.take(1)?[0];
        match digit {
            b'0' | b'1' => Ok(u16::from(digit - b'0')),
            _ => Err(ImageError::Malformed {
                what: format!("byte {digit:#04x} in place of 0 or 1"),
                at: Some(self.at - 1),
            }),
        }
    }

    fn line(&mut self) -> Result<String, ImageError> {
        let rest = &self.bytes[self.at..];
        let len = rest.iter().position(|b| *b == b'\n').ok_or(ImageError::Truncated { needed: 1 })?;
        let line = String::from_utf8_lossy(&self.take(len + 1)?[..len.min(256)]).trim().to_owned();
        Ok(line)
    }
}

/// Writes P4, P5 or P6.
pub(super) fn write_pnm(picture: &Picture, out: &mut dyn Write) -> Result<(), ImageError> {
    let source = Interleaved::gray_or_rgb(picture, "PNM")?;
    if source.has_alpha {
        return Err(ImageError::Unsupported { what: "PNM cannot hold alpha; use PAM or PNG".into() });
    }
    let (width, height) = (source.planes().shape.width_px, source.planes().shape.height_px);
    let bitmap = source.bit_depth == 1 && source.order.len() == 1;
    let kind = match source.order.len() {
        _ if bitmap => "P4",
        1 => "P5",
        _ => "P6",
    };
    let mut header = format!("{kind}\n{width} {height}\n");
    let maxval = written_maxval(&picture.metadata, source.bit_depth);
    if !bitmap {
        header += &format!("{maxval}\n");
    }
    let bits = if bitmap { 1 } else { word_bits(source.bit_depth) };
    write_rows(header, &source, (maxval, bits), out)
}

/// Writes P5 or P6 as rows come, for pictures that are never held as a whole.
pub struct PnmWriter<'a> {
    out: &'a mut dyn Write,
    planes: usize,
    bits: u8,
    packed: Vec<u8>,
}

impl<'a> PnmWriter<'a> {
    /// Of a picture of `shape`, gray or RGB.
    ///
    /// # Errors
    /// `Unsupported` for other pictures, and for depths that are not alike.
    pub fn new(out: &'a mut dyn Write, shape: &Shape) -> Result<Self, ImageError> {
        let depth = shape.planes.first().map_or(0, |plane| plane.bit_depth);
        let alike =
            shape.planes.iter().all(|plane| plane.bit_depth == depth && plane.role == PlaneRole::Colour);
        let kind = match (shape.colour, shape.planes.len()) {
            (ColourModel::Gray, 1) if depth > 1 => 5,
            (ColourModel::Rgb, 3) if alike => 6,
            _ => {
                return Err(ImageError::Unsupported {
                    what: "PNM by rows of other than gray or RGB".into(),
                });
            }
        };
        let packed =
            format!("P{kind}\n{} {}\n{}\n", shape.width_px, shape.height_px, (1u32 << depth) - 1)
                .into_bytes();
        Ok(Self { out, planes: shape.planes.len(), bits: word_bits(depth), packed })
    }

    /// The next rows: for each plane its samples, row after row, all planes alike in number.
    ///
    /// # Errors
    /// `Misuse` for another number of planes; `Io`.
    pub fn write(&mut self, planes: &[&[u16]]) -> Result<(), ImageError> {
        match (planes, self.bits) {
            (planes, _) if planes.len() != self.planes => {
                return Err(ImageError::Misuse {
                    what: format!("{} planes for {}", planes.len(), self.planes),
                });
            }
            ([a, b, c], 8) => {
                let start = self.packed.len();
                self.packed.resize(start + 3 * a.len(), 0);
                let pixels = self.packed[start..].as_chunks_mut::<3>().0.iter_mut();
                for (pixel, ((a, b), c)) in pixels.zip(a.iter().zip(*b).zip(*c)) {
                    *pixel = [*a as u8, *b as u8, *c as u8];
                }
            }
            ([a], bits) => pack_row(a, bits, &mut self.packed),
            _ => {
                for at in 0..planes[0].len() {
                    self.packed.extend(planes.iter().flat_map(|plane| plane[at].to_be_bytes()));
                }
            }
        }
        self.flush_from(WRITTEN_BYTES)
    }

    /// After the last row.
    ///
    /// # Errors
    /// `Io`.
    pub fn finish(mut self) -> Result<(), ImageError> {
        self.flush_from(0)
    }

    fn flush_from(&mut self, len: usize) -> Result<(), ImageError> {
        if self.packed.len() >= len {
            self.out.write_all(&self.packed)?;
            self.packed.clear();
        }
        Ok(())
    }
}

/// Writes P7.
pub(super) fn write_pam(picture: &Picture, out: &mut dyn Write) -> Result<(), ImageError> {
    let source = Interleaved::all(picture)?;
    let shape = &source.planes().shape;
    let depth = source.order.len();
    let tuple_type = match (shape.colour, depth, source.has_alpha) {
        (ColourModel::Gray, 1, _) if source.bit_depth == 1 => "BLACKANDWHITE",
        (ColourModel::Gray, 1, _) => "GRAYSCALE",
        (ColourModel::Gray, 2, true) => "GRAYSCALE_ALPHA",
        (ColourModel::Rgb, 3, _) => "RGB",
        (ColourModel::Rgb, 4, true) => "RGB_ALPHA",
        (ColourModel::Bands, 1, _) if shape.planes[0].role == PlaneRole::Depth => "DEPTH",
        _ => "BANDS",
    };
    let maxval = written_maxval(&picture.metadata, source.bit_depth);
    let (width, height) = (shape.width_px, shape.height_px);
    let header = format!(
        "P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {depth}\nMAXVAL {maxval}\nTUPLTYPE {tuple_type}\nENDHDR\n"
    );
    write_rows(header, &source, (maxval, word_bits(source.bit_depth)), out)
}

fn word_bits(bit_depth: u8) -> u8 {
    if bit_depth > 8 { 16 } else { 8 }
}

/// How many bytes are written at once, about.
const WRITTEN_BYTES: usize = 1 << 16;

fn write_rows(
    header: String,
    source: &Interleaved<'_>,
    (maxval, bits): (u16, u8),
    out: &mut dyn Write,
) -> Result<(), ImageError> {
    let (mut samples, mut packed) = (Vec::new(), header.into_bytes());
    let full = ((1u32 << source.bit_depth) - 1) as u16;
    for y in 0..source.planes().shape.height_px {
        source.row(y, source.bit_depth, &mut samples);
        if bits == 1 {
            samples.iter_mut().for_each(|s| *s = 1 - *s);
        }
        if maxval != full {
            samples.iter_mut().for_each(|s| *s = rescaled(*s, full, maxval));
        }
        pack_row(&samples, bits, &mut packed);
        if packed.len() >= WRITTEN_BYTES {
            out.write_all(&packed)?;
            packed.clear();
        }
    }
    Ok(out.write_all(&packed)?)
}
