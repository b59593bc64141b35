//! PNG through the `png` crate: gray of 1, 2, 4, 8, 16 bits at its true depth, RGB, palettes
//! expanded to 8-bit RGB, alpha from its own channel or from `tRNS`; ICC, EXIF, XMP, and all
//! other chunks as they are (see `chunks`). Of an animation one frame.
//!
//! Depths PNG lacks are stored in the next larger one, scaled to its full range, with `sBIT`
//! naming the true depth. A 16-bit file whose samples all lie on the coarser grid that its `sBIT`
//! names is read back at that depth, so that 9 to 15 bits come back exactly.
//!
//! Source: ISO/IEC 15948 (PNG); XMP part 3 for the `iTXt` keyword.

mod animated;
mod chunks;
mod frames;

pub use self::animated::AnimatedPng;
use self::chunks::{XMP_KEYWORD, chunks_to_write};
pub(super) use self::frames::Frames;
use super::WriteSettings;
use super::interleave::{Interleaved, pack_row, packed_len_bytes, put_row, unpack_row};
use super::reading::Reading;
use crate::colour::scaled_sample;
use crate::{ImageError, Limits, Picture, PlaneInfo, PlaneRole, Planes, Shape};
use png::{BitDepth, ColorType, Info};
use std::borrow::Cow;
use std::io::Cursor;
use std::io::Write;

/// Reads a PNG file; of an animation, its first picture unless another is asked for.
pub(super) fn read(bytes: &[u8], limits: &Limits, reading: &mut Reading) -> Result<Picture, ImageError> {
    let mut reader = opened(bytes, limits)?;
    let expand = Expansion::of(reader.info());
    let info = reader.info();
    let frames = info.animation_control.map_or(1, |control| {
        // A default picture before the animation counts as a frame.
        control.num_frames.max(1) as usize + usize::from(info.frame_control.is_none())
    });
    let wanted = reading.choose(0, frames, "frame")?;

    let frames;
    let (mut planes, info) = if wanted > 0 {
        let mut drawn = Frames::new(reader)?;
        for _ in 0..=wanted {
            drawn.next()?;
        }
        frames = drawn;
        (frames.planes(), frames.info())
    } else {
        (first_picture(&mut reader, &expand, (limits, reading))?, reader.info())
    };
    narrow_to_sbit(&mut planes, info);
    let profiles = [&info.icc_profile, &info.exif_metadata];
    let [icc, exif] = profiles.map(|bytes| bytes.as_ref().map(|bytes| bytes.to_vec()));
    let mut metadata = chunks::metadata(bytes, (icc, exif), limits, reading)?;
    if planes.shape.planes[0].bit_depth != shape_depth(info) {
        // The depth of the planes says it.
        metadata.other.retain(|(name, _)| name != "png:sBIT");
    }
    Ok(Picture { planes, metadata })
}

/// A reader that stands before the first picture, whose size is within the limits.
fn opened<'a>(bytes: &'a [u8], limits: &Limits) -> Result<png::Reader<Cursor<&'a [u8]>>, ImageError> {
    let bytes_max =
        usize::try_from(limits.metadata_bytes_max).unwrap_or(usize::MAX).saturating_add(64 << 20);
    let mut decoder =
        png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: bytes_max });
    // Texts are taken from the chunks themselves.
    decoder.set_ignore_text_chunk(true);
    let header = decoder.read_header_info()?;
    header_shape(header, false).check(limits)?;
    let reader = decoder.read_info()?;
    let adds_alpha = Expansion::of(reader.info()).adds_alpha();
    header_shape(reader.info(), adds_alpha).check(limits)?;
    Ok(reader)
}

/// The frames of an animated PNG file; none for a picture that stands still.
pub(super) fn animation<'a>(
    bytes: &'a [u8],
    limits: &Limits,
) -> Result<Option<Frames<Cursor<&'a [u8]>>>, ImageError> {
    let reader = opened(bytes, limits)?;
    let animated = reader.info().animation_control.is_some_and(|control| control.num_frames > 1);
    animated.then(|| Frames::new(reader)).transpose()
}

/// Reads the first picture as far as it goes.
fn first_picture(
    reader: &mut png::Reader<Cursor<&[u8]>>,
    expand: &Expansion,
    (limits, reading): (&Limits, &mut Reading),
) -> Result<Planes, ImageError> {
    let mut planes = Planes::new(header_shape(reader.info(), expand.adds_alpha()));
    let width = planes.shape.width_px;
    let bits = reader.info().bit_depth as u8;
    let stored = reader.info().color_type.samples();
    let mut packed = Vec::new();
    let mut ended = false;
    if reader.info().interlaced {
        packed.resize(
            reader.output_buffer_size().ok_or(ImageError::Misuse { what: "PNG too large".into() })?,
            0,
        );
        if let Err(error) = reader.next_frame(&mut packed) {
            reading.damaged(error, "what was decoded is kept")?;
            ended = true;
        }
    }
    let row_len = packed_len_bytes(width * stored, bits);
    let mut samples = vec![0u16; width * stored];
    let mut expanded = Vec::new();
    for y in 0..planes.shape.height_px {
        limits.check_time()?;
        if packed.is_empty() {
            let row = match reader.next_row() {
                Ok(Some(row)) => row,
                Ok(None) => return Err(ImageError::Truncated { needed: row_len }),
                Err(error) if y > 0 => {
                    let kept = format!("{y} rows of {} are kept", planes.shape.height_px);
                    reading.damaged(error, &kept)?;
                    ended = true;
                    break;
                }
                Err(error) => return Err(error.into()),
            };
            unpack_row(row.data(), bits, &mut samples);
        } else {
            unpack_row(&packed[y * row_len..][..row_len], bits, &mut samples);
        }
        put_row(&mut planes, y, expand.row(&samples, &mut expanded)?);
    }
    if !ended && let Err(error) = reader.finish() {
        reading.damaged(error, "the samples are complete, chunks after them may be missing")?;
    }
    Ok(planes)
}

/// Bits of the planes' samples before any narrowing.
fn shape_depth(info: &Info<'_>) -> u8 {
    if info.color_type == ColorType::Indexed { 8 } else { info.bit_depth as u8 }
}

fn header_shape(info: &Info<'_>, adds_alpha: bool) -> Shape {
    let bits = shape_depth(info);
    let (width, height) = (info.width as usize, info.height as usize);
    let gray = matches!(info.color_type, ColorType::Grayscale | ColorType::GrayscaleAlpha);
    let mut shape =
        if gray { Shape::gray(width, height, bits) } else { Shape::rgb(width, height, bits) };
    if adds_alpha || matches!(info.color_type, ColorType::GrayscaleAlpha | ColorType::Rgba) {
        shape.planes.push(PlaneInfo::new(PlaneRole::Alpha, bits));
    }
    shape
}

/// How stored samples become planes.
enum Expansion {
    /// Samples are planes.
    None,
    /// Pixels equal to this colour are clear, others opaque.
    ColourKey(Vec<u16>, u16),
    /// Indices into RGB or RGBA entries.
    Palette { entries: Vec<[u16; 4]>, has_alpha: bool },
}

impl Expansion {
    fn of(info: &Info<'_>) -> Self {
        let trns = info.trns.as_deref();
        if info.color_type == ColorType::Indexed {
            let palette = info.palette.as_deref().unwrap_or_default();
            let alpha = |i: usize| trns.and_then(|t| t.get(i)).map_or(255, |a| u16::from(*a));
            let entry =
                |(i, rgb): (usize, &[u8])| [rgb[0].into(), rgb[1].into(), rgb[2].into(), alpha(i)];
            let entries = palette.chunks_exact(3).enumerate().map(entry).collect();
            return Self::Palette { entries, has_alpha: trns.is_some() };
        }
        let opaque = ((1u32 << info.bit_depth as u8) - 1) as u16;
        // The decoder gives one byte a sample below 16 bits.
        let stored = info.color_type.samples();
        match trns {
            Some(key) if key.len() == stored => {
                Self::ColourKey(key.iter().map(|k| u16::from(*k)).collect(), opaque)
            }
            Some(key) if key.len() == 2 * stored => Self::ColourKey(
                key.chunks_exact(2).map(|k| u16::from_be_bytes([k[0], k[1]])).collect(),
                opaque,
            ),
            _ => Self::None,
        }
    }

    fn adds_alpha(&self) -> bool {
        matches!(self, Self::ColourKey(..) | Self::Palette { has_alpha: true, .. })
    }

    fn row<'a>(&self, samples: &'a [u16], out: &'a mut Vec<u16>) -> Result<&'a [u16], ImageError> {
        out.clear();
        match self {
            Self::None => return Ok(samples),
            Self::ColourKey(key, opaque) => {
                for pixel in samples.chunks_exact(key.len()) {
                    out.extend_from_slice(pixel);
                    out.push(if pixel == key { 0 } else { *opaque });
                }
            }
            Self::Palette { entries, has_alpha } => {
                let channels = if *has_alpha { 4 } else { 3 };
                for index in samples {
                    let Some(entry) = entries.get(usize::from(*index)) else {
                        let what = format!("PNG pixel {index} of a palette of {}", entries.len());
                        return Err(ImageError::Malformed { what, at: None });
                    };
                    out.extend_from_slice(&entry[..channels]);
                }
            }
        }
        Ok(out)
    }
}

/// Reads a picture at the depth that `sBIT` names if that loses nothing.
fn narrow_to_sbit(planes: &mut Planes, info: &Info<'_>) {
    let Some(&[bits, ref rest @ ..]) = info.sbit.as_deref() else { return };
    let stored = planes.shape.planes[0].bit_depth;
    // Gray of fewer bits beside opacity is stored in 8 bits, for which PNG has no other way.
    let narrowed = match stored {
        16 => 9..16,
        8 if info.color_type == ColorType::GrayscaleAlpha => 1..8,
        _ => return,
    };
    if !narrowed.contains(&bits) || rest.iter().any(|b| *b != bits) {
        return;
    }
    let narrow = |s: u16| scaled_sample(s, stored, bits);
    let on_grid = |s: &u16| scaled_sample(narrow(*s), bits, stored) == *s;
    if !planes.planes.iter().all(|plane| plane.rows().all(|row| row.iter().all(on_grid))) {
        return;
    }
    for (plane, info) in planes.planes.iter_mut().zip(&mut planes.shape.planes) {
        info.bit_depth = bits;
        for y in 0..plane.height() {
            plane.row_mut(y).iter_mut().for_each(|s| *s = narrow(*s));
        }
    }
}

/// Writes a PNG file.
pub(super) fn write(
    picture: &Picture,
    settings: &WriteSettings,
    out: &mut dyn Write,
) -> Result<(), ImageError> {
    let source = Interleaved::gray_or_rgb(picture, "PNG")?;
    let colour = match (source.order.len(), source.has_alpha) {
        (1, _) => ColorType::Grayscale,
        (2, _) => ColorType::GrayscaleAlpha,
        (3, _) => ColorType::Rgb,
        _ => ColorType::Rgba,
    };
    let depth = stored_depth(source.bit_depth, colour);
    let bits = depth as u8;
    let shape = &source.planes().shape;
    let mut info = Info::with_size(shape.width_px as u32, shape.height_px as u32);
    (info.color_type, info.bit_depth) = (colour, depth);
    info.icc_profile = picture.metadata.icc.as_deref().map(Cow::Borrowed);
    info.exif_metadata = picture.metadata.exif.as_deref().map(Cow::Borrowed);
    let failed = |e: png::EncodingError| ImageError::Misuse { what: format!("PNG: {e}") };
    let mut encoder = png::Encoder::with_info(out, info).map_err(failed)?;
    encoder.set_compression(match settings.effort {
        0..=3 => png::Compression::Fast,
        4..=6 => png::Compression::Balanced,
        _ => png::Compression::High,
    });
    if let Some(xmp) = picture.metadata.xmp.as_deref().and_then(|x| std::str::from_utf8(x).ok()) {
        encoder.add_itxt_chunk(XMP_KEYWORD.into(), xmp.into()).map_err(failed)?;
    }
    let mut writer = encoder.write_header().map_err(failed)?;
    let narrower = shape.planes.iter().any(|p| p.bit_depth != bits);
    if narrower {
        let sbit: Vec<u8> = source.order.iter().map(|i| shape.planes[*i].bit_depth).collect();
        writer.write_chunk(png::chunk::sBIT, &sbit).map_err(failed)?;
    }
    for (name, data) in chunks_to_write(&picture.metadata, source.order.len()) {
        if !(narrower && name == *b"sBIT") {
            writer.write_chunk(png::chunk::ChunkType(name), &data).map_err(failed)?;
        }
    }
    let mut stream = writer.stream_writer().map_err(failed)?;
    let (mut samples, mut packed) = (Vec::new(), Vec::new());
    for y in 0..shape.height_px {
        source.row(y, bits, &mut samples);
        packed.clear();
        pack_row(&samples, bits, &mut packed);
        stream.write_all(&packed)?;
    }
    stream.finish().map_err(failed)?;
    writer.finish().map_err(failed)
}

/// The smallest PNG depth that holds `bits`.
fn stored_depth(bits: u8, colour: ColorType) -> BitDepth {
    match (bits, colour) {
        (1, ColorType::Grayscale) => BitDepth::One,
        (2, ColorType::Grayscale) => BitDepth::Two,
        (3..=4, ColorType::Grayscale) => BitDepth::Four,
        (0..=8, _) => BitDepth::Eight,
        _ => BitDepth::Sixteen,
    }
}
