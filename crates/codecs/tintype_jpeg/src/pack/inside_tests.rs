//! Files inside files, profiles in repeated pieces, and tails.

use super::{Verify, pack, unpack};
use tintype_codec::{Exec, Payload};

const OUTER: &[u8] = include_bytes!("../../../../../testdata/jpeg/baseline_420.jpg");
const GRAY: &[u8] = include_bytes!("../../../../../testdata/jpeg/gray.jpg");
const PROGRESSIVE: &[u8] = include_bytes!("../../../../../testdata/jpeg/progressive_444.jpg");
const ARITHMETIC: &[u8] = include_bytes!("../../../../../testdata/jpeg/arithmetic.jpg");
const ARITHMETIC_PROGRESSIVE: &[u8] =
    include_bytes!("../../../../../testdata/jpeg/arithmetic_progressive.jpg");

/// `file` with a segment of `marker` and `body` behind its start of image.
fn with_segment(file: &[u8], marker: u8, body: &[u8]) -> Vec<u8> {
    let len = (body.len() as u16 + 2).to_be_bytes();
    [&file[..2], &[0xff, marker], &len, body, &file[2..]].concat()
}

fn noise(len: usize) -> Vec<u8> {
    let mut state = 1u64;
    let bytes = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 56) as u8
    });
    bytes.take(len).collect()
}

/// Bytes of the payload of `file`, which must come back.
fn packed_len(file: &[u8], effort: u8) -> usize {
    let payload = pack(file, effort, Verify::No, &Exec::default());
    assert!(back(&payload).is_ok_and(|again| again == file));
    payload.header.len() + payload.sections.iter().map(|section| section.bytes.len()).sum::<usize>()
}

fn back(payload: &Payload) -> Result<Vec<u8>, tintype_codec::CodecError> {
    unpack(&payload.header, &payload.section_views(), &Exec::default())
}

#[test]
fn jpeg_files_inside_are_packed_too() {
    for effort in [5, 9] {
        let alone = packed_len(OUTER, effort);
        // A thumbnail, a second picture with a thumbnail of its own, and further frames.
        let second = with_segment(PROGRESSIVE, 0xe1, &[b"Exif\0\0", GRAY].concat());
        let thumbnail = with_segment(OUTER, 0xe1, &[b"Exif\0\0MM\0*", GRAY, b"end"].concat());
        let cases = [
            (thumbnail, packed_len(GRAY, effort)),
            ([OUTER, &second].concat(), packed_len(&second, effort)),
            ([OUTER, b"between", PROGRESSIVE, GRAY, b"tail"].concat(), {
                packed_len(PROGRESSIVE, effort) + packed_len(GRAY, effort)
            }),
        ];
        for (file, inside) in cases {
            let packed = packed_len(&file, effort);
            // Headers are alike, so that the parts together are smaller than each alone.
            assert!(packed < alone + inside + 40, "{packed} {alone} {inside}");
        }
    }
}

#[test]
fn a_profile_in_repeated_pieces_costs_little() {
    let profile = tintype_metadata::known_profile(3).unwrap();
    let piece = [b"ICC_PROFILE\0\x01\x01", profile].concat();
    let mut file = OUTER.to_vec();
    let plain = packed_len(&file, 5);
    for _ in 0..20 {
        file = with_segment(&file, 0xe2, &piece);
    }
    assert!(file.len() > 60_000);
    assert!(packed_len(&file, 5) < plain + 150, "{}", packed_len(&file, 5));
}

#[test]
fn tails_take_what_is_least() {
    let plain = packed_len(OUTER, 5);
    for len in [100, 1000, 50_000, 300_000] {
        let packed = packed_len(&[OUTER, &noise(len)].concat(), 5);
        assert!(packed <= plain + len + 24, "{len}: {packed}");
    }
    let text = b"a tail that can be predicted; ".repeat(2000);
    assert!(packed_len(&[OUTER, &text].concat(), 5) < plain + 200);
    let video = [&b"\0\0\0\x18ftypmp42"[..], &noise(40_000), &text].concat();
    assert!(packed_len(&[OUTER, &video].concat(), 5) < plain + 40_400);
}

#[test]
fn what_no_coefficients_can_be_had_of_is_no_longer_than_it_was() {
    let text = b"text ".repeat(100);
    for file in [&text[..], &noise(500), &OUTER[..9], b"", &OUTER[2..]] {
        let packed = packed_len(file, 5);
        assert!(packed <= file.len() + 2, "{packed} {}", file.len());
    }
    assert!(packed_len(&text, 5) < 40);
    let arithmetic = with_segment(ARITHMETIC, 0xe1, &[b"Exif\0\0", GRAY].concat());
    assert!(packed_len(&arithmetic, 5) < packed_len(ARITHMETIC, 5) + packed_len(GRAY, 5) + 20);
}

#[test]
fn arithmetic_coded_files_are_packed_from_their_coefficients() {
    for file in [ARITHMETIC, ARITHMETIC_PROGRESSIVE] {
        let payload = pack(file, 5, Verify::No, &Exec::default());
        assert_eq!(payload.header[2], 1, "segments of coefficients");
        // Nothing but the coefficients' and the headers' own sections.
        assert_eq!(payload.sections.len(), 2);
        assert!(packed_len(file, 5) < file.len() * 9 / 10, "{} {}", packed_len(file, 5), file.len());
        for cut in [file.len() / 2, file.len() - 20] {
            packed_len(&file[..cut], 5);
        }
        for step in 0..40 {
            let mut flipped = file.to_vec();
            let bit = (step * 7919 + 13) % (file.len() * 8);
            flipped[bit / 8] ^= 1 << (bit % 8);
            packed_len(&flipped, 1);
        }
    }
}

#[test]
fn damaged_payloads_with_files_inside_never_panic() {
    let second = with_segment(PROGRESSIVE, 0xe1, &[b"Exif\0\0", GRAY].concat());
    let file = [&with_segment(OUTER, 0xe1, GRAY)[..], &second, &noise(2000)].concat();
    let payload = pack(&file, 5, Verify::Yes, &Exec::default());
    for at in 2..payload.header.len() {
        for bit in 0..8 {
            let mut broken = payload.clone();
            broken.header[at] ^= 1 << bit;
            assert!(back(&broken).map_or(true, |again| again != file), "header byte {at} bit {bit}");
        }
    }
    for section in 0..payload.sections.len() {
        let mut missing = payload.clone();
        missing.sections.remove(section);
        assert!(back(&missing).is_err());
        for at in (0..payload.sections[section].bytes.len()).step_by(37) {
            let mut broken = payload.clone();
            broken.sections[section].bytes[at] ^= 0x10;
            let _ = back(&broken);
            broken.sections[section].bytes.truncate(at);
            let _ = back(&broken);
        }
    }
}
