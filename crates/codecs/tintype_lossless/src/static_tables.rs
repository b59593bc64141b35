//! Tables of token frequencies that stand before a tile's code.
//!
//! In: how often each context saw each token. Out: for each context a table on a scale of 11
//! bits; neighbouring contexts share one where that is shorter. Frequencies have four
//! significant bits, and the most frequent token gets what the others leave.
//! Bit-exact: integers. Source: our own, docs/format/lossless.md, section 12.

use super::token::TOKENS;
use tintype_codec::CodecError;
use tintype_entropy::{AdaptiveBit, BitWalk, IntModel, cost_q12};

/// Bits of the scale. An entry for every slot of a table takes 8 kB so; 12 bits would save less
/// than 0.1 % (reckoned, not measured).
pub(super) const PRECISION: u32 = 11;
/// Slots of a table.
pub(super) const SLOTS: usize = 1 << PRECISION;
/// Significant bits of a frequency. Not measured against 3 and 5.
const SIGNIFICANT: u32 = 4;
/// Count at which the windows of adaptive bits in the tables' code stop growing. Not tuned.
const LIMIT: u32 = 60;
/// What a table of its own costs beside its frequencies, and each of those, in bits: for the
/// choice of contexts that share one. Not tuned.
const COST_OF_TABLE: u64 = 16;
const COST_OF_FREQUENCY: u64 = 5;

/// Places for counts: a power of two, so that no index leaves them.
pub(super) const COUNTS: usize = 64;

/// How often each token was seen.
pub(super) type Counts = [u32; COUNTS];

/// Frequencies of a table's tokens, which sum to [`SLOTS`].
pub(super) type Table = [u32; COUNTS];

/// For each token of a table where it starts, and its width.
pub(super) fn parts(table: &Table) -> [(u32, u32); COUNTS] {
    let mut end = 0;
    table.map(|width| {
        end += width;
        (end - width, width)
    })
}

/// For each slot of a table its token, from bit 8 on its distance from where that starts, from
/// bit 20 on the width.
pub(super) fn slots(table: &Table) -> [u32; SLOTS] {
    let mut slots = [0; SLOTS];
    for (token, (start, width)) in parts(table).into_iter().enumerate() {
        for (distance, slot) in slots[start as usize..][..width as usize].iter_mut().enumerate() {
            *slot = token as u32 | (distance as u32) << 8 | width << 20;
        }
    }
    slots
}

/// The tables of a tile's contexts.
pub(super) struct StaticTables {
    pub tables: Vec<Table>,
    /// For each context the index of its table.
    pub of: Vec<u16>,
}

impl StaticTables {
    /// Writes the tables that suit `counts`, one entry a context.
    pub fn write<W: BitWalk>(walk: &mut W, counts: &[Counts]) -> Self {
        let mut merged: Vec<Counts> = Vec::new();
        let mut of = Vec::with_capacity(counts.len());
        for own in counts {
            let shared = merged.last().map(|last| sum(last, own));
            match (shared, merged.last_mut()) {
                (Some(shared), Some(last)) if cost(&shared) <= cost(last) + cost(own) => *last = shared,
                _ => merged.push(*own),
            }
            of.push(merged.len() as u16 - 1);
        }
        let frequencies: Vec<_> = merged.iter().map(frequencies).collect();
        let mut coder = TableCoder::new();
        let mut tables = Vec::with_capacity(frequencies.len());
        for context in 0..counts.len() {
            let new = tables.len() <= usize::from(of[context]);
            if coder.code_new(walk, context, new) {
                let coded = coder.code(walk, &frequencies[tables.len()]);
                tables.push(coded.expect("frequencies of our own are in range"));
            }
        }
        Self { tables, of }
    }

    /// Reads the tables of `contexts` contexts.
    ///
    /// # Errors
    /// `Malformed` for frequencies beyond the scale.
    pub fn read<W: BitWalk>(walk: &mut W, contexts: usize) -> Result<Self, CodecError> {
        let mut coder = TableCoder::new();
        let (mut tables, mut of) = (Vec::new(), Vec::with_capacity(contexts));
        for context in 0..contexts {
            if coder.code_new(walk, context, false) {
                tables.push(coder.code(walk, &Frequencies::default())?);
            }
            of.push(tables.len() as u16 - 1);
        }
        Ok(Self { tables, of })
    }
}

/// The statistics under which tables are coded.
struct TableCoder {
    new: AdaptiveBit,
    lengths: IntModel<4>,
}

impl TableCoder {
    fn new() -> Self {
        Self { new: AdaptiveBit::default(), lengths: IntModel::new(LIMIT) }
    }

    /// Whether a context has a table of its own; the first one has.
    fn code_new<W: BitWalk>(&mut self, walk: &mut W, context: usize, new: bool) -> bool {
        context == 0 || self.new.code(walk, new, LIMIT)
    }

    /// Codes one table: the number of tokens, the one that gets the rest, and for each other one
    /// the bit length of its frequency and the bits beneath its highest.
    fn code<W: BitWalk>(&mut self, walk: &mut W, wanted: &Frequencies) -> Result<Table, CodecError> {
        let malformed = |what: String| CodecError::Malformed { what, at: None };
        let Frequencies { of: wanted, most } = wanted;
        let last = wanted.iter().rposition(|&f| f > 0).unwrap_or(*most).max(*most);
        let last = walk.bits(last as u32, 6) as usize;
        let most = walk.bits(*most as u32, 6) as usize;
        if last >= TOKENS || most > last {
            return Err(malformed(format!("table of {last} tokens, most of them {most}")));
        }
        let mut frequencies = [0; COUNTS];
        let (mut length, mut sum) = (0u32, 0);
        for token in (0..=last).filter(|&t| t != most) {
            let own = u32::BITS - wanted[token].leading_zeros();
            length = length
                .wrapping_add_signed(self.lengths.code_signed(walk, own.wrapping_sub(length) as i32));
            if length > PRECISION {
                return Err(malformed(format!("frequency of {length} bits in a table of {PRECISION}")));
            }
            if length > 0 {
                let (below, cut) =
                    ((length - 1).min(SIGNIFICANT - 1), length.saturating_sub(SIGNIFICANT));
                let bits = walk.bits(wanted[token] >> cut & ((1 << below) - 1), below);
                frequencies[token] = ((1 << below) | bits) << cut;
            }
            sum += frequencies[token];
        }
        if sum >= SLOTS as u32 {
            return Err(malformed(format!("frequencies of {sum} in a table of {SLOTS}")));
        }
        frequencies[most] = SLOTS as u32 - sum;
        Ok(frequencies)
    }
}

fn sum(a: &Counts, b: &Counts) -> Counts {
    std::array::from_fn(|token| a[token] + b[token])
}

/// About the bits of these tokens under a table of their own, the table included.
fn cost(counts: &Counts) -> u64 {
    let total: u64 = counts.iter().map(|&c| u64::from(c)).sum();
    let mut bits = COST_OF_TABLE << 12;
    for &count in counts.iter().filter(|&&count| count > 0) {
        let count = u64::from(count);
        let p = (count * 65536 / total).clamp(1, 65535) as u32;
        bits += count * u64::from(cost_q12(p)) + (COST_OF_FREQUENCY << 12);
    }
    bits
}

/// A table as it is coded.
struct Frequencies {
    /// Of [`SIGNIFICANT`] bits, but for the most frequent token, which has 0.
    of: Table,
    /// The token that gets what the others leave.
    most: usize,
}

impl Default for Frequencies {
    fn default() -> Self {
        Self { of: [0; COUNTS], most: 0 }
    }
}

/// Frequencies that follow `counts`.
fn frequencies(counts: &Counts) -> Frequencies {
    let total: u64 = counts.iter().map(|&c| u64::from(c)).sum::<u64>().max(1);
    let most = (0..TOKENS).max_by_key(|&t| (counts[t], std::cmp::Reverse(t))).unwrap_or(0);
    // Rounded to the nearest; if that is more than the scale, down.
    for half in [1, 0] {
        let mut of: Table = counts.map(|count| {
            let exact = (u64::from(count) * 2 * SLOTS as u64 / total + half) / 2;
            let exact = (exact as u32).max(u32::from(count > 0));
            let cut = (u32::BITS - exact.leading_zeros()).saturating_sub(SIGNIFICANT);
            (exact + (half as u32 * ((1 << cut) >> 1))) >> cut << cut
        });
        of[most] = 0;
        if of.iter().sum::<u32>() < SLOTS as u32 {
            return Frequencies { of, most };
        }
    }
    unreachable!("rounded down, the most frequent of 44 tokens keeps more than 46 - 43 slots")
}
