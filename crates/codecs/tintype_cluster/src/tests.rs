//! What the contract test (`tintype`'s tests/contract.rs) does not know: layers, models,
//! surfaces, the format page.

use super::colour::{doubled_row, times};
use super::format::HALF_CHROMA;
use super::grid::Surface;
use super::synthesis::Superblock;
use super::{ClusterCodec, ClusterModel, SETS, Tree, photo_model};
use fearless_simd::Fallback;
use tintype_block::StreamHeader;
use tintype_codec::contract::{check_rising_quality, encoded as encode, picture, squared_error};
use tintype_codec::{Codec, CodecError, DecodeRequest, Exec, PayloadView};
use tintype_image::{Plane, Planes, Shape, Threads};
use tintype_model::{Model, ModelFile, ModelHash};

const SHIPPED: ClusterCodec = ClusterCodec::SHIPPED;

fn exec() -> Exec {
    Exec { threads: Threads::ONE, ..Exec::default() }
}

fn decode(codec: &ClusterCodec, view: &PayloadView<'_>) -> Result<Planes, CodecError> {
    codec.decode(view, &DecodeRequest::default(), &exec())
}

#[test]
fn higher_quality_needs_more_bytes_and_has_less_error() {
    check_rising_quality(&SHIPPED);
}

#[test]
fn every_layer_makes_the_picture_better() {
    let source = picture(Shape::rgb(128, 96, 8));
    let payload = encode(&SHIPPED, &source, 80.0);
    let mut last = f64::INFINITY;
    for layers in 1..=4 {
        let request = DecodeRequest { layers: Some(layers), ..DecodeRequest::default() };
        let back = SHIPPED.decode(&payload.view(&source.shape), &request, &exec()).unwrap();
        let now = squared_error(&source, &back);
        assert!(now < last || layers > 3 && now <= last, "{layers} layers: {now} after {last}");
        last = now;
        // A file that was cut off behind these layers gives the same.
        let mut cut = payload.view(&source.shape);
        cut.sections.truncate(layers as usize);
        cut.cut_off = true;
        assert!(decode(&SHIPPED, &cut).unwrap() == back);
    }
}

#[test]
fn layers_that_end_early_are_errors_in_whole_files_only() {
    let source = picture(Shape::rgb(48, 40, 8));
    let payload = encode(&SHIPPED, &source, 70.0);
    for layer in 0..4 {
        for len in (0..payload.sections[layer].bytes.len()).step_by(3) {
            let mut view = payload.view(&source.shape);
            view.sections[layer].bytes = &payload.sections[layer].bytes[..len];
            assert!(decode(&SHIPPED, &view).is_err(), "layer {layer} cut at {len}");
            view.sections[layer].complete = false;
            view.cut_off = true;
            assert!(decode(&SHIPPED, &view).is_ok(), "layer {layer} cut off at {len}");
        }
    }
}

#[test]
fn a_stream_of_another_model_is_refused_by_name() {
    let source = picture(Shape::gray(8, 8, 8));
    let mut payload = encode(&SHIPPED, &source, 70.0);
    let header = StreamHeader::from_bytes(&payload.header, super::ID, 1, HALF_CHROMA).unwrap();
    payload.header = StreamHeader { model_hash: ModelHash([1; 8]), ..header }.to_bytes();
    let result = decode(&SHIPPED, &payload.view(&source.shape));
    let Err(CodecError::Mismatch { what }) = result else { panic!("no mismatch") };
    let hash = photo_model().hash.to_string();
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
    ClusterModel::from_bytes(&ClusterModel::with_flat_tables(trees).to_bytes()).unwrap()
}

#[test]
fn a_model_that_is_sent_needs_no_other() {
    let source = picture(Shape::rgb(64, 64, 8));
    let payload = encode(&ClusterCodec::sending(&small_model().to_bytes()).unwrap(), &source, 60.0);
    let view = payload.view(&source.shape);
    let back = decode(&SHIPPED, &view).unwrap();
    let own = ClusterCodec::with_model(small_model());
    assert!(decode(&own, &view).unwrap() == back);
    for len in 0..payload.header.len() {
        let mut view = payload.view(&source.shape);
        view.header = &payload.header[..len];
        assert!(decode(&SHIPPED, &view).is_err());
    }
}

#[test]
fn models_come_back_and_damaged_ones_do_not_panic() {
    let file = small_model().to_file();
    let back = ClusterModel::from_bytes(&file.to_bytes()).unwrap();
    assert_eq!(back.to_file(), file);
    let read =
        |payload: &[u8]| ClusterModel::from_file(&ModelFile::new(file.codec(), 1, payload.to_vec()));
    let bytes = file.payload();
    for len in 0..bytes.len() {
        // A model may end before its tables.
        let _ = read(&bytes[..len]);
    }
    for position in 0..400 {
        let mut damaged = bytes.to_vec();
        damaged[position] ^= 0xff;
        let _ = read(&damaged);
    }
    for children in [&[0u8][..], &[1, 0, 0], &[2, 0], &[17, 0, 0], &[2, 0, 0, 0], &[0, 2, 0]] {
        let vectors = vec![1i8; children.len().saturating_sub(1) * 16];
        assert!(Tree::new(4, children, &vectors).is_err(), "{children:?}");
    }
}

#[test]
fn surfaces_are_those_of_the_slow_twin() {
    let (width, height) = (32usize, 48usize);
    let samples = (0..(width / 8) * (height / 8)).map(|i| ((i * 2897) % 8000) as i16 - 4000).collect();
    let grid = Plane::from_vec(width / 8, height / 8, samples).unwrap();
    let mut surface = Surface::new(width);
    let mut strip = vec![Superblock::default(); width / 16];
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
            let row =
                |y: usize| f64::from(grid.row(y)[x0]) * (1.0 - fx) + f64::from(grid.row(y)[x1]) * fx;
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

#[test]
fn the_format_page_has_the_tables_of_the_code() {
    let page = include_str!("../../../../docs/format/cluster.md");
    let start = page.split_once("<!-- tables -->\n").expect("the mark is there").1;
    let mut lines = String::from("| tables | first | number | rate |\n|---|---|---|---|\n");
    for (name, first, end, rate) in super::tables::table_ranges() {
        let number = end.map_or(String::new(), |end| format!("{} ", end - first));
        lines += &format!("| {name} | {first} | {number}| {rate} |\n");
    }
    assert_eq!(start.split_once("<!-- end -->").expect("the mark ends").0, lines);
}
