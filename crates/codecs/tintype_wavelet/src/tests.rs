//! The codec on small synthetic pictures: shapes, prefixes, regions, scales, damaged bytes,
//! threads.

use super::Wavelet;
use tintype_codec::{
    Codec, CodecError, DecodeRequest, EncodeSettings, Exec, Payload, PayloadView, Section, SectionView,
    Target, Tune,
};
use tintype_image::{
    ColourModel, Level, Limits, PlaneInfo, PlaneRole, Planes, Region, Shape, Threads, YCbCrMatrix,
};

/// A picture with slopes, edges, texture and noise, different in every plane but related.
fn picture(shape: Shape) -> Planes {
    let mut planes = Planes::new(shape);
    let mut state = 1u32;
    for index in 0..planes.planes.len() {
        let info = planes.shape.planes[index].clone();
        let max = f32::from(info.sample_max());
        let plane = &mut planes.planes[index];
        for y in 0..plane.height() {
            for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                let (fx, fy) =
                    ((x << info.subsample_x_log2) as f32, (y << info.subsample_y_log2) as f32);
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (state >> 24) as f32 / 256.0 - 0.5;
                let wave = (fx * 0.13 + index as f32).sin() * (fy * 0.07).cos();
                let edge = if (fx * 0.6 + fy) % 61.0 < 23.0 { 0.2 } else { -0.1 };
                let value = 0.45 + 0.2 * wave + edge + 0.001 * fx + 0.06 * noise;
                *sample = (value.clamp(0.0, 1.0) * max).round() as u16;
            }
        }
    }
    planes
}

fn settings(target: Target) -> EncodeSettings {
    EncodeSettings { target, tune: Tune::Psnr, effort: 5 }
}

fn encode(source: &Planes, target: Target) -> Payload {
    Wavelet.encode(source, &settings(target), &Exec::default()).expect("encodes")
}

fn decode(view: &PayloadView<'_>, request: &DecodeRequest) -> Result<Planes, CodecError> {
    Wavelet.decode(view, request, &Exec::default())
}

fn decode_whole(shape: &Shape, payload: &Payload) -> Planes {
    decode(&payload.view(shape), &DecodeRequest::default()).expect("decodes")
}

/// Mean squared error on the scale of 8-bit samples.
fn mse(a: &Planes, b: &Planes) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for (index, (p, q)) in a.planes.iter().zip(&b.planes).enumerate() {
        let unit = 255.0 / f64::from(a.shape.planes[index].sample_max());
        for (p, q) in p.rows().zip(q.rows()) {
            sum += p
                .iter()
                .zip(q)
                .map(|(p, q)| ((f64::from(*p) - f64::from(*q)) * unit).powi(2))
                .sum::<f64>();
            count += p.len() as f64;
        }
    }
    sum / count
}

fn psnr(a: &Planes, b: &Planes) -> f64 {
    10.0 * (255.0 * 255.0 / mse(a, b).max(1e-9)).log10()
}

fn ycbcr_420(width: usize, height: usize, bit_depth: u8) -> Shape {
    let mut shape = Shape::rgb(width, height, bit_depth);
    shape.colour = ColourModel::YCbCr(YCbCrMatrix::Bt601);
    for plane in &mut shape.planes[1..] {
        (plane.subsample_x_log2, plane.subsample_y_log2) = (1, 1);
    }
    shape
}

fn rgba(width: usize, height: usize, bit_depth: u8) -> Shape {
    let mut shape = Shape::rgb(width, height, bit_depth);
    shape.planes.push(PlaneInfo::new(PlaneRole::Alpha, bit_depth));
    shape
}

fn bands(width: usize, height: usize, depths: &[u8]) -> Shape {
    let planes = depths.iter().map(|&d| PlaneInfo::new(PlaneRole::Band, d)).collect();
    Shape { width_px: width, height_px: height, colour: ColourModel::Bands, planes }
}

/// Odd sizes, subsampling, alpha, many planes, every depth.
fn shapes() -> Vec<Shape> {
    let mut all = vec![
        Shape::rgb(1, 1, 8),
        Shape::rgb(1, 7, 8),
        Shape::rgb(7, 1, 8),
        Shape::gray(4097, 3, 8),
        Shape::gray(3, 2049, 8),
        Shape::rgb(65, 63, 8),
        ycbcr_420(33, 21, 8),
        ycbcr_420(1, 1, 10),
        rgba(40, 31, 8),
        rgba(19, 22, 16),
        bands(37, 30, &[1, 4, 8, 10, 12, 14, 16]),
        bands(9, 11, &[8; 32]),
    ];
    all.extend([1, 2, 5, 10, 12, 16].map(|depth| Shape::gray(35, 46, depth)));
    all
}

#[test]
fn lossless_returns_every_sample() {
    for shape in shapes() {
        let source = picture(shape.clone());
        let payload = encode(&source, Target::Lossless);
        assert!(decode_whole(&shape, &payload) == source, "{shape:?}");
    }
}

#[test]
fn lossless_survives_extreme_samples() {
    for depth in [1, 8, 16] {
        let shape = Shape::rgb(38, 27, depth);
        let mut source = picture(shape.clone());
        let max = shape.planes[0].sample_max();
        for (index, plane) in source.planes.iter_mut().enumerate() {
            for y in 0..27 {
                for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                    *sample = if (x * 7 + y * 13 + index * 5) % 3 == 0 { max } else { 0 };
                }
            }
        }
        assert!(decode_whole(&shape, &encode(&source, Target::Lossless)) == source, "{depth} bits");
    }
}

#[test]
fn lossy_is_within_its_bound_for_every_shape() {
    for shape in shapes() {
        let source = picture(shape.clone());
        let back = decode_whole(&shape, &encode(&source, Target::Quality(90.0)));
        let bound = if shape.planes.iter().any(|p| p.bit_depth < 4) { 25.0 } else { 34.0 };
        assert!(psnr(&source, &back) > bound, "{shape:?}: {}", psnr(&source, &back));
    }
}

#[test]
fn size_rises_and_error_falls_with_quality() {
    let source = picture(Shape::rgb(96, 80, 8));
    let mut last = (0, f64::INFINITY);
    for quality in [0.0, 20.0, 40.0, 60.0, 80.0, 95.0] {
        let payload = encode(&source, Target::Quality(quality));
        let bytes = payload.sections.iter().map(|s| s.bytes.len()).sum::<usize>();
        let error = mse(&source, &decode_whole(&source.shape, &payload));
        assert!(
            bytes > last.0 && error < last.1,
            "quality {quality}: {bytes} bytes, error {error} after {last:?}"
        );
        last = (bytes, error);
    }
}

/// The payload as a reader of a file that was cut after `bytes` bytes of sections sees it.
fn cut_view<'a>(shape: &'a Shape, payload: &'a Payload, bytes: usize) -> PayloadView<'a> {
    let mut left = bytes;
    let mut sections = Vec::new();
    for Section { key, bytes } in &payload.sections {
        let complete = bytes.len() <= left;
        sections.push(SectionView { key: *key, bytes: &bytes[..bytes.len().min(left)], complete });
        if !complete {
            break;
        }
        left -= bytes.len();
    }
    PayloadView { shape, header: &payload.header, sections, cut_off: true }
}

fn section_bytes(payload: &Payload) -> usize {
    payload.sections.iter().map(|s| s.bytes.len()).sum()
}

#[test]
fn error_never_rises_with_more_bytes() {
    let source = picture(Shape::rgb(160, 120, 8));
    for target in [Target::Quality(80.0), Target::Lossless] {
        let payload = encode(&source, target);
        let total = section_bytes(&payload);
        let mut last = f64::INFINITY;
        for point in 0..=20 {
            let view = cut_view(&source.shape, &payload, total * point / 20);
            let error = mse(&source, &decode(&view, &DecodeRequest::default()).expect("decodes"));
            assert!(error <= last, "{target:?}, {point} of 20: {error} after {last}");
            last = error;
        }
        assert!(target != Target::Lossless || last == 0.0);
    }
}

#[test]
fn every_prefix_decodes_and_truncate_equals_it() {
    let source = picture(rgba(30, 21, 8));
    for target in [Target::Quality(70.0), Target::Lossless] {
        let payload = encode(&source, target);
        let mut best = f64::INFINITY;
        for bytes in 0..=section_bytes(&payload) {
            let back = decode(&cut_view(&source.shape, &payload, bytes), &DecodeRequest::default())
                .expect("decodes");
            let shorter = Wavelet.truncate(&payload, bytes).expect("embedded");
            assert!(section_bytes(&shorter) == bytes);
            assert!(decode_whole(&source.shape, &shorter) == back, "{target:?} {bytes}");
            let error = mse(&source, &back);
            // One coefficient may by chance move away from its sample; while there are few,
            // that shows.
            let slack = if bytes < 24 { 1.2 } else { 1.03 };
            assert!(error <= best * slack + 0.05, "{target:?} {bytes}: {error} after {best}");
            best = best.min(error);
        }
    }
}

/// A picture of several tiles.
fn large() -> Planes {
    picture(ycbcr_420(1700, 130, 8))
}

#[test]
fn a_region_equals_the_crop_of_the_whole_and_needs_only_its_tiles() {
    let source = large();
    let payload = encode(&source, Target::Quality(50.0));
    let whole = decode_whole(&source.shape, &payload);
    for region in [
        Region { x: 850, y: 10, width: 100, height: 50 },
        Region { x: 3, y: 5, width: 7, height: 9 },
        Region { x: 1501, y: 100, width: 199, height: 30 },
    ] {
        let request = DecodeRequest { region: Some(region), ..DecodeRequest::default() };
        let mut view = payload.view(&source.shape);
        let all = view.sections.len();
        view.sections.retain(|s| Wavelet.wants(&source.shape, &payload.header, s.key, &request));
        assert!(view.sections.len() < all || region.x < 900 && region.x + region.width > 896);
        let part = decode(&view, &request).expect("decodes");
        assert_eq!((part.shape.width_px, part.shape.height_px), (region.width, region.height));
        for (index, plane) in part.planes.iter().enumerate() {
            let info = &source.shape.planes[index];
            let (x, y) = (region.x >> info.subsample_x_log2, region.y >> info.subsample_y_log2);
            for row in 0..plane.height().min(whole.planes[index].height() - y) {
                let from = &whole.planes[index].row(y + row)[x..];
                let count = plane.width().min(from.len());
                assert!(plane.row(row)[..count] == from[..count], "{region:?} plane {index} row {row}");
            }
        }
    }
}

#[test]
fn a_scale_needs_fewer_bytes_and_resembles_the_shrunk_picture() {
    for source in [picture(Shape::rgb(150, 100, 8)), large()] {
        let payload = encode(&source, Target::Quality(85.0));
        let mut last = section_bytes(&payload);
        for scale_log2 in 1..=5u8 {
            let request = DecodeRequest { scale_log2, ..DecodeRequest::default() };
            let mut view = payload.view(&source.shape);
            view.sections.retain(|s| Wavelet.wants(&source.shape, &payload.header, s.key, &request));
            let bytes = view.sections.iter().map(|s| s.bytes.len()).sum::<usize>();
            assert!(bytes < last || scale_log2 > 2);
            last = bytes;
            let small = decode(&view, &request).expect("decodes");
            let whole = decode(&payload.view(&source.shape), &request).expect("decodes");
            assert!(small == whole, "finer groups do not matter at scale {scale_log2}");
            assert_eq!(small.shape.width_px, source.shape.width_px.div_ceil(1 << scale_log2));
            let mean = |p: &Planes| {
                let rows = p.planes[0].rows().flatten();
                rows.map(|&s| f64::from(s)).sum::<f64>() / p.shape.samples() as f64
            };
            let means = [&small, &source].map(|p| {
                mean(p) * p.shape.samples() as f64 / (p.planes[0].width() * p.planes[0].height()) as f64
            });
            assert!((means[0] - means[1]).abs() < 8.0, "{means:?} at scale {scale_log2}");
        }
    }
}

#[test]
fn results_do_not_depend_on_threads_or_simd_level() {
    let source = large();
    for target in [Target::Quality(60.0), Target::Lossless] {
        let first = encode(&source, target);
        let whole = decode_whole(&source.shape, &first);
        for (threads, level) in [(1, Level::new()), (3, Level::fallback()), (2, Level::baseline())] {
            let exec = Exec { threads: Threads::new(threads), level, limits: Limits::default() };
            let payload = Wavelet.encode(&source, &settings(target), &exec).expect("encodes");
            assert!(payload == first);
            let back = Wavelet.decode(&payload.view(&source.shape), &DecodeRequest::default(), &exec);
            assert!(back.expect("decodes") == whole);
        }
    }
}

#[test]
fn flipped_bits_decode_or_fail_cleanly() {
    let source = picture(rgba(33, 26, 8));
    for target in [Target::Quality(75.0), Target::Lossless] {
        let payload = encode(&source, target);
        for bit in 0..payload.header.len() * 8 {
            let mut damaged = payload.clone();
            damaged.header[bit / 8] ^= 1 << (bit % 8);
            let _ = decode(&damaged.view(&source.shape), &DecodeRequest::default());
        }
        for index in 0..payload.sections.len() {
            for at in (0..payload.sections[index].bytes.len()).step_by(7) {
                let mut damaged = payload.clone();
                damaged.sections[index].bytes[at] ^= 1 << (at % 8);
                let back =
                    decode(&damaged.view(&source.shape), &DecodeRequest::default()).expect("samples");
                assert_eq!(back.shape, source.shape);
            }
        }
    }
}

#[test]
fn requests_outside_the_picture_and_other_shapes_are_refused() {
    let source = picture(Shape::rgb(30, 20, 8));
    let payload = encode(&source, Target::Quality(50.0));
    let view = payload.view(&source.shape);
    let region = |x, y, width, height| DecodeRequest {
        region: Some(Region { x, y, width, height }),
        ..DecodeRequest::default()
    };
    for request in
        [region(0, 0, 31, 1), region(30, 0, 1, 1), region(0, 0, 0, 5), region(usize::MAX, 0, 2, 2)]
    {
        assert!(matches!(decode(&view, &request), Err(CodecError::Misuse { .. })), "{request:?}");
    }
    let gray = Shape::gray(30, 20, 8);
    assert!(matches!(
        decode(&PayloadView { shape: &gray, ..view }, &DecodeRequest::default()),
        Err(CodecError::Malformed { .. })
    ));
    let mut cut = payload.clone();
    cut.header.truncate(4);
    assert!(matches!(
        decode(&cut.view(&source.shape), &DecodeRequest::default()),
        Err(CodecError::Truncated { .. })
    ));
}

#[test]
fn error_never_rises_with_more_layers() {
    let source = picture(Shape::rgb(200, 150, 8));
    let payload = encode(&source, Target::Quality(85.0));
    let mut last = f64::INFINITY;
    for layers in 1..6 {
        let request = DecodeRequest { layers: Some(layers), ..DecodeRequest::default() };
        let error = mse(&source, &decode(&payload.view(&source.shape), &request).expect("decodes"));
        assert!(error <= last, "{layers} layers");
        last = error;
    }
}
