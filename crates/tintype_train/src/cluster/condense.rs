//! Condenses many weighted rows to fewer groups, by splitting in two again and again.
//!
//! In: features (`count × len`) and weights. Out: the group of each row. The group with the
//! largest weighted squared error is split by a few rounds of two-means until there are enough:
//! about `count · len · log2(groups)` operations.
//!
//! Source: bisecting k-means (Steinbach, Karypis and Kumar 2000).

use super::agglomerate::squared;
use fearless_simd::{Level, Simd, dispatch};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

struct Group {
    error: f32,
    number: usize,
    members: Vec<u32>,
}

impl PartialEq for Group {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Group {}
impl PartialOrd for Group {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Group {
    fn cmp(&self, other: &Self) -> Ordering {
        self.error.total_cmp(&other.error).then(other.number.cmp(&self.number))
    }
}

/// The group, `0..groups` at most, of each row.
pub fn condense(features: &[f32], len: usize, weights: &[f32], groups: usize, level: Level) -> Vec<u32> {
    let members: Vec<u32> = (0..weights.len() as u32).collect();
    let mut heap = BinaryHeap::new();
    let first = measured(features, len, weights, members, 0);
    heap.push(first);
    let mut done = Vec::new();
    let mut count = 1;
    while count < groups {
        let Some(group) = heap.pop() else { break };
        if group.error <= 0.0 || group.members.len() < 2 {
            done.push(group);
            continue;
        }
        let (a, b) = dispatch!(level, simd => simd.vectorize(
            #[inline(always)]
            || split(features, len, weights, &group.members)
        ));
        if a.is_empty() || b.is_empty() {
            done.push(Group { error: 0.0, ..group });
            continue;
        }
        heap.push(measured(features, len, weights, a, group.number));
        heap.push(measured(features, len, weights, b, count));
        count += 1;
    }
    let mut owner = vec![0; weights.len()];
    for group in heap.into_iter().chain(done) {
        for member in group.members {
            owner[member as usize] = group.number as u32;
        }
    }
    owner
}

fn mean(features: &[f32], len: usize, weights: &[f32], members: &[u32]) -> Vec<f32> {
    let mut sum = vec![0f32; len];
    let mut total = 0f32;
    for &member in members {
        let weight = weights[member as usize];
        total += weight;
        for (s, v) in sum.iter_mut().zip(&features[member as usize * len..][..len]) {
            *s += weight * v;
        }
    }
    sum.iter_mut().for_each(|s| *s /= total.max(1e-20));
    sum
}

fn measured(features: &[f32], len: usize, weights: &[f32], members: Vec<u32>, number: usize) -> Group {
    let centre = mean(features, len, weights, &members);
    let error = members
        .iter()
        .map(|&m| weights[m as usize] * squared(&features[m as usize * len..][..len], &centre))
        .sum();
    Group { error, number, members }
}

/// Two-means: starts from the member farthest from the mean and the one farthest from that.
#[inline(always)]
fn split(features: &[f32], len: usize, weights: &[f32], members: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let row = |m: u32| &features[m as usize * len..][..len];
    // Large groups are measured on a part of them.
    let stride = (members.len() / 2000).max(1);
    let farthest = |from: &[f32]| {
        let mut best = (-1f32, members[0]);
        for &m in members.iter().step_by(stride) {
            let d = squared(row(m), from);
            if d > best.0 {
                best = (d, m);
            }
        }
        best.1
    };
    let centre = mean(features, len, weights, members);
    let a = farthest(&centre);
    let b = farthest(row(a));
    let mut centres = [row(a).to_vec(), row(b).to_vec()];
    let mut parts = (Vec::new(), Vec::new());
    for _ in 0..4 {
        parts = (Vec::new(), Vec::new());
        for &m in members {
            let own = row(m);
            if squared(own, &centres[0]) <= squared(own, &centres[1]) {
                parts.0.push(m)
            } else {
                parts.1.push(m)
            }
        }
        if parts.0.is_empty() || parts.1.is_empty() {
            break;
        }
        centres = [mean(features, len, weights, &parts.0), mean(features, len, weights, &parts.1)];
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_heaps_come_apart_first() {
        let mut features = Vec::new();
        for i in 0..300 {
            let heap = (i % 3) as f32 * 10.0;
            features.extend([heap + (i % 7) as f32 * 0.01, -heap, 1.0, (i % 5) as f32 * 0.01]);
        }
        let owner = condense(&features, 4, &[1.0; 300], 3, Level::new());
        for i in 3..300 {
            assert_eq!(owner[i], owner[i % 3]);
        }
        assert_ne!(owner[0], owner[1]);
        assert_eq!(condense(&features[..4], 4, &[1.0], 5, Level::new()), [0]);
    }
}
