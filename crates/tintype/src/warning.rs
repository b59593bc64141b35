//! What went less than perfectly although there is a result.

use std::fmt;

/// What the caller should know about a result that is there all the same.
///
/// ```
/// use tintype::{Decoder, Encoder, Picture, Warning, codec};
///
/// let picture = Picture::from_gray8(32, 32, &[90; 32 * 32])?;
/// let tin = Encoder::lossless().codec(codec::WAVELET).encode(&picture)?;
/// let cut = &tin.bytes[..tin.bytes.len() - 1];
/// let back = Decoder::from_stream(cut)?.decode()?;
/// assert!(matches!(back.warnings[..], [Warning::CutOff { at }] if at == cut.len() as u64));
/// # Ok::<(), tintype::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // Each variant's text names its fields.
pub enum Warning {
    /// The file was cut off at byte `at`; the picture is as good as the bytes allow.
    CutOff { at: u64 },
    /// The picture file that was read is damaged; the picture shows what could be decoded.
    DamagedFile { what: String },
    /// The picture file that was read has `count` frames or pages (`noun`), of which number
    /// `taken`, from 1, is the picture.
    FurtherFrames { taken: usize, count: usize, noun: &'static str },
    /// Opacity was coded with loss by the codec that was asked for.
    OpacityCodedWithLoss { codec: &'static str },
    /// The picture is sealed; this is its preview, of 1/`divisor` of its size.
    Preview { divisor: u32 },
    /// The metadata item `name` is missing in the result, for the reason given.
    MetadataLeftOut { name: String, why: String },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutOff { at } => {
                write!(f, "the file was cut off at byte {at}; fetch it again for the rest")
            }
            Self::DamagedFile { what } => write!(f, "{what}"),
            Self::FurtherFrames { taken, count, noun } => write!(
                f,
                "{noun} {taken} of {count} is read, the others are left out (--page N chooses)"
            ),
            Self::OpacityCodedWithLoss { codec } => write!(
                f,
                "opacity is coded with loss by codec {codec}, so that clear pixels may show; codecs photo and wavelet \
                 keep it exact"
            ),
            Self::Preview { divisor } => write!(
                f,
                "the picture is sealed, this is its preview of 1/{divisor} of the size; a key opens it (--identity, \
                 --passphrase-file), --scale 1/{divisor} asks for the preview"
            ),
            Self::MetadataLeftOut { name, why } => write!(f, "{name} was left out: {why}"),
        }
    }
}

#[cfg(feature = "files")]
impl From<tintype_image::io::FileWarning> for Warning {
    fn from(warning: tintype_image::io::FileWarning) -> Self {
        use tintype_image::io::FileWarning;

        match warning {
            FileWarning::FurtherFrames { taken, count, noun } => {
                Self::FurtherFrames { taken, count, noun }
            }
            FileWarning::LeftOut { name, why } => Self::MetadataLeftOut { name, why },
            other => Self::DamagedFile { what: other.to_string() },
        }
    }
}
