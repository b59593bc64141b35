//! The matrices of BT.601 and BT.709, from which every RGB ⇄ YCbCr conversion in the workspace
//! takes its numbers.
//!
//! With the luma weights `Kr + Kg + Kb = 1`, full range and chroma centred on 0:
//!
//! ```text
//! Y  = Kr R + Kg G + Kb B          R = Y + 2(1 - Kr) Cr
//! Cb = (B - Y) / (2(1 - Kb))       G = Y - 2(1 - Kb) Kb/Kg Cb - 2(1 - Kr) Kr/Kg Cr
//! Cr = (R - Y) / (2(1 - Kr))       B = Y + 2(1 - Kb) Cb
//! ```
//!
//! Codecs that decode in integers round these numbers with [`fixed_point`] to as many fraction
//! bits as their format states.
//!
//! Source: Rec. ITU-R BT.601-7, 2.5.1; Rec. ITU-R BT.709-6, item 3; full-range scaling as in
//! ITU-T T.871, clause 7.
//!
//! ```
//! use tintype_image::YCbCrMatrix;
//! use tintype_image::colour::fixed_point;
//! let [cr_in_red, cb_in_green, ..] = YCbCrMatrix::Bt601.inverse_weights();
//! assert_eq!(fixed_point(cr_in_red, 16), 91_881);
//! assert_eq!(fixed_point(cb_in_green, 14), -5_638);
//! ```

use crate::YCbCrMatrix;

impl YCbCrMatrix {
    /// `Kr`, `Kg`, `Kb`: the weights of red, green and blue in luma.
    pub const fn luma_weights(self) -> [f64; 3] {
        let (red, blue) = match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
        };
        [red, 1.0 - red - blue, blue]
    }

    /// `2(1 - Kb)` and `2(1 - Kr)`: blue less luma in units of Cb, red less luma in units of Cr.
    pub const fn difference_scales(self) -> [f64; 2] {
        let [red, _, blue] = self.luma_weights();
        [2.0 - 2.0 * blue, 2.0 - 2.0 * red]
    }

    /// The weights of the way back: of Cr in red, of Cb and of Cr in green (both negative), of Cb
    /// in blue.
    pub const fn inverse_weights(self) -> [f64; 4] {
        let [red, green, blue] = self.luma_weights();
        let [cb, cr] = self.difference_scales();
        [cr, -cb * blue / green, -cr * red / green, cb]
    }

    /// [`YCbCrMatrix::inverse_weights`] with `fraction_bits`.
    pub const fn inverse_weights_fixed(self, fraction_bits: u32) -> [i32; 4] {
        let [cr_red, cb_green, cr_green, cb_blue] = self.inverse_weights();
        [
            fixed_point(cr_red, fraction_bits),
            fixed_point(cb_green, fraction_bits),
            fixed_point(cr_green, fraction_bits),
            fixed_point(cb_blue, fraction_bits),
        ]
    }
}

/// `value · 2^fraction_bits`, rounded to the nearest, halves away from zero.
pub const fn fixed_point(value: f64, fraction_bits: u32) -> i32 {
    let scaled = value * (1u32 << fraction_bits) as f64;
    (if scaled < 0.0 { scaled - 0.5 } else { scaled + 0.5 }) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_those_of_the_standards() {
        // T.871, clause 7, gives four digits.
        let rounded = YCbCrMatrix::Bt601.inverse_weights().map(|w| (w * 1e4).round() / 1e4);
        assert_eq!(rounded, [1.402, -0.3441, -0.7141, 1.772]);
        let luma = YCbCrMatrix::Bt601.luma_weights().map(|w| w as f32);
        assert_eq!(luma, [0.299, 0.587, 0.114]);
        assert_eq!(YCbCrMatrix::Bt601.difference_scales().map(|w| w as f32), [1.772, 1.402]);
        // BT.709-6, item 3.2.
        assert_eq!(YCbCrMatrix::Bt709.difference_scales().map(|w| w as f32), [1.8556, 1.5748]);
    }

    #[test]
    fn fixed_point_rounds_as_f64_does() {
        for matrix in [YCbCrMatrix::Bt601, YCbCrMatrix::Bt709] {
            for value in matrix.inverse_weights().into_iter().chain(matrix.luma_weights()) {
                for bits in 8..=18 {
                    let exact = (value * f64::from(1u32 << bits)).round() as i32;
                    assert_eq!(fixed_point(value, bits), exact, "{value} in {bits} bits");
                }
            }
        }
    }
}
