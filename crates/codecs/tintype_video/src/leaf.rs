//! A coded block: what it is predicted from, and its levels. Bit-exact where it lays blocks out.

use crate::frame::Format;
use crate::intra::Place;
use crate::motion::Motion;
use crate::transform::SIDE_MAX;

/// Most transform blocks of a coded block: 16 of luma, 4 of each chroma plane.
pub const BLOCKS_MAX: usize = 24;

/// What luma is predicted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prediction {
    /// The picture itself.
    Intra {
        /// Mode of luma.
        mode: u8,
        /// Index of the mode of chroma.
        chroma: u8,
        /// Slopes of chroma against luma, in eighths, if the mode of chroma says so.
        slopes: [i8; 2],
    },
    /// References: the motion of a candidate.
    Merge {
        /// Its number.
        candidate: u8,
        /// The motion itself.
        motion: Motion,
    },
    /// References: vectors that are sent.
    Sent {
        /// The motion.
        motion: Motion,
        /// Which prediction of each vector its difference is from.
        predictors: [u8; 2],
    },
}

/// A coded block.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// What it is predicted from.
    pub prediction: Prediction,
    /// Whether luma transforms have half the side they could have.
    pub split: bool,
    /// For each transform block, the place after the last level that is not 0, in the scan.
    pub ends: [u16; BLOCKS_MAX],
    /// Levels of the transform blocks with an end, one after another, row by row.
    pub levels: Vec<i16>,
}

impl Default for Leaf {
    fn default() -> Self {
        let prediction = Prediction::Intra { mode: 0, chroma: 0, slopes: [0; 2] };
        Self { prediction, split: false, ends: [0; BLOCKS_MAX], levels: Vec::new() }
    }
}

impl Leaf {
    /// Without levels.
    pub fn of(prediction: Prediction) -> Self {
        Self { prediction, ..Self::default() }
    }

    /// Its motion, if it has one.
    #[inline(always)]
    pub fn motion(&self) -> Option<Motion> {
        match self.prediction {
            Prediction::Intra { .. } => None,
            Prediction::Merge { motion, .. } | Prediction::Sent { motion, .. } => Some(motion),
        }
    }

    /// Whether any level is not 0.
    #[inline(always)]
    pub fn has_levels(&self) -> bool {
        self.ends.iter().any(|&end| end != 0)
    }

    /// Forgets its levels.
    pub fn clear(&mut self) {
        self.ends = [0; BLOCKS_MAX];
        self.levels.clear();
    }
}

/// The transform blocks of a plane of a coded block, in rows; with the number of the first.
pub fn blocks(
    format: &Format,
    plane: usize,
    (x, y): (usize, usize),
    side: usize,
    split: bool,
) -> (usize, impl Iterator<Item = Place> + use<>) {
    let (sub_x, sub_y) = format.sub(plane);
    let size = (side >> sub_x, side >> sub_y);
    let block = (x >> sub_x, y >> sub_y);
    let full = size.0.min(size.1).min(SIDE_MAX);
    let each = if plane == 0 && split { full / 2 } else { full };
    let (across, down) = (size.0 / each, size.1 / each);
    let place = move |i: usize| {
        let at = (block.0 + i % across * each, block.1 + i / across * each);
        Place { plane, at, side: each, block, size }
    };
    let first = match plane {
        0 => 0,
        _ => 16 + (plane - 1) * 4,
    };
    (first, (0..across * down).map(place))
}
