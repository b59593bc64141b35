//! Room that the search uses again and again: clearing large arrays for each block took a fifth of its time.

use super::quantise::Places;
use crate::compensate::AREA;
use crate::transform::AREA_MAX;
use std::cell::RefCell;
use tintype_block::{ContextSet, Prices};

/// What the search of a picture's superblocks uses one after another.
#[derive(Debug)]
pub struct Tools {
    /// What decisions cost in the superblock at hand.
    pub prices: Prices,
    /// Room for a block that is predicted from references.
    pub predicted: RefCell<Box<Predicted>>,
    /// Room for an intra block.
    pub intra: RefCell<Box<Samples>>,
    /// Room for a transform.
    pub transform: RefCell<Box<Transform>>,
}

/// Room for a transform block.
#[derive(Debug)]
pub struct Transform {
    /// Row by row.
    pub coefficients: [f32; AREA_MAX],
    /// What each place in the scan costs.
    pub places: Places,
}

impl Tools {
    /// For a picture that begins with `contexts`.
    pub fn new(contexts: &ContextSet) -> Self {
        let transform = Transform { coefficients: [0.0; AREA_MAX], places: [[0.0; 2]; AREA_MAX] };
        Self {
            prices: Prices::of(contexts),
            predicted: RefCell::default(),
            intra: RefCell::default(),
            transform: RefCell::new(Box::new(transform)),
        }
    }
}

/// Samples of a block and what predicts them, for each plane.
#[derive(Debug)]
pub struct Predicted {
    /// The picture.
    pub source: [[u16; AREA]; 3],
    /// What predicts it.
    pub samples: [[u16; AREA]; 3],
    /// Of one transform block.
    pub differences: [i16; AREA_MAX],
    /// Columns and rows in each plane.
    pub sizes: [(usize, usize); 3],
    /// Weighted squared error without levels.
    pub error: f32,
}

impl Default for Predicted {
    fn default() -> Self {
        Self {
            source: [[0; AREA]; 3],
            samples: [[0; AREA]; 3],
            differences: [0; AREA_MAX],
            sizes: [(0, 0); 3],
            error: 0.0,
        }
    }
}

/// Room for a transform block: its prediction, the picture, and the differences.
#[derive(Debug)]
pub struct Samples {
    /// What predicts it.
    pub predicted: [u16; AREA_MAX],
    /// The picture.
    pub source: [u16; AREA_MAX],
    /// Between both.
    pub differences: [i16; AREA_MAX],
}

impl Default for Samples {
    fn default() -> Self {
        Self { predicted: [0; AREA_MAX], source: [0; AREA_MAX], differences: [0; AREA_MAX] }
    }
}
