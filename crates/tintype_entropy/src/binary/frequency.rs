//! Symbols under frequencies of any total, coded in two steps: the slot that the code lies in,
//! then the symbol's part.

use super::BitWalk;

/// A [`BitWalk`] that takes symbols under frequencies whose total is not a power of two.
///
/// ```
/// use tintype_entropy::{BitDecoder, BitEncoder, BitWalk, FrequencyWalk};
/// fn letter<W: FrequencyWalk>(walk: &mut W, symbol: usize) -> usize {
///     let cumulative = [0, 5, 6, 40, 41]; // Frequencies 5, 1, 34, 1.
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
    /// Divides the range into `total` parts, 1 to 65 536. A decoder returns the part that the
    /// code lies in, others 0. Each call is followed by one of [`FrequencyWalk::take`].
    fn slot(&mut self, total: u32) -> u32;

    /// Takes `width` parts from `start` on; a decoder's slot lies in them. `width` is above 0 and
    /// `start + width` at most the total.
    fn take(&mut self, start: u32, width: u32);
}
