//! Quantisation that weighs error against bits: the best path of nonzero coefficients through a
//! block.
//!
//! In: coefficients divided by their step, in zigzag order; costs of the AC symbols in bits. Out:
//! integers. Minimises `sum (x - q)^2 + lambda * bits`. Not bit-exact.
//! Source: Ramchandran and Vetterli, "Rate-distortion optimal fast thresholding with complete
//! JPEG/MPEG decoder compatibility", IEEE TIP 1994; Crouse and Ramchandran, "Joint thresholding
//! and quantizer selection", 1997.

/// Bits of each AC symbol, its magnitude bits included.
pub struct AcCosts {
    bits: [f32; 256],
    zero_run: f32,
    end: f32,
}

impl AcCosts {
    /// From code lengths; a symbol without a code costs a long one.
    pub fn new(lengths: &[u8; 256]) -> Self {
        let length = |s: usize| if lengths[s] == 0 { 17.0 } else { f32::from(lengths[s]) };
        Self {
            bits: std::array::from_fn(|s| length(s) + (s & 15) as f32),
            zero_run: length(0xf0),
            end: length(0),
        }
    }
}

/// A coefficient that may stay nonzero.
#[derive(Clone, Copy, Default)]
struct Stop {
    position: usize,
    /// Cost of the best path that ends here, less the zeroed energy up to here.
    cost: f32,
    /// Energy of all coefficients up to here, itself included.
    energy: f32,
    value: i32,
    before: usize,
}

/// Chooses the AC values of one block; `out[0]` is left alone. Returns whether anything is nonzero.
pub fn quantise_ac(x: &[f32; 64], costs: &AcCosts, lambda: f32, out: &mut [i16; 64]) -> bool {
    let mut stops = [Stop::default(); 64];
    let mut count = 1;
    // Energy of all coefficients passed so far, as if zeroed.
    let mut energy = 0.0f32;
    let (end_bits, zero_run) = (lambda * costs.end, lambda * costs.zero_run);
    let far = lambda * 40.0;
    for k in 1..64 {
        let size = x[k].abs();
        if size >= 0.5 {
            let value = (size + 0.5) as i32;
            let bits = 32 - (value as u32).leading_zeros();
            let lower = if bits > 1 { (1 << (bits - 1)) - 1 } else { 0 };
            let mut best = Stop {
                position: k,
                cost: f32::INFINITY,
                energy: energy + size * size,
                value,
                before: 0,
            };
            for j in (0..count).rev() {
                let from = stops[j];
                let skipped = energy + from.cost;
                let run = k - from.position - 1;
                let base = skipped + (run >> 4) as f32 * zero_run;
                let symbol = (run & 15) << 4;
                for (value, bits) in [(value, bits), (lower, bits - 1)] {
                    if value == 0 {
                        continue;
                    }
                    let error = size - value as f32;
                    let cost = base + error * error + lambda * costs.bits[symbol | bits as usize & 15];
                    if cost < best.cost {
                        (best.cost, best.value, best.before) = (cost, value, j);
                    }
                }
                // Zeroing everything since then costs too much for any saving in bits.
                if energy - from.energy > far {
                    break;
                }
            }
            energy += size * size;
            best.cost -= energy;
            stops[count] = best;
            count += 1;
        } else {
            energy += size * size;
        }
    }
    let total = |s: &Stop| s.cost + energy + if s.position == 63 { 0.0 } else { end_bits };
    let mut last =
        (0..count).min_by(|a, b| total(&stops[*a]).total_cmp(&total(&stops[*b]))).unwrap_or(0);
    let any = last > 0;
    out[1..].fill(0);
    while last > 0 {
        let stop = stops[last];
        out[stop.position] = if x[stop.position] < 0.0 { -stop.value } else { stop.value } as i16;
        last = stop.before;
    }
    any
}

/// Chooses DC values along a line of blocks so that differences cost little: each block may take
/// one of three values.
///
/// `x` are DC coefficients divided by their step; `bits` gives the cost of a difference of each
/// size.
pub fn quantise_dc(x: &[f32], first: i32, bits: &[f32; 16], lambda: f32) -> Vec<i32> {
    let mut paths: Vec<[(f32, usize); 3]> = Vec::with_capacity(x.len());
    let middle = |v: f32| v.round() as i32;
    let cost_of =
        |difference: i32| bits[(32 - difference.unsigned_abs().leading_zeros()).min(15) as usize];
    for (i, v) in x.iter().enumerate() {
        let mut now = [(f32::INFINITY, 0); 3];
        for (c, slot) in now.iter_mut().enumerate() {
            let candidate = middle(*v) + c as i32 - 1;
            let error = v - candidate as f32;
            if error.abs() > 1.01 {
                continue;
            }
            let before: [(f32, i32); 3] = match i.checked_sub(1) {
                None => [(0.0, first), (f32::INFINITY, 0), (f32::INFINITY, 0)],
                Some(p) => std::array::from_fn(|b| (paths[p][b].0, middle(x[p]) + b as i32 - 1)),
            };
            for (b, (cost, value)) in before.iter().enumerate() {
                let cost = cost + error * error + lambda * cost_of(candidate - value);
                if cost < slot.0 {
                    *slot = (cost, b);
                }
            }
        }
        paths.push(now);
    }
    let mut out = vec![0; x.len()];
    let Some(last) = paths.last() else { return out };
    let mut c = (0..3).min_by(|a, b| last[*a].0.total_cmp(&last[*b].0)).unwrap_or(1);
    for i in (0..x.len()).rev() {
        out[i] = middle(x[i]) + c as i32 - 1;
        c = paths[i][c].1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{AcCosts, quantise_ac};

    #[test]
    fn without_a_price_values_are_rounded_and_with_one_small_ones_go() {
        let mut x = [0.0f32; 64];
        (x[1], x[5], x[40]) = (3.2, -0.6, 0.7);
        let costs = AcCosts::new(&[6; 256]);
        let mut out = [0i16; 64];
        assert!(quantise_ac(&x, &costs, 0.0, &mut out));
        assert_eq!((out[1], out[5], out[40]), (3, -1, 1));
        quantise_ac(&x, &costs, 0.2, &mut out);
        assert_eq!((out[1], out[5], out[40]), (3, 0, 0));
    }
}
