//! What an encode shall reach.

use crate::error::Error;

/// What an encode shall reach.
///
/// ```
/// use tintype::{Encoder, Goal, Picture};
///
/// let picture = Picture::from_gray8(64, 64, &[90; 64 * 64])?;
/// let tin = Encoder::new().goal(Goal::SizeBytes(2_000)).encode(&picture)?;
/// assert!(tin.bytes.len() <= 2_000);
/// # Ok::<(), tintype::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Goal {
    /// 0 to 100: the SSIMULACRA2 a typical photo reaches.
    Quality(f32),
    /// Every sample comes back.
    Lossless,
    /// Bits of file for each pixel; the file is no larger.
    Bpp(f32),
    /// Bytes of file; the file is no larger.
    SizeBytes(u64),
    /// Peak signal-to-noise ratio in dB. Needs the feature `metrics`.
    Psnr(f32),
    /// SSIMULACRA2, at most 100. Needs the feature `metrics`.
    Ssimulacra2(f32),
}

impl Goal {
    /// Refuses numbers outside their ranges.
    pub(crate) fn check(self) -> Result<(), Error> {
        let misuse = |what: String| Err(Error::Misuse { what });
        match self {
            Self::Quality(q) if !(0.0..=100.0).contains(&q) => {
                misuse(format!("quality {q} (0 to 100 are possible)"))
            }
            Self::Bpp(bpp) if !(bpp > 0.0 && bpp.is_finite()) => {
                misuse(format!("{bpp} bits per pixel (more than 0 needed)"))
            }
            Self::SizeBytes(0) => misuse("a file of 0 bytes".into()),
            Self::Psnr(db) if !db.is_finite() => misuse(format!("PSNR {db}; ask for lossless instead")),
            Self::Ssimulacra2(s) if !(s <= 100.0 && s.is_finite()) => {
                misuse(format!("SSIMULACRA2 {s} (100 means equal)"))
            }
            _ => Ok(()),
        }
    }
}
