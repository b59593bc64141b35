use super::{ExactDecoder, ExactEncoder};
use tintype_codec::{
    Capabilities, Codec, CodecError, CodecId, DecodeRequest, EncodeSettings, Exec, Payload, PayloadView,
    section_of,
};
use tintype_image::{Limits, Planes, Shape};

type Coded<T> = Result<T, CodecError>;

/// Samples as bytes.
struct Raw;

impl Codec for Raw {
    fn id(&self) -> CodecId {
        CodecId::new(250, "raw")
    }

    fn capabilities(&self) -> Capabilities {
        let lossless = true;
        Capabilities { lossless, ..Capabilities::default() }
    }

    fn encode(&self, source: &Planes, _: &EncodeSettings, _: &Exec) -> Result<Payload, CodecError> {
        let mut bytes = Vec::new();
        for row in source.planes.iter().flat_map(|plane| plane.rows()) {
            row.iter().for_each(|sample| bytes.extend(sample.to_le_bytes()));
        }
        Ok(Payload::from_tiles(Vec::new(), [bytes]))
    }

    fn decode(&self, payload: &PayloadView<'_>, _: &DecodeRequest, _: &Exec) -> Coded<Planes> {
        let mut words = section_of(payload, 0)?.bytes.chunks_exact(2);
        let mut planes = Planes::new(payload.shape.clone());
        for plane in &mut planes.planes {
            for y in 0..plane.height() {
                for sample in plane.row_mut(y) {
                    let word = words.next().ok_or(CodecError::Truncated { needed: 2 })?;
                    *sample = u16::from_le_bytes([word[0], word[1]]);
                }
            }
        }
        Ok(planes)
    }
}

/// A screen: noise that scrolls by 9 rows a picture in its left part, a square that jumps, and what stands still.
fn screen(shape: &Shape, count: usize) -> Vec<Planes> {
    let noise = |x: usize, y: usize, plane: usize| {
        let hash = (x * 7919 + y * 104_729 + plane * 31) as u64;
        (hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 57) as u16
    };
    let picture = |time: usize| {
        let mut planes = Planes::new(shape.clone());
        for (index, plane) in planes.planes.iter_mut().enumerate() {
            let down = shape.height_px.div_ceil(plane.height());
            for y in 0..plane.height() {
                let (width, jump) = (plane.width(), 5 * time % 40);
                for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                    *sample = match x {
                        _ if x < width / 2 => noise(x, y + 18 * time / down, index),
                        _ if x > width / 2 + 10 && (jump..jump + 6).contains(&y) => 99,
                        _ => noise(x, y, 7) / 40,
                    };
                }
            }
        }
        planes
    };
    (0..count).map(picture).collect()
}

fn encoded(pictures: &[Planes]) -> Vec<u8> {
    let mut encoder = ExactEncoder::new(&pictures[0].shape, 5, &Exec::default());
    pictures.iter().for_each(|picture| encoder.push(picture, &Raw).expect("same shape"));
    encoder.finish(&Raw).expect("encodes")
}

fn decoded(bytes: &[u8], shape: &Shape, count: usize) -> Result<Vec<Planes>, CodecError> {
    let mut decoder = ExactDecoder::new(bytes.to_vec(), shape, count, &Raw, &Exec::default())?;
    let mut pictures = Vec::new();
    while let Some(picture) = decoder.next_picture()? {
        pictures.push(picture);
    }
    Ok(pictures)
}

fn shapes() -> Vec<Shape> {
    let mut chroma = Shape::rgb(75, 91, 8);
    for plane in &mut chroma.planes[1..] {
        (plane.subsample_x_log2, plane.subsample_y_log2) = (1, 1);
    }
    vec![
        Shape::gray(64, 64, 8),
        Shape::rgb(101, 83, 8),
        Shape::gray(5, 7, 16),
        chroma,
        Shape::gray(1, 1, 1),
    ]
}

#[test]
fn every_sample_comes_back() {
    for shape in shapes() {
        let mut pictures = screen(&shape, 9);
        let max = shape.planes[0].sample_max();
        let samples = pictures.iter_mut().flat_map(|picture| &mut picture.planes);
        samples.filter_map(|plane| plane.as_mut_slice()).flatten().for_each(|s| *s = (*s).min(max));
        let bytes = encoded(&pictures);
        assert_eq!(decoded(&bytes, &shape, 9).expect("decodes"), pictures, "{shape:?}");
    }
}

#[test]
fn what_moves_and_what_comes_back_is_copied() {
    let shape = Shape::rgb(160, 160, 8);
    let mut pictures = screen(&shape, 6);
    // As it was three pictures ago.
    pictures.push(pictures[3].clone());
    let one = encoded(&pictures[..1]).len();
    let all = encoded(&pictures).len();
    // Every picture has 18 new rows in one half, and the square; blocks that share their rows and columns stand on the
    // sheet as well, which raw samples pay for.
    assert!(all < one * 3, "{one} bytes for one picture, {all} for seven");
    let again = encoded(&pictures[..6]).len();
    assert!(all - again < 30, "{} bytes for a picture that was there", all - again);
}

#[test]
fn hostile_bytes_give_pictures_or_an_error() {
    let shape = Shape::gray(50, 40, 8);
    let bytes = encoded(&screen(&shape, 5));
    let mut random = fastrand::Rng::with_seed(9);
    for _ in 0..300 {
        let mut damaged = bytes.clone();
        for _ in 0..random.usize(1..6) {
            let at = random.usize(..200.min(damaged.len()));
            damaged[at] = random.u8(..);
        }
        let _ = decoded(&damaged, &shape, 5);
    }
    for len in 0..bytes.len() {
        assert!(decoded(&bytes[..len], &shape, 5).is_err(), "{len}");
    }
    assert!(decoded(&[&bytes[..], &[0]].concat(), &shape, 5).is_err());
    assert!(decoded(&bytes, &shape, 4).is_err() && decoded(&bytes, &shape, 6).is_err());
}

#[test]
fn limits_bound_what_is_held() {
    let shape = Shape::gray(64, 64, 8);
    let limits = Limits { samples_max: 5 * 64 * 64, ..Limits::default() };
    let exec = Exec { limits, ..Exec::default() };
    let refused = ExactDecoder::new(Vec::new(), &shape, 1, &Raw, &exec);
    assert!(matches!(refused.map(|_| ()), Err(CodecError::Limit { .. })));
}
