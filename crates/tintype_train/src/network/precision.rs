//! How fine the exported integers are, and passes that compute as finely.
//!
//! Every result of a layer gets as many fraction bits as the largest magnitude on calibration
//! crops allows, with room for twice that. The exporter writes these bits; the last steps of a
//! run may round to them, and round weights to the grid of [`crate::neural::whole`], so that
//! training takes the roundings into account. Gradients pass roundings unchanged.
//!
//! Source: Jacob et al. 2018 (arXiv 1712.05877, section 3), straight-through gradients after
//! Bengio et al. 2013.

use crate::recipe::BlockKind;
use std::collections::BTreeMap;
use tch::{Kind, Tensor};

/// Most fraction bits of a result.
const BITS_MAX: i32 = 12;

/// Fraction bits of every named result.
pub(super) struct Precision {
    bits: BTreeMap<&'static str, i32>,
    own: BTreeMap<String, i32>,
    block: BlockKind,
}

/// The stream of values that the result `name` is added to or continues, and whose fraction
/// bits it shares.
fn stream(name: &str, block: BlockKind) -> Option<&'static str> {
    const MEMBERS: [(&str, &[&str]); 7] = [
        ("a.block8", &["a.enter8"]),
        ("a.block16", &["a.enter16"]),
        ("ha.block", &["ha.fold32"]),
        ("hs.block", &["hs.grow32"]),
        ("s.block16", &["s.enter16"]),
        ("s.block8", &["s.grow8"]),
        ("c.features", &["hs.spread", "c.step1", "c.step2", "c.step3"]),
    ];
    let within = |stream: &str| {
        let rest = name.strip_prefix(stream).unwrap_or_default();
        block == BlockKind::Residual && (rest.ends_with(".out") || rest.ends_with(".narrow"))
    };
    let found =
        MEMBERS.iter().find(|(own, members)| name == *own || members.contains(&name) || within(own));
    found.map(|(own, _)| *own)
}

fn bits_for(most: f64) -> i32 {
    (32_767.0 / (2.0 * most.max(1e-3))).log2().floor().min(f64::from(BITS_MAX)) as i32
}

impl Precision {
    /// That of results with these largest magnitudes.
    pub(super) fn of(magnitudes: &BTreeMap<String, f64>, block: BlockKind) -> Self {
        let (mut most, mut own) = (BTreeMap::<&'static str, f64>::new(), BTreeMap::new());
        for (name, &magnitude) in magnitudes {
            match stream(name, block) {
                Some(stream) => {
                    let largest = most.entry(stream).or_default();
                    *largest = largest.max(magnitude);
                }
                None => {
                    own.insert(name.clone(), bits_for(magnitude));
                }
            }
        }
        Self { bits: most.into_iter().map(|(name, m)| (name, bits_for(m))).collect(), own, block }
    }

    /// Fraction bits of the result `name`.
    pub(super) fn of_result(&self, name: &str) -> i32 {
        let found = match stream(name, self.block) {
            Some(stream) => self.bits.get(stream),
            None => self.own.get(name),
        };
        found.copied().unwrap_or(BITS_MAX)
    }

    /// `x`, the result `name`, as a 16-bit integer holds it.
    pub(super) fn rounded_result(&self, name: &str, x: &Tensor) -> Tensor {
        let unit = f64::from(self.of_result(name)).exp2();
        let within = x.clamp(-32_768.0 / unit, 32_767.0 / unit);
        let near = (within.detach() * unit).round() / unit - within.detach();
        within + near
    }
}

/// Weights `[out, …]` as integers hold them: each output's with the largest power of two that
/// keeps its sums in 32 bits.
pub(super) fn rounded_weights(weight: &Tensor) -> Tensor {
    let rows = weight.detach().abs().reshape([weight.size()[0], -1]);
    let sum: Tensor =
        rows.sum_dim_intlist([1i64].as_slice(), true, Kind::Float).clamp_min(1e-20).reciprocal()
            * 65_535.0;
    let most: Tensor = rows.amax([1i64].as_slice(), true).clamp_min(1e-20).reciprocal() * 32_767.0;
    let unit = sum.minimum(&most).log2().floor().clamp(-30.0, 30.0).exp2();
    let mut shape = vec![1; weight.size().len()];
    shape[0] = weight.size()[0];
    let unit = unit.view(shape.as_slice());
    let near = (weight.detach() * &unit).round() / &unit - weight.detach();
    weight + near
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_share_bits_and_others_have_their_own() {
        let magnitudes =
            [("s.enter16", 3.0), ("s.block16", 9.0), ("s.block16.0.out", 70.0), ("s.block16.0.in", 0.2)];
        let magnitudes = magnitudes.map(|(name, m)| (name.to_string(), m)).into();
        let residual = Precision::of(&magnitudes, BlockKind::Residual);
        assert_eq!(residual.of_result("s.enter16"), 7);
        assert_eq!(residual.of_result("s.block16.0.narrow"), 7);
        assert_eq!(residual.of_result("s.block16.0.in"), BITS_MAX);
        let plain = Precision::of(&magnitudes, BlockKind::Plain);
        assert_eq!((plain.of_result("s.block16"), plain.of_result("s.block16.0.out")), (10, 7));
    }

    #[test]
    fn rounded_weights_are_those_of_the_exporter() {
        let weights = [0.75f32, -0.2, 1.5, 0.001, 0.0, -3.0];
        let rounded =
            Vec::<f32>::try_from(rounded_weights(&Tensor::from_slice(&weights).view([2, 3])).view([-1]));
        let wide: Vec<f64> = weights.iter().map(|&w| w.into()).collect();
        let layer = crate::neural::whole(&wide, &[0.0, 0.0], 8, 8).expect("fits");
        let units = layer.shift.iter().map(|&s| f32::from(s).exp2());
        let exported: Vec<f32> = units
            .zip(layer.weights.chunks(3))
            .flat_map(|(unit, row)| row.iter().map(move |&w| f32::from(w) / unit))
            .collect();
        for (a, b) in rounded.expect("numbers").iter().zip(exported) {
            // The exporter's bias may take one bit more.
            assert!((a - b).abs() < 1.0 / 16_384.0, "{a} {b}");
        }
    }

    #[test]
    fn gradients_pass_and_magnitudes_saturate() {
        let precision = Precision::of(&[("s.enter16".to_string(), 1.0)].into(), BlockKind::Residual);
        let x = Tensor::from_slice(&[0.123f32, 100.0]).set_requires_grad(true);
        let y = precision.rounded_result("s.enter16", &x);
        assert_eq!(y.double_value(&[0]), (0.123f64 * 4096.0).round() / 4096.0);
        assert!(y.double_value(&[1]) < 8.0);
        y.sum(Kind::Float).backward();
        assert_eq!(Vec::<f32>::try_from(x.grad()).expect("numbers"), [1.0, 0.0]);
    }
}
