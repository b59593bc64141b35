//! Samples to symbols: the grid of means, the quadtree, and which code vectors pay for their bits.
//!
//! The search is float and may differ between machines; what it decides is written by the walk. Distortions are squared
//! internal units; a bit weighs `LAMBDA · step²` of them. Code vectors are picked one after the other by matching pursuit.

use super::colour::{Kind, internal_from_planes, kinds, order};
use super::grid::{CELL, Coefficients, Surface, fitted, grid_step};
use super::header::{Header, LANES};
use super::line::{Cell, Line, cell};
use super::model::{ClusterModel, SearchTree, set_index};
use super::synthesis::{SIDE, Square};
use super::walk::{ATOMS_MAX, Atom, BlockContext, Contexts};
use fearless_simd::{Fallback, Level, Simd, dispatch};
use tintype_entropy::rans::RansEncoder;
use tintype_image::{Plane, Planes};

/// Lagrangian weight of a bit in squared steps.
const LAMBDA: f32 = 0.2;
/// Most atoms that the search puts into blocks of 4, 8, 16.
const SEARCHED: [usize; 3] = [16, ATOMS_MAX, ATOMS_MAX];

/// An atom that was coded, for fitting: the set, the atom, and what was left of the block before it (internal units).
pub struct Seen<'a> {
    /// Which tree.
    pub set: usize,
    /// What was coded.
    pub atom: Atom,
    /// `side²` samples.
    pub residual: &'a [f32],
}

/// The sections of one tile, and what the search made small.
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
    pub header: &'a Header,
    /// 1 to 9.
    pub effort: u8,
    /// For the kernels.
    pub level: Level,
}

/// What the search settles on for one block.
#[derive(Clone, Debug, Default)]
struct Block {
    atoms: Vec<Atom>,
    /// First symbol of the first atom's path.
    top: usize,
    /// Distortion and weighted rate.
    lagrangian: f32,
}

/// A block of 8, or one of 16: nothing, itself, or its quarters.
#[derive(Clone, Debug, Default)]
struct Quad {
    shape: u32,
    block: Block,
    quarters: Vec<Quad>,
    lagrangian: f32,
}

/// One plane under way.
struct PlaneSearch<'a> {
    encoder: &'a TileEncoder<'a>,
    residual: Plane<i16>,
    chroma: bool,
    step: f32,
    lambda: f32,
    /// Weighted bits of each leaf's path after its first symbol, for each block size.
    path_costs: [Vec<f32>; 3],
}

type Encoder = RansEncoder<LANES>;

/// The three codes of a tile's blocks.
#[derive(Default)]
struct Codes {
    /// Quadtree, gains, first symbols of paths.
    base: Encoder,
    /// Second symbols.
    second: Encoder,
    /// The rest.
    deep: Encoder,
}

impl TileEncoder<'_> {
    /// Codes one tile: the four sections. `contexts` learn; `seen` hears of every atom.
    pub fn encode(
        &self,
        source: &Planes,
        contexts: &mut Contexts,
        seen: &mut dyn FnMut(&Seen<'_>),
    ) -> EncodedTile {
        let kinds = kinds(&source.shape, self.header.half_chroma);
        let internal = internal_from_planes(source, &kinds);
        let mut grid_code = Encoder::new();
        let mut residuals = vec![Plane::new(0, 0); kinds.len()];
        for index in order(&kinds) {
            residuals[index] =
                self.code_grid(&mut grid_code, contexts, &internal[index], kinds[index], index);
        }
        let mut codes = Codes::default();
        let mut cost = 0.0;
        for index in order(&kinds) {
            let residual = std::mem::replace(&mut residuals[index], Plane::new(0, 0));
            cost += self.code_plane(&mut codes, contexts, residual, kinds[index], index, seen);
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
        kind: Kind,
        index: usize,
    ) -> Plane<i16> {
        let (mut coefficients, step) = grid_of(plane, self.header.steps[index], self.level);
        coefficients.code(code, &mut contexts.coder(Fallback::new()), kind.chroma);
        without_surface(plane, &coefficients.values(step, self.level))
    }

    fn code_plane(
        &self,
        codes: &mut Codes,
        contexts: &mut Contexts,
        residual: Plane<i16>,
        kind: Kind,
        index: usize,
        seen: &mut dyn FnMut(&Seen<'_>),
    ) -> f64 {
        let mut cost = 0.0;
        let step = f32::from(self.header.steps[index]);
        let lambda = LAMBDA * step * step;
        let search = self.model.search();
        let path_costs = std::array::from_fn(|size| {
            let set = set_index(kind.chroma, size);
            let bits = contexts.path_bits(&self.model.trees[set], set);
            search[set].leaves.iter().map(|&leaf| lambda * bits[leaf as usize]).collect()
        });
        let plane =
            PlaneSearch { encoder: self, residual, chroma: kind.chroma, step, lambda, path_costs };
        let mut line = Line::new(plane.residual.width());
        for y in (0..plane.residual.height()).step_by(16) {
            line.begin_row();
            for x in (0..plane.residual.width()).step_by(16) {
                let saved = line.save(x / 4);
                let quad = plane.best_quad(contexts, &mut line, (x, y), 2);
                line.restore(x / 4, &saved);
                plane.write_quad(codes, contexts, &mut line, (x, y), 2, &quad, seen);
                cost += f64::from(quad.lagrangian / (step * step));
            }
        }
        cost
    }
}

/// What the coded grids leave of the planes of `source`: what code vectors are fitted to.
pub fn residuals(source: &Planes, header: &Header, level: Level) -> Vec<(Kind, Plane<i16>)> {
    let kinds = kinds(&source.shape, header.half_chroma);
    let internal = internal_from_planes(source, &kinds);
    let left = |((kind, plane), &step): ((Kind, &Plane<i16>), &u16)| {
        let (coefficients, step) = grid_of(plane, step, level);
        (kind, without_surface(plane, &coefficients.values(step, level)))
    };
    kinds.iter().copied().zip(&internal).zip(&header.steps).map(left).collect()
}

/// The quantised grid of a plane, and its step.
fn grid_of(plane: &Plane<i16>, step: u16, level: Level) -> (Coefficients, f32) {
    let step = grid_step(step);
    (
        Coefficients::of(
            &fitted(plane),
            (plane.width() / CELL, plane.height() / CELL),
            step,
            level,
        ),
        step,
    )
}

/// `plane` less the interpolated `grid`.
fn without_surface(plane: &Plane<i16>, grid: &Plane<i16>) -> Plane<i16> {
    let mut residual = plane.clone();
    let mut surface = Surface::new(plane.width());
    let mut strip = vec![Square::default(); plane.width() / SIDE];
    for top in 0..plane.height() / SIDE {
        surface.strip(Fallback::new(), grid, &mut strip);
        for y in 0..SIDE {
            let made = strip.iter().flat_map(|square| &square.0[y]);
            for (value, made) in residual.row_mut(SIDE * top + y).iter_mut().zip(made) {
                *value = value.saturating_sub(*made);
            }
        }
    }
    residual
}

impl PlaneSearch<'_> {
    /// The best quadtree of the block of `size` (2 or 1) at (`x`, `y`); `line` then stands as if it were coded.
    fn best_quad(
        &self,
        contexts: &Contexts,
        line: &mut Line,
        (x, y): (usize, usize),
        size: usize,
    ) -> Quad {
        let (cx, cy) = (x / 4, y % 16 / 4);
        let side = 4 << size;
        let bits = contexts.shape_bits(self.chroma, size, line.shapes(cx, cy, size));
        let energy = self.energy((x, y), side);
        let nothing = Quad { lagrangian: energy + self.lambda * bits[0], ..Quad::default() };
        // Even with a vector that fits perfectly, a gain and a path cost about seven bits.
        if energy < self.lambda * 7.0 {
            line.note(cx, cy, size, Cell::default());
            return nothing;
        }
        let own =
            self.best_block(contexts, &line.context(cx, cy, size, self.chroma), (x, y), false);
        let own = Quad {
            shape: 1,
            lagrangian: own.lagrangian + self.lambda * bits[1],
            block: own,
            ..Quad::default()
        };
        let saved = line.save(cx & !3);
        let mut split = Quad { shape: 2, lagrangian: self.lambda * bits[2], ..Quad::default() };
        let half = side / 2;
        for (dx, dy) in [(0, 0), (half, 0), (0, half), (half, half)] {
            let at = (x + dx, y + dy);
            let quarter = if size == 2 {
                self.best_quad(contexts, line, at, 1)
            } else {
                let (cx, cy) = (at.0 / 4, at.1 % 16 / 4);
                let block =
                    self.best_block(contexts, &line.context(cx, cy, 0, self.chroma), at, true);
                line.note(cx, cy, 0, noted(&block, 0));
                Quad { shape: 1, lagrangian: block.lagrangian, block, ..Quad::default() }
            };
            split.lagrangian += quarter.lagrangian;
            split.quarters.push(quarter);
            if split.lagrangian >= nothing.lagrangian.min(own.lagrangian) {
                break;
            }
        }
        if split.quarters.len() == 4 && split.lagrangian < nothing.lagrangian.min(own.lagrangian) {
            return split;
        }
        line.restore(cx & !3, &saved);
        let best = if own.lagrangian < nothing.lagrangian { own } else { nothing };
        line.note(cx, cy, size, noted(&best.block, size));
        best
    }

    fn energy(&self, (x, y): (usize, usize), side: usize) -> f32 {
        let mut sum = 0i64;
        for row in y..y + side {
            sum += self.residual.row(row)[x..][..side]
                .iter()
                .map(|&v| i64::from(v) * i64::from(v))
                .sum::<i64>();
        }
        sum as f32
    }

    fn samples(&self, (x, y): (usize, usize), side: usize) -> Vec<f32> {
        (y..y + side)
            .flat_map(|row| self.residual.row(row)[x..][..side].iter().map(|&v| f32::from(v)))
            .collect()
    }

    /// The atoms that pay for one block. `ends_first`: there may be none, which is then part of the block's rate.
    fn best_block(
        &self,
        contexts: &Contexts,
        block: &BlockContext,
        at: (usize, usize),
        ends_first: bool,
    ) -> Block {
        let set = set_index(self.chroma, block.size);
        let tree = &self.encoder.model.trees[set];
        let search = &self.encoder.model.search()[set];
        let side = tree.side;
        let mut left = self.samples(at, side);
        let mut energy: f32 = left.iter().map(|v| v * v).sum();
        let lambda = self.lambda;
        let lagrangian = if ends_first {
            energy + lambda * contexts.level_bits(block, 0, 0, 0)
        } else {
            f32::INFINITY
        };
        let mut best = Block { lagrangian, ..Block::default() };
        let mut found = Block::default();
        let mut rate = 0f32;
        let (mut before, mut top) = (0usize, 0usize);
        let mut fixed = vec![0i16; side * side];
        let mut failures = 0;
        for stage in 0..SEARCHED[block.size] {
            if energy < lambda * 5.0 && (stage > 0 || ends_first) {
                break;
            }
            for (f, v) in fixed.iter_mut().zip(&left) {
                *f = v.round().clamp(-16000.0, 16000.0) as i16;
            }
            let tops = contexts.top_bits(block, stage, top).map(|bits| lambda * bits);
            let paths = &self.path_costs[block.size];
            let (leaf, product) = dispatch!(self.encoder.level, simd => simd.vectorize(
                #[inline(always)]
                || best_leaf(search, &fixed, paths, &tops)
            ));
            let mut chosen = (f32::INFINITY, 0u32);
            let nearest = (product.abs() / self.step + 0.5).floor().max(1.0) as u32;
            for magnitude in nearest.saturating_sub(1).max(1)..=nearest.min(30_000) {
                let gain = magnitude as f32 * self.step;
                let cost = gain * gain - 2.0 * gain * product.abs()
                    + lambda * contexts.level_bits(block, stage, before, magnitude);
                if cost < chosen.0 {
                    chosen = (cost, magnitude);
                }
            }
            let magnitude = chosen.1.max(1);
            let level = if product < 0.0 { -(magnitude as i16) } else { magnitude as i16 };
            let symbol = usize::from(search.tops[leaf]);
            rate += lambda * (contexts.level_bits(block, stage, before, magnitude) + 1.0)
                + paths[leaf]
                + tops[symbol];
            let scale = f32::from(level) * self.step * search.scales[leaf];
            energy = 0.0;
            let row = &search.rows[leaf * side * side..][..side * side];
            for (v, &r) in left.iter_mut().zip(row) {
                *v -= scale * f32::from(r);
                energy += *v * *v;
            }
            found.atoms.push(Atom { node: search.leaves[leaf], level });
            (before, top) = (magnitude as usize, symbol);
            if stage == 0 {
                found.top = symbol;
            }
            let total = energy + rate + lambda * contexts.level_bits(block, stage + 1, before, 0);
            if total < best.lagrangian {
                best = Block { lagrangian: total, ..found.clone() };
                failures = 0;
            } else {
                failures += 1;
                if failures > usize::from(self.encoder.effort > 4) {
                    break;
                }
            }
        }
        best
    }

    #[allow(clippy::too_many_arguments)] // The walk's state, and who listens.
    fn write_quad(
        &self,
        codes: &mut Codes,
        contexts: &mut Contexts,
        line: &mut Line,
        (x, y): (usize, usize),
        size: usize,
        quad: &Quad,
        seen: &mut dyn FnMut(&Seen<'_>),
    ) {
        let (cx, cy) = (x / 4, y % 16 / 4);
        if size > 0 {
            contexts.coder(Fallback::new()).shape(
                &mut codes.base,
                quad.shape,
                self.chroma,
                size,
                line.shapes(cx, cy, size),
            );
        }
        if quad.shape == 2 {
            let half = 2 << size;
            for (quarter, (dx, dy)) in
                quad.quarters.iter().zip([(0, 0), (half, 0), (0, half), (half, half)])
            {
                self.write_quad(codes, contexts, line, (x + dx, y + dy), size - 1, quarter, seen);
            }
            return;
        }
        if quad.shape == 1 {
            let set = set_index(self.chroma, size);
            let tree = &self.encoder.model.trees[set];
            let block = line.context(cx, cy, size, self.chroma);
            let places = self.encoder.model.places();
            let root = &places.nodes[places.roots[set] as usize];
            let paths: Vec<_> = quad.block.atoms.iter().map(|atom| tree.path(atom.node)).collect();
            let tops = quad.block.atoms.iter().zip(&paths);
            let tops: Vec<Atom> =
                tops.map(|(atom, (path, _))| Atom { node: path[0].into(), ..*atom }).collect();
            let mut coder = contexts.coder(Fallback::new());
            coder.atoms(&mut codes.base, root, &tops, &block, size == 0, |_| {});
            for (path, depth) in &paths {
                let mut at = root.first + u32::from(path[0]);
                for (step, &symbol) in path[..*depth].iter().enumerate().skip(1) {
                    let code = if step == 1 { &mut codes.second } else { &mut codes.deep };
                    at = coder.child(code, &places.nodes[at as usize], symbol.into());
                }
            }
            let mut left = self.samples((x, y), 4 << size);
            for &atom in &quad.block.atoms {
                seen(&Seen { set, atom, residual: &left });
                let scale =
                    f32::from(atom.level) * self.step * tree.reciprocals[atom.node as usize] as f32;
                for (v, &r) in left.iter_mut().zip(tree.vector(atom.node)) {
                    *v -= scale / (1 << 23) as f32 * f32::from(r);
                }
            }
        }
        line.note(cx, cy, size, noted(&quad.block, size));
    }
}

fn noted(block: &Block, size: usize) -> Cell {
    block.atoms.first().map_or(Cell::default(), |first| cell(size, first.level, block.top))
}

/// The leaf whose vector takes away most for its cost, and the product of its unit vector with `left`.
#[inline(always)]
fn best_leaf(search: &SearchTree, left: &[i16], paths: &[f32], tops: &[f32; 16]) -> (usize, f32) {
    match left.len() {
        16 => best_leaf_of::<16>(search, left, paths, tops),
        64 => best_leaf_of::<64>(search, left, paths, tops),
        _ => best_leaf_of::<256>(search, left, paths, tops),
    }
}

#[inline(always)]
fn best_leaf_of<const LEN: usize>(
    search: &SearchTree,
    left: &[i16],
    paths: &[f32],
    tops: &[f32; 16],
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
        let value = product * product - paths[leaf] - tops[usize::from(search.tops[leaf] & 15)];
        if value > best.0 {
            best = (value, leaf, product);
        }
    }
    (best.1, best.2)
}
