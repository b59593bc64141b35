//! Metrics of one sample at a time: squared and absolute error, Hamming distance, cosine
//! similarity.
//!
//! In: two planes of one size, samples `0..2^bit_depth`. Sums are exact integers, so the order of
//! rows does not matter.

use tintype_image::Plane;

/// Exact sums over the samples of one or more planes of one depth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pointwise {
    /// Number of samples.
    pub samples: u64,
    /// Sum of squared differences.
    pub squared: u128,
    /// Sum of absolute differences.
    pub absolute: u128,
    /// Samples that differ.
    pub hamming_samples: u64,
    /// Bits that differ.
    pub hamming_bits: u64,
    /// Sums of a·b, a·a and b·b.
    pub products: [u128; 3],
}

/// Compares two planes of one size.
pub fn pointwise(a: &Plane<u16>, b: &Plane<u16>) -> Pointwise {
    let mut total = Pointwise { samples: a.width() as u64 * a.height() as u64, ..Pointwise::default() };
    for (row_a, row_b) in a.rows().zip(b.rows()) {
        // A row has at most 65 535 samples, so u64 holds its sums of 32-bit products.
        let (mut squared, mut absolute, mut products) = (0u64, 0u64, [0u64; 3]);
        let (mut samples, mut bits) = (0u32, 0u32);
        for (a, b) in row_a.iter().zip(row_b) {
            let difference = u64::from(a.abs_diff(*b));
            squared += difference * difference;
            absolute += difference;
            samples += u32::from(a != b);
            bits += (a ^ b).count_ones();
            let (a, b) = (u64::from(*a), u64::from(*b));
            products = [products[0] + a * b, products[1] + a * a, products[2] + b * b];
        }
        total.squared += u128::from(squared);
        total.absolute += u128::from(absolute);
        total.hamming_samples += u64::from(samples);
        total.hamming_bits += u64::from(bits);
        (0..3).for_each(|i| total.products[i] += u128::from(products[i]));
    }
    total
}

impl Pointwise {
    /// Mean squared error.
    pub fn mse(&self) -> f64 {
        self.squared as f64 / self.samples.max(1) as f64
    }

    /// Mean absolute error.
    pub fn mae(&self) -> f64 {
        self.absolute as f64 / self.samples.max(1) as f64
    }

    /// Peak signal-to-noise ratio in dB for samples of `bit_depth` bits; infinite for equal
    /// samples.
    pub fn psnr(&self, bit_depth: u8) -> f64 {
        let peak = f64::from((1u32 << bit_depth) - 1);
        10.0 * (peak * peak / self.mse()).log10()
    }

    /// Cosine of the angle between the samples as vectors, 0 to 1; two zero vectors have 1, one
    /// zero vector has 0.
    pub fn cosine(&self) -> f64 {
        let [ab, aa, bb] = self.products;
        match (aa, bb) {
            (0, 0) => 1.0,
            (0, _) | (_, 0) => 0.0,
            _ if ab == aa && aa == bb => 1.0,
            _ => ab as f64 / ((aa as f64).sqrt() * (bb as f64).sqrt()),
        }
    }

    /// The sums of both.
    pub fn and(mut self, other: &Self) -> Self {
        self.samples += other.samples;
        self.squared += other.squared;
        self.absolute += other.absolute;
        self.hamming_samples += other.hamming_samples;
        self.hamming_bits += other.hamming_bits;
        (0..3).for_each(|i| self.products[i] += other.products[i]);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(samples: &[u16]) -> Plane<u16> {
        Plane::from_vec(samples.len(), 1, samples.to_vec()).unwrap()
    }

    #[test]
    fn numbers_by_hand() {
        let sums = pointwise(&plane(&[0, 3, 10, 255]), &plane(&[0, 4, 7, 255]));
        assert_eq!((sums.mse(), sums.mae()), (10.0 / 4.0, 4.0 / 4.0));
        assert_eq!((sums.hamming_samples, sums.hamming_bits), (2, 3 + 3));
        assert!((sums.psnr(8) - 44.1514).abs() < 1e-4, "{}", sums.psnr(8));
        assert!((sums.cosine() - 65_107.0 / (65_134.0f64 * 65_090.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn equal_and_zero_planes() {
        let some = plane(&[65_535; 3]);
        let sums = pointwise(&some, &some);
        assert_eq!((sums.psnr(16), sums.cosine(), sums.mse()), (f64::INFINITY, 1.0, 0.0));
        assert_eq!(pointwise(&some, &plane(&[0; 3])).cosine(), 0.0);
        assert_eq!(pointwise(&plane(&[0; 3]), &some).psnr(16), 0.0);
        assert_eq!(pointwise(&plane(&[0]), &plane(&[0])).cosine(), 1.0);
    }
}
