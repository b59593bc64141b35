//! Round trips, bounds, and hostile bytes.

use super::{PcaCodec, photo_model};
use tintype_codec::{Codec, DecodeRequest, EncodeSettings, ExecOptions, Target, Tune};
use tintype_image::{Level, PlaneInfo, PlaneRole, Planes, Region, Shape, Threads};

/// A picture with slopes, an edge and some texture.
fn picture(shape: Shape) -> Planes {
    let mut planes = Planes::new(shape);
    for index in 0..planes.planes.len() {
        let max = u32::from(planes.shape.planes[index].sample_max());
        let plane = &mut planes.planes[index];
        for y in 0..plane.height() {
            for (x, value) in plane.row_mut(y).iter_mut().enumerate() {
                let slope = (x * 5 + y * 3 + index * 40) as u32 % 200;
                let edge = if x + 2 * y > 50 { 40 } else { 0 };
                let texture = ((x * 7919 + y * 104_729) % 16) as u32;
                *value = ((slope + edge + texture) * max / 255).min(max) as u16;
            }
        }
    }
    planes
}

fn settings(quality: f32) -> EncodeSettings {
    EncodeSettings { target: Target::Quality(quality), tune: Tune::Psnr, effort: 3 }
}

fn exec() -> ExecOptions {
    ExecOptions { threads: Threads::ONE, ..ExecOptions::default() }
}

/// Largest mean squared error over the planes, in 8-bit units.
fn error(a: &Planes, b: &Planes) -> f64 {
    let plane = |i: usize| {
        let scale = 255.0 / f64::from(a.shape.planes[i].sample_max());
        let square = |(x, y): (&u16, &u16)| ((f64::from(*x) - f64::from(*y)) * scale).powi(2);
        let count = (a.planes[i].width() * a.planes[i].height()) as f64;
        a.planes[i].rows().flatten().zip(b.planes[i].rows().flatten()).map(square).sum::<f64>()
            / count
    };
    (0..a.planes.len()).map(plane).fold(0.0, f64::max)
}

#[test]
fn every_shape_comes_back_within_its_bound() {
    let mut alpha = Shape::rgb(33, 20, 8);
    alpha.planes.push(PlaneInfo::new(PlaneRole::Alpha, 8));
    let mut subsampled = Shape::rgb(37, 21, 8);
    subsampled.colour = tintype_image::ColourModel::YCbCr(tintype_image::YCbCrMatrix::Bt601);
    for plane in &mut subsampled.planes[1..] {
        (plane.subsample_x_log2, plane.subsample_y_log2) = (1, 1);
    }
    let shapes = [
        Shape::gray(1, 1, 8),
        Shape::gray(1, 7, 1),
        Shape::gray(300, 3, 10),
        Shape::rgb(16, 16, 8),
        Shape::rgb(45, 31, 16),
        alpha,
        subsampled,
    ];
    for shape in shapes {
        let source = picture(shape.clone());
        let payload = PcaCodec::SHIPPED.encode(&source, &settings(95.0), &exec()).unwrap();
        let back = PcaCodec::SHIPPED
            .decode(&payload.view(&shape), &DecodeRequest::default(), &exec())
            .unwrap();
        assert_eq!(back.shape, shape);
        let error = error(&source, &back);
        assert!(error < 12.0, "mean squared error {error} for {shape:?}");
    }
}

#[test]
fn levels_threads_and_regions_agree() {
    let shape = Shape::rgb(1100, 40, 8);
    let source = picture(shape.clone());
    let payload = PcaCodec::SHIPPED.encode(&source, &settings(60.0), &exec()).unwrap();
    assert_eq!(payload.sections.len(), 2);
    let whole = PcaCodec::SHIPPED
        .decode(&payload.view(&shape), &DecodeRequest::default(), &exec())
        .unwrap();
    let scalar = ExecOptions { level: Level::fallback(), threads: Threads::new(3), ..exec() };
    let other = PcaCodec::SHIPPED
        .decode(&payload.view(&shape), &DecodeRequest::default(), &scalar)
        .unwrap();
    assert!(whole == other, "scalar on three threads decodes something else");
    let region = Region { x: 1030, y: 5, width: 50, height: 30 };
    let request = DecodeRequest { region: Some(region), ..DecodeRequest::default() };
    let mut view = payload.view(&shape);
    view.sections.retain(|s| PcaCodec::SHIPPED.wants(&shape, &payload.header, s.key, &request));
    assert_eq!(view.sections.len(), 1);
    let part = PcaCodec::SHIPPED.decode(&view, &request, &exec()).unwrap();
    for (plane, full) in part.planes.iter().zip(&whole.planes) {
        assert!(*plane == full.crop(region));
    }
}

#[test]
fn quality_costs_bytes_and_buys_fidelity() {
    let source = picture(Shape::rgb(96, 96, 8));
    let mut last = (0, f64::INFINITY);
    for quality in [20.0, 50.0, 75.0, 90.0] {
        let payload = PcaCodec::SHIPPED.encode(&source, &settings(quality), &exec()).unwrap();
        let back = PcaCodec::SHIPPED
            .decode(&payload.view(&source.shape), &DecodeRequest::default(), &exec())
            .unwrap();
        let now = (payload.sections[0].bytes.len(), error(&source, &back));
        assert!(now.0 > last.0 && now.1 < last.1, "{now:?} after {last:?}");
        last = now;
    }
}

#[test]
fn damaged_and_cut_sections_never_panic() {
    let shape = Shape::rgb(48, 40, 8);
    let payload =
        PcaCodec::SHIPPED.encode(&picture(shape.clone()), &settings(70.0), &exec()).unwrap();
    let request = DecodeRequest::default();
    for len in 0..payload.sections[0].bytes.len() {
        let mut view = payload.view(&shape);
        view.sections[0].bytes = &payload.sections[0].bytes[..len];
        view.sections[0].complete = false;
        view.cut_off = true;
        assert!(PcaCodec::SHIPPED.decode(&view, &request, &exec()).is_ok(), "cut at {len}");
    }
    for position in 0..payload.sections[0].bytes.len().min(200) {
        let mut damaged = payload.clone();
        damaged.sections[0].bytes[position] ^= 0x55;
        let _ = PcaCodec::SHIPPED.decode(&damaged.view(&shape), &request, &exec());
    }
    for position in 0..payload.header.len() {
        let mut damaged = payload.clone();
        damaged.header[position] ^= 0x81;
        let _ = PcaCodec::SHIPPED.decode(&damaged.view(&shape), &request, &exec());
    }
}

#[test]
fn a_foreign_model_is_refused_by_name() {
    let shape = Shape::gray(8, 8, 8);
    let mut payload =
        PcaCodec::SHIPPED.encode(&picture(shape.clone()), &settings(70.0), &exec()).unwrap();
    payload.header[1] ^= 1;
    let result =
        PcaCodec::SHIPPED.decode(&payload.view(&shape), &DecodeRequest::default(), &exec());
    assert!(matches!(result, Err(tintype_codec::CodecError::Mismatch { .. })));
    assert_eq!(photo_model().sets.len(), 4);
}

/// One piece a set, with rows of the DCT's first waves.
fn small_model() -> Vec<u8> {
    let mut bytes = vec![1u8];
    for set in 0..4 {
        let n = if set % 2 == 0 { 8 } else { 16 };
        bytes.extend([1, 5]);
        for row in 0..super::BORDER_INPUTS + 6 {
            let wave = |i: usize| {
                ((i % n) as f32 * row as f32 * 0.2).cos()
                    * ((i / n) as f32 * row as f32 * 0.1).cos()
            };
            let entries: Vec<f32> = (0..n * n).map(|i| wave(i) / n as f32).collect();
            super::fitting::write_row(&entries, &mut bytes);
        }
    }
    bytes
}

#[test]
fn a_model_that_is_sent_needs_no_other() {
    let source = picture(Shape::rgb(64, 48, 8));
    let with_contexts = [small_model(), vec![7; 500]].concat();
    let payload = PcaCodec::sending(&with_contexts)
        .unwrap()
        .encode(&source, &settings(70.0), &exec())
        .unwrap();
    assert!(payload.header.len() > 1000);
    let back = PcaCodec::SHIPPED
        .decode(&payload.view(&source.shape), &DecodeRequest::default(), &exec())
        .unwrap();
    let own = PcaCodec::with_model(
        super::PcaModel::from_bytes(&super::model::bytes_to_send(&with_contexts).unwrap()).unwrap(),
    );
    assert!(
        own.decode(&payload.view(&source.shape), &DecodeRequest::default(), &exec()).unwrap()
            == back
    );
    for len in (0..payload.header.len()).step_by(211).chain([payload.header.len() - 1]) {
        let mut view = payload.view(&source.shape);
        view.header = &payload.header[..len];
        assert!(
            PcaCodec::SHIPPED.decode(&view, &DecodeRequest::default(), &exec()).is_err(),
            "{len}"
        );
    }
}
