//! Picture files to pictures.
//!
//! JPEG files are read by our own decoder, as far as the file goes; others by `tintype_image`.

#[cfg(feature = "jpeg")]
use super::sniff::is_jpeg;
use crate::error::Result;
use crate::options::{DecodeOptions, check_request};
use crate::reduce::reduce_to;
use crate::warning::Warning;
use tintype_codec::Exec;
use tintype_image::io::{read_page, read_picture_with_warnings};
use tintype_image::{Picture, Shape};

/// A picture that was read from a picture file.
///
/// ```
/// use tintype::{DecodeOptions, files};
///
/// let read = files::read_picture(b"P5 2 1 255 \x10\x20", &DecodeOptions::new())?;
/// assert_eq!(read.picture.to_gray8()?, [16, 32]);
/// assert!(read.warnings.is_empty());
/// # Ok::<(), tintype::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FilePicture {
    /// The picture.
    pub picture: Picture,
    /// Shape of the whole picture at full size, of which `picture` may be a part.
    pub full_shape: Shape,
    /// What is wrong with the file; empty for a sound one.
    pub warnings: Vec<Warning>,
}

/// Reads a picture file: PNG, JPEG, TIFF, WebP, PNM, PAM, DICOM, Y4M, GIF, BMP. Damaged JPEG and
/// PNG files are read as far as they go, with a warning; so are files of several pages or
/// frames. Quality layers such files have none.
///
/// # Errors
/// `Codec` or `Picture` for a file of which no picture can be made; `Misuse` for a part that the
/// picture does not have.
///
/// ```
/// use tintype::{DecodeOptions, files};
///
/// let options = DecodeOptions::new().scale(2);
/// let small = files::read_picture(b"P5 2 1 255 \x10\x20", &options)?.picture;
/// assert_eq!(small.to_gray8()?, [24]);
/// # Ok::<(), tintype::Error>(())
/// ```
pub fn read_picture(file: &[u8], options: &DecodeOptions) -> Result<FilePicture> {
    let options = options.clone().started();
    let request = options.request()?;
    let (mut picture, warnings) = picture_from_page(file, options.page, &options.exec)?;
    let full_shape = picture.planes.shape.clone();
    check_request(&request, &full_shape)?;
    reduce_to(&request, &mut picture)?;
    Ok(FilePicture { picture, full_shape, warnings })
}

/// The whole picture in `file`, and what is wrong with the file.
pub(crate) fn picture_from_file(file: &[u8], exec: &Exec) -> Result<(Picture, Vec<Warning>)> {
    picture_from_page(file, None, exec)
}

/// The whole picture on a page of `file`, from 1, or on the usual one.
fn picture_from_page(file: &[u8], page: Option<usize>, exec: &Exec) -> Result<(Picture, Vec<Warning>)> {
    #[cfg(feature = "jpeg")]
    if is_jpeg(file) && page.unwrap_or(1) == 1 {
        let (mut picture, mut warnings) = super::packed::picture_from_jpeg(file, exec)?;
        let parts = super::jpeg_parts::parts_of(file);
        warnings.extend(parts.left_out);
        for comment in parts.comments {
            // A PNG text ends at its first 0.
            let comment = comment.split(|byte| *byte == 0).next().unwrap_or_default();
            let text = [b"Comment\0", comment].concat();
            picture.metadata.other.push(("png:tEXt".into(), text));
        }
        return Ok((picture, warnings));
    }
    let (picture, warnings) = match page {
        Some(page) => read_page(file, page, &exec.limits),
        None => read_picture_with_warnings(file, &exec.limits),
    }?;
    Ok((picture, warnings.into_iter().map(Warning::from).collect()))
}

/// Reads a JPEG file some rows at a time, without holding the picture: `take` gets its shape
/// and the next rows of each plane. Gives warnings; `None` for files that need to be held, and
/// then what `take` got is of no use. Scale, region and layers do not count.
///
/// # Errors
/// `Codec` for a file of which no picture can be made.
///
/// ```
/// use tintype::{DecodeOptions, Encoder, Picture, files};
///
/// let jpeg = Encoder::new().encode_jpeg(&Picture::from_gray8(16, 16, &[80; 256])?)?;
/// let mut rows = 0;
/// files::read_jpeg_rows(jpeg.as_ref(), &DecodeOptions::new(), &mut |_, planes| {
///     rows += planes[0].len() / 16;
/// })?;
/// assert_eq!(rows, 16);
/// # Ok::<(), tintype::Error>(())
/// ```
#[cfg(feature = "jpeg")]
pub fn read_jpeg_rows(
    file: &[u8],
    options: &DecodeOptions,
    take: &mut dyn FnMut(&Shape, &[&[u16]]),
) -> Result<Option<Vec<Warning>>> {
    super::packed::jpeg_rows(file, &options.exec, take)
}
