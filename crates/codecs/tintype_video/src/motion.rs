//! Motion: vectors, and what is kept of a block. Bit-exact.
//!
//! A vector is in quarters of a luma sample. A block is predicted from one reference, or is the
//! mean of the predictions from two.

/// A vector in quarters of a luma sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vector {
    /// To the right.
    pub x: i16,
    /// Down.
    pub y: i16,
}

/// Vectors stay within this.
pub const VECTOR_MAX: i32 = 1 << 13;

impl Vector {
    /// Within the bounds of vectors.
    #[inline(always)]
    pub fn clamped(x: i32, y: i32) -> Self {
        let clamp = |v: i32| v.clamp(-VECTOR_MAX, VECTOR_MAX) as i16;
        Self { x: clamp(x), y: clamp(y) }
    }

    /// Of a distance `from` in pictures to a distance `to`, both not 0 and below 2^15.
    pub fn scaled(self, from: i32, to: i32) -> Self {
        if from == to {
            return self;
        }
        let factor = (to * 256) / from;
        let scale = |v: i16| (i32::from(v) * factor + 128) >> 8;
        Self::clamped(scale(self.x), scale(self.y))
    }
}

/// No reference.
pub const NONE: i8 = -1;

/// What a block is predicted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Motion {
    /// Numbers in the picture's list of references; the second, or both, may be [`NONE`].
    pub references: [i8; 2],
    /// A vector for each.
    pub vectors: [Vector; 2],
}

impl Default for Motion {
    fn default() -> Self {
        Self { references: [NONE; 2], vectors: [Vector::default(); 2] }
    }
}

impl Motion {
    /// From one reference.
    pub fn one(reference: usize, vector: Vector) -> Self {
        Self { references: [reference as i8, NONE], vectors: [vector, Vector::default()] }
    }

    /// From two.
    pub fn two(first: (usize, Vector), second: (usize, Vector)) -> Self {
        Self { references: [first.0 as i8, second.0 as i8], vectors: [first.1, second.1] }
    }

    /// Whether it is the mean of two predictions.
    #[inline(always)]
    pub fn is_two(&self) -> bool {
        self.references[1] != NONE
    }

    /// The predictions: reference and vector.
    #[inline(always)]
    pub fn parts(&self) -> impl Iterator<Item = (usize, Vector)> + use<> {
        let Self { references, vectors } = *self;
        (0..2).filter(move |&i| references[i] != NONE).map(move |i| (references[i] as usize, vectors[i]))
    }
}

/// What is kept of the block over an 8 × 8 of luma samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Whether it has been coded.
    pub coded: bool,
    /// Whether it is predicted from its own picture.
    pub intra: bool,
    /// Whether it is a candidate without residual.
    pub skip: bool,
    /// Whether it has luma levels that are not 0.
    pub levels: bool,
    /// Logarithm of the side of its block.
    pub side_log2: u8,
    /// Logarithm of the side of its luma transform.
    pub transform_log2: u8,
    /// Intra mode of luma.
    pub mode: u8,
    /// Its motion.
    pub motion: Motion,
}
