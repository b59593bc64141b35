//! Prunes a dendrogram to the wanted number of leaves by the generalised BFOS algorithm.
//!
//! In: merges, and the weighted sums of unit vectors of the rows below. Out: which nodes are
//! left. A node's distortion is the squared error of its members against its code vector, its
//! rate the ideal code length of reaching it; again and again the branch is cut whose
//! distortion grows least for the rate it saves.
//!
//! Source: Breiman, Friedman, Olshen and Stone 1984; Chou, Lookabaugh and Gray 1989.

use super::Merge;

/// A binary tree over clusters: `count` rows first, then one node for each merge; the last is
/// the root.
#[derive(Clone, Debug)]
pub struct Dendrogram {
    /// Values of a vector.
    pub len: usize,
    /// Sum of weighted unit vectors of each node.
    pub sums: Vec<f32>,
    /// Weight of each node.
    pub weights: Vec<f32>,
    /// The two nodes below, or none.
    pub children: Vec<Option<[u32; 2]>>,
}

impl Dendrogram {
    /// From the rows' sums and weights, and the merges.
    pub fn new(len: usize, sums: Vec<f32>, weights: Vec<f32>, merges: &[Merge]) -> Self {
        let mut own = Self { len, children: vec![None; weights.len()], sums, weights };
        for merge in merges {
            let (a, b) = (merge.a as usize, merge.b as usize);
            for i in 0..len {
                own.sums.push(own.sums[a * len + i] + own.sums[b * len + i]);
            }
            own.weights.push(own.weights[a] + own.weights[b]);
            own.children.push(Some([merge.a, merge.b]));
        }
        own
    }

    /// The sum of node `at`.
    pub fn sum(&self, at: usize) -> &[f32] {
        &self.sums[at * self.len..][..self.len]
    }

    /// Squared error of the node's unit vectors against their mean's projections: weight less
    /// the energy explained.
    fn distortion(&self, at: usize) -> f64 {
        let squares: f64 = self.sum(at).iter().map(|&v| f64::from(v) * f64::from(v)).sum();
        let weight = f64::from(self.weights[at]).max(1e-20);
        (weight - squares / weight).max(0.0)
    }
}

/// What cutting a branch at a node would mean.
#[derive(Clone, Copy, Default)]
struct Branch {
    /// Distortion and rate of the leaves below.
    distortion: f64,
    rate: f64,
    leaves: u32,
    /// Least slope of any node in the branch, and that node.
    slope: f64,
    at: u32,
}

/// Cuts branches until at most `leaves` are left, but never the root; the same tree with `None`
/// below those that became leaves.
pub fn pruned(mut tree: Dendrogram, leaves: usize) -> Dendrogram {
    let count = tree.weights.len();
    if count == 0 {
        return tree;
    }
    let total = f64::from(tree.weights[count - 1]).max(1e-20);
    let own: Vec<(f64, f64)> = (0..count)
        .map(|at| {
            let weight = f64::from(tree.weights[at]).max(1e-20);
            (tree.distortion(at), -weight * (weight / total).log2())
        })
        .collect();
    let mut parent = vec![u32::MAX; count];
    for at in 0..count {
        for child in tree.children[at].into_iter().flatten() {
            parent[child as usize] = at as u32;
        }
    }
    let mut branches = vec![Branch::default(); count];
    let measure = |at: usize, branches: &mut [Branch], children: &[Option<[u32; 2]>]| {
        let (distortion, rate) = own[at];
        branches[at] = match children[at] {
            None => Branch { distortion, rate, leaves: 1, slope: f64::INFINITY, at: at as u32 },
            Some([a, b]) => {
                let (a, b) = (branches[a as usize], branches[b as usize]);
                let (below, below_rate) = (a.distortion + b.distortion, a.rate + b.rate);
                let slope = (distortion - below).max(0.0) / (below_rate - rate).max(1e-12);
                // The root stays: a tree of one leaf codes nothing.
                let slope = if at + 1 == count { f64::INFINITY } else { slope };
                let least = if a.slope <= b.slope { a } else { b };
                let (slope, node) =
                    if least.slope < slope { (least.slope, least.at) } else { (slope, at as u32) };
                Branch {
                    distortion: below,
                    rate: below_rate,
                    leaves: a.leaves + b.leaves,
                    slope,
                    at: node,
                }
            }
        };
    };
    // Children always stand before their parents.
    (0..count).for_each(|at| measure(at, &mut branches, &tree.children));
    let root = count - 1;
    while branches[root].leaves as usize > leaves.max(1) && branches[root].slope.is_finite() {
        let cut = branches[root].at as usize;
        tree.children[cut] = None;
        let mut at = cut;
        loop {
            measure(at, &mut branches, &tree.children);
            if parent[at] == u32::MAX {
                break;
            }
            at = parent[at] as usize;
        }
    }
    tree
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_vectors_are_merged_before_unlike_ones() {
        // Two pairs: one nearly equal, one orthogonal.
        let sums = vec![1.0, 0.0, 0.0, 0.999, 0.04, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        let merges = [
            Merge { a: 0, b: 1, height: 0.1 },
            Merge { a: 2, b: 3, height: 1.0 },
            Merge { a: 4, b: 5, height: 2.0 },
        ];
        let tree = pruned(Dendrogram::new(3, sums, vec![1.0; 4], &merges), 3);
        assert_eq!(tree.children[4], None);
        assert_eq!(tree.children[5], Some([2, 3]));
        assert_eq!(pruned(tree, 1).children, [None, None, None, None, None, None, Some([4, 5])]);
    }
}
