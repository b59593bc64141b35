//! The neighbours that least squares predicts from.

use super::padded_plane::PaddedPlane;

/// Neighbours in the plane itself (dx, dy), nearest first.
#[rustfmt::skip]
pub(super) const OWN: [(isize, isize); 20] = [
    (-1, 0), (0, -1), (-1, -1), (1, -1),
    (-2, 0), (0, -2), (-2, -1), (2, -1),
    (-1, -2), (1, -2), (-3, 0), (0, -3),
    (-2, -2), (2, -2), (-3, -1), (3, -1),
    (-1, -3), (1, -3), (-4, 0), (4, -1),
];

/// Neighbours in a reference plane, which is known all around: the sample here, then nearest
/// first.
#[rustfmt::skip]
pub(super) const REFERENCE: [(isize, isize); 13] = [
    (0, 0), (-1, 0), (0, -1), (1, 0),
    (0, 1), (-1, -1), (1, -1), (-1, 1),
    (1, 1), (-2, 0), (0, -2), (2, 0),
    (0, 2),
];

/// How many neighbours of the plane itself, of the latest reference and of the one before enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FeatureCounts(pub usize, pub usize, pub usize);

/// Where the features of one least-squares window come from.
pub(super) struct Features {
    own: Vec<isize>,
    references: [Vec<isize>; 2],
}

impl Features {
    /// For planes whose rows are `stride` apart.
    pub fn new(stride: usize, FeatureCounts(own, first, second): FeatureCounts) -> Self {
        let offsets = |list: &[(isize, isize)]| -> Vec<isize> {
            list.iter().map(|&(x, y)| y * stride as isize + x).collect()
        };
        Self {
            own: offsets(&OWN[..own]),
            references: [offsets(&REFERENCE[..first]), offsets(&REFERENCE[..second])],
        }
    }

    /// Number of features.
    pub fn count(&self) -> usize {
        self.own.len() + self.references[0].len() + self.references[1].len()
    }

    /// The features of sample `i`, each less the local mean of its plane (`means`).
    #[inline(always)]
    pub fn gather<const NP: usize>(
        &self,
        d: &[i32],
        references: &[&PaddedPlane],
        means: &[f32; 3],
        i: usize,
    ) -> [f32; NP] {
        let mut out = [0f32; NP];
        let mut k = 0;
        for &offset in &self.own {
            out[k] = d[i.wrapping_add_signed(offset)] as f32 - means[0];
            k += 1;
        }
        for ((reference, offsets), mean) in references.iter().zip(&self.references).zip(&means[1..]) {
            for &offset in offsets {
                out[k] = reference.data[i.wrapping_add_signed(offset)] as f32 - mean;
                k += 1;
            }
        }
        out
    }
}
