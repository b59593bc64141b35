//! Where the filter is on: one decision for a tile, then one for each square of 64 × 64 samples.
//! Coding is bit-exact; the choice is the encoder's.

use tintype_block::{ContextSet, ContextWalk};
use tintype_image::Plane;

/// Side of a square that has a switch of its own.
const SQUARE: usize = 64;
/// Contexts: how many of the squares to the left and above are on.
const CONTEXTS: usize = 3;
/// Window of the contexts. Not measured.
const LIMIT: u32 = 60;

/// The switches of luma or of the other planes of a tile, squares row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Switches {
    across: usize,
    on: Vec<bool>,
}

impl Switches {
    /// All alike, for planes of `width` × `height` samples.
    pub fn all(on: bool, (width, height): (usize, usize)) -> Self {
        let across = width.div_ceil(SQUARE);
        Self { across, on: vec![on; across * height.div_ceil(SQUARE)] }
    }

    /// Whether any square of the row of squares of row `y` is on.
    pub fn any_in_row(&self, y: usize) -> bool {
        self.on[y / SQUARE * self.across..][..self.across].contains(&true)
    }

    /// First samples and lengths of the parts of row `y`, of `width` samples, that are on.
    pub fn on_in_row(&self, y: usize, width: usize) -> impl Iterator<Item = (usize, usize)> {
        let on = &self.on[y / SQUARE * self.across..][..self.across];
        let parts = on.iter().enumerate().filter(|(_, on)| **on);
        parts.map(move |(square, _)| (square * SQUARE, SQUARE.min(width - square * SQUARE)))
    }

    /// Whether any square is on.
    pub fn any(&self) -> bool {
        self.on.contains(&true)
    }
}

/// Codes the `given` switches, or reads those of a tile with planes of `size`.
pub(crate) fn code_switches<W: ContextWalk>(
    walk: &mut W,
    given: Option<&Switches>,
    size: (usize, usize),
) -> Switches {
    let mut switches = Switches::all(false, size);
    if !walk.even_bit(given.is_some_and(Switches::any)) {
        return switches;
    }
    let across = switches.across;
    for index in 0..switches.on.len() {
        let left = index % across > 0 && switches.on[index - 1];
        let above = index >= across && switches.on[index - across];
        let bit = given.is_some_and(|given| given.on[index]);
        switches.on[index] = walk.context_bit(bit, usize::from(left) + usize::from(above));
    }
    switches
}

/// Fresh contexts of a tile's switches.
pub(crate) fn switch_contexts() -> ContextSet {
    ContextSet::new(CONTEXTS, LIMIT)
}

/// Weights of squared errors of the colour differences, in 1/64 of what RGB's need.
const CHROMA_WEIGHTS: [i64; 2] = [53, 70];

/// The switches, of luma and of the other planes, under which the planes are nearer to `source`: on
/// where `filtered` has the smaller squared error than `plain`.
pub(crate) fn chosen(
    source: &[Plane<i16>],
    plain: &[Plane<i16>],
    filtered: &[Plane<i16>],
) -> [Switches; 2] {
    let size = (plain[0].width(), plain[0].height());
    let mut gains = [0, 1].map(|_| vec![0i64; Switches::all(false, size).on.len()]);
    let across = size.0.div_ceil(SQUARE);
    for index in 0..plain.len() {
        let weight = if index == 0 { 1 } else { CHROMA_WEIGHTS[(index - 1) % 2] };
        for y in 0..size.1 {
            let rows = [source, plain, filtered].map(|planes| planes[index].row(y).chunks(SQUARE));
            let [sources, plains, made] = rows;
            for (x, ((source, plain), made)) in sources.zip(plains).zip(made).enumerate() {
                // Differences of eight 14-bit samples: their squares sum up in 32 bits.
                let eight = |(a, b): (&[i16], &[i16])| -> i64 {
                    let squares = a.iter().zip(b).map(|(a, b)| i32::from(a - b).pow(2));
                    squares.sum::<i32>().into()
                };
                let error =
                    |row: &[i16]| -> i64 { row.chunks(8).zip(source.chunks(8)).map(eight).sum() };
                gains[index.min(1)][y / SQUARE * across + x] += weight * (error(plain) - error(made));
            }
        }
    }
    gains.map(|gains| Switches { across, on: gains.into_iter().map(|gain| gain > 0).collect() })
}
