//! Mean residuals by context, which correct predictions.
//!
//! In: residuals, in any unit. Out: their mean in a context, over a window of some 100.
//! Bit-exact: integers. Source: error feedback of CALIC (X. Wu, N. Memon, 1997).

/// Entries of the table; the contexts, signs of differences and activity, use 768 of them.
const BIASES: usize = 4096;

/// A sum and a number of residuals for each context.
pub(super) struct Biases(Vec<(i32, i32)>);

impl Biases {
    /// All means 0.
    pub fn new() -> Self {
        Self(vec![(0, 4); BIASES])
    }

    /// The mean residual of a context, rounded down.
    #[inline(always)]
    pub fn mean(&self, at: usize) -> i32 {
        let (sum, count) = self.0[at];
        ((i64::from(sum) * i64::from(RECIPROCALS[count as usize & 127])) >> 16) as i32
    }

    /// Adds a residual to a context.
    #[inline(always)]
    pub fn update(&mut self, at: usize, residual: i32) {
        let bias = &mut self.0[at];
        *bias = (bias.0 + residual, bias.1 + 1);
        if bias.1 >= 128 {
            *bias = (bias.0 / 2, bias.1 / 2);
        }
    }
}

/// `65536 / n`, rounded down.
static RECIPROCALS: [u16; 128] = {
    let mut table = [0; 128];
    let mut n = 2;
    while n < 128 {
        table[n] = (65536 / n) as u16;
        n += 1;
    }
    table
};
