//! The encoder's search for copies: what stands still, what neighbours do, then equal blocks anywhere by their hash.

use super::copies::{Block, Copy, Grid, SIDE, likely};
use std::collections::VecDeque;
use tintype_image::Planes;

/// Multipliers of the hash along a row, along a column, and between planes: odd, with many digits.
const ALONG: u64 = 0x9E37_79B9_7F4A_7C15;
const DOWN: u64 = 0xC2B2_AE3D_27D4_EB4F;
const PLANES: u64 = 0x1656_67B1_9E37_79F9;
/// Most places that are compared for a block.
const PLACES: usize = 8;

/// A picture to be made of copies from `references`, the last picture first.
pub struct Matcher<'a> {
    pub grid: &'a Grid,
    pub picture: &'a Planes,
    pub references: &'a VecDeque<Planes>,
}

impl Matcher<'_> {
    /// What each block is.
    pub fn plan(&self) -> Vec<Block> {
        let mut plan = vec![Block::New; self.grid.len()];
        if self.references.is_empty() {
            return plan;
        }
        let still = Copy::default();
        for (index, block) in plan.iter_mut().enumerate() {
            if self.agrees(index, still) {
                *block = Block::Copy(still);
            }
        }
        let found = self.found(&plan);
        let mut last = still;
        for index in 0..plan.len() {
            if plan[index] == Block::New {
                let (list, len) = likely(self.grid, &plan, index, last);
                let own = list[..len].iter().copied().find(|&copy| self.agrees(index, copy));
                if let Some(copy) = own.or(found[index]) {
                    plan[index] = Block::Copy(copy);
                }
            }
            if let Block::Copy(copy) = plan[index] {
                last = copy;
            }
        }
        plan
    }

    fn agrees(&self, index: usize, copy: Copy) -> bool {
        let from = self.references.get(usize::from(copy.reference));
        from.is_some_and(|from| self.grid.agrees(index, copy, from, self.picture))
    }

    fn is_even(&self, index: usize) -> bool {
        let planes = &self.picture.planes;
        let mut first: Vec<Option<u16>> = vec![None; planes.len()];
        self.grid.rows(index, Copy::default()).all(|(plane, at, _, len)| {
            let row = &planes[plane].row(at.1)[at.0..][..len];
            let value = *first[plane].get_or_insert(row[0]);
            row.iter().all(|&sample| sample == value)
        })
    }

    /// For each block a copy that agrees, if there is one: of several the one that most blocks have.
    fn found(&self, plan: &[Block]) -> Vec<Option<Copy>> {
        // What is even is hardly worth a distance of its own, and stands in many places.
        let whole = |index: usize| self.grid.place(index).1 == (SIDE, SIDE);
        let wanted: Vec<usize> = (0..plan.len())
            .filter(|&index| plan[index] == Block::New && whole(index) && !self.is_even(index))
            .collect();
        let mut result = vec![None; plan.len()];
        if wanted.is_empty() {
            return result;
        }
        let mut hashes: Vec<(u64, usize)> = Vec::with_capacity(wanted.len());
        let mut blocks = vec![false; plan.len()];
        wanted.iter().for_each(|&index| blocks[index] = true);
        each_window(self.grid, self.picture, |x, y, hash| {
            if x % SIDE == 0 && y % SIDE == 0 && blocks[y / SIDE * self.grid.across + x / SIDE] {
                hashes.push((hash, y / SIDE * self.grid.across + x / SIDE));
            }
        });
        hashes.sort_unstable();
        let mut filter = vec![0u64; 1 << 10];
        let bit = |hash: u64| ((hash >> 54) as usize, 1u64 << ((hash >> 48) & 63));
        hashes.iter().for_each(|&(hash, _)| filter[bit(hash).0] |= bit(hash).1);

        let mut pairs: Vec<(usize, Copy)> = Vec::new();
        for (reference, from) in self.references.iter().enumerate() {
            let mut places = vec![0; hashes.len()];
            each_window(self.grid, from, |x, y, hash| {
                if filter[bit(hash).0] & bit(hash).1 == 0 {
                    return;
                }
                let first = hashes.partition_point(|entry| entry.0 < hash);
                if hashes.get(first).is_none_or(|entry| entry.0 != hash) || places[first] == PLACES {
                    return;
                }
                places[first] += 1;
                for &(_, index) in
                    hashes[first..].iter().take_while(|entry| entry.0 == hash).take(PLACES)
                {
                    let (at, _) = self.grid.place(index);
                    let (right, down) = (x as isize - at.0 as isize, y as isize - at.1 as isize);
                    let (unit_x, unit_y) = self.grid.unit;
                    let whole = right & ((1 << unit_x) - 1) == 0 && down & ((1 << unit_y) - 1) == 0;
                    if let (true, Ok(x), Ok(y)) =
                        (whole, i16::try_from(right >> unit_x), i16::try_from(down >> unit_y))
                    {
                        pairs.push((index, Copy { reference: reference as u8, x, y }));
                    }
                }
            });
        }
        let mut all: Vec<Copy> = pairs.iter().map(|pair| pair.1).collect();
        all.sort_unstable();
        let votes = |copy: &Copy| all.partition_point(|c| c <= copy) - all.partition_point(|c| c < copy);
        pairs.sort_by_key(|(index, copy)| (*index, usize::MAX - votes(copy)));
        for pairs in pairs.chunk_by(|a, b| a.0 == b.0) {
            let copies = pairs.iter().take(PLACES).map(|pair| pair.1);
            result[pairs[0].0] = copies.into_iter().find(|&copy| self.agrees(pairs[0].0, copy));
        }
        result
    }
}

/// Calls `visit` with the place and the hash of every window of 16 × 16 of a picture; of subsampled planes only the first
/// counts.
fn each_window(grid: &Grid, picture: &Planes, mut visit: impl FnMut(usize, usize, u64)) {
    let (width, height) = grid.size;
    if width < SIDE || height < SIDE {
        return;
    }
    let across = width - SIDE + 1;
    let power = |base: u64| (0..SIDE).fold(1u64, |power, _| power.wrapping_mul(base));
    let (leaves_along, leaves_down) = (power(ALONG), power(DOWN));
    let full: Vec<usize> = (0..picture.planes.len()).filter(|&p| grid.sampling[p] == (0, 0)).collect();
    let mut rows = vec![0u64; SIDE * across];
    let mut columns = vec![0u64; across];
    let mut values = vec![0u64; width];
    for y in 0..height {
        values.fill(1);
        for &plane in &full {
            for (value, &sample) in values.iter_mut().zip(picture.planes[plane].row(y)) {
                *value = value.wrapping_mul(PLANES).wrapping_add(u64::from(sample));
            }
        }
        let slot = &mut rows[y % SIDE * across..][..across];
        let mut sum =
            values[..SIDE].iter().fold(0u64, |sum, &value| sum.wrapping_mul(ALONG).wrapping_add(value));
        for x in 0..across {
            if x > 0 {
                let gone = values[x - 1].wrapping_mul(leaves_along);
                sum = sum.wrapping_mul(ALONG).wrapping_add(values[x + SIDE - 1]).wrapping_sub(gone);
            }
            // The row that leaves the window stands where the new one goes.
            let gone = slot[x].wrapping_mul(leaves_down);
            columns[x] = columns[x].wrapping_mul(DOWN).wrapping_add(sum).wrapping_sub(gone);
            slot[x] = sum;
        }
        if y + 1 >= SIDE {
            for (x, &hash) in columns.iter().enumerate() {
                visit(x, y + 1 - SIDE, hash ^ hash >> 29);
            }
        }
    }
}
