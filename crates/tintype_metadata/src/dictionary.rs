//! What metadata of picture files has in common.
//!
//! Built by rule from the lists below; part of the format: docs/format/metadata.md. Bit-exact.

use crate::huffman_tables::standard_huffman;
use crate::profiles::{built, numbers, parametric, srgb_curve, wide_text};
use std::sync::LazyLock;

/// The dictionary, and where the part ends that the model learns before the first byte.
static PARTS: LazyLock<(Vec<u8>, usize)> = LazyLock::new(|| {
    let mut out = jpeg_header();
    for order in [u16::to_be_bytes, u16::to_le_bytes] {
        out.extend(exif(order));
    }
    let sample = out.len();
    out.extend_from_slice(SEGMENTS);
    out.extend_from_slice(XMP.as_bytes());
    TEXTS.iter().for_each(|text| out.extend_from_slice(text.as_bytes()));
    out.extend_from_slice(LITTLE_CMS);
    WIDE_TEXTS.iter().for_each(|text| out.extend(wide_text(text)));
    out.extend(parametric());
    out.extend([numbers(&[0x6368_726d, 0, 0x3_0000]), numbers(&CHROMATICITIES)].concat());
    out.extend(srgb_curve(4096));
    // The last ones are found first.
    for (_, profile) in built().iter().rev() {
        out.extend_from_slice(profile);
    }
    (out, sample)
});

/// The bytes that matches may reach back into.
///
/// ```
/// assert!(tintype_metadata::dictionary().starts_with(b"\xff\xd8\xff\xe0\x00\x10JFIF"));
/// ```
pub fn dictionary() -> &'static [u8] {
    &PARTS.0
}

/// What the model learns before the first byte.
pub fn sample() -> &'static [u8] {
    &PARTS.0[..PARTS.1]
}

/// A JFIF file's header up to the first scan with the tables of annex K, and the scans of a
/// progressive one.
fn jpeg_header() -> Vec<u8> {
    let mut out =
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xdb\x00\x43\x00"
            .to_vec();
    out.extend_from_slice(
        b"\xff\xdb\x00\x43\x01\xff\xc0\x00\x11\x08\x02\x00\x03\x00\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01",
    );
    for (id, (counts, symbols)) in standard_huffman() {
        out.extend([0xff, 0xc4, 0, (19 + symbols.len()) as u8, id]);
        out.extend_from_slice(&counts);
        out.extend_from_slice(symbols);
    }
    out.extend_from_slice(b"\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00\xff\xd9");
    out.extend_from_slice(b"\xff\xda\x00\x0c\x03\x01\x00\x02\x10\x03\x10\x00\x00\x01");
    for scan in [[1, 1, 5, 2], [3, 1, 63, 1], [2, 1, 63, 1], [1, 6, 63, 2], [1, 1, 63, 0x21]] {
        let [component, first, last, bits] = scan;
        let table = u8::from(component > 1);
        out.extend([0xff, 0xda, 0, 8, 1, component, table, first, last, bits]);
    }
    out
}

/// An EXIF structure as cameras write it, without values; `word` gives its byte order.
fn exif(word: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let long = |number: u32| {
        let halves = [word((number >> 16) as u16), word(number as u16)];
        if word(1) == [0, 1] { halves.concat() } else { [halves[1], halves[0]].concat() }
    };
    let mut out = b"\xff\xe1Exif\0\0".to_vec();
    out.extend_from_slice(if word(1) == [0, 1] { b"MM\0*\0\0\0\x08" } else { b"II*\0\x08\0\0\0" });
    for entries in [&FIRST_DIRECTORY[..], &EXIF_DIRECTORY, &THUMBNAIL_DIRECTORY] {
        out.extend(word(entries.len() as u16));
        for (tag, kind, count) in entries {
            out.extend([word(*tag), word(*kind)].concat());
            out.extend(long(*count));
            out.extend(long(0));
        }
        out.extend(long(0));
    }
    [72, 1, 72, 1, 300, 1].iter().for_each(|number| out.extend(long(*number)));
    out
}

/// Tag, type and count of entries of a TIFF directory.
type Entry = (u16, u16, u32);

#[rustfmt::skip]
const FIRST_DIRECTORY: [Entry; 12] = [
    (0x10e, 2, 32), (0x10f, 2, 6), (0x110, 2, 20), (0x112, 3, 1),
    (0x11a, 5, 1), (0x11b, 5, 1), (0x128, 3, 1), (0x131, 2, 20),
    (0x132, 2, 20), (0x213, 3, 1), (0x8769, 4, 1), (0x8825, 4, 1),
];
#[rustfmt::skip]
const EXIF_DIRECTORY: [Entry; 32] = [
    (0x829a, 5, 1), (0x829d, 5, 1), (0x8822, 3, 1), (0x8827, 3, 1),
    (0x9000, 7, 4), (0x9003, 2, 20), (0x9004, 2, 20), (0x9101, 7, 4),
    (0x9102, 5, 1), (0x9201, 10, 1), (0x9202, 5, 1), (0x9204, 10, 1),
    (0x9205, 5, 1), (0x9207, 3, 1), (0x9208, 3, 1), (0x9209, 3, 1),
    (0x920a, 5, 1), (0x927c, 7, 0), (0x9286, 7, 0), (0xa000, 7, 4),
    (0xa001, 3, 1), (0xa002, 4, 1), (0xa003, 4, 1), (0xa005, 4, 1),
    (0xa217, 3, 1), (0xa300, 7, 1), (0xa301, 7, 1), (0xa401, 3, 1),
    (0xa402, 3, 1), (0xa403, 3, 1), (0xa405, 3, 1), (0xa406, 3, 1),
];
const THUMBNAIL_DIRECTORY: [Entry; 6] =
    [(0x103, 3, 1), (0x11a, 5, 1), (0x11b, 5, 1), (0x128, 3, 1), (0x201, 4, 1), (0x202, 4, 1)];

/// Beginnings of application segments, and of the parts of Photoshop's.
const SEGMENTS: &[u8] = b"\xff\xe2ICC_PROFILE\0\x01\x01\xff\xe2MPF\0MM\0*\0\0\0\x08\0\x03\xb0\0\0\x07\0\0\0\x040100\
\xb0\x01\0\x04\0\0\0\x01\0\0\0\x02\xb0\x02\0\x07\0\0\0\x20\0\0\0\x32\xff\xee\0\x0eAdobe\0d\0\0\0\0\x01\
\xff\xed\0\0Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x1c\x01Z\0\x03\x1b%G\x1c\x02\0\0\x02\0\0\
8BIM\x04\x25\0\0\0\0\0\x108BIM\x03\xed\0\0\0\0\0\x10\0H\0\0\0\x01\0\x01\0H\0\0\0\x01\0\x01\
8BIM\x04&\0\0\0\0\0\x0e8BIM\x03\xf2\0\0\0\0\0\x0a\0\0\xff\xff\xff\xff\xff\xff\0\08BIM\x04\x0d\0\0\0\0\0\x04\0\0\0\x1e\
8BIM\x04\x0c\0\0\0\08BIM\x03\xf3\0\0\0\0\0\x09\0\0\0\0\0\0\0\0\x01\08BIM\x27\x10\0\0\0\0\0\x0a\0\x01\0\0\0\0\0\0\0\x01\
8BIM\x03\xf5\0\0\0\0\0H\0/ff\0\x01\0lff\0\x068BIM\x03\xf8\0\0\0\0\0p\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\
\xfe\0http://ns.adobe.com/xmp/extension/\0urn:iso:std:iso:ts:21496:-1\0";

/// An XMP packet with the names that most hold.
const XMP: &str = concat!(
    "http://ns.adobe.com/xap/1.0/\0<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n",
    "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\" x:xmptk=\"Adobe XMP Core 5.6-c140 79.160451, 2017/05/06-01:08:21        \">\n",
    " <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n  <rdf:Description rdf:about=\"\"\n",
    "    xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"\n    xmlns:xmpMM=\"http://ns.adobe.com/xap/1.0/mm/\"\n",
    "    xmlns:stRef=\"http://ns.adobe.com/xap/1.0/sType/ResourceRef#\"\n",
    "    xmlns:stEvt=\"http://ns.adobe.com/xap/1.0/sType/ResourceEvent#\"\n",
    "    xmlns:dc=\"http://purl.org/dc/elements/1.1/\"\n    xmlns:photoshop=\"http://ns.adobe.com/photoshop/1.0/\"\n",
    "    xmlns:tiff=\"http://ns.adobe.com/tiff/1.0/\"\n    xmlns:exif=\"http://ns.adobe.com/exif/1.0/\"\n",
    "    xmlns:crs=\"http://ns.adobe.com/camera-raw-settings/1.0/\"\n    xmlns:aux=\"http://ns.adobe.com/exif/1.0/aux/\"\n",
    "    xmlns:hdrgm=\"http://ns.adobe.com/hdr-gain-map/1.0/\"\n",
    "    xmlns:GCamera=\"http://ns.google.com/photos/1.0/camera/\"\n",
    "    xmlns:Container=\"http://ns.google.com/photos/1.0/container/\"\n",
    "    xmlns:Item=\"http://ns.google.com/photos/1.0/container/item/\"\n",
    "   xmp:CreatorTool=\"Adobe Photoshop\" xmp:CreateDate=\"2019-01-01T12:00:00+01:00\" xmp:ModifyDate=\"2019-01-01T12:00:00+01:00\" ",
    "xmp:MetadataDate=\"2019-01-01T12:00:00+01:00\" xmp:Rating=\"0\" dc:format=\"image/jpeg\" photoshop:ColorMode=\"3\" ",
    "photoshop:ICCProfile=\"sRGB IEC61966-2.1\" xmpMM:InstanceID=\"xmp.iid:\" xmpMM:DocumentID=\"xmp.did:\" ",
    "xmpMM:OriginalDocumentID=\"xmp.did:\" hdrgm:Version=\"1.0\" hdrgm:GainMapMin=\"0\" hdrgm:GainMapMax=\"1\" ",
    "hdrgm:Gamma=\"1\" hdrgm:OffsetSDR=\"0.015625\" hdrgm:OffsetHDR=\"0.015625\" hdrgm:HDRCapacityMin=\"0\" ",
    "hdrgm:HDRCapacityMax=\"1\" hdrgm:BaseRenditionIsHDR=\"False\">\n",
    "   <xmpMM:History>\n    <rdf:Seq>\n     <rdf:li stEvt:action=\"saved\" stEvt:instanceID=\"xmp.iid:\" stEvt:when=\"2019\" ",
    "stEvt:softwareAgent=\"Adobe Photoshop CC (Macintosh)\" stEvt:changed=\"/\"/>\n    </rdf:Seq>\n   </xmpMM:History>\n",
    "   <dc:title>\n    <rdf:Alt>\n     <rdf:li xml:lang=\"x-default\"></rdf:li>\n    </rdf:Alt>\n   </dc:title>\n",
    "   <dc:subject>\n    <rdf:Bag>\n     <rdf:li></rdf:li>\n    </rdf:Bag>\n   </dc:subject>\n",
    "   <tiff:Orientation>1</tiff:Orientation>\n   <tiff:XResolution>720000/10000</tiff:XResolution>\n",
    "   <exif:PixelXDimension>640</exif:PixelXDimension>\n   <Container:Directory>\n",
    "     <rdf:li rdf:parseType=\"Resource\">\n      <Container:Item Item:Semantic=\"Primary\" Item:Mime=\"image/jpeg\"/>\n",
    "     </rdf:li>\n   </Container:Directory>\n  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n",
    "                                                                                                    \n",
    "<?xpacket end=\"w\"?>",
);

/// Names that stand in EXIF and in comments.
const TEXTS: [&str; 24] = [
    "Canon\0Canon EOS \0",
    "Canon PowerShot \0",
    "NIKON CORPORATION\0NIKON D\0",
    "NIKON\0COOLPIX \0Nikon\0\x02",
    "SONY\0DSC-\0SONY DSC \0",
    "FUJIFILM\0FinePix \0",
    "OLYMPUS IMAGING CORP.  \0OLYMP\0",
    "OLYMPUS OPTICAL CO.,LTD\0",
    "Panasonic\0DMC-\0",
    "PENTAX Corporation\0",
    "EASTMAN KODAK COMPANY\0KODAK \0",
    "SAMSUNG\0samsung\0SM-G\0",
    "Apple\0iPhone \0Apple iOS\0",
    "Google\0Pixel \0HDR+ 1.0.\0",
    "HUAWEI\0Xiaomi\0LGE\0motorola\0HTC\0",
    "Adobe Photoshop CS Windows\0Adobe Photoshop Lightroom (Macintosh)\0",
    "GIMP 2.10\0Picasa\0ACDSee\0Created with GIMP",
    "CREATOR: gd-jpeg v1.0 (using IJG JPEG v62), quality = 90\n",
    "2019:01:01 12:00:00\x002010:01:01 00:00:00\0",
    "ASCII\0\0\0UNICODE\x000100\x000210\x000220\x000221\x000230\x000231\0",
    "R980100WGS-84\0",
    "Generic RGB Profile\0Generic Gray Gamma 2.2 Profile\0",
    "FPXR\0Ducky\0\x01\0\x04\0\0\0",
    "\0\0\0\x18ftypmp42\0\0\0\0isommp42MotionPhoto_Data",
];

/// The head of a profile that Little CMS makes.
const LITTLE_CMS: &[u8] =
    b"\0\0\x02\xa0lcms\x04\x30\0\0mntrRGB XYZ \x07\xe4\0\x01\0\x01\0\0\0\0\0\0acspAPPL";

/// Chromaticities of BT.709, in units of 1/65 536.
const CHROMATICITIES: [u32; 6] = [0xa3d7, 0x547c, 0x4ccd, 0x999a, 0x2667, 0xf5c];

const WIDE_TEXTS: [&str; 8] = [
    "sRGB built-in",
    "Display P3",
    "sRGB",
    "Google/Skia/",
    "No copyright, use freely",
    "Public Domain",
    "GIMP",
    "Copyright Apple Inc., 2022",
];
