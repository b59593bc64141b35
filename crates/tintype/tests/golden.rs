//! Golden hashes: what every codec that is built in makes of a list of pictures.
//!
//! For each codec, picture and target the test hashes the sections' bytes and the decoded
//! samples and compares them with testdata/golden.txt. A change that is meant to be a move
//! leaves the file as it is. `GOLDEN=write cargo test -p tintype --test golden` writes it
//! anew; the commit then says why in a line `Golden:`.

mod pictures;

use pictures::{Sample, samples};
use std::fmt::Write;
use tintype::{ClipDecoder, ClipEncoder, ClipInfo};
use tintype_codec::{CodecError, DecodeRequest, EncodeSettings, Exec, Payload, Target};
use tintype_image::{ColourModel, Planes, Shape, YCbCrMatrix, sample_hash};
use tintype_jpeg::{Decoder, Encoder, Verify, pack};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/golden.txt");

/// Where FNV-1a begins.
const FNV: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a, on from `hash`.
fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// FNV-1a over all sections, their keys included.
fn section_hash(payload: &Payload) -> u64 {
    payload.sections.iter().fold(FNV, |hash, section| {
        let keys = [section.key.tile.to_le_bytes(), section.key.layer.to_le_bytes()].concat();
        fnv(fnv(hash, &keys), &section.bytes)
    })
}

/// A clip of 11 pictures in which a square moves over a slope, at an effort.
fn clip_line(name: &str, shape: &Shape, effort: u8) -> String {
    let info = ClipInfo::new(shape.clone(), (25, 1));
    let mut encoder = ClipEncoder::new(&info).unwrap().effort(effort).group(9);
    let mut file = Vec::new();
    for time in 0..11 {
        let mut planes = Planes::new(shape.clone());
        for (index, plane) in planes.planes.iter_mut().enumerate() {
            for y in 0..plane.height() {
                for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                    let inside = (3 * time..3 * time + 24).contains(&x) && (8..30).contains(&y);
                    let texture = (x * 7 + y * 13 + x * y / 3) % if inside { 60 } else { 9 };
                    *sample = (40 + 20 * index + x + 2 * y / (1 + index) + texture) as u16 % 250;
                }
            }
        }
        file.extend(encoder.push(&planes).unwrap());
    }
    file.extend(encoder.finish().unwrap());
    let mut decoder = ClipDecoder::new(&file[..]).unwrap();
    let mut samples = FNV;
    while let Some(planes) = decoder.next_picture().unwrap() {
        samples = fnv(samples, &sample_hash(&planes).to_le_bytes());
    }
    format!("clip {name} e{effort} {} {:016x} {samples:016x}", file.len(), fnv(FNV, &file))
}

fn clip_lines() -> [String; 3] {
    let mut chroma = Shape::rgb(90, 52, 8);
    chroma.colour = ColourModel::YCbCr(YCbCrMatrix::Bt601);
    for plane in &mut chroma.planes[1..] {
        (plane.subsample_x_log2, plane.subsample_y_log2) = (1, 1);
    }
    let gray = Shape::gray(64, 40, 10);
    [clip_line("420", &chroma, 5), clip_line("420", &chroma, 1), clip_line("gray10", &gray, 4)]
}

fn line(
    codec: &dyn tintype_codec::Codec,
    name: &str,
    sample: &Sample,
    target: Target,
    exec: &Exec,
) -> Option<String> {
    let settings = EncodeSettings { target, effort: sample.effort, ..EncodeSettings::default() };
    let payload = match codec.encode(&sample.planes, &settings, exec) {
        Ok(payload) => payload,
        Err(CodecError::Unsupported { .. }) => return None,
        Err(error) => panic!("{name} on {}: {error}", sample.name),
    };
    let decoded =
        codec.decode(&payload.view(&sample.planes.shape), &DecodeRequest::default(), exec).unwrap();
    let goal = match target {
        Target::Quality(quality) => format!("q{quality}"),
        Target::Lossless => "exact".into(),
    };
    let bytes: usize = payload.sections.iter().map(|section| section.bytes.len()).sum();
    let (coded, samples) = (section_hash(&payload), sample_hash(&decoded));
    Some(format!("{name} {} e{} {goal} {bytes} {coded:016x} {samples:016x}", sample.name, sample.effort))
}

/// Packing and decoding a JPEG file, and making one anew from its picture.
fn jpeg_lines(name: &str, file: &[u8], exec: &Exec) -> [String; 2] {
    let packed = pack(file, 5, Verify::No, exec);
    let decode = |file| Decoder::new(file).and_then(|d| d.exec(exec).decode()).unwrap();
    let decoded = decode(file);
    let bytes: usize = packed.sections.iter().map(|section| section.bytes.len()).sum();
    let (coded, samples) = (section_hash(&packed), sample_hash(&decoded.planes));
    let encoder = Encoder::new().metadata(&decoded.metadata).exec(exec);
    let made = encoder.encode(&decoded.planes).unwrap();
    let again = sample_hash(&decode(&made).planes);
    [
        format!("packed {name} {bytes} {coded:016x} {samples:016x}"),
        format!("jpeg {name} {} {again:016x}", made.len()),
    ]
}

const JPEGS: [(&str, &[u8]); 6] = [
    ("arithmetic", include_bytes!("../../../testdata/jpeg/arithmetic.jpg")),
    ("baseline_420", include_bytes!("../../../testdata/jpeg/baseline_420.jpg")),
    ("gray", include_bytes!("../../../testdata/jpeg/gray.jpg")),
    ("progressive_440", include_bytes!("../../../testdata/jpeg/progressive_440.jpg")),
    ("progressive_444", include_bytes!("../../../testdata/jpeg/progressive_444.jpg")),
    ("restarts_422", include_bytes!("../../../testdata/jpeg/restarts_422.jpg")),
];

#[test]
fn every_codec_gives_the_bytes_and_samples_it_gave_before() {
    let exec = Exec::default();
    let mut found = String::new();
    for id in tintype::codec::built_in() {
        let codec = tintype::codec_of_build(id).expect("listed codecs are built in");
        for sample in samples() {
            for target in [Target::Quality(20.0), Target::Quality(75.0), Target::Lossless] {
                if let Some(line) = line(codec, id.name(), &sample, target, &exec) {
                    writeln!(found, "{line}").unwrap();
                }
            }
        }
    }
    for (name, file) in JPEGS {
        for line in jpeg_lines(name, file, &exec) {
            writeln!(found, "{line}").unwrap();
        }
    }
    for line in clip_lines() {
        writeln!(found, "{line}").unwrap();
    }
    if std::env::var_os("GOLDEN").is_some_and(|value| value == "write") {
        std::fs::write(FILE, &found).unwrap();
    }
    let expected = std::fs::read_to_string(FILE).unwrap();
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.lines().count(), expected.lines().count());
}
