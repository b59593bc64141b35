//! TIFF and BigTIFF through the `tiff` crate: 1 to 32 unsigned samples a pixel of 1, 2, 4, 8 or
//! 16 bits, in strips or tiles, chunky or in separate planes; ICC, XMP, EXIF and unknown tags
//! such as GeoTIFF's.
//!
//! Of several pages the largest is read unless another is asked for. CMYK becomes four planes
//! named after their inks, and is written as CMYK from them; premultiplied alpha keeps its name
//! and its tag. Unknown tags are kept in [`Metadata::other`] under `tiff:<tag>:<type>`, values in
//! little-endian order, and written back; camera and position data as a block of EXIF.
//! Signed samples are moved up by half their range, which an item says, and are written back
//! signed; floating-point samples are refused. Written files are little- or big-endian as the
//! machine is, chunky, deflated with the horizontal predictor, 8 or 16 bits; other depths are
//! scaled up.
//!
//! Source: TIFF Revision 6.0; Adobe TIFF technical notes (deflate); XMP part 3 (tag 700).

use super::WriteSettings;
use super::exif;
use super::interleave::{Interleaved, unpack_row};
use super::reading::Reading;
use crate::colour::PREMULTIPLIED;
use crate::{ColourModel, ImageError, Limits, Metadata, Picture, PlaneInfo, PlaneRole, Planes, Shape};
use std::io::Cursor;
use tiff::TiffError;
use tiff::decoder::Decoder;
use tiff::encoder::compression::{CompressionAlgorithm, Deflate, DeflateLevel};
use tiff::encoder::{DirectoryEncoder, TiffEncoder, TiffKindStandard};
use tiff::tags::{ByteOrder, PhotometricInterpretation, SampleFormat, Tag, Type, ValueBuffer};

const XMP: u16 = 700;
const ORIENTATION: u16 = 274;
const EXTRA_SAMPLES: u16 = 338;
/// Tags that describe how samples are stored, or point into the file, and so are not kept as
/// metadata.
const STRUCTURAL: [u16; 35] = [
    254,
    255,
    256,
    257,
    258,
    259,
    262,
    263,
    266,
    273,
    ORIENTATION,
    277,
    278,
    279,
    280,
    281,
    284,
    292,
    293,
    297,
    317,
    320,
    322,
    323,
    324,
    325,
    330,
    EXTRA_SAMPLES,
    339,
    347,
    530,
    532,
    XMP,
    34_665,
    34_675,
];
/// Names of the planes of a CMYK picture, by which it is written as one.
const INKS: [&str; 4] = ["cyan", "magenta", "yellow", "black"];
/// The item that says that samples were of two's complement: the tag SampleFormat.
pub(super) const SIGNED: &str = "tiff:339:3";
/// Rows of about this many bytes make one strip.
const STRIP_BYTES: usize = 256 << 10;

/// Reads the page of a TIFF file that is asked for, else the one that [`full_size_page`] names.
pub(super) fn read(bytes: &[u8], limits: &Limits, reading: &mut Reading) -> Result<Picture, ImageError> {
    let mut decoder = open(bytes, limits)?;
    let (largest, pages) = full_size_page(&mut decoder)?;
    let page = reading.choose(largest, pages, "page")?;
    decoder.seek_to_image(page)?;
    let layout = Layout::of(&mut decoder, limits)?;
    // The decoder drops extra samples of RGB; as gray with extra samples it gives all of them.
    // Indices into a palette are read as gray, too.
    let patched;
    let as_gray = layout.palette.is_some()
        || (!layout.planar
            && usize::from(decoder.colortype()?.num_samples()) < layout.shape.planes.len());
    if as_gray {
        patched = with_gray_photometric(bytes, page)?;
        decoder = open(&patched, limits)?;
        decoder.seek_to_image(page)?;
    }
    let signed = layout.signed.then(|| [2, 0].repeat(layout.shape.planes.len()));
    let planes = samples(&mut decoder, layout)?;
    let mut metadata = metadata(&mut decoder, limits)?;
    if let Some(exif) = exif_of_page(bytes, page) {
        metadata.exif = Some(exif);
    }
    if let Some(formats) = signed {
        metadata.set(SIGNED, formats);
    }
    Ok(Picture { planes, metadata })
}

type Reader<'a> = Decoder<Cursor<&'a [u8]>>;

fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Reader<'a>, ImageError> {
    let mut tiff_limits = tiff::decoder::Limits::default();
    tiff_limits.ifd_value_size = usize::try_from(limits.metadata_bytes_max).unwrap_or(usize::MAX);
    tiff_limits.decoding_buffer_size =
        usize::try_from(limits.samples_max.saturating_mul(2)).unwrap_or(usize::MAX);
    tiff_limits.intermediate_buffer_size = tiff_limits.decoding_buffer_size;
    Ok(Decoder::new(Cursor::new(bytes))?.with_limits(tiff_limits))
}

/// The most pages counted; further ones are ignored.
const PAGES_MAX: usize = 10_000;

/// Number of the largest page that is neither a reduced-resolution copy nor a mask, the first of
/// them if several are as large, and the number of pages.
fn full_size_page(decoder: &mut Reader<'_>) -> Result<(usize, usize), ImageError> {
    let (mut best, mut best_px, mut pages) = (0, 0, 0);
    loop {
        let (width, height) = decoder.dimensions()?;
        let kind = decoder.find_tag_unsigned::<u32>(Tag::NewSubfileType)?.unwrap_or(0);
        // Bit 0: reduced resolution; bit 2: transparency mask.
        let px = if kind & 5 == 0 { u64::from(width) * u64::from(height) } else { 0 };
        if px > best_px {
            (best, best_px) = (pages, px);
        }
        pages += 1;
        // A damaged directory after a sound one ends the list.
        if pages == PAGES_MAX || !decoder.more_images() || decoder.next_image().is_err() {
            return Ok((best, pages));
        }
    }
}

/// How the samples of a page are stored.
struct Layout {
    shape: Shape,
    bits: u8,
    planar: bool,
    palette: Option<Vec<u16>>,
    /// Samples are of two's complement; planes hold them moved up by half their range.
    signed: bool,
}

impl Layout {
    fn of(decoder: &mut Reader<'_>, limits: &Limits) -> Result<Self, ImageError> {
        let unsupported = |what: String| Err(ImageError::Unsupported { what: format!("TIFF {what}") });
        let (width, height) = decoder.dimensions()?;
        let count = usize::from(decoder.find_tag_unsigned::<u16>(Tag::SamplesPerPixel)?.unwrap_or(1));
        let formats = decoder.find_tag_unsigned_vec::<u16>(Tag::SampleFormat)?.unwrap_or_default();
        let signed = !formats.is_empty() && formats.iter().all(|f| *f == SampleFormat::Int.to_u16());
        if let Some(format) =
            formats.iter().find(|f| !signed && **f != SampleFormat::Uint.to_u16() && **f != 4)
        {
            let kind = ["partly signed", "floating-point"]
                .get(usize::from(*format).wrapping_sub(2))
                .unwrap_or(&"complex");
            return unsupported(format!("with {kind} samples; integers are handled"));
        }
        let depths = decoder.find_tag_unsigned_vec::<u16>(Tag::BitsPerSample)?.unwrap_or(vec![1]);
        let bits = depths[0];
        if signed && !matches!(bits, 8 | 16) {
            return unsupported(format!("with signed samples of {bits} bits; 8 and 16 are handled"));
        }
        if !matches!(bits, 1 | 2 | 4 | 8 | 16) || depths.iter().any(|d| *d != bits) {
            let list: Vec<String> = depths.iter().map(u16::to_string).collect();
            return unsupported(format!(
                "with {} bits a sample; 1, 2, 4, 8 and 16, equal for all samples, are handled",
                list.join(", ")
            ));
        }
        let extra = decoder.find_tag_unsigned_vec::<u16>(Tag::Unknown(EXTRA_SAMPLES))?;
        let extra = match extra {
            Some(extra) => extra,
            None => decoder.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples)?.unwrap_or_default(),
        };
        let photometric = decoder.find_tag_unsigned::<u16>(Tag::PhotometricInterpretation)?.unwrap_or(1);
        let (width, height, bits) = (width as usize, height as usize, bits as u8);
        let Some(photometric) = PhotometricInterpretation::from_u16(photometric) else {
            return unsupported(format!("photometric interpretation {photometric}"));
        };
        let mut palette = None;
        let shape = match photometric {
            PhotometricInterpretation::RGBPalette if count == 1 => {
                palette = Some(decoder.get_tag_u16_vec(Tag::ColorMap)?);
                let deep = palette.iter().flatten().any(|c| c % 257 != 0);
                Shape::rgb(width, height, if deep { 16 } else { 8 })
            }
            PhotometricInterpretation::RGB if count >= 3 => {
                shape_of((width, height), bits, count, 3, &extra)
            }
            PhotometricInterpretation::BlackIsZero | PhotometricInterpretation::WhiteIsZero => {
                shape_of((width, height), bits, count, 1, &extra)
            }
            PhotometricInterpretation::CMYK if count >= 4 => {
                let mut shape = shape_of((width, height), bits, count, 0, &extra);
                for (plane, ink) in shape.planes.iter_mut().zip(INKS) {
                    plane.name = ink.into();
                    plane.role = PlaneRole::Band;
                }
                shape
            }
            other => {
                let kind = match other {
                    PhotometricInterpretation::YCbCr => "YCbCr",
                    PhotometricInterpretation::CIELab => "CIE L*a*b*",
                    PhotometricInterpretation::TransparencyMask => "transparency mask",
                    PhotometricInterpretation::RGBPalette => "palette",
                    PhotometricInterpretation::RGB => "RGB",
                    PhotometricInterpretation::CMYK => "CMYK",
                    _ => "unknown",
                };
                return unsupported(format!(
                    "with {count} {kind} samples a pixel; gray, RGB, palette and CMYK are handled"
                ));
            }
        };
        shape.check(limits)?;
        let planar = decoder.find_tag_unsigned::<u16>(Tag::PlanarConfiguration)?.unwrap_or(1) == 2;
        Ok(Self { shape, bits, planar, palette, signed })
    }
}

/// `colour` leading samples and what the extra samples are. Gray with bands beside it is all
/// bands.
fn shape_of(
    (width, height): (usize, usize),
    bits: u8,
    count: usize,
    colour: usize,
    extra: &[u16],
) -> Shape {
    let first_extra = count.saturating_sub(extra.len()).max(colour.max(1));
    let is_alpha = |i: usize| i >= first_extra && matches!(extra.get(i - first_extra), Some(1 | 2));
    let mut shape = match colour {
        3 => Shape::rgb(width, height, bits),
        1 if (1..count).all(is_alpha) => Shape::gray(width, height, bits),
        _ => {
            Shape { width_px: width, height_px: height, colour: ColourModel::Bands, planes: Vec::new() }
        }
    };
    for index in shape.planes.len()..count {
        let role = if is_alpha(index) { PlaneRole::Alpha } else { PlaneRole::Band };
        shape.planes.push(PlaneInfo::new(role, bits));
    }
    for index in first_extra..count {
        if extra.get(index - first_extra) == Some(&1) {
            shape.planes[index].name = PREMULTIPLIED.into();
        }
    }
    shape
}

/// Reads chunk after chunk.
fn samples(decoder: &mut Reader<'_>, layout: Layout) -> Result<Planes, ImageError> {
    let stored = if layout.palette.is_some() { 1 } else { layout.shape.planes.len() };
    let mut planes = Planes::new(layout.shape);
    let (width, height) = (planes.shape.width_px, planes.shape.height_px);
    let (chunk_width, chunk_height) = decoder.chunk_dimensions();
    let (chunk_width, chunk_height) = (chunk_width as usize, chunk_height as usize);
    if chunk_width == 0 || chunk_height == 0 {
        return Err(ImageError::Malformed {
            what: "TIFF strips or tiles without rows".into(),
            at: None,
        });
    }
    let (across, down) = (width.div_ceil(chunk_width), height.div_ceil(chunk_height));
    let (passes, interleaved) = if layout.planar { (stored, 1) } else { (1, stored) };
    let mut packed = Vec::new();
    let mut row = Vec::new();
    for chunk in 0..across * down * passes {
        let (pass, at) = (chunk / (across * down), chunk % (across * down));
        let (x0, y0) = (at % across * chunk_width, at / across * chunk_height);
        let (columns, rows) = (chunk_width.min(width - x0), chunk_height.min(height - y0));
        let row_len = (columns * interleaved * usize::from(layout.bits)).div_ceil(8);
        let expected = decoder.image_chunk_buffer_layout(chunk as u32)?.len;
        // In separate planes, tiles of the last row come with their padding.
        if expected < row_len * rows || expected % row_len != 0 {
            let what = format!("TIFF chunk {chunk} of {expected} bytes in place of {}", row_len * rows);
            return Err(ImageError::Malformed { what, at: None });
        }
        packed.clear();
        packed.resize(expected, 0);
        decoder.read_chunk_bytes(chunk as u32, &mut packed)?;
        row.resize(columns * interleaved, 0);
        for (y, bytes) in packed.chunks_exact(row_len).take(rows).enumerate() {
            if layout.bits == 16 {
                let words = bytes.chunks_exact(2).map(|b| u16::from_ne_bytes([b[0], b[1]]));
                row.iter_mut().zip(words).for_each(|(s, w)| *s = w);
            } else {
                unpack_row(bytes, layout.bits, &mut row);
            }
            if layout.signed {
                row.iter_mut().for_each(|sample| *sample ^= 1 << (layout.bits - 1));
            }
            if let Some(palette) = &layout.palette {
                put_palette_row(&mut planes, (x0, y0 + y), &row, palette)?;
                continue;
            }
            for slot in 0..interleaved {
                let target = &mut planes.planes[pass + slot].row_mut(y0 + y)[x0..][..columns];
                target.iter_mut().zip(row.chunks_exact(interleaved)).for_each(|(t, p)| *t = p[slot]);
            }
        }
    }
    Ok(planes)
}

/// The colour map holds all reds, then all greens, then all blues, 16 bits each.
fn put_palette_row(
    planes: &mut Planes,
    (x0, y): (usize, usize),
    row: &[u16],
    map: &[u16],
) -> Result<(), ImageError> {
    let entries = map.len() / 3;
    let shift = 16 - planes.shape.planes[0].bit_depth;
    for (slot, plane) in planes.planes.iter_mut().enumerate() {
        for (sample, index) in plane.row_mut(y)[x0..].iter_mut().zip(row) {
            let index = usize::from(*index);
            if index >= entries {
                let what = format!("TIFF pixel {index} of a palette of {entries}");
                return Err(ImageError::Malformed { what, at: None });
            }
            *sample = map[slot * entries + index] >> shift;
        }
    }
    Ok(())
}

/// A copy of the file in which page `page` says that its samples are gray.
fn with_gray_photometric(bytes: &[u8], page: usize) -> Result<Vec<u8>, ImageError> {
    let mut out = bytes.to_vec();
    let little = bytes[0] == b'I';
    let number = |at: usize, len: usize| -> Result<usize, ImageError> {
        let field =
            bytes.get(at..at.saturating_add(len)).ok_or(ImageError::Truncated { needed: len })?;
        let fold = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        let value = if little { field.iter().rev().fold(0, fold) } else { field.iter().fold(0, fold) };
        usize::try_from(value)
            .map_err(|_| ImageError::Malformed { what: "TIFF offset".into(), at: Some(at) })
    };
    let big = number(2, 2)? == 43;
    let (mut start, count_len, entry_len) =
        if big { (number(8, 8)?, 8, 20) } else { (number(4, 4)?, 2, 12) };
    for _ in 0..page {
        let entries = number(start, count_len)?.min(65_535) * entry_len;
        let next = start.saturating_add(count_len + entries);
        start = number(next, if big { 8 } else { 4 })?;
    }
    let value_at = if big { 12 } else { 8 };
    for index in 0..number(start, count_len)?.min(65_535) {
        let entry = start.saturating_add(count_len + index * entry_len);
        if number(entry, 2)? == 262 {
            let gray = PhotometricInterpretation::BlackIsZero.to_u16();
            let value = if little { gray.to_le_bytes() } else { gray.to_be_bytes() };
            let field = out.get_mut(entry + value_at..entry + value_at + 2);
            field.ok_or(ImageError::Truncated { needed: 2 })?.copy_from_slice(&value);
            return Ok(out);
        }
    }
    Err(ImageError::Malformed {
        what: "TIFF without photometric interpretation".into(),
        at: Some(start),
    })
}

/// Bytes of one value.
fn type_len_bytes(kind: Type) -> usize {
    match kind {
        Type::SHORT | Type::SSHORT => 2,
        Type::LONG | Type::SLONG | Type::FLOAT | Type::IFD => 4,
        Type::RATIONAL | Type::SRATIONAL | Type::DOUBLE | Type::LONG8 | Type::SLONG8 | Type::IFD8 => 8,
        _ => 1,
    }
}

fn metadata(decoder: &mut Reader<'_>, limits: &Limits) -> Result<Metadata, ImageError> {
    let entries: Vec<(u16, Type, u64)> = {
        let ifd = decoder.image_ifd();
        ifd.directory()
            .iter()
            .map(|(tag, entry)| (tag.to_u16(), entry.field_type(), entry.count()))
            .collect()
    };
    let mut out = Metadata::default();
    let mut kept = 0;
    for (tag, kind, count) in entries {
        let keep = !STRUCTURAL.contains(&tag)
            && tag != exif::GPS_POINTER
            && !matches!(kind, Type::IFD | Type::IFD8);
        let len = count.saturating_mul(type_len_bytes(kind) as u64);
        if !(keep || tag == XMP || tag == Tag::IccProfile.to_u16() || tag == ORIENTATION) {
            continue;
        }
        kept += len;
        if kept > limits.metadata_bytes_max {
            return Err(ImageError::Limit {
                what: "bytes of TIFF metadata",
                max: limits.metadata_bytes_max,
            });
        }
        let mut value = ValueBuffer::empty(kind);
        if decoder.image_ifd().find_tag_buf(Tag::from_u16_exhaustive(tag), &mut value)?.is_none() {
            continue;
        }
        value.set_byte_order(ByteOrder::LittleEndian);
        let bytes = value.as_bytes().to_vec();
        match tag {
            XMP => out.xmp = Some(bytes),
            ORIENTATION => {
                let orientation = u16::from_le_bytes([bytes.first().copied().unwrap_or(1), 0]);
                if orientation != 1 {
                    out.exif = Some(super::orientation::exif_with_orientation(orientation));
                }
            }
            _ if tag == Tag::IccProfile.to_u16() => out.icc = Some(bytes),
            _ => out.other.push((format!("tiff:{tag}:{}", kind.to_u16()), bytes)),
        }
    }
    Ok(out)
}

/// Camera and position data of a page, and its orientation, as a block of EXIF.
fn exif_of_page(bytes: &[u8], page: usize) -> Option<Vec<u8>> {
    let mut exif = exif::parse(bytes, page)?;
    if exif.camera.is_empty() && exif.gps.is_empty() {
        return None;
    }
    // Other tags of the page are items of their own.
    exif.main.retain(|entry| entry.tag == ORIENTATION);
    Some(exif.to_bytes())
}

/// Writes a TIFF file of one page.
pub(super) fn write(picture: &Picture, settings: &WriteSettings) -> Result<Vec<u8>, ImageError> {
    let source = Interleaved::all(picture)?;
    let mut out = Cursor::new(Vec::new());
    write_page(&mut out, &source, &picture.metadata, settings)
        .map_err(|e| ImageError::Misuse { what: format!("TIFF: {e}") })?;
    Ok(out.into_inner())
}

fn write_page(
    out: &mut Cursor<Vec<u8>>,
    source: &Interleaved<'_>,
    metadata: &Metadata,
    settings: &WriteSettings,
) -> Result<(), TiffError> {
    let shape = &source.planes().shape;
    let (width, height, count) = (shape.width_px, shape.height_px, source.order.len());
    let bits: u8 = if source.bit_depth > 8 { 16 } else { 8 };
    let signed = metadata.item(SIGNED).is_some_and(|formats| formats.first() == Some(&2))
        && source.bit_depth == bits;
    let format = if signed { SampleFormat::Int } else { SampleFormat::Uint };
    let row_len = width * count * usize::from(bits / 8);
    let strip_rows = (STRIP_BYTES / row_len).clamp(1, height);
    let mut deflate = Deflate::with_level(match settings.effort {
        0..=3 => DeflateLevel::Fast,
        4..=7 => DeflateLevel::Balanced,
        _ => DeflateLevel::Best,
    });
    let mut encoder = TiffEncoder::new(out)?;
    let exif = metadata.exif.as_deref().and_then(|bytes| exif::parse(bytes, 0)).unwrap_or_default();
    let mut pointers = Vec::new();
    for (tag, entries) in [(exif::EXIF_POINTER, &exif.camera), (exif::GPS_POINTER, &exif.gps)] {
        if !entries.is_empty() {
            let mut directory = encoder.extra_directory()?;
            for entry in entries {
                let bytes = exif.in_order(entry, true);
                put(&mut directory, entry.tag, entry.kind, &bytes)?;
            }
            pointers.push((tag, directory.finish_with_offsets()?.offset));
        }
    }
    let mut page = encoder.image_directory()?;
    let (mut offsets, mut lens) = (Vec::new(), Vec::new());
    let (mut samples, mut packed) = (Vec::new(), Vec::new());
    for top in (0..height).step_by(strip_rows) {
        packed.clear();
        for y in top..(top + strip_rows).min(height) {
            source.row(y, bits, &mut samples);
            if signed {
                samples.iter_mut().for_each(|sample| *sample ^= 1 << (bits - 1));
            }
            pack_differences(&samples, count, bits, &mut packed);
        }
        let mut strip = Vec::new();
        deflate.write_to(&mut strip, &packed)?;
        offsets.push(u32::try_from(page.write_data(&strip[..])?)?);
        lens.push(u32::try_from(strip.len())?);
    }
    page.write_tag(Tag::ImageWidth, width as u32)?;
    page.write_tag(Tag::ImageLength, height as u32)?;
    page.write_tag(Tag::BitsPerSample, &vec![u16::from(bits); count][..])?;
    page.write_tag(Tag::SampleFormat, &vec![format.to_u16(); count][..])?;
    page.write_tag(Tag::SamplesPerPixel, count as u16)?;
    page.write_tag(Tag::Compression, 8u16)?;
    page.write_tag(Tag::Predictor, 2u16)?;
    page.write_tag(Tag::PlanarConfiguration, 1u16)?;
    page.write_tag(Tag::RowsPerStrip, strip_rows as u32)?;
    page.write_tag(Tag::StripOffsets, &offsets[..])?;
    page.write_tag(Tag::StripByteCounts, &lens[..])?;
    let names = shape.planes.iter().map(|plane| plane.name.as_str());
    let cmyk = shape.colour == ColourModel::Bands && count >= 4 && names.take(4).eq(INKS);
    let (photometric, main) = match shape.colour {
        ColourModel::Rgb => (2u16, 3),
        _ if cmyk => (5, 4),
        _ => (1, 1),
    };
    page.write_tag(Tag::PhotometricInterpretation, photometric)?;
    let extra: Vec<u16> = shape.planes[main..]
        .iter()
        .map(|p| match p.role {
            PlaneRole::Alpha if p.name == PREMULTIPLIED => 1,
            PlaneRole::Alpha => 2,
            _ => 0,
        })
        .collect();
    if !extra.is_empty() {
        page.write_tag(Tag::ExtraSamples, &extra[..])?;
    }
    for (tag, offset) in pointers {
        page.write_tag(Tag::from_u16_exhaustive(tag), offset)?;
    }
    write_metadata(&mut page, metadata, &exif)?;
    page.finish()
}

/// The horizontal predictor: each sample less its neighbour of the same plane to the left.
fn pack_differences(samples: &[u16], count: usize, bits: u8, packed: &mut Vec<u8>) {
    let left = std::iter::repeat_n(&0, count).chain(samples);
    for (sample, left) in samples.iter().zip(left) {
        let difference = sample.wrapping_sub(*left);
        if bits == 16 {
            packed.extend(difference.to_ne_bytes());
        } else {
            packed.push(difference as u8);
        }
    }
}

/// Writes a tag whose values are in little-endian order.
fn put(
    page: &mut DirectoryEncoder<'_, &mut Cursor<Vec<u8>>, TiffKindStandard>,
    tag: u16,
    kind: u16,
    little_endian: &[u8],
) -> Result<(), TiffError> {
    let (Some(kind), Some((len, word))) = (Type::from_u16(kind), exif::value_len(kind)) else {
        return Ok(());
    };
    if !little_endian.len().is_multiple_of(len) {
        return Ok(());
    }
    let mut bytes = little_endian.to_vec();
    if cfg!(target_endian = "big") {
        bytes.chunks_mut(word).for_each(|w| w.reverse());
    }
    let entry = page.write_entry_bytes(kind, &bytes)?;
    let mut one = tiff::Directory::empty();
    one.extend([(Tag::from_u16_exhaustive(tag), entry)]);
    page.extend_from(&one);
    Ok(())
}

fn write_metadata(
    page: &mut DirectoryEncoder<'_, &mut Cursor<Vec<u8>>, TiffKindStandard>,
    metadata: &Metadata,
    exif: &exif::Exif,
) -> Result<(), TiffError> {
    if let Some(icc) = &metadata.icc {
        put(page, Tag::IccProfile.to_u16(), Type::UNDEFINED.to_u16(), icc)?;
    }
    if let Some(xmp) = &metadata.xmp {
        put(page, XMP, Type::BYTE.to_u16(), xmp)?;
    }
    if let Some(orientation) = metadata.exif.as_deref().and_then(super::orientation::orientation_of) {
        put(page, ORIENTATION, Type::SHORT.to_u16(), &orientation.to_le_bytes())?;
    }
    if let Some(phys) = metadata.item("png:pHYs") {
        for (tag, kind, bytes) in super::resolution::tiff_items(phys).unwrap_or_default() {
            put(page, tag, kind, &bytes)?;
        }
    }
    for entry in exif.main.iter().filter(|entry| !STRUCTURAL.contains(&entry.tag)) {
        put(page, entry.tag, entry.kind, &exif.in_order(entry, true))?;
    }
    for (name, bytes) in &metadata.other {
        let mut parts = name.strip_prefix("tiff:").unwrap_or("").split(':').map(|p| p.parse::<u16>());
        if let (Some(Ok(tag)), Some(Ok(kind))) = (parts.next(), parts.next())
            && !STRUCTURAL.contains(&tag)
        {
            put(page, tag, kind, bytes)?;
        }
    }
    Ok(())
}
