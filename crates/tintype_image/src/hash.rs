//! A short exact fingerprint of samples, by which tests and tools compare decodes.
//!
//! In: planes; out: 64 bits. FNV-1a over width, height, each plane's depth and size, and its
//! samples as little-endian words: the same on every machine and for every row stride. Not for
//! adversaries.
//!
//! Source: Fowler, Noll, Vo, draft-eastlake-fnv.

use crate::Planes;

fn mixed(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// The fingerprint of `planes`.
pub fn sample_hash(planes: &Planes) -> u64 {
    let number = |hash: u64, value: usize| mixed(hash, &(value as u32).to_le_bytes());
    let mut hash = 0xcbf2_9ce4_8422_2325;
    hash = number(number(hash, planes.shape.width_px), planes.shape.height_px);
    for (plane, info) in planes.planes.iter().zip(&planes.shape.planes) {
        hash = number(number(number(hash, info.bit_depth.into()), plane.width()), plane.height());
        for row in plane.rows() {
            hash = row.iter().fold(hash, |h, s| mixed(h, &s.to_le_bytes()));
        }
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Plane, Shape};

    #[test]
    fn one_sample_changes_it_and_stride_does_not() {
        let mut planes = Planes::new(Shape::gray(3, 2, 8));
        let zero = sample_hash(&planes);
        planes.planes[0].row_mut(1)[2] = 1;
        let one = sample_hash(&planes);
        assert_ne!(zero, one);
        planes.planes[0] = Plane::from_strided(3, 2, 5, vec![0, 0, 0, 9, 9, 0, 0, 1]).unwrap();
        assert_eq!(sample_hash(&planes), one);
        assert_eq!(zero, 0xa220_0c0e_d3e8_c93d);
    }
}
