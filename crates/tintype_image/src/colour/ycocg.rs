//! RGB to YCoCg-R and back: a reversible colour transform in integers.
//!
//! In: three rows or planes of `0..2^n`, n up to 16. Out, in place: luma Y in `0..2^n`, and Co,
//! Cg in `-(2^n - 1)..2^n`, one bit wider and signed. Bit-exact: integers and arithmetic shifts,
//! every RGB is restored.
//!
//! Source: Malvar and Sullivan, "YCoCg-R: A Color Space with RGB Reversibility and Low Dynamic
//! Range", JVT-I014r3, 2003.

/// RGB to Y, Co, Cg in place: Y replaces R, Co replaces G, Cg replaces B.
///
/// ```
/// use tintype_image::colour::{rgb_from_ycocg, ycocg_from_rgb};
/// let [mut r, mut g, mut b] = [[200], [100], [50]];
/// ycocg_from_rgb([&mut r, &mut g, &mut b]);
/// assert_eq!([r, g, b], [[112], [150], [-25]]);
/// rgb_from_ycocg([&mut r, &mut g, &mut b]);
/// assert_eq!([r, g, b], [[200], [100], [50]]);
/// ```
#[inline]
pub fn ycocg_from_rgb([r, g, b]: [&mut [i32]; 3]) {
    for ((r, g), b) in r.iter_mut().zip(g.iter_mut()).zip(b.iter_mut()) {
        let co = *r - *b;
        let mean = *b + (co >> 1);
        let cg = *g - mean;
        (*r, *g, *b) = (mean + (cg >> 1), co, cg);
    }
}

/// The inverse of [`ycocg_from_rgb`]. Values that no RGB gives wrap modulo 2^32.
#[inline]
pub fn rgb_from_ycocg([y, co, cg]: [&mut [i32]; 3]) {
    for ((y, co), cg) in y.iter_mut().zip(co.iter_mut()).zip(cg.iter_mut()) {
        let mean = y.wrapping_sub(*cg >> 1);
        let green = cg.wrapping_add(mean);
        let blue = mean.wrapping_sub(*co >> 1);
        (*y, *co, *cg) = (blue.wrapping_add(*co), green, blue);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_of_five_bits_and_the_corners_of_sixteen_are_restored() {
        let mut colours: Vec<[i32; 3]> =
            (0..1 << 15).map(|v: i32| [v, v >> 5, v >> 10].map(|c| c & 31)).collect();
        let ends = [0, 1, 255, 32_767, 32_768, 65_534, 65_535];
        for r in ends {
            colours.extend(ends.iter().flat_map(|g| ends.map(|b| [r, *g, b])));
        }
        let rgb = [0, 1, 2].map(|i| colours.iter().map(|c| c[i]).collect::<Vec<i32>>());
        let [mut a, mut b, mut c] = rgb.clone();
        ycocg_from_rgb([&mut a, &mut b, &mut c]);
        assert!(a.iter().all(|y| (0..65_536).contains(y)));
        assert!(b.iter().chain(&c).all(|difference| difference.abs() < 65_536));
        rgb_from_ycocg([&mut a, &mut b, &mut c]);
        assert_eq!([a, b, c], rgb);
    }

    #[test]
    fn any_values_are_taken() {
        let mut planes = [[i32::MIN, i32::MAX, 7], [i32::MAX, i32::MIN, 1], [i32::MIN, 5, i32::MAX]];
        let [a, b, c] = &mut planes;
        rgb_from_ycocg([a, b, c]);
    }
}
