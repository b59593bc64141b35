//! What the contract test (`tintype`'s tests/contract.rs) does not know: qualities, models, the
//! format page.

use super::{PhotoCodec, photo_model};
use tintype_block::StreamHeader;
use tintype_codec::contract::{check_rising_quality, encoded as encode, picture};
use tintype_codec::{
    Codec, CodecError, DecodeRequest, EncodeSettings, Exec, Payload, Result, Target, Tune,
};
use tintype_image::{Planes, Shape, Threads};
use tintype_model::{Model, ModelHash};

fn exec() -> Exec {
    Exec { threads: Threads::ONE, ..Exec::default() }
}

fn decode(codec: &PhotoCodec, payload: &Payload, shape: &Shape) -> Result<Planes> {
    codec.decode(&payload.view(shape), &DecodeRequest::default(), &exec())
}

#[test]
fn higher_quality_needs_more_bytes_and_has_less_error() {
    check_rising_quality(&PhotoCodec::SHIPPED);
}

#[test]
fn a_stream_of_another_model_is_refused() {
    let source = picture(Shape::gray(8, 8, 8));
    let mut payload = encode(&PhotoCodec::SHIPPED, &source, 70.0);
    let header =
        StreamHeader { model_hash: ModelHash([1; 8]), steps: vec![100], ..StreamHeader::default() };
    payload.header = header.to_bytes();
    let result = decode(&PhotoCodec::SHIPPED, &payload, &source.shape);
    assert!(matches!(result, Err(CodecError::Mismatch { .. })));
    assert_eq!(photo_model().sets.len(), super::SETS);
}

/// The payload of a model with one piece a set, with rows of the DCT's first waves.
fn small_model() -> Vec<u8> {
    let mut bytes = Vec::new();
    for set in 0..4 {
        let n = if set % 2 == 0 { 8 } else { 16 };
        bytes.extend([1, 5]);
        for row in 0..super::BORDER_INPUTS + 6 {
            let wave = |i: usize| {
                ((i % n) as f32 * row as f32 * 0.2).cos() * ((i / n) as f32 * row as f32 * 0.1).cos()
            };
            let entries: Vec<f32> = (0..n * n).map(|i| wave(i) / n as f32).collect();
            tintype_block::write_row(&entries, &mut bytes);
        }
    }
    bytes
}

#[test]
fn a_model_that_is_sent_needs_no_other() {
    let source = picture(Shape::rgb(64, 48, 8));
    let payload = super::PhotoModel::payload_with_contexts(small_model(), &[7; 500]);
    let with_contexts = super::PhotoModel::file_of(payload);
    let sending = PhotoCodec::sending(&with_contexts.to_bytes()).unwrap();
    let payload = encode(&sending, &source, 70.0);
    assert!(payload.header.len() > 1000);

    let back = decode(&PhotoCodec::SHIPPED, &payload, &source.shape).unwrap();
    let sent = super::model::file_to_send(&with_contexts).unwrap();
    let own = PhotoCodec::with_model(super::PhotoModel::from_file(&sent).unwrap());
    assert!(decode(&own, &payload, &source.shape).unwrap() == back);

    for len in (0..payload.header.len()).step_by(211).chain([payload.header.len() - 1]) {
        let cut = Payload { header: payload.header[..len].to_vec(), ..payload.clone() };
        assert!(decode(&PhotoCodec::SHIPPED, &cut, &source.shape).is_err(), "{len}");
    }
}

/// A model whose filter smooths, or makes noise, by `byte`.
fn filtered_model(byte: i8) -> super::PhotoModel {
    let filter = super::filter::tests::even_filter(byte);
    let payload = super::PhotoModel::payload_with_filter(&small_model(), Some(&filter)).unwrap();
    super::PhotoModel::from_file(&super::PhotoModel::file_of(payload)).unwrap()
}

pub(crate) fn model_without_filter() -> super::PhotoModel {
    super::PhotoModel::from_file(&super::PhotoModel::file_of(small_model())).unwrap()
}

#[test]
fn a_short_header_names_the_first_step_alone() {
    let source = picture(Shape::rgb(24, 16, 8));
    let payload = encode(&PhotoCodec::SHIPPED, &source, 60.0);
    assert_eq!(payload.header.len(), 7);
    let back = decode(&PhotoCodec::SHIPPED, &payload, &source.shape).unwrap();
    // The same stream under the long header, which lists all steps.
    let first = u16::from_le_bytes([payload.header[5], payload.header[6]]);
    let share = |of: u32| ((u32::from(first) * of + 128) >> 8) as u16;
    let header = StreamHeader {
        flags: payload.header[0] & 15,
        model_hash: photo_model().hash,
        steps: vec![first, share(295), share(338)],
        sent_model: None,
    };
    let long = Payload { header: header.to_bytes(), ..payload };
    assert!(decode(&PhotoCodec::SHIPPED, &long, &source.shape).unwrap() == back);
}

#[test]
fn a_filter_that_is_useless_costs_two_bits() {
    let codec = PhotoCodec::with_model(filtered_model(-128));
    for shape in [Shape::rgb(80, 70, 8), Shape::gray(33, 17, 8)] {
        let source = picture(shape);
        let payload = encode(&codec, &source, 60.0);
        assert_eq!(payload.header[0] & 4, 4);
        let without = PhotoCodec::with_model(model_without_filter());
        let plain = encode(&without, &source, 60.0);
        assert!(payload.sections[0].bytes.len() <= plain.sections[0].bytes.len() + 1);
        let back = decode(&codec, &payload, &source.shape).unwrap();
        assert!(back == decode(&without, &plain, &source.shape).unwrap());

        // A header that promises switches of a filter that the model lacks.
        let mut promised = plain;
        promised.header[0] |= 4;
        let result = decode(&without, &promised, &source.shape);
        assert!(matches!(result, Err(CodecError::Malformed { .. })), "{result:?}");
        for len in 0..payload.sections[0].bytes.len() {
            let mut cut = payload.clone();
            cut.sections[0].bytes.truncate(len);
            let _ = decode(&codec, &cut, &source.shape);
        }
    }
}

#[test]
fn the_shipped_filter_helps() {
    let source = picture(Shape::rgb(150, 80, 8));
    let mut without = photo_model().clone();
    without.filter = None;
    let error = |codec: &PhotoCodec| {
        let back = decode(codec, &encode(codec, &source, 50.0), &source.shape).unwrap();
        let pairs = source.planes.iter().zip(&back.planes);
        let squares = pairs.flat_map(|(a, b)| a.rows().flatten().zip(b.rows().flatten()));
        squares.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>()
    };
    let [with, without] = [PhotoCodec::SHIPPED, PhotoCodec::with_model(without)].map(|c| error(&c));
    assert!(with < without, "{with} {without}");
}

/// The table of docs/format/photo.md between `<!-- NAME -->` and `<!-- end -->`.
fn marked(name: &str) -> &'static str {
    let page = include_str!("../../../../docs/format/photo.md");
    let start = page.split_once(&format!("<!-- {name} -->\n")).expect("the mark is there").1;
    start.split_once("<!-- end -->").expect("the mark ends").0
}

#[test]
fn the_shipped_model_starts_every_context_and_weight() {
    assert_eq!(photo_model().contexts.len(), 2 * super::symbols::STATE_LEN);
    let contexts = super::symbols::contexts(&photo_model().contexts);
    assert_eq!(super::symbols::state_bytes(&contexts).len(), super::symbols::STATE_LEN);
}

#[test]
fn the_format_page_has_the_contexts_of_the_code() {
    let mut lines = String::from("| contexts | first | number |\n|---|---|---|\n");
    for (name, first, end) in super::symbols::context_ranges() {
        lines += &format!("| {name} | {first} | {} |\n", end - first);
    }
    assert_eq!(marked("contexts"), lines);
    let mut lines = String::from("| weight sets | first | number |\n|---|---|---|\n");
    for (name, first, end) in super::symbols::set_ranges() {
        lines += &format!("| {name} | {first} | {} |\n", end - first);
    }
    assert_eq!(marked("sets"), lines);
}

#[test]
fn the_format_page_has_the_position_classes_of_the_code() {
    let mut lines = String::new();
    for start in (0..256).step_by(32) {
        let classes: Vec<String> =
            (start..start + 32).map(|p| super::symbols::position_class(p).to_string()).collect();
        lines += &format!("    {}\n", classes.join(" "));
    }
    assert_eq!(marked("positions").trim_matches('\n'), lines.trim_matches('\n'));
}

#[test]
fn looks_cost_less_where_the_picture_is_busy() {
    // Calm on the left, noise on the right: `--tune visual` gives the noise coarser steps.
    let mut source = Planes::new(Shape::gray(128, 64, 8));
    let mut state = 1u32;
    for y in 0..64 {
        for x in 0..128 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = if x < 64 { 0 } else { (state >> 24) as u16 / 2 };
            source.planes[0].row_mut(y)[x] = 60 + (x + y) as u16 / 4 + noise;
        }
    }
    let side = |tune: Tune| {
        let settings = EncodeSettings { target: Target::Quality(60.0), tune, effort: 5 };
        let payload = PhotoCodec::SHIPPED.encode(&source, &settings, &exec()).unwrap();
        let back = decode(&PhotoCodec::SHIPPED, &payload, &source.shape).unwrap();
        let errors = |columns: std::ops::Range<usize>| -> f64 {
            let pairs = source.planes[0].rows().zip(back.planes[0].rows());
            pairs
                .flat_map(|(a, b)| {
                    columns.clone().map(move |x| (f64::from(a[x]) - f64::from(b[x])).powi(2))
                })
                .sum()
        };
        errors(64..128) / errors(0..64).max(1.0)
    };
    assert!(side(Tune::Visual) > 1.5 * side(Tune::Psnr));
}

#[test]
fn chroma_that_follows_luma_is_nearly_free() {
    let colour = |tilt: f32| {
        let mut source = Planes::new(Shape::rgb(96, 96, 8));
        let mut state = 1u32;
        for y in 0..96 {
            for x in 0..96 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let value = 40.0 + (state >> 25) as f32;
                for (plane, factor) in source.planes.iter_mut().zip([1.0 + tilt, 1.0, 1.0 - tilt]) {
                    plane.row_mut(y)[x] = (value * factor) as u16;
                }
            }
        }
        encode(&PhotoCodec::SHIPPED, &source, 60.0).sections[0].bytes.len()
    };
    let (gray, tinted) = (colour(0.0), colour(0.4));
    assert!(tinted < gray + gray / 4, "{tinted} against {gray}");
}
