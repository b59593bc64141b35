//! Chroma to full size: triangle filters for factors of two as libjpeg's "fancy" upsampling,
//! repetition otherwise.
//!
//! In: a component's samples at its own size. Out: one full-size row at a time. Bit-exact.

/// Samples of one component.
#[derive(Clone, Debug)]
pub struct ComponentSamples {
    /// Samples between the starts of two rows.
    pub stride: usize,
    /// Real width.
    pub width: usize,
    /// Real height.
    pub height: usize,
    /// How many rows are kept: row y lies at y modulo this.
    pub kept: usize,
    /// The samples.
    pub samples: Vec<u16>,
}

impl ComponentSamples {
    fn row(&self, y: usize) -> &[u16] {
        &self.samples[y.min(self.height - 1) % self.kept * self.stride..][..self.width]
    }
}

/// How a component is brought to full size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factors {
    /// Component samples for `whole_x` full-size samples across.
    pub part_x: usize,
    /// See `part_x`.
    pub whole_x: usize,
    /// Component samples for `whole_y` full-size samples down.
    pub part_y: usize,
    /// See `part_y`.
    pub whole_y: usize,
}

impl Factors {
    fn doubles_x(&self) -> bool {
        2 * self.part_x == self.whole_x
    }

    fn doubles_y(&self) -> bool {
        2 * self.part_y == self.whole_y
    }
}

/// Row `y` of the full-size plane into `out`; `scratch` keeps its allocation between calls.
#[inline(always)]
pub fn upsample_row(
    source: &ComponentSamples,
    factors: Factors,
    y: usize,
    out: &mut [u16],
    scratch: &mut Vec<u16>,
) {
    let same_x = factors.part_x == factors.whole_x;
    if same_x && factors.part_y == factors.whole_y {
        out.copy_from_slice(&source.row(y)[..out.len()]);
        return;
    }
    let smooth = source.width > 2;
    if smooth && factors.doubles_y() && (same_x || factors.doubles_x()) {
        let near = source.row(y / 2);
        let far = if y.is_multiple_of(2) {
            source.row((y / 2).saturating_sub(1))
        } else {
            source.row(y / 2 + 1)
        };
        if same_x {
            let bias = if y.is_multiple_of(2) { 1 } else { 2 };
            for ((o, n), f) in out.iter_mut().zip(near).zip(far) {
                *o = ((3 * u32::from(*n) + u32::from(*f) + bias) >> 2) as u16;
            }
            return;
        }
        scratch.clear();
        scratch.extend(near.iter().zip(far).map(|(n, f)| 3 * n + f));
        double_row(scratch, out, 4, (8, 7));
        return;
    }
    let row = source.row(y * factors.part_y / factors.whole_y);
    if smooth && factors.part_y == factors.whole_y && factors.doubles_x() {
        double_row(row, out, 2, (1, 2));
        return;
    }
    for (x, o) in out.iter_mut().enumerate() {
        *o = row[(x * factors.part_x / factors.whole_x).min(source.width - 1)];
    }
}

/// Doubles a row by weights 3/4 and 1/4; `shift` is 2 plus the bits the row is scaled by.
#[inline(always)]
fn double_row(row: &[u16], out: &mut [u16], shift: u32, bias: (u32, u32)) {
    let (n, last) = (out.len(), row.len() - 1);
    let at = |i: usize| u32::from(row[i]);
    let value = |x: usize| {
        let i = x / 2;
        if x.is_multiple_of(2) {
            let before = if i == 0 { at(0) } else { at(i - 1) };
            // At the border libjpeg scales the sample alone; that equals a repeated neighbour.
            (3 * at(i) + before + if i == 0 && shift == 2 { 0 } else { bias.0 }) >> shift
        } else {
            let after = at((i + 1).min(last));
            (3 * at(i) + after + if i == last && shift == 2 { 0 } else { bias.1 }) >> shift
        }
    };
    out[0] = value(0) as u16;
    let middle = last.min((n - 1) / 2);
    if middle > 0 {
        if n > 1 {
            out[1] = value(1) as u16;
        }
        // The inner part, in a form that the compiler vectorises.
        let pairs = out[2..].chunks_exact_mut(2).zip(row.windows(3));
        for (o, w) in pairs.take(middle.saturating_sub(1)) {
            let (a, b, c) = (u32::from(w[0]), u32::from(w[1]), u32::from(w[2]));
            o[0] = ((3 * b + a + bias.0) >> shift) as u16;
            o[1] = ((3 * b + c + bias.1) >> shift) as u16;
        }
        for x in 2 * middle..n {
            out[x] = value(x) as u16;
        }
    } else {
        for x in 1..n {
            out[x] = value(x) as u16;
        }
    }
}
