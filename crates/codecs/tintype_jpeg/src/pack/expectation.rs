//! How large a coefficient is expected to be, from those that are known: a weighted sum, fitted to photographs.
//!
//! In: magnitudes of the blocks around, and those of the block itself as they become known. Out: an expected magnitude
//! for each coefficient, in 1/64, at most 65 535. Bit-exact. Source: weights fitted by `super::fit`; our own choice.

/// Neighbouring magnitudes that enter: above and above it by one vertical frequency up and down, left likewise by
/// horizontal frequency, above left, above right, and the block of the component before.
pub const TERMS: usize = 9;
/// Levels of an expected magnitude.
pub const LEVELS: usize = 20;
/// Bytes of one class of weights in the file of priors.
pub const WEIGHT_BYTES: usize = (TERMS + 1) * 64 + 64 * 64;

/// Magnitudes of a block, at most 255, natural order.
pub type Magnitudes = [u16; 64];

/// Magnitudes of `block`; DC, which says nothing of its neighbours' frequencies, counts as 0.
#[inline(always)]
pub fn magnitudes(block: &[i16; 64]) -> Magnitudes {
    let mut out: Magnitudes = std::array::from_fn(|k| block[k].unsigned_abs().min(255));
    out[0] = 0;
    out
}

/// Weights in 1/64 for one class of component.
pub struct Weights {
    near: [[u16; 64]; TERMS],
    bias: [u16; 64],
    /// What a coefficient (outer index) says of each other.
    inside: Box<[[u16; 64]; 64]>,
    /// What a coefficient of the first row or column says of those, as [`Edges`].
    edges: [[u16; 16]; 64],
    /// Sum of `inside` over inner coefficients.
    inside_sum: [u32; 64],
    /// Sum of `bias` over inner coefficients.
    bias_sum: u32,
}

impl Weights {
    /// From [`WEIGHT_BYTES`] bytes; missing ones are zero.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let row = |i: usize| {
            std::array::from_fn(|k| u16::from(bytes.get(i * 64 + k).copied().unwrap_or(0)))
        };
        let inside: Box<[[u16; 64]; 64]> = Box::new(std::array::from_fn(|j| row(TERMS + 1 + j)));
        let sum = |j: usize| inner_sum(&inside[j]);
        let bias = row(TERMS);
        let bias_sum = inner_sum(&bias);
        let edges = std::array::from_fn(|j| edges_of(&inside[j]));
        Self {
            near: std::array::from_fn(row),
            bias,
            bias_sum,
            inside_sum: std::array::from_fn(sum),
            edges,
            inside,
        }
    }
}

/// Sum outside the first row and column.
#[inline(always)]
fn inner_sum(values: &[u16; 64]) -> u32 {
    let mut columns = [0u32; 8];
    for v in 1..8 {
        for u in 0..8 {
            columns[u] += u32::from(values[8 * v + u]);
        }
    }
    columns[1..].iter().sum()
}

/// The magnitudes around a block.
#[derive(Clone, Copy)]
pub struct Near<'a> {
    /// Above.
    pub above: &'a Magnitudes,
    /// To the left.
    pub left: &'a Magnitudes,
    /// Above left.
    pub above_left: &'a Magnitudes,
    /// Above right.
    pub above_right: &'a Magnitudes,
    /// Of the component before.
    pub other: &'a Magnitudes,
}

/// Expected magnitudes of one block.
pub struct Expectation {
    /// For each coefficient, in 1/64.
    pub expected: [u16; 64],
    /// Sum over inner coefficients that are not coded yet, about.
    pub inner_sum: u32,
}

impl Expectation {
    /// From what lies around.
    #[inline(always)]
    pub fn new(weights: &Weights, near: Near<'_>) -> Self {
        let mut expected = weights.bias;
        let w = &weights.near;
        for (n, source) in [
            (0, near.above),
            (3, near.left),
            (6, near.above_left),
            (7, near.above_right),
            (8, near.other),
        ] {
            for k in 0..64 {
                expected[k] = expected[k].saturating_add(source[k] * w[n][k]);
            }
        }
        for k in 0..56 {
            expected[k] = expected[k].saturating_add(near.above[k + 8] * w[1][k]);
        }
        for k in 8..64 {
            expected[k] = expected[k].saturating_add(near.above[k - 8] * w[2][k]);
        }
        // Weights are zero where a step leaves the row.
        for k in 0..63 {
            expected[k] = expected[k].saturating_add(near.left[k + 1] * w[4][k]);
        }
        for k in 1..64 {
            expected[k] = expected[k].saturating_add(near.left[k - 1] * w[5][k]);
        }
        Self { expected, inner_sum: inner_sum(&expected) }
    }

    /// Where all that lies around is zero.
    #[inline(always)]
    pub fn of_nothing(weights: &Weights) -> Self {
        Self { expected: weights.bias, inner_sum: weights.bias_sum }
    }

    /// Adds to the sum what [`Self::learn`] adds to its terms.
    #[inline(always)]
    pub fn raise_sum(&mut self, weights: &Weights, k: usize, magnitude: u32) {
        self.inner_sum += magnitude.min(255) * weights.inside_sum[k];
    }

    /// Learns that coefficient `k` has `magnitude`, which is not 0.
    #[inline(always)]
    pub fn learn(&mut self, weights: &Weights, k: usize, magnitude: u32) {
        let size = magnitude.min(255);
        let row = &weights.inside[k];
        for (e, w) in self.expected.iter_mut().zip(row) {
            *e = e.saturating_add(size as u16 * w);
        }
    }
}

/// Those of a block that stand in its first row, then in its first column.
#[inline(always)]
fn edges_of(block: &[u16; 64]) -> [u16; 16] {
    let mut out = [0; 16];
    for i in 0..8 {
        (out[i], out[8 + i]) = (block[i], block[8 * i]);
    }
    out
}

/// Expected magnitudes of the first row, then of the first column: what is left to be learnt when the inner ones are known.
pub struct Edges(pub [u16; 16]);

impl Edges {
    /// After the inner coefficients.
    #[inline(always)]
    pub fn new(expectation: &Expectation) -> Self {
        Self(edges_of(&expectation.expected))
    }

    /// As [`Expectation::learn`].
    #[inline(always)]
    pub fn learn(&mut self, weights: &Weights, k: usize, magnitude: u32) {
        let size = magnitude.min(255) as u16;
        for (e, w) in self.0.iter_mut().zip(&weights.edges[k]) {
            *e = e.saturating_add(size * w);
        }
    }
}

/// Four times the binary logarithm of `x + 4`, less 8: 0 for 0, 16 for 60, 29 for 640.
#[inline(always)]
pub fn log_level(x: u32) -> usize {
    let x = x.saturating_add(4);
    let exponent = 31 - x.leading_zeros();
    (4 * exponent + (x >> (exponent - 2) & 3)) as usize - 8
}

/// Half of [`log_level`], below [`LEVELS`].
#[inline(always)]
pub fn level_of(x: u32) -> usize {
    let x = x.saturating_add(4);
    // The leading bit and the one below it stay, 2 or 3.
    let shift = 30 - x.leading_zeros();
    ((x >> shift) + 2 * shift - 4).min(LEVELS as u32 - 1) as usize
}
