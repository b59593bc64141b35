//! Bytes that are no entropy-coded data, coded under mixed contexts of the bytes before them.
//!
//! In: bytes. Out: coded bytes, and back. The model first learns a typical JPEG header, so that usual tables cost
//! little. Exact zone. Source: context mixing as in `tintype_entropy`; the choice of contexts is ours.

use super::contexts::{Mixed, Priors};
use std::sync::LazyLock;
use tintype_entropy::{BitCost, BitDecoder, BitEncoder, BitWalk};

const ORDERS: usize = 3;
const SLOTS_LOG2: u32 = 15;

/// The model that knows the typical header.
static START: LazyLock<ByteModel> = LazyLock::new(ByteModel::new);

#[derive(Clone)]
struct ByteModel {
    mixed: Mixed<ORDERS>,
    recent: u64,
}

impl ByteModel {
    fn new() -> Self {
        let mut model = Self { mixed: Mixed::new(&mut Priors { bytes: &[] }, 1 << SLOTS_LOG2, 256 * 3, 60), recent: 0 };
        let mut nowhere = BitCost::new();
        for byte in typical_header().iter().cycle().take(2 * typical_header().len()) {
            model.byte(&mut nowhere, *byte);
        }
        model.recent = 0;
        model
    }

    fn byte<W: BitWalk>(&mut self, walk: &mut W, byte: u8) -> u8 {
        let hash = |bytes: u32, salt: u64| {
            let kept = self.recent & ((1u64 << (8 * bytes)) - 1);
            (kept.wrapping_add(salt << 56)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20
        };
        let bases = [hash(1, 1), hash(2, 2), hash(4, 4)];
        let mut node = 1u32;
        for depth in (0..8).rev() {
            let mask = (1usize << SLOTS_LOG2) - 1;
            let mut slots = [0; ORDERS];
            for (order, base) in bases.iter().enumerate() {
                let mixed = (base ^ u64::from(node).wrapping_mul(0x9e_3779)) as usize & mask;
                slots[order] = mixed;
            }
            let set = node as usize + 256 * usize::from(self.recent & 0xff == 0);
            let bit = self.mixed.code(walk, byte >> depth & 1 == 1, set, slots);
            node = node << 1 | u32::from(bit);
        }
        self.recent = self.recent << 8 | u64::from(node & 0xff);
        node as u8
    }
}

/// Codes `bytes`.
pub fn encode(bytes: &[u8]) -> Vec<u8> {
    let mut model = START.clone();
    let mut encoder = BitEncoder::new();
    for byte in bytes {
        model.byte(&mut encoder, *byte);
    }
    encoder.finish()
}

/// Decodes `count` bytes; stops early where `coded` ends, so that no count makes it work for nothing.
pub fn decode(coded: &[u8], count: usize) -> Vec<u8> {
    let mut model = START.clone();
    let mut decoder = BitDecoder::whole(coded);
    let mut out = Vec::new();
    while out.len() < count && !(decoder.exhausted() && out.len() > 4096) {
        let byte = model.byte(&mut decoder, 0);
        out.push(byte);
    }
    out
}

/// A JFIF file's header up to the first scan: the tables of annex K as most files hold them.
fn typical_header() -> Vec<u8> {
    let mut out = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00".to_vec();
    out.extend_from_slice(b"\xff\xc0\x00\x11\x08\x02\x00\x03\x00\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01");
    for (id, table) in crate::jpeg::quant_tables::standard_huffman() {
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

    #[test]
    fn bytes_come_back_and_usual_headers_cost_little() {
        let mixed: Vec<u8> = (0..3000u32).map(|i| ((i * i / 7) >> 3) as u8).collect();
        for bytes in [vec![], vec![255], mixed, super::typical_header()] {
            assert_eq!(decode(&encode(&bytes), bytes.len()), bytes);
        }
        assert!(encode(&super::typical_header()).len() < 60);
    }
}
