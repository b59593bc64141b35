//! Which kinds of coding are worth trying on a tile.
//!
//! In: a tile and an effort. Out: the kinds to try, mostly one. Encoder only: the kind stands
//! in the stream. The limits below were set on photos/valid and screens/train; repeated
//! colours alone do not tell screen content from photographs, which repeat up to 30 % in flat
//! areas.

use super::padded_plane::PaddedPlane;
use super::tile::{Kind, Tile, TilePlane};
use std::collections::HashSet;
use tintype_entropy::BitEncoder;
use tintype_image::Level;

/// Rows of each of the two strips that are coded as a sample of the tile.
const STRIP: usize = 24;

/// The kinds worth trying at `effort`, 1 to 9.
pub(super) fn kinds(tile: &Tile, effort: u8, level: Level) -> Vec<Kind> {
    let photo = match effort {
        ..=3 => Kind::Quick,
        4..=6 => Kind::Blend,
        _ => Kind::Dense,
    };
    if !tile.has_colours() {
        return vec![photo];
    }
    match repeats_percent(tile) {
        0..12 => vec![photo],
        75.. => vec![Kind::Colours],
        _ if tile.planes[0].samples.height < 8 * STRIP => vec![photo, Kind::Colours],
        // Smooth photographs repeat colours too, but have many; coding whole colours would
        // gain little and take long.
        0..55 if photo != Kind::Dense && colours_percent(&strips(tile)) > 12 => vec![photo],
        _ => by_strips(tile, photo, level),
    }
}

/// Codes two strips both ways; tries both kinds on the whole tile where they come close.
fn by_strips(tile: &Tile, photo: Kind, level: Level) -> Vec<Kind> {
    let mut strips = strips(tile);
    let mut cost = |kind| {
        // An encoder, not a mere counter: the walks of all kinds are large, and stand in the program
        // for it already.
        let mut encoder = BitEncoder::new();
        strips.walk(&mut encoder, kind, level).map_or(usize::MAX, |()| encoder.finish().len())
    };
    let plain = cost(if photo == Kind::Dense { Kind::Blend } else { photo });
    let colours = cost(Kind::Colours);
    match photo {
        // Coding whole colours is slower, so it has to save more.
        Kind::Quick => vec![if colours * 10 < plain * 7 { Kind::Colours } else { photo }],
        Kind::Blend => vec![if colours * 20 < plain * 17 { Kind::Colours } else { photo }],
        _ if colours * 5 < plain * 4 => vec![Kind::Colours],
        _ if colours * 20 > plain * 23 => vec![photo],
        _ => vec![photo, Kind::Colours],
    }
}

/// Percentage of pixels that repeat the colour to the left or above.
fn repeats_percent(tile: &Tile) -> usize {
    let first = &tile.planes[0].samples;
    let mut repeats = 0;
    for y in 1..first.height {
        for x in 1..first.width {
            let i = first.at(x, y);
            let same = |j: usize| tile.planes.iter().all(|p| p.samples.data[i] == p.samples.data[j]);
            repeats += usize::from(same(i - 1) || same(i - first.stride));
        }
    }
    repeats * 100 / (first.width * first.height)
}

/// Number of different colours as a percentage of the number of pixels.
fn colours_percent(tile: &Tile) -> usize {
    let first = &tile.planes[0].samples;
    let mut colours = HashSet::new();
    for y in 0..first.height {
        for x in 0..first.width {
            let i = first.at(x, y);
            let colour = tile.planes.iter().fold(0u64, |c, p| c << 16 | p.samples.data[i] as u64);
            colours.insert(colour);
        }
    }
    colours.len() * 100 / (first.width * first.height)
}

/// Rows from a third and from two thirds of the way down.
fn strips(tile: &Tile) -> Tile {
    let planes = tile.planes.iter().map(|plane| {
        let from = &plane.samples;
        let mut samples = PaddedPlane::new(from.width, 2 * STRIP);
        for y in 0..2 * STRIP {
            let row = (y / STRIP + 1) * from.height / 3 + y % STRIP;
            let at = samples.at(0, y);
            samples.data[at..at + from.width].copy_from_slice(from.row(row));
        }
        TilePlane { samples, bits: plane.bits }
    });
    Tile { planes: planes.collect() }
}
