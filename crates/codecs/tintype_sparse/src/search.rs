//! Samples to symbols: block sizes, clusters, atoms and weights that cost least, bits and error
//! together.
//!
//! The search is float and may differ between machines; what it decides is written by the walk.
//! Distortions are squared internal units; a bit weighs `LAMBDA · step²` of them.

use super::block::{GRID_SIDES, SIDES, Term, half_grid};
use super::context::{BlockContext, split_context};
use super::model::{SETS, SparseModel};
use super::pursuit::Batch;
use super::symbols::{SymbolCoder, TERMS_MAX};
use super::walk::{BlockPlan, LeafPlan, Synthesis, block_border, cell};
use tintype_block::{
    Border, Cell, ContextSet, ContextWalk, ENTRY_BITS, FrozenWalk, PlaneState, quarters,
};
use tintype_image::Plane;

/// Lagrangian weight of a bit in squared steps. Not measured.
const LAMBDA: f32 = 0.13;

/// Blocks with more atoms are not searched for atoms to do without: the time grows with their
/// square. Not measured.
const PRUNED_MAX: usize = 24;

/// Atoms tried without gain before pursuit ends. Not measured.
const MISSES_MAX: usize = 4;

/// Share of a step from which a weight is rounded up, less than one half as larger levels cost
/// more. Not measured.
const ROUND: f32 = 0.42;

/// The model as the search needs it: dictionaries in float with their Gram matrices.
#[derive(Clone, Debug)]
pub struct Prepared {
    sets: [Vec<Batch>; SETS],
}

impl Prepared {
    /// Prepares all dictionaries.
    pub fn new(model: &SparseModel) -> Self {
        let scale = 1.0 / (1 << ENTRY_BITS) as f32;
        let batch = |set: usize, cluster: usize| {
            let rows: Vec<f32> =
                model.sets[set].clusters[cluster].atoms.iter().map(|&v| f32::from(v) * scale).collect();
            Batch::new(&rows, model.sets[set].cells)
        };
        Self {
            sets: std::array::from_fn(|set| {
                (0..model.sets[set].clusters.len()).map(|c| batch(set, c)).collect()
            }),
        }
    }
}

/// Searches the blocks of one plane.
pub struct PlaneSearch<'a> {
    /// How blocks are reconstructed.
    pub synthesis: Synthesis<'a>,
    /// The model as the search needs it.
    pub prepared: &'a Prepared,
    /// Which contexts symbols have.
    pub coder: &'a SymbolCoder,
    /// The plane.
    pub source: &'a Plane<i16>,
    /// The luma plane's state for chroma.
    pub luma: Option<&'a PlaneState>,
    /// 1 to 9.
    pub effort: u8,
    /// What a squared error in this plane weighs against one in luma.
    pub weight: f32,
    /// Columns and rows of the picture; what is beyond is padding.
    pub seen: (usize, usize),
}

/// A block under search.
struct Target {
    block: BlockContext,
    border: Border,
    samples: Vec<i16>,
    /// The samples on the block's grid.
    grid: Vec<f32>,
    /// Samples that one cell of the grid stands for.
    area: f32,
}

/// A cluster tried on a block.
struct Candidate {
    cluster: usize,
    /// What the cluster's prediction leaves on the grid.
    residual: Vec<f32>,
    /// Its squared length.
    energy: f32,
}

/// A block or its quarters, and their Lagrangian.
type Found<T> = (T, f32);

impl PlaneSearch<'_> {
    fn lambda(&self) -> f32 {
        let step = self.synthesis.dequantiser.step;
        LAMBDA * (step * step) as f32
    }

    /// What the superblock at `at` is best coded as; `state` is left as it was but for samples
    /// not coded yet.
    pub fn superblock(
        &self,
        contexts: &ContextSet,
        state: &mut PlaneState,
        at: (usize, usize),
    ) -> BlockPlan {
        let (plan, _) = self.block(contexts, state, at, 2);
        state.fill_cells(at, SIDES[2], Cell::default());
        plan
    }

    /// The best way to code a block, which it leaves put into `state`.
    fn block(
        &self,
        contexts: &ContextSet,
        state: &mut PlaneState,
        at: (usize, usize),
        size: usize,
    ) -> Found<BlockPlan> {
        if at.0 >= self.seen.0 || at.1 >= self.seen.1 {
            let (leaf, cost) = self.unseen(contexts, &self.target(state, at, size));
            let plan = BlockPlan::Leaf(leaf);
            put_plan(state, &plan, at, size);
            return (plan, cost);
        }
        let (leaf, mut best_cost) = self.leaf(contexts, state, at, size);
        let has_atoms = !leaf.terms.is_empty();
        let mut best = BlockPlan::Leaf(leaf);
        if size > 0 {
            let context = split_context(state, self.luma, at, size);
            let context = SymbolCoder::split_context(size, state.kind.chroma, context);
            let split_bits = |split: bool| {
                let mut walk = FrozenWalk::new(contexts);
                walk.context_bit(split, context);
                walk.bits()
            };
            best_cost += self.lambda() * split_bits(false);
            // A block that needs nothing gains nothing from being cut.
            if has_atoms || self.effort > 6 {
                let cost = self.lambda() * split_bits(true);
                let (parts, cost) = self.quarters(contexts, state, (at, size), (cost, best_cost));
                state.fill_cells(at, SIDES[size], Cell::default());
                if cost < best_cost {
                    (best, best_cost) = (BlockPlan::Split(parts), cost);
                }
            }
        }
        put_plan(state, &best, at, size);
        (best, best_cost)
    }

    /// The quarters of a block, as far as their Lagrangian, `cost` at the start, stays below
    /// `limit`.
    fn quarters(
        &self,
        contexts: &ContextSet,
        state: &mut PlaneState,
        (at, size): ((usize, usize), usize),
        (mut cost, limit): (f32, f32),
    ) -> Found<Vec<BlockPlan>> {
        let mut parts = Vec::with_capacity(4);
        for at in quarters(at, SIDES[size]) {
            let (part, own) = self.block(contexts, state, at, size - 1);
            cost += own;
            parts.push(part);
            if cost > limit {
                break;
            }
        }
        (parts, cost)
    }

    /// The block of size number `size` at (`x`, `y`), as the search compares it.
    fn target(&self, state: &PlaneState, (x, y): (usize, usize), size: usize) -> Target {
        let side = SIDES[size];
        let mut samples = Vec::with_capacity(side * side);
        for row in y..y + side {
            samples.extend_from_slice(&self.source.row(row)[x..][..side]);
        }
        let mut grid: Vec<f32> = samples.iter().map(|&v| f32::from(v)).collect();
        let mut area = 1.0;
        if GRID_SIDES[size] != side {
            grid = half_grid(&grid, side);
            area = 4.0;
        }
        let block = BlockContext::of_block(state, self.luma, (x, y), size);
        Target { block, border: block_border(state, (x, y), side), samples, grid, area }
    }

    /// The best cluster and atoms for one block that is not split.
    fn leaf(
        &self,
        contexts: &ContextSet,
        state: &PlaneState,
        at: (usize, usize),
        size: usize,
    ) -> Found<LeafPlan> {
        let target = self.target(state, at, size);
        let mut found: Vec<(f32, usize, Vec<Term>)> = Vec::new();
        for candidate in self.candidates(&target) {
            let (cost, terms) = self.approximate(contexts, &target, &candidate);
            found.push((cost, candidate.cluster, terms));
        }
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        found.truncate(if size == 2 { 2 } else { 1 });

        let mut best: Option<Found<LeafPlan>> = None;
        for (_, cluster, terms) in found {
            let mut samples = vec![0i16; target.samples.len()];
            let set = target.block.set;
            self.synthesis.samples(&target.border, (set, cluster), &terms, &mut samples);
            let error = |(&a, &b): (&i16, &i16)| {
                let d = f32::from(a) - f32::from(b);
                d * d
            };
            let distortion: f32 = samples.iter().zip(&target.samples).map(error).sum();
            let bits = self.bits(contexts, &target.block, cluster, &terms);
            let cost = distortion * self.weight + self.lambda() * bits;
            if best.as_ref().is_none_or(|b| cost < b.1) {
                best = Some((LeafPlan { cluster, terms, samples }, cost));
            }
        }
        best.expect("every set has a cluster")
    }

    /// A block of padding: the cluster of fewest bits, and no atoms.
    fn unseen(&self, contexts: &ContextSet, target: &Target) -> Found<LeafPlan> {
        let clusters = self.synthesis.model.sets[target.block.set].clusters.len();
        let bits = |cluster| self.bits(contexts, &target.block, cluster, &[]);
        let costs = (0..clusters).map(|cluster| (bits(cluster), cluster));
        let (bits, cluster) = costs.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or_default();
        let mut samples = vec![0i16; target.samples.len()];
        self.synthesis.samples(&target.border, (target.block.set, cluster), &[], &mut samples);
        (LeafPlan { cluster, terms: Vec::new(), samples }, self.lambda() * bits)
    }

    /// The clusters whose predictions leave least.
    fn candidates(&self, target: &Target) -> Vec<Candidate> {
        let set = &self.synthesis.model.sets[target.block.set];
        let scale = 1.0 / (1 << ENTRY_BITS) as f32;
        let mut candidates = Vec::with_capacity(set.clusters.len());
        let mut sums = vec![0i32; set.cells];
        for (number, cluster) in set.clusters.iter().enumerate() {
            cluster.predictor.predict(self.synthesis.level, &target.border, &mut sums);
            let left = |(cell, &sum): (&f32, &i32)| cell - sum as f32 * scale;
            let residual: Vec<f32> = target.grid.iter().zip(&sums).map(left).collect();
            let energy = residual.iter().map(|v| v * v).sum();
            candidates.push(Candidate { cluster: number, residual, energy });
        }
        candidates.sort_by(|a, b| a.energy.total_cmp(&b.energy));
        candidates.truncate(2 + usize::from(self.effort));
        candidates
    }

    fn bits(&self, contexts: &ContextSet, block: &BlockContext, cluster: usize, terms: &[Term]) -> f32 {
        let mut walk = FrozenWalk::new(contexts);
        self.coder.cluster(&mut walk, cluster, block);
        self.coder.terms(&mut walk, &mut terms.to_vec(), cluster, block);
        walk.bits()
    }

    /// Atoms and levels for what a cluster's prediction leaves, and their Lagrangian on the grid.
    fn approximate(
        &self,
        contexts: &ContextSet,
        target: &Target,
        candidate: &Candidate,
    ) -> (f32, Vec<Term>) {
        let (set, cluster) = (target.block.set, candidate.cluster);
        let batch = &self.prepared.sets[set][cluster];
        let mut correlations = vec![0f32; batch.atoms];
        batch.correlations(&candidate.residual, &mut correlations);
        let pricing = Pricing { search: self, contexts, target, candidate, batch, correlations };
        let mut best = (pricing.lagrangian(&[]), Vec::new());

        let lambda = self.lambda() / pricing.area();
        let price = |atom: usize| {
            let p1 = contexts.p1(self.coder.atom_context(set, cluster, atom));
            lambda * (65536.0 / p1 as f32).log2()
        };
        let prices: Vec<f32> = (0..batch.atoms).map(price).collect();
        let most = TERMS_MAX.min(batch.atoms).min(batch.cells / 2);
        let mut misses = 0;
        batch.orthogonal(lambda * 2.0, most, &pricing.correlations, &prices, |terms| {
            let terms = self.quantised(terms);
            if terms.len() <= best.1.len() && !best.1.is_empty() {
                return true;
            }
            let cost = pricing.lagrangian(&terms);
            misses += 1;
            if cost < best.0 {
                best = (cost, terms);
                misses = 0;
            }
            misses < MISSES_MAX
        });
        if self.effort > 2 && best.1.len() <= PRUNED_MAX {
            pricing.prune(&mut best);
        }
        best
    }

    /// Weights to levels, in the order of atoms.
    fn quantised(&self, terms: &[(usize, f32)]) -> Vec<Term> {
        let step = self.synthesis.dequantiser.step as f32;
        let mut levels: Vec<Term> = Vec::with_capacity(terms.len());
        let mut left: Vec<(usize, f32)> = terms.to_vec();
        left.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        for &(atom, weight) in &left {
            let magnitude = (weight.abs() / step + ROUND).floor().min(32000.0) as i16;
            if magnitude > 0 {
                levels.push(Term {
                    atom: atom as u16,
                    level: if weight < 0.0 { -magnitude } else { magnitude },
                });
            }
        }
        levels.sort_by_key(|t| t.atom);
        levels
    }
}

/// What atoms for one cluster's residual cost.
struct Pricing<'a, 'b> {
    search: &'a PlaneSearch<'b>,
    contexts: &'a ContextSet,
    target: &'a Target,
    candidate: &'a Candidate,
    batch: &'a Batch,
    /// Of each atom with the residual.
    correlations: Vec<f32>,
}

impl Pricing<'_, '_> {
    /// What a squared error on the grid weighs.
    fn area(&self) -> f32 {
        self.target.area * self.search.weight
    }

    /// Distortion on the grid plus weighted bits.
    fn lagrangian(&self, terms: &[Term]) -> f32 {
        let block = &self.target.block;
        let bits = self.search.bits(self.contexts, block, self.candidate.cluster, terms);
        self.error(terms) * self.area() + self.search.lambda() * bits
    }

    fn error(&self, terms: &[Term]) -> f32 {
        let dequantiser = &self.search.synthesis.dequantiser;
        let amplitude = |t: &Term| (usize::from(t.atom), dequantiser.amplitude(t.level) as f32);
        let terms: Vec<(usize, f32)> = terms.iter().map(amplitude).collect();
        self.batch.error(self.candidate.energy, &terms, &self.correlations)
    }

    /// Tries to do without each atom, and to move each level one step down and up.
    fn prune(&self, best: &mut (f32, Vec<Term>)) {
        for _ in 0..2 {
            let before = best.0;
            for index in (0..best.1.len()).rev() {
                for less in [true, false] {
                    let mut terms = best.1.clone();
                    let Some(term) = terms.get_mut(index) else { break };
                    term.level += if less { -term.level.signum() } else { term.level.signum() };
                    if term.level == 0 {
                        terms.remove(index);
                    }
                    let cost = self.lagrangian(&terms);
                    if cost < best.0 {
                        *best = (cost, terms);
                    }
                }
            }
            if best.0 == before {
                break;
            }
        }
    }
}

/// Puts a planned block into the plane.
fn put_plan(state: &mut PlaneState, plan: &BlockPlan, at: (usize, usize), size: usize) {
    match plan {
        BlockPlan::Leaf(leaf) => {
            let cell = cell(size, leaf.cluster, &leaf.terms);
            state.put_block(at, SIDES[size], &leaf.samples, cell);
        }
        BlockPlan::Split(parts) => {
            for (part, at) in parts.iter().zip(quarters(at, SIDES[size])) {
                put_plan(state, part, at, size - 1);
            }
        }
    }
}
