//! Round trips, bounds, and hostile bytes.

use super::fitting::Header;
use super::{SparseCodec, SparseModel, photo_model};
use tintype_codec::{
    Codec, CodecError, DecodeRequest, EncodeSettings, ExecOptions, PayloadView, SectionKey,
    SectionView, Target, Tune,
};
use tintype_image::{
    ColourModel, Level, PlaneInfo, PlaneRole, Planes, Region, Shape, Threads, YCbCrMatrix,
};

/// A picture with slopes, an edge and a little texture.
fn picture(shape: Shape) -> Planes {
    let mut planes = Planes::new(shape);
    for index in 0..planes.planes.len() {
        let max = u32::from(planes.shape.planes[index].sample_max());
        let plane = &mut planes.planes[index];
        for y in 0..plane.height() {
            for (x, value) in plane.row_mut(y).iter_mut().enumerate() {
                let slope = (x * 2 + y * 3 + index * 40) as u32 % 200;
                let edge = if x + 2 * y > 50 { 40 } else { 0 };
                let texture = ((x * 7919 + y * 104_729) % 8) as u32;
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
fn every_shape_comes_back_and_more_quality_is_less_error() {
    let mut alpha = Shape::rgb(33, 20, 8);
    alpha.planes.push(PlaneInfo::new(PlaneRole::Alpha, 8));
    let mut subsampled = Shape::rgb(37, 21, 8);
    subsampled.colour = ColourModel::YCbCr(YCbCrMatrix::Bt601);
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
        let errors = [30.0, 95.0].map(|quality| {
            let payload =
                SparseCodec::photo().encode(&source, &settings(quality), &exec()).unwrap();
            let back = SparseCodec::photo()
                .decode(&payload.view(&shape), &DecodeRequest::default(), &exec())
                .unwrap();
            assert_eq!(back.shape, shape);
            error(&source, &back)
        });
        assert!(
            errors[1] < 120.0 && errors[1] <= errors[0],
            "mean squared errors {errors:?} for {shape:?}"
        );
    }
}

#[test]
fn levels_threads_and_regions_agree() {
    let shape = Shape::rgb(1100, 40, 8);
    let source = picture(shape.clone());
    let payload = SparseCodec::photo().encode(&source, &settings(20.0), &exec()).unwrap();
    assert_eq!(payload.sections.len(), 2);
    let decode = |request: &DecodeRequest, exec: &ExecOptions| {
        SparseCodec::photo().decode(&payload.view(&shape), request, exec).unwrap()
    };
    let whole = decode(&DecodeRequest::default(), &exec());
    let scalar = ExecOptions { level: Level::fallback(), threads: Threads::new(3), ..exec() };
    assert_eq!(decode(&DecodeRequest::default(), &scalar), whole);
    let region = Region { x: 1000, y: 3, width: 60, height: 30 };
    let part = decode(&DecodeRequest { region: Some(region), ..DecodeRequest::default() }, &exec());
    assert_eq!(part, tintype_image::planes_cropped(&whole, region).unwrap());
}

#[test]
fn hostile_bytes_give_a_picture_or_an_error() {
    let shape = Shape::rgb(70, 50, 8);
    let source = picture(shape.clone());
    let payload = SparseCodec::photo().encode(&source, &settings(40.0), &exec()).unwrap();
    let bytes = &payload.sections[0].bytes;
    let decode = |header: &[u8], bytes: &[u8], complete: bool| {
        let key = SectionKey { tile: 0, layer: 0 };
        let sections = vec![SectionView { key, bytes, complete }];
        let view = PayloadView { shape: &shape, header, sections, cut_off: !complete };
        SparseCodec::photo().decode(&view, &DecodeRequest::default(), &exec())
    };
    for bit in (0..bytes.len() * 8).step_by(7) {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let _ = decode(&payload.header, &flipped, true);
    }
    for len in (0..bytes.len()).step_by(5) {
        assert!(decode(&payload.header, &bytes[..len], false).is_ok());
    }
    let noise: Vec<u8> =
        (0..4000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let _ = decode(&payload.header, &noise, true);
    for header in [&[][..], &[0x10], &[0x20, 5], &[0x10, 200], &[0x10, 5, 0], &[0x11, 5, 0, 0]] {
        assert!(decode(header, bytes, true).is_err(), "{header:?}");
    }
    let other =
        Header { model_hash: Some([1, 2, 3, 4]), ..Header::from_bytes(&payload.header).unwrap() };
    assert!(matches!(decode(&other.to_bytes(), bytes, true), Err(CodecError::Mismatch { .. })));
}

#[test]
fn headers_and_models_are_read_with_care() {
    let header = Header { smoothing: 2, half_chroma: true, step_number: 120, model_hash: None };
    assert_eq!((header.to_bytes(), header.step()), (vec![0x1a, 120], 1024));
    assert_eq!(Header::from_bytes(&header.to_bytes()), Ok(header));
    let model = include_bytes!("../../../../models/sparse-photo.tinmodel");
    assert!(model.len() <= 1 << 20, "the shipped model takes {} bytes", model.len());
    assert_eq!(SparseModel::from_bytes(model).unwrap(), *photo_model());
    for len in [0, 2, 3, 5, 100, 5000] {
        assert!(SparseModel::from_bytes(&model[..len]).is_err());
    }
    let mut wrong = model.to_vec();
    wrong[3] = 17;
    assert!(matches!(SparseModel::from_bytes(&wrong), Err(CodecError::Malformed { .. })));
}
