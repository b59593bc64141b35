//! Samples to symbols: block sizes, clusters, atoms and weights that cost least, bits and error together.
//!
//! The search is float and may differ between machines; what it decides is written by the walk. Distortions are squared
//! internal units; a bit weighs `LAMBDA · step²` of them.

use super::block::{Dequantiser, GRID_SIDES, SIDES, Term, border, half_grid, predict};
use super::decode::{place, render};
use super::model::{SETS, SparseModel};
use super::pursuit::Batch;
use super::state::{Cell, PlaneState};
use super::walk::{BlockContext, Contexts, TERMS_MAX};
use fearless_simd::Level;
use tintype_block::ENTRY_BITS;
use tintype_entropy::{BitCost, BitWalk};
use tintype_image::Plane;

/// Lagrangian weight of a bit in squared steps.
const LAMBDA: f32 = 0.13;

/// Blocks with more atoms are not searched for atoms to do without: it would take long and gain little.
const PRUNED_MAX: usize = 24;

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
            let rows: Vec<f32> = model.sets[set].clusters[cluster]
                .atoms
                .iter()
                .map(|&v| f32::from(v) * scale)
                .collect();
            Batch::new(&rows, model.sets[set].cells)
        };
        Self {
            sets: std::array::from_fn(|set| {
                (0..model.sets[set].clusters.len()).map(|c| batch(set, c)).collect()
            }),
        }
    }
}

/// One block settled on, or the four that it is split into.
#[derive(Clone, Debug)]
enum Plan {
    Leaf { cluster: usize, terms: Vec<Term>, samples: Vec<i16> },
    Split(Vec<Plan>),
}

/// Encodes one plane with one model.
pub struct PlaneEncoder<'a> {
    /// The model.
    pub model: &'a SparseModel,
    /// The same, for the search.
    pub prepared: &'a Prepared,
    /// How weights come back.
    pub dequantiser: Dequantiser,
    /// 1 to 9.
    pub effort: u8,
    /// SIMD level.
    pub level: Level,
    /// What a squared error in this plane weighs against one in luma.
    pub weight: f32,
}

impl PlaneEncoder<'_> {
    fn lambda(&self) -> f32 {
        LAMBDA * (self.dequantiser.step * self.dequantiser.step) as f32
    }

    /// Searches and writes all blocks of one plane.
    pub fn encode_plane<W: BitWalk>(
        &self,
        walk: &mut W,
        contexts: &mut Contexts,
        source: &Plane<i16>,
        state: &mut PlaneState,
        other: Option<&PlaneState>,
    ) {
        for y in (0..source.height()).step_by(32) {
            for x in (0..source.width()).step_by(32) {
                let (plan, _) = self.plan(contexts, source, state, other, (x, y, 2));
                self.unplace(state, (x, y, 2));
                self.write(walk, contexts, state, other, &plan, (x, y, 2));
            }
        }
    }

    fn split_level(&self, state: &PlaneState, size: usize) -> usize {
        size - 1 + if state.chroma { 2 } else { 0 }
    }

    fn write<W: BitWalk>(
        &self,
        walk: &mut W,
        contexts: &mut Contexts,
        state: &mut PlaneState,
        other: Option<&PlaneState>,
        plan: &Plan,
        (x, y, size): (usize, usize, usize),
    ) {
        if size > 0 {
            let context = state.split_context(x, y, size, other);
            contexts.split(
                walk,
                matches!(plan, Plan::Split(_)),
                self.split_level(state, size),
                context,
            );
        }
        match plan {
            Plan::Split(parts) => {
                let half = SIDES[size] / 2;
                for (part, (dx, dy)) in
                    parts.iter().zip([(0, 0), (half, 0), (0, half), (half, half)])
                {
                    self.write(walk, contexts, state, other, part, (x + dx, y + dy, size - 1));
                }
            }
            Plan::Leaf { cluster, terms, samples } => {
                let block = state.context(x, y, size, other);
                contexts.cluster(walk, *cluster, &block);
                contexts.terms(walk, &mut terms.clone(), *cluster, &block);
                place(state, (x, y, size), *cluster, terms, samples);
            }
        }
    }

    /// Takes a block back as not coded.
    fn unplace(&self, state: &mut PlaneState, (x, y, size): (usize, usize, usize)) {
        for row in 0..SIDES[size] / 8 {
            state.cells.row_mut(y / 8 + row)[x / 8..][..SIDES[size] / 8].fill(Cell::default());
        }
    }

    /// The best way to code a block, which it leaves placed in `state`, and its Lagrangian.
    fn plan(
        &self,
        contexts: &mut Contexts,
        source: &Plane<i16>,
        state: &mut PlaneState,
        other: Option<&PlaneState>,
        (x, y, size): (usize, usize, usize),
    ) -> (Plan, f32) {
        let (leaf, leaf_cost, atoms) = self.leaf(contexts, source, state, other, (x, y, size));
        let mut best = (leaf, leaf_cost);
        if size > 0 {
            let context = state.split_context(x, y, size, other);
            let level = self.split_level(state, size);
            let bits = |split: bool, contexts: &mut Contexts| {
                bits_of(contexts, |w, c| _ = c.split(w, split, level, context))
            };
            best.1 += self.lambda() * bits(false, contexts);
            // A block that needs nothing gains nothing from being cut.
            if atoms > 0 || self.effort > 6 {
                let mut total = self.lambda() * bits(true, contexts);
                let half = SIDES[size] / 2;
                let mut parts = Vec::with_capacity(4);
                for (dx, dy) in [(0, 0), (half, 0), (0, half), (half, half)] {
                    let (part, cost) =
                        self.plan(contexts, source, state, other, (x + dx, y + dy, size - 1));
                    total += cost;
                    parts.push(part);
                    if total > best.1 {
                        break;
                    }
                }
                self.unplace(state, (x, y, size));
                if total < best.1 {
                    best = (Plan::Split(parts), total);
                }
            }
        }
        self.replay(state, &best.0, (x, y, size));
        best
    }

    /// Puts a planned block into the plane.
    fn replay(&self, state: &mut PlaneState, plan: &Plan, (x, y, size): (usize, usize, usize)) {
        match plan {
            Plan::Leaf { cluster, terms, samples } => {
                place(state, (x, y, size), *cluster, terms, samples)
            }
            Plan::Split(parts) => {
                let half = SIDES[size] / 2;
                for (part, (dx, dy)) in
                    parts.iter().zip([(0, 0), (half, 0), (0, half), (half, half)])
                {
                    self.replay(state, part, (x + dx, y + dy, size - 1));
                }
            }
        }
    }

    /// The best cluster and atoms for one block that is not split; its Lagrangian; how many atoms.
    fn leaf(
        &self,
        contexts: &mut Contexts,
        source: &Plane<i16>,
        state: &PlaneState,
        other: Option<&PlaneState>,
        (x, y, size): (usize, usize, usize),
    ) -> (Plan, f32, usize) {
        let side = SIDES[size];
        let block = state.context(x, y, size, other);
        let set = &self.model.sets[block.set];
        let border = border(state, x, y, side);
        let target: Vec<i16> =
            (0..side).flat_map(|row| source.row(y + row)[x..][..side].iter().copied()).collect();
        let mut grid: Vec<f32> = target.iter().map(|&v| f32::from(v)).collect();
        let mut area = 1.0;
        if GRID_SIDES[size] != side {
            grid = half_grid(&grid, side);
            area = 4.0;
        }
        // What half the resolution cannot hold, no choice on the grid changes.
        let scale = 1.0 / (1 << ENTRY_BITS) as f32;
        let mut candidates = Vec::with_capacity(set.clusters.len());
        let mut sums = vec![0i32; set.cells];
        for (number, cluster) in set.clusters.iter().enumerate() {
            predict(&border, cluster, &mut sums);
            let rest: Vec<f32> =
                grid.iter().zip(&sums).map(|(g, &s)| g - s as f32 * scale).collect();
            let energy: f32 = rest.iter().map(|v| v * v).sum();
            candidates.push((energy, number, rest));
        }
        candidates.sort_by(|a, b| a.0.total_cmp(&b.0));
        candidates.truncate(2 + usize::from(self.effort));
        let mut found: Vec<(f32, usize, Vec<Term>)> = Vec::new();
        for (energy, number, rest) in &candidates {
            let (cost, terms) = self.approximate(contexts, &block, *number, rest, *energy, area);
            found.push((cost, *number, terms));
        }
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        found.truncate(if size == 2 { 2 } else { 1 });
        let mut best: Option<(f32, usize, Vec<Term>, Vec<i16>)> = None;
        for (_, number, terms) in found {
            let mut samples = vec![0i16; side * side];
            render(
                state,
                self.model,
                (x, y, size),
                number,
                &terms,
                &self.dequantiser,
                self.level,
                &mut samples,
            );
            let error = |(&a, &b): (&i16, &i16)| {
                let d = f32::from(a) - f32::from(b);
                d * d
            };
            let distortion: f32 = samples.iter().zip(&target).map(error).sum();
            let bits = self.bits(contexts, &block, number, &terms);
            let cost = distortion * self.weight + self.lambda() * bits;
            if best.as_ref().is_none_or(|b| cost < b.0) {
                best = Some((cost, number, terms, samples));
            }
        }
        let (cost, cluster, terms, samples) = best.expect("every set has a cluster");
        let atoms = terms.len();
        (Plan::Leaf { cluster, terms, samples }, cost, atoms)
    }

    fn bits(
        &self,
        contexts: &mut Contexts,
        block: &BlockContext,
        cluster: usize,
        terms: &[Term],
    ) -> f32 {
        let mut terms = terms.to_vec();
        bits_of(contexts, |walk, contexts| {
            contexts.cluster(walk, cluster, block);
            contexts.terms(walk, &mut terms, cluster, block);
        })
    }

    /// Atoms and quantised weights for what cluster `number` leaves; the Lagrangian on the grid, times `area`.
    fn approximate(
        &self,
        contexts: &mut Contexts,
        block: &BlockContext,
        number: usize,
        rest: &[f32],
        energy: f32,
        area: f32,
    ) -> (f32, Vec<Term>) {
        let batch = &self.prepared.sets[block.set][number];
        let area = area * self.weight;
        let lambda = self.lambda() / area;
        let mut best =
            (energy * area + self.lambda() * self.bits(contexts, block, number, &[]), Vec::new());
        let mut correlations = vec![0f32; batch.atoms];
        batch.correlations(rest, &mut correlations);
        let prices: Vec<f32> = (0..batch.atoms)
            .map(|atom| lambda * (65536.0 / contexts.use_of(block.set, number, atom) as f32).log2())
            .collect();
        let most = TERMS_MAX.min(batch.atoms).min(batch.cells / 2);
        let mut misses = 0;
        batch.orthogonal(lambda * 2.0, most, &correlations, &prices, |terms| {
            let terms = self.quantised(terms);
            if terms.len() <= best.1.len() && !best.1.is_empty() {
                return true;
            }
            let bits = self.bits(contexts, block, number, &terms);
            let cost =
                self.error(batch, energy, &terms, &correlations) * area + self.lambda() * bits;
            misses += 1;
            if cost < best.0 {
                best = (cost, terms);
                misses = 0;
            }
            misses < 4
        });
        if self.effort > 2 && best.1.len() <= PRUNED_MAX {
            self.prune(contexts, block, number, batch, energy, &correlations, area, &mut best);
        }
        best
    }

    /// Tries to do without each atom, and to take a weight one step less.
    #[allow(clippy::too_many_arguments)] // The last step of the search above.
    fn prune(
        &self,
        contexts: &mut Contexts,
        block: &BlockContext,
        number: usize,
        batch: &Batch,
        energy: f32,
        correlations: &[f32],
        area: f32,
        best: &mut (f32, Vec<Term>),
    ) {
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
                    let bits = self.bits(contexts, block, number, &terms);
                    let cost = self.error(batch, energy, &terms, correlations) * area
                        + self.lambda() * bits;
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

    fn error(&self, batch: &Batch, energy: f32, terms: &[Term], correlations: &[f32]) -> f32 {
        let amplitude =
            |t: &Term| (usize::from(t.atom), self.dequantiser.amplitude(t.level) as f32);
        let terms: Vec<(usize, f32)> = terms.iter().map(amplitude).collect();
        batch.error(energy, &terms, correlations)
    }

    /// Weights to levels, in the order of atoms.
    fn quantised(&self, terms: &[(usize, f32)]) -> Vec<Term> {
        let step = self.dequantiser.step as f32;
        let mut levels: Vec<Term> = Vec::with_capacity(terms.len());
        let mut left: Vec<(usize, f32)> = terms.to_vec();
        left.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        for &(atom, weight) in &left {
            let magnitude = (weight.abs() / step + 0.42).floor().min(32000.0) as i16;
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

/// Bits that `work` would write under the present contexts, which stay as they are.
fn bits_of(contexts: &mut Contexts, work: impl FnOnce(&mut BitCost, &mut Contexts)) -> f32 {
    let mut cost = BitCost::new();
    let before = cost.cost_q16();
    contexts.frozen(|contexts| work(&mut cost, contexts));
    (cost.cost_q16() - before) as f32 / 65536.0
}
