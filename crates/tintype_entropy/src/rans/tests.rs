use super::*;
use crate::symbols::{CdfTable, ProbabilitySource, SymbolWalk};
use crate::{BitWalk, EntropyError};
use proptest::prelude::*;

/// The slow twin: one state of any length, without words and lanes.
fn state_of_any_length(parts: &[(u64, u64)]) -> Vec<u32> {
    let mut digits = vec![0x8000_0000u32];
    for &(start, width) in parts.iter().rev() {
        // state = (state / width) << 16 | (state % width + start), on base-2^32 digits, lowest
        // first.
        let mut rest = 0u64;
        for digit in digits.iter_mut().rev() {
            let value = (rest << 32) | u64::from(*digit);
            *digit = (value / width) as u32;
            rest = value % width;
        }
        let mut carry = rest + start;
        for digit in &mut digits {
            let value = (u64::from(*digit) << 16) + carry;
            *digit = value as u32;
            carry = value >> 32;
        }
        digits.push(carry as u32);
        while digits.len() > 1 && digits.last() == Some(&0) {
            digits.pop();
        }
    }
    digits
}

fn table() -> CdfTable {
    CdfTable::from_counts(14, &[5000, 300, 20, 1, 0, 900, 77]).unwrap()
}

fn symbols_back<const LANES: usize>(symbols: &[u32]) {
    let table = table();
    let mut encoder = RansEncoder::<LANES>::new();
    for &symbol in symbols {
        encoder.symbol(symbol, &table);
        encoder.bit(symbol > 2, 5000);
        encoder.bits(symbol * 77, 29);
    }
    let bytes = encoder.finish();
    let mut decoder = RansDecoder::<LANES>::new(&bytes).unwrap();
    for &symbol in symbols {
        assert_eq!(decoder.symbol(0, &table), symbol);
        assert_eq!(decoder.bit(false, 5000), symbol > 2);
        assert_eq!(decoder.bits(0, 29), symbol * 77);
    }
    assert_eq!(decoder.finish(), Ok(()));
    for len in 0..bytes.len() {
        let wrong = RansDecoder::<LANES>::new(&bytes[..len]).and_then(|mut decoder| {
            for _ in symbols {
                decoder.symbol(0, &table);
                decoder.bit(false, 5000);
                decoder.bits(0, 29);
            }
            decoder.finish()
        });
        assert!(matches!(wrong, Err(EntropyError::Truncated { .. })), "{len}: {wrong:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_number_of_lanes(symbols in prop::collection::vec(0u32..7, 0..60)) {
        symbols_back::<1>(&symbols);
        symbols_back::<2>(&symbols);
        symbols_back::<4>(&symbols);
        symbols_back::<8>(&symbols);
    }

    #[test]
    fn one_lane_is_about_as_long_as_a_state_without_limit(symbols in prop::collection::vec(0u32..7, 0..600)) {
        let table = table();
        let mut encoder = RansEncoder::<1>::new();
        let parts: Vec<(u64, u64)> = symbols.iter().map(|&s| {
            encoder.symbol(s, &table);
            let (start, width) = table.interval(s);
            (u64::from(start) << 2, u64::from(width) << 2)
        }).collect();
        let endless = state_of_any_length(&parts).len();
        let words = encoder.finish().len() / 4;
        prop_assert!((endless..=endless + 1).contains(&words), "{words} {endless}");
    }

    #[test]
    fn any_bytes_decode_without_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        if bytes.len() >= 16 {
            (bytes[7], bytes[15]) = (bytes[7] & 127, bytes[15] & 127);
        }
        let table = table();
        if let Ok(mut decoder) = RansDecoder::<2>::new(&bytes) {
            (0..200).for_each(|_| { decoder.symbol(0, &table); decoder.bits(0, 32); decoder.bit(false, 1); });
            prop_assert!(decoder.finish().is_err());
        }
    }
}

#[test]
fn a_changed_byte_is_an_error_at_the_end() {
    let table = table();
    let symbols: Vec<u32> = (0..500).map(|i| i * i % 7).collect();
    let mut encoder = RansEncoder::<4>::new();
    symbols.iter().for_each(|&s| _ = encoder.symbol(s, &table));
    let bytes = encoder.finish();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 16;
        let Ok(mut decoder) = RansDecoder::<4>::new(&changed) else { continue };
        symbols.iter().for_each(|_| _ = decoder.symbol(0, &table));
        assert!(decoder.finish().is_err(), "byte {at}");
    }
}
