//! Deflate with a preset dictionary of what ICC profiles of RGB pictures have in common: the curve
//! of sRGB, white points, primaries, tables of tags, and the texts of the profiles that programs
//! put into every file.
//!
//! In: a profile; out: a raw deflate stream whose matches may reach back into the dictionary, and
//! back. The dictionary is built by rule, from formulas and the lists below, and is part of the
//! format: docs/format/icc-dictionary.md. Bit-exact: whole numbers, and for the curve plain IEEE 754
//! operations in a fixed order.
//!
//! Source: RFC 1951 (deflate); RFC 1950, 2.2 (preset dictionaries); ICC.1:2010; IEC 61966-2-1 (the
//! curve of sRGB).

use crate::ContainerLimits;
use miniz_oxide::deflate::core::create_comp_flags_from_zip_params;
use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, TDEFLStatus, compress};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};
use std::sync::OnceLock;

/// Effort of the search for matches, 0 to 10.
const EFFORT: i32 = 9;
/// Bytes of output room that are added at a time.
const ROOM: usize = 1 << 14;

/// `profile` deflated against the dictionary.
pub(crate) fn deflated(profile: &[u8]) -> Option<Vec<u8>> {
    // Raw deflate: no zlib header.
    let flags = create_comp_flags_from_zip_params(EFFORT, -15, 0);
    let mut state = CompressorOxide::new(flags);
    // A flush ends on a whole byte and keeps the window.
    run(&mut state, dictionary(), TDEFLFlush::Sync)?;
    run(&mut state, profile, TDEFLFlush::Finish)
}

fn run(state: &mut CompressorOxide, mut input: &[u8], flush: TDEFLFlush) -> Option<Vec<u8>> {
    let (mut out, mut len) = (Vec::new(), 0);
    loop {
        out.resize(len + ROOM, 0);
        let (status, read, written) = compress(state, input, &mut out[len..], flush);
        input = input.get(read..)?;
        len += written;
        match status {
            TDEFLStatus::Okay | TDEFLStatus::Done => {
                let flushed = input.is_empty() && written < ROOM;
                if status == TDEFLStatus::Done || (flushed && flush != TDEFLFlush::Finish) {
                    out.truncate(len);
                    return Some(out);
                }
            }
            _ => return None,
        }
    }
}

/// The profile that [`deflated`] packed.
///
/// # Errors
/// `Some` of the status for a damaged stream, `HasMoreOutput` for more than `limits` allow.
pub(crate) fn inflated(mut packed: &[u8], limits: &ContainerLimits) -> Result<Vec<u8>, TINFLStatus> {
    let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let max = usize::try_from(limits.metadata_bytes_max).unwrap_or(usize::MAX);
    let start = dictionary().len();
    let mut out = dictionary().to_vec();
    let mut at = start;
    let mut state = Box::<DecompressorOxide>::default();
    loop {
        let room = out.len().max(ROOM).min(max.saturating_add(start).saturating_sub(out.len()));
        out.resize(out.len() + room, 0);
        let (status, read, written) = decompress(&mut state, packed, &mut out, at, flags);
        packed = packed.get(read..).unwrap_or_default();
        at += written;
        match status {
            TINFLStatus::Done => {
                out.truncate(at);
                return Ok(out.split_off(start));
            }
            TINFLStatus::HasMoreOutput if out.len() - start < max => {}
            status => return Err(status),
        }
    }
}

/// The preset dictionary.
fn dictionary() -> &'static [u8] {
    static DICTIONARY: OnceLock<Vec<u8>> = OnceLock::new();
    DICTIONARY.get_or_init(built)
}

/// A tag's name and its length.
type TagLength = (&'static [u8; 4], u32);

/// The D50 white point, in units of 1/65 536, as all numbers below.
const D50: [u32; 3] = [0xf6d6, 0x1_0000, 0xd32d];
/// Red, green and blue of sRGB, Adobe RGB (1998) and Display P3, adapted to D50.
const SRGB: [[u32; 3]; 3] = [[0x6fa2, 0x38f5, 0x390], [0x6299, 0xb785, 0x18da], [0x24a0, 0xf84, 0xb6cf]];
const ADOBE_RGB: [[u32; 3]; 3] =
    [[0x9c18, 0x4fa5, 0x4fc], [0x348d, 0xa02c, 0xf95], [0x2631, 0x102f, 0xbe9c]];
const DISPLAY_P3: [[u32; 3]; 3] =
    [[0x83df, 0x3dbf, 0xffff_ffbb], [0x4abf, 0xb137, 0xab9], [0x2838, 0x110b, 0xc8b9]];
/// The matrix that adapts D65 to D50.
const ADAPTATION: [u32; 9] =
    [0x1_0c42, 0x5de, 0xffff_f325, 0x793, 0xfd90, 0xffff_fba1, 0xffff_fda2, 0x3dc, 0xc06e];
/// Chromaticities of BT.709.
const CHROMATICITIES: [u32; 6] = [0xa3d7, 0x547c, 0x4ccd, 0x999a, 0x2667, 0xf5c];
/// Gamma, and the four numbers of the curve of sRGB.
const PARAMETERS: [u32; 5] = [0x2_6666, 0xf2a7, 0xd59, 0x13d0, 0xa5b];
const WIDE_TEXTS: [&str; 9] = [
    "sRGB built-in",
    "Display P3",
    "sRGB",
    "Google/Skia/",
    "No copyright, use freely",
    "Public Domain",
    "GIMP",
    "Copyright Apple Inc., 2017",
    "Google Inc. 2016",
];
/// Tags of usual profiles with their lengths; 0: the same data as the tag before.
const TABLES: [(u32, &[TagLength]); 4] = [
    (
        264,
        &[
            (b"desc", 48),
            (b"cprt", 80),
            (b"wtpt", 20),
            (b"rXYZ", 20),
            (b"gXYZ", 20),
            (b"bXYZ", 20),
            (b"rTRC", 32),
            (b"chad", 44),
            (b"bTRC", 0),
            (b"gTRC", 0),
        ],
    ),
    (
        288,
        &[
            (b"desc", 64),
            (b"cprt", 54),
            (b"wtpt", 20),
            (b"chad", 44),
            (b"rXYZ", 20),
            (b"bXYZ", 20),
            (b"gXYZ", 20),
            (b"rTRC", 32),
            (b"gTRC", 0),
            (b"bTRC", 0),
            (b"chrm", 36),
            (b"dmnd", 36),
            (b"dmdd", 36),
        ],
    ),
    (
        252,
        &[
            (b"cprt", 50),
            (b"desc", 107),
            (b"wtpt", 20),
            (b"bkpt", 20),
            (b"rTRC", 14),
            (b"gTRC", 14),
            (b"bTRC", 14),
            (b"rXYZ", 20),
            (b"gXYZ", 20),
            (b"bXYZ", 20),
        ],
    ),
    (
        264,
        &[
            (b"desc", 64),
            (b"cprt", 90),
            (b"wtpt", 20),
            (b"bkpt", 20),
            (b"rXYZ", 20),
            (b"gXYZ", 20),
            (b"bXYZ", 20),
            (b"rTRC", 32),
            (b"chad", 44),
            (b"bTRC", 0),
            (b"gTRC", 0),
        ],
    ),
];
const LONG_TABLE: (u32, &[(&[u8; 4], u32)]) = (
    336,
    &[
        (b"cprt", 51),
        (b"desc", 108),
        (b"wtpt", 20),
        (b"bkpt", 20),
        (b"rXYZ", 20),
        (b"gXYZ", 20),
        (b"bXYZ", 20),
        (b"dmnd", 112),
        (b"dmdd", 136),
        (b"vued", 134),
        (b"view", 36),
        (b"lumi", 20),
        (b"meas", 36),
        (b"tech", 12),
        (b"rTRC", 2060),
        (b"gTRC", 0),
        (b"bTRC", 0),
    ],
);
const IEC: &str = "IEC http://www.iec.ch";
const DEFAULT_SPACE: &str = "IEC 61966-2.1 Default RGB colour space - sRGB";
const REFERENCE: &str = "Reference Viewing Condition in IEC61966-2.1";

fn built() -> Vec<u8> {
    let mut out = Builder(Vec::new());
    out.curve(4096);
    out.tag(b"mluc", &[1, 12]).bytes(b"enUS").numbers(&[0x1c, 0x1c]);
    WIDE_TEXTS.iter().flat_map(|text| text.encode_utf16()).for_each(|unit| {
        out.bytes(&unit.to_be_bytes());
    });
    out.tag(b"chrm", &[0x3_0000]).numbers(&CHROMATICITIES);
    out.tag(b"sf32", &ADAPTATION);
    out.tag(b"para", &[0x3_0000]).numbers(&PARAMETERS);
    out.tag(b"curv", &[1]).bytes(&[2, 0x33, 0, 0]).tag(b"curv", &[1]).bytes(&[1, 0xcd, 0, 0]);
    for xyz in ADOBE_RGB.iter().chain(&DISPLAY_P3) {
        out.tag(b"XYZ ", xyz);
    }
    out.tag(b"text", &[]).bytes(b"Copyright 2000 Adobe Systems Incorporated\0");
    out.tag(b"desc", &[17]).bytes(b"Adobe RGB (1998)").zeros(68);
    out.bytes(b"Generic RGB Profile\0Generic Gray Gamma 2.2 Profile\0");
    TABLES.iter().for_each(|table| out.table(table));
    out.numbers(&[0x3144]).bytes(b"lcms\x04\x30\0\0mntrRGB XYZ \x07\xe4acspAPPL");
    out.bytes(b"ADBE\x02\x10\0\0mntrRGB XYZ \x07\xcf\0\x06\0\x03\0\0\0\0\0\0acspAPPL\0\0\0\0none");
    out.zeros(16).numbers(&D50).bytes(b"ADBE").zeros(40);
    out.numbers(&[3144]);
    out.bytes(
        b"Lino\x02\x10\0\0mntrRGB XYZ \x07\xce\0\x02\0\x09\0\x06\0\x31\0\0acspMSFT\0\0\0\0IEC sRGB",
    );
    out.zeros(12).numbers(&D50).bytes(b"HP  ").zeros(40);
    out.table(&LONG_TABLE);
    out.tag(b"text", &[]).bytes(b"Copyright (c) 1998 Hewlett-Packard Company\0");
    out.tag(b"desc", &[18]).bytes(b"sRGB IEC61966-2.1\0").zeros(8);
    out.bytes(b"\x12sRGB IEC61966-2.1").zeros(49);
    out.tag(b"XYZ ", &[0xf351, 0x1_0000, 0x1_16cc]).tag(b"XYZ ", &[0, 0, 0]);
    for xyz in &SRGB {
        out.tag(b"XYZ ", xyz);
    }
    for (text, zeros) in [(IEC, 45), (DEFAULT_SPACE, 24), (REFERENCE, 24)] {
        let len = text.len() as u8 + 1;
        out.tag(b"desc", &[len.into()]).bytes(text.as_bytes()).zeros(9);
        out.bytes(&[len]).bytes(text.as_bytes()).zeros(zeros);
    }
    let view = [0x13_a4fe, 0x14_5f2e, 0x10_cf14, 0x3_edcc, 0x4_130b, 0x3_5c9e, 1];
    out.tag(b"view", &view).tag(b"XYZ ", &[0x4c_0956, 0x50_0000, 0x57_1fe7]);
    out.tag(b"meas", &[1, 0, 0, 0, 0, 0x28f, 2]).tag(b"sig ", &[]).bytes(b"CRT ");
    out.curve(1024);
    out.0
}

struct Builder(Vec<u8>);

impl Builder {
    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn zeros(&mut self, count: usize) -> &mut Self {
        self.0.resize(self.0.len() + count, 0);
        self
    }

    /// 32-bit numbers, big-endian.
    fn numbers(&mut self, numbers: &[u32]) -> &mut Self {
        numbers.iter().for_each(|number| self.0.extend(number.to_be_bytes()));
        self
    }

    /// A type's signature, four zeros, and numbers.
    fn tag(&mut self, signature: &[u8; 4], numbers: &[u32]) -> &mut Self {
        self.bytes(signature).zeros(4).numbers(numbers)
    }

    /// A table of tags whose data starts at `start`, each at the next multiple of four.
    fn table(&mut self, (start, tags): &(u32, &[(&[u8; 4], u32)])) {
        self.numbers(&[tags.len() as u32]);
        let (mut next, mut place) = (*start, [0, 0]);
        for (signature, len) in *tags {
            if *len > 0 {
                place = [next, *len];
                next += len.next_multiple_of(4);
            }
            self.bytes(*signature).numbers(&place);
        }
    }

    /// The curve of sRGB in `count` steps.
    fn curve(&mut self, count: u32) {
        self.tag(b"curv", &[count]);
        for step in 0..count {
            let light = light_from_srgb(f64::from(step) / f64::from(count - 1));
            self.0.extend(((65_535.0 * light + 0.5) as u16).to_be_bytes());
        }
    }
}

/// The light of a value of sRGB, 0 to 1.
fn light_from_srgb(value: f64) -> f64 {
    if value <= 0.040_45 {
        return value / 12.92;
    }
    let base = (value + 0.055) / 1.055;
    let square = base * base;
    // The fifth root of the square by Newton's method; it starts above the root.
    let mut root = 1.0;
    for _ in 0..64 {
        let fourth = root * root * root * root;
        root = (4.0 * root + square / fourth) / 5.0;
    }
    square * root
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::crc32c;

    #[test]
    fn the_dictionary_is_the_documents() {
        let document = include_str!("../../../docs/format/icc-dictionary.md");
        let text =
            format!("{} bytes, CRC-32C 0x{:08x}", dictionary().len(), crc32c([dictionary(), b""]));
        assert!(document.contains(&text), "{text}");
        // Steps of the curve that profiles in use have.
        let curve = &dictionary()[12..];
        let at = |step: usize| u16::from_be_bytes([curve[2 * step], curve[2 * step + 1]]);
        assert_eq!([0, 1, 2, 3, 11, 4095].map(at), [0, 1, 2, 4, 14, 65_535]);
    }

    #[test]
    fn profiles_come_back() {
        let limits = ContainerLimits::default();
        let own: Vec<u8> = (0..5000u32).flat_map(|value| (value * value).to_le_bytes()).collect();
        for profile in [&b""[..], b"x", &dictionary()[8300..11_000], &own] {
            let packed = deflated(profile).unwrap();
            assert_eq!(inflated(&packed, &limits).unwrap(), profile);
        }
        // What is in the dictionary costs next to nothing.
        assert!(deflated(&dictionary()[9000..12_000]).unwrap().len() < 100);
        let packed = deflated(&own).unwrap();
        let tight = ContainerLimits { metadata_bytes_max: 19_999, ..limits };
        assert!(inflated(&packed, &tight).is_err());
        assert!(inflated(&packed, &ContainerLimits { metadata_bytes_max: 20_000, ..limits }).is_ok());
        for len in 0..packed.len().min(300) {
            assert!(inflated(&packed[..len], &limits).is_err(), "{len}");
        }
    }
}
