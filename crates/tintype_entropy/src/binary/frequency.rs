//! Symbols whose probabilities are counts of any total, in two steps: where the code stands, then what it takes.

use super::BitWalk;

/// A walk's other end that takes one of several symbols at once.
///
/// ```
/// use tintype_entropy::{BitDecoder, BitEncoder, BitWalk, FrequencyWalk};
/// fn letter<W: FrequencyWalk>(walk: &mut W, symbol: usize) -> usize {
///     let cumulative = [0, 5, 6, 40, 41]; // Counts 5, 1, 34, 1.
///     let slot = walk.slot(41);
///     let symbol = if W::READS { (1..4).take_while(|&k| cumulative[k] <= slot).count() } else { symbol };
///     walk.take(cumulative[symbol], cumulative[symbol + 1] - cumulative[symbol]);
///     symbol
/// }
/// let mut encoder = BitEncoder::new();
/// for symbol in [2, 2, 0, 3, 2] {
///     letter(&mut encoder, symbol);
/// }
/// let bytes = encoder.finish();
/// assert_eq!(bytes, [0x59, 0x8e]);
/// let mut decoder = BitDecoder::whole(&bytes);
/// assert_eq!([9; 5].map(|_| letter(&mut decoder, 0)), [2, 2, 0, 3, 2]);
/// ```
pub trait FrequencyWalk: BitWalk {
    /// Divides the range into `total` parts, 1 to 65 536. Reading: the part that the code lies in, below `total`. Else 0.
    /// Each call is followed by one of [`FrequencyWalk::take`].
    fn slot(&mut self, total: u32) -> u32;

    /// Takes `width` parts from `start`; reading, the slot lies in them. `width` is above 0 and `start + width` at most
    /// the total.
    fn take(&mut self, start: u32, width: u32);
}
