//! What a format has no place for: named before it is lost.
//!
//! In: a picture and the format that it is to be written in; out: a warning for each part that the
//! file will lack. What every reader takes for granted (sRGB as the colours, the first of 8
//! orientations) counts as kept.

use super::jpeg::{SEGMENT_MAX, XMP_MARKER};
use super::reading::FileWarning;
use super::{PictureFormat, exif};
use crate::{ColourModel, Metadata, Picture, PlaneRole};

/// The primaries of sRGB as PNG states them.
const SRGB_PRIMARIES: [u32; 8] = [31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000];

/// What a file of `format` will lack of `picture`.
///
/// ```
/// use tintype_image::Picture;
/// use tintype_image::io::{PictureFormat, left_out_by};
///
/// let mut picture = Picture::from_gray8(1, 1, &[7])?;
/// picture.metadata.xmp = Some(b"<x/>".to_vec());
/// assert!(left_out_by(PictureFormat::Png, &picture).is_empty());
/// assert_eq!(
///     left_out_by(PictureFormat::Pnm, &picture)[0].to_string(),
///     "XMP was left out: pnm files have no place for it"
/// );
/// # Ok::<(), tintype_image::ImageError>(())
/// ```
pub fn left_out_by(format: PictureFormat, picture: &Picture) -> Vec<FileWarning> {
    let mut out = Vec::new();
    let mut lost = |name: &str, why: String| {
        out.push(FileWarning::LeftOut { name: name.into(), why });
    };
    let no_place = || format!("{} files have no place for it", format.name());

    let metadata = &picture.metadata;
    let holds_profiles = matches!(
        format,
        PictureFormat::Png | PictureFormat::Jpeg | PictureFormat::Tiff | PictureFormat::WebP
    );
    if metadata.icc.is_some() && !holds_profiles {
        lost("the ICC profile", no_place());
    }
    // Orientation is applied instead.
    if metadata.exif.as_deref().is_some_and(says_more_than_orientation) && !holds_profiles {
        lost("EXIF", no_place());
    }
    if let Some(xmp) = &metadata.xmp {
        if !holds_profiles {
            lost("XMP", no_place());
        } else if format == PictureFormat::Png && std::str::from_utf8(xmp).is_err() {
            lost("XMP", "it is no UTF-8".into());
        }
    }
    if format == PictureFormat::Jpeg {
        let too_long = |bytes: &Option<Vec<u8>>, mark: usize| {
            bytes.as_ref().is_some_and(|bytes| bytes.len() + mark > SEGMENT_MAX)
        };
        let why = "it is too long for a JPEG file";
        if too_long(&metadata.exif, 6) {
            lost("EXIF", why.into());
        }
        if too_long(&metadata.xmp, XMP_MARKER.len()) {
            lost("XMP", why.into());
        }
    }
    let depth = picture.planes.shape.planes.iter().map(|plane| plane.bit_depth).max().unwrap_or(8);
    if depth > 8 && matches!(format, PictureFormat::Jpeg | PictureFormat::WebP) {
        lost(&format!("{depth}-bit precision"), format!("{} files have 8 bits", format.name()));
    }
    let alpha = picture.planes.shape.planes.iter().any(|plane| plane.role == PlaneRole::Alpha);
    let colours = picture.planes.shape.colour != ColourModel::Bands;
    if alpha && colours && format == PictureFormat::Jpeg {
        lost("opacity", no_place());
    }
    for name in names_of_items(format, metadata) {
        lost(&name, no_place());
    }
    out
}

/// Whether an EXIF block has anything but an orientation.
fn says_more_than_orientation(bytes: &[u8]) -> bool {
    exif::parse(bytes, 0).is_none_or(|exif| {
        !exif.camera.is_empty() || !exif.gps.is_empty() || exif.main.iter().any(|e| e.tag != 274)
    })
}

/// The further items that `format` loses, each kind once.
fn names_of_items(format: PictureFormat, metadata: &Metadata) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut tags: Vec<&str> = Vec::new();
    for (name, bytes) in &metadata.other {
        if is_kept(format, name, metadata) || is_usual(name, bytes) {
            continue;
        }
        let name = match name.split_once(':') {
            Some(("png", "gAMA" | "cHRM" | "sRGB" | "cICP")) => "colour signalling".into(),
            Some(("png", "mDCV" | "cLLI")) => "the mastering display".into(),
            Some(("png", "pHYs")) => "the resolution".into(),
            Some(("png", "tEXt" | "zTXt" | "iTXt")) => "text".into(),
            Some(("png", chunk)) => format!("the PNG chunk {chunk}"),
            Some(("pnm", "maxval")) => {
                let value = String::from_utf8_lossy(bytes);
                format!("the maximal value {value}, on whose scale samples were,")
            }
            Some(("tiff", "339:3")) => {
                "the sign of samples, which are moved up by half their range,".into()
            }
            Some(("tiff", tag)) => {
                tags.push(tag.split(':').next().unwrap_or(tag));
                continue;
            }
            Some(("dicom", _)) => "the DICOM header".into(),
            _ => name.clone(),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if !tags.is_empty() {
        names.push(format!("TIFF tag {}", tags.join(", ")));
    }
    names
}

fn is_kept(format: PictureFormat, name: &str, metadata: &Metadata) -> bool {
    let (kind, item) = name.split_once(':').unwrap_or(("", name));
    match (kind, format) {
        ("png", PictureFormat::Png) => true,
        ("png", PictureFormat::Tiff) => item == "pHYs",
        ("tiff", PictureFormat::Tiff) => true,
        ("tiff", PictureFormat::Png) => {
            super::resolution::is_part(item) && super::resolution::phys_of(metadata).is_some()
        }
        ("pnm", PictureFormat::Pnm | PictureFormat::Pam) => true,
        ("dicom", PictureFormat::Dicom) => true,
        // Frame rate and siting say nothing of one picture; range is applied.
        ("y4m", _) => true,
        _ => false,
    }
}

/// Whether an item says what holds without it.
fn is_usual(name: &str, bytes: &[u8]) -> bool {
    match name {
        "png:sRGB" | "png:tIME" | "png:bKGD" | "png:sBIT" => true,
        "png:gAMA" => bytes == 45_455u32.to_be_bytes(),
        "png:cHRM" => SRGB_PRIMARIES.iter().flat_map(|v| v.to_be_bytes()).eq(bytes.iter().copied()),
        "png:cICP" => bytes == [1, 13, 0, 1],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_loss_is_named_once() {
        let mut picture = Picture::from_gray16(1, 1, &[7]).unwrap();
        picture.metadata.icc = Some(vec![1]);
        picture.metadata.exif =
            Some(b"II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\x02\0\0\0A\0\0\0\0\0\0\0".to_vec());
        let items: [(&str, &[u8]); 6] = [
            ("png:cICP", &[9, 16, 0, 1]),
            ("png:gAMA", &[0, 0, 0xb1, 0x8f]),
            ("png:tEXt", b"a\0b"),
            ("png:tEXt", b"a\0c"),
            ("tiff:33550:12", &[0; 24]),
            ("pnm:maxval", b"10000"),
        ];
        picture.metadata.other = items.iter().map(|(n, b)| (n.to_string(), b.to_vec())).collect();
        let named = |format| -> Vec<String> {
            let start = |w: &FileWarning| w.to_string().split(" was left").next().unwrap().to_string();
            left_out_by(format, &picture).iter().map(start).collect()
        };
        let maxval = "the maximal value 10000, on whose scale samples were,";
        assert_eq!(named(PictureFormat::Png), [maxval, "TIFF tag 33550"]);
        assert_eq!(named(PictureFormat::Tiff), ["colour signalling", "text", maxval]);
        assert_eq!(
            named(PictureFormat::Pnm),
            ["the ICC profile", "EXIF", "colour signalling", "text", "TIFF tag 33550"]
        );
        assert_eq!(
            named(PictureFormat::Jpeg),
            ["16-bit precision", "colour signalling", "text", maxval, "TIFF tag 33550"]
        );
    }
}
