//! Round trips, layers, bounds, and hostile bytes.

use super::colour::{doubled_row, times};
use super::grid::Surface;
use super::synthesis::Square;
use super::{ClusterCodec, ClusterModel, SETS, Tree, photo_model};
use fearless_simd::Fallback;
use tintype_block::{packed, unpacked};
use tintype_codec::{Codec, CodecError, DecodeRequest, EncodeSettings, ExecOptions, Target, Tune};
use tintype_image::{Level, Plane, PlaneInfo, PlaneRole, Planes, Region, Shape, Threads};

const SHIPPED: ClusterCodec = ClusterCodec::SHIPPED;

/// A picture with slopes, an edge and some texture.
fn picture(shape: Shape) -> Planes {
    let mut planes = Planes::new(shape);
    for index in 0..planes.planes.len() {
        let max = u32::from(planes.shape.planes[index].sample_max());
        let plane = &mut planes.planes[index];
        for y in 0..plane.height() {
            for (x, value) in plane.row_mut(y).iter_mut().enumerate() {
                let slope = (x + y * 2 + index * 40) as u32 % 180;
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
        let payload = SHIPPED.encode(&source, &settings(97.0), &exec()).unwrap();
        let back =
            SHIPPED.decode(&payload.view(&shape), &DecodeRequest::default(), &exec()).unwrap();
        assert_eq!(back.shape, shape);
        let error = error(&source, &back);
        assert!(error < 12.0, "mean squared error {error} for {shape:?}");
    }
}

#[test]
fn levels_threads_and_regions_agree() {
    let shape = Shape::rgb(1100, 40, 8);
    let source = picture(shape.clone());
    let payload = SHIPPED.encode(&source, &settings(60.0), &exec()).unwrap();
    assert_eq!(payload.sections.len(), 8);
    let whole = SHIPPED.decode(&payload.view(&shape), &DecodeRequest::default(), &exec()).unwrap();
    let scalar = ExecOptions { level: Level::fallback(), threads: Threads::new(3), ..exec() };
    let other = SHIPPED.decode(&payload.view(&shape), &DecodeRequest::default(), &scalar).unwrap();
    assert!(whole == other, "scalar on three threads decodes something else");
    let region = Region { x: 1030, y: 5, width: 50, height: 30 };
    let request = DecodeRequest { region: Some(region), ..DecodeRequest::default() };
    let mut view = payload.view(&shape);
    view.sections.retain(|s| SHIPPED.wants(&shape, &payload.header, s.key, &request));
    assert_eq!(view.sections.len(), 4);
    let part = SHIPPED.decode(&view, &request, &exec()).unwrap();
    for (plane, full) in part.planes.iter().zip(&whole.planes) {
        assert!(*plane == full.crop(region));
    }
}

#[test]
fn quality_costs_bytes_and_buys_fidelity() {
    let source = picture(Shape::rgb(96, 96, 8));
    let mut last = (0, f64::INFINITY);
    for quality in [20.0, 50.0, 75.0, 90.0] {
        let payload = SHIPPED.encode(&source, &settings(quality), &exec()).unwrap();
        let back = SHIPPED
            .decode(&payload.view(&source.shape), &DecodeRequest::default(), &exec())
            .unwrap();
        let now = (payload.sections.iter().map(|s| s.bytes.len()).sum(), error(&source, &back));
        assert!(now.0 > last.0 && now.1 < last.1, "{now:?} after {last:?}");
        last = now;
    }
}

#[test]
fn every_layer_makes_the_picture_better() {
    let source = picture(Shape::rgb(128, 96, 8));
    let payload = SHIPPED.encode(&source, &settings(80.0), &exec()).unwrap();
    let mut last = f64::INFINITY;
    for layers in 1..=4 {
        let request = DecodeRequest { layers: Some(layers), ..DecodeRequest::default() };
        let back = SHIPPED.decode(&payload.view(&source.shape), &request, &exec()).unwrap();
        let now = error(&source, &back);
        assert!(now < last || layers > 3 && now <= last, "{layers} layers: {now} after {last}");
        last = now;
        // A file that was cut off behind these layers gives the same.
        let mut cut = payload.view(&source.shape);
        cut.sections.truncate(layers as usize);
        cut.cut_off = true;
        assert!(SHIPPED.decode(&cut, &DecodeRequest::default(), &exec()).unwrap() == back);
    }
}

#[test]
fn damaged_and_cut_sections_never_panic() {
    let shape = Shape::rgb(48, 40, 8);
    let payload = SHIPPED.encode(&picture(shape.clone()), &settings(70.0), &exec()).unwrap();
    let request = DecodeRequest::default();
    for layer in 0..4 {
        for len in 0..payload.sections[layer].bytes.len() {
            let mut view = payload.view(&shape);
            view.sections[layer].bytes = &payload.sections[layer].bytes[..len];
            assert!(
                SHIPPED.decode(&view, &request, &exec()).is_err(),
                "layer {layer} cut at {len}"
            );
            view.sections[layer].complete = false;
            view.cut_off = true;
            assert!(
                SHIPPED.decode(&view, &request, &exec()).is_ok(),
                "layer {layer} cut off at {len}"
            );
        }
        for position in 0..payload.sections[layer].bytes.len().min(200) {
            let mut damaged = payload.clone();
            damaged.sections[layer].bytes[position] ^= 0x15;
            let _ = SHIPPED.decode(&damaged.view(&shape), &request, &exec());
        }
    }
    for position in 0..payload.header.len() {
        let mut damaged = payload.clone();
        damaged.header[position] ^= 0x81;
        let _ = SHIPPED.decode(&damaged.view(&shape), &request, &exec());
    }
}

#[test]
fn a_foreign_model_is_refused_by_name() {
    let shape = Shape::gray(8, 8, 8);
    let mut payload = SHIPPED.encode(&picture(shape.clone()), &settings(70.0), &exec()).unwrap();
    payload.header[2] ^= 1;
    let result = SHIPPED.decode(&payload.view(&shape), &DecodeRequest::default(), &exec());
    let Err(CodecError::Mismatch { what }) = result else { panic!("no mismatch") };
    let hash = photo_model().hash.map(|byte| format!("{byte:02x}")).concat();
    assert!(what.contains(&hash), "{what}");
}

/// Six trees of a few vectors.
fn small_model() -> ClusterModel {
    let trees: [Tree; SETS] = std::array::from_fn(|set| {
        let side = super::side(set);
        let vector = |k: usize| (0..side * side).map(move |i| ((i * (2 * k + 3) + k) % 201) as i8);
        let vectors: Vec<i8> = (0..5).flat_map(vector).collect();
        Tree::new(side, &[2, 3, 0, 0, 0, 0], &vectors).unwrap()
    });
    ClusterModel::from_bytes(&ClusterModel::untaught(trees).to_bytes()).unwrap()
}

#[test]
fn a_model_that_is_sent_needs_no_other() {
    let source = picture(Shape::rgb(64, 64, 8));
    let payload =
        ClusterCodec::sending(small_model()).encode(&source, &settings(60.0), &exec()).unwrap();
    let back =
        SHIPPED.decode(&payload.view(&source.shape), &DecodeRequest::default(), &exec()).unwrap();
    let own = ClusterCodec::with_model(small_model());
    assert!(
        own.decode(&payload.view(&source.shape), &DecodeRequest::default(), &exec()).unwrap()
            == back
    );
    for len in 0..payload.header.len() {
        let mut view = payload.view(&source.shape);
        view.header = &payload.header[..len];
        assert!(SHIPPED.decode(&view, &DecodeRequest::default(), &exec()).is_err());
    }
}

#[test]
fn models_come_back_and_damaged_ones_do_not_panic() {
    let bytes = small_model().to_bytes();
    let back = ClusterModel::from_bytes(&bytes).unwrap();
    assert_eq!(back.to_bytes(), bytes);
    assert_eq!(unpacked(&packed(&bytes).unwrap()).unwrap(), bytes);
    for len in 0..bytes.len() {
        // A model may end before its tables.
        let _ = ClusterModel::from_bytes(&bytes[..len]);
    }
    for position in 0..400 {
        let mut damaged = bytes.clone();
        damaged[position] ^= 0xff;
        let _ = ClusterModel::from_bytes(&damaged);
    }
    for children in [&[0u8][..], &[1, 0, 0], &[2, 0], &[17, 0, 0], &[2, 0, 0, 0], &[0, 2, 0]] {
        let vectors = vec![1i8; children.len().saturating_sub(1) * 16];
        assert!(Tree::new(4, children, &vectors).is_err(), "{children:?}");
    }
}

#[test]
fn surfaces_are_those_of_the_slow_twin() {
    let (width, height) = (32usize, 48usize);
    let samples =
        (0..(width / 8) * (height / 8)).map(|i| ((i * 2897) % 8000) as i16 - 4000).collect();
    let grid = Plane::from_vec(width / 8, height / 8, samples).unwrap();
    let mut surface = Surface::new(width);
    let mut strip = vec![Square::default(); width / 16];
    for top in 0..height / 16 {
        surface.strip(Fallback::new(), &grid, &mut strip);
        for i in 0..16 * width {
            let (x, y) = (i % width, 16 * top + i / width);
            let made = strip[x / 16].0[y % 16][x % 16];
            // Place between cells' centres, in cells.
            let place = |at: usize, cells: usize| {
                let place = (at as f64 + 0.5) / 8.0 - 0.5;
                let low = place.floor();
                let clamp = |v: f64| v.clamp(0.0, cells as f64 - 1.0) as usize;
                (clamp(low), clamp(low + 1.0), place - low)
            };
            let ((x0, x1, fx), (y0, y1, fy)) = (place(x, width / 8), place(y, height / 8));
            let row = |y: usize| {
                f64::from(grid.row(y)[x0]) * (1.0 - fx) + f64::from(grid.row(y)[x1]) * fx
            };
            let exact = row(y0) * (1.0 - fy) + row(y1) * fy;
            assert!((exact - f64::from(made)).abs() < 1.6, "({x}, {y}): {made} for {exact}");
        }
    }
}

#[test]
fn doubled_rows_blend_three_to_one() {
    let (near, far) = ([16i16, 32, 48, -64], [16i16, 32, 48, 0]);
    let (mut blend, mut out) = (vec![0; 6], vec![0; 8]);
    doubled_row(&near, &far, &mut blend, &mut out);
    assert_eq!(out, [16, 20, 28, 36, 44, 24, -24, -48]);
    assert_eq!([times(-3, 1 << 14), times(3, 1 << 14), times(100, 16384)], [-1, 2, 50]);
}
