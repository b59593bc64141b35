//! RGB to YCoCg-R and back: an exactly reversible colour transform in integers.
//!
//! In: three planes of `0..2^n`, n up to 16. Out: luma Y in `0..2^n`, and Co, Cg in `-(2^n - 1)..2^n`, one bit wider and
//! signed, so planes of `i32`. In the bit-exact part: integers and arithmetic shifts only, every RGB comes back.
//! Source: Malvar and Sullivan, "YCoCg-R: A Color Space with RGB Reversibility and Low Dynamic Range", JVT-I014r3, 2003.

use crate::{Level, Plane};
use fearless_simd::dispatch;

#[inline(always)]
fn forward(rgb: [&[u16]; 3], y: &mut [i32], co: &mut [i32], cg: &mut [i32]) {
    let [r, g, b] = rgb;
    for (((((y, co), cg), r), g), b) in y.iter_mut().zip(co).zip(cg).zip(r).zip(g).zip(b) {
        let (red, green, blue) = (i32::from(*r), i32::from(*g), i32::from(*b));
        *co = red - blue;
        let mean = blue + (*co >> 1);
        *cg = green - mean;
        *y = mean + (*cg >> 1);
    }
}

#[inline(always)]
fn backward(ycocg: [&[i32]; 3], r: &mut [u16], g: &mut [u16], b: &mut [u16]) {
    let [y, co, cg] = ycocg;
    for (((((r, g), b), y), co), cg) in r.iter_mut().zip(g).zip(b).zip(y).zip(co).zip(cg) {
        let mean = y.wrapping_sub(cg >> 1);
        let green = cg.wrapping_add(mean);
        let blue = mean.wrapping_sub(co >> 1);
        (*r, *g, *b) = (blue.wrapping_add(*co) as u16, green as u16, blue as u16);
    }
}

/// Y, Co, Cg of red, green, blue; all planes must have one size.
pub fn ycocg_from_rgb(rgb: [&Plane<u16>; 3], level: Level) -> [Plane<i32>; 3] {
    let (width, height) = (rgb[0].width(), rgb[0].height());
    let [mut y, mut co, mut cg] = [0, 1, 2].map(|_| Plane::new(width, height));
    for row in 0..height {
        let source = rgb.map(|p| p.row(row));
        dispatch!(level, _simd => forward(source, y.row_mut(row), co.row_mut(row), cg.row_mut(row)));
    }
    [y, co, cg]
}

/// Red, green, blue of Y, Co, Cg; all planes must have one size. Values no RGB gives wrap modulo 2^16.
pub fn rgb_from_ycocg(ycocg: [&Plane<i32>; 3], level: Level) -> [Plane<u16>; 3] {
    let (width, height) = (ycocg[0].width(), ycocg[0].height());
    let [mut r, mut g, mut b] = [0, 1, 2].map(|_| Plane::new(width, height));
    for row in 0..height {
        let source = ycocg.map(|p| p.row(row));
        dispatch!(level, _simd => backward(source, r.row_mut(row), g.row_mut(row), b.row_mut(row)));
    }
    [r, g, b]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_of_five_bits_and_the_corners_of_sixteen_come_back() {
        let mut colours: Vec<[u16; 3]> =
            (0..1u32 << 15).map(|v| [v, v >> 5, v >> 10].map(|c| c as u16 & 31)).collect();
        let ends = [0, 1, 255, 32_767, 32_768, 65_534, 65_535];
        for r in ends {
            colours.extend(ends.iter().flat_map(|g| ends.map(|b| [r, *g, b])));
        }
        let count = colours.len();
        let rgb = [0, 1, 2]
            .map(|i| Plane::from_vec(count, 1, colours.iter().map(|c| c[i]).collect()).unwrap());
        for level in [Level::fallback(), Level::new()] {
            let ycocg = ycocg_from_rgb(rgb.each_ref(), level);
            assert!(ycocg[0].row(0).iter().all(|y| (0..65_536).contains(y)));
            assert!(ycocg[1].row(0).iter().chain(ycocg[2].row(0)).all(|c| c.abs() < 65_536));
            assert_eq!(rgb_from_ycocg(ycocg.each_ref(), level), rgb);
        }
    }

    #[test]
    fn one_colour_by_hand() {
        let rgb = [200u16, 100, 50].map(|v| Plane::from_vec(1, 1, vec![v]).unwrap());
        let ycocg = ycocg_from_rgb(rgb.each_ref(), Level::new());
        assert_eq!(ycocg.map(|p| p.row(0)[0]), [112, 150, -25]);
    }
}
