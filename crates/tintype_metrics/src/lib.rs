//! How far a picture is from another, and how far a codec is from another.
//!
//! In: two pictures of one size, or two rate–quality curves; out: numbers. [`compare`] gives all metrics of a pair at once;
//! [`bd_rate`] and [`bd_quality`] compare curves; [`difference_picture`] shows where two pictures differ. Pictures are
//! compared as their samples stand: no colour management. Floats throughout: nothing here decides a coded bit.

#![forbid(unsafe_code)]

mod bd;
mod difference;
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
