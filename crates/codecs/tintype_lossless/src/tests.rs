use super::tile::{self, Kind};
use super::*;
use tintype_codec::Section;
use tintype_image::{ColourModel, Level, Plane, PlaneInfo, PlaneRole, Region, Threads, YCbCrMatrix};

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

/// Codes a tile of each kind that takes the planes, and gives the sections.
fn assert_kinds_round_trip(source: &Planes) -> Vec<Vec<u8>> {
    let mut sections = Vec::new();
    for kind in KINDS {
        let needs_colours = matches!(kind, Kind::Colours | Kind::Repeats);
        if needs_colours && !tile::has_colours(source) {
            assert!(tile::encode(source.clone(), kind, Level::new()).is_err());
            continue;
        }
        let bytes = tile::encode(source.clone(), kind, Level::new()).unwrap();
        assert_eq!(bytes, tile::encode(source.clone(), kind, Level::fallback()).unwrap());
        for level in [Level::new(), Level::fallback()] {
            let mut decoded = Planes::new(source.shape.clone());
            tile::decode(&bytes, &mut decoded, kind, level).unwrap();
            assert!(decoded == *source, "{:?} {kind:?} {level:?}", source.shape);
        }
        sections.push(bytes);
    }
    sections
}

const KINDS: [Kind; 7] =
    [Kind::Blend, Kind::Dense, Kind::Colours, Kind::Quick, Kind::Instant, Kind::Repeats, Kind::Fitted];
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
            let source = filled(Shape::rgb(width, height, 8), content, 3);
            assert_kinds_round_trip(&source);
            assert_round_trip(&source, 1);
        }
    }
    assert_round_trip(&filled(Shape::rgb(4097, 3, 8), Content::Smooth, 4), 5);
    for content in [Content::Smooth, Content::FewColours] {
        for effort in [1, 3] {
            assert_round_trip(&filled(Shape::gray(1, 65535, 8), content, 4), effort);
            assert_round_trip(&filled(Shape::rgb(65535, 1, 8), content, 4), effort);
        }
    }
}

#[test]
fn every_depth_round_trips() {
    for depth in 1..=16 {
        for content in CONTENTS {
            assert_kinds_round_trip(&filled(Shape::gray(40, 31, depth), content, u64::from(depth)));
        }
    }
    for depth in [1, 10, 12, 16] {
        assert_kinds_round_trip(&filled(Shape::rgb(29, 31, depth), Content::Smooth, 8));
        assert_kinds_round_trip(&filled(Shape::rgb(29, 31, depth), Content::Noise, 8));
    }
}

#[test]
fn every_kind_of_plane_round_trips() {
    for content in CONTENTS {
        assert_kinds_round_trip(&filled(with_alpha(Shape::rgb(30, 23, 8), 8), content, 5));
        assert_kinds_round_trip(&filled(with_alpha(Shape::gray(30, 23, 16), 1), content, 5));
        assert_kinds_round_trip(&filled(subsampled(31, 23), content, 6));
        assert_kinds_round_trip(&filled(bands(19, 23, 5, 12), content, 7));
    }
    assert_kinds_round_trip(&filled(bands(9, 12, 32, 16), Content::Smooth, 7));
}

#[test]
fn every_rung_round_trips_with_its_kind() {
    // Large enough for the fast kinds.
    let smooth = filled(Shape::rgb(190, 170, 8), Content::Smooth, 11);
    let mut flat = filled(Shape::rgb(190, 170, 8), Content::Constant, 11);
    for y in (0..170).step_by(9) {
        flat.planes[1].row_mut(y)[20..90].fill(3);
    }
    let [a, b, c, d] = [Kind::Instant, Kind::Quick, Kind::Blend, Kind::Fitted];
    let photos = [a, a, b, b, c, c, d, d];
    for effort in 1..=9u8 {
        let kind = |source| assert_round_trip(source, effort).header[1] >> 4;
        let photo = photos.get(usize::from(effort) - 1).copied().unwrap_or(Kind::Dense);
        assert_eq!(kind(&smooth), photo as u8, "effort {effort}");
        let screen = if effort < 5 { Kind::Repeats } else { Kind::Colours };
        assert_eq!(kind(&flat), screen as u8, "effort {effort}");
    }
}

#[test]
fn tiles_of_several_kinds_stand_in_one_picture() {
    let mut source = filled(Shape::rgb(1300, 200, 8), Content::Smooth, 5);
    let flat = filled(Shape::rgb(1300, 200, 8), Content::FewColours, 5);
    for (to, from) in source.planes.iter_mut().zip(&flat.planes) {
        for y in 0..200 {
            to.row_mut(y)[1024..].copy_from_slice(&from.row(y)[1024..]);
        }
    }
    for effort in [1, 3] {
        let payload = assert_round_trip(&source, effort);
        assert_eq!(payload.header[1] >> 4, 15, "kinds differ");
        assert_ne!(payload.sections[0].bytes[0], payload.sections[1].bytes[0]);
    }
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
    for effort in [1, 3, 5] {
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
    let mut random = fastrand::Rng::with_seed(99);
    for content in CONTENTS {
        let source = filled(with_alpha(Shape::rgb(24, 19, 8), 8), content, 5);
        for (kind, section) in KINDS.into_iter().zip(assert_kinds_round_trip(&source)) {
            for round in 0..90 {
                let mut bytes = section.clone();
                if round % 3 == 0 {
                    bytes.truncate(random.u32(..bytes.len() as u32 + 1) as usize);
                } else if !bytes.is_empty() {
                    let at = random.u32(..bytes.len() as u32) as usize;
                    bytes[at] ^= 1 << random.u32(..8);
                    if round % 3 == 1 {
                        bytes[0] = random.u32(..256) as u8;
                    }
                }
                let mut planes = Planes::new(source.shape.clone());
                let _ = tile::decode(&bytes, &mut planes, kind, Level::new());
            }
        }
    }
}

#[test]
fn damage_to_numbers_under_static_tables_is_noticed() {
    let source = filled(Shape::rgb(64, 50, 8), Content::Smooth, 5);
    for kind in [Kind::Quick, Kind::Instant] {
        let bytes = tile::encode(source.clone(), kind, Level::new()).unwrap();
        let mut planes = Planes::new(source.shape.clone());
        let head = usize::from(bytes[0]) + 256 * usize::from(bytes[1]);
        // The last byte may have bits that stand for nothing.
        for at in (3 + head..bytes.len() - 1).step_by(7) {
            let mut wrong = bytes.clone();
            wrong[at] ^= 16;
            let noticed = tile::decode(&wrong, &mut planes, kind, Level::new()).is_err();
            assert!(noticed || planes != source, "{kind:?} byte {at}");
            let result = tile::decode(&bytes[..at], &mut planes, kind, Level::new());
            assert!(matches!(result, Err(CodecError::Truncated { .. })), "{kind:?} cut at {at}");
        }
    }
}

#[test]
fn each_kind_has_its_bytes() {
    // Length and FNV-1a of the sections; a change of the format changes them on purpose.
    let source = filled(Shape::rgb(61, 47, 8), Content::Smooth, 21);
    let sections = assert_kinds_round_trip(&source);
    let hash = |bytes: &Vec<u8>| {
        let step = |hash: u32, &byte: &u8| (hash ^ u32::from(byte)).wrapping_mul(16_777_619);
        (bytes.len(), bytes.iter().fold(2_166_136_261, step))
    };
    let hashes: Vec<(usize, u32)> = sections.iter().map(hash).collect();
    let expected = [
        (2834, 3_322_774_801),
        (2568, 3_196_394_311),
        (2931, 706_446_762),
        (3044, 1_821_580_956),
        (2901, 3_481_101_853),
        (3438, 454_580_669),
        (2677, 1_005_610_999),
    ];
    assert_eq!(hashes, expected, "{KINDS:?}");
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
    for effort in [5, 9] {
        let (narrow, wide) = (assert_round_trip(&narrow, effort), assert_round_trip(&wide, effort));
        let (narrow, wide) = (narrow.sections[0].bytes.len(), wide.sections[0].bytes.len());
        assert!(wide < narrow + narrow / 20 + 40, "effort {effort}: {narrow} {wide}");
    }
}
