//! The motion that a block may take over, and predictions of its vectors. Bit-exact.
//!
//! Source: prediction of vectors from neighbours as in H.263; lists of candidates with vectors of an already decoded
//! picture, scaled by distance, as in VP9 and AV1.

use crate::frame::FrameState;
use crate::motion::{Motion, Vector};

/// The pictures around the one that is coded: display places.
#[derive(Clone, Debug, Default)]
pub struct Distances {
    /// Of the picture itself.
    pub display: i32,
    /// Of its references.
    pub references: Vec<i32>,
    /// References of the first reference, for its motion.
    pub beyond: Vec<i32>,
}

/// Most candidates for merging.
pub const CANDIDATES: usize = 6;

/// A short list without repetitions.
#[derive(Clone, Copy, Debug)]
pub struct List<T, const N: usize> {
    items: [T; N],
    len: usize,
}

impl<T: Copy + Default + PartialEq, const N: usize> Default for List<T, N> {
    fn default() -> Self {
        Self { items: [T::default(); N], len: 0 }
    }
}

impl<T: Copy + PartialEq, const N: usize> List<T, N> {
    fn push(&mut self, item: T) {
        if self.len < N && !self.items[..self.len].contains(&item) {
            self.items[self.len] = item;
            self.len += 1;
        }
    }

    /// What it holds.
    pub fn as_slice(&self) -> &[T] {
        &self.items[..self.len]
    }
}

/// The motion that a block of `side` at `at` may take over: of its neighbours, of the first reference
/// at the same place, and none at all.
pub fn candidates(
    state: &FrameState,
    first: Option<&FrameState>,
    distances: &Distances,
    at: (usize, usize),
    side: usize,
) -> List<Motion, CANDIDATES> {
    let mut list = List::default();
    spatial(state, at, side).into_iter().flatten().for_each(|motion| list.push(motion));
    if let Some(motion) = temporal(first, distances, at, side) {
        list.push(motion);
    }
    // One neighbour's first vector with another's vector from the other side.
    let own = list;
    for a in own.as_slice().iter().filter(|motion| !motion.is_two()) {
        for b in own.as_slice().iter().filter(|motion| !motion.is_two()) {
            if a.references[0] < b.references[0] {
                let pair = |m: &Motion| (m.references[0] as usize, m.vectors[0]);
                list.push(Motion::two(pair(a), pair(b)));
            }
        }
    }
    let zero = Vector::default();
    if distances.references.len() > 1 {
        list.push(Motion::two((0, zero), (1, zero)));
    }
    list.push(Motion::one(0, zero));
    list.push(Motion::one(distances.references.len().min(2) - 1, zero));
    list
}

/// Motion of the neighbours: left, above, above to the right, below to the left, above to the left.
fn spatial(state: &FrameState, (x, y): (usize, usize), side: usize) -> [Option<Motion>; 5] {
    let (x, y, side) = (x as isize, y as isize, side as isize);
    let places = [
        (x - 1, y + side - 1),
        (x + side - 1, y - 1),
        (x + side, y - 1),
        (x - 1, y + side),
        (x - 1, y - 1),
    ];
    places.map(|(x, y)| state.cell(x, y).filter(|cell| !cell.intra).map(|cell| cell.motion))
}

/// The motion of the first reference at the same place, carried on to the picture.
fn temporal(
    first: Option<&FrameState>,
    distances: &Distances,
    (x, y): (usize, usize),
    side: usize,
) -> Option<Motion> {
    let cell =
        first?.cell((x + side / 2) as isize, (y + side / 2) as isize).filter(|cell| !cell.intra)?;
    let (reference, vector) = cell.motion.parts().next()?;
    let from = distances.references[0] - distances.beyond.get(reference)?;
    let part = |index: usize| {
        let to = distances.display - distances.references[index];
        (index, vector.scaled(from, to))
    };
    let two = distances.references.len() > 1 && distances.references[1] > distances.display;
    let one = part(0);
    Some(if two { Motion::two(one, part(1)) } else { Motion::one(one.0, one.1) })
}

/// Two predictions of a vector into `reference`.
pub fn predictors(
    state: &FrameState,
    first: Option<&FrameState>,
    distances: &Distances,
    (at, side): ((usize, usize), usize),
    reference: usize,
) -> [Vector; 2] {
    let mut list: List<Vector, 2> = List::default();
    let spatial = spatial(state, at, side);
    let parts = || spatial.iter().flatten().flat_map(Motion::parts);
    parts().filter(|part| part.0 == reference).for_each(|part| list.push(part.1));
    let to = distances.display - distances.references[reference];
    let scaled = |(index, vector): (usize, Vector)| {
        vector.scaled(distances.display - distances.references[index], to)
    };
    parts().filter(|part| part.0 != reference).take(2).for_each(|part| list.push(scaled(part)));
    if let Some(motion) = temporal(first, distances, at, side) {
        motion.parts().take(1).for_each(|part| list.push(scaled(part)));
    }
    list.push(Vector::default());
    let [a, b] = list.items;
    if list.len < 2 { [a, a] } else { [a, b] }
}
