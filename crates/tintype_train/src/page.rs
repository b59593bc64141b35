//! A gray page on which blocks of values are drawn, for people: nothing here decides anything.

use tintype_image::{Plane, Planes, Shape};

/// Middle gray behind everything.
pub(crate) const PAPER: u16 = 96;

/// Tiles on a page that grows downwards.
pub(crate) struct Page {
    pub(crate) width: usize,
    rows: Vec<u16>,
}

impl Page {
    pub(crate) fn new(width: usize) -> Self {
        Self { width, rows: Vec::new() }
    }

    pub(crate) fn height(&self) -> usize {
        self.rows.len() / self.width
    }

    pub(crate) fn grow(&mut self, rows: usize) {
        self.rows.resize(self.rows.len() + rows * self.width, PAPER);
    }

    /// Draws a block of `side` × `side` values, the largest at black or white, `zoom` times as
    /// large.
    pub(crate) fn tile(&mut self, values: &[f32], side: usize, (x, y): (usize, usize), zoom: usize) {
        let largest = values.iter().fold(1e-20f32, |m, v| m.max(v.abs()));
        for row in 0..side * zoom {
            for column in 0..side * zoom {
                let value = values[row / zoom * side + column / zoom] / largest;
                if let Some(sample) = self.rows.get_mut((y + row) * self.width + x + column) {
                    *sample = (128.0 + 127.0 * value) as u16;
                }
            }
        }
    }

    /// An upright line.
    pub(crate) fn line(&mut self, x: usize, from: usize, to: usize) {
        for y in from..to {
            if let Some(sample) = self.rows.get_mut(y * self.width + x) {
                *sample = 200;
            }
        }
    }

    pub(crate) fn planes(self) -> Planes {
        let height = self.height().max(1);
        let mut samples = self.rows;
        samples.resize(height * self.width, PAPER);
        let mut planes = Planes::new(Shape::gray(self.width, height, 8));
        if let Some(plane) = Plane::from_vec(self.width, height, samples) {
            planes.planes[0] = plane;
        }
        planes
    }
}
