//! The Karhunen–Loève transform: a fitted orthonormal basis, applied to samples of several bands
//! or to blocks.
//!
//! [`principal_axes`] fits a basis to a covariance. [`Basis`] applies it in floats;
//! [`LiftedBasis`] applies nearly the same rotation in integers with an exact inverse, for
//! lossless spectral transforms.
//!
//! Bit-exact: applying a basis (`f32` sums and products in a fixed order, or integers). Fitting
//! is not.
//!
//! Source: C. G. J. Jacobi (1846) for the eigenvectors; lifting of rotations after P. Hao, Q.
//! Shi, "Matrix factorizations for reversible integer mapping" (2001), here by plane rotations.

mod axes;
mod basis;
mod lifted;

pub use axes::{Axes, covariance, principal_axes};
pub use basis::Basis;
pub use lifted::{LiftStep, LiftedBasis};

/// The largest basis handled.
pub const DIMENSION_MAX: usize = 64;
