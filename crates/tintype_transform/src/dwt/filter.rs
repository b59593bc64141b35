//! The lifting steps of each filter, on whole lines of samples.
//!
//! In: slices of equal length. Out: `target[i] += step(a[i] + b[i])`. Exact at every SIMD level:
//! the loops differ only in the number of lanes.

use fearless_simd::{Level, dispatch};

/// A pair of analysis and synthesis filters written as lifting steps.
///
/// Step 0 changes the odd samples, step 1 the even ones, and so on; the inverse runs them
/// backwards with opposite signs.
pub trait Filter {
    /// `i32` or `f32`.
    type Sample: Copy + Default;
    /// Number of lifting steps, even.
    const STEPS: usize;

    /// `target[i] ±= step(a[i] + b[i])`, `+` forwards and `-` backwards; slices of equal length.
    fn lift(
        level: Level,
        step: usize,
        inverse: bool,
        target: &mut [Self::Sample],
        a: &[Self::Sample],
        b: &[Self::Sample],
    );

    /// Multiplies `line` by the gain that lifting would have given it in `singles` directions (1
    /// or 2) in which the plane is one sample wide, or divides by it.
    fn widen(level: Level, singles: usize, inverse: bool, line: &mut [Self::Sample]);

    /// Multiplies `line` by the factor of a band that `highs` directions (0 to 2) are high of, or
    /// by its inverse.
    fn scale(level: Level, highs: usize, inverse: bool, line: &mut [Self::Sample]);
}

/// The reversible integer 5/3 filter.
#[derive(Clone, Copy, Debug)]
pub struct Filter53;

/// The 9/7 filter in single precision.
#[derive(Clone, Copy, Debug)]
pub struct Filter97;

/// Lifting factors α, β, γ, δ.
const LIFT_9_7: [f32; 4] = [-1.586_134_3, -0.052_980_12, 0.882_911_1, 0.443_506_85];

/// K: what the lifting steps make of a constant 1 in the low band.
const LIFT_GAIN_9_7: f32 = 1.230_174_1;

/// Factor after analysis for 0, 1, 2 high directions: (√2/K)², 1, (K/√2)² with K = 1.230174105.
const SCALE_9_7: [f32; 3] = [1.321_590_2, 1.0, 0.756_664_2];

/// Factor before synthesis, the inverses of the above.
const SCALE_9_7_INVERSE: [f32; 3] = [0.756_664_2, 1.0, 1.321_590_2];

impl Filter for Filter53 {
    type Sample = i32;
    const STEPS: usize = 2;

    fn lift(level: Level, step: usize, inverse: bool, target: &mut [i32], a: &[i32], b: &[i32]) {
        // Step 0 predicts: odd -= floor((a + b) / 2). Step 1 updates: even += floor((a + b + 2) /
        // 4).
        let (round, shift) = if step == 0 { (0, 1) } else { (2, 2) };
        let subtract = (step == 0) != inverse;
        if subtract {
            dispatch!(level, _simd => for ((t, &a), &b) in target.iter_mut().zip(a).zip(b) {
                *t = t.wrapping_sub(a.wrapping_add(b).wrapping_add(round) >> shift);
            });
        } else {
            dispatch!(level, _simd => for ((t, &a), &b) in target.iter_mut().zip(a).zip(b) {
                *t = t.wrapping_add(a.wrapping_add(b).wrapping_add(round) >> shift);
            });
        }
    }

    fn widen(_level: Level, _singles: usize, _inverse: bool, _line: &mut [i32]) {}

    fn scale(_level: Level, _highs: usize, _inverse: bool, _line: &mut [i32]) {}
}

impl Filter for Filter97 {
    type Sample = f32;
    const STEPS: usize = 4;

    fn lift(level: Level, step: usize, inverse: bool, target: &mut [f32], a: &[f32], b: &[f32]) {
        let factor = if inverse { -LIFT_9_7[step] } else { LIFT_9_7[step] };
        dispatch!(level, _simd => for ((t, &a), &b) in target.iter_mut().zip(a).zip(b) {
            *t += factor * (a + b);
        });
    }

    fn scale(level: Level, highs: usize, inverse: bool, line: &mut [f32]) {
        if highs == 1 {
            return;
        }
        let factor = if inverse { SCALE_9_7_INVERSE[highs] } else { SCALE_9_7[highs] };
        multiply(level, factor, line);
    }

    fn widen(level: Level, singles: usize, inverse: bool, line: &mut [f32]) {
        for _ in 0..singles {
            multiply(level, if inverse { 1.0 / LIFT_GAIN_9_7 } else { LIFT_GAIN_9_7 }, line);
        }
    }
}

fn multiply(level: Level, factor: f32, line: &mut [f32]) {
    dispatch!(level, _simd => for x in line.iter_mut() {
        *x *= factor;
    });
}
