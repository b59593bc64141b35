//! Real files through the whole crate: packing byte for byte, damage, decoding and encoding.

use super::{CmykOutput, DecodedJpeg, Decoder, Encoder, Sampling, Verify, pack, unpack};
use tintype_codec::{CodecError, Exec, Payload, Tune};
use tintype_image::{
    ColourModel, Level, Limits, Metadata, PlaneInfo, PlaneRole, Planes, Shape, Threads,
};

const FILES: [(&str, &[u8]); 6] = [
    ("baseline 4:2:0", include_bytes!("../../../../testdata/jpeg/baseline_420.jpg")),
    ("progressive 4:4:4", include_bytes!("../../../../testdata/jpeg/progressive_444.jpg")),
    ("restarts 4:2:2", include_bytes!("../../../../testdata/jpeg/restarts_422.jpg")),
    ("gray", include_bytes!("../../../../testdata/jpeg/gray.jpg")),
    ("arithmetic", include_bytes!("../../../../testdata/jpeg/arithmetic.jpg")),
    ("4:4:0 progressive", include_bytes!("../../../../testdata/jpeg/progressive_440.jpg")),
];

fn exec() -> Exec {
    Exec { threads: Threads::ONE, ..Exec::default() }
}

fn decoded(bytes: &[u8], cmyk: CmykOutput) -> Result<DecodedJpeg, CodecError> {
    Decoder::new(bytes)?.cmyk_output(cmyk).exec(&exec()).decode()
}

fn unpacked(payload: &Payload, exec: &Exec) -> Result<Vec<u8>, CodecError> {
    unpack(&payload.header, &payload.section_views(), exec)
}

fn packed_len(bytes: &[u8], effort: u8) -> usize {
    let payload = pack(bytes, effort, Verify::No, &exec());
    assert!(unpacked(&payload, &exec()).unwrap() == bytes);
    payload.header.len() + payload.sections.iter().map(|s| s.bytes.len()).sum::<usize>()
}

/// A picture with edges, a gradient and some texture.
fn picture(width: usize, height: usize) -> Planes {
    let mut planes = Planes::new(Shape::rgb(width, height, 8));
    for (i, plane) in planes.planes.iter_mut().enumerate() {
        for y in 0..height {
            for (x, v) in plane.row_mut(y).iter_mut().enumerate() {
                let wave = ((x * x / 9 + y * 3 * (i + 1)) % 64) as u16;
                *v = (60 + (x + y * (2 - i)) as u16 / 2 + wave + if x > width / 2 { 50 } else { 0 })
                    .min(255);
            }
        }
    }
    planes
}

fn encoder(quality: f32, effort: u8, tune: Tune) -> Encoder {
    Encoder::new().quality(quality).effort(effort).tune(tune).exec(&exec())
}

#[test]
fn packed_files_are_smaller_and_unpack_byte_for_byte() {
    for (name, bytes) in FILES {
        for effort in [5, 9] {
            let size = packed_len(bytes, effort);
            // One is stored by design; a kilobyte under optimal Huffman codes is too short to
            // learn from.
            let stored = matches!(name, "arithmetic" | "gray");
            let bound = if stored { bytes.len() + 2 } else { bytes.len() * 19 / 20 };
            assert!(size <= bound, "{name} at effort {effort}: {} -> {size}", bytes.len());
        }
    }
}

#[test]
fn every_truncation_unpacks_and_decodes_with_a_warning_or_fails() {
    let bytes = FILES[0].1;
    for len in 0..bytes.len() {
        let cut = &bytes[..len];
        if len % 16 == 0 {
            packed_len(cut, 1);
        }
        if let Ok(decoded) = decoded(cut, CmykOutput::Rgb) {
            assert!(!decoded.warnings.is_empty(), "{len} of {} bytes pass for whole", bytes.len());
        }
    }
    let half = decoded(&bytes[..bytes.len() * 2 / 3], CmykOutput::Rgb).unwrap();
    let whole = decoded(bytes, CmykOutput::Rgb).unwrap();
    assert_eq!(half.planes.planes[0].row(3), whole.planes.planes[0].row(3), "what is there is decoded");
}

#[test]
fn files_with_flipped_bits_unpack_and_never_panic() {
    for (_, bytes) in FILES {
        for step in 0..60 {
            let mut flipped = bytes.to_vec();
            let bit = (step * 7919 + 13) % (bytes.len() * 8);
            flipped[bit / 8] ^= 1 << (bit % 8);
            packed_len(&flipped, 1);
            let _ = decoded(&flipped, CmykOutput::Bands);
        }
    }
}

#[test]
fn damaged_payloads_never_panic() {
    let payload = pack(FILES[1].1, 5, Verify::Yes, &exec());
    for section in 0..payload.sections.len() {
        for at in (0..payload.sections[section].bytes.len()).step_by(37) {
            let mut broken = payload.clone();
            broken.sections[section].bytes[at] ^= 0x55;
            let _ = unpacked(&broken, &exec());
            broken.sections[section].bytes.truncate(at);
            let _ = unpacked(&broken, &exec());
        }
    }
}

#[test]
fn levels_and_threads_decode_to_the_same_samples() {
    for (name, bytes) in FILES {
        let one = decoded(bytes, CmykOutput::Rgb).unwrap();
        assert!(one.warnings.is_empty(), "{name}: {:?}", one.warnings);
        let other =
            Exec { threads: Threads::new(3), level: Level::fallback(), limits: Limits::default() };
        let again = Decoder::new(bytes).unwrap().exec(&other).decode().unwrap();
        assert!(again.planes == one.planes, "{name}");
    }
}

#[test]
fn a_row_reader_gives_the_rows_of_the_whole_picture() {
    let two = Exec { threads: Threads::new(2), ..Exec::default() };
    for (width, height) in [(1, 1), (17, 3), (16, 33), (40, 31), (9, 64), (33, 17)] {
        for sampling in [Sampling::Full, Sampling::HalfWidth, Sampling::Half] {
            for quality in [20.0, 90.0] {
                let source = picture(width, height);
                let file = encoder(quality, 3, Tune::Psnr).sampling(sampling).encode(&source).unwrap();
                let decoder = Decoder::new(&file).unwrap();
                let [one, other] =
                    [exec(), two].map(|exec| decoder.clone().exec(&exec).decode().unwrap().planes);
                assert!(one == other, "{width} × {height}, {sampling:?}, {quality}");
                let mut planes = vec![Vec::new(); 3];
                let mut reader = decoder.rows().unwrap();
                assert!(reader.streams() && *reader.shape() == one.shape);
                while let Some(rows) = reader.next_rows().unwrap() {
                    assert_eq!((rows.first * width, rows.planes.len()), (planes[0].len(), 3));
                    for (plane, rows) in planes.iter_mut().zip(rows.planes) {
                        plane.extend_from_slice(rows);
                    }
                }
                assert!(
                    one.planes.iter().zip(&planes).all(|(plane, rows)| plane.as_slice() == Some(rows))
                );
            }
        }
    }
}

#[test]
fn packing_gives_the_same_bytes_at_every_level() {
    for (name, bytes) in FILES {
        let slow = Exec { level: Level::fallback(), ..exec() };
        let packed = pack(bytes, 5, Verify::No, &exec());
        assert!(packed == pack(bytes, 5, Verify::No, &slow), "{name}");
        assert!(unpacked(&packed, &slow).unwrap() == bytes, "{name}");
    }
}

#[test]
fn a_header_that_promises_far_more_than_the_data_is_refused() {
    let mut bytes = FILES[0].1.to_vec();
    let frame = bytes.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    bytes[frame + 5..frame + 9].fill(0xfe);
    assert!(matches!(decoded(&bytes, CmykOutput::Rgb), Err(CodecError::Limit { .. })));
    packed_len(&bytes, 1);
}

#[test]
fn encoded_pictures_decode_close_to_the_source_with_their_metadata() {
    let metadata = Metadata {
        icc: Some((0..150_000u32).map(|i| (i % 251) as u8).collect()),
        exif: Some(b"II*\0\x08\0\0\0".to_vec()),
        xmp: Some(b"<x:xmpmeta/>".to_vec()),
        ..Metadata::default()
    };
    for (width, height) in [(1, 1), (7, 3), (61, 47)] {
        let source = picture(width, height);
        for effort in [1, 3, 5, 9] {
            for sampling in [Sampling::Full, Sampling::HalfWidth, Sampling::Half] {
                let file = encoder(85.0, effort, Tune::Psnr)
                    .sampling(sampling)
                    .restart_interval(u16::from(effort == 3) * 2)
                    .metadata(&metadata)
                    .encode(&source)
                    .unwrap();
                let decoded = self::decoded(&file, CmykOutput::Rgb).unwrap();
                assert!(decoded.warnings.is_empty(), "{:?}", decoded.warnings);
                assert_eq!(decoded.metadata, metadata);
                let error: f64 = (0..3)
                    .map(|i| {
                        tintype_metrics::pointwise(&source.planes[i], &decoded.planes.planes[i]).mse()
                    })
                    .sum();
                assert!(error / 3.0 < 200.0, "{width}x{height} effort {effort} {sampling:?}: {error}");
                packed_len(&file, 1);
            }
        }
    }
}

#[test]
fn cmyk_bands_survive_and_paper_without_ink_is_white() {
    let planes = vec![PlaneInfo::new(PlaneRole::Band, 8); 4];
    let mut source = Planes::new(Shape { colour: ColourModel::Bands, planes, ..Shape::gray(16, 8, 8) });
    for (i, plane) in source.planes.iter_mut().enumerate() {
        for y in 0..8 {
            plane.row_mut(y)[8..].fill(40 * (i as u16 + 1));
        }
    }
    let file = encoder(95.0, 5, Tune::Psnr).encode(&source).unwrap();
    let inks = decoded(&file, CmykOutput::Bands).unwrap().planes;
    for (before, after) in source.planes.iter().zip(&inks.planes) {
        assert!(before.row(3).iter().zip(after.row(3)).all(|(a, b)| a.abs_diff(*b) < 4));
    }
    let seen = decoded(&file, CmykOutput::Rgb).unwrap().planes;
    assert!(seen.planes.iter().all(|p| p.row(3)[0] > 250 && p.row(3)[12] < 100));
}

#[test]
fn higher_quality_costs_more_bytes_and_less_error() {
    let source = picture(96, 80);
    let mut before = (0, f64::INFINITY);
    for quality in [10.0, 40.0, 70.0, 95.0] {
        let file = encoder(quality, 5, Tune::Visual).encode(&source).unwrap();
        let decoded = self::decoded(&file, CmykOutput::Rgb).unwrap();
        let error = tintype_metrics::pointwise(&source.planes[1], &decoded.planes.planes[1]).mse();
        assert!(
            file.len() > before.0 && error < before.1,
            "quality {quality}: {} bytes, mse {error}",
            file.len()
        );
        before = (file.len(), error);
    }
}

/// Bytes and hash of a payload's sections, as testdata/golden.txt has them.
fn section_figures(payload: &Payload) -> (usize, u64) {
    let (mut len, mut hash) = (0, 0xcbf2_9ce4_8422_2325u64);
    for section in &payload.sections {
        len += section.bytes.len();
        let key = [section.key.tile.to_le_bytes(), section.key.layer.to_le_bytes()].concat();
        for byte in key.iter().chain(&section.bytes) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    (len, hash)
}

#[test]
fn packed_files_have_the_bytes_of_the_golden_list() {
    let golden = include_str!("../../../../testdata/golden.txt");
    let names = ["baseline_420", "progressive_444", "restarts_422", "gray"];
    for (name, (_, bytes)) in names.into_iter().zip(FILES) {
        let (len, hash) = section_figures(&pack(bytes, 5, Verify::No, &exec()));
        let start = format!("packed {name} {len} {hash:016x} ");
        assert!(golden.lines().any(|line| line.starts_with(&start)), "{start}");
    }
}
