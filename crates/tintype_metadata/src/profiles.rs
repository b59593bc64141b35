//! ICC profiles that many files hold, byte for byte, by number.
//!
//! Those of 1 to 15 are built by rule from their parameters; from 16 on they are the Compact ICC
//! Profiles (public domain, CC0 1.0), packed in this crate. Bit-exact, part of the format:
//! docs/format/metadata.md.
//!
//! Source: ICC.1:2010; IEC 61966-2-1 (the curve of sRGB); Adobe RGB (1998) Color Image Encoding;
//! SMPTE EG 432-1 (the primaries of Display P3).

use crate::unpack;
use std::sync::LazyLock;

/// The number of the first profile of the packed ones.
const FIRST_PACKED: usize = 16;
/// Bytes of the packed ones, unpacked.
/// The creator field of the packed ones.
const PACKED_CREATOR: &[u8] = b"hand";
const PACKED_BYTES: usize = 21970;
/// Names of the packed ones.
const PACKED_NAMES: &str = "AdobeCompat-v2 AdobeCompat-v4 AppleCompat-v2 AppleCompat-v4 ColorMatchCompat-v2 \
    ColorMatchCompat-v4 DCI-P3-v4 DisplayP3-v2-magic DisplayP3-v2-micro DisplayP3-v4 \
    DisplayP3Compat-v2-magic DisplayP3Compat-v2-micro DisplayP3Compat-v4 ProPhoto-v2-magic \
    ProPhoto-v2-micro ProPhoto-v4 Rec2020-g24-v4 Rec2020-v2-magic Rec2020-v2-micro \
    Rec2020-v4 Rec2020Compat-v2-magic Rec2020Compat-v2-micro Rec2020Compat-v4 \
    Rec601NTSC-v2-magic Rec601NTSC-v2-micro Rec601NTSC-v4 Rec601PAL-v2-magic \
    Rec601PAL-v2-micro Rec601PAL-v4 Rec709-v2-magic Rec709-v2-micro Rec709-v4 \
    WideGamutCompat-v2 WideGamutCompat-v4 sGrey-v2-magic sGrey-v2-micro sGrey-v2-nano \
    sGrey-v4 sRGB-v2-magic sRGB-v2-micro sRGB-v2-nano sRGB-v4 scRGB-v2";

/// Profiles that are built by rule, with their names, in the order of their numbers from 1 on.
pub fn built() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("sRGB IEC61966-2.1 (Hewlett-Packard)", hewlett_packard(0)),
        ("sRGB IEC61966-2.1 (Hewlett-Packard), colorimetric", hewlett_packard(1)),
        ("sRGB2014 (ICC)", colour_consortium(&SRGB_2014)),
        ("sRGB IEC61966-2-1 black scaled (ICC)", colour_consortium(&BLACK_SCALED)),
        ("Adobe RGB (1998), 1999", adobe_rgb(&[1999, 6, 3, 0, 0, 0])),
        ("Adobe RGB (1998), 2000", adobe_rgb(&[2000, 8, 11, 19, 51, 59])),
        ("Display P3 (Apple, 2017)", display_p3()),
        ("sRGB (Google, 2016)", google_srgb()),
    ]
}

static BUILT: LazyLock<Vec<(&'static str, Vec<u8>)>> = LazyLock::new(built);
static PACKED: LazyLock<Vec<(&'static str, Vec<u8>)>> = LazyLock::new(|| {
    let all = unpack(include_bytes!("compact_profiles.packed"), PACKED_BYTES);
    let mut rest = &all[..];
    let profiles = PACKED_NAMES.split(' ').map(|name| {
        let len = rest.first_chunk::<4>().map_or(0, |len| u32::from_be_bytes(*len) as usize);
        let (profile, others) = rest.split_at(len.min(rest.len()));
        rest = others;
        (name, profile.to_vec())
    });
    profiles.collect()
});

fn known(number: u8) -> Option<&'static (&'static str, Vec<u8>)> {
    let number = usize::from(number);
    match number.checked_sub(FIRST_PACKED) {
        Some(at) => PACKED.get(at),
        None => BUILT.get(number.checked_sub(1)?),
    }
}

/// The profile with `number`.
///
/// ```
/// let profile = tintype_metadata::known_profile(1).unwrap();
/// assert_eq!(profile.len(), 3144);
/// assert_eq!(tintype_metadata::profile_number(profile), Some(1));
/// assert_eq!(tintype_metadata::known_profile(200), None);
/// ```
pub fn known_profile(number: u8) -> Option<&'static [u8]> {
    known(number).map(|(_, profile)| &profile[..])
}

/// The number of `profile`, if it has one.
pub fn profile_number(profile: &[u8]) -> Option<u8> {
    let place = |list: &[(&str, Vec<u8>)]| list.iter().position(|(_, own)| own == profile);
    let built = place(&BUILT).map(|at| at + 1);
    // The packed ones are unpacked only where their maker's mark is seen.
    let number = match built {
        None if profile.get(80..84) == Some(PACKED_CREATOR) => {
            place(&PACKED).map(|at| at + FIRST_PACKED)
        }
        built => built,
    };
    number.and_then(|number| u8::try_from(number).ok())
}

/// The name of the profile with `number`.
///
/// ```
/// assert_eq!(tintype_metadata::profile_name(3), Some("sRGB2014 (ICC)"));
/// ```
pub fn profile_name(number: u8) -> Option<&'static str> {
    known(number).map(|(name, _)| *name)
}

/// The D50 white point, in units of 1/65 536, as all numbers below.
const D50: [u32; 3] = [0xf6d6, 0x1_0000, 0xd32d];
const D65: [u32; 3] = [0xf351, 0x1_0000, 0x1_16cc];
/// Red, green and blue of sRGB, Adobe RGB (1998) and Display P3, adapted to D50.
const SRGB: [[u32; 3]; 3] = [[0x6fa2, 0x38f5, 0x390], [0x6299, 0xb785, 0x18da], [0x24a0, 0xf84, 0xb6cf]];
const GOOGLE_SRGB: [[u32; 3]; 3] =
    [[0x6fa0, 0x38f5, 0x390], [0x6297, 0xb787, 0x18d9], [0x249f, 0xf84, 0xb6c3]];
const ADOBE_RGB: [[u32; 3]; 3] =
    [[0x9c18, 0x4fa5, 0x4fc], [0x348d, 0xa02c, 0xf95], [0x2631, 0x102f, 0xbe9c]];
const DISPLAY_P3: [[u32; 3]; 3] =
    [[0x83df, 0x3dbf, 0xffff_ffbb], [0x4abf, 0xb137, 0xab9], [0x2838, 0x110b, 0xc8b9]];
/// Matrices that adapt D65 to D50, as Apple, Google and the ICC have them.
const APPLE_ADAPTATION: [u32; 9] =
    [0x1_0c42, 0x5de, 0xffff_f326, 0x793, 0xfd90, 0xffff_fba2, 0xffff_fda3, 0x3dc, 0xc06e];
const GOOGLE_ADAPTATION: [u32; 9] =
    [0x1_0c42, 0x5de, 0xffff_f327, 0x793, 0xfd90, 0xffff_fba3, 0xffff_fda4, 0x3dc, 0xc06e];
const ICC_ADAPTATION: [u32; 9] =
    [0x1_0c44, 0x5df, 0xffff_f326, 0x794, 0xfd8f, 0xffff_fba1, 0xffff_fda2, 0x3db, 0xc075];
/// Gamma, and the four numbers of the curve of sRGB.
const PARAMETERS: [u32; 5] = [0x2_6666, 0xf2a7, 0xd59, 0x13d0, 0xa5b];

const IEC: &str = "IEC http://www.iec.ch";
const DEFAULT_SPACE: &str = "IEC 61966-2.1 Default RGB colour space - sRGB";
const REFERENCE: &str = "Reference Viewing Condition in IEC61966-2.1";

/// The sRGB of Hewlett-Packard, which may be copied where it is not changed.
fn hewlett_packard(intent: u32) -> Vec<u8> {
    let head = Head {
        module: b"Lino",
        version: 0x0210_0000,
        date: [1998, 2, 9, 6, 49, 0],
        platform: b"MSFT",
        device: b"IEC sRGB",
        intent,
        creator: b"HP  ",
        ..Head::default()
    };
    let curve = srgb_curve(1024);
    let twice = |text| description(text, Repeated::Yes);
    let tags = [
        (b"cprt", text("Copyright (c) 1998 Hewlett-Packard Company")),
        (b"desc", twice("sRGB IEC61966-2.1")),
        (b"wtpt", xyz(&D65)),
        (b"bkpt", xyz(&[0; 3])),
        (b"rXYZ", xyz(&SRGB[0])),
        (b"gXYZ", xyz(&SRGB[1])),
        (b"bXYZ", xyz(&SRGB[2])),
        (b"dmnd", twice(IEC)),
        (b"dmdd", twice(DEFAULT_SPACE)),
        (b"vued", twice(REFERENCE)),
        (b"view", tag(b"view", &[0x13_a4fe, 0x14_5f2e, 0x10_cf14, 0x3_edcc, 0x4_130b, 0x3_5c9e, 1])),
        (b"lumi", xyz(&[0x4c_0956, 0x50_0000, 0x57_1fe7])),
        (b"meas", tag(b"meas", &[1, 0, 0, 0, 0, 0x28f, 2])),
        (b"tech", tag(b"sig ", &[u32::from_be_bytes(*b"CRT ")])),
        (b"rTRC", curve.clone()),
        (b"gTRC", curve.clone()),
        (b"bTRC", curve),
    ];
    profile(&head, &tags, Equal::Shared)
}

/// What the two profiles of the ICC for sRGB differ in.
struct Consortium {
    date: [u16; 6],
    id: [u32; 4],
    name: &'static str,
    black: [u32; 3],
    copyright: &'static str,
}

const SRGB_2014: Consortium = Consortium {
    date: [2015, 2, 15, 0, 0, 0],
    id: [0x3d0e_b2de, 0xae93_97be, 0x9b67_26ce, 0x8c0a_43ce],
    name: "sRGB2014",
    black: [0x9e, 0xa4, 0x87],
    copyright: "Copyright International Color Consortium, 2015",
};
const BLACK_SCALED: Consortium = Consortium {
    date: [2009, 3, 27, 21, 36, 31],
    id: [0x29f8_3dde, 0xaff2_55ae, 0x7842_fae4, 0xca83_390d],
    name: "sRGB IEC61966-2-1 black scaled",
    black: [0x316, 0x333, 0x2a4],
    copyright: "Copyright International Color Consortium, 2009",
};

/// The profiles of the ICC, which may be copied without restriction.
fn colour_consortium(own: &Consortium) -> Vec<u8> {
    let head = Head {
        version: 0x0200_0000,
        date: own.date,
        device: &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        id: own.id,
        ..Head::default()
    };
    let curve = srgb_curve(1024);
    let once = |text| description(text, Repeated::No);
    let tags = [
        (b"desc", once(own.name)),
        (b"bXYZ", xyz(&SRGB[2])),
        (b"bTRC", curve.clone()),
        (b"gTRC", curve.clone()),
        (b"rTRC", curve),
        (b"dmdd", once("IEC 61966-2-1 Default RGB Colour Space - sRGB")),
        (b"gXYZ", xyz(&SRGB[1])),
        (b"lumi", xyz(&[0, 0x50_0000, 0])),
        (b"meas", tag(b"meas", &[1, 0, 0, 0, 0, 0, 2])),
        (b"bkpt", xyz(&own.black)),
        (b"rXYZ", xyz(&SRGB[0])),
        (b"tech", tag(b"sig ", &[u32::from_be_bytes(*b"CRT ")])),
        (b"vued", once("Reference Viewing Condition in IEC 61966-2-1")),
        (b"wtpt", xyz(&D50)),
        (b"cprt", text(own.copyright)),
        (b"chad", tag(b"sf32", &ICC_ADAPTATION)),
    ];
    // The older of the two has its tags in another order.
    let order: &[usize] = match own.black {
        [0x9e, ..] => &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        _ => &[0, 1, 2, 5, 6, 3, 7, 8, 9, 10, 4, 11, 12, 13, 14, 15],
    };
    let tags: Vec<_> = order.iter().map(|at| tags[*at].clone()).collect();
    profile(&head, &tags, Equal::Shared)
}

fn adobe_rgb(date: &[u16; 6]) -> Vec<u8> {
    let head = Head {
        module: b"ADBE",
        version: 0x0210_0000,
        date: *date,
        platform: b"APPL",
        device: b"none\0\0\0\0",
        creator: b"ADBE",
        ..Head::default()
    };
    let gamma = [&tag(b"curv", &[1])[..], &[2, 0x33]].concat();
    let tags = [
        (b"cprt", text(&format!("Copyright {} Adobe Systems Incorporated", date[0]))),
        (b"desc", description("Adobe RGB (1998)", Repeated::No)),
        (b"wtpt", xyz(&D65)),
        (b"bkpt", xyz(&[0; 3])),
        (b"rTRC", gamma.clone()),
        (b"gTRC", gamma.clone()),
        (b"bTRC", gamma),
        (b"rXYZ", xyz(&ADOBE_RGB[0])),
        (b"gXYZ", xyz(&ADOBE_RGB[1])),
        (b"bXYZ", xyz(&ADOBE_RGB[2])),
    ];
    profile(&head, &tags, Equal::Apart)
}

fn display_p3() -> Vec<u8> {
    let head = Head {
        module: b"appl",
        version: 0x0400_0000,
        date: [2017, 7, 7, 13, 22, 32],
        platform: b"APPL",
        device: b"APPL\0\0\0\0",
        creator: b"appl",
        id: [0xca1a_9582, 0x257f_104d, 0x3899_13d5, 0xd1ea_1582],
        ..Head::default()
    };
    let mut tags = vec![
        (b"desc", description("Display P3", Repeated::No)),
        (b"cprt", text("Copyright Apple Inc., 2017")),
        (b"wtpt", xyz(&D65)),
    ];
    tags.extend(parametric_tags(&DISPLAY_P3, &APPLE_ADAPTATION));
    profile(&head, &tags, Equal::Shared)
}

fn google_srgb() -> Vec<u8> {
    let head = Head {
        version: 0x0400_0000,
        date: [2016, 12, 8, 9, 38, 28],
        device: b"GOOG\0\0\0\0",
        creator: b"GOOG",
        id: [0x75e1_a6b1, 0x3c34_3763, 0x10c8_ab66, 0x0632_a28a],
        ..Head::default()
    };
    let mut tags = vec![
        (b"desc", wide_text("sRGB IEC61966-2.1\0")),
        (b"cprt", wide_text("Copyright (c) 2016 Google Inc.\0")),
        (b"wtpt", xyz(&D65)),
        (b"bkpt", xyz(&[0; 3])),
    ];
    tags.extend(parametric_tags(&GOOGLE_SRGB, &GOOGLE_ADAPTATION));
    profile(&head, &tags, Equal::Shared)
}

/// Primaries, the curve of sRGB as parameters, and the adaptation to D50, as their makers order them.
fn parametric_tags(primaries: &[[u32; 3]; 3], adaptation: &[u32]) -> [Tag; 7] {
    let curve = parametric();
    let [red, green, blue] = primaries.map(|primary| xyz(&primary));
    [
        (b"rXYZ", red),
        (b"gXYZ", green),
        (b"bXYZ", blue),
        (b"rTRC", curve.clone()),
        (b"chad", tag(b"sf32", adaptation)),
        (b"bTRC", curve.clone()),
        (b"gTRC", curve),
    ]
}

/// The head of an ICC profile of a display in RGB; fields that all of them share are left out.
#[derive(Default)]
struct Head {
    module: &'static [u8],
    version: u32,
    date: [u16; 6],
    platform: &'static [u8],
    /// Manufacturer, model, attributes.
    device: &'static [u8],
    intent: u32,
    creator: &'static [u8],
    id: [u32; 4],
}

/// Whether tags of equal data share it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Equal {
    Shared,
    Apart,
}

type Tag = (&'static [u8; 4], Vec<u8>);

/// A profile of `tags` in a row, each on a multiple of four.
fn profile(head: &Head, tags: &[Tag], equal: Equal) -> Vec<u8> {
    let start = 132 + 12 * tags.len();
    let (mut table, mut data) = (Vec::new(), Vec::<u8>::new());
    let mut placed: Vec<(&[u8], usize)> = Vec::new();
    for (name, bytes) in tags {
        let same = placed.iter().find(|(other, _)| equal == Equal::Shared && other == bytes);
        let at = same.map_or(start + data.len(), |(_, at)| *at);
        if same.is_none() {
            placed.push((bytes, at));
            data.extend_from_slice(bytes);
        }
        table.extend_from_slice(*name);
        table.extend(numbers(&[at as u32, bytes.len() as u32]));
        data.resize(data.len().next_multiple_of(4), 0);
    }
    let mut out = numbers(&[(start + data.len()) as u32]);
    out.extend(padded(head.module, 4));
    out.extend(numbers(&[head.version]));
    out.extend_from_slice(b"mntrRGB XYZ ");
    head.date.iter().for_each(|part| out.extend(part.to_be_bytes()));
    out.extend_from_slice(b"acsp");
    out.extend(padded(head.platform, 8));
    out.extend(padded(head.device, 16));
    out.extend(numbers(&[head.intent]));
    out.extend(numbers(&D50));
    out.extend(padded(head.creator, 4));
    out.extend(numbers(&head.id));
    out.resize(128, 0);
    out.extend(numbers(&[tags.len() as u32]));
    out.extend(table);
    out.extend(data);
    out
}

/// `bytes` with zeros up to `len`.
fn padded(bytes: &[u8], len: usize) -> impl Iterator<Item = u8> {
    bytes.iter().copied().chain(std::iter::repeat(0)).take(len)
}

/// 32-bit numbers, big-endian.
pub fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// A type's signature, four zeros, and numbers.
pub fn tag(signature: &[u8; 4], own: &[u32]) -> Vec<u8> {
    [&signature[..], &[0; 4], &numbers(own)].concat()
}

fn xyz(values: &[u32; 3]) -> Vec<u8> {
    tag(b"XYZ ", values)
}

fn text(text: &str) -> Vec<u8> {
    [&tag(b"text", &[])[..], text.as_bytes(), b"\0"].concat()
}

/// Whether a description has its text for Macintosh too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeated {
    Yes,
    No,
}

/// A description of version 2.
fn description(text: &str, repeated: Repeated) -> Vec<u8> {
    let len = text.len() as u8 + 1;
    let mut out = tag(b"desc", &[len.into()]);
    out.extend(padded(text.as_bytes(), usize::from(len) + 10));
    let (len, text) = if repeated == Repeated::Yes { (len, text.as_bytes()) } else { (0, &b""[..]) };
    out.push(len);
    out.extend(padded(text, 67));
    out
}

/// A text of version 4, English.
pub fn wide_text(text: &str) -> Vec<u8> {
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut out = tag(b"mluc", &[1, 12]);
    out.extend_from_slice(b"enUS");
    out.extend(numbers(&[wide.len() as u32, 28]));
    out.extend(wide);
    out
}

/// The curve of sRGB as a formula.
pub fn parametric() -> Vec<u8> {
    [tag(b"para", &[0x3_0000]), numbers(&PARAMETERS)].concat()
}

/// The curve of sRGB in `count` steps.
pub fn srgb_curve(count: u32) -> Vec<u8> {
    let mut out = tag(b"curv", &[count]);
    for step in 0..count {
        let light = light_from_srgb(f64::from(step) / f64::from(count - 1));
        out.extend(((65_535.0 * light + 0.5) as u16).to_be_bytes());
    }
    out
}

/// The light of a value of sRGB, 0 to 1: plain operations in a fixed order.
fn light_from_srgb(value: f64) -> f64 {
    if value <= 0.040_45 {
        return value / 12.92;
    }
    let base = (value + 0.055) / 1.055;
    let square = base * base;
    // The fifth root of the square by Newton's method; it starts above the root, and falls until it
    // is reached.
    let mut root = 1.0;
    for _ in 0..64 {
        let fourth = root * root * root * root;
        let next = (4.0 * root + square / fourth) / 5.0;
        if next >= root {
            break;
        }
        root = next;
    }
    square * root
}
