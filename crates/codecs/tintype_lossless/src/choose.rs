//! Which walks are worth trying on a tile.
//!
//! In: a tile and an effort. Out: the kinds to try, most often one. Writing only; a reader is told the kind.

use super::grid::Grid;
use super::tile::{Kind, Tile, TilePlane};
use std::collections::HashSet;
use tintype_entropy::BitCost;
use tintype_image::Level;

/// Rows of each of the two strips that stand for a tile.
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
        75.. => vec![Kind::Screen],
        _ if tile.planes[0].grid.height < 8 * STRIP => vec![photo, Kind::Screen],
        // Smooth photographs repeat colours too, but have many; the walk for colours would gain little and take long.
        0..55 if photo != Kind::Dense && colours_percent(&strips(tile)) > 12 => vec![photo],
        _ => by_strips(tile, photo, level),
    }
}

/// Lets two strips decide where they are clear.
fn by_strips(tile: &Tile, photo: Kind, level: Level) -> Vec<Kind> {
    let mut strips = strips(tile);
    let mut cost = |kind| {
        let mut cost = BitCost::new();
        strips.walk(&mut cost, kind, level).map_or(usize::MAX, |()| cost.len_bytes())
    };
    let plain = cost(if photo == Kind::Dense { Kind::Blend } else { photo });
    let screen = cost(Kind::Screen);
    match photo {
        // The walk for colours is the slower one.
        Kind::Quick => vec![if screen * 10 < plain * 7 { Kind::Screen } else { photo }],
        Kind::Blend => vec![if screen * 20 < plain * 17 { Kind::Screen } else { photo }],
        _ if screen * 5 < plain * 4 => vec![Kind::Screen],
        _ if screen * 20 > plain * 23 => vec![photo],
        _ => vec![photo, Kind::Screen],
    }
}

/// How many of a hundred pixels repeat the colour to the left or above.
fn repeats_percent(tile: &Tile) -> usize {
    let first = &tile.planes[0].grid;
    let mut repeats = 0;
    for y in 1..first.height {
        for x in 1..first.width {
            let i = first.at(x, y);
            let like = |j: usize| tile.planes.iter().all(|p| p.grid.data[i] == p.grid.data[j]);
            repeats += usize::from(like(i - 1) || like(i - first.stride));
        }
    }
    repeats * 100 / (first.width * first.height)
}

/// How many different colours there are to a hundred pixels.
fn colours_percent(tile: &Tile) -> usize {
    let first = &tile.planes[0].grid;
    let colour =
        |i: usize| tile.planes.iter().fold(0u64, |colour, p| colour << 16 | p.grid.data[i] as u64);
    let rows = (0..first.height).flat_map(|y| (0..first.width).map(move |x| first.at(x, y)));
    let colours: HashSet<u64> = rows.map(colour).collect();
    colours.len() * 100 / (first.width * first.height)
}

/// Rows from a third and from two thirds of the way down.
fn strips(tile: &Tile) -> Tile {
    let planes = tile.planes.iter().map(|plane| {
        let from = &plane.grid;
        let mut grid = Grid::new(from.width, 2 * STRIP, 0);
        for y in 0..2 * STRIP {
            let row = (y / STRIP + 1) * from.height / 3 + y % STRIP;
            let at = grid.at(0, y);
            grid.data[at..at + from.width].copy_from_slice(from.row(row));
        }
        TilePlane { grid, bits: plane.bits }
    });
    Tile { planes: planes.collect() }
}
