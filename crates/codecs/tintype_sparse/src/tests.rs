//! What the contract test (`tintype`'s tests/contract.rs) does not know: headers, models, the
//! format page.

use super::fitting::Header;
use super::{SparseCodec, SparseModel, photo_model};
use tintype_codec::contract::picture;
use tintype_codec::{Codec, CodecError, DecodeRequest, EncodeSettings, Exec, Payload};
use tintype_image::{Planes, Shape, Threads};
use tintype_model::{Model, ModelFile, ModelHash, ModelLimits};

fn exec() -> Exec {
    Exec { threads: Threads::ONE, ..Exec::default() }
}

fn decode(payload: &Payload, shape: &Shape) -> Result<Planes, CodecError> {
    SparseCodec::photo().decode(&payload.view(shape), &DecodeRequest::default(), &exec())
}

#[test]
fn wrong_headers_and_other_models_are_refused() {
    let source = picture(Shape::rgb(70, 50, 8));
    let settings = EncodeSettings::default();
    let payload = SparseCodec::photo().encode(&source, &settings, &exec()).unwrap();
    let with_header =
        |header: &[u8]| decode(&Payload { header: header.to_vec(), ..payload.clone() }, &source.shape);
    for header in [&[][..], &[0x10], &[0x20, 5], &[0x10, 200], &[0x10, 5, 0], &[0x11, 5, 0, 0]] {
        assert!(with_header(header).is_err(), "{header:?}");
    }
    let header = Header::from_bytes(&payload.header).unwrap();
    let other = Header { model_hash: Some(ModelHash([1, 2, 3, 4, 5, 6, 7, 8])), ..header };
    assert!(matches!(with_header(&other.to_bytes()), Err(CodecError::Mismatch { .. })));
}

#[test]
fn headers_and_models_come_back_and_cut_models_are_refused() {
    let header = Header { smoothing: 2, half_chroma: true, step_number: 120, model_hash: None };
    assert_eq!((header.to_bytes(), header.step()), (vec![0x1a, 120], 1024));
    assert_eq!(Header::from_bytes(&header.to_bytes()), Ok(header));
    let model = include_bytes!("../../../../models/sparse-photo.tinmodel");
    assert!(model.len() <= 1 << 20, "the shipped model takes {} bytes", model.len());
    assert_eq!(SparseModel::from_bytes(model).unwrap(), *photo_model());
    for len in [0, 2, 3, 5, 100, 5000] {
        assert!(SparseModel::from_bytes(&model[..len]).is_err());
    }
    let file = ModelFile::read(model, &ModelLimits::default()).unwrap();
    let mut wrong = file.payload().to_vec();
    wrong[0] = 17;
    let wrong = SparseModel::from_file(&SparseModel::file_of(wrong));
    assert!(matches!(wrong, Err(CodecError::Malformed { .. })));
}

#[test]
fn the_format_page_has_the_contexts_of_the_code() {
    let page = include_str!("../../../../docs/format/sparse.md");
    let start = page.split_once("<!-- contexts -->\n").expect("the mark is there").1;
    let mut lines = String::from("| contexts | first | number |\n|---|---|---|\n");
    for (name, first, end) in super::symbols::context_ranges() {
        let number = end.map_or(String::new(), |end| format!("{} ", end - first));
        lines += &format!("| {name} | {first} | {number}|\n");
    }
    assert_eq!(start.split_once("<!-- end -->").expect("the mark ends").0, lines);
}
