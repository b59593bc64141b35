//! The codec on a small synthetic model: exactness, sizes, regions, damage. Compression is
//! measured elsewhere.

use super::{Neural, NeuralModel};
use std::collections::BTreeMap;
use tintype_codec::{Codec, CodecError, DecodeRequest, Exec, Payload, PayloadView, SectionKey};
use tintype_image::{
    ColourModel, Level, PlaneInfo, PlaneRole, Planes, Region, Shape, Threads, YCbCrMatrix,
};
use tintype_model::Model;
use tintype_nn::{Array, Depthwise, Kind, Network, Pointwise, Program, Step};

const LATENT: usize = 6;
const HYPER: usize = 3;
const CONTEXT: usize = 4;

fn dense(random: &mut fastrand::Rng, inputs: usize, outputs: usize, size: i32, shift: u8) -> Kind {
    let weights: Vec<i16> = (0..inputs * outputs).map(|_| random.i32(-size..=size) as i16).collect();
    Kind::Pointwise(
        Pointwise::new(inputs, &weights, &vec![1 << (shift - 1); outputs], &vec![shift; outputs], false)
            .unwrap(),
    )
}

fn depthwise(random: &mut fastrand::Rng, channels: usize) -> Kind {
    let weights: Vec<i16> = (0..9 * channels).map(|_| random.i32(-60..=60) as i16).collect();
    Kind::Depthwise(Depthwise::new(&weights, &vec![128; channels], &vec![8; channels]).unwrap())
}

fn program(inputs: usize, kinds: Vec<Kind>) -> Program {
    Program::new(inputs, 0, kinds.into_iter().map(|kind| Step { from: 0, to: 0, kind }).collect(), 0)
        .unwrap()
}

/// A model whose latents are weighted sums of samples; `seed` makes others of the same shape.
fn tiny_file(seed: u64) -> Network {
    let r = &mut fastrand::Rng::with_seed(seed);
    let mut programs = BTreeMap::new();
    let mut add = |name: &str, program| programs.insert(name.to_string(), program);
    add(
        "analysis",
        program(192, vec![Kind::SpaceToDepth(2), dense(r, 768, LATENT, 60, 9), depthwise(r, LATENT)]),
    );
    add(
        "hyper_analysis",
        program(LATENT, vec![Kind::SpaceToDepth(4), dense(r, 16 * LATENT, HYPER, 200, 8)]),
    );
    let grown = 16 * (CONTEXT + LATENT);
    add("hyper_synthesis", program(HYPER, vec![dense(r, HYPER, grown, 300, 4), Kind::DepthToSpace(4)]));
    add("context_enter", program(LATENT, vec![dense(r, LATENT, CONTEXT, 90, 8)]));
    for k in 1..4 {
        add(&format!("context_step{k}"), program(CONTEXT, vec![depthwise(r, CONTEXT)]));
    }
    add("context_mean", program(CONTEXT, vec![dense(r, CONTEXT, LATENT, 90, 8)]));
    let leave = vec![dense(r, LATENT, 4 * 192, 200, 8), Kind::DepthToSpace(2), depthwise(r, 192)];
    add("synthesis", program(LATENT, leave));
    let tables: Vec<i32> =
        [[-1, 4, 16_384, 32_768, 16_383, 1], [0, 4, 32_768, 16_384, 16_380, 4]].concat();
    let arrays = BTreeMap::from([
        ("shape".to_string(), Array::I16(vec![LATENT as i16, HYPER as i16, CONTEXT as i16, 2])),
        ("scale_bias".into(), Array::I16((0..2 * LATENT).map(|i| 100 + i as i16).collect())),
        ("gain".into(), Array::I32([vec![600; LATENT], vec![50_000; LATENT]].concat())),
        ("step".into(), Array::I32([vec![7_000_000; LATENT], vec![90_000; LATENT]].concat())),
        ("hyper_gain".into(), Array::I32(vec![70_000; 2 * HYPER])),
        ("hyper_step".into(), Array::I32(vec![61_000; 2 * HYPER])),
        ("hyper_table".into(), Array::I16([vec![0, 1, 1], vec![1; HYPER]].concat())),
        ("lambda".into(), Array::I32(vec![1_900, 190_000])),
        ("qualities".into(), Array::I16(vec![2_000, 9_000])),
        ("tables".into(), Array::I32(tables)),
    ]);
    Network { name: "tiny".into(), programs, arrays }
}

fn tiny_model(seed: u64) -> Vec<u8> {
    NeuralModel::file_of(&tiny_file(seed)).to_bytes()
}

fn tiny() -> Neural {
    Neural::new(NeuralModel::from_bytes(&tiny_model(1)).unwrap())
        .with_lossless(&tintype_lossless::Lossless)
}

fn noise(shape: Shape) -> Planes {
    let mut planes = Planes::new(shape);
    let mut random = fastrand::Rng::with_seed(9);
    for (info, plane) in planes.shape.planes.clone().iter().zip(&mut planes.planes) {
        let max = i32::from(info.sample_max());
        for y in 0..plane.height() {
            for (x, s) in plane.row_mut(y).iter_mut().enumerate() {
                let smooth = (x as i32 * 3 + y as i32) % (max + 1);
                *s = (smooth + random.i32(-(max / 8 + 1)..=max / 8 + 1)).clamp(0, max) as u16;
            }
        }
    }
    planes
}

fn decode(codec: &Neural, shape: &Shape, payload: &Payload, exec: &Exec) -> Planes {
    codec.decode(&payload.view(shape), &DecodeRequest::default(), exec).unwrap()
}

fn rgb_and_alpha(width: usize, height: usize) -> Shape {
    let mut shape = Shape::rgb(width, height, 8);
    shape.planes.push(PlaneInfo::new(PlaneRole::Alpha, 8));
    shape
}

/// One thread without SIMD, and two with it.
fn both_ways() -> [Exec; 2] {
    [
        Exec { threads: Threads::ONE, level: Level::fallback(), ..Exec::default() },
        Exec { threads: Threads::new(2), ..Exec::default() },
    ]
}

fn the_same_both_ways(codec: &Neural, source: &Planes, level: usize, rounds: usize) -> Payload {
    let [plain, quick] = both_ways();
    let payload = codec.encode_at_level(source, level, rounds, &plain).unwrap();
    assert_eq!(payload, codec.encode_at_level(source, level, rounds, &quick).unwrap());
    payload
}

#[test]
fn levels_threads_and_machines_agree() {
    let codec = tiny();
    let source = noise(Shape::rgb(1100, 70, 8));
    let [plain, quick] = both_ways();
    for level in 0..codec.model().levels {
        let payload = the_same_both_ways(&codec, &source, level, 0);
        assert_eq!(payload.sections.len(), 2);
        let back = decode(&codec, &source.shape, &payload, &plain);
        assert!(back == decode(&codec, &source.shape, &payload, &quick), "level {level}");
        let sum: u64 = back.planes.iter().flat_map(|p| p.rows().flatten().copied()).map(u64::from).sum();
        assert!(sum > 0 && sum < 1100 * 70 * 3 * 255, "a picture that is not flat");
    }
}

#[test]
fn refinement_is_deterministic_and_never_costs_more() {
    let codec = tiny();
    let source = noise(Shape::rgb(700, 90, 8));
    let [plain, quick] = both_ways();
    for level in [0, 1] {
        let refined = the_same_both_ways(&codec, &source, level, 3);
        let lambda = f64::from(codec.model().lambda[level]) / f64::from(1 << 20) / 3.0;
        let cost = |payload: &Payload| {
            let back = decode(&codec, &source.shape, payload, &quick);
            let planes = source.planes.iter().zip(&back.planes);
            let squares = planes.flat_map(|(a, b)| a.rows().flatten().zip(b.rows().flatten()));
            let error: f64 = squares.map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
            8.0 * payload.sections[0].bytes.len() as f64 + lambda * error
        };
        let straight = codec.encode_at_level(&source, level, 0, &plain).unwrap();
        // Samples are rounded to 8 bits here, not where rounds are compared.
        assert!(cost(&refined) < cost(&straight) * 1.002, "level {level}");
    }
    // A synthesis with a table has no gradient, and is coded all the same.
    let mut file = tiny_file(1);
    let table: [i16; 256] = std::array::from_fn(|i| (i as i16 - 128) * 64);
    let leave = vec![
        dense(&mut fastrand::Rng::with_seed(3), LATENT, 4 * 192, 200, 8),
        Kind::DepthToSpace(2),
        Kind::Table(6, Box::new(table)),
    ];
    file.programs.insert("synthesis".into(), program(LATENT, leave));
    let codec = Neural::new(NeuralModel::from_file(&NeuralModel::file_of(&file)).unwrap());
    let [straight, refined] =
        [0, 2].map(|rounds| codec.encode_at_level(&source, 1, rounds, &plain).unwrap());
    assert_eq!(straight, refined);
}

#[test]
fn files_are_as_large_as_estimated() {
    let exec = Exec::default();
    for (codec, levels) in [
        (&tiny(), [0, 1]),
        #[cfg(feature = "neural-model")]
        (super::photo(), [12, 38]),
    ] {
        for shape in [Shape::rgb(64, 64, 8), Shape::rgb(1100, 200, 8), Shape::gray(333, 130, 8)] {
            let source = noise(shape);
            for (level, rounds) in [(levels[0], 1), (levels[1], 0)] {
                let estimated = codec.estimated_bits(&source, level, rounds, &exec).unwrap() / 8.0;
                let payload = codec.encode_at_level(&source, level, rounds, &exec).unwrap();
                let real = payload.sections.iter().map(|s| s.bytes.len()).sum::<usize>() as f64;
                assert!(
                    (real - estimated).abs() <= 64.0 + 0.005 * estimated,
                    "{real} against {estimated}"
                );
                assert!(estimated > 10.0);
            }
        }
    }
    assert!(tiny().estimated_bits(&noise(Shape::rgb(9, 9, 8)), 2, 0, &exec).is_err());
}

#[test]
fn a_region_is_cut_from_the_whole() {
    let codec = tiny();
    let source = noise(Shape::rgb(1300, 90, 8));
    let exec = Exec::default();
    let payload = codec.encode_at_level(&source, 1, 0, &exec).unwrap();
    let whole = decode(&codec, &source.shape, &payload, &exec);
    for region in [[0, 0, 1300, 90], [1, 2, 30, 40], [1000, 10, 200, 30], [1299, 89, 1, 1]] {
        let [x, y, width, height] = region;
        let region = Region { x, y, width, height };
        let request = DecodeRequest { region: Some(region), ..DecodeRequest::default() };
        let keep = |key: SectionKey| codec.wants(&source.shape, &payload.header, key, &request);
        let sections =
            payload.view(&source.shape).sections.into_iter().filter(|s| keep(s.key)).collect();
        let view =
            PayloadView { shape: &source.shape, header: &payload.header, sections, cut_off: false };
        let part = codec.decode(&view, &request, &exec).unwrap();
        for (part, whole) in part.planes.iter().zip(&whole.planes) {
            assert!(*part == whole.crop(region), "{region:?}");
        }
    }
    let request = DecodeRequest { scale_log2: 3, ..DecodeRequest::default() };
    let result = codec.decode(&payload.view(&source.shape), &request, &exec);
    assert!(!codec.capabilities().scales && matches!(result, Err(CodecError::Unsupported { .. })));
}

#[test]
fn every_kind_of_planes_comes_back_in_shape() {
    let codec = tiny();
    let exec = Exec::default();
    let with_alpha = rgb_and_alpha(33, 17);
    let mut depth = Shape::gray(20, 65, 12);
    depth.planes.push(PlaneInfo::new(PlaneRole::Depth, 16));
    let mut chroma = Shape { colour: ColourModel::YCbCr(YCbCrMatrix::Bt601), ..Shape::rgb(35, 31, 8) };
    chroma.planes[1..].iter_mut().for_each(|p| (p.subsample_x_log2, p.subsample_y_log2) = (1, 1));
    let bands = Shape {
        width_px: 9,
        height_px: 70,
        colour: ColourModel::Bands,
        planes: vec![PlaneInfo::new(PlaneRole::Band, 16); 4],
    };
    for shape in [Shape::rgb(1, 1, 8), Shape::gray(3, 200, 1), with_alpha, depth, chroma, bands] {
        let source = noise(shape);
        let payload = codec.encode_at_level(&source, 1, 0, &exec).unwrap();
        let back = decode(&codec, &source.shape, &payload, &exec);
        assert_eq!(back.shape, source.shape);
        for (index, plane) in back.planes.iter().enumerate() {
            assert_eq!((plane.width(), plane.height()), source.shape.plane_size(index));
            let info = &source.shape.planes[index];
            assert!(plane.rows().flatten().all(|&s| s <= info.sample_max()));
            if matches!(info.role, PlaneRole::Alpha | PlaneRole::Depth) {
                assert_eq!(plane, &source.planes[index], "without loss");
            }
        }
    }
}

#[test]
fn another_model_decodes_nothing() {
    let source = noise(Shape::rgb(40, 40, 8));
    let payload = tiny().encode_at_level(&source, 0, 0, &Exec::default()).unwrap();
    let other = Neural::new(NeuralModel::from_bytes(&tiny_model(2)).unwrap());
    let result = other.decode(&payload.view(&source.shape), &DecodeRequest::default(), &Exec::default());
    assert!(matches!(result, Err(CodecError::Mismatch { .. })), "{result:?}");
}

#[test]
fn damage_gives_an_answer_or_an_error() {
    let codec = tiny();
    let exec = Exec::default();
    let source = noise(rgb_and_alpha(50, 40));
    let payload = codec.encode_at_level(&source, 1, 0, &exec).unwrap();
    let attempt =
        |payload: &Payload| codec.decode(&payload.view(&source.shape), &DecodeRequest::default(), &exec);
    for section in 0..payload.sections.len() {
        let length = payload.sections[section].bytes.len();
        for at in (0..length).step_by(length / 40 + 1) {
            let mut damaged = payload.clone();
            damaged.sections[section].bytes[at] ^= 0x55;
            let _ = attempt(&damaged);
            damaged.sections[section].bytes.truncate(at);
            assert!(attempt(&damaged).is_err());
        }
    }
    for at in 0..payload.header.len() {
        let mut damaged = payload.clone();
        damaged.header.truncate(at);
        assert!(attempt(&damaged).is_err());
    }
    let mut missing = payload.clone();
    missing.sections.remove(0);
    assert!(matches!(attempt(&missing), Err(CodecError::Truncated { .. })));
}

#[test]
fn models_whose_parts_do_not_fit_are_refused() {
    assert!(NeuralModel::from_bytes(&tiny_model(1)).is_ok());
    let r = &mut fastrand::Rng::with_seed(5);
    let wide = |steps: usize| {
        (0..steps).map(|_| depthwise(&mut fastrand::Rng::with_seed(6), LATENT)).collect::<Vec<_>>()
    };
    // Right channels on a wrong grid, a grid that windows do not lie on, a reach beyond all bounds.
    let coarse = vec![
        Kind::SpaceToDepth(8),
        Kind::SpaceToDepth(4),
        Kind::DepthToSpace(8),
        Kind::DepthToSpace(4),
        dense(r, LATENT, 768, 200, 8),
    ];
    let programs = [
        ("analysis", program(192, vec![dense(r, 192, LATENT, 60, 9)])),
        (
            "hyper_analysis",
            program(LATENT, vec![Kind::SpaceToDepth(2), dense(r, 4 * LATENT, HYPER, 200, 8)]),
        ),
        ("hyper_synthesis", program(HYPER, vec![dense(r, HYPER, CONTEXT + LATENT, 300, 4)])),
        (
            "context_enter",
            program(LATENT, vec![dense(r, LATENT, 4 * CONTEXT, 90, 8), Kind::DepthToSpace(2)]),
        ),
        (
            "context_step2",
            program(CONTEXT, vec![Kind::SpaceToDepth(2), dense(r, 4 * CONTEXT, CONTEXT, 90, 8)]),
        ),
        (
            "context_mean",
            program(CONTEXT, vec![Kind::SpaceToDepth(2), dense(r, 4 * CONTEXT, LATENT, 90, 8)]),
        ),
        ("synthesis", program(LATENT, vec![dense(r, LATENT, 192, 200, 8)])),
        ("synthesis", program(LATENT, [coarse, vec![Kind::DepthToSpace(2)]].concat())),
        (
            "synthesis",
            program(
                LATENT,
                [wide(33), vec![dense(r, LATENT, 768, 200, 8), Kind::DepthToSpace(2)]].concat(),
            ),
        ),
        ("synthesis", program(LATENT, vec![dense(r, LATENT, 191 * 4, 200, 8), Kind::DepthToSpace(2)])),
    ];
    let shorter = |array: &Array| match array {
        Array::I16(list) => Array::I16(list[1..].to_vec()),
        Array::I32(list) => Array::I32(list[1..].to_vec()),
    };
    let refused = |file: &Network| {
        matches!(NeuralModel::from_file(&NeuralModel::file_of(file)), Err(CodecError::Malformed { .. }))
    };
    for (name, program) in programs {
        let mut file = tiny_file(1);
        file.programs.insert(name.into(), program).unwrap();
        assert!(refused(&file), "{name}");
    }
    for name in tiny_file(1).programs.keys() {
        let mut file = tiny_file(1);
        file.programs.remove(name);
        assert!(refused(&file), "without {name}");
    }
    for (name, array) in &tiny_file(1).arrays {
        let mut file = tiny_file(1);
        file.arrays.insert(name.clone(), shorter(array));
        assert!(refused(&file), "a shorter {name}");
    }
    for table in [-1, 2] {
        let mut file = tiny_file(1);
        file.arrays.insert("hyper_table".into(), Array::I16(vec![table; 2 * HYPER]));
        assert!(refused(&file), "table {table}");
    }
}

#[test]
fn models_of_extreme_numbers_give_an_answer() {
    let source = noise(Shape::rgb(70, 40, 8));
    let all = ["step", "lambda", "gain", "hyper_gain", "hyper_step"];
    let cases = [i32::MAX, i32::MIN, -1, 0].map(|most| [(most, &all[..]), (most, &all[..2])]);
    for (most, names) in cases.into_iter().flatten() {
        let mut file = tiny_file(1);
        for &name in names {
            let Some(Array::I32(list)) = file.arrays.get_mut(name) else { panic!("no {name}") };
            list.fill(most);
        }
        let bias = most.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        file.arrays.insert("scale_bias".into(), Array::I16(vec![bias; 2 * LATENT]));
        let codec = Neural::new(NeuralModel::from_file(&NeuralModel::file_of(&file)).unwrap());
        for rounds in [0, 2] {
            let payload = codec.encode_at_level(&source, 1, rounds, &Exec::default()).unwrap();
            let back = decode(&codec, &source.shape, &payload, &Exec::default());
            assert_eq!(back.shape, source.shape);
        }
    }
}
