//! The `cluster` fit as `tintype train` runs it: rounds of collecting, clustering, refining.

use super::coded::{Coded, code_all, one_tile};
use super::options::{ClusterOptions, misuse};
use super::{Dendrogram, Shapes, agglomerate, arranged, condense, pruned};
use crate::cluster::arrange::bytes_from_vector;
use crate::random::Random;
use crate::{Fit, FitError, FitJob, Fitted, PictureList, Progress, joined};
use fearless_simd::Level;
use std::time::Instant;
use tintype_cluster::fitting::{
    AdaptiveNibble, SYMBOLS, header_for, residuals, set_index, symbols_used, table_group,
};
use tintype_cluster::{ClusterModel, SETS, Tree, side};
use tintype_codec::CodecError;
use tintype_model::Model;

/// Fits a `cluster` model.
#[derive(Clone, Copy, Debug)]
pub struct ClusterFit;

impl Fit for ClusterFit {
    fn describe(&self, model: &[u8]) -> Result<Vec<(&'static str, String)>, CodecError> {
        super::draw::describe(model)
    }

    fn fit(&self, job: FitJob<'_>) -> Result<Fitted, FitError> {
        let FitJob { pictures, request, on_progress } = job;
        let options = ClusterOptions::from_request(request)?;
        let list = pictures.thinned(request.pictures_max);
        let coded = list.thinned(options.coded);
        let passes = options.rounds * (options.refinements + 1);
        let mut shapes = first_shapes(&list, &options, on_progress)?;
        let mut model = None;
        let mut clustering_seconds = 0.0;
        let mut blocks = 0;
        for round in 0..options.rounds {
            let started = Instant::now();
            let trees = cluster_all(&shapes, &options, round, on_progress)?;
            clustering_seconds = f64::max(clustering_seconds, started.elapsed().as_secs_f64());
            blocks = blocks.max(shapes.iter().map(Shapes::count).sum());
            let mut own = ClusterModel::with_flat_tables(trees);
            for pass in 0..=options.refinements {
                let number = round * (options.refinements + 1) + pass;
                let coded_now = code_all(&coded, &own, &options, number, passes, on_progress)?;
                let started = with_counts(&own, &coded_now.counts);
                let bytes = started.to_bytes();
                own = ClusterModel::from_bytes(&bytes)?;
                if pass < options.refinements {
                    own = ClusterModel::with_tables(refined(&own.trees, &coded_now), own.start);
                }
                shapes = coded_now.shapes;
            }
            model = Some(own);
        }
        let model = model.ok_or_else(|| misuse("no round".into()))?;
        let bytes = model.to_bytes();
        let parameters = [
            ("leaves (luma 4, 8, 16, chroma 4, 8, 16)", joined(&options.leaves)),
            ("vectors clustered at most", joined(&options.vectors)),
            ("vectors clustered in the largest round", format!("{blocks} in {clustering_seconds:.1} s")),
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

/// Blocks of what the grids leave, those with the energy that some code vector would pay for.
fn first_shapes(
    list: &PictureList,
    options: &ClusterOptions,
    on_progress: &mut dyn FnMut(&Progress<'_>),
) -> Result<[Shapes; SETS], FitError> {
    let mut shapes: [Shapes; SETS] = std::array::from_fn(|set| Shapes::new(side(set) * side(set)));
    let mut random = Random::new(options.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for index in 0..list.len() {
        let planes = one_tile(list.read(index)?.planes);
        let step = options.steps[index % options.steps.len()];
        let header = header_for(&planes.shape, step, true);
        for ((kind, plane), &step) in residuals(&planes, &header, Level::new()).iter().zip(&header.steps)
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
                    let (x, y) = (random.below(across) * side, random.below(down) * side);
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
        on_progress(&Progress { stage: "taking blocks", done, objective: None });
    }
    Ok(shapes)
}

/// The trees of all sets.
fn cluster_all(
    shapes: &[Shapes; SETS],
    options: &ClusterOptions,
    round: usize,
    on_progress: &mut dyn FnMut(&Progress<'_>),
) -> Result<[Tree; SETS], FitError> {
    let share = 0.95 / options.rounds as f32;
    let mut trees: [Tree; SETS] = Default::default();
    for (set, tree) in trees.iter_mut().enumerate() {
        let stage = format!("clustering {} vectors of {} samples", shapes[set].count(), shapes[set].len);
        let done = 0.05 + share * (round as f32 + 0.3 * set as f32 / SETS as f32);
        on_progress(&Progress { stage: &stage, done, objective: None });
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

/// The model with starting tables after what was counted; rarely used tables borrow from their
/// group.
fn with_counts(model: &ClusterModel, counts: &[[u32; SYMBOLS]]) -> ClusterModel {
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
fn refined(trees: &[Tree; SETS], coded: &Coded) -> [Tree; SETS] {
    std::array::from_fn(|set| {
        let (tree, len) = (&trees[set], trees[set].side * trees[set].side);
        // What was coded, and the old vector as if it had been coded once.
        let mut sums = coded.sums[set].clone();
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
    use crate::FitRequest;
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
