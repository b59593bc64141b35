//! Which kinds of coding are worth trying on a tile.
//!
//! In: a tile and a rung. Out: the kinds to try, mostly one. Encoder only: the kind stands
//! in the stream. The limits below were set on photos/valid and screens/train; repeated
//! colours alone do not tell screen content from photographs, which repeat up to 30 % in flat
//! areas.

use super::rung::Rung;
use super::tile::{Kind, encode, has_colours};
use std::collections::HashSet;
use tintype_image::{Level, Planes};

/// Rows of each of the two strips that are coded as a sample of the tile.
const STRIP: usize = 24;
/// The same where time matters most.
const THIN_STRIP: usize = 6;

/// Of tall tiles every so many rows are searched for repeated colours.
const SAMPLED_ROWS: usize = 4;

/// The kinds of coding that are worth trying, mostly one.
pub(super) fn kinds(planes: &Planes, rung: &Rung, level: Level) -> Vec<Kind> {
    let (kind, second) = by_colours(planes, rung, level);
    // Where colours lie on a lattice the tables of the fitted kind see it, the dense kind does not. Strips are too short to
    // tell; icons are better off with the dense one.
    let fitted = kind == Kind::Dense && planes.planes[0].height() >= 8 * STRIP;
    [Some(kind), second, fitted.then_some(Kind::Fitted)].into_iter().flatten().collect()
}

/// The kind of coding by how colours repeat, and perhaps a second one worth trying.
fn by_colours(planes: &Planes, rung: &Rung, level: Level) -> (Kind, Option<Kind>) {
    let photo = rung.photo;
    if !has_colours(planes) {
        return (photo, None);
    }
    match repeats_percent(planes) {
        0..12 => (photo, None),
        75.. => (rung.screen, None),
        _ if planes.planes[0].height() < 8 * STRIP => (photo, Some(rung.screen)),
        // Smooth photographs repeat colours too, but have many; coding whole colours would
        // gain little and take long.
        0..55 if photo == Kind::Blend && colours_percent(&strips(planes, STRIP)) > 12 => (photo, None),
        _ => by_strips(planes, rung, level),
    }
}

/// Codes two strips both ways; tries both kinds on the whole tile where they come close and time
/// is no matter.
fn by_strips(planes: &Planes, rung: &Rung, level: Level) -> (Kind, Option<Kind>) {
    let fast = matches!(rung.photo, Kind::Instant | Kind::Quick);
    let strips = strips(planes, if fast { THIN_STRIP } else { STRIP });
    let cost = |kind| encode(strips.clone(), kind, level).map_or(usize::MAX, |bytes| bytes.len());
    let dense = rung.photo == Kind::Dense;
    let plain = cost(if dense { Kind::Blend } else { rung.photo });
    let colours = cost(rung.screen);
    if dense && colours * 5 >= plain * 4 && colours * 20 <= plain * 23 {
        return (rung.photo, Some(rung.screen));
    }
    let pays = colours * 100 < plain * (100 - rung.saving_percent);
    (if pays { rung.screen } else { rung.photo }, None)
}

/// Percentage of pixels that repeat the colour to the left or above.
fn repeats_percent(planes: &Planes) -> usize {
    let (width, height) = (planes.planes[0].width(), planes.planes[0].height());
    let step = if height < 64 { 1 } else { SAMPLED_ROWS };
    let (mut repeats, mut rows) = (0, 0);
    let mut left = vec![true; width];
    let mut up = left.clone();
    for y in (1..height).step_by(step) {
        left.fill(true);
        up.fill(true);
        for plane in &planes.planes {
            let (row, above) = (plane.row(y), plane.row(y - 1));
            for x in 1..width {
                left[x] &= row[x] == row[x - 1];
                up[x] &= row[x] == above[x];
            }
        }
        repeats += (1..width).filter(|&x| left[x] | up[x]).count();
        rows += 1;
    }
    repeats * 100 / (width * rows).max(1)
}

/// Number of different colours as a percentage of the number of pixels.
fn colours_percent(planes: &Planes) -> usize {
    let first = &planes.planes[0];
    let mut colours = HashSet::new();
    for y in 0..first.height() {
        for x in 0..first.width() {
            colours.insert(planes.planes.iter().fold(0u64, |c, p| c << 16 | u64::from(p.row(y)[x])));
        }
    }
    colours.len() * 100 / (first.width() * first.height())
}

/// Rows from a third and from two thirds of the way down.
fn strips(planes: &Planes, rows: usize) -> Planes {
    let from = &planes.planes[0];
    let mut strips = Planes::new(planes.shape.with_size(from.width(), 2 * rows));
    for (to, from) in strips.planes.iter_mut().zip(&planes.planes) {
        for y in 0..2 * rows {
            let row = (y / rows + 1) * from.height() / 3 + y % rows;
            to.row_mut(y).copy_from_slice(from.row(row));
        }
    }
    strips
}
