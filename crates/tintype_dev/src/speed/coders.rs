//! Nanoseconds a symbol of each entropy coder, on symbols drawn from known probabilities.

use crate::clock::seconds_each;
use std::hint::black_box;
use tintype_entropy::bits::{MsbReader, MsbWriter};
use tintype_entropy::huffman::PrefixCode;
use tintype_entropy::rans::{RansDecoder, RansEncoder};
use tintype_entropy::{
    AdaptiveBit, BitCost, BitDecoder, BitEncoder, BitWalk, Mixer, Sse, TwoRateBit, stretch,
};
use tintype_entropy::{CdfTable, ProbabilitySource, SymbolWalk};

/// Symbols coded in one run.
const COUNT: usize = 4_000_000;

fn time(name: &str, count: usize, work: impl FnMut()) {
    println!("{name:40} {:6.2} ns", seconds_each(work) * 1e9 / count as f64);
}

/// Bits of 256 contexts whose probabilities of a 1 are spread over `span` (of 65 536) about
/// the ends.
fn source(span: u32) -> (Vec<u8>, Vec<bool>) {
    let mut state = 1u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u32
    };
    (0..COUNT)
        .map(|_| {
            let context = next() as u8;
            let p = if context & 1 == 0 {
                u32::from(context) * span / 256
            } else {
                65535 - u32::from(context) * span / 256
            };
            (context, next() & 65535 < p)
        })
        .unzip()
}

fn walk_single<W: BitWalk>(walk: &mut W, contexts: &[u8], bits: &mut [bool]) {
    let mut models = [AdaptiveBit::default(); 256];
    for (context, bit) in contexts.iter().zip(bits) {
        *bit = models[usize::from(*context)].code(walk, *bit, 255);
    }
}

fn walk_two_rate<W: BitWalk>(walk: &mut W, contexts: &[u8], bits: &mut [bool]) {
    let mut models = [TwoRateBit::default(); 256];
    for (context, bit) in contexts.iter().zip(bits) {
        *bit = models[usize::from(*context)].code(walk, *bit);
    }
}

fn walk_mixed<W: BitWalk, const N: usize, const SSE: bool>(
    walk: &mut W,
    contexts: &[u8],
    bits: &mut [bool],
) {
    let mut models = [[AdaptiveBit::default(); 256]; N];
    let mut mixer = Mixer::<N>::new(16, 6);
    let mut sse = Sse::new(256);
    for (context, bit) in contexts.iter().zip(bits) {
        let context = usize::from(*context);
        let mut inputs = [0; N];
        for i in 0..N {
            inputs[i] = stretch(models[i][context >> i].p1());
        }
        let set = context & 15;
        let p1 = mixer.mix(set, &inputs);
        let read = if SSE {
            let (refined, place) = sse.refine(context, p1);
            let read = walk.bit(*bit, refined);
            sse.update(place, read, 6);
            read
        } else {
            walk.bit(*bit, p1)
        };
        mixer.update(set, &inputs, p1, read);
        for i in 0..N {
            models[i][context >> i].update(read, 255);
        }
        *bit = read;
    }
}

macro_rules! measure {
    ($name:expr, $contexts:expr, $bits:expr, $($walk:tt)*) => {{
        let mut encoded = Vec::new();
        time(concat!($name, " encode"), COUNT, || {
            let mut encoder = BitEncoder::with_buffer(Vec::with_capacity(COUNT));
            ($($walk)*)(&mut encoder, $contexts, &mut $bits.clone());
            encoded = encoder.finish();
        });
        let mut read = vec![false; COUNT];
        time(concat!($name, " decode"), COUNT, || {
            ($($walk)*)(&mut BitDecoder::whole(black_box(&encoded)), $contexts, &mut read);
        });
        assert!(read == *$bits);
        time(concat!($name, " cost"), COUNT, || {
            let mut cost = BitCost::new();
            ($($walk)*)(&mut cost, $contexts, &mut $bits.clone());
            black_box(cost.cost_q16());
        });
        println!("{:40} {:.4} bits a decision", "", encoded.len() as f64 * 8.0 / COUNT as f64);
    }};
}

/// Bell-shaped tables of 8 widths and symbols drawn from them.
fn bells() -> (Vec<CdfTable>, Vec<(u8, u8)>) {
    let counts = |s: i64| -> Vec<u64> {
        (-24..=24).map(|x: i64| (1_000_000 * s) as u64 / (s * s + x * x) as u64).collect()
    };
    let tables: Vec<_> = (1..9).map(|s| CdfTable::from_counts(16, &counts(s)).unwrap()).collect();
    let mut state = 1u64;
    let symbols = (0..COUNT).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let which = (state >> 60) as u8 & 7;
        (which, tables[usize::from(which)].find((state >> 20) as u32 & 0xffff).0 as u8)
    });
    let symbols = symbols.collect();
    (tables, symbols)
}

fn walk_symbols<W: SymbolWalk>(walk: &mut W, tables: &[CdfTable], symbols: &mut [(u8, u8)]) {
    for (table, symbol) in symbols {
        *symbol = walk.symbol(u32::from(*symbol), &tables[usize::from(*table)]) as u8;
    }
}

fn measure_rans<const LANES: usize>(tables: &[CdfTable], symbols: &[(u8, u8)]) {
    let mut encoded = Vec::new();
    time(&format!("rANS, {LANES} lanes, encode"), COUNT, || {
        let mut encoder = RansEncoder::<LANES>::new();
        walk_symbols(&mut encoder, tables, &mut symbols.to_vec());
        encoded = encoder.finish();
    });
    let mut read: Vec<_> = symbols.iter().map(|s| (s.0, 0)).collect();
    time(&format!("rANS, {LANES} lanes, decode"), COUNT, || {
        walk_symbols(&mut RansDecoder::<LANES>::new(black_box(&encoded)).unwrap(), tables, &mut read);
    });
    assert!(read == symbols);
    println!("{:40} {:.4} bits a symbol", "", encoded.len() as f64 * 8.0 / COUNT as f64);
}

fn measure_symbols() {
    let (tables, symbols) = bells();
    println!();
    measure_rans::<1>(&tables, &symbols);
    measure_rans::<4>(&tables, &symbols);
    measure_rans::<8>(&tables, &symbols);
    let mut encoded = Vec::new();
    time("range coder, symbols, encode", COUNT, || {
        let mut encoder = BitEncoder::new();
        walk_symbols(&mut encoder, &tables, &mut symbols.clone());
        encoded = encoder.finish();
    });
    let mut read: Vec<_> = symbols.iter().map(|s| (s.0, 0)).collect();
    time("range coder, symbols, decode", COUNT, || {
        walk_symbols(&mut BitDecoder::whole(black_box(&encoded)), &tables, &mut read);
    });
    assert!(read == symbols);
    let mut counts = vec![0; 64];
    symbols.iter().for_each(|s| counts[usize::from(s.1)] += 1);
    let code = PrefixCode::from_counts(&counts, 15).unwrap();
    time("prefix code, encode", COUNT, || {
        let mut writer = MsbWriter::new();
        symbols.iter().for_each(|s| code.write(&mut writer, u32::from(s.1)));
        encoded = writer.finish().unwrap();
    });
    time("prefix code, decode", COUNT, || {
        let mut reader = MsbReader::new(black_box(&encoded));
        read.iter_mut().for_each(|s| s.1 = code.read(&mut reader).unwrap() as u8);
    });
    assert!(read == symbols);
}

/// Prints a line for each coder and direction.
pub fn run() {
    measure_symbols();
    for span in [4000, 32768] {
        println!("\nprobabilities within {span} of the ends");
        let (contexts, bits) = source(span);
        measure!("adaptive bit", &contexts, &bits, walk_single);
        measure!("two-rate bit", &contexts, &bits, walk_two_rate);
        measure!("mix of 2", &contexts, &bits, walk_mixed::<_, 2, false>);
        measure!("mix of 3", &contexts, &bits, walk_mixed::<_, 3, false>);
        measure!("mix of 6, sse", &contexts, &bits, walk_mixed::<_, 6, true>);
    }
}
