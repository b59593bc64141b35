//! Fits the trees of the `cluster` codec to pictures.
//!
//! In: pictures. Out: model bytes as `tintype_cluster::ClusterModel::from_bytes` reads them.
//! Rounds: take the vectors that have to be coded (first whatever the grid of means leaves,
//! then what the coder with the trees so far really codes), condense them to some thousand
//! groups, cluster those agglomeratively, prune the dendrogram to the wanted number of leaves,
//! and arrange it with at most sixteen children a node. Then code vectors are refined, and
//! probabilities are counted. Memory is bounded by the number of vectors kept of each size.

mod agglomerate;
mod arrange;
mod coded;
mod condense;
mod draw;
mod fit;
mod options;
mod prune;
mod shapes;

pub use agglomerate::{Linkage, Merge, agglomerate};
pub use arrange::arranged;
pub use condense::condense;
pub use draw::tree_picture;
pub use fit::ClusterFit;
pub use options::ClusterOptions;
pub use prune::{Dendrogram, pruned};
pub use shapes::{Distance, Shapes};
