//! Numbers under static tables: recorded when writing, so that the tables can stand before them.
//!
//! In: whole numbers below 2^18, each with the number of its context and one of eight lanes. Out:
//! tables in the tile's head, then tokens as rANS with a state for each lane, and the plain bits
//! beside. [`NumberWalk`] is what a walk is written over, once for both directions.
//! Bit-exact: integers.
//! Source: J. Duda, "Asymmetric numeral systems" (arXiv:1311.2540); lanes after F. Giesen,
//! "Interleaved entropy coders" (arXiv:1402.3392); docs/format/lossless.md, section 12.

use super::static_tables::{COUNTS, Counts, PRECISION, SLOTS, StaticTables, parts, slots};
use super::token::{bits_of, number_of, token_of};
use std::ops::Range;
use tintype_codec::CodecError;
use tintype_entropy::bits::{LsbReader, LsbWriter};
use tintype_entropy::{BitWalk, EntropyError};

/// Coder states: one for each row that goes together in the quick walk.
pub(super) const LANES: usize = 8;

/// A state lies in `STATE_MIN..STATE_MIN << 32` between tokens, and at `STATE_MIN` before the
/// first one coded.
const STATE_MIN: u64 = 1 << 31;

/// Bytes before the words: the number of words, and the states.
const FIXED_BYTES: usize = 4 + 8 * LANES;

/// A direction: writes numbers, or reads them.
pub(super) trait NumberWalk {
    /// Whether numbers are read.
    const READS: bool;

    /// Codes one number below 2^18; use the one returned.
    fn number(&mut self, lane: usize, context: usize, number: u32) -> u32;

    /// Codes the numbers `lanes`, each under its context and in its lane.
    #[inline(always)]
    fn lanes(&mut self, lanes: Range<usize>, contexts: &[i32; LANES], numbers: &mut [u32; LANES]) {
        if lanes == (0..LANES) {
            for lane in 0..LANES {
                numbers[lane] = self.number(lane, contexts[lane] as usize, numbers[lane]);
            }
            return;
        }
        for lane in lanes {
            numbers[lane] = self.number(lane, contexts[lane] as usize, numbers[lane]);
        }
    }

    /// Codes a row of numbers, under contexts from `first` on, the lanes in turn from the first.
    #[inline(always)]
    fn numbers(&mut self, first: usize, contexts: &[u8], numbers: &mut [u16]) {
        let (full, rest) = numbers.as_chunks_mut::<LANES>();
        let (contexts, contexts_of_rest) = contexts.as_chunks::<LANES>();
        for (numbers, contexts) in full.iter_mut().zip(contexts) {
            for lane in 0..LANES {
                let context = first + usize::from(contexts[lane]);
                numbers[lane] = self.number(lane, context, u32::from(numbers[lane])) as u16;
            }
        }
        for (lane, (number, &context)) in rest.iter_mut().zip(contexts_of_rest).enumerate() {
            *number = self.number(lane, first + usize::from(context), u32::from(*number)) as u16;
        }
    }
}

/// Keeps tokens until their tables are known.
pub(super) struct Recorder {
    /// Lane, from bit 29 on; context, from bit 8 on; token.
    entries: Vec<u32>,
    counts: Vec<Counts>,
    plain: LsbWriter,
}

impl Recorder {
    /// For numbers in `contexts` contexts; `expected` numbers are made room for.
    pub fn new(contexts: usize, expected: usize) -> Self {
        Self {
            entries: Vec::with_capacity(expected),
            counts: vec![[0; COUNTS]; contexts],
            plain: LsbWriter::new(),
        }
    }

    /// Counts a token and writes its number's lower bits.
    #[inline(always)]
    fn count(&mut self, context: usize, token: u32, number: u32) {
        self.counts[context][token as usize & (COUNTS - 1)] += 1;
        let bits = bits_of(token);
        if bits > 0 {
            self.plain.write(number & ((1 << bits) - 1), bits);
        }
    }

    /// Writes the tables to `head` and gives the code of all numbers.
    ///
    /// # Errors
    /// None: a writer without a limit has none.
    pub fn finish<W: BitWalk>(self, head: &mut W) -> Result<Vec<u8>, CodecError> {
        let tables = StaticTables::write(head, &self.counts);
        let steps: Vec<_> = tables.tables.iter().map(|table| parts(table).map(Step::new)).collect();
        let mut states = [STATE_MIN; LANES];
        let mut words = Vec::with_capacity(self.entries.len() / 8);
        for entry in self.entries.iter().rev() {
            let table = &steps[usize::from(tables.of[(entry << 3 >> 11) as usize])];
            let step = &table[(entry & 0xff) as usize & (COUNTS - 1)];
            step.code(&mut states[(entry >> 29) as usize], &mut words);
        }
        let plain = self.plain.finish().map_err(failed)?;
        let mut bytes = Vec::with_capacity(FIXED_BYTES + 4 * words.len() + plain.len());
        bytes.extend_from_slice(&(words.len() as u32).to_le_bytes());
        states.iter().for_each(|state| bytes.extend_from_slice(&state.to_le_bytes()));
        words.iter().rev().for_each(|word: &u32| bytes.extend_from_slice(&word.to_le_bytes()));
        bytes.extend_from_slice(&plain);
        Ok(bytes)
    }
}

impl NumberWalk for Recorder {
    const READS: bool = false;

    #[inline(always)]
    fn number(&mut self, lane: usize, context: usize, number: u32) -> u32 {
        let token = token_of(number);
        self.entries.push((lane as u32) << 29 | (context as u32) << 8 | token);
        self.count(context, token, number);
        number
    }

    #[inline(always)]
    fn numbers(&mut self, first: usize, contexts: &[u8], numbers: &mut [u16]) {
        let start = self.entries.len();
        let entry = |(x, (&context, &number)): (usize, (&u8, &u16))| {
            let context = first as u32 + u32::from(context);
            (x as u32) << 29 | context << 8 | token_of(u32::from(number))
        };
        self.entries.extend(contexts.iter().zip(&*numbers).enumerate().map(entry));
        for (x, (&context, &number)) in contexts.iter().zip(&*numbers).enumerate() {
            let token = self.entries[start + x] & 0xff;
            self.count(first + usize::from(context), token, u32::from(number));
        }
    }
}

/// How a token of one table changes a state.
#[derive(Clone, Copy)]
struct Step {
    /// `state * reciprocal >> (64 + shift)` is the state over the width.
    reciprocal: u64,
    /// The state at which a word has to leave.
    full: u64,
    shift: u32,
    start: u32,
    /// What is left of the scale beside the token.
    others: u32,
}

impl Step {
    /// For a part of the scale; a width of 0 is never coded.
    fn new((start, width): (u32, u32)) -> Self {
        let (scale, full) = (SLOTS as u32, u64::from(width) << (63 - PRECISION));
        if width < 2 {
            // The state over 1 is the state: one less by the product, which the start makes up
            // for.
            return Self {
                reciprocal: u64::MAX,
                full,
                shift: 0,
                start: start + scale - 1,
                others: scale - 1,
            };
        }
        // Rounded up from 64 + shift bits, which is exact for states below 2^63.
        let shift = (width - 1).ilog2();
        let numerator = (1u128 << (64 + shift)) + u128::from(width) - 1;
        Self {
            reciprocal: (numerator / u128::from(width)) as u64,
            full,
            shift,
            start,
            others: scale - width,
        }
    }

    #[inline(always)]
    fn code(&self, state: &mut u64, words: &mut Vec<u32>) {
        if *state >= self.full {
            words.push(*state as u32);
            *state >>= 32;
        }
        let quotient = ((u128::from(*state) * u128::from(self.reciprocal)) >> 64) as u64 >> self.shift;
        *state += u64::from(self.start) + quotient * u64::from(self.others);
    }
}

/// Reads what a [`Recorder`] wrote.
pub(super) struct Reader<'a> {
    /// For each context where its table starts in `slots`.
    of: Vec<u32>,
    slots: Vec<[u32; SLOTS]>,
    states: [u64; LANES],
    words: &'a [[u8; 4]],
    at: usize,
    plain: LsbReader<'a>,
    plain_bytes: usize,
}

impl<'a> Reader<'a> {
    /// Reads the tables of `contexts` contexts from `head`, and starts to read `code`.
    ///
    /// # Errors
    /// `Malformed`, `Truncated`.
    pub fn new<W: BitWalk>(head: &mut W, contexts: usize, code: &'a [u8]) -> Result<Self, CodecError> {
        let tables = StaticTables::read(head, contexts)?;
        let truncated = |needed| CodecError::Truncated { needed };
        let (fixed, rest) = code
            .split_first_chunk::<FIXED_BYTES>()
            .ok_or_else(|| truncated(FIXED_BYTES - code.len().min(FIXED_BYTES - 1)))?;
        let (count, states_bytes) = fixed.split_at(4);
        let count = count.iter().rev().fold(0, |count, &byte| count << 8 | usize::from(byte));
        let (words, plain) = rest
            .split_at_checked(count.saturating_mul(4))
            .ok_or_else(|| truncated(count.saturating_mul(4) - rest.len()))?;
        let mut states = [0; LANES];
        for (state, chunk) in states.iter_mut().zip(states_bytes.as_chunks::<8>().0) {
            *state = u64::from_le_bytes(*chunk);
            if !(STATE_MIN..STATE_MIN << 32).contains(state) {
                let what = format!("rANS state {state}");
                return Err(CodecError::Malformed { what, at: None });
            }
        }
        Ok(Self {
            of: tables.of.iter().map(|&table| u32::from(table)).collect(),
            slots: tables.tables.iter().map(slots).collect(),
            states,
            words: words.as_chunks::<4>().0,
            at: 0,
            plain: LsbReader::new(plain),
            plain_bytes: plain.len(),
        })
    }

    /// Checks that the code ends here, with the states that it began with.
    ///
    /// # Errors
    /// `Truncated` if words or bits were missing, `Malformed` if some are left or the states are
    /// wrong: then the numbers read are not those written.
    pub fn finish(&self) -> Result<(), CodecError> {
        self.plain.check().map_err(failed)?;
        if let Some(missing) = self.at.checked_sub(self.words.len()).filter(|&missing| missing > 0) {
            return Err(CodecError::Truncated { needed: missing.saturating_mul(4) });
        }
        let plain_ends = self.plain.position_bits().div_ceil(8) == self.plain_bytes;
        if self.at < self.words.len() || self.states != [STATE_MIN; LANES] || !plain_ends {
            let what = "numbers do not end where their code does".into();
            return Err(CodecError::Malformed { what, at: None });
        }
        Ok(())
    }
}

impl NumberWalk for Reader<'_> {
    const READS: bool = true;

    #[inline(always)]
    fn number(&mut self, lane: usize, context: usize, _number: u32) -> u32 {
        let slots = &self.slots[self.of[context] as usize];
        let state = self.states[lane];
        let entry = slots[state as usize & (SLOTS - 1)];
        let mut state = u64::from(entry >> 20) * (state >> PRECISION) + u64::from(entry >> 8 & 0xfff);
        if state < STATE_MIN {
            state = state << 32
                | u64::from(u32::from_le_bytes(self.words.get(self.at).copied().unwrap_or_default()));
            self.at += 1;
        }
        self.states[lane] = state;
        let token = entry & 0xff;
        let bits = bits_of(token);
        if bits == 0 { token } else { number_of(token) + self.plain.read(bits) }
    }
}

fn failed(error: EntropyError) -> CodecError {
    match error {
        EntropyError::Truncated { needed } => CodecError::Truncated { needed },
        other => CodecError::Malformed { what: other.to_string(), at: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_are_exact() {
        let mut seed = 1u64;
        for width in 1..=SLOTS as u32 {
            let step = Step::new((3, width));
            for _ in 0..40 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let top = u64::from(width) << (63 - PRECISION);
                let near = (seed >> 13) % top / u64::from(width) * u64::from(width);
                for state in [STATE_MIN, near, near.wrapping_sub(1), near + 1, top - 1] {
                    if !(STATE_MIN..top).contains(&state) {
                        continue;
                    }
                    let mut coded = state;
                    step.code(&mut coded, &mut Vec::new());
                    let (quotient, rest) = (state / u64::from(width), state % u64::from(width));
                    assert_eq!(coded, (quotient << PRECISION) + rest + 3, "{state} over {width}");
                }
            }
        }
    }
}
