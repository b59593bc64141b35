//! Samples on the scale of another bit depth.
//!
//! In: samples of `0..2^from`; out: of `0..2^to`, to the nearest, so that 0 stays 0 and the
//! largest stays the largest. Going up and down again returns every sample.

use crate::Planes;

/// `sample` of `from` bits on the scale of `to` bits, to the nearest.
#[inline(always)]
pub fn scaled_sample(sample: u16, from: u8, to: u8) -> u16 {
    let (from_max, to_max) = ((1u32 << from) - 1, (1u32 << to) - 1);
    ((u32::from(sample) * to_max + from_max / 2) / from_max) as u16
}

/// All planes at `bit_depth` bits (1 to 16).
pub fn planes_at_depth(source: &Planes, bit_depth: u8) -> Planes {
    let mut out = source.clone();
    for (plane, info) in out.planes.iter_mut().zip(&mut out.shape.planes) {
        let from = std::mem::replace(&mut info.bit_depth, bit_depth);
        if from == bit_depth {
            continue;
        }
        let table: Vec<u16> =
            (0..1u32 << from).map(|s| scaled_sample(s as u16, from, bit_depth)).collect();
        for y in 0..plane.height() {
            plane.row_mut(y).iter_mut().for_each(|s| *s = table[usize::from(*s)]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shape;

    #[test]
    fn up_and_down_returns_every_sample() {
        for from in 1..=16u8 {
            let count = 1usize << from;
            let mut planes = Planes::new(Shape::gray(count, 1, from));
            planes.planes[0].row_mut(0).iter_mut().enumerate().for_each(|(x, s)| *s = x as u16);
            for to in from..=16 {
                let wide = planes_at_depth(&planes, to);
                assert_eq!(wide.planes[0].row(0)[count - 1], wide.shape.planes[0].sample_max());
                assert_eq!(planes_at_depth(&wide, from), planes, "{from} to {to}");
            }
        }
    }

    #[test]
    fn eight_and_sixteen_bits_differ_by_257() {
        assert!((0..256).all(|s| scaled_sample(s, 8, 16) == s * 257));
        assert_eq!((scaled_sample(128, 16, 8), scaled_sample(129, 16, 8)), (0, 1));
    }
}
