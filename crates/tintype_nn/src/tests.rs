//! Layers against plain references, saturation at both ends, windows against the whole map,
//! damaged bytes.

use crate::{Array, Depthwise, FeatureMap, Gradient, Kind, Network, NnError, Pointwise, Program, Step};
use fearless_simd::Level;
use std::collections::BTreeMap;

fn levels() -> Vec<Level> {
    let mut list = vec![Level::new(), Level::fallback()];
    #[cfg(target_arch = "x86_64")]
    {
        list.extend(Level::new().as_avx2().map(Level::Avx2));
        list.extend(Level::new().as_sse4_2().map(Level::Sse4_2));
    }
    list
}

fn pointwise_reference(
    weights: &[i16],
    bias: &[i32],
    shift: &[u8],
    rectified: bool,
    input: &[i16],
) -> Vec<i16> {
    let inputs = weights.len() / bias.len();
    let mut out = Vec::new();
    for row in input.chunks_exact(inputs) {
        for o in 0..bias.len() {
            let products = (0..inputs).map(|i| i64::from(weights[o * inputs + i]) * i64::from(row[i]));
            let sum = i64::from(bias[o]) + products.sum::<i64>();
            let value = (sum >> shift[o]).clamp(-32_768, 32_767) as i16;
            out.push(if rectified { value.max(0) } else { value });
        }
    }
    out
}

fn map(random: &mut fastrand::Rng, height: usize, width: usize, channels: usize) -> FeatureMap {
    let values = (0..height * width * channels).map(|_| random.u64(..) as i16).collect();
    FeatureMap { height, width, channels, values }
}

#[test]
fn a_row_of_depthwise_equals_the_map_at_every_level() {
    let mut random = fastrand::Rng::with_seed(11);
    for (channels, width) in [(1, 1), (16, 3), (32, 9), (40, 5)] {
        let weights: Vec<i16> = (0..9 * channels).map(|_| random.i32(-7000..=7000) as i16).collect();
        let bias: Vec<i32> = (0..channels).map(|_| random.i32(-10_000_000..=10_000_000)).collect();
        let shift: Vec<u8> = (0..channels).map(|_| (random.u64(..) % 20) as u8).collect();
        let layer = Depthwise::new(&weights, &bias, &shift).unwrap();
        // Rows with zeros on either side are what a map has beyond its edge.
        let mut input = map(&mut random, 3, width, channels);
        let expected = layer.run(Level::fallback(), &input).unwrap();
        let zeros = vec![0; channels];
        let rows: Vec<Vec<i16>> = input
            .values
            .chunks_exact_mut(width * channels)
            .map(|row| [&zeros, &*row, &zeros].concat())
            .collect();
        let rows = [&rows[0][..], &rows[1], &rows[2]];
        for level in levels() {
            let mut out = vec![0; width * channels];
            layer.run_row(level, rows, &mut out).unwrap();
            assert_eq!(out, expected.values[width * channels..][..width * channels], "{level:?}");
            assert!(layer.run_row(level, rows, &mut out[1..]).is_err());
        }
    }
}

#[test]
fn pointwise_equals_its_reference_at_every_level() {
    let mut random = fastrand::Rng::with_seed(1);
    for (inputs, outputs, width) in [(1, 1, 1), (3, 33, 5), (32, 64, 13), (79, 31, 25), (320, 96, 12)] {
        let most = 65_000 / inputs as i32;
        let weights: Vec<i16> = (0..inputs * outputs)
            .map(|_| random.i32(-(most.min(32_767))..=most.min(32_767)) as i16)
            .collect();
        let bias: Vec<i32> = (0..outputs).map(|_| random.i32(-10_000_000..=10_000_000)).collect();
        let shift: Vec<u8> = (0..outputs).map(|_| (random.u64(..) % 20) as u8).collect();
        let input = map(&mut random, 1, width, inputs);
        for rectified in [false, true] {
            let layer = Pointwise::new(inputs, &weights, &bias, &shift, rectified).unwrap();
            assert_eq!(layer.weights(), weights);
            let expected = pointwise_reference(&weights, &bias, &shift, rectified, &input.values);
            for level in levels() {
                assert_eq!(
                    layer.run(level, &input).unwrap().values,
                    expected,
                    "{inputs} × {outputs}, {level:?}"
                );
            }
        }
    }
}

#[test]
fn dense_saturates_at_both_ends_and_never_overflows() {
    let weights = [32_767i16, 32_767, 1, -32_767, -32_767, -1];
    let layer = Pointwise::new(3, &weights, &[0, 0], &[0, 16], false).unwrap();
    for level in levels() {
        let low = FeatureMap { height: 1, width: 1, channels: 3, values: vec![-32_768; 3] };
        let high = FeatureMap { values: vec![32_767; 3], ..low.clone() };
        assert_eq!(layer.run(level, &low).unwrap().values, [-32_768, 32_767]);
        assert_eq!(layer.run(level, &high).unwrap().values, [32_767, -32_767]);
    }
}

#[test]
fn a_layer_that_could_overflow_is_refused() {
    assert!(Pointwise::new(2, &[32_767, 32_767], &[65_535], &[0], false).is_ok());
    assert!(matches!(
        Pointwise::new(2, &[32_767, 32_767], &[65_536], &[0], false),
        Err(NnError::Limit { .. })
    ));
    assert!(matches!(
        Pointwise::new(2, &[32_767, 32_767], &[-65_536], &[0], false),
        Err(NnError::Limit { .. })
    ));
    assert!(matches!(Pointwise::new(1, &[1], &[i32::MIN], &[0], false), Err(NnError::Limit { .. })));
    assert!(matches!(
        Pointwise::new(3, &[32_767, 32_767, 2], &[0], &[0], false),
        Err(NnError::Limit { .. })
    ));
    assert!(matches!(Depthwise::new(&[8_000; 9], &[0], &[0]), Err(NnError::Limit { .. })));
    assert!(matches!(Pointwise::new(1, &[1], &[0], &[32], false), Err(NnError::Limit { .. })));
    assert!(matches!(Pointwise::new(2, &[1], &[0], &[0], false), Err(NnError::Misuse { .. })));
}

#[test]
fn depthwise_equals_its_reference_at_every_level() {
    let mut random = fastrand::Rng::with_seed(2);
    for (height, width, channels) in [(1, 1, 1), (1, 5, 3), (4, 1, 40), (5, 6, 17)] {
        let weights: Vec<i16> = (0..9 * channels).map(|_| random.i32(-7_000..=7_000) as i16).collect();
        let bias: Vec<i32> = (0..channels).map(|_| random.i32(-1_000_000..=1_000_000)).collect();
        let shift: Vec<u8> = (0..channels).map(|_| (8 + random.u64(..) % 12) as u8).collect();
        let input = map(&mut random, height, width, channels);
        let layer = Depthwise::new(&weights, &bias, &shift).unwrap();
        let mut expected = FeatureMap::new(height, width, channels);
        for (y, x, c) in (0..height)
            .flat_map(|y| (0..width).map(move |x| (y, x)))
            .flat_map(|(y, x)| (0..channels).map(move |c| (y, x, c)))
        {
            let mut sum = i64::from(bias[c]);
            for (row, column) in (0..3usize).flat_map(|r| (0..3usize).map(move |k| (r, k))) {
                let (v, u) = (y + row, x + column);
                if (1..=height).contains(&v) && (1..=width).contains(&u) {
                    sum += i64::from(weights[c * 9 + row * 3 + column])
                        * i64::from(input.at(u - 1, v - 1)[c]);
                }
            }
            expected.at_mut(x, y)[c] = (sum >> shift[c]).clamp(-32_768, 32_767) as i16;
        }
        for level in levels() {
            assert_eq!(layer.run(level, &input).unwrap(), expected, "{level:?}");
        }
    }
}

#[test]
fn every_other_step_saturates_at_both_ends() {
    let ends = [i16::MIN, i16::MAX, -1, 1];
    let run = |kind: Kind, shift: usize| {
        let steps = vec![Step { from: 0, to: 0, kind }];
        let program = Program::new(4, 1, steps, 0).unwrap();
        let values: Vec<i16> = (0..4).map(|i| ends[(i + shift) % 4]).collect();
        let input = FeatureMap { height: 1, width: 1, channels: 4, values };
        program.run(Level::new(), input, 0).unwrap().values
    };
    assert_eq!(run(Kind::Add(0), 0), [i16::MIN, i16::MAX, -2, 2]);
    assert_eq!(run(Kind::LevelBias(ends.to_vec()), 0), [i16::MIN, i16::MAX, -2, 2]);
    assert_eq!(run(Kind::Leaky(16), 0), [0, i16::MAX, 0, 1]);
    assert_eq!(run(Kind::Leaky(15), 0), [-1, i16::MAX, -1, 1]);
    let table: [i16; 256] = std::array::from_fn(|i| i as i16);
    assert_eq!(run(Kind::Table(0, Box::new(table)), 0), [0, 255, 127, 129]);
    let down = Program::new(1, 0, vec![Step { from: 0, to: 0, kind: Kind::HaarDown }], 0).unwrap();
    let depthwise = Depthwise::new(&[7_000; 9], &[0], &[0]).unwrap();
    for value in [i16::MIN, i16::MAX] {
        let flat = |side: usize| FeatureMap {
            height: side,
            width: side,
            channels: 1,
            values: vec![value; side * side],
        };
        assert_eq!(down.run(Level::new(), flat(2), 0).unwrap().values, [value, 0, 0, 0]);
        for level in levels() {
            assert!(
                depthwise.run(level, &flat(3)).unwrap().values.iter().all(|&v| v == value),
                "{level:?}"
            );
        }
    }
}

fn pointwise(random: &mut fastrand::Rng, inputs: usize, outputs: usize, rectified: bool) -> Pointwise {
    let weights: Vec<i16> = (0..inputs * outputs).map(|_| random.i32(-400..=400) as i16).collect();
    let bias: Vec<i32> = (0..outputs).map(|_| random.i32(-100_000..=100_000)).collect();
    Pointwise::new(inputs, &weights, &bias, &vec![9; outputs], rectified).unwrap()
}

fn depthwise(random: &mut fastrand::Rng, channels: usize) -> Depthwise {
    let weights: Vec<i16> = (0..9 * channels).map(|_| random.i32(-200..=200) as i16).collect();
    Depthwise::new(&weights, &vec![64; channels], &vec![8; channels]).unwrap()
}

fn step(from: u8, to: u8, kind: Kind) -> Step {
    Step { from, to, kind }
}

/// Eight channels to 64 at half the size.
fn first_steps(random: &mut fastrand::Rng) -> Vec<Step> {
    vec![
        step(0, 1, Kind::Pointwise(pointwise(random, 8, 16, true))),
        step(1, 2, Kind::Depthwise(depthwise(random, 16))),
        step(2, 2, Kind::Add(1)),
        step(2, 3, Kind::SpaceToDepth(2)),
        step(3, 3, Kind::Leaky(3)),
    ]
}

/// Every kind of step once.
fn sample_program() -> Program {
    let mut random = fastrand::Rng::with_seed(3);
    let table: [i16; 256] = std::array::from_fn(|i| (i as i16 - 128) * 100);
    let mut steps = first_steps(&mut random);
    steps.extend([
        step(3, 3, Kind::Depthwise(depthwise(&mut random, 64))),
        step(3, 4, Kind::HaarDown),
        step(4, 4, Kind::Table(6, Box::new(table))),
        step(4, 4, Kind::HaarUp),
        step(3, 5, Kind::Concat(4)),
        step(5, 5, Kind::Slice { start: 32, count: 64 }),
        step(5, 5, Kind::LevelBias((0..192).map(|_| random.i32(-2_000..=2_000) as i16).collect())),
        step(5, 6, Kind::DepthToSpace(2)),
        step(6, 6, Kind::Depthwise(depthwise(&mut random, 16))),
    ]);
    Program::new(8, 3, steps, 6).unwrap()
}

#[test]
fn a_window_with_margin_gives_the_bits_of_the_whole() {
    let program = sample_program();
    assert_eq!((program.grid(), program.margin(), program.outputs()), (4, 8, 16));
    let whole_in = map(&mut fastrand::Rng::with_seed(4), 28, 40, 8);
    let whole = program.run(Level::new(), whole_in.clone(), 1).unwrap();
    for (x, y, width, height) in
        [(0, 0, 8, 8), (8, 4, 8, 12), (16, 12, 8, 8), (4, 16, 20, 4), (32, 20, 8, 8)]
    {
        let (left, top) = (x.min(program.margin()), y.min(program.margin()));
        let right = (x + width + program.margin()).min(40);
        let bottom = (y + height + program.margin()).min(28);
        let window = whole_in.crop(x - left, y - top, right - x + left, bottom - y + top);
        let part = program.run(Level::fallback(), window, 1).unwrap();
        assert!(
            part.crop(left, top, width, height) == whole.crop(x, y, width, height),
            "window at {x}, {y}"
        );
    }
}

#[test]
fn programs_that_do_not_fit_are_refused() {
    let step = |from, to, kind| Step { from, to, kind };
    let refused = [
        vec![step(3, 0, Kind::Leaky(1))],
        vec![step(0, 16, Kind::Leaky(1))],
        vec![step(0, 0, Kind::Leaky(17))],
        vec![step(0, 0, Kind::DepthToSpace(4))],
        vec![step(0, 0, Kind::SpaceToDepth(3))],
        vec![step(0, 1, Kind::SpaceToDepth(2)), step(0, 0, Kind::Add(1))],
        vec![step(0, 0, Kind::LevelBias(vec![0; 8]))],
        vec![step(0, 0, Kind::Slice { start: 7, count: 2 })],
        vec![step(0, 0, Kind::SpaceToDepth(8)); 6],
    ];
    for steps in refused {
        assert!(Program::new(8, 0, steps.clone(), 0).is_err(), "{steps:?}");
    }
    // More values than memory should be asked for: in one register, and in all together.
    let wide = |times: usize| vec![step(0, 0, Kind::Concat(0)); times];
    let one = [wide(6), vec![step(0, 0, Kind::DepthToSpace(8))], wide(7)].concat();
    let all = [wide(9), (1..9).map(|to| step(0, to, Kind::Leaky(1))).collect()].concat();
    for steps in [one, all] {
        assert!(Program::new(8, 0, steps[..steps.len() - 2].to_vec(), 0).is_ok());
        assert!(matches!(Program::new(8, 0, steps, 0), Err(NnError::Limit { .. })));
    }
    let program = sample_program();
    assert!(program.gives(1, 1) && !program.gives(2, 1) && !program.gives(1, 2));
    let fine = Program::new(8, 0, vec![step(0, 0, Kind::DepthToSpace(2))], 0).unwrap();
    assert!(fine.gives(2, 1) && !fine.gives(1, 1));
    assert!(program.run(Level::new(), FeatureMap::new(4, 4, 7), 0).is_err());
    assert!(program.run(Level::new(), FeatureMap::new(4, 4, 8), 3).is_err());
    assert!(program.run(Level::new(), FeatureMap::new(3, 4, 8), 0).is_err());
}

/// Steps that have gradients, with weights small enough that little saturates.
fn smooth_program() -> Program {
    let mut random = fastrand::Rng::with_seed(8);
    let mut steps = first_steps(&mut random);
    steps.extend([
        step(3, 4, Kind::HaarDown),
        step(4, 4, Kind::HaarUp),
        step(3, 5, Kind::Concat(4)),
        step(5, 5, Kind::Slice { start: 16, count: 96 }),
        step(5, 5, Kind::Pointwise(pointwise(&mut random, 96, 16, false))),
        step(5, 5, Kind::LevelBias(vec![5; 16])),
        step(5, 6, Kind::DepthToSpace(2)),
    ]);
    Program::new(8, 1, steps, 6).unwrap()
}

#[test]
fn gradients_are_those_of_differences_at_every_level() {
    let program = smooth_program();
    let mut random = fastrand::Rng::with_seed(11);
    let mut input = map(&mut random, 8, 8, 8);
    input.values.iter_mut().for_each(|v| *v /= 4);
    let by: Vec<f32> = (0..8 * 8 * 4).map(|_| random.i32(-100..=100) as f32 / 100.0).collect();
    let weighted = |input: &FeatureMap| {
        let made = program.run(Level::new(), input.clone(), 0).unwrap();
        assert_eq!(made.values.len(), by.len());
        made.values.iter().zip(&by).map(|(&v, &b)| f64::from(v) * f64::from(b)).sum::<f64>()
    };
    let pulled = |level: Level| {
        let traced = program.trace(level, input.clone(), 0).unwrap();
        assert_eq!(traced.result(), &program.run(level, input.clone(), 0).unwrap());
        let gradient = Gradient { height: 8, width: 8, channels: 4, values: by.clone() };
        program.backward(level, &traced, gradient).unwrap()
    };
    let found = pulled(Level::new());
    for level in levels() {
        assert_eq!(pulled(level), found, "{level:?}");
    }
    let (mut apart, mut size) = (0.0, 0.0);
    for at in (0..input.values.len()).step_by(7) {
        let step = 600;
        let moved = |by: i16| {
            let mut moved = input.clone();
            moved.values[at] += by;
            weighted(&moved)
        };
        let slope = (moved(step) - moved(-step)) / f64::from(2 * step);
        apart += (slope - f64::from(found.values[at])).powi(2);
        size += slope.powi(2);
    }
    // Roundings and kinks within a step remain.
    assert!(apart < 0.03 * size, "{apart} of {size}");
    let traced = program.trace(Level::new(), input.clone(), 0).unwrap();
    assert!(program.backward(Level::new(), &traced, Gradient::new(1, 1, 4)).is_err());
    let with_table = sample_program();
    let traced = with_table.trace(Level::new(), map(&mut random, 8, 8, 8), 0).unwrap();
    let result = traced.result().clone();
    let gradient = Gradient::new(result.height, result.width, result.channels);
    assert!(program.has_gradient() && !with_table.has_gradient());
    assert!(with_table.backward(Level::new(), &traced, gradient).is_err());
}

fn sample_network() -> Network {
    let programs = BTreeMap::from([("sample".to_string(), sample_program())]);
    let arrays = BTreeMap::from([
        ("long".to_string(), Array::I32(vec![i32::MIN, 0, 7])),
        ("short".to_string(), Array::I16(vec![-3, 9])),
    ]);
    Network { name: "sample".into(), programs, arrays }
}

#[test]
fn a_network_comes_back() {
    let network = sample_network();
    assert_eq!(Network::from_bytes(&network.to_bytes()).unwrap(), network);
}

#[test]
fn damaged_networks_give_ok_or_err() {
    let bytes = sample_network().to_bytes();
    for end in (0..bytes.len()).step_by(97) {
        assert!(Network::from_bytes(&bytes[..end]).is_err());
    }
    for at in (0..bytes.len()).step_by(13) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x81;
        let _ = Network::from_bytes(&damaged);
    }
}

/// A weight is changed where it stands in the bytes.
#[test]
fn a_network_whose_sums_could_overflow_is_refused() {
    let layer = Pointwise::new(3, &[21_845, 11_111, 22_222], &[0], &[0], false).unwrap();
    let steps = vec![Step { from: 0, to: 0, kind: Kind::Pointwise(layer) }];
    let programs = BTreeMap::from([("p".to_string(), Program::new(3, 0, steps, 0).unwrap())]);
    let bytes = Network { name: "m".into(), programs, arrays: BTreeMap::new() }.to_bytes();
    assert!(Network::from_bytes(&bytes).is_ok());
    let at = bytes.windows(2).position(|w| w == 21_845i16.to_le_bytes()).unwrap();
    for (weight, fits) in
        [(32_202i16, true), (32_203, false), (-32_202, true), (-32_203, false), (i16::MIN, false)]
    {
        let mut changed = bytes.clone();
        changed[at..at + 2].copy_from_slice(&weight.to_le_bytes());
        let read = Network::from_bytes(&changed);
        assert!(
            if fits { read.is_ok() } else { matches!(read, Err(NnError::Limit { .. })) },
            "{weight}"
        );
    }
}
