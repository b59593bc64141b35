//! DICOM files with uncompressed samples: explicit or implicit VR, little endian, 8 or 16 bits
//! allocated.
//!
//! In: gray of 1 to 16 stored bits, whose frames become planes (at most 32), or one frame of
//! RGB or full-range YCbCr. Samples are the stored values; half the range is added to signed
//! ones. There is no window, no rescaling, and MONOCHROME1 is not inverted. All other bytes
//! are kept in [`Metadata::other`], under `dicom:head` and `dicom:tail`. Written are only
//! pictures that were read from a DICOM file; equal samples give the same file to the byte.
//! The head is written unchanged, also around samples that lossy coding changed. Compressed,
//! deflated and big-endian files are refused.
//!
//! Source: DICOM PS3.5 (2024), clauses 6.2, 7 and 8; PS3.10, clause 7; PS3.3, clause C.7.6.3.

use crate::{
    ColourModel, ImageError, Limits, Metadata, Picture, PlaneInfo, PlaneRole, Planes, Shape, YCbCrMatrix,
};

const HEAD: &str = "dicom:head";
const TAIL: &str = "dicom:tail";
/// The preamble, and the four letters behind it.
const DATA_START: usize = 132;
const UNDEFINED: u32 = u32::MAX;
/// Sequences within sequences.
const NESTING_MAX: usize = 64;
const PIXEL_DATA: u32 = 0x7fe0_0010;

/// Whether `bytes` start as a DICOM file.
pub(super) fn detect(bytes: &[u8]) -> bool {
    bytes.get(128..DATA_START) == Some(b"DICM")
}

/// Reads a DICOM file.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Picture, ImageError> {
    let head = Head::parse(bytes)?;
    // The shape is checked before anything is allocated; how many bits are in use is seen only
    // from the samples.
    head.shape(head.allocated)?.check(limits)?;
    let needed = head.len_bytes();
    let Some(values) = bytes.get(head.end..).and_then(|rest| rest.get(..needed)) else {
        return Err(ImageError::Truncated { needed: needed - (bytes.len() - head.end) });
    };
    let (front, tail) = (&bytes[..head.end], &bytes[head.end + needed..]);
    if (front.len() + tail.len()) as u64 > limits.metadata_bytes_max {
        return Err(ImageError::Limit {
            what: "bytes of DICOM elements",
            max: limits.metadata_bytes_max,
        });
    }
    let bits = if head.words(values).all(|word| head.sample(word, head.stored).is_some()) {
        head.stored
    } else {
        // Something else stands in the bits above, such as an overlay.
        head.allocated
    };
    let mut planes = Planes::new(head.shape(bits)?);
    let mut words = head.words(values);
    head.for_each_sample(&mut planes, |sample| {
        *sample = words.next().and_then(|word| head.sample(word, bits)).unwrap_or(0);
    });
    let mut other = vec![(HEAD.into(), front.to_vec())];
    if !tail.is_empty() {
        other.push((TAIL.into(), tail.to_vec()));
    }
    Ok(Picture { planes, metadata: Metadata { other, ..Metadata::default() } })
}

/// Writes a picture that came from a DICOM file.
pub(super) fn write(picture: &Picture) -> Result<Vec<u8>, ImageError> {
    let unsupported = |what: &str| Err(ImageError::Unsupported { what: what.into() });
    let item = |name: &str| {
        picture.metadata.other.iter().find(|item| item.0 == name).map(|item| item.1.as_slice())
    };
    let Some(front) = item(HEAD) else {
        return unsupported(
            "a DICOM file needs a head, and this picture came without one; try tif or pam",
        );
    };
    let head = Head::parse(front)?;
    let shape = &picture.planes.shape;
    let bits = shape.planes[0].bit_depth;
    if head.end != front.len()
        || !(bits == head.stored || bits == head.allocated)
        || *shape != head.shape(bits)?
    {
        return unsupported(
            "the picture differs in size, planes or bits from the DICOM head it came with; try tif or pam",
        );
    }
    let mut out = front.to_vec();
    let mut planes = picture.planes.clone();
    head.for_each_sample(&mut planes, |sample| {
        let word = head.word(*sample, bits).to_le_bytes();
        out.extend(&word[..usize::from(head.allocated / 8)]);
    });
    out.extend(item(TAIL).unwrap_or_default());
    Ok(out)
}

/// The elements before the samples that describe them.
#[derive(Debug, Default)]
struct Head {
    width: usize,
    height: usize,
    frames: usize,
    samples: usize,
    planar: bool,
    photometric: String,
    /// 8 or 16.
    allocated: u8,
    /// 1 to `allocated`.
    stored: u8,
    signed: bool,
    /// Where the samples start.
    end: usize,
}

impl Head {
    /// Reads the elements up to the samples, whose bytes may be missing.
    fn parse(bytes: &[u8]) -> Result<Self, ImageError> {
        let mut walk = Walk { bytes, at: DATA_START };
        let mut syntax = Vec::new();
        while walk.peek_group() == Some(2) {
            let element = walk.element(false)?;
            let value = walk.take(element.len)?;
            if element.tag == 0x0002_0010 {
                syntax = value.to_vec();
            }
        }
        let implicit = implicit_from_syntax(&text(&syntax))?;
        let mut head = Self { frames: 1, samples: 1, ..Self::default() };
        let mut high_bit = None;
        // For each sequence of no stated length that we are in, whether its elements are
        // implicit.
        let mut inside: Vec<bool> = Vec::new();
        loop {
            let at = walk.at;
            let element = walk.element(inside.last().copied().unwrap_or(implicit))?;
            match element.tag {
                0xfffe_e00d | 0xfffe_e0dd => {
                    inside.pop();
                    continue;
                }
                PIXEL_DATA if inside.is_empty() => {
                    if element.len == UNDEFINED {
                        return Err(ImageError::Malformed {
                            what: "DICOM samples of no stated length".into(),
                            at: Some(at),
                        });
                    }
                    head.end = walk.at;
                    head.check(high_bit)?;
                    let needed = head.len_bytes();
                    if (element.len as usize) < needed {
                        let what =
                            format!("DICOM samples of {} bytes where {needed} are needed", element.len);
                        return Err(ImageError::Malformed { what, at: Some(at) });
                    }
                    return Ok(head);
                }
                _ if element.len == UNDEFINED => {
                    if inside.len() == NESTING_MAX {
                        return Err(ImageError::Limit {
                            what: "DICOM sequences within another",
                            max: 64,
                        });
                    }
                    let outer = inside.last().copied().unwrap_or(implicit);
                    inside.push(outer || element.unknown);
                    continue;
                }
                _ => {}
            }
            let value = walk.take(element.len)?;
            if !inside.is_empty() {
                continue;
            }
            if element.tag == 0x0028_0102 {
                high_bit = Some(number(value));
            }
            head.note(element.tag, value, at)?;
        }
    }

    /// Stores the value of an element outside all sequences.
    fn note(&mut self, tag: u32, value: &[u8], at: usize) -> Result<(), ImageError> {
        let bits = || u8::try_from(number(value)).unwrap_or(u8::MAX);
        match tag {
            0x0028_0002 => self.samples = number(value),
            0x0028_0004 => self.photometric = text(value),
            0x0028_0006 => self.planar = number(value) == 1,
            0x0028_0008 => {
                let frames = text(value).parse();
                self.frames = frames.map_err(|_| ImageError::Malformed {
                    what: "DICOM frame count".into(),
                    at: Some(at),
                })?;
            }
            0x0028_0010 => self.height = number(value),
            0x0028_0011 => self.width = number(value),
            0x0028_0100 => self.allocated = bits(),
            0x0028_0101 => self.stored = bits(),
            0x0028_0103 => self.signed = number(value) == 1,
            _ => {}
        }
        Ok(())
    }

    fn check(&mut self, high_bit: Option<usize>) -> Result<(), ImageError> {
        let unsupported = |what: String| Err(ImageError::Unsupported { what: format!("DICOM {what}") });
        let (allocated, stored) = (self.allocated, self.stored);
        if !matches!(allocated, 8 | 16) {
            return unsupported(format!(
                "with {allocated} bits allocated for a sample; 8 and 16 are handled"
            ));
        }
        if stored == 0 || stored > allocated {
            let what = format!("DICOM with {stored} bits stored in {allocated}");
            return Err(ImageError::Malformed { what, at: None });
        }
        // Samples that do not end at the lowest bit are taken as whole words.
        if high_bit.is_some_and(|bit| bit + 1 != usize::from(stored)) {
            self.stored = allocated;
        }
        match (self.photometric.as_str(), self.samples, self.frames) {
            ("MONOCHROME1" | "MONOCHROME2", 1, 1..=32) | ("RGB" | "YBR_FULL", 3, 1) => Ok(()),
            ("MONOCHROME1" | "MONOCHROME2", 1, frames) => {
                unsupported(format!("of {frames} frames; 1 to 32 become planes"))
            }
            (name, samples, frames) => {
                unsupported(format!("of {frames} frames of {samples} samples a pixel, {name}"))
            }
        }
    }

    fn shape(&self, bits: u8) -> Result<Shape, ImageError> {
        let (width, height) = (self.width, self.height);
        if width == 0 || height == 0 {
            return Err(ImageError::Malformed {
                what: format!("DICOM picture of {width} × {height} pixels"),
                at: None,
            });
        }
        let rgb = Shape::rgb(width, height, bits);
        Ok(match (self.photometric.as_str(), self.frames) {
            ("RGB", _) => rgb,
            ("YBR_FULL", _) => Shape { colour: ColourModel::YCbCr(YCbCrMatrix::Bt601), ..rgb },
            (_, 1) => Shape::gray(width, height, bits),
            (_, frames) => {
                let planes = vec![PlaneInfo::new(PlaneRole::Band, bits); frames];
                Shape { width_px: width, height_px: height, colour: ColourModel::Bands, planes }
            }
        })
    }

    /// Bytes of all samples. Sides are below 65 536, frames and samples below 33: no overflow.
    fn len_bytes(&self) -> usize {
        self.width * self.height * self.samples * self.frames * usize::from(self.allocated / 8)
    }

    fn words<'a>(&self, values: &'a [u8]) -> impl Iterator<Item = u16> + use<'a> {
        let word = |bytes: &[u8]| u16::from_le_bytes([bytes[0], bytes.get(1).copied().unwrap_or(0)]);
        values.chunks_exact(usize::from(self.allocated / 8)).map(word)
    }

    /// The sample of `bits` bits that a stored word stands for, if it is in range.
    fn sample(&self, word: u16, bits: u8) -> Option<u16> {
        let value = match (self.signed, self.allocated) {
            (false, _) => i32::from(word),
            (true, 8) => i32::from(word as u8 as i8) + (1 << (bits - 1)),
            (true, _) => i32::from(word as i16) + (1 << (bits - 1)),
        };
        (0..1 << bits).contains(&value).then_some(value as u16)
    }

    /// The inverse of `sample`.
    fn word(&self, sample: u16, bits: u8) -> u16 {
        if self.signed { sample.wrapping_sub(1 << (bits - 1)) } else { sample }
    }

    /// Visits the samples in the order of the file.
    fn for_each_sample(&self, planes: &mut Planes, mut visit: impl FnMut(&mut u16)) {
        if self.planar || self.samples == 1 {
            for plane in &mut planes.planes {
                (0..self.height).for_each(|y| plane.row_mut(y).iter_mut().for_each(&mut visit));
            }
            return;
        }
        for y in 0..self.height {
            for x in 0..self.width {
                planes.planes.iter_mut().for_each(|plane| visit(&mut plane.row_mut(y)[x]));
            }
        }
    }
}

/// Whether the elements of a transfer syntax are implicit.
fn implicit_from_syntax(syntax: &str) -> Result<bool, ImageError> {
    let name = match syntax {
        "1.2.840.10008.1.2" => return Ok(true),
        "1.2.840.10008.1.2.1" => return Ok(false),
        "1.2.840.10008.1.2.1.99" => "deflated",
        "1.2.840.10008.1.2.2" => "big-endian",
        "1.2.840.10008.1.2.5" => "RLE",
        "1.2.840.10008.1.2.4.80" | "1.2.840.10008.1.2.4.81" => "JPEG-LS",
        "1.2.840.10008.1.2.4.90" | "1.2.840.10008.1.2.4.91" => "JPEG 2000",
        _ if syntax.starts_with("1.2.840.10008.1.2.4.") => "JPEG or video",
        _ => "unknown",
    };
    let what = format!(
        "DICOM with {name} samples (transfer syntax {syntax}); decompress it first, e.g. with gdcmconv -w"
    );
    Err(ImageError::Unsupported { what })
}

/// The first 16-bit number of a value, 0 if it has none.
fn number(value: &[u8]) -> usize {
    value.first_chunk::<2>().map_or(0, |&bytes| usize::from(u16::from_le_bytes(bytes)))
}

/// The letters of a value without its padding.
fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).trim_matches(['\0', ' ']).into()
}

struct Element {
    tag: u32,
    len: u32,
    /// Of VR UN: what is inside is implicit.
    unknown: bool,
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    fn take(&mut self, len: u32) -> Result<&'a [u8], ImageError> {
        let left = self.bytes.get(self.at..).unwrap_or_default();
        let len = len as usize;
        let value =
            left.get(..len).ok_or(ImageError::Truncated { needed: len - left.len().min(len) })?;
        self.at += len;
        Ok(value)
    }

    fn u16(&mut self) -> Result<u16, ImageError> {
        Ok(u16::from_le_bytes(self.take(2)?.try_into().unwrap_or_default()))
    }

    fn u32(&mut self) -> Result<u32, ImageError> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into().unwrap_or_default()))
    }

    fn peek_group(&self) -> Option<u16> {
        self.bytes.get(self.at..self.at + 2).map(|group| u16::from_le_bytes([group[0], group[1]]))
    }

    /// Reads the head of an element; its value is next.
    fn element(&mut self, implicit: bool) -> Result<Element, ImageError> {
        let at = self.at;
        let tag = u32::from(self.u16()?) << 16 | u32::from(self.u16()?);
        // Items and delimiters have no VR.
        if implicit || tag >> 16 == 0xfffe {
            return Ok(Element { tag, len: self.u32()?, unknown: false });
        }
        let vr = self.take(2)?;
        if !vr.iter().all(u8::is_ascii_uppercase) {
            return Err(ImageError::Malformed {
                what: "DICOM element without a value representation".into(),
                at: Some(at),
            });
        }
        let long = matches!(
            vr,
            b"OB"
                | b"OD"
                | b"OF"
                | b"OL"
                | b"OV"
                | b"OW"
                | b"SQ"
                | b"SV"
                | b"UC"
                | b"UN"
                | b"UR"
                | b"UT"
                | b"UV"
        );
        let len = if long {
            self.u16()?;
            self.u32()?
        } else {
            u32::from(self.u16()?)
        };
        Ok(Element { tag, len, unknown: vr == b"UN" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{PictureFormat, read_picture, write_picture};

    /// What a test file says.
    struct Made<'a> {
        implicit: bool,
        syntax: &'a str,
        frames: usize,
        samples: u16,
        bits: (u16, u16),
        signed: u16,
        photometric: &'a str,
    }

    const GRAY: Made<'_> = Made {
        implicit: false,
        syntax: "1.2.840.10008.1.2.1",
        frames: 1,
        samples: 1,
        bits: (16, 12),
        signed: 0,
        photometric: "MONOCHROME2",
    };

    fn put(out: &mut Vec<u8>, implicit: bool, tag: u32, vr: &[u8; 2], value: &[u8]) {
        out.extend(((tag >> 16) as u16).to_le_bytes());
        out.extend((tag as u16).to_le_bytes());
        match (implicit, vr) {
            (true, _) => out.extend((value.len() as u32).to_le_bytes()),
            (false, b"OW" | b"SQ") => {
                out.extend(vr);
                out.extend([0, 0]);
                out.extend((value.len() as u32).to_le_bytes());
            }
            (false, _) => {
                out.extend(vr);
                out.extend((value.len() as u16).to_le_bytes());
            }
        }
        out.extend(value);
    }

    /// A file of 5 × 3 pixels: all elements, a nested sequence of no stated length, samples, and
    /// one element behind.
    fn file(made: &Made<'_>, word: impl Fn(usize) -> u16) -> Vec<u8> {
        // A preamble that is a TIFF's start.
        let mut out = b"II*\0\x08\0\0\0".to_vec();
        out.resize(128, 0);
        out.extend(b"DICM");
        put(&mut out, false, 0x0002_0010, b"UI", made.syntax.as_bytes());
        let short = |out: &mut Vec<u8>, tag, value: u16| {
            put(out, made.implicit, tag, b"US", &value.to_le_bytes())
        };
        let start = |out: &mut Vec<u8>, tag: u32, vr: Option<&[u8]>| {
            out.extend(((tag >> 16) as u16).to_le_bytes());
            out.extend((tag as u16).to_le_bytes());
            out.extend(vr.unwrap_or_default());
            out.extend(UNDEFINED.to_le_bytes());
        };
        start(&mut out, 0x0008_1140, (!made.implicit).then_some(b"SQ\0\0"));
        start(&mut out, 0xfffe_e000, None);
        short(&mut out, 0x0028_0010, 999);
        for delimiter in [0xe00du16, 0xe0dd] {
            out.extend([0xfe, 0xff]);
            out.extend(delimiter.to_le_bytes());
            out.extend([0; 4]);
        }
        short(&mut out, 0x0028_0002, made.samples);
        put(&mut out, made.implicit, 0x0028_0004, b"CS", made.photometric.as_bytes());
        put(&mut out, made.implicit, 0x0028_0008, b"IS", made.frames.to_string().as_bytes());
        short(&mut out, 0x0028_0010, 3);
        short(&mut out, 0x0028_0011, 5);
        short(&mut out, 0x0028_0100, made.bits.0);
        short(&mut out, 0x0028_0101, made.bits.1);
        short(&mut out, 0x0028_0103, made.signed);
        let bytes = usize::from(made.bits.0 / 8);
        let words = (0..15 * made.frames * usize::from(made.samples)).map(word);
        let mut values: Vec<u8> =
            words.flat_map(|word| word.to_le_bytes().into_iter().take(bytes)).collect();
        values.resize(values.len().next_multiple_of(2), 0);
        put(&mut out, made.implicit, PIXEL_DATA, b"OW", &values);
        put(&mut out, made.implicit, 0xfffc_fffc, b"OW", &[0; 6]);
        out
    }

    fn read_back(bytes: &[u8]) -> Result<Picture, ImageError> {
        assert_eq!(PictureFormat::detect(bytes), Some(PictureFormat::Dicom));
        read_picture(bytes, &Limits::default())
    }

    #[test]
    fn files_come_back_to_the_byte() {
        let implicit = Made { implicit: true, syntax: "1.2.840.10008.1.2\0", ..GRAY };
        let frames = Made { frames: 32, ..GRAY };
        let colour = Made { samples: 3, bits: (8, 8), photometric: "RGB ", ..GRAY };
        let ycbcr = Made { photometric: "YBR_FULL", ..colour };
        let bytes = Made { bits: (8, 8), ..GRAY };
        for (made, planes, bits) in [
            (GRAY, 1, 12),
            (implicit, 1, 12),
            (frames, 32, 12),
            (colour, 3, 8),
            (ycbcr, 3, 8),
            (bytes, 1, 8),
        ] {
            let source = file(&made, |i| (i * 37 % 251) as u16);
            let picture = read_back(&source).unwrap();
            assert_eq!(
                (picture.planes.planes.len(), picture.planes.shape.planes[0].bit_depth),
                (planes, bits)
            );
            assert_eq!(write_picture(PictureFormat::Dicom, &picture).unwrap(), source);
        }
    }

    #[test]
    fn signed_samples_are_raised_and_high_bits_are_kept() {
        let signed = Made { signed: 1, ..GRAY };
        let source = file(&signed, |i| (i as i16 * 100 - 700) as u16);
        let picture = read_back(&source).unwrap();
        assert_eq!(picture.planes.planes[0].row(0)[..2], [2048 - 700, 2048 - 600]);
        assert_eq!(write_picture(PictureFormat::Dicom, &picture).unwrap(), source);
        let overlay = file(&GRAY, |i| 0xf000 | i as u16);
        let picture = read_back(&overlay).unwrap();
        assert_eq!(picture.planes.shape.planes[0].bit_depth, 16);
        assert_eq!(write_picture(PictureFormat::Dicom, &picture).unwrap(), overlay);
    }

    #[test]
    fn what_we_do_not_read_says_so() {
        for (made, word) in [
            (Made { syntax: "1.2.840.10008.1.2.5\0", ..GRAY }, "RLE"),
            (Made { syntax: "1.2.840.10008.1.2.4.80", ..GRAY }, "JPEG-LS"),
            (Made { syntax: "1.2.840.10008.1.2.4.70", ..GRAY }, "JPEG"),
            (Made { syntax: "1.2.840.10008.1.2.2\0", ..GRAY }, "big-endian"),
            (Made { frames: 33, ..GRAY }, "33 frames"),
            (Made { frames: 2, samples: 3, photometric: "RGB ", ..GRAY }, "2 frames"),
            (Made { photometric: "PALETTE COLOR ", ..GRAY }, "PALETTE"),
            (Made { bits: (32, 32), ..GRAY }, "32 bits"),
        ] {
            let error = read_back(&file(&made, |i| i as u16)).unwrap_err();
            assert!(
                matches!(error, ImageError::Unsupported { .. }) && error.to_string().contains(word),
                "{error}"
            );
        }
    }

    #[test]
    fn cut_and_changed_files_are_errors_or_pictures() {
        let source = file(&GRAY, |i| i as u16);
        let samples_end = source.len() - 18;
        for len in DATA_START..samples_end {
            assert!(read_back(&source[..len]).is_err(), "{len}");
        }
        for at in DATA_START..source.len() {
            for value in [0, 0x7f, 0xff] {
                let mut changed = source.clone();
                changed[at] = value;
                let limits = Limits { samples_max: 1 << 16, ..Limits::default() };
                if let Ok(picture) = read_picture(&changed, &limits) {
                    assert_eq!(write_picture(PictureFormat::Dicom, &picture).unwrap(), changed);
                }
            }
        }
    }

    #[test]
    fn only_pictures_of_the_heads_shape_are_written() {
        let mut picture = read_back(&file(&GRAY, |i| i as u16)).unwrap();
        picture.planes = Planes::new(Shape::gray(5, 4, 12));
        assert!(write_picture(PictureFormat::Dicom, &picture).is_err());
        let plain =
            Picture { planes: Planes::new(Shape::gray(5, 3, 12)), metadata: Metadata::default() };
        assert!(write_picture(PictureFormat::Dicom, &plain).unwrap_err().to_string().contains("head"));
    }
}
