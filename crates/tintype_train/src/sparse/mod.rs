//! Fits the model of the `sparse` codec to pictures of one domain.
//!
//! In: pictures. Out: model bytes as `tintype_sparse::SparseModel::from_bytes` reads them. The
//! same pictures in the same order with the same seed give the same bytes on one machine.
//! Memory is bounded by the number of blocks drawn.
//!
//! Rounds: blocks are drawn with the borders that a decoder would have (those of the originals
//! at first, of pictures coded with the model so far after that), clusters and dictionaries are
//! fitted, then pictures are coded in turn so that the contexts adapt.

mod blocks;
mod clusters;
mod dictionary;
mod fit;

pub use blocks::BlockSet;
pub use clusters::{ClusterFit, ClusterOptions, fit_clusters};
pub use dictionary::{Coded, Method, OnlineDictionary, ksvd_round};
pub use fit::SparseFit;

use blocks::Source;
use tintype_block::write_row;
use tintype_codec::Exec;
use tintype_codec::map_indexed;
use tintype_image::{Planes, Threads};
use tintype_model::{Model, ModelFile, ModelLimits};
use tintype_sparse::fitting::{Contexts, Header, Prepared, TileCoder, coded_planes, plane_plans};
use tintype_sparse::{BORDER_INPUTS, SETS, SparseModel};

/// What to fit; the six entries of each array are luma 8, 16, 32, chroma 8, 16, 32.
#[derive(Clone, Debug)]
pub struct SparseOptions {
    /// Clusters of each set.
    pub clusters: [usize; SETS],
    /// Atoms of each cluster's dictionary.
    pub atoms: [usize; SETS],
    /// Blocks drawn in all for each set.
    pub blocks: [usize; SETS],
    /// Quantiser step at which bits are weighted against error, in 8-bit sample units.
    pub step: f32,
    /// Rounds of choosing atoms and refitting them.
    pub rounds: usize,
    /// Times that borders are taken anew from coded pictures.
    pub passes: usize,
    /// How dictionaries are refitted.
    pub method: Method,
    /// Atoms are chosen by the LASSO in place of orthogonal matching pursuit while fitting.
    pub lasso: bool,
    /// Variance of the noise assumed on the border, squared 8-bit units.
    pub border_noise: f32,
    /// Steps at which pictures are coded in turn to adapt the contexts, in 8-bit sample units.
    pub context_steps: Vec<f32>,
    /// The most pictures coded to adapt contexts and to take borders from.
    pub coded_pictures: usize,
    /// Seed of the drawing of blocks.
    pub seed: u64,
    /// Threads; the result does not depend on it.
    pub threads: Threads,
}

impl Default for SparseOptions {
    fn default() -> Self {
        Self {
            clusters: [8, 8, 4, 2, 2, 1],
            atoms: [128, 160, 128, 48, 64, 64],
            blocks: [24_000, 20_000, 8_000, 10_000, 8_000, 3_000],
            step: 72.0,
            rounds: 8,
            passes: 2,
            method: Method::Ksvd,
            lasso: false,
            border_noise: 12.0,
            context_steps: vec![72.0, 110.0, 48.0, 90.0, 60.0, 140.0],
            coded_pictures: 600,
            seed: 1,
            threads: Threads::available(),
        }
    }
}

/// What a fit reports while it runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// Pass over borders.
    pub pass: usize,
    /// Set, 0 to 5.
    pub set: usize,
    /// Round of the fit.
    pub round: usize,
    /// Mean squared error plus weighted bits for each sample, squared 8-bit units.
    pub objective: f32,
}

fn step_number(step: f32) -> u8 {
    ((step * 16.0).log2() * 12.0).round().clamp(0.0, f32::from(Header::STEP_MAX)) as u8
}

fn header_at(step: f32) -> Header {
    Header { smoothing: 0, half_chroma: true, step_number: step_number(step), model_hash: None }
}

/// Fits a model; `on_progress` gets every round.
pub fn fit(
    pictures: &[Planes],
    options: &SparseOptions,
    mut on_progress: impl FnMut(Report),
) -> Vec<u8> {
    let header = header_at(options.step);
    let mut sources: Vec<Source> = pictures
        .iter()
        .map(|picture| {
            Source::of_original(coded_planes(picture, &header), &plane_plans(&picture.shape, &header))
        })
        .collect();
    let mut bytes = Vec::new();
    for pass in 0..options.passes.max(1) {
        if pass > 0 {
            take_coded_borders(&mut sources, pictures, &bytes, options);
        }
        bytes = fit_sets(&sources, options, |set, round, objective| {
            on_progress(Report { pass, set, round, objective })
        });
        bytes = adapt_contexts(&bytes, pictures, options);
    }
    bytes
}

/// Fits all sets to blocks of `sources`: model bytes without contexts.
fn fit_sets(
    sources: &[Source],
    options: &SparseOptions,
    mut on_progress: impl FnMut(usize, usize, f32),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    for set in 0..SETS {
        let blocks = BlockSet::draw(sources, set, options.blocks[set], options.seed + set as u64);
        let fit = ClusterOptions {
            clusters: options.clusters[set],
            atoms: options.atoms[set],
            rounds: options.rounds,
            step: options.step,
            area: if set % 3 == 2 { 4.0 } else { 1.0 },
            method: options.method,
            lasso: options.lasso,
            border_noise: options.border_noise,
            threads: options.threads,
        };
        let clusters = fit_clusters(&blocks, &fit, |round, value| on_progress(set, round, value));
        bytes.push(clusters.len() as u8);
        bytes.extend((options.atoms[set] as u16).to_le_bytes());
        for cluster in &clusters {
            debug_assert_eq!(cluster.predictor.len(), BORDER_INPUTS * blocks.cells);
            for row in cluster
                .predictor
                .chunks_exact(blocks.cells)
                .chain(cluster.atoms.chunks_exact(blocks.cells))
            {
                write_row(row, &mut bytes);
            }
        }
    }
    SparseModel::file_of(bytes).to_bytes()
}

/// Codes pictures and takes what a decoder would have as borders from then on.
fn take_coded_borders(
    sources: &mut [Source],
    pictures: &[Planes],
    model: &[u8],
    options: &SparseOptions,
) {
    let model = SparseModel::from_bytes(model).expect("a model that was just fitted");
    let prepared = Prepared::new(&model);
    let every = pictures.len().div_ceil(options.coded_pictures.max(1)).max(1);
    let chosen: Vec<usize> = (0..pictures.len()).step_by(every).collect();
    let states = map_indexed(options.threads, chosen.len(), |k| {
        let picture = &pictures[chosen[k]];
        let step = options.context_steps[k % options.context_steps.len().max(1)];
        let header = header_at(step);
        let planes = coded_planes(picture, &header);
        let plans = plane_plans(&picture.shape, &header);
        let level = Exec::default().level;
        let coder = TileCoder { model: &model, header: &header, level };
        coder.encode(&planes, &plans, &prepared, &mut Contexts::new(&model), 3).1
    });
    for (&index, states) in chosen.iter().zip(states) {
        sources[index].borders = states;
    }
}

/// Codes pictures in turn at the options' steps, contexts carried on from one to the next, and
/// returns `model` with the state they end in.
///
/// # Panics
/// If `model` is no model.
pub fn adapt_contexts(model: &[u8], pictures: &[Planes], options: &SparseOptions) -> Vec<u8> {
    let file = ModelFile::read(model, &ModelLimits::default()).expect("the file of a fitted model");
    let mut whole = SparseModel::from_file(&file).expect("a model that was just fitted");
    let body = file.payload().len() - whole.contexts.len();
    whole.contexts.clear();
    let prepared = Prepared::new(&whole);
    let mut contexts = Contexts::new(&whole);
    let every = pictures.len().div_ceil(options.coded_pictures.max(1)).max(1);
    for (picture, step) in pictures.iter().step_by(every).zip(options.context_steps.iter().cycle()) {
        let header = header_at(*step);
        let planes = coded_planes(picture, &header);
        let plans = plane_plans(&picture.shape, &header);
        let level = Exec::default().level;
        let coder = TileCoder { model: &whole, header: &header, level };
        coder.encode(&planes, &plans, &prepared, &mut contexts, 3);
    }
    let mut payload = file.payload()[..body].to_vec();
    payload.extend(contexts.set.to_bytes(6));
    SparseModel::file_of(payload).to_bytes()
}
