//! Real weights as integers with 32-bit sums that cannot overflow.

/// Integer weights of one layer.
#[derive(Clone, Debug)]
pub struct Whole {
    /// Rows of weights.
    pub weights: Vec<i16>,
    /// One for each row, half a unit of the shift included.
    pub bias: Vec<i32>,
    /// Bits that sums lose.
    pub shift: Vec<u8>,
}

/// Rows of weights (inputs with `from` fraction bits, outputs with `to`) as integers, each row
/// with the largest power of two that keeps its sums within 32 bits for any input. `None` if
/// some row has none.
pub fn whole(weights: &[f64], bias: &[f64], from: i32, to: i32) -> Option<Whole> {
    let inputs = weights.len() / bias.len();
    let mut out = Whole { weights: Vec::new(), bias: Vec::new(), shift: Vec::new() };
    for (row, &bias) in weights.chunks_exact(inputs).zip(bias) {
        let fits = |shift: i32| {
            let scale = f64::from(to - from + shift).exp2();
            let sum: f64 = row.iter().map(|w| (w * scale).round().abs()).sum();
            let most = row.iter().fold(0f64, |m, w| m.max((w * scale).round().abs()));
            let bias = (bias * f64::from(to + shift).exp2()).round() + f64::from(shift - 1).exp2();
            sum * 32_768.0 + bias.abs() <= f64::from(i32::MAX) && most <= 32_767.0
        };
        let shift = (1..=24).rev().find(|&s| fits(s))?;
        let scale = f64::from(to - from + shift).exp2();
        out.weights.extend(row.iter().map(|w| (w * scale).round() as i16));
        out.bias.push((bias * f64::from(to + shift).exp2()).round() as i32 + (1 << (shift - 1)));
        out.shift.push(shift as u8);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::whole;
    use tintype_nn::Pointwise;

    #[test]
    fn layers_made_from_real_weights_are_accepted_and_close() {
        let weights = [0.75, -0.2, 1.5, 0.001, 0.0, -3.0];
        let bias = [0.1, -0.4];
        let layer = whole(&weights, &bias, 8, 8).unwrap();
        assert!(Pointwise::new(3, &layer.weights, &layer.bias, &layer.shift, false).is_ok());
        for (o, row) in weights.chunks_exact(3).enumerate() {
            let unit = f64::from(layer.shift[o]).exp2();
            for (w, whole) in row.iter().zip(&layer.weights[o * 3..]) {
                assert!((w - f64::from(*whole) / unit).abs() <= 0.5 / unit);
            }
        }
        assert!(whole(&[1e9], &[0.0], 0, 0).is_none());
    }
}
