//! The rANS decoder.

use super::{PRECISION_MAX, STATE_MIN};
use crate::symbols::{ProbabilitySource, Signed, SymbolWalk, symbol_then_sign};
use crate::{BitWalk, EntropyError};

/// Decodes the code of a [`super::RansEncoder`] with as many lanes.
#[derive(Clone, Debug)]
pub struct RansDecoder<'a, const LANES: usize> {
    states: [u64; LANES],
    turn: usize,
    bytes: &'a [u8],
    at: usize,
    missing: bool,
}

const SLOT_MASK: u64 = (1 << PRECISION_MAX) - 1;

impl<'a, const LANES: usize> RansDecoder<'a, LANES> {
    /// Starts to read `bytes`.
    ///
    /// # Errors
    /// `Truncated` if the states are not there; `Malformed` if one of them is out of range.
    pub fn new(bytes: &'a [u8]) -> Result<Self, EntropyError> {
        const { assert!(LANES.is_power_of_two() && LANES <= 8) };
        let Some(head) = bytes.get(..8 * LANES) else {
            return Err(EntropyError::Truncated { needed: 8 * LANES - bytes.len() });
        };
        let mut states = [0; LANES];
        for (lane, (state, chunk)) in states.iter_mut().zip(head.as_chunks::<8>().0).enumerate() {
            *state = u64::from_le_bytes(*chunk);
            if !(STATE_MIN..STATE_MIN << 32).contains(state) {
                return Err(EntropyError::Malformed {
                    what: "rANS state out of range",
                    at: Some(8 * lane),
                });
            }
        }
        Ok(Self { states, turn: 0, bytes, at: 8 * LANES, missing: false })
    }

    /// Checks that the code ends here, with the states that the encoder began with.
    ///
    /// # Errors
    /// `Truncated` if bytes were missing, `Malformed` if bytes are left or the states are wrong:
    /// then the symbols decoded are not those encoded.
    pub fn finish(&self) -> Result<(), EntropyError> {
        if self.missing {
            return Err(EntropyError::Truncated {
                needed: self.at.saturating_sub(self.bytes.len()).max(1),
            });
        }
        if self.at != self.bytes.len() || self.states != [STATE_MIN; LANES] {
            return Err(EntropyError::Malformed {
                what: "rANS code does not end in its first state",
                at: Some(self.at),
            });
        }
        Ok(())
    }

    /// Decodes the symbol that `find` gives for the slot, with its start and width on a scale of
    /// 16 bits.
    #[inline(always)]
    fn take<T>(&mut self, find: impl FnOnce(u32) -> (T, u32, u32)) -> T {
        // One state, or two that swap places, stay in registers; more are indexed by their turn.
        let lane = if LANES <= 2 { 0 } else { self.turn & (LANES - 1) };
        let state = self.states[lane];
        let slot = state & SLOT_MASK;
        let (symbol, start, width) = find(slot as u32);
        let mut state = u64::from(width) * (state >> PRECISION_MAX) + slot - u64::from(start);
        if state < STATE_MIN {
            state = (state << 32) | u64::from(self.word());
        }
        if LANES <= 2 {
            self.states =
                std::array::from_fn(|i| if i + 1 == LANES { state } else { self.states[LANES - 1] });
        } else {
            self.states[lane] = state;
            self.turn = self.turn.wrapping_add(1);
        }
        symbol
    }

    #[inline(always)]
    fn word(&mut self) -> u32 {
        let chunk = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<4>());
        self.missing |= chunk.is_none();
        self.at = self.at.saturating_add(4);
        u32::from_le_bytes(*chunk.unwrap_or(&[0; 4]))
    }
}

impl<const LANES: usize> BitWalk for RansDecoder<'_, LANES> {
    const READS: bool = true;

    #[inline(always)]
    fn bit(&mut self, _bit: bool, p1: u32) -> bool {
        self.take(|slot| if slot < p1 { (1, 0, p1) } else { (0, p1, 65536 - p1) }) != 0
    }

    #[inline(always)]
    fn bits_16(&mut self, _value: u32, count: u32) -> u32 {
        let shift = PRECISION_MAX - count;
        self.take(|slot| (slot >> shift, slot >> shift << shift, 1 << shift))
    }

    #[inline(always)]
    fn exhausted(&self) -> bool {
        self.missing
    }
}

impl<const LANES: usize> SymbolWalk for RansDecoder<'_, LANES> {
    #[inline(always)]
    fn symbol<S: ProbabilitySource + ?Sized>(&mut self, _symbol: u32, source: &S) -> u32 {
        let shift = PRECISION_MAX - source.precision();
        // Inlined, so that `find` is compiled for the caller's SIMD level.
        self.take(
            #[inline(always)]
            |slot| {
                let (symbol, start, width) = source.find(slot >> shift);
                (symbol, start << shift, width << shift)
            },
        )
    }

    #[inline(always)]
    fn signed_symbol<S: ProbabilitySource + ?Sized>(&mut self, signed: Signed, source: &S) -> Signed {
        if source.precision() == PRECISION_MAX {
            return symbol_then_sign(self, signed, source);
        }
        let shift = PRECISION_MAX - 1 - source.precision();
        self.take(
            #[inline(always)]
            |slot| {
                let (symbol, start, width) = source.find(slot >> (shift + 1));
                let (start, width) = (start << (shift + 1), width << (shift + u32::from(symbol == 0)));
                let negative = slot - start >= width;
                ((symbol, negative), start + if negative { width } else { 0 }, width)
            },
        )
    }
}
