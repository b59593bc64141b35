//! RDO quantisation of latents: the nearest symbol, or the next one towards zero where the
//! bits it saves outweigh the error it adds.
//!
//! The weight of an error follows from the lambda of the level: a squared error of one step
//! costs `lambda / 3 · (64 · step)²` bits, since a latent's basis is nearly orthonormal over
//! 768 samples of 256 pixels and values are divided by 64. Means and the synthesis depend on
//! each latent, so that a larger weight is better: on photos/valid a factor of 1 gave −16.3 %,
//! 2 −18.0 %, 3.5 −17.9 % of BD-rate (docs/lab/neural.md); 5/2 is built in.
//!
//! Encoder only; integers, so that every machine encodes the same bytes. Source:
//! rate–distortion optimised quantisation as in video coders; our own derivation.

use super::model::NeuralModel;
use tintype_entropy::{CdfFamily, ProbabilitySource};

/// Fraction bits of costs and of positions between symbols.
const FRACTION: u32 = 8;

/// Bit costs of symbols and weights of errors at one level.
#[derive(Clone, Debug)]
pub(super) struct RdoQuantiser {
    /// For each table: least value, cost of each in bits with 8 fraction bits.
    costs: Vec<(i32, Vec<i32>)>,
    /// Weight of a squared error of one step for each latent channel, in bits with 8 fraction bits.
    weight: Vec<i64>,
}

impl RdoQuantiser {
    /// For `level` of `model`.
    pub(super) fn new(model: &NeuralModel, level: usize) -> Self {
        let steps = NeuralModel::at(&model.step, level, model.latent);
        let lambda = i128::from(model.lambda[level]);
        // 5/2 · 2^20 / 3, that is 5/2 · 2^8 · 64² / 3; 54 = 20 fraction bits of lambda and
        // twice 17 of a step.
        let weight = steps
            .iter()
            .map(|&s| ((lambda * i128::from(s) * i128::from(s) * 873_813) >> 54) as i64)
            .collect();
        Self { costs: costs(&model.tables), weight }
    }

    /// The symbol for `difference · gain` (24 fraction bits) in channel `c` under `table`.
    pub(super) fn symbol(&self, product: i64, c: usize, table: usize) -> i32 {
        let place = (product.unsigned_abs() >> (24 - FRACTION)).min(1 << 28) as i64;
        let nearest = (place + (1 << (FRACTION - 1))) >> FRACTION;
        let sign = if product < 0 { -1 } else { 1 };
        if nearest == 0 {
            return 0;
        }
        let (least, costs) = &self.costs[table];
        let cost = |magnitude: i64| {
            costs.get(usize::try_from(sign * magnitude - i64::from(*least)).unwrap_or(usize::MAX))
        };
        let error = |magnitude: i64| {
            let distance = place - (magnitude << FRACTION);
            distance * distance
        };
        let (Some(&far), Some(&near)) = (cost(nearest), cost(nearest - 1)) else {
            return (sign * nearest) as i32;
        };
        let loss = self.weight[c].saturating_mul(error(nearest - 1) - error(nearest)) >> (2 * FRACTION);
        let chosen = if loss < i64::from(far - near) { nearest - 1 } else { nearest };
        (sign * chosen) as i32
    }
}

fn costs(tables: &CdfFamily) -> Vec<(i32, Vec<i32>)> {
    let of = |index: usize| {
        let (least, table) = tables.table(index)?;
        let values = table.symbols().saturating_sub(1);
        let bits =
            |symbol: u32| ((table.precision() << FRACTION) as i32) - log2(table.interval(symbol).1);
        Some((least, (0..values).map(bits).collect()))
    };
    (0..tables.len()).filter_map(of).collect()
}

/// Binary logarithm of `value` (1 to 2^16) with 8 fraction bits, by squaring.
fn log2(value: u32) -> i32 {
    let whole = value.max(1).ilog2();
    let mut mantissa = (u64::from(value.max(1)) << 31) >> whole;
    let mut out = whole as i32;
    for _ in 0..FRACTION {
        mantissa = (mantissa * mantissa) >> 31;
        out <<= 1;
        if mantissa >= 1 << 32 {
            mantissa >>= 1;
            out += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::log2;

    #[test]
    fn logarithms_are_right_to_a_256th() {
        for value in (1..=65_536u32).step_by(17).chain([65_536]) {
            let exact = f64::from(value).log2() * 256.0;
            assert!((exact - f64::from(log2(value))).abs() <= 1.0, "{value}");
        }
    }
}
