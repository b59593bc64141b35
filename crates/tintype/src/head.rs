//! The HEAD chunk: codec, shape, and the codec's own header.
//!
//! Byte tables: docs/format/container.md, "HEAD". Bit-exact: one shape has one spelling.

use crate::error::Error;
use crate::facts::Facts;
use crate::registry::ids;
use tintype_codec::CodecId;
use tintype_container::{read_varint, write_varint};
use tintype_image::{ColourModel, Limits, PlaneInfo, PlaneRole, Shape, YCbCrMatrix};
use tintype_metadata::known_profile;

const COLOUR_MASK: u8 = 0x07;
const ALPHA: u8 = 0x08;
const HALF_COLUMNS: u8 = 0x10;
const HALF_ROWS: u8 = 0x20;
const LISTED: u8 = 0x40;
const FACTS: u8 = 0x80;
/// In the byte of what samples mean: the number of a known ICC profile follows.
const PROFILE: u8 = 0x08;

/// The head of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) codec: CodecId,
    /// The shape of the planes that the codec has.
    pub(crate) shape: Shape,
    /// What the picture's own samples are.
    pub(crate) facts: Facts,
    /// The number of the picture's ICC profile, if it is a known one.
    pub(crate) profile: Option<u8>,
    /// Where the codec's own header starts in the head's bytes.
    pub(crate) codec_header_at: usize,
}

/// The head's bytes.
pub(crate) fn bytes_from_head(
    codec: CodecId,
    shape: &Shape,
    (facts, profile): (Facts, Option<u8>),
    codec_header: &[u8],
) -> Vec<u8> {
    let mut out = vec![codec.number()];
    write_varint(&mut out, shape.width_px as u64);
    write_varint(&mut out, shape.height_px as u64);
    let colour = colour_number(shape.colour);
    let meaning = facts.byte() | if profile.is_some() { PROFILE } else { 0 };
    let has_facts = if meaning == 0 { 0 } else { FACTS };
    match plain_layout(shape) {
        Some((layout, bit_depth)) => out.extend_from_slice(&[layout | has_facts, bit_depth - 1]),
        None => {
            out.push(colour | LISTED | has_facts);
            write_varint(&mut out, shape.planes.len() as u64);
            for plane in &shape.planes {
                let halves = plane.subsample_x_log2 << 2 | plane.subsample_y_log2 << 3;
                out.push(plane.role as u8 | halves | (plane.bit_depth - 1) << 4);
                out.push(plane.name.len() as u8);
                out.extend_from_slice(plane.name.as_bytes());
            }
        }
    }
    if meaning != 0 {
        out.push(meaning);
    }
    out.extend(profile);
    out.extend_from_slice(codec_header);
    out
}

/// Layout byte and bit depth of a shape that needs no list of planes.
fn plain_layout(shape: &Shape) -> Option<(u8, u8)> {
    let first = shape.planes.first()?;
    let halves = shape
        .planes
        .get(1)
        .map_or(0, |p| (p.subsample_x_log2 * HALF_COLUMNS) | (p.subsample_y_log2 * HALF_ROWS));
    let alpha = if shape.planes.len() > shape.colour_planes() { ALPHA } else { 0 };
    let layout = colour_number(shape.colour) | halves | alpha;
    (plain_planes(layout, first.bit_depth).as_deref() == Some(&shape.planes))
        .then_some((layout, first.bit_depth))
}

/// The planes that a layout byte without list stands for.
fn plain_planes(layout: u8, bit_depth: u8) -> Option<Vec<PlaneInfo>> {
    let colour_planes = match layout & COLOUR_MASK {
        0 => 1,
        1..=3 => 3,
        _ => return None,
    };
    let mut planes = vec![PlaneInfo::new(PlaneRole::Colour, bit_depth); colour_planes];
    for plane in planes.iter_mut().skip(1) {
        plane.subsample_x_log2 = u8::from(layout & HALF_COLUMNS != 0);
        plane.subsample_y_log2 = u8::from(layout & HALF_ROWS != 0);
    }
    if colour_planes == 1 && layout & (HALF_COLUMNS | HALF_ROWS) != 0 {
        return None;
    }
    if layout & ALPHA != 0 {
        planes.push(PlaneInfo::new(PlaneRole::Alpha, bit_depth));
    }
    Some(planes)
}

fn colour_number(colour: ColourModel) -> u8 {
    match colour {
        ColourModel::Gray => 0,
        ColourModel::Rgb => 1,
        ColourModel::YCbCr(YCbCrMatrix::Bt601) => 2,
        ColourModel::YCbCr(YCbCrMatrix::Bt709) => 3,
        ColourModel::Bands => 4,
    }
}

/// Reads the head's bytes and checks the shape against `limits`.
pub(crate) fn head_from_bytes(bytes: &[u8], limits: &Limits) -> Result<Head, Error> {
    let mut cursor = Cursor { bytes, at: 0 };
    let number = cursor.byte()?;
    let codec = ids::numbered(number).ok_or_else(|| Error::Unsupported {
        what: format!("codec number {number}; a newer tintype may know it"),
    })?;
    let (width, height) = (cursor.varint()?, cursor.varint()?);
    let layout = cursor.byte()?;
    let colour = match layout & COLOUR_MASK {
        0 => ColourModel::Gray,
        1 => ColourModel::Rgb,
        2 => ColourModel::YCbCr(YCbCrMatrix::Bt601),
        3 => ColourModel::YCbCr(YCbCrMatrix::Bt709),
        4 => ColourModel::Bands,
        other => return Err(cursor.malformed(format!("colour model {other}"))),
    };
    let planes = if layout & LISTED != 0 {
        cursor.listed_planes(layout)?
    } else {
        cursor.plain_planes(layout)?
    };
    let side = |value: u64| usize::try_from(value.min(1 << 20)).unwrap_or(usize::MAX);
    let shape = Shape { width_px: side(width), height_px: side(height), colour, planes };
    shape.check(limits)?;
    if layout & LISTED != 0 && plain_layout(&shape).is_some() {
        return Err(cursor.malformed("planes are listed where no list is needed".into()));
    }
    let (facts, profile) = match layout & FACTS {
        0 => (Facts::default(), None),
        _ => cursor.meaning(&shape)?,
    };
    Ok(Head { codec, shape, facts, profile, codec_header_at: cursor.at })
}

/// Reads forward through the head.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn malformed(&self, what: String) -> Error {
        Error::Malformed { what, at: Some(self.at) }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let end = self.at + len;
        let taken =
            self.bytes.get(self.at..end).ok_or_else(|| self.malformed("head too short".into()))?;
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Error> {
        Ok(self.take(1)?[0])
    }

    fn varint(&mut self) -> Result<u64, Error> {
        let mut rest = &self.bytes[self.at..];
        let value =
            read_varint(&mut rest, 0).map_err(|_| self.malformed("wrong or missing number".into()))?;
        self.at = self.bytes.len() - rest.len();
        Ok(value)
    }

    /// What the samples of a picture coded in `shape` mean, and the number of its ICC profile.
    fn meaning(&mut self, shape: &Shape) -> Result<(Facts, Option<u8>), Error> {
        let byte = self.byte()?;
        if byte & PROFILE == 0 {
            return Ok((Facts::from_byte(byte, shape)?, None));
        }
        let facts = match byte & !PROFILE {
            0 => Facts::default(),
            own => Facts::from_byte(own, shape)?,
        };
        let number = self.byte()?;
        if known_profile(number).is_none() {
            let what = format!("ICC profile number {number}; a newer tintype may know it");
            return Err(Error::Unsupported { what });
        }
        Ok((facts, Some(number)))
    }

    fn plain_planes(&mut self, layout: u8) -> Result<Vec<PlaneInfo>, Error> {
        let depth = self.byte()?;
        if depth > 15 {
            return Err(self.malformed(format!("bit depth {}", u32::from(depth) + 1)));
        }
        plain_planes(layout, depth + 1)
            .ok_or_else(|| self.malformed(format!("layout {layout:#04x} without planes")))
    }

    fn listed_planes(&mut self, layout: u8) -> Result<Vec<PlaneInfo>, Error> {
        if layout & (ALPHA | HALF_COLUMNS | HALF_ROWS) != 0 {
            return Err(self.malformed("layout says twice what the planes are".into()));
        }
        let count = self.varint()?;
        if !(1..=32).contains(&count) {
            return Err(self.malformed(format!("{count} planes (1 to 32 are possible)")));
        }
        (0..count).map(|_| self.plane()).collect()
    }

    fn plane(&mut self) -> Result<PlaneInfo, Error> {
        let packed = self.byte()?;
        let role = match packed & 3 {
            0 => PlaneRole::Colour,
            1 => PlaneRole::Alpha,
            2 => PlaneRole::Depth,
            _ => PlaneRole::Band,
        };
        let len = usize::from(self.byte()?);
        let name = std::str::from_utf8(self.take(len)?)
            .map_err(|_| self.malformed("plane name is not UTF-8".into()))?;
        Ok(PlaneInfo {
            role,
            name: name.into(),
            bit_depth: (packed >> 4) + 1,
            subsample_x_log2: packed >> 2 & 1,
            subsample_y_log2: packed >> 3 & 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: (Facts, Option<u8>) = (Facts::PLAIN, None);
    use crate::registry::ids::{LOSSLESS, WAVELET};

    fn back(shape: &Shape) -> Head {
        head_from_bytes(&bytes_from_head(WAVELET, shape, PLAIN, b"own"), &Limits::default()).unwrap()
    }

    #[test]
    fn the_worked_example_of_the_format_document() {
        let bytes = bytes_from_head(WAVELET, &Shape::rgb(768, 512, 8), PLAIN, b"");
        assert_eq!(bytes, [2, 0x80, 6, 0x80, 4, 1, 7]);
    }

    #[test]
    fn shapes_come_back_and_the_common_ones_take_few_bytes() {
        let mut ycc = Shape::rgb(65_535, 1, 16);
        ycc.colour = ColourModel::YCbCr(YCbCrMatrix::Bt709);
        ycc.planes[1].subsample_x_log2 = 1;
        ycc.planes[2].subsample_x_log2 = 1;
        ycc.planes.push(PlaneInfo::new(PlaneRole::Alpha, 16));
        let mut uneven = ycc.clone();
        uneven.planes[2].subsample_x_log2 = 0;
        let mut depth = Shape::rgb(5, 5, 8);
        depth.planes.push(PlaneInfo::new(PlaneRole::Depth, 16));
        let mut bands =
            Shape { planes: vec![PlaneInfo::new(PlaneRole::Band, 12); 32], ..Shape::gray(1, 65_535, 8) };
        bands.colour = ColourModel::Bands;
        bands.planes[7].name = "near infrared µ".into();
        for (shape, len) in [(Shape::gray(1, 1, 1), 5), (ycc, 7), (uneven, 7 + 8), (depth, 5 + 8)] {
            assert_eq!(bytes_from_head(WAVELET, &shape, PLAIN, b"").len(), len, "{shape:?}");
            assert_eq!(back(&shape).shape, shape);
            assert_eq!(back(&shape).codec_header_at, len);
        }
        assert_eq!(back(&bands).shape, bands);
    }

    #[test]
    fn every_flip_and_every_truncation_gives_a_shape_or_an_error() {
        let mut shape = Shape::rgb(300, 200, 8);
        shape.planes.push(PlaneInfo { name: "depth".into(), ..PlaneInfo::new(PlaneRole::Depth, 16) });
        let bytes = bytes_from_head(LOSSLESS, &shape, PLAIN, b"");
        for len in 0..bytes.len() {
            assert!(head_from_bytes(&bytes[..len], &Limits::default()).is_err());
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(head) = head_from_bytes(&flipped, &Limits::default()) {
                assert_ne!(
                    (head.codec, head.shape),
                    (LOSSLESS, shape.clone()),
                    "bit {bit} has no meaning"
                );
            }
        }
    }

    #[test]
    fn limits_hold() {
        let bytes = bytes_from_head(LOSSLESS, &Shape::rgb(300, 200, 8), PLAIN, b"");
        let limits = Limits { samples_max: 300 * 200 * 3 - 1, ..Limits::default() };
        assert!(matches!(
            head_from_bytes(&bytes, &limits),
            Err(Error::Picture(tintype_image::ImageError::Limit { .. }))
        ));
    }
}
