//! Edge projection: what a block's coefficients contribute to the samples along its four edges.
//!
//! In: coefficients and the quantisation table. Out: sums by frequency along each edge, in 1/1024
//! of a quantised DC step; values of the first row and column with which a block continues its
//! neighbours.
//! Bit-exact: wrapping integers.
//!
//! Source: Horn et al., "The design, implementation, and deployment of a system to transparently
//! compress hundreds of petabytes of image files for a file-storage service", NSDI 2017, section 3.

/// Weight of frequency v in a sample at the block's border, in 1/1024 of that of frequency 0.
///
/// They continue a smooth edge. Weights by plain least squares cost 0.4 points of the file at
/// effort 9; robust ones come back to these.
pub const BORDER: [i32; 8] = [1024, 1432, 1390, 1320, 1225, 1110, 980, 840];

/// One component's projection of coefficients to the block's four edges: quantiser times
/// [`BORDER`].
pub struct EdgeProjection {
    /// What a coefficient adds to the top edge, and, with sign (-1)^v, to the bottom edge.
    pub near_row: [i32; 64],
    /// To the left edge, and, with sign (-1)^u, to the right edge; columns in turn.
    pub near_column: [i32; 64],
    /// 2^32 / (1024 * quant) for the first row, then the first column.
    pub inverse: [[i32; 8]; 2],
    /// For the first row: to its own frequency of the facing edges, and to frequency 0 of the
    /// others; then for the first column.
    line: [[[i32; 8]; 2]; 2],
}

impl EdgeProjection {
    /// For a component quantised with `quant`.
    pub fn new(quant: &[u16; 64]) -> Self {
        let q = |k: usize| i32::from(quant[k].max(1));
        let inverse = |k: usize| ((1i64 << 32) / (1024 * i64::from(q(k)))) as i32;
        let row = |k: usize| q(k).wrapping_mul(BORDER[k / 8]);
        let column = |k: usize| q(k).wrapping_mul(BORDER[k % 8]);
        let eight = |f: &dyn Fn(usize) -> i32| std::array::from_fn(f);
        Self {
            near_row: std::array::from_fn(row),
            near_column: std::array::from_fn(|t| column(t % 8 * 8 + t / 8)),
            inverse: [eight(&inverse), eight(&|v| inverse(8 * v))],
            line: [[eight(&row), eight(&column)], [eight(&|v| column(8 * v)), eight(&|v| row(8 * v))]],
        }
    }
}

/// Projections of a block to its edges, as its coefficients become known.
#[derive(Default)]
pub struct EdgeSums {
    /// The top edge, by horizontal frequency.
    pub top: [i32; 8],
    /// The left edge, by vertical frequency.
    pub left: [i32; 8],
    /// The bottom edge.
    pub bottom: [i32; 8],
    /// The right edge.
    pub right: [i32; 8],
}

/// For each column the sum of `values * weights` over even rows from 2 on and over odd rows.
#[inline(always)]
fn row_sums(values: &[i16; 64], weights: &[i32; 64]) -> [[i32; 8]; 2] {
    let mut sums = [[0i32; 8]; 2];
    for v in 1..8 {
        for u in 0..8 {
            let product = weights[8 * v + u].wrapping_mul(i32::from(values[8 * v + u]));
            sums[v % 2][u] = sums[v % 2][u].wrapping_add(product);
        }
    }
    sums
}

/// Sum of `line * weights`, and the same with alternating signs.
#[inline(always)]
fn line_sums(line: &[i16; 8], weights: &[i32; 8]) -> [i32; 2] {
    let mut sums = [0i32; 2];
    for f in 0..8 {
        sums[f % 2] = sums[f % 2].wrapping_add(weights[f].wrapping_mul(i32::from(line[f])));
    }
    [sums[0].wrapping_add(sums[1]), sums[0].wrapping_sub(sums[1])]
}

impl EdgeSums {
    /// Of all coefficients outside the first row and column; `columns` has them column by column.
    #[inline(always)]
    pub fn of_inner(block: &[i16; 64], columns: &[i16; 64], projection: &EdgeProjection) -> Self {
        let mut out = Self::default();
        let sums = row_sums(block, &projection.near_row);
        for u in 1..8 {
            out.top[u] = sums[0][u].wrapping_add(sums[1][u]);
            out.bottom[u] = sums[0][u].wrapping_sub(sums[1][u]);
        }
        let sums = row_sums(columns, &projection.near_column);
        for v in 1..8 {
            out.left[v] = sums[0][v].wrapping_add(sums[1][v]);
            out.right[v] = sums[0][v].wrapping_sub(sums[1][v]);
        }
        out
    }

    /// Adds the first row (`side` 0) or column, of which element 0 is 0.
    #[inline(always)]
    pub fn add_line(&mut self, line: &[i16; 8], side: usize, projection: &EdgeProjection) {
        let [along, across] = &projection.line[side];
        let far = if side == 0 { &mut self.bottom } else { &mut self.right };
        for f in 0..8 {
            far[f] = far[f].wrapping_add(along[f].wrapping_mul(i32::from(line[f])));
        }
        let [near, far] = line_sums(line, across);
        if side == 0 {
            (self.left[0], self.right[0]) = (near, far);
        } else {
            (self.top[0], self.bottom[0]) = (near, far);
        }
    }

    /// Adds DC to the edges that later blocks see.
    #[inline(always)]
    pub fn add_dc(&mut self, value: i16, projection: &EdgeProjection) {
        let sum = projection.near_row[0].wrapping_mul(i32::from(value));
        self.bottom[0] = self.bottom[0].wrapping_add(sum);
        self.right[0] = self.right[0].wrapping_add(sum);
    }
}

/// Twice the values of a first row or column with which `own` edge continues the `facing` one of
/// the neighbour; zeros if that does not exist.
#[inline(always)]
pub fn predict(facing: &[i32; 8], own: &[i32; 8], inverse: &[i32; 8], exists: bool) -> [i32; 8] {
    let mut out = [0i32; 8];
    for f in 0..8 {
        let gap = i64::from(facing[f].wrapping_sub(own[f]));
        // An unsigned shift gives the same lower half, and only that is kept.
        out[f] = ((gap * i64::from(inverse[f]) + (1 << 30)) as u64 >> 31) as i32;
    }
    if exists { out } else { [0; 8] }
}
