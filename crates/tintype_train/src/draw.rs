//! Pictures of what was fitted: a cluster tree with its code vectors, the bases of affine pieces; and what bases explain.
//!
//! In: model bytes (and pictures, where variance is to be measured). Out: gray pictures, text. For people: nothing here
//! decides anything.

use crate::pca::{Collector, PcaOptions};
use crate::{FitError, PictureList};
use tintype_cluster::{ClusterModel, Tree};
use tintype_codec::{CodecError, CodecId};
use tintype_image::{Plane, Planes, Shape};
use tintype_pca::{PcaModel, PieceSet, SETS};

/// Middle gray behind everything.
const PAPER: u16 = 96;

/// Tiles on a page that grows downwards.
struct Page {
    width: usize,
    rows: Vec<u16>,
}

impl Page {
    fn new(width: usize) -> Self {
        Self { width, rows: Vec::new() }
    }

    fn height(&self) -> usize {
        self.rows.len() / self.width
    }

    fn grow(&mut self, rows: usize) {
        self.rows.resize(self.rows.len() + rows * self.width, PAPER);
    }

    /// Draws a block of `side` × `side` values, the largest at black or white, `zoom` times as large.
    fn tile(&mut self, values: &[f32], side: usize, (x, y): (usize, usize), zoom: usize) {
        let largest = values.iter().fold(1e-20f32, |m, v| m.max(v.abs()));
        for row in 0..side * zoom {
            for column in 0..side * zoom {
                let value = values[row / zoom * side + column / zoom] / largest;
                if let Some(sample) = self.rows.get_mut((y + row) * self.width + x + column) {
                    *sample = (128.0 + 127.0 * value) as u16;
                }
            }
        }
    }

    /// An upright line.
    fn line(&mut self, x: usize, from: usize, to: usize) {
        for y in from..to {
            if let Some(sample) = self.rows.get_mut(y * self.width + x) {
                *sample = 200;
            }
        }
    }

    fn planes(self) -> Planes {
        let height = self.height().max(1);
        let mut samples = self.rows;
        samples.resize(height * self.width, PAPER);
        let mut planes = Planes::new(Shape::gray(self.width, height, 8));
        if let Some(plane) = Plane::from_vec(self.width, height, samples) {
            planes.planes[0] = plane;
        }
        planes
    }
}

/// The trees of a `cluster` model, luma 8, 16, 4, then chroma. Each cluster below the root begins a line with its own code
/// vector, raised; then come the clusters below it, each with its code vector, a bar, and all leaves under it.
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

/// The bases of a `pca` model: for each set of pieces, one row a piece, its first basis vectors by falling variance.
///
/// # Errors
/// As [`PcaModel::from_bytes`].
pub fn basis_picture(model: &[u8]) -> Result<Planes, CodecError> {
    let model = PcaModel::from_bytes(model)?;
    let mut page = Page::new(1024);
    for set in &model.sets {
        let (zoom, side) = (16 / set.n, set.n);
        let tile = side * zoom + 3;
        page.grow(12);
        for piece in &set.pieces {
            let y = page.height();
            page.grow(tile);
            for (k, row) in piece.basis.chunks_exact(side * side).take(1020 / tile).enumerate() {
                let values: Vec<f32> = row.iter().map(|&v| f32::from(v)).collect();
                page.tile(&values, side, (4 + k * tile, y), zoom);
            }
        }
    }
    Ok(page.planes())
}

/// How much of the variance of pictures' blocks a `pca` model explains: a table.
///
/// # Errors
/// Those of the model and of the pictures; `Misuse` if there are no blocks to measure.
pub fn explained_variance(model: &[u8], pictures: &PictureList) -> Result<String, FitError> {
    const ROWS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];
    let model = PcaModel::from_bytes(model)?;
    let mut collector =
        Collector::new(&PcaOptions { blocks_per_picture: [400; SETS], ..PcaOptions::default() });
    let list = pictures.thinned(50);
    for index in 0..list.len() {
        collector.add(&list.read(index)?.planes);
    }
    let mut lines =
        vec!["explained of the variance about the border's mean, % (prediction, then with the first rows)".to_string()];
    let head: String = ROWS.iter().map(|k| format!("{k:>7}")).collect();
    lines.push(format!("  {:<10} {:>7} {:>10}{head}", "blocks", "count", "prediction"));
    for (set, name) in model.sets.iter().zip(["luma 8", "luma 16", "chroma 8", "chroma 16"]) {
        let number = lines.len() - 2;
        let samples = collector.samples(number);
        let count = samples.blocks.count();
        if count == 0 {
            return Err(FitError::Misuse {
                what: "no blocks with detail: name colour pictures of some size".into(),
            });
        }
        let (mut total, mut left) = (0f64, 0f64);
        let mut after = [0f64; ROWS.len()];
        for index in 0..count {
            let (energy, residual, energies) =
                best_piece(set, samples.borders.row(index), samples.blocks.row(index));
            total += energy;
            left += residual;
            for (slot, &rows) in after.iter_mut().zip(&ROWS) {
                *slot += residual - energies.iter().take(rows).sum::<f64>();
            }
        }
        let share = |rest: f64| 100.0 * (1.0 - rest / total.max(1e-20));
        let shares: String = after.iter().map(|&rest| format!("{:>7.2}", share(rest))).collect();
        lines.push(format!("  {name:<10} {count:>7} {:>10.2}{shares}", share(left)));
    }
    Ok(lines.join("\n"))
}

/// Energy of a block, what the piece that predicts it best leaves, and the energy along each of its basis rows.
fn best_piece(set: &PieceSet, border: &[f32], block: &[f32]) -> (f64, f64, Vec<f64>) {
    let scale = 1.0 / 4096.0;
    let len = set.n * set.n;
    let mut best: Option<(f64, Vec<f32>, usize)> = None;
    for (number, piece) in set.pieces.iter().enumerate() {
        let mut residual = block.to_vec();
        for (input, row) in border.iter().zip(piece.predictor.chunks_exact(len)) {
            residual.iter_mut().zip(row).for_each(|(r, &v)| *r -= input * f32::from(v) * scale);
        }
        let energy = residual.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
        if best.as_ref().is_none_or(|b| energy < b.0) {
            best = Some((energy, residual, number));
        }
    }
    let (left, residual, number) = best.unwrap_or((0.0, block.to_vec(), 0));
    let along = |row: &[i16]| {
        let product: f64 = row
            .iter()
            .zip(&residual)
            .map(|(&v, &r)| f64::from(v) * f64::from(scale) * f64::from(r))
            .sum();
        product * product
    };
    let energies = set.pieces[number].basis.chunks_exact(len).map(along).collect();
    (block.iter().map(|&v| f64::from(v) * f64::from(v)).sum(), left, energies)
}

/// What a model file for `codec` is, as names and values.
///
/// # Errors
/// Those of the codec that the model is for.
pub fn describe_model(
    codec: CodecId,
    bytes: &[u8],
) -> Result<Vec<(&'static str, String)>, CodecError> {
    let mut lines =
        vec![("model for", codec.name().to_string()), ("size", format!("{} bytes", bytes.len()))];
    let name = |hash: &[u8]| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    if let Ok(model) = ClusterModel::from_bytes(bytes) {
        lines.push(("hash", name(&model.hash)));
        for (tree, name) in model.trees.iter().zip([
            "luma 4",
            "luma 8",
            "luma 16",
            "chroma 4",
            "chroma 8",
            "chroma 16",
        ]) {
            let depth = tree.nodes.last().map_or(0, |n| n.depth);
            lines.push((
                name,
                format!(
                    "{} leaves, {} inner nodes, depth {depth}",
                    tree.leaves().count(),
                    tree.inner
                ),
            ));
        }
    } else if codec == tintype_pca::ID {
        let model = PcaModel::from_bytes(bytes)?;
        lines.push(("hash", name(&model.hash)));
        for (set, name) in model.sets.iter().zip(["luma 8", "luma 16", "chroma 8", "chroma 16"]) {
            lines.push((name, format!("{} pieces of {} basis rows", set.pieces.len(), set.kept)));
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tintype_cluster::photo_model;

    #[test]
    fn shipped_models_can_be_drawn_and_described() {
        let bytes = photo_model().to_bytes();
        let picture = tree_picture(&bytes).unwrap();
        assert_eq!(picture.shape.width_px, 1024);
        let samples = picture.planes[0].as_slice().unwrap();
        assert!(samples.iter().filter(|&&s| s != PAPER).count() > samples.len() / 4);
        let lines = describe_model(tintype_cluster::ID, &bytes).unwrap();
        assert_eq!(lines[0], ("model for", "cluster".into()));
        assert!(basis_picture(&bytes).is_err() && tree_picture(b"no model").is_err());
    }
}
