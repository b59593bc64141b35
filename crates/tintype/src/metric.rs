//! How alike two pictures are, as rate control asks it.
//!
//! In: two sets of planes of one shape; out: a number. Rate control takes a [`Measure`] from
//! outside, so that a build that only decodes carries no metrics.

use tintype_codec::CodecError;
use tintype_image::Planes;

/// A metric that can be a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Peak signal-to-noise ratio over all planes, in dB.
    Psnr,
    /// SSIMULACRA2.
    Ssimulacra2,
}

impl Metric {
    /// The name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Psnr => "PSNR",
            Self::Ssimulacra2 => "SSIMULACRA2",
        }
    }
}

/// Measures.
pub trait Measure: Sync {
    /// The value of `metric` of `decoded` against `source`.
    ///
    /// # Errors
    /// `Unsupported` for pictures that the metric does not take.
    fn measure(&self, metric: Metric, source: &Planes, decoded: &Planes) -> Result<f64, CodecError>;
}

/// The metrics of this build.
pub fn built_in() -> Option<&'static dyn Measure> {
    #[cfg(feature = "metrics")]
    {
        Some(&BuiltIn)
    }
    #[cfg(not(feature = "metrics"))]
    {
        None
    }
}

/// The metrics of `tintype_metrics`.
#[cfg(feature = "metrics")]
struct BuiltIn;

#[cfg(feature = "metrics")]
impl Measure for BuiltIn {
    fn measure(&self, metric: Metric, source: &Planes, decoded: &Planes) -> Result<f64, CodecError> {
        use tintype_metrics::{Wanted, compare_with};

        let ssimulacra2 = metric == Metric::Ssimulacra2;
        let wanted = Wanted { ssimulacra2, ..Wanted::POINTWISE };
        let unsupported = |what: String| CodecError::Unsupported { what };
        let report =
            compare_with(source, decoded, wanted).map_err(|error| unsupported(error.to_string()))?;
        let value = if ssimulacra2 { report.ssimulacra2 } else { Some(report.psnr) };
        value.ok_or_else(|| unsupported(format!("{} of such a picture", metric.name())))
    }
}
