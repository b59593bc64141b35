//! AdamW with a clipped gradient and a learning rate that rises for a hundred steps, then falls
//! as half a cosine.
//!
//! Source: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019; "SGDR",
//! ICLR 2017.

/// Steps over which the learning rate rises.
const WARM_UP: f32 = 100.0;
const DECAY: f32 = 0.01;
const BETAS: [f32; 2] = [0.9, 0.999];
/// Largest norm of a gradient.
const NORM_MAX: f32 = 1.0;

/// Means and squares of gradients.
#[derive(Clone, Debug)]
pub struct Optimiser {
    mean: Vec<f32>,
    square: Vec<f32>,
    steps: u32,
    steps_max: u32,
    rate_max: f32,
}

impl Optimiser {
    /// For `count` parameters and `steps_max` steps.
    pub fn new(count: usize, steps_max: u32, rate_max: f32) -> Self {
        Self { mean: vec![0.0; count], square: vec![0.0; count], steps: 0, steps_max, rate_max }
    }

    /// Moves `values` against `gradient`.
    pub fn step(&mut self, values: &mut [f32], gradient: &[f32]) {
        let done = self.steps as f32 / self.steps_max.max(1) as f32;
        self.steps += 1;
        let steps = self.steps as f32;
        let rise = (steps / WARM_UP).min(1.0);
        let rate = self.rate_max * rise * (0.5 + 0.5 * (std::f32::consts::PI * done).cos());

        let norm = gradient.iter().map(|g| g * g).sum::<f32>().sqrt();
        let scale = (NORM_MAX / norm.max(1e-12)).min(1.0);
        let [b1, b2] = BETAS;
        let (fix1, fix2) = (1.0 - b1.powf(steps), 1.0 - b2.powf(steps));
        for (((value, g), mean), square) in
            values.iter_mut().zip(gradient).zip(&mut self.mean).zip(&mut self.square)
        {
            let g = g * scale;
            *mean = b1 * *mean + (1.0 - b1) * g;
            *square = b2 * *square + (1.0 - b2) * g * g;
            let direction = (*mean / fix1) / ((*square / fix2).sqrt() + 1e-8);
            *value -= rate * (direction + DECAY * *value);
        }
    }
}
