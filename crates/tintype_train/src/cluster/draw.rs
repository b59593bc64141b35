//! A `cluster` model as a picture and as text.

use crate::page::Page;
use tintype_cluster::{ClusterModel, Tree};
use tintype_codec::CodecError;
use tintype_image::Planes;
use tintype_model::Model;

/// Names of the trees, in the order of the model.
const TREES: [&str; 6] = ["luma 4", "luma 8", "luma 16", "chroma 4", "chroma 8", "chroma 16"];

/// The trees of a `cluster` model, luma 8, 16, 4, then chroma. Each cluster below the root
/// begins a line with its own code vector, raised; then come the clusters below it, each with
/// its code vector, a bar, and all leaves under it.
///
/// # Errors
/// As [`ClusterModel::from_bytes`].
pub fn tree_picture(model: &[u8]) -> Result<Planes, CodecError> {
    let model = ClusterModel::from_bytes(model)?;
    let mut page = Page::new(1024);
    for set in [1, 2, 0, 4, 5, 3] {
        page.grow(16);
        let tree = &model.trees[set];
        for child in 0..u32::from(tree.nodes[0].children) {
            draw_cluster(&mut page, tree, tree.nodes[0].first + child);
        }
    }
    Ok(page.planes())
}

/// One cluster below the root, in as many lines as it needs.
fn draw_cluster(page: &mut Page, tree: &Tree, cluster: u32) {
    let zoom = (16 / tree.side).max(1);
    let (tile, indent) = (tree.side * zoom + 2, 44);
    let vector = |node: u32| tree.vector(node).iter().map(|&v| f32::from(v)).collect::<Vec<f32>>();
    page.grow(tile.max(2 * tile + 6));
    let mut y = page.height() - 2 * tile - 2;
    page.tile(&vector(cluster), tree.side, (4, y), 2 * zoom);
    let mut x = indent;
    let mut put = |page: &mut Page, node: u32, opens: bool| {
        let needed = if opens { 2 * tile + 10 } else { tile };
        if x + needed > page.width {
            x = indent;
            y += tile;
            if y + tile > page.height() {
                page.grow(tile);
            }
        }
        x += if opens { 6 } else { 0 };
        page.tile(&vector(node), tree.side, (x, y), zoom);
        x += tile;
        if opens {
            page.line(x, y, y + tile - 2);
            x += 3;
        }
    };
    let own = tree.nodes[cluster as usize];
    for node in own.first..own.first + u32::from(own.children) {
        let inner = tree.nodes[node as usize].children > 0;
        put(page, node, inner);
        if inner {
            let mut open = vec![node];
            while let Some(at) = open.pop() {
                let at = tree.nodes[at as usize];
                for child in at.first..at.first + u32::from(at.children) {
                    if tree.nodes[child as usize].children > 0 {
                        open.push(child);
                    } else {
                        put(page, child, false);
                    }
                }
            }
        }
    }
}

/// Trees of a model, as names and values.
///
/// # Errors
/// As [`ClusterModel::from_bytes`].
pub(super) fn describe(model: &[u8]) -> Result<Vec<(&'static str, String)>, CodecError> {
    let model = ClusterModel::from_bytes(model)?;
    let mut lines = Vec::new();
    for (tree, name) in model.trees.iter().zip(TREES) {
        let depth = tree.nodes.last().map_or(0, |node| node.depth);
        let (leaves, inner) = (tree.leaves().count(), tree.inner);
        lines.push((name, format!("{leaves} leaves, {inner} inner nodes, depth {depth}")));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::PAPER;

    #[test]
    fn the_shipped_model_can_be_drawn_and_described() {
        let bytes = tintype_cluster::photo_model().to_bytes();
        let picture = tree_picture(&bytes).unwrap();
        assert_eq!(picture.shape.width_px, 1024);
        let samples = picture.planes[0].as_slice().unwrap();
        assert!(samples.iter().filter(|&&s| s != PAPER).count() > samples.len() / 4);
        let lines = crate::describe_model(tintype_cluster::ID, &bytes).unwrap();
        assert_eq!(lines[0], ("model for", "cluster".into()));
        assert_eq!(lines[2].0, "hash");
        assert!(crate::photo::basis_picture(&bytes).is_err() && tree_picture(b"no model").is_err());
    }
}
