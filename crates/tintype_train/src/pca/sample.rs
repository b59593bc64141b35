//! Takes blocks and their borders from pictures, as the `pca` codec will see them.

use super::pieces::Rows;
use tintype_image::Plane;
use tintype_pca::BORDER_INPUTS;
use tintype_pca::fitting::border;

/// Blocks and borders of one size and kind.
#[derive(Clone, Debug)]
pub struct Samples {
    /// `count × BORDER_INPUTS`.
    pub borders: Rows,
    /// `count × n²`.
    pub blocks: Rows,
}

/// A small generator of pseudo-random numbers: a linear congruence with Knuth's MMIX constants.
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// Starts from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`, which is below 2^31.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (((self.0 >> 33) * bound as u64) >> 31) as usize
    }
}

impl Samples {
    /// None yet, for blocks of `n` × `n`.
    pub fn new(n: usize) -> Self {
        Self { borders: Rows::new(BORDER_INPUTS), blocks: Rows::new(n * n) }
    }

    /// Draws one block of `plane` (internal samples, 1/16 steps) whose border lies inside; keeps it unless it is flatter
    /// than `variance_min`, squared 8-bit units: flat blocks cost nothing under any piece and would swamp the fit.
    pub fn draw(&mut self, plane: &Plane<i16>, n: usize, variance_min: f32, draw: &mut Draw) {
        let (across, down) = (plane.width() / n, plane.height() / n);
        if across < 3 || down < 2 {
            return;
        }
        let (x, y) = (n * (1 + draw.below(across - 2)), n * (1 + draw.below(down - 1)));
        let border = border(plane, x, y, n, 0);
        let sample = |v: &i16| (i32::from(*v) - border.mean) as f32 / 16.0;
        let block: Vec<f32> =
            (0..n).flat_map(|row| plane.row(y + row)[x..][..n].iter().map(sample)).collect();
        let mean = block.iter().sum::<f32>() / block.len() as f32;
        let variance =
            block.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / block.len() as f32;
        if variance >= variance_min {
            self.borders.values.extend(border.inputs.iter().map(|&v| v as f32 / 16.0));
            self.blocks.values.extend(block);
        }
    }
}
