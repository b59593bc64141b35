//! Turns a pruned dendrogram into a tree with at most sixteen children a node, as the codec
//! walks it.

use super::{Dendrogram, Merge};
use tintype_cluster::fitting::SYMBOLS;
use tintype_cluster::{DEPTH_MAX, Tree};

/// The codec's tree for blocks of `side`, and for each of its nodes the dendrogram's node.
///
/// # Panics
/// If the dendrogram is a single leaf.
pub fn arranged(dendrogram: &Dendrogram, side: usize) -> (Tree, Vec<u32>) {
    let (children, order, depth) = fanned(dendrogram);
    if depth > DEPTH_MAX {
        return arranged(&balanced(dendrogram), side);
    }
    let vectors: Vec<i8> =
        order[1..].iter().flat_map(|&at| bytes_from_vector(dendrogram.sum(at as usize))).collect();
    (Tree::new(side, &children, &vectors).expect("a tree of at most sixteen children a node"), order)
}

/// Children of each node level by level, the dendrogram's nodes, and the depth.
fn fanned(dendrogram: &Dendrogram) -> (Vec<u8>, Vec<u32>, usize) {
    let count = dendrogram.weights.len();
    let mut leaves = vec![1u32; count];
    for at in 0..count {
        if let Some([a, b]) = dendrogram.children[at] {
            leaves[at] = leaves[a as usize] + leaves[b as usize];
        }
    }
    let mut order = vec![count as u32 - 1];
    let mut depths = vec![0usize];
    let mut children = Vec::new();
    let mut next = 0;
    while next < order.len() {
        let front = fan(dendrogram, order[next], &leaves);
        children.push(front.len() as u8);
        depths.extend(std::iter::repeat_n(depths[next] + 1, front.len()));
        order.extend(front);
        next += 1;
    }
    let depth = depths.last().copied().unwrap_or(0);
    (children, order, depth)
}

/// A dendrogram with the same leaves in the same order, halved again and again: for linkages
/// that make long chains.
fn balanced(dendrogram: &Dendrogram) -> Dendrogram {
    let mut leaves = Vec::new();
    let mut open = vec![dendrogram.weights.len() as u32 - 1];
    while let Some(at) = open.pop() {
        match dendrogram.children[at as usize] {
            Some([a, b]) => open.extend([b, a]),
            None => leaves.push(at as usize),
        }
    }
    let sums = leaves.iter().flat_map(|&at| dendrogram.sum(at).to_vec()).collect();
    let weights = leaves.iter().map(|&at| dendrogram.weights[at]).collect();
    let mut merges = Vec::new();
    halve(0, leaves.len(), leaves.len(), &mut merges);
    Dendrogram::new(dendrogram.len, sums, weights, &merges)
}

/// Merges the leaves `from..to`; returns the node.
fn halve(from: usize, to: usize, count: usize, merges: &mut Vec<Merge>) -> u32 {
    if to - from == 1 {
        return from as u32;
    }
    let middle = (from + to) / 2;
    let (a, b) = (halve(from, middle, count, merges), halve(middle, to, count, merges));
    merges.push(Merge { a, b, height: 0.0 });
    (count + merges.len() - 1) as u32
}

/// The nodes that become children of `at`: the node with most leaves is opened until there are
/// sixteen.
fn fan(dendrogram: &Dendrogram, at: u32, leaves: &[u32]) -> Vec<u32> {
    let Some(first) = dendrogram.children[at as usize] else { return Vec::new() };
    let mut front = first.to_vec();
    while front.len() < SYMBOLS {
        let open = (0..front.len())
            .filter(|&i| dendrogram.children[front[i] as usize].is_some())
            .max_by_key(|&i| (leaves[front[i] as usize], std::cmp::Reverse(i)));
        let Some(open) = open else { break };
        let Some([a, b]) = dendrogram.children[front[open] as usize] else { break };
        front[open] = a;
        front.insert(open + 1, b);
    }
    front
}

/// A vector as signed bytes, its largest at 127.
pub fn bytes_from_vector(vector: &[f32]) -> impl Iterator<Item = i8> + '_ {
    let largest = vector.iter().fold(1e-20f32, |m, v| m.max(v.abs()));
    vector.iter().map(move |v| (v / largest * 127.0).round() as i8)
}
