//! The byte model: headers, metadata and tails, coded as nibbles under the bytes before them.
//!
//! In: bytes. Out: coded bytes, and back. The distribution of a nibble lies between those that
//! the last one, two and four bytes choose, nearer to the longer context the more often that
//! occurred. The model first learns a typical JPEG header, so that the tables of annex K cost
//! little. Bit-exact.
//! Source: our own; blending of orders as in prediction by partial matching.

use super::distributions::{Distribution, stairs};
use fearless_simd::{Simd, dispatch, i16x16, prelude::*};
use std::sync::LazyLock;
use tintype_entropy::symbols::NibbleSource;
use tintype_entropy::{BitCost, BitDecoder, BitEncoder, BitWalk, SymbolWalk};
use tintype_image::Level;

/// Bytes of context, from short to long.
const ORDERS: [u32; 3] = [1, 2, 4];
/// Contexts of an order, as a power of two; others share them. Not measured.
const SLOTS_LOG2: u32 = 12;
/// Times that the model learns the typical header before the first byte. Not measured.
const HEADERS: usize = 8;

/// How far a bound moves, as halvings less one, by how often its distribution was used.
///
/// A first guess. Rates chosen by camera files save 0.5 points of those, but they are test files.
static SHIFTS: [u8; 32] = stairs([0, 2, 15], &[0, 1, 2, 3]);

/// Halvings of the difference to a shorter context's bounds, by how often the longer one
/// occurred. Not measured.
static TRUST: [u8; 32] = stairs([0, 1, 2], &[0, 1, 2, 3]);

/// The model that has learnt the typical header.
static START: LazyLock<ByteModel> = LazyLock::new(ByteModel::new);

#[derive(Clone)]
struct ByteModel {
    /// For each order its distributions, and how often each was used, up to 31.
    bounds: [Vec<Distribution>; ORDERS.len()],
    seen: [Vec<u8>; ORDERS.len()],
    recent: u64,
}

impl ByteModel {
    fn new() -> Self {
        let even = Distribution::default();
        let mut model = Self {
            bounds: ORDERS.map(|_| vec![even; 1 << SLOTS_LOG2]),
            seen: ORDERS.map(|_| vec![0; 1 << SLOTS_LOG2]),
            recent: 0,
        };
        let header = typical_header();
        let often = header.iter().cycle().take(HEADERS * header.len()).copied();
        model.bytes(Level::baseline(), &mut BitCost::new(), often, |_, _| true);
        model.recent = 0;
        model
    }

    /// Codes `bytes` while `take` accepts what comes back.
    fn bytes<W: SymbolWalk>(
        &mut self,
        level: Level,
        walk: &mut W,
        bytes: impl Iterator<Item = u8>,
        mut take: impl FnMut(&W, u8) -> bool,
    ) {
        dispatch!(level, simd => simd.vectorize(#[inline(always)] || {
            for byte in bytes {
                let high = self.nibble(simd, walk, byte >> 4, 0);
                let low = self.nibble(simd, walk, byte & 15, 16 + u64::from(high));
                let byte = high << 4 | low;
                self.recent = self.recent << 8 | u64::from(byte);
                if !take(walk, byte) {
                    break;
                }
            }
        }));
    }

    /// A nibble; `before` is 0 for the upper one, and 16 plus the upper one for the lower.
    #[inline(always)]
    fn nibble<S: Simd, W: SymbolWalk>(&mut self, simd: S, walk: &mut W, nibble: u8, before: u64) -> u8 {
        let slots = ORDERS.map(|bytes| {
            let kept = self.recent & ((1u64 << (8 * bytes)) - 1);
            ((kept << 8 | before).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SLOTS_LOG2)) as usize
        });
        let mut mixed = i16x16::from_slice(simd, &self.bounds[0][slots[0]].ends);
        for order in 1..ORDERS.len() {
            let own = i16x16::from_slice(simd, &self.bounds[order][slots[order]].ends);
            mixed = own
                - ((own - mixed) >> u32::from(TRUST[usize::from(self.seen[order][slots[order]] & 31)]));
        }
        // Rounding may have closed a gap between bounds: give every symbol a frequency of 1.
        let ones: [i16; 16] = std::array::from_fn(|i| i as i16 + 1);
        let mut bounds = Distribution { ends: [0; 16] };
        (mixed - 1 - ((mixed - 1) >> 11) + i16x16::from_slice(simd, &ones))
            .store_slice(&mut bounds.ends);
        bounds.ends[15] = i16::MIN;
        let nibble = walk.symbol(nibble.into(), &NibbleSource { simd, table: &bounds });
        for (order, slot) in slots.into_iter().enumerate() {
            let seen = &mut self.seen[order][slot];
            self.bounds[order][slot].update_rounded(
                simd,
                nibble,
                u32::from(SHIFTS[usize::from(*seen & 31)]),
            );
            *seen += u8::from(*seen < 31);
        }
        nibble as u8
    }
}

/// Codes `bytes`.
pub fn encode(bytes: &[u8], level: Level) -> Vec<u8> {
    let mut encoder = BitEncoder::new();
    START.clone().bytes(level, &mut encoder, bytes.iter().copied(), |_, _| true);
    encoder.finish_determined()
}

/// Decodes `count` bytes; stops early where `coded` ends, so that work is bounded by `coded`.
pub fn decode(coded: &[u8], count: usize, level: Level) -> Vec<u8> {
    let mut out = Vec::new();
    START.clone().bytes(
        level,
        &mut BitDecoder::cut(coded),
        std::iter::repeat_n(0, count),
        |walk, byte| {
            out.push(byte);
            !walk.exhausted()
        },
    );
    out
}

/// A JFIF file's header up to the first scan: the tables of annex K as most files hold them.
fn typical_header() -> Vec<u8> {
    let mut out = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00".to_vec();
    out.extend_from_slice(
        b"\xff\xc0\x00\x11\x08\x02\x00\x03\x00\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01",
    );
    for (id, table) in crate::standard_tables::standard_huffman() {
        out.extend([0xff, 0xc4, 0, (19 + table.1.len()) as u8, id]);
        out.extend_from_slice(&table.0);
        out.extend_from_slice(table.1);
    }
    out.extend_from_slice(b"\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00");
    out
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};
    use tintype_image::Level;

    #[test]
    fn bytes_decode_and_typical_headers_cost_little() {
        let mixed: Vec<u8> = (0..3000u32).map(|i| ((i * i / 7) >> 3) as u8).collect();
        for bytes in [vec![], vec![255], mixed, super::typical_header()] {
            assert_eq!(
                decode(&encode(&bytes, Level::baseline()), bytes.len(), Level::baseline()),
                bytes
            );
        }
        assert!(encode(&super::typical_header(), Level::baseline()).len() < 100);
    }
}
