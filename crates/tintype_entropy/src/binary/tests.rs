use super::*;

/// Decisions with their probabilities, skewed and even ones mixed.
fn decisions(count: usize, seed: u64) -> Vec<(bool, u32)> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..count)
        .map(|_| {
            let p = match random.u32(..4) {
                0 => 1 + random.u32(..65535),
                1 => 1 + random.u32(..40),
                2 => 65535 - random.u32(..40),
                _ => 32768,
            };
            (random.u32(..65536) < p, p)
        })
        .collect()
}

fn encode(list: &[(bool, u32)]) -> BitEncoder {
    let mut encoder = BitEncoder::new();
    for &(bit, p) in list {
        encoder.bit(bit, p);
    }
    encoder
}

#[test]
fn decoding_returns_the_bits_encoded() {
    for seed in 1..200 {
        let list = decisions((seed as usize * 7) % 600, seed);
        for bytes in [encode(&list).finish(), encode(&list).finish_determined()] {
            let mut decoder = BitDecoder::whole(&bytes);
            for (i, &(bit, p)) in list.iter().enumerate() {
                assert_eq!(decoder.bit(false, p), bit, "seed {seed} decision {i}");
            }
        }
    }
}

#[test]
fn carries_propagate_through_long_runs_of_0xff() {
    // Zeros at tiny probability of a 1 keep low just under a carry for a long time.
    let mut list = vec![(false, 65535); 40];
    list.extend(vec![(false, 1); 100_000]);
    list.extend(vec![(true, 1), (false, 65535), (true, 1)]);
    let bytes = encode(&list).finish();
    let mut decoder = BitDecoder::whole(&bytes);
    assert!(list.iter().all(|&(bit, p)| decoder.bit(false, p) == bit));
}

#[test]
fn a_truncated_code_gives_just_the_decisions_its_bytes_determine() {
    for seed in 1..40 {
        let list = decisions(300, seed);
        let bytes = encode(&list).finish_determined();
        for len in 0..=bytes.len() {
            let cut = &bytes[..len];
            let mut ends = [0x00, 0xff].map(|fill| {
                let mut filled = cut.to_vec();
                filled.resize(bytes.len() + 64, fill);
                filled
            });
            let (zeros, ones) = ends.split_at_mut(1);
            let mut low = BitDecoder::whole(&zeros[0]);
            let mut high = BitDecoder::whole(&ones[0]);
            let mut decoder = BitDecoder::cut(cut);
            for (i, &(bit, p)) in list.iter().enumerate() {
                let same = low.bit(false, p) == high.bit(false, p);
                let read = decoder.bit(false, p);
                assert_eq!(decoder.exhausted(), !same, "seed {seed} len {len} decision {i}");
                if !same {
                    break;
                }
                assert_eq!(read, bit);
                assert!(len < bytes.len() || !decoder.exhausted());
            }
        }
    }
}

#[test]
fn exhausted_stays_exhausted() {
    let bytes = encode(&decisions(300, 5)).finish();
    let mut decoder = BitDecoder::cut(&bytes[..12]);
    let mut gone = false;
    for i in 0..5000u32 {
        decoder.bit(false, 1 + (i * 7919) % 65535);
        assert!(decoder.exhausted() || !gone);
        gone = decoder.exhausted();
    }
    assert!(gone);
}

#[test]
fn determined_len_is_nearly_always_enough_and_not_much_more() {
    let (mut enough, mut rounds) = (0, 0);
    for seed in 1..200 {
        let list = decisions(400, seed);
        let whole = encode(&list).finish_determined();
        for part in [1, 7, 50, 200, 399] {
            let len = encode(&list[..part]).determined_len().min(whole.len());
            let mut decoder = BitDecoder::cut(&whole[..len]);
            rounds += 1;
            if list[..part].iter().all(|&(bit, p)| decoder.bit(false, p) == bit && !decoder.exhausted())
            {
                enough += 1;
            }
            let least = encode(&list[..part]).finish_determined().len();
            assert!(len <= least + 2, "{len} {least}");
        }
    }
    assert!(enough * 100 >= rounds * 99, "{enough} of {rounds}");
}

#[test]
fn cost_is_the_length() {
    for seed in 1..50 {
        let list = decisions(2000, seed);
        let mut cost = BitCost::new();
        for &(bit, p) in &list {
            cost.bit(bit, p);
        }
        let exact: f64 = list
            .iter()
            .map(|&(bit, p)| -(f64::from(if bit { p } else { 65536 - p }) / 65536.0).log2())
            .sum();
        let counted = cost.cost_q16() as f64 / 65536.0;
        assert!((counted - exact).abs() < 0.1, "{counted} {exact}");
        let len = encode(&list).finish_determined().len();
        assert!(len >= cost.len_bytes() && len <= cost.len_bytes() + 1, "{len} {}", cost.len_bytes());
    }
    for p in 1..65536u32 {
        let exact = -(f64::from(p) / 65536.0).log2();
        assert!((f64::from(cost_q12(p)) / 4096.0 - exact).abs() < 1.0 / 300.0, "{p}");
    }
}

#[test]
fn raw_bits_of_every_width() {
    let mut encoder = BitEncoder::new();
    let mut random = fastrand::Rng::with_seed(9);
    let values: Vec<(u32, u32)> = (0..660)
        .map(|i| (i % 33, (random.u64(..) as u32).checked_shr(32 - i % 33).unwrap_or(0)))
        .collect();
    for &(count, value) in &values {
        encoder.bits(value, count);
        encoder.bit(value & 1 != 0, 3000);
    }
    let bytes = encoder.finish();
    let mut decoder = BitDecoder::whole(&bytes);
    for &(count, value) in &values {
        assert_eq!(decoder.bits(0, count), value, "{count} bits");
        assert_eq!(decoder.bit(false, 3000), value & 1 != 0);
    }
}

#[test]
fn any_bytes_decode_without_panic() {
    let mut random = fastrand::Rng::with_seed(77);
    for round in 0..300 {
        let bytes: Vec<u8> =
            (0..round % 40).map(|_| if round % 3 == 0 { 0xff } else { random.u64(..) as u8 }).collect();
        for mut decoder in [BitDecoder::cut(&bytes), BitDecoder::whole(&bytes)] {
            let mut model = IntModel::<3>::new(255);
            for _ in 0..200 {
                model.code(&mut decoder, 0);
                decoder.bits(0, 32);
                decoder.bit(false, 1 + random.u32(..65535));
            }
        }
    }
}

#[test]
fn integers_of_every_size() {
    let mut values: Vec<i32> = (-40..40).collect();
    values.extend((0..31).flat_map(|k| [1 << k, -(1 << k), (1 << k) - 1]));
    values.extend([i32::MAX, i32::MIN + 1]);
    let mut model = IntModel::<6>::new(255);
    let mut encoder = BitEncoder::new();
    for &v in &values {
        model.code_signed(&mut encoder, v);
    }
    let bytes = encoder.finish();
    let mut model = IntModel::<6>::new(255);
    let mut decoder = BitDecoder::whole(&bytes);
    for &v in &values {
        assert_eq!(model.code_signed(&mut decoder, 0), v);
    }
}

#[test]
fn adaptive_bits_come_near_the_entropy() {
    let mut random = fastrand::Rng::with_seed(3);
    let (mut counted, mut dual) = (AdaptiveBit::default(), TwoRateBit::default());
    let (mut a, mut b) = (BitCost::new(), BitCost::new());
    for _ in 0..20_000 {
        let bit = random.u32(..1000) < 50;
        counted.code(&mut a, bit, 1023);
        dual.code(&mut b, bit);
    }
    let entropy = 20_000.0 * 0.2864;
    assert!((a.cost_q16() as f64 / 65536.0) < entropy * 1.02);
    assert!((b.cost_q16() as f64 / 65536.0) < entropy * 1.09);
    for bit in [true, false] {
        for _ in 0..3000 {
            counted.update(bit, 1023);
            dual.update(bit, 4, 7);
            assert!((1..65536).contains(&counted.p1()) && (1..65536).contains(&dual.p1()));
        }
    }
}

#[test]
fn the_mixer_prefers_the_right_predictor() {
    let mut random = fastrand::Rng::with_seed(4);
    let mut mixer = Mixer::<3>::new(2, 6);
    let mut cost = BitCost::new();
    for i in 0..20_000 {
        let p = if random.u32(..2) == 0 { 3000 } else { 62_000 };
        let bit = random.u32(..65536) < p;
        let noise = random.u32(..65536);
        let inputs = [stretch(noise), stretch(p), 128];
        mixer.code(&mut cost, bit, i % 2, &inputs);
    }
    // Entropies at 3000 and 62000 of 65536 are 0.269 and 0.302 bits.
    assert!(cost.cost_q16() as f64 / 65536.0 < 20_000.0 * 0.2855 * 1.06, "{}", cost.cost_q16() >> 16);
}

#[test]
fn extreme_mixers_stay_in_bounds() {
    let mut mixer = Mixer::<16>::with_weight(1, 14, i32::MAX);
    for i in 0..4000 {
        let x = if i % 3 == 0 { [2047; 16] } else { [-2047; 16] };
        let p = mixer.mix(0, &x);
        assert_eq!(p > 32768, mixer.mix_stretched(0, &x) > 0);
        mixer.update(0, &x, p, i % 5 == 0);
    }
}

#[test]
fn sse_corrects_a_biased_source() {
    let mut random = fastrand::Rng::with_seed(8);
    let mut sse = Sse::new(2);
    let (mut plain, mut refined) = (BitCost::new(), BitCost::new());
    for _ in 0..20_000 {
        let bit = random.u32(..100) < 90;
        plain.bit(bit, 40_000);
        let (p, place) = sse.refine(1, 40_000);
        refined.bit(bit, p);
        sse.update(place, bit, 6);
    }
    assert!(refined.cost_q16() < plain.cost_q16() * 8 / 10);
    for p in 1..65536 {
        let (same, _) = sse.refine(0, p);
        assert!(same.abs_diff(p) < 700, "{p} {same}");
    }
}
