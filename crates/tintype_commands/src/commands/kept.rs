//! Which metadata goes into the result (`--strip`, `--keep`), and what the result lacks.

use crate::args::{KeepArgs, StripArg};
use crate::positions::{blank_exif, blank_jpeg, blank_xmp};
use tintype::{Metadata, Picture};
use tintype_image::io::{PictureFormat, exif_with_orientation, left_out_by, orientation_of};

/// Items that say what samples are: without them the picture would be another.
const MEANING: [&str; 2] = ["pnm:maxval", "y4m:header"];
/// Items that say what colours are.
const COLOUR: [&str; 6] = ["png:gAMA", "png:cHRM", "png:sRGB", "png:cICP", "png:mDCV", "png:cLLI"];

/// Kinds of metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    colour: bool,
    exif: bool,
    xmp: bool,
    other: bool,
    /// Positions in what is kept.
    gps: bool,
}

impl Kept {
    const ALL: Self = Self { colour: true, exif: true, xmp: true, other: true, gps: true };

    /// As the options say.
    pub fn from_args(args: &KeepArgs) -> Self {
        match (&args.keep[..], args.strip) {
            ([], None) => Self::ALL,
            ([], Some(StripArg::All)) => Self { exif: false, xmp: false, other: false, ..Self::ALL },
            ([], Some(StripArg::Exif)) => Self { exif: false, ..Self::ALL },
            ([], Some(StripArg::Gps)) => Self { gps: false, ..Self::ALL },
            (list, _) => {
                let has = |name: &str| list.iter().any(|kind| kind == name);
                let (colour, exif) = (has("icc"), has("exif"));
                Self { colour, exif, xmp: has("xmp"), other: has("other"), gps: true }
            }
        }
    }

    /// Whether all of it is kept.
    pub fn is_all(self) -> bool {
        self == Self::ALL
    }

    /// Takes out what is not kept. An orientation stays: without it the picture would be turned.
    pub fn apply(self, metadata: &mut Metadata) {
        if !self.colour {
            metadata.icc = None;
        }
        if !self.exif {
            let orientation = metadata.exif.as_deref().and_then(orientation_of);
            metadata.exif = orientation.filter(|value| *value != 1).map(exif_with_orientation);
        }
        if !self.xmp {
            metadata.xmp = None;
        }
        if !self.gps {
            metadata.exif.as_deref_mut().into_iter().for_each(blank_exif);
            metadata.xmp.as_deref_mut().into_iter().for_each(blank_xmp);
            // Blocks of EXIF and XMP as text, by programs that knew no better place.
            metadata.other.retain(|(_, bytes)| !bytes.starts_with(b"Raw profile type"));
        }
        metadata.other.retain(|(name, _)| {
            MEANING.contains(&name.as_str())
                || if COLOUR.contains(&name.as_str()) { self.colour } else { self.other }
        });
    }

    /// `file`, a JPEG, without the segments that are not kept; the picture is not touched. What
    /// follows the picture stays unless all that is not colour goes.
    pub fn applied_to_jpeg(self, file: &[u8]) -> Vec<u8> {
        let mut out = file.get(..2).unwrap_or_default().to_vec();
        let mut rest = file.get(2..).unwrap_or_default();
        while let Some((JpegSegment { marker, segment, body }, after)) = next_segment(rest) {
            rest = after;
            match marker {
                0xe1 if body.starts_with(b"Exif\0\0") => {
                    let turned = orientation_of(&body[6..]).filter(|value| *value != 1);
                    match (self.exif, turned) {
                        (true, _) => out.extend_from_slice(segment),
                        (false, Some(turned)) => {
                            let exif = exif_with_orientation(turned);
                            out.extend([0xff, 0xe1, 0, (exif.len() + 8) as u8]);
                            out.extend_from_slice(b"Exif\0\0");
                            out.extend_from_slice(&exif);
                        }
                        (false, None) => {}
                    }
                }
                0xe1 if self.xmp => out.extend_from_slice(segment),
                0xe1 => {}
                0xe2 if body.starts_with(b"ICC_PROFILE\0") => {
                    if self.colour {
                        out.extend_from_slice(segment);
                    }
                }
                // JFIF and Adobe say what the samples are.
                0xe0 | 0xee => out.extend_from_slice(segment),
                0xe3..=0xef | 0xe2 | 0xfe if !self.other => {}
                _ => out.extend_from_slice(segment),
            }
        }
        // A picture's data holds no end mark; what follows the mark is a tail.
        let end =
            rest.windows(2).position(|pair| pair == [0xff, 0xd9]).map_or(rest.len(), |end| end + 2);
        out.extend_from_slice(if self.other { rest } else { &rest[..end] });
        if !self.gps {
            blank_jpeg(&mut out);
        }
        out
    }
}

/// What a file of `format` will lack of `picture`, in words.
pub fn losses(format: PictureFormat, picture: &Picture) -> Vec<String> {
    left_out_by(format, picture).iter().map(ToString::to_string).collect()
}

/// The metadata of a JPEG file as far as losses need it: which kinds there are, and its orientation.
pub fn kinds_in_jpeg(file: &[u8]) -> Metadata {
    let mut metadata = Metadata::default();
    let mut rest = file.get(2..).unwrap_or_default();
    while let Some((JpegSegment { marker, body, .. }, after)) = next_segment(rest) {
        rest = after;
        match marker {
            0xe1 if body.starts_with(b"Exif\0\0") => metadata.exif = Some(body[6..].to_vec()),
            0xe1 if body.starts_with(b"http://ns.adobe.com/xap/1.0/\0") => {
                metadata.xmp = Some(Vec::new())
            }
            0xe2 if body.starts_with(b"ICC_PROFILE\0") => metadata.icc = Some(Vec::new()),
            0xfe => metadata.set("png:tEXt", body.to_vec()),
            _ => {}
        }
    }
    metadata
}

/// A segment of a JPEG file before the picture's data.
struct JpegSegment<'a> {
    marker: u8,
    /// All of it.
    segment: &'a [u8],
    /// What follows its marker and length.
    body: &'a [u8],
}

/// The segment that `rest` of a JPEG file begins with, and what follows it; nothing where the
/// picture's data begin or the file ends.
fn next_segment(rest: &[u8]) -> Option<(JpegSegment<'_>, &[u8])> {
    let &[0xff, marker, high, low] = rest.first_chunk()? else { return None };
    let len = 2 + usize::from(high) * 256 + usize::from(low);
    let (segment, after) = rest.split_at_checked(len).filter(|_| marker != 0xda)?;
    Some((JpegSegment { marker, segment, body: segment.get(4..).unwrap_or_default() }, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(strip: bool, keep: &[&str]) -> KeepArgs {
        KeepArgs {
            strip: strip.then_some(StripArg::All),
            keep: keep.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn strip_leaves_colour_meaning_and_orientation() {
        let mut metadata = Metadata {
            icc: Some(vec![1]),
            exif: Some(exif_with_orientation(6)),
            xmp: Some(vec![2]),
            other: vec![],
        };
        for name in ["png:gAMA", "png:tEXt", "pnm:maxval", "tiff:305:2"] {
            metadata.set(name, vec![3]);
        }
        let all = metadata.clone();
        Kept::from_args(&args(false, &[])).apply(&mut metadata);
        assert_eq!(metadata, all);
        Kept::from_args(&args(true, &[])).apply(&mut metadata);
        let names: Vec<&str> = metadata.other.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["png:gAMA", "pnm:maxval"]);
        assert!(metadata.icc.is_some() && metadata.xmp.is_none());
        assert_eq!(metadata.exif.as_deref().and_then(orientation_of), Some(6));
        Kept::from_args(&args(false, &["exif"])).apply(&mut metadata);
        assert_eq!((metadata.icc, metadata.other.len()), (None, 1));
    }

    #[test]
    fn segments_of_a_jpeg_go_and_its_picture_stays() {
        let segment =
            |marker: u8, body: &[u8]| [&[0xff, marker, 0, (body.len() + 2) as u8][..], body].concat();
        let exif = [&b"Exif\0\0"[..], &exif_with_orientation(8)].concat();
        let parts = [
            vec![0xff, 0xd8],
            segment(0xe0, b"JFIF\0"),
            segment(0xe1, &exif),
            segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x/>"),
            segment(0xe2, b"ICC_PROFILE\0\x01\x01p"),
            segment(0xed, b"Photoshop 3.0\0"),
            segment(0xda, b"\x01"),
            vec![7, 7, 0xff, 0xd9],
            b"tail".to_vec(),
        ];
        let file = parts.concat();
        assert_eq!(Kept::from_args(&args(false, &[])).applied_to_jpeg(&file), file);
        let stripped = Kept::from_args(&args(true, &[])).applied_to_jpeg(&file);
        let expected = [0, 1, 2, 4, 6, 7].map(|at: usize| parts[at].clone()).concat();
        assert_eq!(stripped, expected);
    }
}
