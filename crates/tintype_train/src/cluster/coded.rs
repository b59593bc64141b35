//! What coding pictures with the trees so far shows: which vectors were coded, what each node
//! was used for, how often each symbol came.

use super::Shapes;
use super::options::{ClusterOptions, misuse};
use crate::{FitError, PictureList, Progress};
use fearless_simd::Level;
use tintype_cluster::fitting::{CodedAtom, Contexts, SYMBOLS, TileEncoder, header_for};
use tintype_cluster::{ClusterModel, SETS, side};
use tintype_codec::map_indexed;
use tintype_image::{Planes, Region, Threads, planes_cropped};

/// What coding pictures with a model has shown.
pub struct Coded {
    /// Vectors that were coded, with their weights.
    pub shapes: [Shapes; SETS],
    /// Sum of what each node was used for, by tree: nodes × samples.
    pub sums: [Vec<f32>; SETS],
    /// How often each node was used.
    pub uses: [Vec<u32>; SETS],
    /// Symbols of each table.
    pub counts: Vec<[u32; SYMBOLS]>,
    /// Bytes of all sections.
    pub bytes: usize,
    /// Pixels coded.
    pub pixels: usize,
    /// Distortion and weighted bits, squared steps.
    pub cost: f64,
}

/// At most the middle 1024 × 1024 pixels: one tile.
pub fn one_tile(planes: Planes) -> Planes {
    let shape = &planes.shape;
    let (width, height) = (shape.width_px.min(1024), shape.height_px.min(1024));
    let region = Region {
        x: ((shape.width_px - width) / 2) & !15,
        y: ((shape.height_px - height) / 2) & !15,
        width,
        height,
    };
    planes_cropped(&planes, region).unwrap_or(planes)
}

/// Codes pictures and gathers what that shows.
///
/// # Errors
/// Those of reading pictures; `Misuse` without any.
pub fn code_all(
    list: &PictureList,
    model: &ClusterModel,
    options: &ClusterOptions,
    pass: usize,
    passes: usize,
    on_progress: &mut dyn FnMut(&Progress<'_>),
) -> Result<Coded, FitError> {
    let mut all: Option<Coded> = None;
    let threads = Threads::available();
    for start in (0..list.len()).step_by(threads.count()) {
        let count = threads.count().min(list.len() - start);
        let parts = map_indexed(threads, count, |i| -> Result<Coded, FitError> {
            let planes = one_tile(list.read(start + i)?.planes);
            let step = options.steps[(start + i + pass) % options.steps.len()];
            Ok(code_one(&planes, model, step, options, list.len()))
        });
        for part in parts {
            let part = part?;
            match &mut all {
                None => all = Some(part),
                Some(all) => all.add(part),
            }
        }
        let Some(all) = &all else { continue };
        let share = (start + count) as f32 / list.len() as f32;
        let round = (pass as f32 + 0.3 + 0.7 * share) / passes as f32;
        let objective = Some(("squared steps a pixel", (all.cost / all.pixels.max(1) as f64) as f32));
        on_progress(&Progress { stage: "coding pictures", done: 0.05 + 0.95 * round, objective });
    }
    all.ok_or_else(|| misuse("there is no picture to fit to".into()))
}

fn code_one(
    planes: &Planes,
    model: &ClusterModel,
    step: f32,
    options: &ClusterOptions,
    pictures: usize,
) -> Coded {
    let header = header_for(&planes.shape, step, true);
    let mut contexts = Contexts::new(&model.trees, &model.start);
    contexts.counts = Some(vec![[0; SYMBOLS]; model.start.len()]);
    let encoder = TileEncoder { model, header: &header, effort: 3, level: Level::new() };
    let mut atoms: [Vec<(Vec<f32>, f32)>; SETS] = Default::default();
    let mut sums: [Vec<f32>; SETS] =
        std::array::from_fn(|set| vec![0f32; model.trees[set].vectors.len()]);
    let mut uses: [Vec<u32>; SETS] = std::array::from_fn(|set| vec![0u32; model.trees[set].nodes.len()]);
    let coded = encoder.encode(planes, &mut contexts, &mut |coded: &CodedAtom<'_>| {
        let CodedAtom { set, atom, residual } = *coded;
        let (node, len) = (atom.node as usize, residual.len());
        let sign = f32::from(atom.level.signum());
        for (sum, v) in sums[set][node * len..][..len].iter_mut().zip(residual) {
            *sum += sign * v / (16.0 * step);
        }
        uses[set][node] += 1;
        atoms[set].push((residual.to_vec(), f32::from(atom.level.unsigned_abs())));
    });
    let mut shapes: [Shapes; SETS] = std::array::from_fn(|set| Shapes::new(side(set) * side(set)));
    for set in 0..SETS {
        let wanted = options.vectors[set].div_ceil(pictures);
        let len = atoms[set].len();
        for i in 0..len.min(wanted) {
            let (block, level) = &atoms[set][i * len / len.min(wanted)];
            shapes[set].add(block, level.min(6.0));
        }
    }
    Coded {
        shapes,
        sums,
        uses,
        counts: contexts.counts.unwrap_or_default(),
        bytes: coded.layers.iter().map(Vec::len).sum(),
        pixels: planes.shape.width_px * planes.shape.height_px,
        cost: coded.cost,
    }
}

impl Coded {
    fn add(&mut self, other: Self) {
        for set in 0..SETS {
            let (own, more) = (&mut self.shapes[set], &other.shapes[set]);
            own.rows.extend_from_slice(&more.rows);
            own.weights.extend_from_slice(&more.weights);
            own.gains.extend_from_slice(&more.gains);
            self.sums[set].iter_mut().zip(&other.sums[set]).for_each(|(a, b)| *a += b);
            self.uses[set].iter_mut().zip(&other.uses[set]).for_each(|(a, b)| *a += b);
        }
        for (own, more) in self.counts.iter_mut().zip(&other.counts) {
            own.iter_mut().zip(more).for_each(|(a, b)| *a += b);
        }
        self.bytes += other.bytes;
        self.pixels += other.pixels;
        self.cost += other.cost;
    }
}
