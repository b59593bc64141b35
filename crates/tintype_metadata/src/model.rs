//! The model of a byte: contexts of the bytes before it, mixed with the match.
//!
//! Bit-exact. Source: lpaq (Mahoney, 2007) for the arrangement; contexts are our own.

use crate::dictionary::sample;
use crate::lines::Lines;
use crate::matches::{Matches, Trust};
use std::sync::LazyLock;
use tintype_entropy::{AdaptiveBit, BitCost, BitWalk, Mixer, Sse, stretch};

/// Contexts that are hashed.
const CONTEXTS: usize = 12;
/// What is mixed: the contexts, the match, the bits of the byte alone.
const INPUTS: usize = CONTEXTS + 2;
/// Count at which adaptive bits stop learning more slowly. Not measured.
const LIMIT: u32 = 255;
/// How fast mixers learn. Not measured.
const RATE: i32 = 8;
/// Probability that a match of full length goes on, before any was seen: 63 of 64. Not measured.
const SURE: u32 = 64_512;
/// First weight of each input, in 1/65 536. Not measured.
const WEIGHT: i32 = 20_000;

/// What is kept from one run to the next: how far each context can be trusted.
#[derive(Clone)]
struct Learnt {
    mixer: Mixer<INPUTS>,
    last: Sse,
    trust: Trust,
    alone: Vec<AdaptiveBit>,
    /// Whether the byte comes that a match of full length expects.
    sure: AdaptiveBit,
}

/// The model after it has seen [`sample`].
static START: LazyLock<Learnt> = LazyLock::new(|| {
    let mut model = ByteModel::new(Learnt::default(), 0);
    for byte in sample() {
        model.code(&mut BitCost::new(), *byte);
    }
    model.learnt
});

impl Default for Learnt {
    fn default() -> Self {
        Self {
            mixer: Mixer::with_weight(64, RATE, WEIGHT),
            last: Sse::new(256),
            trust: Trust::default(),
            alone: vec![AdaptiveBit::default(); 256],
            sure: AdaptiveBit::with_count(SURE, 20),
        }
    }
}

/// Codes bytes one after the other.
pub struct ByteModel {
    learnt: Learnt,
    lines: Lines,
    matches: Matches,
    /// The last bytes, the latest lowest.
    recent: u128,
    /// Hashes of the present word, letters and digits, and of the one before it.
    words: [u32; 2],
}

impl ByteModel {
    /// The model for `len` bytes.
    pub fn for_bytes(len: usize) -> Self {
        Self::new(START.clone(), len)
    }

    fn new(learnt: Learnt, len: usize) -> Self {
        // 24 lines a byte would hold all; contexts return.
        let log2 = (16 * len).max(1).ilog2().clamp(14, 19);
        Self { learnt, lines: Lines::new(log2), matches: Matches::new(), recent: 0, words: [0; 2] }
    }

    /// The hash of each context.
    fn hashes(&self) -> [u64; CONTEXTS] {
        let recent = self.recent;
        let byte = |back: u32| (recent >> (8 * (back - 1))) as u64 & 255;
        let last = |count: u32| recent as u64 & ((1u64 << (8 * count)) - 1);
        let expected = self.matches.expected().map_or(0, |byte| u64::from(byte) + 1);
        let values = [
            last(1),
            last(2),
            last(3),
            last(4),
            last(6),
            u64::from(self.words[0]) << 8 | byte(1),
            u64::from(self.words[0]) << 32 | u64::from(self.words[1]),
            byte(2) << 8 | byte(3),
            byte(2) << 8 | byte(4),
            byte(3) << 8 | byte(6),
            byte(12) << 8 | byte(1),
            expected << 16 | byte(1) << 8 | self.matches.bucket() as u64,
        ];
        let mut number = 0;
        values.map(|value| {
            number += 1;
            (value ^ number << 58).wrapping_add(number).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        })
    }

    /// Codes a byte; a decoder passes anything and gets it back.
    pub fn code<W: BitWalk>(&mut self, walk: &mut W, byte: u8) -> u8 {
        if let Some(sure) = self.matches.sure()
            && self.learnt.sure.code(walk, byte == sure, AdaptiveBit::LIMIT_MAX)
        {
            // Long repetitions take a twentieth of the time; contexts do not learn from them.
            self.push(sure);
            return sure;
        }
        let hashes = self.hashes();
        let expected = self.matches.expected().map(|byte| usize::from(byte) | 256);
        let (bucket, slot) = (self.matches.bucket(), self.matches.trust_slot());
        let mut node = 1usize;
        for half in 0..2u64 {
            // The second nibble has a line for each first one.
            let salt = if half == 0 { 0 } else { node as u64 };
            let places = hashes.map(|hash| {
                let hash = (hash ^ hash >> 29 ^ salt << 17).wrapping_mul(0xd6e8_feb8_6659_fd93);
                self.lines.find(hash)
            });
            let mut inner = 1;
            for step in 0..4 {
                let wanted = byte >> (7 - 4 * half as u32 - step) & 1 == 1;
                let left = 8 - 4 * half as usize - step as usize;
                let hoped = expected
                    .filter(|expected| expected >> left == node)
                    .map(|expected| expected >> (left - 1) & 1 == 1);
                let set = if hoped.is_some() { bucket } else { 0 };
                let bit = self.bit(walk, wanted, &places, inner, node, hoped, [set, slot]);
                inner = 2 * inner + usize::from(bit);
                node = 2 * node + usize::from(bit);
            }
        }
        let byte = node as u8;
        self.push(byte);
        byte
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one decision")]
    #[inline(always)]
    fn bit<W: BitWalk>(
        &mut self,
        walk: &mut W,
        bit: bool,
        places: &[usize; CONTEXTS],
        inner: usize,
        node: usize,
        hoped: Option<bool>,
        [set, slot]: [usize; 2],
    ) -> bool {
        let learnt = &mut self.learnt;
        let mut inputs = [0; INPUTS];

        for i in 0..CONTEXTS {
            inputs[i] = stretch(self.lines.node(places[i], inner).p1());
        }
        if let Some(hoped) = hoped {
            let odds = learnt.trust.odds(slot);
            inputs[CONTEXTS] = if hoped { odds } else { -odds };
        }
        inputs[CONTEXTS + 1] = stretch(learnt.alone[node].p1());
        let set = set * 8 + (node.ilog2() as usize & 7);
        let mixed = learnt.mixer.mix(set, &inputs);
        let (refined, place) = learnt.last.refine(node, mixed);
        let bit = walk.bit(bit, ((3 * mixed + refined) >> 2).clamp(1, 65_535));

        learnt.last.update(place, bit, 6);
        learnt.mixer.update(set, &inputs, mixed, bit);
        for place in places {
            self.lines.node(*place, inner).update(bit, LIMIT);
        }
        learnt.alone[node].update(bit, LIMIT);
        if let Some(hoped) = hoped {
            learnt.trust.update(slot, bit == hoped);
        }
        bit
    }

    fn push(&mut self, byte: u8) {
        self.matches.push(byte);
        self.recent = self.recent << 8 | u128::from(byte);
        if byte.is_ascii_alphanumeric() {
            self.words[0] = (self.words[0] ^ u32::from(byte)).wrapping_mul(0x2f0b_4c47).rotate_left(9);
        } else if self.words[0] != 0 {
            self.words = [0, self.words[0]];
        }
    }
}
