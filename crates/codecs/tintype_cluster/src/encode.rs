//! Samples to the sections of one tile. What the search decides is written by the walk.

use super::baseline::baseline;
use super::colour::{internal_planes, order};
use super::format::{HALF_CHROMA, LANES};
use super::grid::{CELL, Coefficients, Surface, fitted, grid_step};
use super::model::ClusterModel;
use super::neighbours::Neighbours;
use super::search::{PlaneSearch, samples};
use super::symbols::{Atom, Contexts};
use super::synthesis::{SIDE, Superblock};
use super::tree::set_index;
use super::walk::{BlockPlan, BlockWalk};
use fearless_simd::Level;
use tintype_block::{PlaneKind, StreamHeader, plane_kinds, quarters};
use tintype_entropy::rans::RansEncoder;
use tintype_image::{Plane, Planes};

/// An atom that was coded, for fitting: the set, the atom, and what was left of the block
/// before it (internal units).
pub struct CodedAtom<'a> {
    /// Which tree.
    pub set: usize,
    /// What was coded.
    pub atom: Atom,
    /// `side²` samples.
    pub residual: &'a [f32],
}

/// The sections of one tile, and what the search minimised.
pub struct EncodedTile {
    /// Grid, base, second, deep.
    pub layers: [Vec<u8>; 4],
    /// Distortion and weighted bits of the blocks, in squared steps.
    pub cost: f64,
}

/// Encodes tiles with one model.
pub struct TileEncoder<'a> {
    /// Trees and tables.
    pub model: &'a ClusterModel,
    /// Steps and chroma's size.
    pub header: &'a StreamHeader,
    /// 1 to 9.
    pub effort: u8,
    /// For the kernels.
    pub level: Level,
}

type Encoder = RansEncoder<LANES>;

/// The three codes of a tile's blocks.
#[derive(Default)]
struct Codes {
    base: Encoder,
    second: Encoder,
    deep: Encoder,
}

/// What fitting does with each coded atom.
type OnAtom<'a> = &'a mut dyn FnMut(&CodedAtom<'_>);

impl TileEncoder<'_> {
    /// Codes one tile: the four sections. `contexts` adapt; `on_atom` is called for every atom.
    pub fn encode(&self, source: &Planes, contexts: &mut Contexts, on_atom: OnAtom<'_>) -> EncodedTile {
        let kinds = plane_kinds(&source.shape, self.header.flags & HALF_CHROMA != 0);
        let internal = internal_planes(source, &kinds);
        let mut grid_code = Encoder::new();
        let mut residuals = vec![Plane::new(0, 0); kinds.len()];
        for index in order(&kinds) {
            residuals[index] =
                self.code_grid(&mut grid_code, contexts, &internal[index], kinds[index], index);
        }
        let mut codes = Codes::default();
        let mut cost = 0.0;
        for index in order(&kinds) {
            let plane = (&residuals[index], kinds[index].chroma);
            cost += self.code_plane(&mut codes, contexts, plane, self.header.steps[index], on_atom);
        }
        let layers = [grid_code, codes.base, codes.second, codes.deep].map(Encoder::finish);
        EncodedTile { layers, cost }
    }

    /// Codes a plane's grid and returns what its interpolation leaves.
    fn code_grid(
        &self,
        code: &mut Encoder,
        contexts: &mut Contexts,
        plane: &Plane<i16>,
        kind: PlaneKind,
        index: usize,
    ) -> Plane<i16> {
        let (mut coefficients, step) = grid_of(plane, self.header.steps[index], self.level);
        coefficients.code(code, &mut contexts.coder(baseline()), kind.chroma);
        without_surface(plane, &coefficients.values(step, self.level))
    }

    /// Codes the blocks of what the grid leaves of a plane.
    fn code_plane(
        &self,
        codes: &mut Codes,
        contexts: &mut Contexts,
        (residual, chroma): (&Plane<i16>, bool),
        step: u16,
        on_atom: OnAtom<'_>,
    ) -> f64 {
        let settings = (self.effort, self.level);
        let search = PlaneSearch::new(self.model, contexts, (residual, chroma), step, settings);
        let mut walk = BlockWalk {
            trees: self.model.coding_trees(),
            coder: contexts.coder(baseline()),
            neighbours: Neighbours::new(residual.width()),
            chroma,
            atoms: Vec::new(),
            paths: Vec::new(),
        };
        let mut cost = 0.0;
        for y in (0..residual.height()).step_by(SIDE) {
            walk.neighbours.begin_row();
            for x in (0..residual.width()).step_by(SIDE) {
                let at = (x, y);
                let costs = walk.coder.costs();
                let (plan, lagrangian) = search.superblock(costs, &mut walk.neighbours, at);
                cost += f64::from(lagrangian);
                walk.superblock(&mut codes.base, x, Some(&plan));
                visit_blocks(&plan, at, 2, &mut |block, at, size| {
                    let tree = &self.model.trees[set_index(chroma, size)];
                    walk.paths.extend(block.atoms.iter().map(|atom| tree.path(atom.node)));
                    self.call_on_atoms(block, (residual, chroma), (at, size), step, on_atom);
                });
                walk.second_symbols(&mut codes.second);
                walk.deep_symbols(&mut codes.deep);
                walk.atoms.clear();
                walk.paths.clear();
            }
        }
        cost
    }

    /// Calls `on_atom` for the atoms of one block of `size` at `at`, with what was left before
    /// each.
    fn call_on_atoms(
        &self,
        block: &BlockPlan,
        (residual, chroma): (&Plane<i16>, bool),
        (at, size): ((usize, usize), usize),
        step: u16,
        on_atom: OnAtom<'_>,
    ) {
        let set = set_index(chroma, size);
        let tree = &self.model.trees[set];
        let mut left = samples(residual, at, tree.side);
        for &atom in &block.atoms {
            on_atom(&CodedAtom { set, atom, residual: &left });
            let reciprocal = tree.reciprocals[atom.node as usize] as f32;
            let scale = f32::from(atom.level) * f32::from(step) * reciprocal;
            for (v, &r) in left.iter_mut().zip(tree.vector(atom.node)) {
                *v -= scale / (1 << 23) as f32 * f32::from(r);
            }
        }
    }
}

/// Gets a block, its place and its size number.
type VisitBlock<'a> = dyn FnMut(&BlockPlan, (usize, usize), usize) + 'a;

/// Calls `visit` for the blocks of a quadtree that are not split, in coding order, with place
/// and size.
fn visit_blocks(plan: &BlockPlan, at: (usize, usize), size: usize, visit: &mut VisitBlock<'_>) {
    if plan.quarters.is_empty() {
        return visit(plan, at, size);
    }
    for (quarter, at) in plan.quarters.iter().zip(quarters(at, 4 << size)) {
        visit_blocks(quarter, at, size - 1, visit);
    }
}

/// What the coded grids leave of the planes of `source`: what code vectors are fitted to.
pub fn residuals(source: &Planes, header: &StreamHeader, level: Level) -> Vec<(PlaneKind, Plane<i16>)> {
    let kinds = plane_kinds(&source.shape, header.flags & HALF_CHROMA != 0);
    let internal = internal_planes(source, &kinds);
    let mut out = Vec::with_capacity(kinds.len());
    for ((kind, plane), &step) in kinds.iter().zip(&internal).zip(&header.steps) {
        let (coefficients, step) = grid_of(plane, step, level);
        out.push((*kind, without_surface(plane, &coefficients.values(step, level))));
    }
    out
}

/// The quantised grid of a plane, and its step.
fn grid_of(plane: &Plane<i16>, step: u16, level: Level) -> (Coefficients, f32) {
    let step = grid_step(step);
    let size = (plane.width() / CELL, plane.height() / CELL);
    (Coefficients::of_values(&fitted(plane), size, step, level), step)
}

/// `plane` less the interpolated `grid`.
fn without_surface(plane: &Plane<i16>, grid: &Plane<i16>) -> Plane<i16> {
    let mut residual = plane.clone();
    let mut surface = Surface::new(plane.width());
    let mut strip = vec![Superblock::default(); plane.width() / SIDE];
    for top in 0..plane.height() / SIDE {
        surface.strip(baseline(), grid, &mut strip);
        for y in 0..SIDE {
            let made = strip.iter().flat_map(|superblock| &superblock.0[y]);
            for (value, made) in residual.row_mut(SIDE * top + y).iter_mut().zip(made) {
                *value = value.saturating_sub(*made);
            }
        }
    }
    residual
}
