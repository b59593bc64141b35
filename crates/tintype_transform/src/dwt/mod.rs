//! Two-dimensional discrete wavelet transforms by lifting: the integer 5/3 and the float 9/7.
//!
//! In: a plane of `width × height` samples, row by row without gaps (`i32` for 5/3, `f32` for
//! 9/7). Out: the rows of its bands, passed to a sink. Synthesis takes rows of bands from a
//! source and returns the plane, or the plane at `ceil(size / 2^k)` without the `k` finest
//! levels. Any size from 1 × 1, any number of levels; at the borders the signal is mirrored about
//! its end samples.
//!
//! Scaling: 5/3 has the gains of its lifting steps (low band: gain 1 at frequency 0). 9/7 nearly
//! orthonormal: low band gain √2 in each direction, so that all synthesis norms ([`norm_9_7`])
//! are close to 1.
//!
//! Exact: 5/3 is integer with wrap-around. 9/7 uses only single-precision additions and
//! multiplications in a fixed order, so that every level and machine gives the same bits.
//!
//! Source: Cohen, Daubechies, Feauveau, Biorthogonal bases of compactly supported wavelets
//! (1992); Daubechies and Sweldens, Factoring wavelet transforms into lifting steps (1998); Le
//! Gall and Tabatabai (1988) for 5/3; coefficients as in ISO/IEC 15444-1 Annex F.

mod filter;
mod norm;
mod plane;
#[cfg(test)]
mod tests;

pub use filter::{Filter, Filter53, Filter97};
pub use norm::{norm_5_3, norm_9_7};
pub use plane::{RowSink, RowSource, analyse, synthesise};

/// One of the four bands of a level; the first part of the name is the horizontal direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Orientation {
    /// Low in both directions; only the coarsest level keeps it.
    LowLow,
    /// High horizontally, low vertically: upright edges.
    HighLow,
    /// Low horizontally, high vertically: level edges.
    LowHigh,
    /// High in both directions.
    HighHigh,
}

/// One band of a transformed plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Band {
    /// 1 is the finest level; 0, with `LowLow`, is the plane itself.
    pub level: u8,
    /// Which band of that level.
    pub orientation: Orientation,
}

impl Band {
    /// The band's width and height in a plane of `width × height`; either may be 0.
    pub fn size(self, width: usize, height: usize) -> (usize, usize) {
        let high_x = matches!(self.orientation, Orientation::HighLow | Orientation::HighHigh);
        let high_y = matches!(self.orientation, Orientation::LowHigh | Orientation::HighHigh);
        (extent(width, self.level, high_x), extent(height, self.level, high_y))
    }
}

/// Length of the low or high band at `level` of a line of `length` samples.
fn extent(length: usize, level: u8, high: bool) -> usize {
    if level == 0 {
        return length;
    }
    let above = length.div_ceil(1 << (level - 1));
    if high { above / 2 } else { above.div_ceil(2) }
}
