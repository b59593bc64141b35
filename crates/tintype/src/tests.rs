//! The steps together, with a small codec of our own, so that the hall is tested without the
//! real ones.

use super::*;
use crate::decode::decode_with;
use crate::encode::{EncodeOptions, Tools, encode_with};
use crate::frame::container_limits;
use crate::head::head_from_bytes;
use codec::{LOSSLESS, NEURAL, PHOTO, WAVELET};
use proptest::prelude::*;
use std::io::Cursor;
use tintype_codec::{
    Capabilities, Codec, DecodeRequest, EncodeSettings, Exec, Payload, PayloadView, Section, SectionKey,
    Target,
};
use tintype_container::Reader;

/// Stores bit-planes, highest first, one layer each; a quality keeps that share of the bytes.
struct BitPlanes {
    id: CodecId,
    embedded: bool,
}

static EMBEDDED: BitPlanes = BitPlanes { id: WAVELET, embedded: true };
static WHOLE: BitPlanes = BitPlanes { id: PHOTO, embedded: false };
static EXACT: BitPlanes = BitPlanes { id: LOSSLESS, embedded: false };

fn own_codecs(id: CodecId) -> Option<&'static dyn Codec> {
    [&EMBEDDED, &WHOLE, &EXACT].into_iter().find(|codec| codec.id == id).map(|codec| codec as &dyn Codec)
}

fn prefix(payload: &Payload, bytes: usize) -> Payload {
    let mut left = bytes;
    let mut sections = Vec::new();
    for section in &payload.sections {
        let len = section.bytes.len().min(left);
        left -= len;
        sections.push(Section { key: section.key, bytes: section.bytes[..len].to_vec() });
    }
    Payload { header: payload.header.clone(), sections }
}

impl Codec for BitPlanes {
    fn id(&self) -> CodecId {
        self.id
    }

    fn capabilities(&self) -> Capabilities {
        let lossy = self.id != LOSSLESS;
        Capabilities {
            lossy,
            lossless: true,
            scales: true,
            embedded: self.embedded,
            ..Capabilities::default()
        }
    }

    fn encode(
        &self,
        source: &Planes,
        settings: &EncodeSettings,
        _: &Exec,
    ) -> Result<Payload, CodecError> {
        if source.planes.len() > 4 {
            return Err(CodecError::Unsupported { what: "more than four planes".into() });
        }
        let samples: Vec<u16> = source.planes.iter().flat_map(|p| p.rows().flatten().copied()).collect();
        let layer = |bit: u32| {
            let pack =
                |chunk: &[u16]| chunk.iter().enumerate().map(|(i, s)| ((s >> bit & 1) as u8) << i).sum();
            let key = SectionKey { tile: 0, layer: 15 - bit };
            Section { key, bytes: samples.chunks(8).map(pack).collect() }
        };
        let all = Payload { header: vec![7], sections: (0..16).rev().map(layer).collect() };
        let total: usize = all.sections.iter().map(|s| s.bytes.len()).sum();
        Ok(match settings.target {
            Target::Lossless => all,
            Target::Quality(q) => prefix(&all, (total as f32 * (0.5 + q / 200.0)) as usize),
        })
    }

    fn wants(&self, _: &Shape, _: &[u8], key: SectionKey, request: &DecodeRequest) -> bool {
        request.layers.is_none_or(|layers| key.layer < layers)
    }

    fn truncate(&self, payload: &Payload, bytes: usize) -> Option<Payload> {
        self.embedded.then(|| prefix(payload, bytes))
    }

    fn decode(
        &self,
        payload: &PayloadView<'_>,
        _: &DecodeRequest,
        _: &Exec,
    ) -> Result<Planes, CodecError> {
        let shape = payload.shape;
        if payload.header != [7] {
            return Err(CodecError::Malformed { what: "header".into(), at: None });
        }
        if payload.cut_off && !self.embedded {
            return Err(CodecError::Truncated { needed: 1 });
        }
        let mut planes = Planes::new(shape.clone());
        let mut index = 0;
        for plane in &mut planes.planes {
            for y in 0..plane.height() {
                for sample in plane.row_mut(y) {
                    for section in &payload.sections {
                        let byte = section.bytes.get(index / 8).copied().unwrap_or(0);
                        *sample |=
                            u16::from(byte >> (index % 8) & 1) << (15 - section.key.layer.min(15));
                    }
                    index += 1;
                }
            }
        }
        Ok(planes)
    }
}

fn picture() -> Picture {
    let mut planes = Planes::new(Shape::rgb(61, 47, 8));
    let mut state = 1u32;
    for plane in &mut planes.planes {
        for y in 0..47 {
            for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *sample = (x as u16 * 2 + y as u16 + (state >> 28) as u16) & 255;
            }
        }
    }
    let metadata = Metadata {
        icc: Some(vec![1; 300]),
        exif: Some(b"II*\0...".to_vec()),
        xmp: Some(b"<x/>".to_vec()),
        other: vec![("geotiff".into(), vec![5, 6])],
    };
    Picture { planes, metadata }
}

fn options(goal: Goal, codec: Option<CodecId>) -> EncodeOptions {
    EncodeOptions { goal, codec, ..EncodeOptions::default() }
}

fn encode_own(picture: &Picture, options: &EncodeOptions) -> Result<Encoded, Error> {
    let exec = Exec::default();
    let registry = |id| own_codecs(id);
    let tools = Tools { registry: &registry, measure: metric::built_in(), exec: &exec };
    encode_with(&tools, picture, options)
}

fn encoded(goal: Goal, codec: Option<CodecId>) -> Result<Encoded, Error> {
    encode_own(&picture(), &options(goal, codec))
}

fn decode_own<R: std::io::Read>(reader: Reader<R>, request: &DecodeRequest) -> Result<Decoded, Error> {
    let exec = Exec::default();
    let head = head_from_bytes(reader.head(), &exec.limits)?;
    decode_with(&|id, _| own_codecs(id), &head, reader, request, &exec)
}

fn decoded(bytes: &[u8], request: &DecodeRequest) -> Result<Decoded, Error> {
    let limits = container_limits(&Limits::default());
    decode_own(Reader::seek(Cursor::new(bytes), limits)?, request)
}

fn psnr(a: &Planes, b: &Planes) -> f64 {
    let squares = |i: usize| {
        let samples = a.planes[i].rows().flatten().zip(b.planes[i].rows().flatten());
        samples.map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum::<f64>()
    };
    let mean = (0..a.planes.len()).map(squares).sum::<f64>() / a.shape.samples() as f64;
    10.0 * (255.0f64.powi(2) / mean).log10()
}

#[test]
fn a_lossless_picture_comes_back_with_its_metadata() {
    let file = encoded(Goal::Lossless, None).unwrap();
    assert_eq!(file.codec, LOSSLESS);
    let back = decoded(&file.bytes, &DecodeRequest::default()).unwrap();
    assert_eq!((&back.picture, back.codec, back.cut_off_at()), (&picture(), LOSSLESS, None));
}

#[test]
fn a_stream_gives_the_same_as_a_file() {
    let file = encoded(Goal::Quality(60.0), None).unwrap().bytes;
    let reader = Reader::stream(&file[..], container_limits(&Limits::default())).unwrap();
    let streamed = decode_own(reader, &DecodeRequest::default()).unwrap();
    assert_eq!(streamed, decoded(&file, &DecodeRequest::default()).unwrap());
}

#[test]
fn sizes_are_hit_and_never_exceeded() {
    for codec in [WAVELET, PHOTO] {
        for size in [9_000u64, 10_000, 12_345, 15_000] {
            let file = encoded(Goal::SizeBytes(size), Some(codec)).unwrap().bytes;
            let len = file.len() as u64;
            assert!(len <= size && len * 100 >= size * 98, "{codec:?}: {len} of {size}");
        }
        let bpp = 30.0;
        let len = encoded(Goal::Bpp(bpp), Some(codec)).unwrap().bytes.len();
        let reached = len as f32 * 8.0 / (61.0 * 47.0);
        assert!(reached <= bpp && reached > bpp * 0.98, "{codec:?}: {reached}");
    }
    // An embedded stream can go below quality 0; another cannot, and says how far it can.
    assert!(encoded(Goal::SizeBytes(2_000), Some(WAVELET)).unwrap().bytes.len() <= 2_000);
    let error = encoded(Goal::SizeBytes(2_000), Some(PHOTO)).unwrap_err().to_string();
    assert!(error.contains("2000") && error.contains("the smallest takes"), "{error}");
    assert!(encoded(Goal::SizeBytes(40), Some(WAVELET)).is_err());
    let error = encoded(Goal::SizeBytes(2_000), Some(LOSSLESS)).unwrap_err().to_string();
    assert!(error.contains("the smallest takes"), "{error}");
}

#[test]
fn psnr_is_hit() {
    for db in [22.0, 30.0, 38.5] {
        let file = encoded(Goal::Psnr(db), Some(WAVELET)).unwrap().bytes;
        let back = decoded(&file, &DecodeRequest::default()).unwrap();
        let reached = psnr(&picture().planes, &back.picture.planes);
        assert!((reached - f64::from(db)).abs() < 0.05, "{reached} for {db}");
    }
}

#[test]
fn denoising_comes_before_coding_and_not_with_lossless() {
    let mut options = options(Goal::Quality(100.0), Some(WAVELET));
    options.denoise = Some(Denoise::Median3);
    let file = encode_own(&picture(), &options).unwrap().bytes;
    let back = decoded(&file, &DecodeRequest::default()).unwrap().picture;
    let expected =
        tintype_image::filter::denoised(&picture().planes, Denoise::Median3, Threads::ONE).unwrap();
    assert_eq!((back.planes, back.metadata), (expected, picture().metadata));
    options.goal = Goal::Lossless;
    let result = encode_own(&picture(), &options);
    assert!(matches!(result, Err(Error::Misuse { .. })));
}

#[test]
fn wrong_options_are_refused_before_work_starts() {
    let goals = [
        Goal::Quality(101.0),
        Goal::Quality(f32::NAN),
        Goal::Bpp(0.0),
        Goal::SizeBytes(0),
        Goal::Psnr(f32::NAN),
    ];
    for goal in goals {
        assert!(matches!(encoded(goal, None), Err(Error::Misuse { .. })), "{goal:?}");
    }
    let options = EncodeOptions { effort: 0, ..EncodeOptions::default() };
    let result = encode_own(&picture(), &options);
    assert!(matches!(result, Err(Error::Misuse { .. })));
    let error = encoded(Goal::Lossless, Some(NEURAL)).unwrap_err();
    assert!(matches!(&error, Error::Unsupported { what } if what.contains("neural")), "{error}");
}

#[test]
fn a_region_outside_the_picture_is_refused() {
    let file = encoded(Goal::Lossless, None).unwrap().bytes;
    for (x, width) in [(0, 62), (61, 1), (5, 0), (usize::MAX, 2)] {
        let region = Some(Region { x, y: 0, width, height: 1 });
        let result = decoded(&file, &DecodeRequest { region, ..DecodeRequest::default() });
        assert!(matches!(result, Err(Error::Misuse { .. })));
    }
    for scale in [0, 3, 64] {
        let result = Decoder::from_stream(&file[..]).unwrap().scale(scale).decode();
        assert!(matches!(result, Err(Error::Misuse { .. })), "{scale}");
    }
}

#[test]
fn unwanted_layers_are_not_handed_to_the_codec() {
    let file = encoded(Goal::Lossless, Some(WAVELET)).unwrap().bytes;
    let back = decoded(&file, &DecodeRequest { layers: Some(12), ..DecodeRequest::default() }).unwrap();
    let expected: Vec<u16> = picture().planes.planes[0].row(0).iter().map(|s| s & !15).collect();
    assert_eq!(back.picture.planes.planes[0].row(0), expected);
}

#[test]
fn a_prefix_of_an_embedded_file_decodes_and_gets_no_worse() {
    let file = encoded(Goal::Lossless, Some(WAVELET)).unwrap().bytes;
    let mut last = 0.0;
    for len in (0..20).map(|i| file.len() * (i + 5) / 26) {
        let back = decoded(&file[..len], &DecodeRequest::default()).unwrap();
        assert_eq!(back.cut_off_at(), Some(len as u64));
        let reached = psnr(&picture().planes, &back.picture.planes);
        assert!(reached >= last, "{reached} after {last} at {len}");
        last = reached;
    }
    let other = encoded(Goal::Lossless, Some(LOSSLESS)).unwrap().bytes;
    let cut = &other[..other.len() / 2];
    let error = decoded(cut, &DecodeRequest::default()).unwrap_err().to_string();
    assert!(error.contains(&format!("ends at byte {}", cut.len())), "{error}");
}

#[test]
fn a_cut_in_trailing_metadata_leaves_the_picture_whole() {
    let file = encoded(Goal::Lossless, None).unwrap().bytes;
    let back = decoded(&file[..file.len() - 3], &DecodeRequest::default()).unwrap();
    assert_eq!(back.picture.planes, picture().planes);
    assert_eq!(back.cut_off_at(), Some(file.len() as u64 - 3));
    assert!(back.picture.metadata.icc.is_some() && back.picture.metadata.other.is_empty());
}

#[test]
fn info_and_contents_say_what_is_there() {
    let file = encoded(Goal::Lossless, Some(WAVELET)).unwrap().bytes;
    let seeking = Decoder::new(Cursor::new(&file)).unwrap();
    let streaming = Decoder::from_stream(&file[..]).unwrap();
    assert_eq!(seeking.info(), streaming.info());
    let info = seeking.info();
    assert_eq!((info.codec, info.tiles, info.layers), (WAVELET, 1, 16));
    assert_eq!(info.shape, picture().planes.shape);
    let contents = seeking.contents().unwrap();
    assert_eq!(contents, streaming.contents().unwrap());
    let names: Vec<&str> = contents.metadata.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["icc", "exif", "xmp", "geotiff"]);
    assert_eq!(contents.cut_off_at, None);
    let cut = Decoder::new(Cursor::new(&file[..file.len() / 2])).unwrap().contents().unwrap();
    assert_eq!(cut.cut_off_at, Some(file.len() as u64 / 2));
}

#[test]
fn flat_art_takes_the_smaller_of_own_codecs() {
    let flat = Picture { planes: Planes::new(Shape::gray(40, 40, 8)), metadata: Metadata::default() };
    let goal = Goal::Quality(80.0);
    let best = encode_own(&flat, &options(goal, None)).unwrap();
    for codec in [WAVELET, LOSSLESS] {
        let one = encode_own(&flat, &options(goal, Some(codec))).unwrap();
        assert!(best.bytes.len() <= one.bytes.len());
    }
}

#[test]
fn limits_reach_the_head() {
    let file = encoded(Goal::Lossless, None).unwrap().bytes;
    let limits = Limits { side_px_max: 60, ..Limits::default() };
    let options = DecodeOptions::new().limits(limits);
    let result = Decoder::with_options(Cursor::new(&file), options);
    assert!(matches!(result, Err(Error::Picture(ImageError::Limit { .. }))));
}

#[test]
fn every_flipped_bit_is_refused() {
    let small = Picture { planes: Planes::new(Shape::gray(5, 3, 8)), metadata: picture().metadata };
    let file = encode_own(&small, &options(Goal::Lossless, None)).unwrap().bytes;
    for bit in 0..file.len() * 8 {
        let mut flipped = file.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(back) = decoded(&flipped, &DecodeRequest::default()) {
            assert!(back.cut_off_at().is_some(), "bit {bit} went unnoticed");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decoded(&bytes, &DecodeRequest::default());
        let _ = decoded(&[&MAGIC[..], &[1], &bytes].concat(), &DecodeRequest::default());
    }
}

#[test]
fn files_of_which_no_picture_can_be_made_are_packed_byte_for_byte() {
    for bytes in [
        &b""[..],
        b"\xff\xd8",
        b"\xff\xd8\xff\xe0\x00",
        b"\xff\xd8\xff\xc0 broken \xff\xda",
        b"no picture",
    ] {
        let packed = Encoder::new().pack_jpeg(bytes).unwrap().bytes;
        let open = || Decoder::from_stream(&packed[..]).unwrap();
        assert_eq!(open().unpack_jpeg().unwrap().as_deref(), Some(bytes));
        assert!(packed.len() <= bytes.len() + 64, "{} for {}", packed.len(), bytes.len());
        assert!(open().decode().is_err());
    }
}

#[test]
fn planes_that_do_not_fit_their_shape_are_refused_by_every_codec() {
    let encode = |picture: &Picture, codec| Encoder::lossless().codec(codec).encode(picture);
    let sound = Picture::new(Planes::new(Shape::rgb(5, 3, 8)));
    for id in codec::built_in() {
        let mut missing = sound.clone();
        missing.planes.planes.pop();
        let mut small = sound.clone();
        small.planes.planes[2] = Plane::new(5, 2);
        let mut above = sound.clone();
        above.planes.planes[1].row_mut(2)[4] = 256;
        let mut empty = sound.clone();
        empty.planes.shape.width_px = 0;
        let mut deep = sound.clone();
        deep.planes.shape.planes[0].bit_depth = 17;
        for broken in [missing, small, above, empty, deep] {
            let error = encode(&broken, id).unwrap_err();
            assert!(matches!(error, Error::Picture(_)), "{id}: {error}");
            assert!(Encoder::new().encode_jpeg(&broken).is_err());
        }
    }
}

#[test]
fn shapes_and_metadata_outside_the_limits_are_refused_before_work_starts() {
    let limits = Limits { side_px_max: 60, ..Limits::default() };
    let result = Encoder::new().limits(limits).encode(&picture());
    assert!(matches!(result, Err(Error::Picture(ImageError::Limit { .. }))));
    let limits = Limits { metadata_bytes_max: 299, ..Limits::default() };
    let result = Encoder::lossless().limits(limits).encode(&picture());
    assert!(matches!(result, Err(Error::Limit { max: 299, .. })));
}

#[test]
fn a_file_that_arrives_byte_by_byte_gets_better_and_ends_exact() {
    for (id, at_least) in [(WAVELET, 2), (LOSSLESS, 1)] {
        let tin = Encoder::lossless().codec(id).encode(&picture()).unwrap().bytes;
        let mut decoder = ProgressiveDecoder::new();
        let (mut pictures, mut last, mut seen) = (0, 0.0, None);
        for byte in &tin {
            let Some(better) = decoder.push(&[*byte]).unwrap() else { continue };
            pictures += 1;
            let reached = psnr(&picture().planes, &better.picture.planes);
            assert!(reached >= last - 0.5, "{id}: {reached} dB after {last}");
            last = reached;
            seen = Some(better);
        }
        assert!(pictures >= at_least, "{id}: {pictures} pictures");
        assert_eq!(seen.unwrap().picture, picture());
        assert_eq!(decoder.need(), Need::Nothing);
    }
}
