//! `image::open` on files of the program's own making.

use image::{DynamicImage, ImageDecoder, ImageReader};
use std::io::Cursor;
use tintype::Encoder;
use tintype_hook::{TinDecoder, TinEncoder};

fn photograph() -> DynamicImage {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/pictures/photo_a.png");
    image::open(path).expect("the repository's own photograph")
}

#[test]
fn every_colour_type_comes_back_by_name_and_by_first_bytes() {
    tintype_hook::register();
    let photo = photograph();
    let kinds: [fn(&DynamicImage) -> DynamicImage; 8] = [
        |p| p.to_luma8().into(),
        |p| p.to_luma_alpha8().into(),
        |p| p.to_rgb8().into(),
        |p| p.to_rgba8().into(),
        |p| p.to_luma16().into(),
        |p| p.to_luma_alpha16().into(),
        |p| p.to_rgb16().into(),
        |p| p.to_rgba16().into(),
    ];
    let folder = tempfile::tempdir().unwrap();
    for kind in kinds {
        let image = kind(&photo);
        let mut file = Vec::new();
        image.write_with_encoder(TinEncoder::new(&mut file).with(Encoder::lossless())).unwrap();
        let path = folder.path().join("x.tin");
        std::fs::write(&path, &file).unwrap();
        assert_eq!(image::open(&path).unwrap(), image, "{:?}", image.color());
        let reader = ImageReader::new(Cursor::new(&file)).with_guessed_format().unwrap();
        assert_eq!(reader.decode().unwrap(), image, "{:?}", image.color());
    }
}

#[test]
fn metadata_is_there() {
    let mut picture = tintype::Picture::from_gray8(8, 8, &[9; 64]).unwrap();
    picture.metadata.icc = Some(vec![1; 90]);
    picture.metadata.exif = Some(b"II*\0".to_vec());
    picture.metadata.xmp = Some(b"<x/>".to_vec());
    let tin = Encoder::lossless().encode(&picture).unwrap();
    let mut decoder = TinDecoder::new(&tin.bytes[..]).unwrap();
    assert_eq!(decoder.icc_profile().unwrap(), picture.metadata.icc);
    assert_eq!(decoder.exif_metadata().unwrap(), picture.metadata.exif);
    assert_eq!(decoder.xmp_metadata().unwrap(), picture.metadata.xmp);
}

#[test]
fn broken_files_and_limits_are_errors_with_words() {
    let mut file = Vec::new();
    photograph().to_rgb8().write_with_encoder(TinEncoder::new(&mut file)).unwrap();
    let error = TinDecoder::new(&file[..9]).unwrap_err().to_string();
    assert!(error.contains("cut off"), "{error}");
    let half = TinDecoder::new(&file[..file.len() / 2]);
    let error = half.and_then(DynamicImage::from_decoder).unwrap_err().to_string();
    assert!(error.contains("cut off"), "{error}");
    let mut tight = TinDecoder::new(&file[..]).unwrap();
    let mut limits = image::Limits::no_limits();
    limits.max_image_width = Some(10);
    assert!(tight.set_limits(limits).is_err());
}

#[test]
fn bands_are_refused() {
    let shape = tintype::Shape {
        width_px: 4,
        height_px: 4,
        colour: tintype::ColourModel::Bands,
        planes: vec![tintype::PlaneInfo::new(tintype::PlaneRole::Band, 8); 5],
    };
    let picture = tintype::Picture::new(tintype::Planes::new(shape));
    let tin = Encoder::lossless().encode(&picture).unwrap();
    let error = TinDecoder::new(&tin.bytes[..]).unwrap_err().to_string();
    assert!(error.contains("5 bands"), "{error}");
}
