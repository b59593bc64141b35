//! The angles: stored numbers, so that coefficients do not depend on a machine's cosine.

use std::f32::consts::FRAC_1_SQRT_2;

/// A plane rotation: its cosine and sine, and for integers the factors of its three shears
/// in 1/4096.
#[derive(Clone, Copy, Debug)]
pub struct Rotation {
    pub(super) cosine: f32,
    pub(super) sine: f32,
    pub(super) half_tangent_q12: i32,
    pub(super) sine_q12: i32,
}

/// An eighth of a turn.
pub(super) const EIGHTH: Rotation =
    Rotation { cosine: FRAC_1_SQRT_2, sine: FRAC_1_SQRT_2, half_tangent_q12: 1697, sine_q12: 2896 };

/// `(2j + 1) pi / 8`.
pub(super) const ANGLES_2: [Rotation; 1] =
    [Rotation { cosine: 0.9238795, sine: 0.38268343, half_tangent_q12: 815, sine_q12: 1567 }];

/// `(2j + 1) pi / 16`.
pub(super) const ANGLES_4: [Rotation; 2] = [
    Rotation { cosine: 0.98078525, sine: 0.19509032, half_tangent_q12: 403, sine_q12: 799 },
    Rotation { cosine: 0.8314696, sine: 0.55557024, half_tangent_q12: 1243, sine_q12: 2276 },
];

/// `(2j + 1) pi / 32`.
pub(super) const ANGLES_8: [Rotation; 4] = [
    Rotation { cosine: 0.9951847, sine: 0.09801714, half_tangent_q12: 201, sine_q12: 401 },
    Rotation { cosine: 0.95694035, sine: 0.29028466, half_tangent_q12: 608, sine_q12: 1189 },
    Rotation { cosine: 0.8819213, sine: 0.47139674, half_tangent_q12: 1026, sine_q12: 1931 },
    Rotation { cosine: 0.77301043, sine: 0.6343933, half_tangent_q12: 1466, sine_q12: 2598 },
];

/// `(2j + 1) pi / 64`.
pub(super) const ANGLES_16: [Rotation; 8] = [
    Rotation { cosine: 0.99879545, sine: 0.049067676, half_tangent_q12: 101, sine_q12: 201 },
    Rotation { cosine: 0.9891765, sine: 0.14673047, half_tangent_q12: 302, sine_q12: 601 },
    Rotation { cosine: 0.97003126, sine: 0.24298018, half_tangent_q12: 505, sine_q12: 995 },
    Rotation { cosine: 0.94154406, sine: 0.33688986, half_tangent_q12: 711, sine_q12: 1380 },
    Rotation { cosine: 0.9039893, sine: 0.42755508, half_tangent_q12: 920, sine_q12: 1751 },
    Rotation { cosine: 0.8577286, sine: 0.51410276, half_tangent_q12: 1134, sine_q12: 2106 },
    Rotation { cosine: 0.8032075, sine: 0.5956993, half_tangent_q12: 1353, sine_q12: 2440 },
    Rotation { cosine: 0.7409511, sine: 0.671559, half_tangent_q12: 1580, sine_q12: 2751 },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_angles_are_right() {
        let check = |rotations: &[Rotation]| {
            for (j, r) in rotations.iter().enumerate() {
                let angle = (2 * j + 1) as f64 * std::f64::consts::PI / (8 * rotations.len()) as f64;
                assert_eq!((r.cosine, r.sine), (angle.cos() as f32, angle.sin() as f32));
                assert_eq!(r.half_tangent_q12, (4096.0 * (angle / 2.0).tan()).round() as i32);
                assert_eq!(r.sine_q12, (4096.0 * angle.sin()).round() as i32);
            }
        };
        check(&ANGLES_2);
        check(&ANGLES_4);
        check(&ANGLES_8);
        check(&ANGLES_16);
        assert_eq!(EIGHTH.cosine, std::f32::consts::FRAC_1_SQRT_2);
        assert_eq!((EIGHTH.half_tangent_q12, EIGHTH.sine_q12), (1697, 2896));
    }
}
