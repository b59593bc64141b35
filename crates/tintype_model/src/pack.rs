//! Packings of a payload: plain, under adaptive tables in rANS, or under prefix codes. Bit-exact.
//!
//! Two adaptive packings, for the two kinds of numbers that models consist of.
//! [`Packing::Bytes`] codes each byte as two nibbles. [`Packing::Words`] codes each 16-bit
//! word as the length of its magnitude, whose table depends on the lengths before, and plain
//! bits. [`Packing::Prefix`] unpacks five times as fast as they do. Format: docs/format/model.md,
//! "Packings".

use crate::ModelError;
use fearless_simd::{Level, Simd, dispatch};
use tintype_entropy::SymbolWalk;
use tintype_entropy::huffman::{packed_bytes, unpacked_bytes};
use tintype_entropy::rans::{RansDecoder, RansEncoder};
use tintype_entropy::symbols::{AdaptiveNibble, NibbleSource};

/// How a payload is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Plain,
    Bytes,
    Words,
    /// The hash of another model and differences to it ([`crate::difference`]).
    Differences,
    /// Prefix codes, [`packed_bytes`] at a distance of 1.
    Prefix,
}

impl Packing {
    const ALL: [Self; 5] = [Self::Plain, Self::Bytes, Self::Words, Self::Differences, Self::Prefix];

    pub(crate) fn number(self) -> u8 {
        self as u8
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// Interleaved states of the code.
const LANES: usize = 2;
/// Every end of a table goes `2^-RATE` of its way at each symbol. Measured on the four shipped
/// models: see docs/lab/models.md.
const RATE: u32 = 6;

type Table = AdaptiveNibble<4>;

/// The payload under the packing that needs the fewest bytes.
pub(crate) fn smallest(payload: &[u8]) -> (Packing, Vec<u8>) {
    let mut best = (Packing::Plain, payload.to_vec());
    for packing in [Packing::Bytes, Packing::Words] {
        let stored = packed_as(packing, payload);
        if stored.len() < best.1.len() {
            best = (packing, stored);
        }
    }
    best
}

/// The payload as it is stored in files, which are read more often than they are moved: under an
/// adaptive packing only where that saves a quarter, under prefix codes where they save a thirteenth.
/// The shipped block models take 10 to 18 ms to unpack under adaptive tables, more than many a
/// picture under them, and 3 to 4 ms under prefix codes; the shipped network shrinks by 38 % in
/// 54 ms (docs/lab/models.md).
pub(crate) fn packed(payload: &[u8]) -> (Packing, Vec<u8>) {
    let best = smallest(payload);
    if best.1.len() <= payload.len() / 4 * 3 {
        return best;
    }
    match packed_bytes(payload, 1) {
        Ok(stored) if stored.len() <= payload.len() / 13 * 12 => (Packing::Prefix, stored),
        _ => (Packing::Plain, payload.to_vec()),
    }
}

/// The payload under an adaptive packing.
pub(crate) fn packed_as(packing: Packing, payload: &[u8]) -> Vec<u8> {
    let mut encoder = RansEncoder::<LANES>::new();
    walk(packing, &mut encoder, &mut payload.to_vec(), payload.len());
    encoder.finish()
}

/// The payload of `len` bytes that is stored in `stored`.
pub(crate) fn unpacked(packing: Packing, stored: &[u8], len: usize) -> Result<Vec<u8>, ModelError> {
    if packing == Packing::Plain {
        return match stored.len().checked_sub(len) {
            Some(0) => Ok(stored.to_vec()),
            Some(_) => Err(malformed("bytes after the payload")),
            None => Err(ModelError::Truncated { needed: len - stored.len() }),
        };
    }
    let wrong = |_| malformed("the packed payload does not end where it should");
    if packing == Packing::Prefix {
        return match unpacked_bytes(stored, 1, len).map_err(wrong)? {
            (payload, []) => Ok(payload),
            _ => Err(malformed("bytes after the payload")),
        };
    }
    let mut decoder = RansDecoder::<LANES>::new(stored).map_err(wrong)?;
    let mut payload = Vec::new();
    walk(packing, &mut decoder, &mut payload, len);
    decoder.finish().map_err(wrong)?;
    Ok(payload)
}

fn malformed(what: &str) -> ModelError {
    ModelError::Malformed { what: what.into(), at: None }
}

fn walk<W: SymbolWalk>(packing: Packing, walk: &mut W, payload: &mut Vec<u8>, len: usize) {
    let level = Level::new();
    match packing {
        Packing::Plain | Packing::Differences | Packing::Prefix => {}
        Packing::Bytes => dispatch!(level, simd => walk_bytes(simd, walk, payload, len)),
        Packing::Words => dispatch!(level, simd => walk_words(simd, walk, payload, len)),
    }
}

/// One symbol of 16 under `table`, which learns it.
#[inline(always)]
fn nibble<S: Simd, W: SymbolWalk>(simd: S, walk: &mut W, symbol: u32, table: &mut Table) -> u32 {
    let symbol = walk.symbol(symbol, &NibbleSource { simd, table });
    table.update(simd, symbol, RATE);
    symbol
}

/// A running mean of magnitudes with weight 1/16 for the newest, and the context it stands for.
#[derive(Clone, Copy, Default)]
struct RunningMean(u32);

impl RunningMean {
    #[inline(always)]
    fn add(&mut self, value: u32) {
        self.0 = self.0 + (value << 4) - (self.0 >> 4);
    }
}

/// Each byte as upper and lower nibble. The upper one's table depends on the running mean of
/// magnitudes of the bytes before, taken with their sign; the lower one's on the upper nibble.
#[inline(always)]
fn walk_bytes<S: Simd, W: SymbolWalk>(simd: S, walk: &mut W, payload: &mut Vec<u8>, len: usize) {
    let mut upper_tables = [Table::default(); 16];
    let mut lower_tables = [Table::default(); 16];
    let mut mean = RunningMean::default();
    for i in 0..len {
        let byte = if W::READS { 0 } else { u32::from(payload[i]) };
        // The mean has 8 fraction bits: 0 to 128, in steps of its logarithm.
        let context = (32 - (mean.0 >> 5).leading_zeros()).min(15) as usize;
        let upper = nibble(simd, walk, byte >> 4, &mut upper_tables[context]) & 15;
        let lower = nibble(simd, walk, byte & 15, &mut lower_tables[upper as usize]) & 15;
        let byte = (upper << 4 | lower) as u8;
        if W::READS {
            payload.push(byte);
        }
        mean.add((byte as i8).unsigned_abs().into());
        if walk.exhausted() {
            return;
        }
    }
}

/// Each 16-bit word, lowest byte first, as the number of bits of its magnitude (of its
/// complement if it is negative), a sign, and the bits below the highest. A last byte without
/// a pair is plain.
#[inline(always)]
fn walk_words<S: Simd, W: SymbolWalk>(simd: S, walk: &mut W, payload: &mut Vec<u8>, len: usize) {
    let mut tables = [Table::default(); 64];
    let mut mean = RunningMean::default();
    for i in 0..len / 2 {
        let word = if W::READS { 0 } else { i16::from_le_bytes([payload[2 * i], payload[2 * i + 1]]) };
        let negative = word < 0;
        let magnitude = u32::from((word ^ (word >> 15)) as u16);

        // The mean has 8 fraction bits; a table for each quarter of a bit.
        let table = &mut tables[(mean.0 >> 6) as usize & 63];
        let length = nibble(simd, walk, 32 - magnitude.leading_zeros(), table) & 15;
        mean.add(length);

        let low = length.saturating_sub(1);
        let plain = u32::from(negative) << low | (magnitude & ((1 << low) - 1));
        let plain = walk.bits_16(plain, low + 1);
        if W::READS {
            let high = if length > 0 { 1 << low } else { 0 };
            let magnitude = (high | (plain & ((1 << low) - 1))) as i16;
            let word = if plain >> low & 1 != 0 { !magnitude } else { magnitude };
            payload.extend(word.to_le_bytes());
        }
        if walk.exhausted() {
            return;
        }
    }
    if len % 2 == 1 {
        let last = if W::READS { 0 } else { payload[len - 1].into() };
        let last = walk.bits_16(last, 8) as u8;
        if W::READS {
            payload.push(last);
        }
    }
}
