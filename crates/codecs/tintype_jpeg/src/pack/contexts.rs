//! The contexts under which counts and values of coefficients are coded, and what models code them.
//!
//! Bit-exact. Buckets are those of `buckets.rs`; the table in docs/format/jpeg-repack.md names
//! each.

use tintype_entropy::SymbolWalk;

/// Contexts of the number of nonzero inner coefficients.
#[derive(Clone, Copy)]
pub struct InnerCount {
    /// Logarithm of the sum of expected magnitudes, 0 to 50.
    pub level: usize,
    /// Bucket of the reference component's count, 0 to 9.
    pub reference: usize,
    /// Mean count of the blocks above and left, 0 to 50.
    pub mean: usize,
    /// Bucket of the count above.
    pub above: usize,
    /// Bucket of the count to the left.
    pub left: usize,
}

/// Contexts of an inner coefficient.
#[derive(Clone, Copy, Default)]
pub struct InnerContext {
    /// Its position in zigzag order, 0 to 48.
    pub position: usize,
    /// Level of its expected magnitude, below 20.
    pub level: usize,
    /// Bucket of how many nonzero ones are to come, 0 to 7.
    pub remaining_bucket: usize,
    /// Its share of the sum of expected magnitudes times how many are to come, as a logarithm, 0
    /// to 31.
    pub share: usize,
    /// Whether it must be nonzero.
    pub certain: bool,
    /// Sign of the reference component's coefficient, plus one.
    pub reference_sign: usize,
    /// Twice the values at which this coefficient alone would continue the edges above and to the
    /// left, given those coded before it; for models that mix.
    pub edge_values: [i32; 2],
    /// More contexts, for models that mix.
    pub mixed: InnerMixContext,
}

/// Further contexts of an inner coefficient: buckets of magnitudes around it, and of counts.
#[derive(Clone, Copy, Default)]
pub struct InnerMixContext {
    /// Weighted mean of the blocks above, left and above left.
    pub neighbours: usize,
    /// Lower frequencies of the block itself.
    pub lower_frequencies: usize,
    /// The reference component.
    pub reference: usize,
    /// The block above.
    pub above: usize,
    /// The block to the left.
    pub left: usize,
    /// Nonzero inner coefficients of the block.
    pub count: usize,
    /// Those still to come, not in buckets.
    pub remaining: usize,
    /// Four times the binary logarithm of the expected magnitude.
    pub fine_level: usize,
}

/// Contexts of a coefficient of the first row or column.
#[derive(Clone, Copy)]
pub struct EdgeContext {
    /// Row 0 to 6, column 7 to 13.
    pub position: usize,
    /// Level of its expected magnitude.
    pub level: usize,
    /// Twice the value that continues the neighbour's border.
    pub predicted: i32,
    /// Bucket of that value's magnitude.
    pub predicted_bucket: usize,
    /// How many nonzero ones are to come, 1 to 7.
    pub remaining: usize,
    /// Whether it must be nonzero.
    pub certain: bool,
    /// Sign of the reference component's coefficient, plus one.
    pub reference_sign: usize,
    /// More contexts, for models that mix.
    pub mixed: [usize; 4],
}

/// Contexts of the number of nonzero coefficients in the first row or column.
pub struct EdgeCount {
    /// Row 0, column 1.
    pub side: usize,
    /// Level of the sum of expected magnitudes.
    pub level: usize,
    /// Mean count of the blocks above and left, rounded up.
    pub mean: usize,
    /// Count above.
    pub above: usize,
    /// Count to the left.
    pub left: usize,
    /// For the column the row's count, for the row 7 less the neighbours' mean.
    pub other_side: usize,
    /// Bucket of the block's inner count.
    pub inner: usize,
    /// How many of the predicted values are not near 0; for models that mix.
    pub predicted_nonzero: usize,
    /// Four times the binary logarithm of the sum of their magnitudes.
    pub predicted_log: usize,
}

/// Contexts of the difference of DC to its prediction.
pub struct DcContext {
    /// Bucket of how far the predictions from above and from the left are apart.
    pub spread: usize,
    /// Bucket of the number of the block's nonzero coefficients.
    pub count: usize,
    /// The larger bucket of the residuals above and left.
    pub neighbour_residual: usize,
    /// The prediction from above less that from the left, in eighths.
    pub difference: i32,
    /// What rounding took from the prediction, in eighths, plus 4.
    pub fraction: usize,
}

/// A coefficient and its magnitude; `None` for 0.
pub type Coded = Option<(i16, u32)>;

/// Codes counts and values of one class of components under their contexts.
pub trait CoefficientModel {
    /// Whether the model mixes contexts, and so needs those that are for models that mix.
    const MIXES: bool;
    /// Whether a block all of whose neighbours are flat (without AC) is flat; `false` if that is
    /// not coded.
    fn flat<W: SymbolWalk>(&mut self, walk: &mut W, flat: bool) -> bool;
    /// A count of 0 to 49.
    fn inner_count<W: SymbolWalk>(&mut self, walk: &mut W, count: usize, context: InnerCount) -> usize;
    /// An inner coefficient.
    fn inner_value<W: SymbolWalk>(&mut self, walk: &mut W, value: i16, context: &InnerContext) -> Coded;
    /// A count of 0 to 7 in the first row or column.
    fn edge_count<W: SymbolWalk>(&mut self, walk: &mut W, count: usize, context: &EdgeCount) -> usize;
    /// A coefficient of the first row or column.
    fn edge_value<W: SymbolWalk>(&mut self, walk: &mut W, value: i16, context: &EdgeContext) -> Coded;
    /// The residual of DC, -65 535 to 65 535.
    fn dc_residual<W: SymbolWalk>(&mut self, walk: &mut W, residual: i32, context: &DcContext) -> i32;
}
