//! Every goal is met, by the smallest file that any codec of the choice offers.
//!
//! 40 goals at random × codecs × 6 small pictures; the same numbers in every run.

use tintype::{CodecId, Encoder, Error, Goal, Picture, Planes, codec, codec_of_build};
use tintype_metrics::{Wanted, compare_with};

/// Numbers that look random.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

fn pictures() -> Vec<(&'static str, Picture)> {
    let mut dice = Dice(7);
    let (width, height) = (56usize, 40usize);
    let mut scene = |noise: u64| -> Vec<u8> {
        let pixels = (0..width * height).flat_map(|at| {
            let (x, y) = (at % width, at / width);
            [x * 3 + y, y * 4 + x / 5 * 7 % 60, (x * y / 12) % 200]
        });
        pixels.map(|value| (value as u64 % 200 + dice.roll(noise)).min(255) as u8).collect()
    };
    let (smooth, noisy, random) = (scene(4), scene(40), scene(256));
    let gray: Vec<u16> = smooth.iter().step_by(3).map(|value| u16::from(*value) * 16).collect();
    let flat: Vec<u8> = (0..width * height)
        .flat_map(|at| [(at % width / 14 * 60) as u8, 200, (at / 700) as u8])
        .collect();
    let clear = smooth.chunks_exact(3).enumerate().flat_map(|(at, pixel)| {
        let far = (at % width).abs_diff(28).pow(2) + (at / width).abs_diff(20).pow(2);
        [pixel[0], pixel[1], pixel[2], if far < 200 { 255 } else { 0 }]
    });
    let clear: Vec<u8> = clear.collect();
    vec![
        ("smooth", Picture::from_rgb8(width, height, &smooth).unwrap()),
        ("noisy", Picture::from_rgb8(width, height, &noisy).unwrap()),
        ("random", Picture::from_rgb8(width, height, &random).unwrap()),
        ("12 bits in 16", Picture::from_gray16(width, height, &gray).unwrap()),
        ("flat", Picture::from_rgb8(width, height, &flat).unwrap()),
        ("with opacity", Picture::from_rgba8(width, height, &clear).unwrap()),
    ]
}

fn psnr(a: &Planes, b: &Planes) -> f64 {
    compare_with(a, b, Wanted::POINTWISE).unwrap().psnr
}

fn ssimulacra2(a: &Planes, b: &Planes) -> f64 {
    let wanted = Wanted { ssimulacra2: true, ..Wanted::POINTWISE };
    compare_with(a, b, wanted).unwrap().ssimulacra2.unwrap()
}

fn decoded(file: &[u8]) -> Planes {
    tintype::Decoder::from_stream(file).unwrap().decode().unwrap().picture.planes
}

#[test]
fn goals_are_met_by_the_smallest_file() {
    let mut dice = Dice(40);
    let pictures = pictures();
    let by = |picture: &Picture, goal: Goal, codec: Option<CodecId>| -> Result<Vec<u8>, Error> {
        let encoder = Encoder::new().effort(2).threads(1).goal(goal);
        let encoder = codec.map_or(encoder.clone(), |codec| encoder.codec(codec));
        Ok(encoder.encode(picture)?.bytes)
    };
    for turn in 0..40 {
        let (name, picture) = &pictures[turn % pictures.len()];
        let samples = picture.planes.shape.samples();
        let goal = match turn % 5 {
            0 | 1 => Goal::Psnr(26.0 + dice.roll(300) as f32 / 10.0),
            2 => Goal::SizeBytes(samples / 2 + dice.roll(samples)),
            3 => Goal::Bpp(2.0 + dice.roll(80) as f32 / 10.0),
            _ => Goal::Ssimulacra2(40.0 + dice.roll(500) as f32 / 10.0),
        };
        let what = format!("{name} at {goal:?}");
        let alone = [codec::PHOTO, codec::WAVELET, codec::LOSSLESS, codec::PLANES];
        let files: Vec<(CodecId, Vec<u8>)> = alone
            .into_iter()
            .filter(|id| codec_of_build(*id).is_some())
            .filter_map(|id| Some((id, by(picture, goal, Some(id)).ok()?)))
            .collect();
        let bytes_max = match goal {
            Goal::SizeBytes(size) => size as usize,
            Goal::Bpp(bpp) => {
                (f64::from(bpp) * (picture.width() * picture.height()) as f64 / 8.0) as usize
            }
            _ => usize::MAX,
        };
        let check = |codec: &str, file: &[u8]| {
            assert!(file.len() <= bytes_max, "{what} by {codec}: {} bytes", file.len());
            if let Goal::Psnr(db) = goal {
                let reached = psnr(&picture.planes, &decoded(file));
                assert!(reached >= 0.98 * f64::from(db), "{what} by {codec}: {reached}");
            }
            if let Goal::Ssimulacra2(score) = goal {
                let reached = ssimulacra2(&picture.planes, &decoded(file));
                assert!(reached >= 0.98 * f64::from(score), "{what} by {codec}: {reached}");
            }
        };
        files.iter().for_each(|(id, file)| check(id.name(), file));

        let chosen = by(picture, goal, None);
        assert_eq!(chosen.is_ok(), !files.is_empty(), "{what}: {chosen:?}");
        let Ok(chosen) = chosen else { continue };
        check("auto", &chosen);
        if let Goal::Psnr(_) | Goal::Ssimulacra2(_) = goal {
            // Where there is opacity, `planes` keeps it exactly; elsewhere it is no choice.
            let opacity = *name == "with opacity";
            let counts = |id: CodecId| match id {
                codec::LOSSLESS => true,
                codec::PLANES => opacity,
                _ => !opacity,
            };
            let rivals = files.iter().filter(|(id, _)| counts(*id));
            let (rival, least) =
                rivals.map(|(id, file)| (id, file.len())).min_by_key(|(_, len)| *len).unwrap();
            assert!(chosen.len() <= least, "{what}: {} bytes, {rival} has {least}", chosen.len());
        }
    }
}

#[test]
fn quality_100_is_never_larger_than_lossless() {
    for (name, picture) in pictures() {
        let choices = [None, Some(codec::WAVELET), Some(codec::PLANES)];
        for id in choices.into_iter().filter(|id| id.is_none_or(|id| codec_of_build(id).is_some())) {
            let encoder = Encoder::new().effort(2).threads(1);
            let encoder = id.map_or(encoder.clone(), |id| encoder.codec(id));
            let best = encoder.clone().quality(100.0).encode(&picture).unwrap().bytes.len();
            let exact = encoder.goal(Goal::Lossless).encode(&picture).unwrap().bytes.len();
            assert!(best <= exact, "{name} by {id:?}: {best} against {exact}");
        }
    }
}

#[test]
fn a_size_that_no_codec_reaches_names_the_smallest() {
    let (_, picture) = &pictures()[1];
    let error = Encoder::new().goal(Goal::SizeBytes(20)).encode(picture).unwrap_err().to_string();
    assert!(error.contains("no file of 20 bytes is possible: the smallest takes"), "{error}");
}
