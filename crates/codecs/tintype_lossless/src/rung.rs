//! The ladder: which ways of coding an effort stands for.
//!
//! Encoder only: a decoder reads the kinds from the stream.

use super::tile::Kind;
use tintype_image::Planes;

/// What an effort may use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rung {
    /// For photographs, and for planes that are no colours.
    pub photo: Kind,
    /// For screens and flat art.
    pub screen: Kind,
    /// By how many per cent the other kind has to be shorter than that for photographs on a
    /// sample of the tile.
    pub saving_percent: usize,
}

/// Base-2 logarithm of the tile's side: 1024 pixels. Not tuned; each tile learns its statistics
/// anew.
pub(super) const TILE_LOG2: u8 = 10;

/// Tiles with fewer samples are coded by rung 5 at least: it takes them a few milliseconds, and
/// tables would be a large part of their bytes.
const SAMPLES_MIN: usize = 50_000;

/// The rungs, by effort less one. Whole colours are slower than the kind for photographs from
/// effort 5 on, so that they have to save more there.
const LADDER: [Rung; 9] = [
    Rung { photo: Kind::Instant, screen: Kind::Repeats, saving_percent: 10 },
    Rung { photo: Kind::Instant, screen: Kind::Repeats, saving_percent: 0 },
    Rung { photo: Kind::Quick, screen: Kind::Repeats, saving_percent: 0 },
    Rung { photo: Kind::Quick, screen: Kind::Repeats, saving_percent: 0 },
    Rung { photo: Kind::Blend, screen: Kind::Colours, saving_percent: 15 },
    Rung { photo: Kind::Blend, screen: Kind::Colours, saving_percent: 15 },
    Rung { photo: Kind::Fitted, screen: Kind::Colours, saving_percent: 0 },
    Rung { photo: Kind::Fitted, screen: Kind::Colours, saving_percent: 0 },
    Rung { photo: Kind::Dense, screen: Kind::Colours, saving_percent: 0 },
];

impl Rung {
    /// The rung of an effort, 1 to 9, for a tile with these planes.
    pub fn of(effort: u8, planes: &Planes) -> Self {
        let samples: usize = planes.planes.iter().map(|plane| plane.width() * plane.height()).sum();
        let least = if samples < SAMPLES_MIN { 5 } else { 1 };
        LADDER[usize::from(effort.clamp(least, 9)) - 1]
    }
}
