//! Alphabets of more than two symbols: distributions, and the coders that take them.
//!
//! [`ProbabilitySource`] is a distribution in integers; [`SymbolWalk`] is [`crate::BitWalk`]
//! with symbols, and the range coder, rANS and their cost counters implement it, so that a walk
//! is independent of the coder.
//!
//! Bit-exact.

mod family;
mod nibble;
mod table;

pub use family::CdfFamily;
pub use nibble::{AdaptiveNibble, NibbleSource};
pub use table::{CdfTable, frequencies_from_counts};

use crate::BitWalk;

/// The finest scale of probabilities, in bits.
pub const PRECISION_MAX: u32 = 16;

/// A distribution over the symbols `0..symbols()`: each owns a part of `0..2^precision()`, in
/// order, without gaps, none of them empty. [`crate::contract::check_source`] tests an
/// implementer.
pub trait ProbabilitySource {
    /// The scale, 1 to 16 bits.
    fn precision(&self) -> u32;

    /// How many symbols there are.
    fn symbols(&self) -> u32;

    /// Start and width of the part of `symbol`; for symbols that do not exist, that of some
    /// symbol that does.
    fn interval(&self, symbol: u32) -> (u32, u32);

    /// The symbol whose part holds `slot` (below `2^precision()`), and its start and width.
    fn find(&self, slot: u32) -> (u32, u32, u32);
}

/// A symbol, and whether its value is negative; symbol 0 never is.
pub type Signed = (u32, bool);

/// A [`BitWalk`] that takes symbols as well as bits.
pub trait SymbolWalk: BitWalk {
    /// Codes one symbol; as with bits, use the one returned.
    fn symbol<S: ProbabilitySource + ?Sized>(&mut self, symbol: u32, source: &S) -> u32;

    /// Codes one symbol and, for all but symbol 0, a sign with equal probabilities; symbol 0
    /// returns `false`. rANS takes both in one step, from halves of the symbol's part, if the
    /// source has less than 16 bits of precision.
    #[inline(always)]
    fn signed_symbol<S: ProbabilitySource + ?Sized>(&mut self, signed: Signed, source: &S) -> Signed {
        symbol_then_sign(self, signed, source)
    }
}

/// A symbol and a plain bit for its sign.
#[inline(always)]
pub(crate) fn symbol_then_sign<W, S>(walk: &mut W, (symbol, negative): Signed, source: &S) -> Signed
where
    W: SymbolWalk + ?Sized,
    S: ProbabilitySource + ?Sized,
{
    let symbol = walk.symbol(symbol, source);
    (symbol, symbol != 0 && walk.bits_16(negative.into(), 1) != 0)
}

/// `count` equally likely symbols, 1 to 65 536 of them.
#[derive(Clone, Copy, Debug)]
pub struct Uniform {
    count: u32,
}

impl Uniform {
    /// `count` is brought into 1 to 65 536.
    pub fn new(count: u32) -> Self {
        Self { count: count.clamp(1, 1 << PRECISION_MAX) }
    }

    fn start(self, symbol: u32) -> u32 {
        ((u64::from(symbol) << PRECISION_MAX) / u64::from(self.count)) as u32
    }
}

impl ProbabilitySource for Uniform {
    fn precision(&self) -> u32 {
        PRECISION_MAX
    }

    fn symbols(&self) -> u32 {
        self.count
    }

    fn interval(&self, symbol: u32) -> (u32, u32) {
        let symbol = symbol.min(self.count - 1);
        (self.start(symbol), self.start(symbol + 1) - self.start(symbol))
    }

    fn find(&self, slot: u32) -> (u32, u32, u32) {
        // The greatest symbol whose start is at most the slot.
        let symbol =
            ((u64::from(slot) + 1) * u64::from(self.count)).div_ceil(1 << PRECISION_MAX) as u32 - 1;
        let (start, width) = self.interval(symbol);
        (symbol, start, width)
    }
}
