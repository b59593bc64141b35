//! The steps of a program. Bit-exact. Format: docs/format/model.md, "Programs".

use crate::{Depthwise, Pointwise};

/// What a step does with its register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 1×1 convolution.
    Pointwise(Pointwise),
    /// Depthwise 3×3 convolution.
    Depthwise(Depthwise),
    /// Negative values become `value >> shift` (towards minus infinity), or 0 with a shift of 16.
    Leaky(u8),
    /// Each value goes through a table of 256 entries: `table[saturate8(value >> shift) + 128]`.
    Table(u8, Box<[i16; 256]>),
    /// Saturating sum with another register.
    Add(u8),
    /// The channels of another register after this one's.
    Concat(u8),
    /// Saturating sum with the quality level's vector, `[level][channel]`.
    LevelBias(Vec<i16>),
    /// `factor × factor` positions become channels of one.
    SpaceToDepth(u8),
    /// The channels of one position become `factor × factor` positions.
    DepthToSpace(u8),
    /// One level of the 2×2 integer Haar transform: mean, horizontal, vertical, diagonal, each
    /// of all channels.
    HaarDown,
    /// Its inverse.
    HaarUp,
    /// `count` channels from `start` on.
    Slice {
        /// First channel.
        start: u16,
        /// How many.
        count: u16,
    },
}

/// One step: register `to` becomes what `kind` makes of register `from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Register read.
    pub from: u8,
    /// Register written.
    pub to: u8,
    /// What is done.
    pub kind: Kind,
}
