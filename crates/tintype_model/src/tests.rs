//! Round trips, the golden bytes of a small file, and hostile files.

use crate::hash::checksum;
use crate::{ModelError, ModelFile, ModelHash, ModelHead, ModelLimits};

fn read(bytes: &[u8]) -> Result<ModelFile, ModelError> {
    ModelFile::read(bytes, &ModelLimits::default())
}

/// Payloads that favour each of the packings.
fn payloads() -> Vec<Vec<u8>> {
    let mut state = 1u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 16
    };
    let noise: Vec<u8> = (0..5000).map(|_| random() as u8).collect();
    let small_bytes: Vec<u8> = (0..5000).map(|_| (random() % 5) as u8).collect();
    let words = (0..5001).map(|i| ((random() as i16) >> (4 + i / 1000)).to_le_bytes());
    let mut words: Vec<u8> = words.flatten().collect();
    words.extend([i16::MIN.to_le_bytes(), i16::MAX.to_le_bytes()].concat());
    words.push(9);
    // Smaller by an eighth to a quarter: mostly below 48.
    let uneven =
        (0..60_000).map(|_| (random() % if random() % 4 == 0 { 256 } else { 48 }) as u8).collect();
    vec![Vec::new(), vec![1], noise, small_bytes, words, uneven]
}

#[test]
fn every_packing_gives_back_its_payload() {
    let mut packings = Vec::new();
    for payload in payloads() {
        let file = ModelFile::new(3, 1, payload);
        let bytes = file.to_bytes();
        packings.push(bytes[7]);
        assert_eq!(read(&bytes).unwrap(), file);
    }
    assert_eq!(packings, [0, 0, 0, 1, 2, 4]);
}

#[test]
fn a_small_file_has_these_bytes() {
    let file = ModelFile::new(5, 1, b"ab".to_vec());
    let mut expected = b"TINM\x01\x05\x01\x00".to_vec();
    expected.extend(ModelHash::of(5, 1, b"ab").0);
    expected.extend(b"\x02\x00\x00\x00ab");
    expected.extend(checksum(&expected));
    assert_eq!(file.to_bytes(), expected);
}

#[test]
fn hash_depends_on_codec_version_and_payload() {
    let hashes = [(1, 1, "a"), (2, 1, "a"), (1, 2, "a"), (1, 1, "b")]
        .map(|(codec, version, payload)| ModelHash::of(codec, version, payload.as_bytes()));
    for (i, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..i].contains(hash));
    }
}

#[test]
fn another_codec_and_another_version_are_refused() {
    let file = ModelFile::new(5, 1, vec![1]);
    assert_eq!(file.payload_for(5, "photo", 1), Ok(&[1][..]));
    assert!(matches!(file.payload_for(6, "sparse", 1), Err(ModelError::Mismatch { .. })));
    assert!(matches!(file.payload_for(5, "photo", 2), Err(ModelError::Unsupported { .. })));
    let mut bytes = file.to_bytes();
    bytes[4] = 2;
    assert!(matches!(ModelHead::read(&bytes), Err(ModelError::Unsupported { .. })));
}

#[test]
fn damaged_and_short_files_are_errors() {
    for payload in payloads() {
        let bytes = ModelFile::new(3, 1, payload).to_bytes();
        for len in (0..bytes.len()).step_by(1 + bytes.len() / 200) {
            assert!(read(&bytes[..len]).is_err(), "{len} bytes");
        }
        for at in (0..bytes.len()).step_by(1 + bytes.len() / 200) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            assert!(read(&damaged).is_err(), "byte {at}");
        }
    }
}

#[test]
fn damage_behind_a_right_checksum_is_an_error() {
    for payload in payloads() {
        let bytes = ModelFile::new(3, 1, payload).to_bytes();
        let body = bytes.len() - 4;
        for at in (5..body).step_by(1 + body / 200) {
            let mut damaged = bytes[..body].to_vec();
            damaged[at] ^= 1 << (at % 8);
            damaged.extend(checksum(&damaged));
            assert!(read(&damaged).is_err(), "byte {at}");
        }
    }
}

#[test]
fn payloads_beyond_the_limit_are_refused() {
    let bytes = ModelFile::new(3, 1, vec![0; 3 << 20]).to_bytes();
    assert!(read(&bytes).is_ok());
    let refused = ModelFile::read(&bytes, &ModelLimits::SENT);
    assert!(matches!(refused, Err(ModelError::Limit { .. })));
}

#[test]
fn a_model_as_differences_needs_its_parent() {
    let parent = ModelFile::new(5, 1, payloads()[2].clone());
    let mut payload = parent.payload().to_vec();
    payload[100] ^= 5;
    let file = ModelFile::new(5, 1, payload);
    let bytes = file.to_bytes_under(&parent);
    assert!(bytes.len() < 60, "{}", bytes.len());
    let read_with = |bytes: &[u8], parent: Option<ModelFile>| {
        ModelFile::read_with_parent(bytes, &ModelLimits::default(), |_| parent)
    };
    assert_eq!(read_with(&bytes, Some(parent.clone())).unwrap(), file);
    assert_eq!(ModelHead::read(&bytes).unwrap().hash, file.hash());
    for wrong in [None, Some(file.clone()), Some(ModelFile::new(6, 1, parent.payload().to_vec()))] {
        assert!(matches!(read_with(&bytes, wrong), Err(ModelError::Mismatch { .. })));
    }
    for len in 0..bytes.len() {
        assert!(read_with(&bytes[..len], Some(parent.clone())).is_err(), "{len}");
    }
}
