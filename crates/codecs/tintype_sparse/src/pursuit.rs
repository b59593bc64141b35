//! Which atoms, and how much of each: the encoder's and the trainer's sparse approximation.
//! Float; not bit-exact.
//!
//! In: a dictionary (rows of nearly unit length), its Gram matrix, a target. Out: atoms and
//! real weights. Both ways work on correlations alone (Batch-OMP): `D x` once, then updates by
//! rows of the Gram matrix. Source: Rubinstein, Zibulevsky and Elad 2008 (Batch-OMP); Friedman,
//! Hastie and Tibshirani 2010 (coordinate descent for the LASSO).

/// A dictionary ready for pursuit.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Number of atoms.
    pub atoms: usize,
    /// Values of one atom.
    pub cells: usize,
    /// `cells × atoms`: the dictionary, transposed.
    columns: Vec<f32>,
    /// `atoms × atoms`.
    pub gram: Vec<f32>,
}

/// How atoms are chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pursuit {
    /// Orthogonal matching pursuit: while an atom takes away more squared error than `price`
    /// (plus its own), at most `terms_max`.
    Orthogonal {
        /// What an atom costs, squared units.
        price: f32,
        /// The most atoms.
        terms_max: usize,
    },
    /// Least squares plus `penalty` times the sum of absolute weights, then a least-squares fit
    /// on what is not zero.
    Lasso {
        /// In units of a weight.
        penalty: f32,
        /// The most atoms.
        terms_max: usize,
    },
}

impl Batch {
    /// `rows`: `atoms × cells`.
    pub fn new(rows: &[f32], cells: usize) -> Self {
        let atoms = rows.len() / cells.max(1);
        let mut columns = vec![0f32; cells * atoms];
        for (a, row) in rows.chunks_exact(cells).enumerate() {
            for (c, &value) in row.iter().enumerate() {
                columns[c * atoms + a] = value;
            }
        }
        let mut gram = vec![0f32; atoms * atoms];
        for (row, out) in rows.chunks_exact(cells).zip(gram.chunks_exact_mut(atoms)) {
            correlate(&columns, row, out);
        }
        Self { atoms, cells, columns, gram }
    }

    /// What each atom has in common with `target`.
    pub fn correlations(&self, target: &[f32], out: &mut [f32]) {
        correlate(&self.columns, target, out);
    }

    /// Chooses atoms for the target with these `correlations`; `own_price` is each atom's price
    /// beyond the common one, in squared units.
    pub fn pursue(
        &self,
        pursuit: Pursuit,
        correlations: &[f32],
        own_price: &[f32],
    ) -> Vec<(usize, f32)> {
        match pursuit {
            Pursuit::Orthogonal { price, terms_max } => {
                let mut terms = Vec::new();
                self.orthogonal(price, terms_max, correlations, own_price, |t| {
                    terms = t.to_vec();
                    true
                });
                terms
            }
            Pursuit::Lasso { penalty, terms_max } => self.lasso(penalty, terms_max, correlations),
        }
    }

    /// Orthogonal matching pursuit; `visit` sees the terms after each atom and says whether to
    /// go on.
    pub fn orthogonal(
        &self,
        price: f32,
        terms_max: usize,
        correlations: &[f32],
        own_price: &[f32],
        mut visit: impl FnMut(&[(usize, f32)]) -> bool,
    ) {
        let mut left = correlations.to_vec();
        let mut terms: Vec<(usize, f32)> = Vec::new();
        while terms.len() < terms_max.min(self.atoms) {
            let mut best = (0.0, usize::MAX);
            for (atom, &c) in left.iter().enumerate() {
                let gain = c * c - price - own_price.get(atom).copied().unwrap_or(0.0);
                if gain > best.0 && terms.iter().all(|t| t.0 != atom) {
                    best = (gain, atom);
                }
            }
            if best.1 == usize::MAX {
                break;
            }
            terms.push((best.1, 0.0));
            if !self.solve(&mut terms, correlations) {
                terms.pop();
                break;
            }
            left.copy_from_slice(correlations);
            for &(atom, weight) in &terms {
                for (l, g) in left.iter_mut().zip(&self.gram[atom * self.atoms..][..self.atoms]) {
                    *l -= weight * g;
                }
            }
            if !visit(&terms) {
                break;
            }
        }
    }

    /// Least-squares weights on the atoms of `terms`; `false` if they depend on each other.
    pub fn solve(&self, terms: &mut [(usize, f32)], correlations: &[f32]) -> bool {
        let n = terms.len();
        let mut factor = vec![0f32; n * n];
        for i in 0..n {
            for j in 0..=i {
                let mut sum = self.gram[terms[i].0 * self.atoms + terms[j].0];
                for k in 0..j {
                    sum -= factor[i * n + k] * factor[j * n + k];
                }
                if i == j {
                    if sum < 1e-3 {
                        return false;
                    }
                    factor[i * n + i] = sum.sqrt();
                } else {
                    factor[i * n + j] = sum / factor[j * n + j];
                }
            }
        }
        for i in 0..n {
            let mut sum = correlations[terms[i].0];
            for k in 0..i {
                sum -= factor[i * n + k] * terms[k].1;
            }
            terms[i].1 = sum / factor[i * n + i];
        }
        for i in (0..n).rev() {
            let mut sum = terms[i].1;
            for k in i + 1..n {
                sum -= factor[k * n + i] * terms[k].1;
            }
            terms[i].1 = sum / factor[i * n + i];
        }
        true
    }

    fn lasso(&self, penalty: f32, terms_max: usize, correlations: &[f32]) -> Vec<(usize, f32)> {
        let mut weights = vec![0f32; self.atoms];
        let mut left = correlations.to_vec();
        for _ in 0..30 {
            let mut moved = 0f32;
            for atom in 0..self.atoms {
                let own = self.gram[atom * self.atoms + atom].max(1e-6);
                let raw = left[atom] + own * weights[atom];
                let wanted = raw.signum() * (raw.abs() - penalty).max(0.0) / own;
                let change = wanted - weights[atom];
                if change != 0.0 {
                    weights[atom] = wanted;
                    moved = moved.max(change.abs());
                    for (l, g) in left.iter_mut().zip(&self.gram[atom * self.atoms..][..self.atoms]) {
                        *l -= change * g;
                    }
                }
            }
            if moved < penalty * 0.01 {
                break;
            }
        }
        let mut terms: Vec<(usize, f32)> =
            weights.iter().enumerate().filter(|(_, w)| **w != 0.0).map(|(a, &w)| (a, w)).collect();
        terms.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        terms.truncate(terms_max);
        while !self.solve(&mut terms, correlations) {
            terms.pop();
        }
        terms
    }

    /// Squared error that quantised `terms` leave of a target of squared length `energy`.
    pub fn error(&self, energy: f32, terms: &[(usize, f32)], correlations: &[f32]) -> f32 {
        let mut error = energy;
        for (i, &(a, w)) in terms.iter().enumerate() {
            error += w * (w * self.gram[a * self.atoms + a] - 2.0 * correlations[a]);
            for &(b, v) in &terms[..i] {
                error += 2.0 * w * v * self.gram[a * self.atoms + b];
            }
        }
        error
    }
}

/// `out = columnsᵀ · target`, summed cell by cell so that it vectorises.
fn correlate(columns: &[f32], target: &[f32], out: &mut [f32]) {
    out.fill(0.0);
    for (&value, row) in target.iter().zip(columns.chunks_exact(out.len())) {
        for (o, c) in out.iter_mut().zip(row) {
            *o += value * c;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Atoms of eight cells: the axes, and two diagonals between them.
    fn batch() -> (Vec<f32>, Batch) {
        let mut rows = vec![0f32; 10 * 8];
        for i in 0..8 {
            rows[i * 8 + i] = 1.0;
        }
        (rows[8 * 8], rows[8 * 8 + 1]) = (0.6, 0.8);
        (rows[9 * 8 + 2], rows[9 * 8 + 3]) = (0.8, -0.6);
        let batch = Batch::new(&rows, 8);
        (rows, batch)
    }

    #[test]
    fn both_ways_find_the_two_atoms_a_target_was_made_of() {
        let (rows, batch) = batch();
        let target: Vec<f32> = (0..8).map(|c| 10.0 * rows[64 + c] - 7.0 * rows[72 + c]).collect();
        let mut correlations = vec![0.0; 10];
        batch.correlations(&target, &mut correlations);
        for pursuit in [
            Pursuit::Orthogonal { price: 0.5, terms_max: 5 },
            Pursuit::Lasso { penalty: 2.0, terms_max: 2 },
        ] {
            let mut terms = batch.pursue(pursuit, &correlations, &[]);
            terms.sort_by_key(|t| t.0);
            assert_eq!(terms.iter().map(|t| t.0).collect::<Vec<_>>(), [8, 9], "{pursuit:?}");
            assert!((terms[0].1 - 10.0).abs() < 1e-3 && (terms[1].1 + 7.0).abs() < 1e-3);
            assert!(batch.error(149.0, &terms, &correlations).abs() < 1e-2);
        }
    }
}
