//! Dictionaries from blocks: K-SVD, and online learning for many blocks.
//!
//! In: targets (rows of equal length) and the atoms that each was coded with. Out: better
//! atoms, of unit length. The sparse coding between rounds is the codec's own
//! (`tintype_sparse::fitting::Batch`). Not bit-exact.
//!
//! Source: Aharon, Elad and Bruckstein 2006 (K-SVD, here with a step of the power method in
//! place of the whole SVD, as Rubinstein, Zibulevsky and Elad 2008 propose); Mairal, Bach,
//! Ponce and Sapiro 2010 (online dictionary learning).

/// How a dictionary is refitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Atom after atom on the blocks that use it, weights along with it.
    Ksvd,
    /// From sums over the blocks so far, block-coordinate descent.
    Online,
}

/// One block's approximation: atoms and weights.
pub type Coded = Vec<(usize, f32)>;

/// One round of K-SVD over `targets` (`count × cells`); weights in `codes` move along. Atoms
/// that nobody uses become what the worst approximated blocks leave.
pub fn ksvd_round(atoms: &mut [f32], cells: usize, targets: &[f32], codes: &mut [Coded]) {
    let count = atoms.len() / cells;
    let mut rests: Vec<f32> = targets.to_vec();
    for (rest, code) in rests.chunks_exact_mut(cells).zip(codes.iter()) {
        for &(atom, weight) in code {
            add(rest, &atoms[atom * cells..][..cells], -weight);
        }
    }
    let mut users: Vec<Vec<(usize, usize)>> = vec![Vec::new(); count];
    for (block, code) in codes.iter().enumerate() {
        for (place, &(atom, _)) in code.iter().enumerate() {
            users[atom].push((block, place));
        }
    }
    let mut worst: Option<Vec<usize>> = None;
    for (atom, users) in users.iter().enumerate() {
        let own = &mut atoms[atom * cells..][..cells];
        if users.len() < 3 {
            let order = worst.get_or_insert_with(|| by_energy(&rests, cells));
            if let Some(block) = order.pop() {
                own.copy_from_slice(&rests[block * cells..][..cells]);
                normalise(own);
            }
            continue;
        }
        // The rest without this atom is rest + weight · atom; its best single direction by one
        // step of the power method.
        let mut direction = vec![0f32; cells];
        let mut squares = 0f32;
        for &(block, place) in users {
            let weight = codes[block][place].1;
            add(&mut direction, &rests[block * cells..][..cells], weight);
            squares += weight * weight;
        }
        add(&mut direction, own, squares);
        normalise(&mut direction);
        for &(block, place) in users {
            let rest = &mut rests[block * cells..][..cells];
            let weight = &mut codes[block][place].1;
            add(rest, own, *weight);
            *weight = dot(rest, &direction);
            add(rest, &direction, -*weight);
        }
        own.copy_from_slice(&direction);
    }
}

/// Sums of online learning: `A = Σ w wᵀ`, `B = Σ x wᵀ`, older blocks fading.
#[derive(Clone, Debug)]
pub struct OnlineDictionary {
    atoms: usize,
    cells: usize,
    a: Vec<f32>,
    b: Vec<f32>,
}

impl OnlineDictionary {
    /// No blocks yet.
    pub fn new(atoms: usize, cells: usize) -> Self {
        Self { atoms, cells, a: vec![0.0; atoms * atoms], b: vec![0.0; atoms * cells] }
    }

    /// Takes in a batch of blocks and refits `atoms`; the sums of earlier blocks are first weighted
    /// by `fade`, 0 to 1.
    pub fn learn(&mut self, atoms: &mut [f32], targets: &[f32], codes: &[Coded], fade: f32) {
        self.a.iter_mut().chain(&mut self.b).for_each(|v| *v *= fade);
        for (target, code) in targets.chunks_exact(self.cells).zip(codes) {
            for &(i, w) in code {
                for &(j, v) in code {
                    self.a[i * self.atoms + j] += w * v;
                }
                add(&mut self.b[i * self.cells..][..self.cells], target, w);
            }
        }
        for _ in 0..2 {
            for j in 0..self.atoms {
                let own = self.a[j * self.atoms + j];
                if own < 1e-3 {
                    continue;
                }
                let mut next = self.b[j * self.cells..][..self.cells].to_vec();
                for i in (0..self.atoms).filter(|&i| i != j) {
                    let share = self.a[j * self.atoms + i];
                    if share != 0.0 {
                        add(&mut next, &atoms[i * self.cells..][..self.cells], -share);
                    }
                }
                normalise(&mut next);
                atoms[j * self.cells..][..self.cells].copy_from_slice(&next);
            }
        }
    }
}

fn by_energy(rests: &[f32], cells: usize) -> Vec<usize> {
    let energy: Vec<f32> = rests.chunks_exact(cells).map(|r| dot(r, r)).collect();
    let mut order: Vec<usize> = (0..energy.len()).collect();
    order.sort_by(|&a, &b| energy[a].total_cmp(&energy[b]));
    order
}

/// `to += factor · from`.
pub fn add(to: &mut [f32], from: &[f32], factor: f32) {
    to.iter_mut().zip(from).for_each(|(t, f)| *t += factor * f);
}

/// Sum of products.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Makes a row of unit length; one of zeros becomes flat.
pub fn normalise(row: &mut [f32]) {
    let norm = dot(row, row).sqrt();
    if norm > 1e-6 {
        row.iter_mut().for_each(|v| *v /= norm);
    } else {
        let flat = 1.0 / (row.len() as f32).sqrt();
        row.fill(flat);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tintype_sparse::fitting::{Batch, Pursuit};

    /// Blocks made of two of twelve hidden atoms each.
    fn hidden(cells: usize) -> (Vec<f32>, Vec<f32>) {
        let mut state = 7u64;
        let mut random = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((state >> 33) as f32 / (1u64 << 30) as f32) - 1.0
        };
        let mut atoms: Vec<f32> = (0..12 * cells).map(|_| random()).collect();
        atoms.chunks_exact_mut(cells).for_each(normalise);
        let mut targets = vec![0f32; 1500 * cells];
        for (k, target) in targets.chunks_exact_mut(cells).enumerate() {
            for atom in [k % 12, (k / 12 + k + 1) % 12] {
                add(target, &atoms[atom * cells..][..cells], 40.0 * random());
            }
        }
        (atoms, targets)
    }

    #[test]
    fn both_methods_bring_the_error_down() {
        let cells = 16;
        let (_, targets) = hidden(cells);
        for method in [Method::Ksvd, Method::Online] {
            let mut atoms: Vec<f32> = targets[..14 * cells].to_vec();
            atoms.chunks_exact_mut(cells).for_each(normalise);
            let mut online = OnlineDictionary::new(14, cells);
            let mut errors = Vec::new();
            for _ in 0..12 {
                let batch = Batch::new(&atoms, cells);
                let mut correlations = vec![0f32; 14];
                let mut error = 0.0;
                let mut codes: Vec<Coded> = Vec::new();
                for target in targets.chunks_exact(cells) {
                    batch.correlations(target, &mut correlations);
                    let pursuit = Pursuit::Orthogonal { price: 1.0, terms_max: 2 };
                    let code = batch.pursue(pursuit, &correlations, &[]);
                    error += batch.error(dot(target, target), &code, &correlations);
                    codes.push(code);
                }
                errors.push(error);
                match method {
                    Method::Ksvd => ksvd_round(&mut atoms, cells, &targets, &mut codes),
                    Method::Online => online.learn(&mut atoms, &targets, &codes, 0.3),
                }
            }
            let (first, last) = (errors[0], errors[errors.len() - 1]);
            assert!(last < 0.5 * first, "{method:?}: {errors:?}");
        }
    }
}
