//! The packing of priors inside the program: `priors.bin` as `priors.packed`, and back.
//!
//! Not part of the format: a file depends on the unpacked bytes alone. What every JPEG file needs
//! has prefix codes ([`tintype_entropy::huffman::packed_bytes`] at a distance of [`GROUP`]): 163 kB,
//! where the packing below would take 125 and ten times as long. That is for the dense model's priors,
//! most of which are zeros. Sixteen bytes are zeros, as one flag says; or each has a flag (is it
//! zero?) under bytes at eight distances, its upper six bits (log-odds) under the last byte that
//! is not zero and the byte 16 before, and its lower two (how well known) under those and the two
//! bytes before. Source: our own.

use tintype_entropy::{AdaptiveBit, BitDecoder, BitWalk};

/// Count at which the window of an adaptive bit stops growing. Not measured.
const LIMIT: u32 = 1000;

/// Bytes of a distribution; in the dense model's priors, those that are zeros together.
pub const GROUP: usize = 16;

/// Distances of the bytes that say whether the next one is zero.
const DISTANCES: [usize; 8] = [1, 2, 3, 4, 8, 16, 32, 64];

/// Codes `number` of `bits` bits, highest first, by the adaptive bits of a binary tree.
#[inline(always)]
fn code_number<W: BitWalk>(walk: &mut W, tree: &mut [AdaptiveBit], number: usize, bits: u32) -> usize {
    let mut node = 1;
    for shift in (0..bits).rev() {
        let bit = tree[node].code(walk, number >> shift & 1 == 1, LIMIT);
        node = node << 1 | usize::from(bit);
    }
    node - (1 << bits)
}

/// The contexts of all decisions.
struct Contexts {
    zero_groups: [AdaptiveBit; 16],
    zero_flags: [AdaptiveBit; 256],
    upper_trees: Vec<[AdaptiveBit; 64]>,
    lower_trees: [[AdaptiveBit; 4]; 8 * 5 * 5],
    /// The last byte that is not zero.
    last: usize,
}

impl Contexts {
    /// Codes the byte `own` behind `bytes`.
    #[inline(always)]
    fn code<W: BitWalk>(&mut self, walk: &mut W, own: usize, bytes: &[u8]) -> usize {
        let i = bytes.len();
        let before = |distance: usize| i.checked_sub(distance).map_or(0, |at| usize::from(bytes[at]));
        let zeros = |context, distance| context << 1 | usize::from(before(distance) == 0);
        let context = DISTANCES.into_iter().fold(0, zeros);
        if self.zero_flags[context].code(walk, own == 0, LIMIT) {
            return 0;
        }
        let tree = &mut self.upper_trees[(self.last >> 4) * 64 + (before(16) >> 2)];
        let upper = code_number(walk, tree, own >> 2, 6);
        let class = |byte: usize| if byte == 0 { 0 } else { 1 + (byte & 3) };
        let context = ((upper >> 3) * 5 + class(before(1))) * 5 + class(before(2));
        self.last = upper << 2 | code_number(walk, &mut self.lower_trees[context], own & 3, 2);
        self.last
    }
}

/// Passes `len` bytes through `walk`: `given`, or those that it reads; gives what passed.
fn walk_priors<W: BitWalk>(walk: &mut W, given: &[u8], len: usize) -> Vec<u8> {
    let mut contexts = Contexts {
        zero_groups: Default::default(),
        zero_flags: [AdaptiveBit::default(); 256],
        upper_trees: vec![[AdaptiveBit::default(); 64]; 16 * 64],
        lower_trees: [[AdaptiveBit::default(); 4]; 8 * 5 * 5],
        last: 0,
    };
    let mut bytes = Vec::with_capacity(len);
    // Which of the last four groups were zeros, newest lowest.
    let mut history = 0;
    while bytes.len() < len {
        let start = bytes.len();
        let group = GROUP.min(len - start);
        let own = |k: usize| if W::READS { 0 } else { usize::from(given[start + k]) };
        let zeros = (0..group).all(|k| own(k) == 0);
        let zeros = contexts.zero_groups[history].code(walk, zeros, LIMIT);
        history = (history << 1 | usize::from(zeros)) & 15;
        if zeros {
            bytes.resize(start + group, 0);
            continue;
        }
        for k in 0..group {
            let byte = contexts.code(walk, own(k), &bytes);
            bytes.push(byte as u8);
        }
    }
    bytes
}

/// The `len` bytes that `packed` stands for.
pub fn unpacked(packed: &[u8], len: usize) -> Vec<u8> {
    walk_priors(&mut BitDecoder::whole(packed), &[], len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::priors::{DENSE_BYTES, PACKED, QUICK_BYTES};
    use tintype_entropy::BitEncoder;
    use tintype_entropy::huffman::{packed_bytes, unpacked_bytes};

    /// `PRIORS=write` packs `priors.bin` anew.
    #[test]
    fn the_packed_priors_are_those_of_the_format() {
        let (quick, dense) = include_bytes!("priors.bin").split_at(QUICK_BYTES);
        if std::env::var("PRIORS").is_ok_and(|value| value == "write") {
            let mut encoder = BitEncoder::new();
            walk_priors(&mut encoder, dense, dense.len());
            let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/pack/priors.packed");
            std::fs::write(file, [packed_bytes(quick, GROUP).unwrap(), encoder.finish()].concat())
                .unwrap();
            return;
        }
        assert_eq!(dense.len(), DENSE_BYTES);
        let (own, rest) = unpacked_bytes(PACKED, GROUP, QUICK_BYTES).unwrap();
        assert!(own == quick && unpacked(rest, DENSE_BYTES) == dense, "priors.packed is another");
    }
}
