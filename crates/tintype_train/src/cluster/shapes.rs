//! The vectors that are clustered: blocks of unit norm with a weight, and the features by which
//! they are compared.

/// By which features, and so by which distance, blocks are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distance {
    /// The block with its gain: squared Euclidean distance.
    Euclidean,
    /// The block at unit norm: squared distance there is twice the cosine distance.
    Cosine,
    /// Signs of the block's DCT coefficients: squared distance there is four times the Hamming
    /// distance.
    Hamming,
}

/// Rows of equal length, each with a weight.
#[derive(Clone, Debug)]
pub struct Shapes {
    /// Values of one row: the samples of a block.
    pub len: usize,
    /// Rows of unit norm, sign such that their largest low DCT coefficient is positive.
    pub rows: Vec<f32>,
    /// How much each counts.
    pub weights: Vec<f32>,
    /// Norm before, in internal units.
    pub gains: Vec<f32>,
}

impl Shapes {
    /// None, of `len` samples.
    pub fn new(len: usize) -> Self {
        Self { len, rows: Vec::new(), weights: Vec::new(), gains: Vec::new() }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.weights.len()
    }

    /// Row `index`.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.rows[index * self.len..][..self.len]
    }

    /// Adds one block; one without energy is left out.
    pub fn add(&mut self, block: &[f32], weight: f32) {
        let gain = block.iter().map(|v| v * v).sum::<f32>().sqrt();
        if gain < 1.0 || weight <= 0.0 {
            return;
        }
        let scale = if leading(block) < 0.0 { -1.0 } else { 1.0 } / gain;
        self.rows.extend(block.iter().map(|v| v * scale));
        self.weights.push(weight);
        self.gains.push(gain);
    }

    /// The rows' features for `distance`.
    pub fn features(&self, distance: Distance) -> Vec<f32> {
        match distance {
            Distance::Cosine => self.rows.clone(),
            Distance::Euclidean => {
                let scaled = self.rows.chunks_exact(self.len).zip(&self.gains);
                scaled.flat_map(|(row, &gain)| row.iter().map(move |v| v * gain)).collect()
            }
            Distance::Hamming => {
                let side = self.len.isqrt();
                let dct = Basis::new(side);
                self.rows.chunks_exact(self.len).flat_map(|row| dct.signs(row)).collect()
            }
        }
    }
}

/// The largest of the lowest products of a block with slopes and bows: what fixes its sign.
fn leading(block: &[f32]) -> f32 {
    let side = block.len().isqrt();
    let wave =
        |k: usize, x: usize| (std::f32::consts::PI * k as f32 * (x as f32 + 0.5) / side as f32).cos();
    let mut best = 0f32;
    for (u, v) in [(1, 0), (0, 1), (1, 1), (2, 0), (0, 2), (2, 1), (1, 2), (0, 0)] {
        let mut sum = 0.0;
        for (i, value) in block.iter().enumerate() {
            sum += value * wave(u, i % side) * wave(v, i / side);
        }
        if sum.abs() > best.abs() {
            best = sum;
        }
    }
    best
}

/// The cosines of a block's DCT.
struct Basis {
    side: usize,
    waves: Vec<f32>,
}

impl Basis {
    fn new(side: usize) -> Self {
        let wave = |i: usize| {
            let (k, x) = (i / side, i % side);
            (std::f32::consts::PI * k as f32 * (x as f32 + 0.5) / side as f32).cos()
        };
        Self { side, waves: (0..side * side).map(wave).collect() }
    }

    /// 1 or −1 for each coefficient, 0 for those that are nearly nothing.
    fn signs(&self, block: &[f32]) -> Vec<f32> {
        let n = self.side;
        let mut rows = vec![0f32; n * n];
        let mut out = vec![0f32; n * n];
        for y in 0..n {
            for k in 0..n {
                rows[y * n + k] = (0..n).map(|x| block[y * n + x] * self.waves[k * n + x]).sum();
            }
        }
        for k in 0..n {
            for l in 0..n {
                let value: f32 = (0..n).map(|y| rows[y * n + k] * self.waves[l * n + y]).sum();
                out[l * n + k] = if value.abs() < 0.15 { 0.0 } else { value.signum() };
            }
        }
        out
    }
}
