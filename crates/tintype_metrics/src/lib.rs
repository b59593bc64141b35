//! Distortion metrics of pictures, and Bjøntegaard differences of codecs.
//!
//! [`compare`] gives all metrics of two pictures of one size. [`difference_picture`] shows where
//! they differ. There is no colour management: samples are compared as they are.
//!
//! ```
//! use tintype_image::{Planes, Shape};
//! use tintype_metrics::{Wanted, compare_with};
//!
//! let original = Planes::new(Shape::gray(16, 16, 8));
//! let mut decoded = original.clone();
//! decoded.planes[0].row_mut(3)[5] = 16;
//!
//! let report = compare_with(&original, &decoded, Wanted::POINTWISE)?;
//! assert_eq!(report.mse, 1.0);
//! assert_eq!(report.hamming, 1);
//! assert!((report.psnr - 48.13).abs() < 0.01);
//! # Ok::<(), tintype_metrics::MetricError>(())
//! ```
//!
//! [`bd_rate`] and [`bd_quality`] compare two curves of rate and quality. A codec that needs half
//! the bits at every quality has a BD-rate of -50 %:
//!
//! ```
//! use tintype_metrics::{CurvePoint, bd_rate};
//!
//! let point = |rate: f64, quality: f64| CurvePoint { rate, quality };
//! let anchor = [point(0.5, 30.0), point(1.0, 34.0), point(2.0, 38.0)];
//! let better = anchor.map(|p| CurvePoint { rate: p.rate / 2.0, ..p });
//! assert!((bd_rate(&better, &anchor).unwrap() + 50.0).abs() < 1e-6);
//! ```
//!
//! Metrics are floats: nothing in this crate affects coded bits.

#![forbid(unsafe_code)]

mod bd;
mod difference;
#[cfg(feature = "butteraugli")]
mod distance;
mod error;
mod pair;
mod perceptual;
mod pointwise;
mod report;
mod ssim;

pub use bd::{CurvePoint, bd_quality, bd_rate};
pub use difference::difference_picture;
pub use error::MetricError;
pub use pointwise::{Pointwise, pointwise};
pub use report::{PlaneReport, Report, Wanted, compare, compare_with};
pub use ssim::{MS_SSIM_SIDE_MIN_PX, SSIM_SIDE_MIN_PX, ms_ssim, ssim};
