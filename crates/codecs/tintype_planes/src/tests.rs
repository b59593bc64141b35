//! Round trips of groups and transforms, bounded errors, hostile headers.

use super::{ManyPlanes, within_error};
use tintype_codec::{Codec, DecodeRequest, EncodeSettings, Exec, Target, contract};
use tintype_image::{ColourModel, PlaneInfo, PlaneRole, Planes, Region, Shape};

static CODEC: ManyPlanes = ManyPlanes::new(&tintype_wavelet::Wavelet, &tintype_lossless::Lossless);

fn fill(planes: &mut Planes) {
    contract::fill(planes, 255, |index, x, y, noise| {
        (x * 3 + y * 2 + (x / 9) * (y / 7)) % 180 * (index + 3) / 6 + (noise >> 5)
    });
}

fn bands(count: usize, depth: u8) -> Planes {
    let planes = vec![PlaneInfo::new(PlaneRole::Band, depth); count];
    let mut planes =
        Planes::new(Shape { width_px: 45, height_px: 30, colour: ColourModel::Bands, planes });
    fill(&mut planes);
    planes
}

fn rgbd() -> Planes {
    let mut shape = Shape::rgb(40, 36, 8);
    shape.planes.push(PlaneInfo::new(PlaneRole::Depth, 16));
    let mut planes = Planes::new(shape);
    fill(&mut planes);
    for y in 10..20 {
        planes.planes[3].row_mut(y)[5..15].fill(0);
    }
    planes
}

fn round_trip(source: &Planes, target: Target) -> (Planes, usize) {
    let settings = EncodeSettings { target, effort: 4, ..EncodeSettings::default() };
    let payload = CODEC.encode(source, &settings, &Exec::default()).unwrap();
    let back =
        CODEC.decode(&payload.view(&source.shape), &DecodeRequest::default(), &Exec::default()).unwrap();
    (back, payload.header.len() + payload.sections.iter().map(|s| s.bytes.len()).sum::<usize>())
}

#[test]
fn bands_come_back_exactly() {
    for (count, depth) in [(1, 8), (2, 16), (7, 12), (32, 8), (5, 16)] {
        let source = bands(count, depth);
        assert!(round_trip(&source, Target::Lossless).0 == source, "{count} bands of {depth} bits");
    }
}

#[test]
fn lossy_bands_are_near_and_lossy_colour_leaves_depth_alone() {
    let source = bands(6, 12);
    let (back, bytes) = round_trip(&source, Target::Quality(80.0));
    let square = |(a, b): (&u16, &u16)| (f64::from(*a) - f64::from(*b)).powi(2);
    let error: f64 = source
        .planes
        .iter()
        .zip(&back.planes)
        .flat_map(|(a, b)| a.rows().flatten().zip(b.rows().flatten()))
        .map(square)
        .sum();
    let mean = error / (6.0 * 45.0 * 30.0);
    assert!(
        mean < 150.0 * 150.0 && bytes < 45 * 30 * 9,
        "mean squared error {mean} of 4095², {bytes} bytes"
    );
    let source = rgbd();
    let (back, _) = round_trip(&source, Target::Quality(30.0));
    assert_eq!(back.shape, source.shape);
    assert!(back.planes[3] == source.planes[3], "depth changed");
    assert!(back.planes[0] != source.planes[0]);
}

#[test]
fn a_region_is_a_crop() {
    let source = rgbd();
    let payload = CODEC.encode(&source, &EncodeSettings::default(), &Exec::default()).unwrap();
    let decode = |request: &DecodeRequest| {
        CODEC.decode(&payload.view(&source.shape), request, &Exec::default()).unwrap()
    };
    let whole = decode(&DecodeRequest::default());
    let region = Region { x: 7, y: 9, width: 20, height: 11 };
    let part = decode(&DecodeRequest { region: Some(region), ..DecodeRequest::default() });
    assert_eq!(part, tintype_image::planes_cropped(&whole, region).unwrap());
}

#[test]
fn no_sample_leaves_its_bound_and_holes_stay() {
    for error in [1u16, 3, 20, 40_000] {
        for source in [rgbd(), bands(3, 16), bands(2, 3)] {
            let near = within_error(&source, error);
            let has_depth = source.planes.len() == 4;
            for (index, (a, b)) in source.planes.iter().zip(&near.planes).enumerate() {
                for (x, y) in a.rows().flatten().zip(b.rows().flatten()) {
                    assert!(x.abs_diff(*y) <= error && *y <= source.shape.planes[index].sample_max());
                    assert!(!has_depth || index == 3 || x == y, "colour changed");
                    assert!(!has_depth || (*x == 0) == (*y == 0) || index != 3, "a hole came or went");
                }
            }
        }
    }
}

#[test]
fn hostile_depth_gives_planes_or_errors() {
    let source = rgbd();
    let settings = EncodeSettings { target: Target::Lossless, effort: 2, ..EncodeSettings::default() };
    let payload = CODEC.encode(&source, &settings, &Exec::default()).unwrap();
    let decode = |payload: &tintype_codec::Payload| {
        CODEC.decode(&payload.view(&source.shape), &DecodeRequest::default(), &Exec::default())
    };
    assert_eq!(decode(&payload).unwrap(), source);
    let bytes = payload.sections.last().map_or(0, |s| s.bytes.len());
    for bit in (0..bytes * 8).step_by(41) {
        let mut damaged = payload.clone();
        if let Some(section) = damaged.sections.last_mut() {
            section.bytes[bit / 8] ^= 1 << (bit % 8);
        }
        let _ = decode(&damaged);
    }
    let mut short = payload.clone();
    short.sections.pop();
    assert!(decode(&short).is_err());
}

#[test]
fn a_plane_of_holes_and_one_of_extremes_come_back() {
    for fill in [[0u16, 0], [65_535, 0], [65_535, 1], [1, 1]] {
        let mut source = rgbd();
        for y in 0..36 {
            for (x, value) in source.planes[3].row_mut(y).iter_mut().enumerate() {
                *value = fill[(x * 7 + y * 3) / 5 % 2];
            }
        }
        assert!(round_trip(&source, Target::Lossless).0 == source, "{fill:?}");
    }
}

#[test]
fn hostile_headers_give_planes_or_errors() {
    let source = bands(4, 10);
    let payload = CODEC.encode(&source, &EncodeSettings::default(), &Exec::default()).unwrap();
    for bit in 0..payload.header.len() * 8 {
        let mut damaged = payload.clone();
        damaged.header[bit / 8] ^= 1 << (bit % 8);
        let _ = CODEC.decode(&damaged.view(&source.shape), &DecodeRequest::default(), &Exec::default());
    }
    for len in 0..payload.header.len() {
        let mut cut = payload.clone();
        cut.header.truncate(len);
        let back = CODEC.decode(&cut.view(&source.shape), &DecodeRequest::default(), &Exec::default());
        assert!(back.is_err(), "header cut at {len}");
    }
}
