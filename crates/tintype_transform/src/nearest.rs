//! The nearest of many codes: by squared distance among vectors of floats, by Hamming distance
//! among bit strings.
//!
//! Bit-exact: no; which code is nearest is the encoder's choice. All the same, every SIMD level
//! finds the same code, the first of those at the least distance.

use fearless_simd::{Level, dispatch};

/// Codes compared at once: eight vectors of four floats, so that sums of a group stay in
/// registers; not measured against other numbers.
const GROUP: usize = 32;

/// Code vectors, laid out so that one component of many codes lies together.
#[derive(Clone, Debug)]
pub struct Codebook {
    len: usize,
    dimension: usize,
    /// Groups of [`GROUP`] codes; in each, all first components, all second ones, and so on. The
    /// last group is padded with infinities.
    groups: Vec<f32>,
}

impl Codebook {
    /// A codebook of `codes`, which follow one another with `dimension` components each.
    ///
    /// # Panics
    /// If there are no codes, or the last one is incomplete.
    pub fn new(codes: &[f32], dimension: usize) -> Self {
        assert!(dimension > 0 && !codes.is_empty(), "a codebook needs a code");
        assert_eq!(codes.len() % dimension, 0, "the last code is incomplete");
        let len = codes.len() / dimension;
        let mut groups = vec![f32::INFINITY; len.div_ceil(GROUP) * GROUP * dimension];
        for (index, code) in codes.chunks_exact(dimension).enumerate() {
            let group = &mut groups[index / GROUP * GROUP * dimension..];
            for (component, &x) in code.iter().enumerate() {
                group[component * GROUP + index % GROUP] = x;
            }
        }
        Self { len, dimension, groups }
    }

    /// How many codes there are.
    #[allow(clippy::len_without_is_empty)] // Never empty.
    pub fn len(&self) -> usize {
        self.len
    }

    /// How many components a code has.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The index of the nearest code and its squared distance.
    ///
    /// ```
    /// use fearless_simd::Level;
    /// let book = tintype_transform::nearest::Codebook::new(&[0.0, 0.0, 3.0, 4.0, 9.0, 9.0], 2);
    /// assert_eq!(book.nearest(Level::new(), &[4.0, 4.0]), (1, 1.0));
    /// ```
    ///
    /// # Panics
    /// If the vector has another dimension.
    pub fn nearest(&self, level: Level, vector: &[f32]) -> (usize, f32) {
        assert_eq!(vector.len(), self.dimension, "vectors have the dimension of the codes");
        let mut best = (0, f32::INFINITY);
        for (group, codes) in self.groups.chunks_exact(GROUP * self.dimension).enumerate() {
            let distances = dispatch!(level, _simd => squared_distances(codes, vector));
            for (place, &distance) in distances.iter().enumerate() {
                if distance < best.1 {
                    best = (group * GROUP + place, distance);
                }
            }
        }
        best
    }

    /// The nearest code of each of many vectors, one after another.
    ///
    /// # Panics
    /// If the last vector is incomplete.
    pub fn nearest_of_each(&self, level: Level, vectors: &[f32]) -> Vec<(usize, f32)> {
        assert_eq!(vectors.len() % self.dimension, 0, "the last vector is incomplete");
        vectors.chunks_exact(self.dimension).map(|vector| self.nearest(level, vector)).collect()
    }
}

#[inline(always)]
fn squared_distances(codes: &[f32], vector: &[f32]) -> [f32; GROUP] {
    let mut sums = [0.0; GROUP];
    for (components, &x) in codes.as_chunks::<GROUP>().0.iter().zip(vector) {
        for (sum, &c) in sums.iter_mut().zip(components) {
            let difference = c - x;
            *sum += difference * difference;
        }
    }
    sums
}

/// The index of the bit string (of `words.len()` words) nearest to `words` in Hamming distance,
/// and the distance.
///
/// # Panics
/// If there are no codes, or the last one is incomplete.
pub fn nearest_hamming(level: Level, codes: &[u64], words: &[u64]) -> (usize, u32) {
    assert!(!words.is_empty() && !codes.is_empty(), "a search needs codes");
    assert_eq!(codes.len() % words.len(), 0, "the last code is incomplete");
    dispatch!(level, _simd => least_hamming(codes, words))
}

#[inline(always)]
fn least_hamming(codes: &[u64], words: &[u64]) -> (usize, u32) {
    let mut best = (0, u32::MAX);
    for (index, code) in codes.chunks_exact(words.len()).enumerate() {
        let distance = code.iter().zip(words).map(|(a, b)| (a ^ b).count_ones()).sum();
        if distance < best.1 {
            best = (index, distance);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::levels::at_every_level;

    at_every_level!(nearest_agrees_with_the_slow_twin, |level| {
        let mut random = fastrand::Rng::with_seed(6);
        for (len, dimension) in [(1, 1), (5, 3), (32, 16), (33, 64), (200, 7)] {
            let codes: Vec<f32> = (0..len * dimension).map(|_| random.i32(-100..=100) as f32).collect();
            let book = Codebook::new(&codes, dimension);
            let vectors: Vec<f32> = (0..20 * dimension).map(|_| random.i32(-100..=100) as f32).collect();
            for (vector, found) in vectors.chunks(dimension).zip(book.nearest_of_each(level, &vectors)) {
                // Whole components: sums are exact in f32, and ties real.
                let distance =
                    |code: &[f32]| code.iter().zip(vector).map(|(c, x)| (c - x) * (c - x)).sum::<f32>();
                let twin = codes.chunks(dimension).map(distance).enumerate();
                let twin = twin
                    .fold((0, f32::INFINITY), |best, next| if next.1 < best.1 { next } else { best });
                assert_eq!(found, twin, "{len} {dimension}");
            }
        }
    });

    at_every_level!(ties_go_to_the_first, |level| {
        let book = Codebook::new(&[1.0; 70], 1);
        assert_eq!(book.nearest(level, &[2.0]), (0, 1.0));
        assert_eq!(nearest_hamming(level, &[7, 7, 7], &[3]), (0, 1));
    });

    at_every_level!(hamming_counts_bits, |level| {
        let mut random = fastrand::Rng::with_seed(6);
        let codes: Vec<u64> = (0..90).map(|_| random.u64(..)).collect();
        for at in 0..30 {
            let mut words = codes[at * 3..at * 3 + 3].to_vec();
            words[1] ^= 0x8001;
            assert_eq!(nearest_hamming(level, &codes, &words), (at, 2));
        }
    });
}
