//! The encoder's choices: the grid of means, the quadtree, and which code vectors pay for their
//! bits.
//!
//! The search is float and may differ between machines; what it decides is written by the walk.
//! Distortions are squared internal units; a bit weighs `LAMBDA · step²` of them. Code vectors
//! are picked one after the other by matching pursuit.

use super::model::ClusterModel;
use super::neighbours::{BlockContext, Cell, Neighbours};
use super::symbols::{ATOMS_MAX, Atom, Contexts};
use super::tables::Costs;
use super::tree::{SearchTree, set_index};
use super::walk::{BlockPlan, Shape};
use fearless_simd::Level;
use tintype_block::quarters;
use tintype_image::Plane;
use tintype_transform::dispatch_wide;

/// Lagrangian weight of a bit in squared steps. On three pictures of photos/valid 0.19 costs
/// 0.6 % less than 0.15, 0.24 0.2 % less, 0.30 0.2 % more (docs/lab/cluster.md).
const LAMBDA: f32 = 0.2;
/// Most atoms that the search puts into blocks of 4, 8, 16.
const SEARCHED: [usize; 3] = [16, ATOMS_MAX, ATOMS_MAX];
/// What a level and a path cost at least, in bits: a block whose energy is worth less gets no
/// atoms. Not measured.
const BLOCK_BITS: f32 = 7.0;
/// The same for one more atom.
const ATOM_BITS: f32 = 5.0;

/// A block and what it costs.
#[derive(Clone, Debug, Default)]
struct Found {
    plan: BlockPlan,
    /// Distortion and weighted rate.
    lagrangian: f32,
}

/// The search over the blocks of one plane.
pub struct PlaneSearch<'a> {
    model: &'a ClusterModel,
    residual: &'a Plane<i16>,
    chroma: bool,
    step: f32,
    lambda: f32,
    effort: u8,
    level: Level,
    /// Weighted bits of each leaf's path after its first symbol, for each block size.
    path_costs: [Vec<f32>; 3],
}

impl<'a> PlaneSearch<'a> {
    /// Of what the grid leaves of a plane. `effort` is 1 to 9.
    pub fn new(
        model: &'a ClusterModel,
        contexts: &Contexts,
        (residual, chroma): (&'a Plane<i16>, bool),
        step: u16,
        (effort, level): (u8, Level),
    ) -> Self {
        let step = f32::from(step);
        let lambda = LAMBDA * step * step;
        let path_costs = std::array::from_fn(|size| {
            let set = set_index(chroma, size);
            let bits = contexts.path_costs(&model.trees[set], set);
            let leaves = &model.search()[set].leaves;
            leaves.iter().map(|&leaf| lambda * bits[leaf as usize]).collect()
        });
        Self { model, residual, chroma, step, lambda, effort, level, path_costs }
    }

    /// What the superblock at `at` is best coded as, and its distortion plus weighted bits in
    /// squared steps; `neighbours` are left as they were.
    pub fn superblock(
        &self,
        costs: Costs<'_>,
        neighbours: &mut Neighbours,
        at: (usize, usize),
    ) -> (BlockPlan, f32) {
        let saved = neighbours.save(at.0 / 4);
        let found = self.quad(costs, neighbours, at, 2);
        neighbours.restore(at.0 / 4, &saved);
        (found.plan, found.lagrangian / (self.step * self.step))
    }

    /// The best quadtree of the block of `size` (2 or 1) at (`x`, `y`); `neighbours` then stand
    /// as if it were coded.
    fn quad(
        &self,
        costs: Costs<'_>,
        neighbours: &mut Neighbours,
        (x, y): (usize, usize),
        size: usize,
    ) -> Found {
        let (cx, cy) = (x / 4, y % 16 / 4);
        let bits = costs.shapes(self.chroma, size, neighbours.shapes(cx, cy, size));
        let energy = self.energy((x, y), 4 << size);
        let nothing = Found { lagrangian: energy + self.lambda * bits[0], ..Found::default() };
        if energy < self.lambda * BLOCK_BITS {
            neighbours.set_block(cx, cy, size, Cell::default());
            return nothing;
        }
        let context = neighbours.context(cx, cy, size, self.chroma);
        let mut own = self.atoms(costs, &context, (x, y), false);
        own.lagrangian += self.lambda * bits[1];

        let saved = neighbours.save(cx & !3);
        let limit = nothing.lagrangian.min(own.lagrangian);
        if let Some(split) =
            self.split(costs, neighbours, ((x, y), size), (self.lambda * bits[2], limit))
        {
            return split;
        }
        neighbours.restore(cx & !3, &saved);
        let best = if own.lagrangian < nothing.lagrangian { own } else { nothing };
        neighbours.set_block(cx, cy, size, cell(&best.plan, size));
        best
    }

    /// The four quarters of a block, if their Lagrangian, `cost` at the start, stays below `limit`.
    fn split(
        &self,
        costs: Costs<'_>,
        neighbours: &mut Neighbours,
        (at, size): ((usize, usize), usize),
        (cost, limit): (f32, f32),
    ) -> Option<Found> {
        let plan = BlockPlan { shape: Shape::SPLIT, ..BlockPlan::default() };
        let mut found = Found { plan, lagrangian: cost };
        for at in quarters(at, 4 << size) {
            let quarter = if size == 2 {
                self.quad(costs, neighbours, at, 1)
            } else {
                let (cx, cy) = (at.0 / 4, at.1 % 16 / 4);
                let context = neighbours.context(cx, cy, 0, self.chroma);
                let quarter = self.atoms(costs, &context, at, true);
                neighbours.set_block(cx, cy, 0, cell(&quarter.plan, 0));
                quarter
            };
            found.lagrangian += quarter.lagrangian;
            found.plan.quarters.push(quarter.plan);
            if found.lagrangian >= limit {
                return None;
            }
        }
        Some(found)
    }

    fn energy(&self, (x, y): (usize, usize), side: usize) -> f32 {
        let mut sum = 0i64;
        for row in y..y + side {
            let row = &self.residual.row(row)[x..][..side];
            sum += row.iter().map(|&v| i64::from(v) * i64::from(v)).sum::<i64>();
        }
        sum as f32
    }

    /// The atoms that pay for one block. `may_be_empty`: there may be none, which is then part
    /// of the block's rate.
    fn atoms(
        &self,
        costs: Costs<'_>,
        block: &BlockContext,
        at: (usize, usize),
        may_be_empty: bool,
    ) -> Found {
        let set = set_index(self.chroma, block.size);
        let search = &self.model.search()[set];
        let len = self.model.trees[set].side.pow(2);
        let mut left = samples(self.residual, at, 4 << block.size);
        let mut energy: f32 = left.iter().map(|v| v * v).sum();
        let lambda = self.lambda;
        let mut best = Found { lagrangian: f32::INFINITY, ..Found::default() };
        best.plan.shape = Shape::ATOMS;
        if may_be_empty {
            best.lagrangian = energy + lambda * costs.magnitude(block, 0, 0, 0);
        }

        let mut plan = best.plan.clone();
        let mut rate = 0f32;
        let (mut magnitude_before, mut symbol_before) = (0usize, 0usize);
        let mut fixed = vec![0i16; len];
        let mut failures = 0;
        for place in 0..SEARCHED[block.size] {
            if energy < lambda * ATOM_BITS && (place > 0 || may_be_empty) {
                break;
            }
            for (f, v) in fixed.iter_mut().zip(&left) {
                *f = v.round().clamp(-16000.0, 16000.0) as i16;
            }
            let symbols = costs.first_symbols(block, place, symbol_before).map(|b| lambda * b);
            let paths = &self.path_costs[block.size];
            let (leaf, product) =
                dispatch_wide!(self.level, _simd => best_leaf(search, &fixed, paths, &symbols));
            let magnitude = self.magnitude(costs, block, (place, magnitude_before), product);
            let level = if product < 0.0 { -(magnitude as i16) } else { magnitude as i16 };
            let symbol = usize::from(search.first_symbols[leaf]);
            rate += lambda * (costs.magnitude(block, place, magnitude_before, magnitude) + 1.0)
                + paths[leaf]
                + symbols[symbol];

            let scale = f32::from(level) * self.step * search.scales[leaf];
            energy = 0.0;
            for (v, &r) in left.iter_mut().zip(&search.rows[leaf * len..][..len]) {
                *v -= scale * f32::from(r);
                energy += *v * *v;
            }
            plan.atoms.push(Atom { node: search.leaves[leaf], level });
            plan.first_symbols.push(Atom { node: symbol as u32, level });
            (magnitude_before, symbol_before) = (magnitude as usize, symbol);

            let end = costs.magnitude(block, place + 1, magnitude_before, 0);
            let total = energy + rate + lambda * end;
            if total < best.lagrangian {
                best = Found { lagrangian: total, plan: plan.clone() };
                failures = 0;
            } else {
                failures += 1;
                if failures > usize::from(self.effort > 4) {
                    break;
                }
            }
        }
        best
    }

    /// The magnitude of a gain of `product` that costs least: the nearest or the next lower one.
    fn magnitude(
        &self,
        costs: Costs<'_>,
        block: &BlockContext,
        (place, before): (usize, usize),
        product: f32,
    ) -> u32 {
        let nearest = (product.abs() / self.step + 0.5).floor().max(1.0) as u32;
        let mut best = (f32::INFINITY, 0u32);
        for magnitude in nearest.saturating_sub(1).max(1)..=nearest.min(30_000) {
            let gain = magnitude as f32 * self.step;
            let cost = gain * gain - 2.0 * gain * product.abs()
                + self.lambda * costs.magnitude(block, place, before, magnitude);
            if cost < best.0 {
                best = (cost, magnitude);
            }
        }
        best.1.max(1)
    }
}

/// The samples of the block of `side` at (`x`, `y`).
pub fn samples(plane: &Plane<i16>, (x, y): (usize, usize), side: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(side * side);
    for row in y..y + side {
        out.extend(plane.row(row)[x..][..side].iter().map(|&v| f32::from(v)));
    }
    out
}

/// What the neighbours of a block see of it, were it coded like this.
fn cell(plan: &BlockPlan, size: usize) -> Cell {
    plan.first_symbols.first().map_or(Cell::default(), |first| Cell::new(size, first.level, first.node))
}

/// The leaf whose vector takes away most for its cost, and the product of its unit vector with
/// `left`.
#[inline(always)]
fn best_leaf(search: &SearchTree, left: &[i16], paths: &[f32], symbols: &[f32; 16]) -> (usize, f32) {
    match left.len() {
        16 => best_leaf_of::<16>(search, left, paths, symbols),
        64 => best_leaf_of::<64>(search, left, paths, symbols),
        _ => best_leaf_of::<256>(search, left, paths, symbols),
    }
}

#[inline(always)]
fn best_leaf_of<const LEN: usize>(
    search: &SearchTree,
    left: &[i16],
    paths: &[f32],
    symbols: &[f32; 16],
) -> (usize, f32) {
    let Some(left) = left.first_chunk::<LEN>() else { return (0, 0.0) };
    let mut best = (f32::NEG_INFINITY, 0usize, 0f32);
    let rows = search.rows.as_chunks::<LEN>().0;
    for (leaf, (row, &scale)) in rows.iter().zip(&search.scales).enumerate() {
        let mut sum = 0i32;
        for i in 0..LEN {
            sum += i32::from(row[i]) * i32::from(left[i]);
        }
        let product = sum as f32 * scale;
        let value =
            product * product - paths[leaf] - symbols[usize::from(search.first_symbols[leaf] & 15)];
        if value > best.0 {
            best = (value, leaf, product);
        }
    }
    (best.1, best.2)
}
