//! Logistic curve and logarithm as tables of `f32`, the same on every machine.
//!
//! Bit-exact: built from `f64` additions, multiplications and divisions in a fixed order; no
//! function of a system library.

use std::sync::LazyLock;

/// Steps of the curve's table in a unit: linear between them, it is exact to 2e-4.
const STEPS: f32 = 32.0;
/// The curve is cut off at this distance, where single precision has no more to say.
const REACH: f32 = 20.0;

const CURVE: usize = (2.0 * REACH * STEPS) as usize + 2;
const LOG: usize = 2048;

/// The tables.
pub(super) struct LogisticTables {
    /// `1 / (1 + e^x)` for `x` from `-REACH`.
    curve: Vec<f32>,
    /// `ln(1 + (i + 1/2) / LOG)`.
    log: Vec<f32>,
}

static TABLES: LazyLock<LogisticTables> = LazyLock::new(|| LogisticTables {
    curve: (0..CURVE)
        .map(|i| (1.0 / (1.0 + exp(i as f64 / f64::from(STEPS) - f64::from(REACH)))) as f32)
        .collect(),
    log: (0..LOG).map(|i| ln_1p((i as f64 + 0.5) / LOG as f64) as f32).collect(),
});

/// `e^x` for |x| up to 32: a series for `x / 64`, then six squarings.
fn exp(x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 1..20 {
        term = term * (x / 64.0) / f64::from(n);
        sum += term;
    }
    for _ in 0..6 {
        sum = sum * sum;
    }
    sum
}

/// `ln(1 + x)` for x in 0..1 by the series of the inverse hyperbolic tangent.
fn ln_1p(x: f64) -> f64 {
    let z = x / (2.0 + x);
    let (mut power, mut sum) = (z, 0.0);
    for n in 0..24 {
        sum += power / f64::from(2 * n + 1);
        power = power * z * z;
    }
    2.0 * sum
}

impl LogisticTables {
    pub fn get() -> &'static Self {
        &TABLES
    }

    /// The share of a logistic distribution above `x` scales from its centre.
    #[inline(always)]
    pub fn above(&self, x: f32) -> f32 {
        let place = (x.clamp(-REACH, REACH) + REACH) * STEPS;
        let whole = place as usize;
        let part = place - whole as f32;
        let (a, b) = (self.curve[whole.min(CURVE - 2)], self.curve[whole.min(CURVE - 2) + 1]);
        a + (b - a) * part
    }

    /// Natural logarithm of a positive, finite number.
    #[inline(always)]
    pub fn ln(&self, x: f32) -> f32 {
        let bits = x.to_bits();
        let exponent = (bits >> 23) as i32 - 127;
        exponent as f32 * std::f32::consts::LN_2 + self.log[(bits >> 12 & 2047) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_follow_the_functions() {
        let tables = LogisticTables::get();
        for i in -2200..2200 {
            let x = i as f32 / 113.0;
            let exact = 1.0 / (1.0 + f64::from(x).exp());
            assert!((f64::from(tables.above(x)) / exact - 1.0).abs() < 2e-4, "{x}");
            let y = (f64::from(x) * 2.0).exp() as f32;
            assert!((tables.ln(y) - x * 2.0).abs() < 3e-4, "{y}");
        }
    }
}
