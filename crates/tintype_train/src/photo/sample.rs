//! Takes blocks and their borders from pictures, as the `photo` codec will see them.

use crate::pieces::Rows;
use crate::random::Random;
use tintype_image::Plane;
use tintype_photo::BORDER_INPUTS;
use tintype_photo::fitting::fitting_border;

/// Blocks and borders of one size and kind.
#[derive(Clone, Debug)]
pub struct Samples {
    /// `count × BORDER_INPUTS`.
    pub borders: Rows,
    /// `count × n²`.
    pub blocks: Rows,
}

impl Samples {
    /// None yet, for blocks of `n` × `n`.
    pub fn new(n: usize) -> Self {
        Self { borders: Rows::new(BORDER_INPUTS), blocks: Rows::new(n * n) }
    }

    /// Draws one block of `plane` (internal samples, 1/16 steps) whose border lies inside;
    /// keeps it unless it is flatter than `variance_min`, squared 8-bit units: flat blocks cost
    /// nothing under any piece and would swamp the fit.
    pub fn draw(&mut self, plane: &Plane<i16>, n: usize, variance_min: f32, random: &mut Random) {
        let (across, down) = (plane.width() / n, plane.height() / n);
        if across < 3 || down < 2 {
            return;
        }
        let (x, y) = (n * (1 + random.below(across - 2)), n * (1 + random.below(down - 1)));
        let border = fitting_border(plane, (x, y), n, 0);
        let sample = |v: &i16| (i32::from(*v) - border.mean) as f32 / 16.0;
        let block: Vec<f32> =
            (0..n).flat_map(|row| plane.row(y + row)[x..][..n].iter().map(sample)).collect();
        let mean = block.iter().sum::<f32>() / block.len() as f32;
        let variance = block.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / block.len() as f32;
        if variance >= variance_min {
            self.borders.values.extend(border.inputs.iter().map(|&v| v as f32 / 16.0));
            self.blocks.values.extend(block);
        }
    }
}
