//! The tests that every distribution and every walk passes; a violation panics with a message.
//!
//! For use in tests only: they visit whole tables and allocate without limit.

use crate::rans::{RansDecoder, RansEncoder};
use crate::symbols::{ProbabilitySource, SymbolWalk};
use crate::{BitCost, BitDecoder, BitEncoder, BitWalk};

/// Checks a distribution: its parts tile the scale, `find` agrees with `interval`, and the range
/// coder and rANS decode its symbols, with signs and without, at the length that its
/// probabilities give.
///
/// # Panics
/// If the source breaks its contract.
pub fn check_source<S: ProbabilitySource + ?Sized>(source: &S) {
    let total = 1u32 << source.precision();
    assert!((1..=16).contains(&source.precision()), "precision {}", source.precision());
    let mut end = 0;
    for symbol in 0..source.symbols() {
        let (start, width) = source.interval(symbol);
        assert_eq!(start, end, "symbol {symbol} does not start where the one before ends");
        assert!(width > 0, "symbol {symbol} has no probability");
        end += width;
        for slot in [start, start + width / 2, end - 1] {
            assert_eq!(source.find(slot), (symbol, start, width), "slot {slot}");
        }
    }
    assert_eq!(end, total, "the parts do not sum to the scale");
    // Symbols drawn from the source itself by a fixed sequence of slots, and both ends of the
    // alphabet.
    let mut symbols: Vec<u32> = (0..2000u32)
        .map(|i| source.find((i.wrapping_mul(2_654_435_769) >> 7) & (total - 1)).0)
        .collect();
    symbols.extend([0, source.symbols() - 1]);
    check_coders::<S, false>(source, &symbols);
    check_coders::<S, true>(source, &symbols);
}

fn check_coders<S: ProbabilitySource + ?Sized, const SIGNED: bool>(source: &S, symbols: &[u32]) {
    fn walk<W: SymbolWalk, S: ProbabilitySource + ?Sized, const SIGNED: bool>(
        walk: &mut W,
        symbol: u32,
        source: &S,
    ) {
        let given = if W::READS { (0, false) } else { (symbol, symbol % 3 == 1) };
        if SIGNED {
            assert_eq!(walk.signed_symbol(given, source), (symbol, symbol % 3 == 1));
        } else {
            assert_eq!(walk.symbol(given.0, source), symbol);
        }
    }
    let (mut range, mut rans, mut cost) = (BitEncoder::new(), RansEncoder::<4>::new(), BitCost::new());
    let mut expected = 0.0;
    for &symbol in symbols {
        walk::<_, S, SIGNED>(&mut range, symbol, source);
        walk::<_, S, SIGNED>(&mut rans, symbol, source);
        walk::<_, S, SIGNED>(&mut cost, symbol, source);
        let width = f64::from(source.interval(symbol).1);
        expected +=
            f64::from(source.precision()) - width.log2() + f64::from(u8::from(SIGNED && symbol != 0));
    }
    let counted = cost.cost_q16() as f64 / 65536.0;
    assert!(
        (counted - expected).abs() < 0.1 + expected * 1e-4,
        "counted {counted} bits, expected {expected}"
    );
    let (range, rans) = (range.finish(), rans.finish());
    assert!(
        range.len() as f64 <= counted / 8.0 + 2.0,
        "range coder: {} bytes, {counted} bits",
        range.len()
    );
    assert!(
        rans.len() as f64 <= expected / 8.0 * 1.0005 + 32.0,
        "rANS: {} bytes, {expected} bits",
        rans.len()
    );
    let mut range = BitDecoder::whole(&range);
    let mut rans = RansDecoder::<4>::new(&rans).expect("a whole code");
    for &symbol in symbols {
        walk::<_, S, SIGNED>(&mut range, symbol, source);
        walk::<_, S, SIGNED>(&mut rans, symbol, source);
    }
    rans.finish().expect("all read");
}

/// A walk under test: codes `values` with a fresh model, and stores what `walk` returns.
pub trait WalkUnderTest {
    /// Codes all values with a model in its first state.
    fn walk<W: BitWalk>(&self, walk: &mut W, values: &mut [i64]);
}

/// Checks that a walk decodes what it encoded, counts the bytes it encodes, and ends on truncated
/// and changed codes.
///
/// # Panics
/// If the walk breaks its contract.
pub fn check_walk<T: WalkUnderTest>(walk: &T, values: &[i64]) {
    let (mut encoder, mut cost) = (BitEncoder::new(), BitCost::new());
    let mut kept = values.to_vec();
    walk.walk(&mut encoder, &mut kept);
    assert_eq!(kept, values, "encoding changed the values");
    walk.walk(&mut cost, &mut kept);
    let bytes = encoder.finish_determined();
    let counted = cost.len_bytes();
    assert!((counted..=counted + 1).contains(&bytes.len()), "{} bytes, {counted} counted", bytes.len());
    let mut read = vec![0; values.len()];
    walk.walk(&mut BitDecoder::whole(&bytes), &mut read);
    assert_eq!(read, values, "decoded other values than were encoded");
    let step = (bytes.len() / 64).max(1);
    for at in (0..bytes.len()).step_by(step) {
        walk.walk(&mut BitDecoder::cut(&bytes[..at]), &mut read);
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        walk.walk(&mut BitDecoder::whole(&changed), &mut read);
    }
}
