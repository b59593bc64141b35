//! What a build may lack: the codecs `jpeg` and `planes`. Without them the same functions say so.

use std::io::Read;
use tintype::{DecodeOptions, Decoder, Encoded, Encoder, Error, Picture, Planes, Shape, Warning};

type Result<T> = std::result::Result<T, Error>;

/// Takes the rows of a picture as they are decoded.
type TakeRows<'a> = dyn FnMut(&Shape, &[&[u16]]) + 'a;

#[cfg(feature = "jpeg")]
mod jpeg {
    use super::*;

    /// Unpacks and compares only if asked to.
    pub fn verifying(encoder: Encoder, yes: bool) -> Encoder {
        encoder.verify(if yes { tintype::Verify::Yes } else { tintype::Verify::No })
    }

    /// Packs a JPEG file.
    pub fn pack_jpeg(encoder: &Encoder, file: &[u8]) -> Result<Encoded> {
        encoder.pack_jpeg(file)
    }

    /// Makes a JPEG file.
    pub fn encode_jpeg(encoder: &Encoder, picture: &Picture) -> Result<Encoded> {
        encoder.encode_jpeg(picture)
    }

    /// What lies inside a JPEG file beside its picture.
    pub fn jpeg_inside(file: &[u8]) -> Vec<String> {
        tintype::files::jpeg_inside(file)
    }

    /// The JPEG file that a `.tin` file holds.
    pub fn unpack_jpeg<R: Read>(decoder: Decoder<R>) -> Result<Option<Vec<u8>>> {
        decoder.unpack_jpeg()
    }

    /// Decodes a JPEG file row by row.
    pub fn read_jpeg_rows(
        file: &[u8],
        options: &DecodeOptions,
        take: &mut TakeRows<'_>,
    ) -> Result<Option<Vec<Warning>>> {
        tintype::files::read_jpeg_rows(file, options, take)
    }
}

#[cfg(not(feature = "jpeg"))]
mod jpeg {
    use super::*;

    fn lacks<T>(what: &str) -> Result<T> {
        Err(Error::Unsupported { what: format!("{what} in a build without the feature `jpeg`") })
    }

    /// Nothing is packed that could be compared.
    pub fn verifying(encoder: Encoder, _: bool) -> Encoder {
        encoder
    }

    /// JPEG files are not looked into in this build.
    pub fn jpeg_inside(_: &[u8]) -> Vec<String> {
        Vec::new()
    }

    /// Not in this build.
    pub fn pack_jpeg(_: &Encoder, _: &[u8]) -> Result<Encoded> {
        lacks("packing JPEG files")
    }

    /// Not in this build.
    pub fn encode_jpeg(_: &Encoder, _: &Picture) -> Result<Encoded> {
        lacks("making JPEG files")
    }

    /// The decoder reports what it lacks when the picture is decoded.
    pub fn unpack_jpeg<R: Read>(_: Decoder<R>) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    /// `None`: the picture is decoded as a whole.
    pub fn read_jpeg_rows(
        _: &[u8],
        _: &DecodeOptions,
        _: &mut TakeRows<'_>,
    ) -> Result<Option<Vec<Warning>>> {
        Ok(None)
    }
}

pub use jpeg::{encode_jpeg, jpeg_inside, pack_jpeg, read_jpeg_rows, unpack_jpeg, verifying};

/// `planes` changed within `error`, so that they code in fewer bytes.
pub fn within_error(planes: &Planes, error: u16) -> std::result::Result<Planes, String> {
    #[cfg(feature = "planes")]
    return Ok(tintype::within_error(planes, error));
    #[cfg(not(feature = "planes"))]
    match error {
        0 => Ok(planes.clone()),
        _ => Err("a bounded error, in a build without the feature `planes`".into()),
    }
}
