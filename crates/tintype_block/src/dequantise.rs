//! Quantised levels to amplitudes. Bit-exact.

/// Largest magnitude of an amplitude, so that sums of products with model entries stay within
/// 32 bits for real streams.
const AMPLITUDE_MAX: i32 = 1 << 17;

/// Turns a level into an amplitude: `sign · (|level| · step − shrink)`.
///
/// Amplitudes are more often small than large, so that the mean of those that a level stands
/// for lies below `|level| · step`: the reconstruction is moved towards zero, by `shrink` for
/// level 1, by half of it for larger ones.
///
/// ```
/// use tintype_block::Dequantiser;
/// let dequantiser = Dequantiser::new(256, 20);
/// assert_eq!([0, 1, -1, 3].map(|level| dequantiser.amplitude(level)), [0, 236, -236, 758]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dequantiser {
    /// Step in internal units, at least 1.
    pub step: i32,
    /// Moved towards zero at level 1, internal units.
    pub shrink: i32,
}

impl Dequantiser {
    /// `step` is at least 1; the shrink is `shrink_q8` of 256 parts of it, rounded down.
    pub fn new(step: i32, shrink_q8: i32) -> Self {
        Self { step, shrink: (step * shrink_q8) >> 8 }
    }

    /// The amplitude of `level`.
    #[inline]
    pub fn amplitude(&self, level: i16) -> i32 {
        let magnitude = i32::from(level.unsigned_abs());
        let shrink = match magnitude {
            0 => 0,
            1 => self.shrink,
            _ => self.shrink / 2,
        };
        let value = magnitude.saturating_mul(self.step).saturating_sub(shrink).min(AMPLITUDE_MAX);
        if level < 0 { -value } else { value }
    }

    /// The amplitude of `halves` half steps, as [`crate::half_steps`] gives them.
    #[inline]
    pub fn amplitude_of_halves(&self, halves: i32) -> i32 {
        let shrink = match halves.abs() {
            0 => 0,
            1 | 2 => self.shrink,
            _ => self.shrink / 2,
        };
        let value = (halves.abs().saturating_mul(self.step) >> 1).saturating_sub(shrink);
        value.clamp(0, AMPLITUDE_MAX) * halves.signum()
    }
}
