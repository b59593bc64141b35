//! The match model: where the latest bytes stood before, and what followed there.
//!
//! The history starts with the dictionary. Bit-exact.

use crate::dictionary::dictionary;
use std::sync::LazyLock;
use tintype_entropy::{AdaptiveBit, stretch};

/// Bytes that a place must share with the latest ones to be taken.
const LEN_MIN: usize = 5;
/// Longer matches count as this long.
const LEN_MAX: usize = 63;
/// Places that are kept, as a power of two.
const PLACES_LOG2: u32 = 16;
/// Mispredicted bytes, in a row or nearly so, after which a place is given up.
const MISSES_MAX: u32 = 8;
/// Count at which the adaptive bits of a length stop learning more slowly.
const LIMIT: u32 = 1023;

/// The history of the dictionary alone.
static START: LazyLock<(Vec<u8>, Vec<u32>)> = LazyLock::new(|| {
    let bytes = dictionary().to_vec();
    let mut places = vec![0; 1 << PLACES_LOG2];
    for end in LEN_MIN..=bytes.len() {
        places[slot(&bytes[..end])] = end as u32;
    }
    (bytes, places)
});

/// Where the place of the last bytes of `history` is kept.
fn slot(history: &[u8]) -> usize {
    let last = history.last_chunk::<LEN_MIN>().copied().unwrap_or_default();
    let number = last.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - PLACES_LOG2)) as usize
}

/// What was learnt of how far matches can be trusted.
#[derive(Clone)]
pub struct Trust {
    bits: Vec<AdaptiveBit>,
}

impl Default for Trust {
    fn default() -> Self {
        let bits = (0..4 * (LEN_MAX + 1)).map(|at| {
            // A match of n bytes goes on with odds of about n to 1; one that missed, of less.
            let (len, misses) = (at / 4, at % 4);
            let odds = (len as u32 + 2) >> misses;
            AdaptiveBit::with_count((65_536 * (odds + 1)) / (odds + 2), 6)
        });
        Self { bits: bits.collect() }
    }
}

/// History and the place that is matched.
pub struct Matches {
    /// The dictionary and all bytes since.
    pub history: Vec<u8>,
    places: Vec<u32>,
    /// The byte expected next, 0: none.
    at: usize,
    len: usize,
    misses: u32,
}

impl Matches {
    /// Nothing but the dictionary.
    pub fn new() -> Self {
        let (history, places) = START.clone();
        Self { history, places, at: 0, len: 0, misses: 0 }
    }

    /// The byte that is expected.
    #[inline]
    pub fn expected(&self) -> Option<u8> {
        if self.at == 0 { None } else { self.history.get(self.at).copied() }
    }

    /// How long the match is: 0 without one, else 1 to 7, by powers of two.
    #[inline]
    pub fn bucket(&self) -> usize {
        match self.at {
            0 => 0,
            _ => (self.len + 1).ilog2() as usize + 1,
        }
    }

    /// Bytes that matched since the last miss, and misses, as one number below 256.
    #[inline]
    pub fn trust_slot(&self) -> usize {
        4 * self.len + self.misses.min(3) as usize
    }

    /// The byte that is expected after a match of full length.
    #[inline]
    pub fn sure(&self) -> Option<u8> {
        self.expected().filter(|_| self.len == LEN_MAX)
    }

    /// Takes the next byte.
    pub fn push(&mut self, byte: u8) {
        match self.expected() {
            Some(expected) if expected == byte => {
                self.at += 1;
                self.len = (self.len + 1).min(LEN_MAX);
                if self.len > 15 {
                    self.misses = 0;
                }
            }
            Some(_) => {
                self.at += 1;
                self.len = 0;
                self.misses += 1;
            }
            None => {}
        }
        self.history.push(byte);
        let own = &mut self.places[slot(&self.history)];
        let found = *own as usize;
        *own = self.history.len() as u32;
        if self.misses > MISSES_MAX {
            (self.at, self.len, self.misses) = (0, 0, 0);
        }
        // A match that goes well is kept; else a longer one may take its place.
        if found > 0 && (self.at == 0 || self.len < 16) && found != self.at {
            let len = self.shared(found);
            if len >= LEN_MIN && (self.at == 0 || len > self.len) {
                (self.at, self.len, self.misses) = (found, len, 0);
            }
        }
    }

    /// How many of the latest bytes stand before `place` too.
    fn shared(&self, place: usize) -> usize {
        let ours = self.history.iter().rev();
        let theirs = self.history[..place].iter().rev();
        ours.zip(theirs).take(LEN_MAX).take_while(|(a, b)| a == b).count()
    }
}

impl Trust {
    /// Log-odds that the expected bit comes, under [`Matches::trust_slot`].
    #[inline(always)]
    pub fn odds(&self, slot: usize) -> i32 {
        stretch(self.bits[slot].p1())
    }

    /// Learns whether the expected bit came.
    #[inline(always)]
    pub fn update(&mut self, slot: usize, came: bool) {
        self.bits[slot].update(came, LIMIT);
    }
}
