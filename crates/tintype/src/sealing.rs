//! Sealing what the encoder makes: the picture's file, and a smaller picture beside it.
//!
//! In: a picture and what was asked for; out: one sealed file. A size that was asked for is that of
//! the sealed file.

use crate::encode::{EncodeOptions, Encoded};
use crate::encoder::Encoder;
use crate::error::{Error, Result};
use crate::goal::Goal;
use crate::rate::bytes_at;
use crate::reduce::reduced;
use crate::registry::ids;
use crate::seal::Seal;
use tintype_image::{Metadata, Picture, Shape};
use tintype_metadata::profile_number;
use tintype_seal::Zeroizing;

/// The quality of previews beside pictures with another goal than a quality.
const PREVIEW_QUALITY: f32 = 75.0;

/// What of the metadata the preview needs to be shown right: colour that tells of no device, and the
/// orientation.
fn shown_metadata(metadata: &Metadata) -> Metadata {
    const COLOUR: [&str; 5] = ["png:gAMA", "png:cHRM", "png:sRGB", "png:cICP", "y4m:header"];
    let icc = metadata.icc.clone().filter(|icc| profile_number(icc).is_some());
    let other = metadata.other.iter().filter(|(name, _)| COLOUR.contains(&name.as_str())).cloned();
    Metadata { icc, exif: orientation(metadata), xmp: None, other: other.collect() }
}

/// EXIF that holds nothing but an orientation, if there is one.
#[cfg(feature = "files")]
fn orientation(metadata: &Metadata) -> Option<Vec<u8>> {
    use tintype_image::io::{exif_with_orientation, orientation_of};

    let turned = metadata.exif.as_deref().and_then(orientation_of).filter(|value| *value != 1);
    turned.map(exif_with_orientation)
}

#[cfg(not(feature = "files"))]
fn orientation(_: &Metadata) -> Option<Vec<u8>> {
    None
}

/// The goal that leaves room for what sealing adds.
fn sealed_goal(goal: Goal, shape: &Shape, room: impl FnOnce(u64) -> Result<u64>) -> Result<Goal> {
    Ok(match goal {
        Goal::SizeBytes(bytes) => Goal::SizeBytes(room(bytes)?),
        Goal::Bpp(bpp) => Goal::SizeBytes(room(bytes_at(bpp, shape))?),
        goal => goal,
    })
}

impl Encoder {
    /// Encodes `picture` by `plain`, and seals it.
    pub(crate) fn encode_sealed(
        &self,
        seal: &Seal,
        picture: &Picture,
        plain: impl FnOnce(&EncodeOptions) -> Result<Encoded>,
    ) -> Result<Encoded> {
        let preview = self.preview_of(seal, Some(picture))?;
        let mut options = self.options.clone();
        let room = |goal| seal.room(goal, preview.as_ref());
        options.goal = sealed_goal(options.goal, &picture.planes.shape, room)?;
        let mut encoded = plain(&options)?;
        let tin = Zeroizing::new(std::mem::take(&mut encoded.bytes));
        encoded.bytes = seal.closed(&tin, preview.as_ref())?;
        Ok(encoded)
    }

    /// Seals the `.tin` file `tin`, which was made of `picture`; the picture is needed for a preview
    /// only.
    ///
    /// # Errors
    /// `Misuse` without [`Encoder::seal`], and for a preview without a picture.
    ///
    /// ```
    /// use tintype::{Encoder, Lock, Passphrase, Picture, Seal};
    ///
    /// let tin = Encoder::lossless().encode(&Picture::from_gray8(2, 1, &[1, 2])?)?;
    /// let seal = Seal::new(Lock::for_passphrase(&Passphrase::new("a long sentence")?, 10)?);
    /// let sealed = Encoder::new().seal(seal).close(&tin.bytes, None)?;
    /// assert!(sealed.len() > tin.bytes.len());
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn close(&self, tin: &[u8], picture: Option<&Picture>) -> Result<Vec<u8>> {
        let what = || Error::Misuse { what: "sealing without a lock".into() };
        let seal = self.seal.as_ref().ok_or_else(what)?;
        seal.closed(tin, self.preview_of(seal, picture)?.as_ref())
    }

    /// The preview of `picture` that `seal` asks for, as a file, and by which power of two it is
    /// smaller.
    pub(crate) fn preview_of(
        &self,
        seal: &Seal,
        picture: Option<&Picture>,
    ) -> Result<Option<(u8, Encoded)>> {
        let Some(scale_log2) = seal.preview_log2()? else { return Ok(None) };
        let picture = picture.ok_or_else(|| Error::Misuse { what: "a preview of no picture".into() })?;
        let colour = crate::depth::split_depth(picture).map(|(colour, _)| colour);
        let picture = colour.as_ref().unwrap_or(picture);
        let planes = reduced(&picture.planes, scale_log2);
        let small = Picture { planes, metadata: shown_metadata(&picture.metadata) };
        Ok(Some((scale_log2, self.for_preview().encode(&small)?)))
    }

    /// The encoder of previews: the same but for the goal, a codec for ordinary pictures.
    fn for_preview(&self) -> Self {
        let mut encoder = self.clone();
        encoder.seal = None;
        encoder.options.goal = match self.options.goal {
            Goal::Quality(quality) => Goal::Quality(quality),
            _ => Goal::Quality(PREVIEW_QUALITY),
        };
        encoder.options.denoise = None;
        encoder.options.codec = self.options.codec.filter(|id| *id == ids::PHOTO || *id == ids::WAVELET);
        encoder
    }
}
