//! The `cluster` fit as `tintype train` runs it: rounds of collecting, clustering, refining.

use super::{Dendrogram, Distance, Linkage, Shapes, agglomerate, arranged, condense, pruned};
use crate::cluster::arrange::bytes_from_vector;
use crate::{Fit, FitError, FitJob, FitRequest, Fitted, PictureList, Progress, joined};
use fearless_simd::Level;
use std::time::Instant;
use tintype_cluster::fitting::{
    AdaptiveNibble, Contexts, SYMBOLS, Seen, TileEncoder, header_for, residuals, set_index,
    symbols_used, table_group,
};
use tintype_cluster::{ClusterModel, SETS, Tree, side};
use tintype_codec::{CodecError, map_indexed};
use tintype_image::{Planes, Region, Threads, planes_cropped};

/// Fits a `cluster` model.
#[derive(Clone, Copy, Debug)]
pub struct ClusterFit;

/// What to fit; arrays are luma 4, 8, 16, chroma 4, 8, 16.
#[derive(Clone, Debug)]
pub struct ClusterOptions {
    /// Leaves of each tree.
    pub leaves: [usize; SETS],
    /// Vectors clustered at most, for each tree.
    pub vectors: [usize; SETS],
    /// Groups that vectors are condensed to, for each leaf.
    pub groups_per_leaf: usize,
    /// Rounds of clustering; from the second on, what the coder with the trees so far codes.
    pub rounds: usize,
    /// Rounds of refinement after each clustering.
    pub refinements: usize,
    /// Pictures coded in each round.
    pub coded: usize,
    /// Luma steps, 8-bit units, that coded pictures take in turn.
    pub steps: Vec<f32>,
    /// By what vectors are compared.
    pub distance: Distance,
    /// How near clusters are.
    pub linkage: Linkage,
    /// Seed of all that is drawn.
    pub seed: u64,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            leaves: [512, 2048, 512, 256, 512, 64],
            vectors: [60_000, 200_000, 60_000, 30_000, 80_000, 20_000],
            groups_per_leaf: 3,
            rounds: 2,
            refinements: 3,
            coded: 200,
            steps: vec![32.0, 72.0, 48.0, 110.0, 24.0],
            distance: Distance::Cosine,
            linkage: Linkage::Ward,
            seed: 1,
        }
    }
}

impl ClusterOptions {
    fn from_request(request: &FitRequest) -> Result<Self, FitError> {
        request.check_settings(&[
            "leaves",
            "vectors",
            "groups",
            "rounds",
            "refinements",
            "coded",
            "steps",
            "distance",
            "linkage",
        ])?;
        let own = Self { seed: request.seed, ..Self::default() };
        let distance = match request.setting("distance", "cosine".to_string())?.as_str() {
            "cosine" => Distance::Cosine,
            "euclidean" => Distance::Euclidean,
            "hamming" => Distance::Hamming,
            other => {
                return Err(misuse(format!(
                    "distance {other}: there are cosine, euclidean and hamming"
                )));
            }
        };
        let linkage = match request.setting("linkage", "ward".to_string())?.as_str() {
            "ward" => Linkage::Ward,
            "average" => Linkage::Average,
            other => return Err(misuse(format!("linkage {other}: there are ward and average"))),
        };
        let options = Self {
            leaves: request.numbers("leaves", own.leaves)?,
            vectors: request.numbers("vectors", own.vectors)?,
            groups_per_leaf: request.setting("groups", own.groups_per_leaf)?.clamp(1, 20),
            rounds: request.setting("rounds", own.rounds)?.clamp(1, 20),
            refinements: request.setting("refinements", own.refinements)?.min(50),
            coded: request.setting("coded", own.coded)?.max(1),
            steps: steps(request, &own.steps)?,
            distance,
            linkage,
            seed: own.seed,
        };
        if options.leaves.iter().any(|l| !(2..=16_000).contains(l))
            || options.steps.iter().any(|s| !(1.0..=2000.0).contains(s))
        {
            return Err(misuse("2 to 16000 leaves and steps of 1 to 2000 are possible".into()));
        }
        Ok(options)
    }
}

fn misuse(what: String) -> FitError {
    FitError::Misuse { what }
}

/// Luma steps, separated by commas.
fn steps(request: &FitRequest, default: &[f32]) -> Result<Vec<f32>, FitError> {
    let text = request.setting("steps", joined(default))?;
    let values: Result<Vec<f32>, _> = text.split(',').map(|n| n.trim().parse()).collect();
    let values = values.ok().filter(|values| !values.is_empty());
    values.ok_or_else(|| misuse(format!("setting steps: `{text}` are no numbers")))
}

/// What coding pictures with a model has shown.
struct Coded {
    /// Vectors that were coded, with their weights.
    shapes: [Shapes; SETS],
    /// Sum of what each node was used for, by tree: nodes × samples.
    sums: [Vec<f32>; SETS],
    /// How often each node was used.
    uses: [Vec<u32>; SETS],
    /// Symbols of each table.
    counts: Vec<[u32; SYMBOLS]>,
    bytes: usize,
    pixels: usize,
    cost: f64,
}

impl Fit for ClusterFit {
    fn describe(&self, model: &[u8]) -> Result<Vec<(&'static str, String)>, CodecError> {
        super::draw::describe(model)
    }

    fn fit(&self, job: FitJob<'_>) -> Result<Fitted, FitError> {
        let FitJob { pictures, request, on_progress: report } = job;
        let options = ClusterOptions::from_request(request)?;
        let list = pictures.thinned(request.pictures_max);
        let coded = list.thinned(options.coded);
        let passes = options.rounds * (options.refinements + 1);
        let mut shapes = first_shapes(&list, &options, report)?;
        let mut model = None;
        let mut clustering_seconds = 0.0;
        let mut blocks = 0;
        for round in 0..options.rounds {
            let started = Instant::now();
            let trees = cluster_all(&shapes, &options, round, report)?;
            clustering_seconds = f64::max(clustering_seconds, started.elapsed().as_secs_f64());
            blocks = blocks.max(shapes.iter().map(Shapes::count).sum());
            let mut own = ClusterModel::untaught(trees);
            for pass in 0..=options.refinements {
                let number = round * (options.refinements + 1) + pass;
                let seen = code_all(&coded, &own, &options, number, passes, report)?;
                let taught = taught(&own, &seen.counts);
                let bytes = taught.to_bytes();
                own = ClusterModel::from_bytes(&bytes)?;
                if pass < options.refinements {
                    own = ClusterModel::with_tables(refined(&own.trees, &seen), own.start);
                }
                shapes = seen.shapes;
            }
            model = Some(own);
        }
        let model = model.ok_or_else(|| misuse("no round".into()))?;
        let bytes = model.to_bytes();
        let parameters = [
            ("leaves (luma 4, 8, 16, chroma 4, 8, 16)", joined(&options.leaves)),
            ("vectors clustered at most", joined(&options.vectors)),
            (
                "vectors clustered in the largest round",
                format!("{blocks} in {clustering_seconds:.1} s"),
            ),
            (
                "distance and linkage",
                format!("{:?}, {:?}", options.distance, options.linkage).to_lowercase(),
            ),
            ("rounds, refinements of each", format!("{}, {}", options.rounds, options.refinements)),
            ("pictures blocks were first taken from", list.len().to_string()),
            ("pictures coded in each round", coded.len().to_string()),
        ];
        Ok(Fitted {
            bytes,
            parameters: parameters.map(|(name, value)| (name.to_string(), value)).to_vec(),
        })
    }
}

/// At most the middle 1024 × 1024 pixels: one tile.
fn one_tile(planes: Planes) -> Planes {
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

/// Blocks of what the grids leave, those with the energy that some code vector would pay for.
fn first_shapes(
    list: &PictureList,
    options: &ClusterOptions,
    report: &mut dyn FnMut(&Progress<'_>),
) -> Result<[Shapes; SETS], FitError> {
    let mut shapes: [Shapes; SETS] = std::array::from_fn(|set| Shapes::new(side(set) * side(set)));
    let mut state = options.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut draw = |bound: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((state >> 33) as usize * bound) >> 31
    };
    for index in 0..list.len() {
        let planes = one_tile(list.read(index)?.planes);
        let step = options.steps[index % options.steps.len()];
        let header = header_for(&planes.shape, step, true);
        for ((kind, plane), &step) in
            residuals(&planes, &header, Level::new()).iter().zip(&header.steps)
        {
            for size in 0..3 {
                let set = set_index(kind.chroma, size);
                let (side, wanted) = (
                    4 << size,
                    options.vectors[set].div_ceil(list.len()) / if kind.chroma { 2 } else { 1 },
                );
                let (across, down) = (plane.width() / side, plane.height() / side);
                let mut kept = 0;
                for _ in 0..wanted * 8 {
                    let (x, y) = (draw(across) * side, draw(down) * side);
                    let block: Vec<f32> = (y..y + side)
                        .flat_map(|row| plane.row(row)[x..][..side].iter().map(|&v| f32::from(v)))
                        .collect();
                    let ratio = block.iter().map(|v| v * v).sum::<f32>().sqrt() / f32::from(step);
                    if ratio > 1.2 {
                        shapes[set].add(&block, ratio.min(6.0));
                        kept += 1;
                    }
                    if kept == wanted {
                        break;
                    }
                }
            }
        }
        let done = 0.05 * index as f32 / list.len() as f32;
        report(&Progress { stage: "taking blocks", done, objective: None });
    }
    Ok(shapes)
}

/// The trees of all sets.
fn cluster_all(
    shapes: &[Shapes; SETS],
    options: &ClusterOptions,
    round: usize,
    report: &mut dyn FnMut(&Progress<'_>),
) -> Result<[Tree; SETS], FitError> {
    let share = 0.95 / options.rounds as f32;
    let mut trees: [Tree; SETS] = Default::default();
    for (set, tree) in trees.iter_mut().enumerate() {
        let stage =
            format!("clustering {} vectors of {} samples", shapes[set].count(), shapes[set].len);
        let done = 0.05 + share * (round as f32 + 0.3 * set as f32 / SETS as f32);
        report(&Progress { stage: &stage, done, objective: None });
        *tree = cluster_one(&shapes[set], options, set)?;
    }
    Ok(trees)
}

/// One tree: condense, agglomerate, prune, arrange.
fn cluster_one(shapes: &Shapes, options: &ClusterOptions, set: usize) -> Result<Tree, FitError> {
    let len = shapes.len;
    let features = shapes.features(options.distance);
    let groups = (options.leaves[set] * options.groups_per_leaf).min(shapes.count());
    let level = Level::new();
    let owner = condense(&features, len, &shapes.weights, groups, level);
    let count = owner.iter().max().map_or(0, |&m| m as usize + 1);
    if count < 2 {
        return slopes(side(set));
    }
    let mut weights = vec![0f32; count];
    let (mut centres, mut sums) = (vec![0f32; count * len], vec![0f32; count * len]);
    for (index, &group) in owner.iter().enumerate() {
        let (group, weight) = (group as usize, shapes.weights[index]);
        weights[group] += weight;
        let own = features[index * len..][..len].iter().zip(shapes.row(index));
        let into = centres[group * len..][..len].iter_mut().zip(&mut sums[group * len..][..len]);
        for ((centre, sum), (feature, sample)) in into.zip(own) {
            *centre += weight * feature;
            *sum += weight * sample;
        }
    }
    for (centre, weight) in centres.chunks_exact_mut(len).zip(&weights) {
        centre.iter_mut().for_each(|v| *v /= weight);
    }
    let mut variances = vec![0f32; count];
    for (index, &group) in owner.iter().enumerate() {
        let centre = &centres[group as usize * len..][..len];
        let own = features[index * len..][..len]
            .iter()
            .zip(centre)
            .map(|(a, b)| (a - b) * (a - b))
            .sum::<f32>();
        variances[group as usize] += own * shapes.weights[index] / weights[group as usize];
    }
    let merges = agglomerate(&centres, len, &weights, &variances, options.linkage, level, |_| {});
    let dendrogram = pruned(Dendrogram::new(len, sums, weights, &merges), options.leaves[set]);
    Ok(arranged(&dendrogram, side(set)).0)
}

/// A tree of two plain slopes, for pictures without colour or without detail.
fn slopes(side: usize) -> Result<Tree, FitError> {
    let slope = |i: usize| (((i % side) * 2 + 1) as i8 - side as i8) * 7;
    let vectors: Vec<i8> =
        (0..side * side).map(slope).chain((0..side * side).map(|i| slope(i / side))).collect();
    Ok(Tree::new(side, &[2, 0, 0], &vectors)?)
}

/// Codes pictures and gathers what is seen.
fn code_all(
    list: &PictureList,
    model: &ClusterModel,
    options: &ClusterOptions,
    pass: usize,
    passes: usize,
    report: &mut dyn FnMut(&Progress<'_>),
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
        let objective =
            Some(("squared steps a pixel", (all.cost / all.pixels.max(1) as f64) as f32));
        report(&Progress { stage: "coding pictures", done: 0.05 + 0.95 * round, objective });
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
    let mut seen: [Vec<(Vec<f32>, f32)>; SETS] = Default::default();
    let mut sums: [Vec<f32>; SETS] =
        std::array::from_fn(|set| vec![0f32; model.trees[set].vectors.len()]);
    let mut uses: [Vec<u32>; SETS] =
        std::array::from_fn(|set| vec![0u32; model.trees[set].nodes.len()]);
    let coded = encoder.encode(planes, &mut contexts, &mut |s: &Seen<'_>| {
        let len = s.residual.len();
        let sign = f32::from(s.atom.level.signum());
        for (sum, v) in sums[s.set][s.atom.node as usize * len..][..len].iter_mut().zip(s.residual)
        {
            *sum += sign * v / (16.0 * step);
        }
        uses[s.set][s.atom.node as usize] += 1;
        seen[s.set].push((s.residual.to_vec(), f32::from(s.atom.level.unsigned_abs())));
    });
    let mut shapes: [Shapes; SETS] = std::array::from_fn(|set| Shapes::new(side(set) * side(set)));
    for set in 0..SETS {
        let wanted = options.vectors[set].div_ceil(pictures);
        let len = seen[set].len();
        for i in 0..len.min(wanted) {
            let (block, level) = &seen[set][i * len / len.min(wanted)];
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

/// The model with tables that expect what was counted; tables seldom used borrow from their group.
fn taught(model: &ClusterModel, counts: &[[u32; SYMBOLS]]) -> ClusterModel {
    let mut groups: std::collections::BTreeMap<usize, [u64; SYMBOLS]> = Default::default();
    for (table, own) in counts.iter().enumerate() {
        let group = groups.entry(table_group(table)).or_default();
        group.iter_mut().zip(own).for_each(|(a, &b)| *a += u64::from(b));
    }
    let start = counts.iter().enumerate().map(|(table, own)| {
        let group = groups[&table_group(table)];
        let sum: u64 = group.iter().sum::<u64>().max(1);
        let blended: [u32; SYMBOLS] =
            std::array::from_fn(|s| own[s] * 64 + (group[s] * 64 * 24 / sum) as u32);
        AdaptiveNibble::from_counts(&blended, symbols_used(&model.trees, table))
    });
    ClusterModel::with_tables(model.trees.clone(), start.collect())
}

/// Trees of the same form whose code vectors are the means of what they were used for.
fn refined(trees: &[Tree; SETS], seen: &Coded) -> [Tree; SETS] {
    std::array::from_fn(|set| {
        let (tree, len) = (&trees[set], trees[set].side * trees[set].side);
        // What was seen, and the old vector as if it had been seen once.
        let mut sums = seen.sums[set].clone();
        for node in tree.leaves() {
            let scale = tree.reciprocals[node as usize] as f32 / (1 << 23) as f32;
            for (sum, &v) in sums[node as usize * len..][..len].iter_mut().zip(tree.vector(node)) {
                *sum += f32::from(v) * scale;
            }
        }
        // Children stand after their parents.
        for node in (1..tree.nodes.len()).rev() {
            let parent = tree.nodes[node].parent as usize;
            let (above, own) = sums.split_at_mut(node * len);
            above[parent * len..][..len].iter_mut().zip(&own[..len]).for_each(|(a, b)| *a += b);
        }
        let children: Vec<u8> = tree.nodes.iter().map(|n| n.children).collect();
        let vectors: Vec<i8> = sums[len..]
            .chunks_exact(len)
            .flat_map(|sum| bytes_from_vector(sum).collect::<Vec<_>>())
            .collect();
        Tree::new(tree.side, &children, &vectors).unwrap_or_else(|_| tree.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn photos() -> PictureList {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pictures");
        PictureList::new(vec![folder.join("photo_a.png"), folder.join("photo_b.png")])
    }

    fn request(settings: &[(&str, &str)]) -> FitRequest {
        let settings = settings.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
        FitRequest { settings, ..FitRequest::default() }
    }

    #[test]
    fn the_same_pictures_give_the_same_model() {
        let small = [
            ("leaves", "12,20,9,6,40,3"),
            ("vectors", "300,400,100,100,200,60"),
            ("rounds", "2"),
            ("refinements", "1"),
        ];
        for extra in [("distance", "cosine"), ("distance", "hamming"), ("linkage", "average")] {
            let request = request(&[&small[..], &[extra]].concat());
            let mut last = 0.0;
            let pictures = photos();
            let mut fit = || {
                ClusterFit.fit(FitJob::new(&pictures, &request, &mut |progress| {
                    assert!((0.0..=1.0).contains(&progress.done));
                    last = progress.done;
                }))
            };
            let first = fit().unwrap();
            assert_eq!(first.bytes, fit().unwrap().bytes, "{extra:?}");
            assert!(last > 0.9);
            let model = ClusterModel::from_bytes(&first.bytes).unwrap();
            assert!(model.trees[1].leaves().count() <= 20);
        }
    }

    #[test]
    fn wrong_settings_are_refused() {
        for (name, value) in [
            ("leaves", "1,2"),
            ("leaves", "1,2,3,4,5,0"),
            ("distance", "far"),
            ("linkage", "single"),
            ("what", "1"),
        ] {
            let (pictures, request) = (photos(), request(&[(name, value)]));
            let result = ClusterFit.fit(FitJob::new(&pictures, &request, &mut |_| {}));
            assert!(matches!(result, Err(FitError::Misuse { .. })), "{name}={value}");
        }
    }
}
