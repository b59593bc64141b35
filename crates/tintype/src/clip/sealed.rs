//! Sealing a clip while it is written: a smaller first picture that others may see, then the clip, which
//! reaches to the end of the file.

use crate::encoder::Encoder;
use crate::error::Result;
use crate::goal::Goal;
use crate::seal::Seal;
use tintype_image::Picture;
use tintype_seal::SealedWriter;

/// A clip's seal, before and after its first picture is known.
#[derive(Debug)]
pub(super) enum Sealing {
    Asked(Seal),
    Begun(SealedWriter<Vec<u8>>),
}

impl Sealing {
    /// Begins the file, if that was not done: `first` is of the size and colours of the clip's first picture.
    pub(super) fn begin(&mut self, first: Option<Picture>, encoder: &Encoder) -> Result<()> {
        if let Self::Asked(seal) = self {
            let preview = match &first {
                Some(picture) => encoder.preview_of(seal, Some(picture))?,
                None => None,
            };
            *self = Self::Begun(seal.streamed(preview.as_ref())?);
        }
        Ok(())
    }

    /// The sealed bytes that are ready after `bytes`.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> Result<Vec<u8>> {
        let Self::Begun(writer) = self else { return Ok(Vec::new()) };
        writer.write(bytes)?;
        Ok(std::mem::take(writer.target_mut()))
    }

    /// The rest of the sealed bytes.
    pub(super) fn finish(self) -> Result<Vec<u8>> {
        match self {
            Self::Begun(writer) => Ok(writer.finish()?),
            Self::Asked(_) => Ok(Vec::new()),
        }
    }
}

/// What makes the smaller picture: as the clip is made, or at a usual quality beside one that loses nothing.
pub(super) fn preview_encoder(quality: Option<f32>, effort: u8, threads: usize) -> Encoder {
    let goal = quality.map_or(Goal::Lossless, Goal::Quality);
    Encoder::new().goal(goal).effort(effort).threads(threads)
}
