//! Bytes come back; the dictionary and the known profiles are those of the format page.

use crate::{dictionary, known_profile, pack, profile_name, profile_number, unpack};

/// FNV-1a of 64 bits.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

#[test]
fn bytes_come_back() {
    let noise: Vec<u8> = (0..3000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let steps: Vec<u8> = (0..20_000u32).flat_map(|i| (i * 3).to_be_bytes()).collect();
    let again = [&noise[..], &noise, &noise].concat();
    for bytes in [vec![], vec![255], noise.clone(), steps, again, dictionary().to_vec()] {
        let packed = pack(&bytes);
        assert!(packed.len() <= bytes.len() + bytes.len() / 32 + 4, "{} {}", packed.len(), bytes.len());
        assert_eq!(unpack(&packed, bytes.len()), bytes);
        for cut in [0, packed.len() / 2, packed.len().saturating_sub(1)] {
            let part = unpack(&packed[..cut], bytes.len());
            assert!(part.len() <= bytes.len());
        }
    }
    // What stood there before costs next to nothing.
    assert!(pack(&[&noise[..], &noise].concat()).len() < pack(&noise).len() + 40);
    assert!(pack(&dictionary()[..500]).len() < 20);
}

#[test]
fn the_dictionary_and_profiles_are_the_documents() {
    let page = include_str!("../../../docs/format/metadata.md");
    let text = format!("{} bytes, FNV-1a {:016x}", dictionary().len(), hash(dictionary()));
    assert!(page.contains(&text), "{text}");
    assert_eq!(dictionary(), include_bytes!("../../../docs/format/metadata-dictionary.bin"));
    let text = format!("first {} bytes", crate::dictionary::sample().len());
    assert!(page.contains(&text), "{text}");
    for number in 1..=255 {
        let Some(profile) = known_profile(number) else { continue };
        assert_eq!(profile_number(profile), Some(number));
        let name = profile_name(number).unwrap();
        let row = format!("| {number} | {name} | {} | {:016x} |", profile.len(), hash(profile));
        assert!(page.contains(&row), "{row}");
    }
}
