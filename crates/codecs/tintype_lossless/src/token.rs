//! Whole numbers as tokens: small ones are tokens of their own, larger ones an octave's half and
//! plain bits.
//!
//! In: a number below 2^18. Out: a token below [`TOKENS`], and the bits beneath it.
//! Bit-exact: integers. Source: the hybrid integers of JPEG XL (ISO/IEC 18181-1, annex C), with
//! one split for all contexts.

/// Numbers below this are tokens. Not measured against 8 and 32.
const DIRECT: u32 = 16;

/// Tokens that numbers below 2^18 have.
pub(super) const TOKENS: usize = 44;

/// Two for each octave that `number`, above 0, has reached: 0 for 1, 2 for 2, 3 for 3, 4 for 4.
/// The exponent and the highest bit of the fraction of a float, which vectors have too.
#[inline(always)]
pub(super) fn half_octaves(number: u32) -> u32 {
    ((number as f32).to_bits() >> 22) - 2 * 127
}

/// The token of `number`.
#[inline(always)]
pub(super) fn token_of(number: u32) -> u32 {
    if number < DIRECT { number } else { half_octaves(number) + DIRECT - 8 }
}

/// How many plain bits follow a token.
#[inline(always)]
pub(super) fn bits_of(token: u32) -> u32 {
    if token < DIRECT { 0 } else { (token - DIRECT) / 2 + 3 }
}

/// The smallest number with `token`.
#[inline(always)]
pub(super) fn number_of(token: u32) -> u32 {
    if token < DIRECT { token } else { (2 + (token & 1)) << bits_of(token) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_bits_give_the_number_back() {
        for number in (0..3000).chain((0..18).map(|b| (1 << b) + 1)).chain([(1 << 18) - 1]) {
            let token = token_of(number);
            assert!((token as usize) < TOKENS);
            assert_eq!(number >> bits_of(token) << bits_of(token), number_of(token), "{number}");
        }
    }
}
