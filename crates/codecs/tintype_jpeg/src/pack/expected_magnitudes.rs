//! Expected magnitudes: how large a coefficient probably is, given those that are known.
//!
//! In: magnitudes of the neighbouring blocks, and those of the block itself as they become known.
//! Out: an expected magnitude for each coefficient, in 1/64, at most 65 535: a weighted sum whose
//! weights were fitted to photographs (`fit.rs`). Bit-exact. Source: our own, decision 0011.

/// Neighbouring magnitudes that enter: above and above it by one vertical frequency up and down,
/// left likewise by horizontal frequency, above left, above right, and the block of the reference
/// component.
pub const TERMS: usize = 9;
/// Bytes of one class of weights in the priors file.
pub const WEIGHT_BYTES: usize = (TERMS + 1) * 64 + 64 * 64;

/// Magnitudes of a block, at most 255, natural order.
pub type Magnitudes = [u16; 64];

/// Magnitudes of `block`; DC, which does not predict frequencies, counts as 0.
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
    /// What a coefficient (outer index) adds to each other.
    inside: Box<[[u16; 64]; 64]>,
    /// What a coefficient adds to those of the first row and column, as in [`ExpectedEdges`].
    edges: [[u16; 16]; 64],
    /// Sum of `inside` over inner coefficients.
    inside_sum: [u32; 64],
    /// Sum of `bias` over inner coefficients.
    bias_sum: u32,
}

impl Weights {
    /// From [`WEIGHT_BYTES`] bytes; missing ones are zero.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let row =
            |i: usize| std::array::from_fn(|k| u16::from(bytes.get(i * 64 + k).copied().unwrap_or(0)));
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
pub struct NeighbourMagnitudes<'a> {
    /// Above.
    pub above: &'a Magnitudes,
    /// To the left.
    pub left: &'a Magnitudes,
    /// Above left.
    pub above_left: &'a Magnitudes,
    /// Above right.
    pub above_right: &'a Magnitudes,
    /// Of the reference component.
    pub reference: &'a Magnitudes,
}

/// Expected magnitudes of one block.
pub struct ExpectedMagnitudes {
    /// For each coefficient, in 1/64.
    pub values: [u16; 64],
    /// Sum over inner coefficients that are not coded yet, about.
    pub inner_sum: u32,
}

impl ExpectedMagnitudes {
    /// From the neighbouring magnitudes.
    #[inline(always)]
    pub fn new(weights: &Weights, around: NeighbourMagnitudes<'_>) -> Self {
        let mut expected = weights.bias;
        let w = &weights.near;
        for (n, source) in [
            (0, around.above),
            (3, around.left),
            (6, around.above_left),
            (7, around.above_right),
            (8, around.reference),
        ] {
            for k in 0..64 {
                expected[k] = expected[k].saturating_add(source[k] * w[n][k]);
            }
        }
        for k in 0..56 {
            expected[k] = expected[k].saturating_add(around.above[k + 8] * w[1][k]);
        }
        for k in 8..64 {
            expected[k] = expected[k].saturating_add(around.above[k - 8] * w[2][k]);
        }
        // Weights are zero where a step leaves the row.
        for k in 0..63 {
            expected[k] = expected[k].saturating_add(around.left[k + 1] * w[4][k]);
        }
        for k in 1..64 {
            expected[k] = expected[k].saturating_add(around.left[k - 1] * w[5][k]);
        }
        Self { inner_sum: inner_sum(&expected), values: expected }
    }

    /// Where all neighbouring magnitudes are zero.
    #[inline(always)]
    pub fn from_zeros(weights: &Weights) -> Self {
        Self { values: weights.bias, inner_sum: weights.bias_sum }
    }

    /// Adds to the sum what [`Self::update`] adds to its terms.
    #[inline(always)]
    pub fn update_sum(&mut self, weights: &Weights, k: usize, magnitude: u32) {
        self.inner_sum += magnitude.min(255) * weights.inside_sum[k];
    }

    /// Takes into account that coefficient `k` has `magnitude`, which is not 0.
    #[inline(always)]
    pub fn update(&mut self, weights: &Weights, k: usize, magnitude: u32) {
        let size = magnitude.min(255);
        let row = &weights.inside[k];
        for (e, w) in self.values.iter_mut().zip(row) {
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

/// Expected magnitudes of the first row, then of the first column, once the inner ones are known.
pub struct ExpectedEdges(pub [u16; 16]);

impl ExpectedEdges {
    /// After the inner coefficients.
    #[inline(always)]
    pub fn new(expected: &ExpectedMagnitudes) -> Self {
        Self(edges_of(&expected.values))
    }

    /// As [`ExpectedMagnitudes::update`].
    #[inline(always)]
    pub fn update(&mut self, weights: &Weights, k: usize, magnitude: u32) {
        let size = magnitude.min(255) as u16;
        for (e, w) in self.0.iter_mut().zip(&weights.edges[k]) {
            *e = e.saturating_add(size * w);
        }
    }
}
