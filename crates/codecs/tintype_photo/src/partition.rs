//! Which sizes of blocks need not be tried, guessed from the source. Float: for the encoder's search
//! only.
//!
//! In: the source of a plane, steps, and what whole blocks are estimated at. Out: whether a
//! node's whole block or its quarters may be left out.

use tintype_image::Plane;

/// Side of a cell.
const SIDE: usize = 8;

/// A cell of the source, squared internal units.
#[derive(Clone, Copy, Debug, Default)]
struct CellStatistics {
    /// Sums of squared differences of neighbours in rows, and in columns.
    differences: [f32; 2],
    /// Logarithm (base 2) of 1 and the variance.
    variance: f32,
}

impl CellStatistics {
    fn of(source: &Plane<i16>, (cx, cy): (usize, usize)) -> Self {
        let rows: [[f32; SIDE]; SIDE] = std::array::from_fn(|y| {
            let row = &source.row(SIDE * cy + y)[SIDE * cx..][..SIDE];
            std::array::from_fn(|x| f32::from(row[x]))
        });
        let (mut sums, mut squares, mut across) = ([0f32; SIDE], [0f32; SIDE], 0.0);
        let mut down = [0f32; SIDE];
        for (y, row) in rows.iter().enumerate() {
            let below = &rows[(y + 1).min(SIDE - 1)];
            for x in 0..SIDE {
                sums[x] += row[x];
                squares[x] += row[x] * row[x];
                down[x] += (below[x] - row[x]).powi(2);
            }
            across += row.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum::<f32>();
        }
        let (sum, squares) = (sums.iter().sum::<f32>(), squares.iter().sum::<f32>());
        let count = (SIDE * SIDE) as f32;
        let variance = ((squares - sum * sum / count) / count).max(0.0);
        Self { differences: [across, down.iter().sum()], variance: (1.0 + variance).log2() }
    }
}

/// The cells of a plane's source.
#[derive(Clone, Debug)]
pub struct Ground {
    cells: Plane<CellStatistics>,
}

/// What a node's source is like: logarithms (base 2), of mean squares over the squared step.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// 0 for a side of 16, 1 for 32; for chroma 2 more.
    class: usize,
    /// Of the step, internal units.
    step: f32,
    /// Of differences across and down, the smaller one first.
    differences: [f32; 2],
    /// Mean of those of the cells' variances.
    variance: f32,
}

// Logistic regressions on 150 encodes at effort 5 (parts of 320 × 256 of 50 pictures of photos/train,
// qualities 20, 50, 80, `--tune psnr`) that tried every size, each node weighted by the bits
// that the wrong choice costs. The last number is less the threshold at which all wrong choices of
// a rule together cost 0.02 % of the bits. All rules together: docs/lab/photo.md.

/// Of luma: the smaller and the larger differences, step, 1.
const WHOLE: [[f32; 4]; 2] = [[1.269, 0.954, 0.686, -2.278], [-2.639, 4.535, 0.351, 1.683]];
/// By class: the logarithm of the bits estimated for the whole block, variance, step, 1.
const SPLIT: [[f32; 4]; 4] = [
    [2.79, -0.414, 0.572, -18.702],
    [1.505, -0.02, 0.666, -14.315],
    [3.321, -0.498, 0.108, -16.815],
    [2.567, -0.66, 0.186, -15.748],
];

/// By class, for efforts that try one size alone: as in [`SPLIT`] the logarithm of the bits, variance and
/// step, then the smaller and the larger differences, 1. Logistic regressions without a margin, on encodes of
/// 50 parts of photos/train at effort 1: what they choose wrongly costs 0.5 to 0.8 % of luma's and 1.5 to 1.7 %
/// of chroma's bits and error.
const LIKELIER_SPLIT: [[f32; 6]; 4] = [
    [3.873, -0.910, -0.165, -0.710, 0.719, -22.656],
    [2.639, -1.139, 0.518, -1.899, 2.536, -20.328],
    [4.334, -0.529, 0.062, -1.076, -0.018, -32.041],
    [2.916, -0.711, 0.165, -1.010, 0.565, -24.004],
];

fn sum<const N: usize>(weights: [f32; N], values: [f32; N]) -> f32 {
    weights.iter().zip(values).map(|(weight, value)| weight * value).sum()
}

impl Ground {
    /// Of the internal samples `source`, whose sides are multiples of 8.
    pub fn of_plane(source: &Plane<i16>) -> Self {
        let mut cells = Plane::new(source.width() / SIDE, source.height() / SIDE);
        for cy in 0..cells.height() {
            for (cx, cell) in cells.row_mut(cy).iter_mut().enumerate() {
                *cell = CellStatistics::of(source, (cx, cy));
            }
        }
        Self { cells }
    }

    /// The node of `side` (16 or 32) at (`x`, `y`), inside the plane, whose step is `step`.
    pub fn node(&self, (x, y): (usize, usize), side: usize, step: f32, chroma: bool) -> Node {
        let (cx, cy, span) = (x / SIDE, y / SIDE, side / SIDE);
        let (mut differences, mut variance) = ([0f32; 2], 0.0);
        for row in cy..cy + span {
            for cell in &self.cells.row(row)[cx..][..span] {
                differences[0] += cell.differences[0];
                differences[1] += cell.differences[1];
                variance += cell.variance;
            }
        }
        let count = (span * span * SIDE * (SIDE - 1)) as f32;
        let [across, down] = differences.map(|sum| (sum / (count * step * step) + 0.03).log2());
        Node {
            class: usize::from(side == 32) + 2 * usize::from(chroma),
            step: step.log2(),
            differences: [across.min(down), across.max(down)],
            variance: variance / (span * span) as f32 - 2.0 * step.log2() + 8.0,
        }
    }
}

impl Node {
    /// Whether the quarters are surely better than the whole block. Chroma's smooth blocks look too
    /// much like others.
    pub fn is_split(&self) -> bool {
        let [least, most] = self.differences;
        let weights = WHOLE.get(self.class);
        weights.is_some_and(|&weights| sum(weights, [least, most, self.step, 1.0]) > 0.0)
    }

    /// Whether a whole block that is estimated at `bits` (error and rate) is likelier the better one.
    pub fn is_likelier_whole(&self, bits: f32) -> bool {
        let [least, most] = self.differences;
        let values = [(bits + 1.0).log2(), self.variance, self.step, least, most, 1.0];
        sum(LIKELIER_SPLIT[self.class], values) < 0.0
    }

    /// Whether a whole block that is estimated at `bits` (error and rate) is surely better than the
    /// quarters.
    pub fn is_whole(&self, bits: f32) -> bool {
        let values = [(bits + 1.0).log2(), self.variance, self.step, 1.0];
        sum(SPLIT[self.class], values) < 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_split_and_flat_ground_is_not() {
        let mut plane = Plane::new(64, 32);
        for y in 0..32u32 {
            for (x, v) in plane.row_mut(y as usize).iter_mut().enumerate().skip(32) {
                *v = ((x as u32 * 31 + y * 57).wrapping_mul(2_654_435_761) >> 20) as i16;
            }
        }
        let ground = Ground::of_plane(&plane);
        for side in [16, 32] {
            let [flat, noise] = [0, 32].map(|x| ground.node((x, 0), side, 160.0, false));
            assert!(noise.is_split() && !flat.is_split(), "{noise:?} {flat:?}");
            assert!(flat.is_whole(1.0) && !noise.is_whole(1000.0));
        }
    }
}
