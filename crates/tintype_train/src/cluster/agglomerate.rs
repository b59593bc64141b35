//! Agglomerative hierarchical clustering by the nearest-neighbour chain.
//!
//! In: weighted rows (centres and inner variances of groups). Out: the merges, in order of
//! their height. Average and Ward linkage of squared Euclidean distance have closed forms over
//! centres, weights and variances, so that no matrix of distances is kept: memory is that of
//! the rows, time `O(count² · len)`.
//!
//! Source: Benzécri 1982 and Juan 1982 (nearest-neighbour chain); Ward 1963; Müllner, "Modern
//! hierarchical, agglomerative clustering algorithms", arXiv:1109.2378 (which linkages the
//! chain serves, ordering of the merges).

use fearless_simd::{Level, Simd, dispatch};

/// When two clusters are near.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linkage {
    /// Mean distance between their members.
    Average,
    /// Growth of the squared error when they are one.
    Ward,
}

/// Two clusters that became one. Rows are clusters `0..count`; merge `k` makes cluster `count + k`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Merge {
    /// One of them.
    pub a: u32,
    /// The other.
    pub b: u32,
    /// Their distance.
    pub height: f32,
}

/// Squared Euclidean distance.
#[inline(always)]
pub(super) fn squared(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0f32; 16];
    let (a16, b16) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    for (x, y) in a16.0.iter().zip(b16.0) {
        for i in 0..16 {
            let d = x[i] - y[i];
            lanes[i] += d * d;
        }
    }
    let mut sum: f32 = lanes.iter().sum();
    for (x, y) in a16.1.iter().zip(b16.1) {
        sum += (x - y) * (x - y);
    }
    sum
}

/// The clusters that are still apart, without gaps.
struct Active {
    len: usize,
    rows: Vec<f32>,
    weights: Vec<f32>,
    /// Mean squared distance of members from the centre.
    variances: Vec<f32>,
    /// Cluster number.
    numbers: Vec<u32>,
}

impl Active {
    fn row(&self, at: usize) -> &[f32] {
        &self.rows[at * self.len..][..self.len]
    }

    fn distance(&self, a: usize, b: usize, linkage: Linkage) -> f32 {
        let (wa, wb) = (self.weights[a], self.weights[b]);
        let between = squared(self.row(a), self.row(b));
        match linkage {
            Linkage::Ward => wa * wb / (wa + wb) * between,
            Linkage::Average => between + self.variances[a] + self.variances[b],
        }
    }

    /// The nearest to `at`, the least number among equals; `before` wins ties, so that the
    /// chain ends.
    #[inline(always)]
    fn nearest(&self, at: usize, before: Option<usize>, linkage: Linkage) -> (usize, f32) {
        let own = self.row(at);
        let (weight, variance) = (self.weights[at], self.variances[at]);
        let mut best = match before {
            Some(b) => (b, self.distance(at, b, linkage)),
            None => (usize::MAX, f32::INFINITY),
        };
        for (other, row) in self.rows.chunks_exact(self.len).enumerate() {
            let between = squared(own, row);
            let distance = match linkage {
                Linkage::Ward => weight * self.weights[other] / (weight + self.weights[other]) * between,
                Linkage::Average => between + variance + self.variances[other],
            };
            if distance < best.1 && other != at {
                best = (other, distance);
            }
        }
        best
    }

    fn remove(&mut self, at: usize) {
        let last = self.weights.len() - 1;
        self.rows.copy_within(last * self.len.., at * self.len);
        self.rows.truncate(last * self.len);
        self.weights.swap_remove(at);
        self.variances.swap_remove(at);
        self.numbers.swap_remove(at);
    }
}

/// Clusters `rows` (`count × len`) with `weights` and inner `variances`; `report` gets the
/// share done.
pub fn agglomerate(
    rows: &[f32],
    len: usize,
    weights: &[f32],
    variances: &[f32],
    linkage: Linkage,
    level: Level,
    mut report: impl FnMut(f32),
) -> Vec<Merge> {
    let count = weights.len();
    let mut active = Active {
        len,
        rows: rows.to_vec(),
        weights: weights.to_vec(),
        variances: variances.to_vec(),
        numbers: (0..count as u32).collect(),
    };
    // Merges as the chain finds them; a cluster is named by one of its rows until all are sorted.
    let mut found: Vec<Merge> = Vec::with_capacity(count.saturating_sub(1));
    let mut chain: Vec<u32> = Vec::new();
    let mut place: Vec<usize> = (0..count).collect();
    while active.weights.len() > 1 {
        if chain.is_empty() {
            chain.push(active.numbers[0]);
        }
        let at = place[chain[chain.len() - 1] as usize];
        let before = chain.len().checked_sub(2).map(|i| place[chain[i] as usize]);
        let (next, distance) = dispatch!(level, simd => simd.vectorize(
            #[inline(always)]
            || active.nearest(at, before, linkage)
        ));
        if Some(next) != before {
            chain.push(active.numbers[next]);
            continue;
        }
        // Nearest to each other: one cluster, which takes the place of the second.
        chain.truncate(chain.len() - 2);
        let (keep, gone) = (next, at);
        found.push(Merge { a: active.numbers[keep], b: active.numbers[gone], height: distance });
        let (wa, wb) = (active.weights[keep], active.weights[gone]);
        let share = wb / (wa + wb);
        let between = squared(active.row(keep), active.row(gone));
        active.variances[keep] = (1.0 - share) * active.variances[keep]
            + share * active.variances[gone]
            + share * (1.0 - share) * between;
        for i in 0..len {
            let (a, b) = (active.rows[keep * len + i], active.rows[gone * len + i]);
            active.rows[keep * len + i] = a + (b - a) * share;
        }
        active.weights[keep] = wa + wb;
        let last = active.numbers[active.numbers.len() - 1];
        active.remove(gone);
        place[last as usize] = gone;
        if found.len().is_multiple_of(64) {
            report(found.len() as f32 / count as f32);
        }
    }
    sorted(found, count)
}

/// Merges by height, clusters renumbered in that order.
fn sorted(mut found: Vec<Merge>, count: usize) -> Vec<Merge> {
    found.sort_by(|x, y| x.height.total_cmp(&y.height));
    let mut top: Vec<u32> = (0..count as u32).collect();
    let mut number: Vec<u32> = top.clone();
    fn find(top: &mut [u32], mut at: u32) -> u32 {
        while top[at as usize] != at {
            top[at as usize] = top[top[at as usize] as usize];
            at = top[at as usize];
        }
        at
    }
    for (k, merge) in found.iter_mut().enumerate() {
        let (a, b) = (find(&mut top, merge.a), find(&mut top, merge.b));
        let (na, nb) = (number[a as usize], number[b as usize]);
        (merge.a, merge.b) = (na.min(nb), na.max(nb));
        top[b as usize] = a;
        number[a as usize] = (count + k) as u32;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(count: usize, len: usize) -> Vec<f32> {
        let mut state = 7u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 40) as f32 / (1 << 24) as f32
        };
        (0..count * len).map(|_| next()).collect()
    }

    /// The slow twin: all pairs of members, every time.
    fn slow(rows: &[f32], len: usize, linkage: Linkage) -> Vec<f32> {
        let count = rows.len() / len;
        let row = |i: usize| &rows[i * len..][..len];
        let mut clusters: Vec<Vec<usize>> = (0..count).map(|i| vec![i]).collect();
        let error = |c: &[usize]| {
            let mean: Vec<f64> = (0..len)
                .map(|k| c.iter().map(|&i| f64::from(row(i)[k])).sum::<f64>() / c.len() as f64)
                .collect();
            c.iter()
                .map(|&i| (0..len).map(|k| (f64::from(row(i)[k]) - mean[k]).powi(2)).sum::<f64>())
                .sum::<f64>()
        };
        let distance = |a: &[usize], b: &[usize]| match linkage {
            Linkage::Ward => error(&[a, b].concat()) - error(a) - error(b),
            Linkage::Average => {
                let pairs = a.iter().flat_map(|&i| b.iter().map(move |&j| (i, j)));
                pairs.map(|(i, j)| f64::from(squared(row(i), row(j)))).sum::<f64>()
                    / (a.len() * b.len()) as f64
            }
        };
        let mut heights = Vec::new();
        while clusters.len() > 1 {
            let mut best = (f64::INFINITY, 0, 1);
            for i in 0..clusters.len() {
                for j in i + 1..clusters.len() {
                    let d = distance(&clusters[i], &clusters[j]);
                    if d < best.0 {
                        best = (d, i, j);
                    }
                }
            }
            heights.push(best.0 as f32);
            let gone = clusters.remove(best.2);
            clusters[best.1].extend(gone);
        }
        heights
    }

    #[test]
    fn the_chain_finds_what_the_slow_twin_finds() {
        for linkage in [Linkage::Ward, Linkage::Average] {
            let rows = points(40, 5);
            let merges = agglomerate(&rows, 5, &[1.0; 40], &[0.0; 40], linkage, Level::new(), |_| {});
            let heights: Vec<f32> = merges.iter().map(|m| m.height).collect();
            for (a, b) in heights.iter().zip(slow(&rows, 5, linkage)) {
                assert!((a - b).abs() < 1e-4 * (1.0 + b.abs()), "{linkage:?}: {a} {b}");
            }
            let mut used: Vec<u32> = merges.iter().flat_map(|m| [m.a, m.b]).collect();
            used.sort_unstable();
            assert_eq!(used, (0..78).collect::<Vec<_>>());
        }
    }

    #[test]
    fn equal_points_end_the_chain() {
        let merges =
            agglomerate(&[1.0; 60], 3, &[1.0; 20], &[0.0; 20], Linkage::Ward, Level::new(), |_| {});
        assert_eq!(merges.len(), 19);
    }
}
