use super::*;
use tintype_codec::Section;
use tintype_image::{ColourModel, Plane, PlaneInfo, PlaneRole, Region, Threads, YCbCrMatrix};

#[derive(Clone, Copy, Debug)]
enum Content {
    Smooth,
    Noise,
    Constant,
    FewColours,
}

fn filled(shape: Shape, content: Content, seed: u64) -> Planes {
    let mut random = fastrand::Rng::with_seed(seed * 2 + 1);
    let mut planes = Planes::new(shape);
    let colours: Vec<Vec<u32>> =
        (0..12).map(|_| (0..32).map(|_| random.u32(..65536)).collect()).collect();
    for (p, plane) in planes.planes.iter_mut().enumerate() {
        let info = &planes.shape.planes[p];
        let (max, scale) = (u32::from(info.sample_max()), 16 - u32::from(info.bit_depth));
        let (sx, sy) = (1 << info.subsample_x_log2, 1 << info.subsample_y_log2);
        for y in 0..plane.height() {
            for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                let (px, py) = (x * sx, y * sy);
                let value = match content {
                    Content::Smooth => {
                        ((px * 300 + py * 170 + p * 4000) as u32 + random.u32(..900)) >> scale
                    }
                    Content::Noise => random.u32(..max + 1),
                    Content::Constant => max / 3,
                    Content::FewColours => {
                        colours[(px / 7 * 5 + py / 3 * 3 + px * py / 90) % 12][p] >> scale
                    }
                };
                *sample = (value & max) as u16;
            }
        }
    }
    planes
}

fn settings(effort: u8) -> EncodeSettings {
    EncodeSettings { target: Target::Lossless, effort, ..EncodeSettings::default() }
}

fn assert_round_trip(source: &Planes, effort: u8) -> Payload {
    let exec = Exec { threads: Threads::ONE, ..Exec::default() };
    let payload = Lossless.encode(source, &settings(effort), &exec).unwrap();
    let decoded =
        Lossless.decode(&payload.view(&source.shape), &DecodeRequest::default(), &exec).unwrap();
    assert!(decoded == *source, "{:?} effort {effort}", source.shape);
    payload
}

const EFFORTS: [u8; 4] = [1, 5, 7, 9];
const CONTENTS: [Content; 4] = [Content::Smooth, Content::Noise, Content::Constant, Content::FewColours];

fn with_alpha(mut shape: Shape, depth: u8) -> Shape {
    shape.planes.push(PlaneInfo::new(PlaneRole::Alpha, depth));
    shape
}

fn subsampled(width_px: usize, height_px: usize) -> Shape {
    let mut planes = vec![PlaneInfo::new(PlaneRole::Colour, 8); 3];
    for plane in &mut planes[1..] {
        (plane.subsample_x_log2, plane.subsample_y_log2) = (1, 1);
    }
    Shape { width_px, height_px, colour: ColourModel::YCbCr(YCbCrMatrix::Bt601), planes }
}

fn bands(width_px: usize, height_px: usize, count: usize, depth: u8) -> Shape {
    let planes = vec![PlaneInfo::new(PlaneRole::Band, depth); count];
    Shape { width_px, height_px, colour: ColourModel::Bands, planes }
}

#[test]
fn odd_sizes_round_trip() {
    for (width, height) in [(1, 1), (1, 7), (7, 1), (2, 2), (3, 5), (33, 17)] {
        for content in CONTENTS {
            for effort in EFFORTS {
                assert_round_trip(&filled(Shape::rgb(width, height, 8), content, 3), effort);
            }
        }
    }
    assert_round_trip(&filled(Shape::rgb(4097, 3, 8), Content::Smooth, 4), 5);
}

#[test]
fn every_depth_round_trips() {
    for depth in 1..=16 {
        for content in CONTENTS {
            let effort = if depth % 4 == 0 { 9 } else { 5 };
            assert_round_trip(&filled(Shape::gray(40, 31, depth), content, u64::from(depth)), effort);
        }
    }
    for depth in [1, 10, 12, 16] {
        for effort in EFFORTS {
            assert_round_trip(&filled(Shape::rgb(29, 31, depth), Content::Smooth, 8), effort);
            assert_round_trip(&filled(Shape::rgb(29, 31, depth), Content::Noise, 8), effort);
        }
    }
}

#[test]
fn every_kind_of_plane_round_trips() {
    for content in CONTENTS {
        for effort in EFFORTS {
            assert_round_trip(&filled(with_alpha(Shape::rgb(30, 23, 8), 8), content, 5), effort);
            assert_round_trip(&filled(with_alpha(Shape::gray(30, 23, 16), 1), content, 5), effort);
            assert_round_trip(&filled(subsampled(31, 23), content, 6), effort);
            assert_round_trip(&filled(bands(19, 23, 5, 12), content, 7), effort);
        }
    }
    assert_round_trip(&filled(bands(9, 12, 32, 16), Content::Smooth, 7), 5);
    assert_round_trip(&filled(bands(9, 12, 32, 16), Content::Smooth, 7), 9);
}

#[test]
fn the_code_does_not_depend_on_strides() {
    let source = filled(Shape::gray(21, 13, 8), Content::Smooth, 1);
    let mut wide = vec![77; 13 * 30];
    for y in 0..13 {
        wide[y * 30..][..21].copy_from_slice(source.planes[0].row(y));
    }
    let plane = Plane::from_strided(21, 13, 30, wide).unwrap();
    let strided = Planes { shape: source.shape.clone(), planes: vec![plane] };
    let exec = Exec::default();
    let payload = Lossless.encode(&strided, &settings(5), &exec).unwrap();
    assert_eq!(payload, Lossless.encode(&source, &settings(5), &exec).unwrap());
}

#[test]
fn results_do_not_depend_on_threads_or_simd_level() {
    let source = filled(subsampled(1500, 1100), Content::Smooth, 2);
    for effort in [1, 5] {
        let one = Exec { threads: Threads::ONE, ..Exec::default() };
        let three = Exec {
            threads: Threads::new(3),
            level: tintype_image::Level::fallback(),
            ..Exec::default()
        };
        let payload = Lossless.encode(&source, &settings(effort), &one).unwrap();
        assert_eq!(payload.sections.len(), 4);
        assert!(payload == Lossless.encode(&source, &settings(effort), &three).unwrap());
        let decoded =
            Lossless.decode(&payload.view(&source.shape), &DecodeRequest::default(), &three).unwrap();
        assert!(decoded == source);
    }
}

#[test]
fn a_region_needs_only_its_tiles() {
    let source = filled(subsampled(1300, 1030), Content::Smooth, 2);
    let exec = Exec::default();
    let payload = Lossless.encode(&source, &settings(1), &exec).unwrap();
    for (x, y, width, height) in [(0, 0, 5, 5), (1020, 1019, 9, 8), (1025, 3, 11, 7), (1299, 1029, 1, 1)]
    {
        let region = Region { x, y, width, height };
        let request = DecodeRequest { region: Some(region), ..DecodeRequest::default() };
        let wanted = |s: &&Section| Lossless.wants(&source.shape, &payload.header, s.key, &request);
        let sections: Vec<Section> = payload.sections.iter().filter(wanted).cloned().collect();
        assert!(sections.len() < 4 || x == 1020);
        let part = Payload { header: payload.header.clone(), sections };
        let decoded = Lossless.decode(&part.view(&source.shape), &request, &exec).unwrap();
        for (p, plane) in decoded.planes.iter().enumerate() {
            let info = &source.shape.planes[p];
            let (x, y) = (region.x >> info.subsample_x_log2, region.y >> info.subsample_y_log2);
            let (width, height) = (plane.width(), plane.height());
            let expected = source.planes[p].crop(Region { x, y, width, height });
            assert!(*plane == expected, "plane {p} of {region:?}");
        }
    }
}

#[test]
fn damaged_bytes_decode_or_fail_cleanly() {
    let exec = Exec { threads: Threads::ONE, ..Exec::default() };
    let mut random = fastrand::Rng::with_seed(99);
    for effort in EFFORTS {
        for content in CONTENTS {
            let source = filled(with_alpha(Shape::rgb(24, 19, 8), 8), content, 5);
            let payload = Lossless.encode(&source, &settings(effort), &exec).unwrap();
            for round in 0..60 {
                let mut bad = payload.clone();
                let bytes = &mut bad.sections[0].bytes;
                if round % 3 == 0 {
                    bytes.truncate(random.u32(..bytes.len() as u32 + 1) as usize);
                } else if !bytes.is_empty() {
                    let at = random.u32(..bytes.len() as u32) as usize;
                    bytes[at] ^= 1 << random.u32(..8);
                    if round % 3 == 1 {
                        bytes[0] = random.u32(..256) as u8;
                    }
                }
                let _ = Lossless.decode(&bad.view(&source.shape), &DecodeRequest::default(), &exec);
            }
        }
    }
}

#[test]
fn missing_sections_and_unknown_versions_are_refused() {
    let source = filled(Shape::gray(20, 20, 8), Content::Smooth, 5);
    let exec = Exec::default();
    let whole = DecodeRequest::default();
    let payload = Lossless.encode(&source, &settings(5), &exec).unwrap();
    let none = Payload { header: payload.header.clone(), sections: vec![] };
    let truncated = |r: Result<Planes>| matches!(r, Err(CodecError::Truncated { .. }));
    assert!(truncated(Lossless.decode(&none.view(&source.shape), &whole, &exec)));
    let mut cut = payload.view(&source.shape);
    cut.sections[0].complete = false;
    assert!(truncated(Lossless.decode(&cut, &whole, &exec)));
    let empty = Payload { header: vec![], sections: payload.sections.clone() };
    assert!(truncated(Lossless.decode(&empty.view(&source.shape), &whole, &exec)));
    let foreign = Payload { header: vec![200, 10], sections: payload.sections.clone() };
    let result = Lossless.decode(&foreign.view(&source.shape), &whole, &exec);
    assert!(matches!(result, Err(CodecError::Unsupported { .. })));
    let lossy = EncodeSettings::default();
    assert!(matches!(Lossless.encode(&source, &lossy, &exec), Err(CodecError::Unsupported { .. })));
}

#[test]
fn stretched_values_cost_what_packed_ones_cost() {
    let narrow = filled(Shape::rgb(90, 80, 8), Content::Smooth, 3);
    let mut wide = Planes::new(Shape::rgb(90, 80, 16));
    for (to, from) in wide.planes.iter_mut().zip(&narrow.planes) {
        for y in 0..80 {
            for (to, from) in to.row_mut(y).iter_mut().zip(from.row(y)) {
                *to = from * 257;
            }
        }
    }
    for effort in [1, 5, 9] {
        let (narrow, wide) = (assert_round_trip(&narrow, effort), assert_round_trip(&wide, effort));
        let (narrow, wide) = (narrow.sections[0].bytes.len(), wide.sections[0].bytes.len());
        assert!(wide < narrow + narrow / 20 + 40, "effort {effort}: {narrow} {wide}");
    }
}
