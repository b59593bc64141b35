//! Clusters of blocks: for each a predictor from the border and a dictionary of what the
//! predictor leaves, fitted by turns.
//!
//! In: blocks with borders. Out: clusters. A round gives each block to the cluster that codes
//! it at the least error plus weighted bits, then refits each cluster's predictor by least
//! squares and its dictionary to its blocks. Not bit-exact.

use super::blocks::BlockSet;
use super::dictionary::{Coded, Method, OnlineDictionary, add, dot, ksvd_round, normalise};
use crate::pieces::{Basis, PieceOptions, Rows, fit_pieces};
use crate::random::Random;
use nalgebra::DMatrix;
use tintype_codec::map_indexed;
use tintype_image::Threads;
use tintype_sparse::BORDER_INPUTS;
use tintype_sparse::fitting::{Batch, Pursuit};

/// Weight of a bit in squared steps, as in the codec.
const LAMBDA: f32 = 0.13;
/// Blocks coded by one work item.
const CHUNK: usize = 256;

/// What to fit.
#[derive(Clone, Copy, Debug)]
pub struct ClusterOptions {
    /// Number of clusters.
    pub clusters: usize,
    /// Atoms of each.
    pub atoms: usize,
    /// Rounds.
    pub rounds: usize,
    /// Quantiser step at which bits are weighted against error, in 8-bit sample units.
    pub step: f32,
    /// Samples that one value of the grid stands for.
    pub area: f32,
    /// How dictionaries are refitted.
    pub method: Method,
    /// Atoms chosen by the LASSO.
    pub lasso: bool,
    /// Variance of noise assumed on the border.
    pub border_noise: f32,
    /// Threads; the result does not depend on it.
    pub threads: Threads,
}

/// One cluster in float.
#[derive(Clone, Debug)]
pub struct ClusterFit {
    /// `BORDER_INPUTS × cells`.
    pub predictor: Vec<f32>,
    /// `atoms × cells`, by falling use.
    pub atoms: Vec<f32>,
    /// How often each atom is used by a block that uses any.
    pub uses: Vec<f32>,
    /// Share of the blocks.
    pub share: f32,
}

/// What one block came to.
struct Chosen {
    cluster: usize,
    code: Coded,
    cost: f32,
}

/// Fits; `on_progress` gets the round and the mean cost a sample.
pub fn fit_clusters(
    set: &BlockSet,
    options: &ClusterOptions,
    mut on_progress: impl FnMut(usize, f32),
) -> Vec<ClusterFit> {
    let mut clusters = first_clusters(set, options);
    let mut online: Vec<OnlineDictionary> =
        clusters.iter().map(|_| OnlineDictionary::new(options.atoms, set.cells)).collect();
    for round in 0..options.rounds.max(1) {
        let mut chosen = assign(set, &clusters, options);
        let total: f64 = chosen.iter().map(|c| f64::from(c.cost)).sum();
        on_progress(round, (total / (set.blocks.len().max(1) as f64)) as f32);
        for (number, (cluster, online)) in clusters.iter_mut().zip(&mut online).enumerate() {
            refit(set, number, cluster, online, &mut chosen, options);
        }
    }
    // The use of atoms as they are now, and their order.
    let chosen = assign(set, &clusters, options);
    for (number, cluster) in clusters.iter_mut().enumerate() {
        count_uses(number, cluster, &chosen);
        let mut order: Vec<usize> = (0..options.atoms).collect();
        order.sort_by(|&a, &b| cluster.uses[b].total_cmp(&cluster.uses[a]));
        let atoms =
            order.iter().flat_map(|&a| cluster.atoms[a * set.cells..][..set.cells].to_vec()).collect();
        cluster.uses = order.iter().map(|&a| cluster.uses[a]).collect();
        cluster.atoms = atoms;
    }
    clusters.sort_by(|a, b| b.share.total_cmp(&a.share));
    clusters
}

/// Starts from affine pieces: their predictors, their leading axes, and blocks drawn at random
/// for the other atoms.
fn first_clusters(set: &BlockSet, options: &ClusterOptions) -> Vec<ClusterFit> {
    let rows = |len: usize, values: &[f32]| Rows { len, values: values.to_vec() };
    let pieces = PieceOptions {
        basis: Basis::Klt,
        pieces: options.clusters,
        kept: (options.atoms / 2).min(set.cells / 2).max(1),
        rounds: 4,
        step: options.step / 2.0,
        border_noise: options.border_noise,
    };
    let pieces = fit_pieces(
        &rows(BORDER_INPUTS, &set.borders),
        &rows(set.cells, &set.blocks),
        &pieces,
        |_, _| {},
    );
    let mut random = Random::new(options.atoms as u64 + 99);
    let mut out = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let mut atoms = piece.basis.clone();
        while atoms.len() < options.atoms * set.cells {
            let block = random.below(set.count().max(1));
            let mut rest = rest_of(set, block, &piece.predictor);
            normalise(&mut rest);
            atoms.extend(rest);
        }
        atoms.truncate(options.atoms * set.cells);
        let uses = vec![0.05; options.atoms];
        out.push(ClusterFit { predictor: piece.predictor, atoms, uses, share: piece.share });
    }
    out
}

/// What `predictor` leaves of block `index`.
fn rest_of(set: &BlockSet, index: usize, predictor: &[f32]) -> Vec<f32> {
    let mut rest = set.blocks[index * set.cells..][..set.cells].to_vec();
    let border = &set.borders[index * BORDER_INPUTS..][..BORDER_INPUTS];
    for (&input, row) in border.iter().zip(predictor.chunks_exact(set.cells)) {
        add(&mut rest, row, -input);
    }
    rest
}

/// The cheapest cluster and atoms of every block.
fn assign(set: &BlockSet, clusters: &[ClusterFit], options: &ClusterOptions) -> Vec<Chosen> {
    let lambda = LAMBDA * options.step * options.step / options.area;
    let prepared: Vec<(Batch, Vec<f32>, f32)> = clusters
        .iter()
        .map(|cluster| {
            let prices = cluster.uses.iter().map(|&u| -lambda * u.max(5e-4).log2()).collect();
            (Batch::new(&cluster.atoms, set.cells), prices, -lambda * cluster.share.max(4e-3).log2())
        })
        .collect();
    let chunks = set.count().div_ceil(CHUNK);
    let parts = map_indexed(options.threads, chunks, |chunk| {
        let range = chunk * CHUNK..((chunk + 1) * CHUNK).min(set.count());
        range
            .map(|block| assign_one(set, block, clusters, &prepared, lambda, options))
            .collect::<Vec<_>>()
    });
    parts.into_iter().flatten().collect()
}

fn assign_one(
    set: &BlockSet,
    block: usize,
    clusters: &[ClusterFit],
    prepared: &[(Batch, Vec<f32>, f32)],
    lambda: f32,
    options: &ClusterOptions,
) -> Chosen {
    let mut rests: Vec<(f32, usize, Vec<f32>)> = clusters
        .iter()
        .enumerate()
        .map(|(number, cluster)| {
            let rest = rest_of(set, block, &cluster.predictor);
            (dot(&rest, &rest), number, rest)
        })
        .collect();
    rests.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut best = Chosen { cluster: rests[0].1, code: Vec::new(), cost: f32::INFINITY };
    for (energy, number, rest) in rests.iter().take(5) {
        let (batch, prices, own) = &prepared[*number];
        let mut correlations = vec![0f32; batch.atoms];
        batch.correlations(rest, &mut correlations);
        // About two bits for a weight and its sign.
        let pursuit = if options.lasso {
            Pursuit::Lasso { penalty: 0.5 * options.step, terms_max: 24 }
        } else {
            Pursuit::Orthogonal { price: 2.5 * lambda, terms_max: 24 }
        };
        let code = batch.pursue(pursuit, &correlations, prices);
        let noise = options.step * options.step / 12.0 / options.area;
        let bits: f32 = code.iter().map(|&(atom, _)| prices[atom] + 2.5 * lambda + noise).sum();
        let cost = own + bits + batch.error(*energy, &code, &correlations);
        if cost < best.cost {
            best = Chosen { cluster: *number, code, cost };
        }
    }
    best
}

fn refit(
    set: &BlockSet,
    number: usize,
    cluster: &mut ClusterFit,
    online: &mut OnlineDictionary,
    chosen: &mut [Chosen],
    options: &ClusterOptions,
) {
    let members: Vec<usize> = (0..chosen.len()).filter(|&i| chosen[i].cluster == number).collect();
    cluster.share = members.len() as f32 / chosen.len().max(1) as f32;
    if members.len() < 4 * BORDER_INPUTS {
        return;
    }
    count_uses(number, cluster, chosen);
    refit_predictor(set, &members, cluster, chosen, options.border_noise);
    let mut targets = Vec::with_capacity(members.len() * set.cells);
    let mut codes: Vec<Coded> = Vec::with_capacity(members.len());
    for &member in &members {
        targets.extend(rest_of(set, member, &cluster.predictor));
        codes.push(std::mem::take(&mut chosen[member].code));
    }
    match options.method {
        Method::Ksvd => ksvd_round(&mut cluster.atoms, set.cells, &targets, &mut codes),
        Method::Online => online.learn(&mut cluster.atoms, &targets, &codes, 0.3),
    }
}

/// Least squares from borders to what the atoms leave of the blocks.
fn refit_predictor(
    set: &BlockSet,
    members: &[usize],
    cluster: &mut ClusterFit,
    chosen: &[Chosen],
    noise: f32,
) {
    let input = DMatrix::from_fn(members.len(), BORDER_INPUTS, |r, c| {
        set.borders[members[r] * BORDER_INPUTS + c]
    });
    let mut values = Vec::with_capacity(members.len() * set.cells);
    for &member in members {
        let mut block = set.blocks[member * set.cells..][..set.cells].to_vec();
        for &(atom, weight) in &chosen[member].code {
            add(&mut block, &cluster.atoms[atom * set.cells..][..set.cells], -weight);
        }
        values.extend(block);
    }
    let output = DMatrix::from_row_slice(members.len(), set.cells, &values);
    let mut normal = input.tr_mul(&input);
    for i in 0..BORDER_INPUTS {
        normal[(i, i)] += members.len() as f32 * noise + 1e-3;
    }
    let Some(factor) = normal.cholesky() else { return };
    let predictor = factor.solve(&input.tr_mul(&output));
    for (r, row) in cluster.predictor.chunks_exact_mut(set.cells).enumerate() {
        row.iter_mut().enumerate().for_each(|(c, v)| *v = predictor[(r, c)]);
    }
}

fn count_uses(number: usize, cluster: &mut ClusterFit, chosen: &[Chosen]) {
    let mut counts = vec![0.2f32; cluster.uses.len()];
    let mut blocks = 2.0;
    for code in chosen.iter().filter(|c| c.cluster == number && !c.code.is_empty()).map(|c| &c.code) {
        blocks += 1.0;
        code.iter().for_each(|&(atom, _)| counts[atom] += 1.0);
    }
    cluster.uses = counts.iter().map(|c| c / blocks).collect();
}
