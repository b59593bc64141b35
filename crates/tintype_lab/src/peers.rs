//! Everybody else's codecs: which programs, which command lines, which settings.
//!
//! All run on one thread. The ladders span about 0.1 to 2 bits per pixel on photographs, from small to large files.

use crate::codec::{Carrier, Codec, Template};
use crate::record::Missing;
use std::process::{Command, Stdio};

/// One line of the table: a codec and how its programs are called.
struct Peer {
    name: &'static str,
    encoder: &'static str,
    encode: &'static str,
    /// Programs that decode, the first that is there is taken; none: our own reader decodes.
    decoders: &'static [&'static str],
    decode: &'static str,
    /// Arguments that make the encoder tell what it is.
    version: &'static str,
    /// A word that its answer must hold.
    proof: &'static str,
    extension: &'static str,
    takes: Carrier,
    gives: Carrier,
    setting_kind: &'static str,
    ladder: &'static [&'static str],
}

const JPEG_Q: &[&str] = &["4", "10", "22", "40", "60", "76", "87", "94"];
const AV1_CQ: &[&str] = &["62", "56", "49", "42", "35", "27", "19", "12"];

/// Every lossy peer.
const LOSSY: &[Peer] = &[
    Peer {
        name: "libjpeg-turbo",
        encoder: "cjpeg",
        encode: "-quality Q -baseline -optimize -progressive -sample 2x2 -outfile OUT IN",
        decoders: &["djpeg"],
        decode: "-pnm -outfile OUT IN",
        version: "-version",
        proof: "libjpeg-turbo",
        extension: "jpg",
        takes: Carrier::Pnm,
        gives: Carrier::Pnm,
        setting_kind: "quality",
        ladder: JPEG_Q,
    },
    Peer {
        name: "mozjpeg",
        encoder: "cjpeg",
        encode: "-quality Q -sample 2x2 -outfile OUT IN",
        decoders: &["djpeg"],
        decode: "-pnm -outfile OUT IN",
        version: "-version",
        proof: "mozjpeg",
        extension: "jpg",
        takes: Carrier::Pnm,
        gives: Carrier::Pnm,
        setting_kind: "quality",
        ladder: &["4", "12", "25", "45", "65", "80", "90"],
    },
    Peer {
        name: "jpegli",
        encoder: "cjpegli",
        encode: "IN OUT -d Q --quiet",
        decoders: &["djpegli"],
        decode: "IN OUT --quiet",
        version: "--version",
        proof: "",
        extension: "jpg",
        takes: Carrier::Pnm,
        gives: Carrier::Pnm,
        setting_kind: "distance",
        ladder: &["25", "16", "10", "6", "3.5", "2.2", "1.4", "0.8"],
    },
    Peer {
        name: "webp",
        encoder: "cwebp",
        encode: "-quiet -m 6 -q Q IN -o OUT",
        decoders: &["dwebp"],
        decode: "-quiet IN -ppm -o OUT",
        version: "-version",
        proof: "",
        extension: "webp",
        takes: Carrier::Pnm,
        gives: Carrier::Pnm,
        setting_kind: "quality",
        ladder: &["0", "8", "25", "50", "72", "85", "93"],
    },
    Peer {
        name: "jpeg2000",
        encoder: "opj_compress",
        encode: "-i IN -o OUT -I -r RATIO -threads 1",
        decoders: &["opj_decompress"],
        decode: "-i IN -o OUT -threads 1 -quiet",
        version: "-h",
        proof: "openjp2",
        extension: "jp2",
        takes: Carrier::Pnm,
        gives: Carrier::Pnm,
        setting_kind: "bpp",
        ladder: &["0.1", "0.2", "0.35", "0.6", "1.0", "1.5", "2.2"],
    },
    Peer {
        name: "jxl",
        encoder: "cjxl",
        encode: "IN OUT -d Q -e 7 --num_threads=1 --quiet",
        decoders: &["djxl"],
        decode: "IN OUT --num_threads=1 --quiet",
        version: "--version",
        proof: "",
        extension: "jxl",
        takes: Carrier::Pnm,
        gives: Carrier::Pnm,
        setting_kind: "distance",
        ladder: &["18", "11", "7", "4.5", "2.8", "1.7", "1", "0.6"],
    },
    Peer {
        name: "avif",
        encoder: "avifenc",
        encode: "-y 444 -s 6 -j 1 --min 0 --max 63 -a end-usage=q -a cq-level=Q IN OUT",
        decoders: &["avifdec"],
        decode: "-j 1 --png-compress 1 IN OUT",
        version: "--version",
        proof: "",
        extension: "avif",
        takes: Carrier::Png,
        gives: Carrier::Png,
        setting_kind: "cq-level",
        ladder: AV1_CQ,
    },
    Peer {
        name: "avif-psnr",
        encoder: "avifenc",
        encode: "-y 444 -s 6 -j 1 --min 0 --max 63 -a end-usage=q -a cq-level=Q -a tune=psnr IN OUT",
        decoders: &["avifdec"],
        decode: "-j 1 --png-compress 1 IN OUT",
        version: "--version",
        proof: "",
        extension: "avif",
        takes: Carrier::Png,
        gives: Carrier::Png,
        setting_kind: "cq-level",
        ladder: AV1_CQ,
    },
    Peer {
        name: "heic",
        encoder: "heif-enc",
        encode: "-q Q -p chroma=444 -p x265:pools=none -p x265:frame-threads=1 -o OUT IN",
        decoders: &["heif-dec", "heif-convert"],
        decode: "IN OUT",
        version: "--list-encoders",
        proof: "HEVC",
        extension: "heic",
        takes: Carrier::Png,
        gives: Carrier::Png,
        setting_kind: "quality",
        ladder: &["2", "10", "18", "28", "42", "56", "70"],
    },
];

/// Every exact peer.
const EXACT: &[Peer] = &[
    Peer {
        name: "png-optipng",
        encoder: "optipng",
        encode: "-quiet -oQ -out OUT IN",
        decoders: &[],
        decode: "",
        version: "-version",
        proof: "",
        extension: "png",
        takes: Carrier::Png,
        gives: Carrier::Png,
        setting_kind: "effort",
        ladder: &["5"],
    },
    Peer {
        name: "png-oxipng",
        encoder: "oxipng",
        encode: "--quiet -o Q --threads 1 --out OUT IN",
        decoders: &[],
        decode: "",
        version: "--version",
        proof: "",
        extension: "png",
        takes: Carrier::Png,
        gives: Carrier::Png,
        setting_kind: "effort",
        ladder: &["4"],
    },
    Peer {
        name: "webp-lossless",
        encoder: "cwebp",
        encode: "-quiet -lossless -exact -z Q IN -o OUT",
        decoders: &["dwebp"],
        decode: "-quiet IN -ppm -o OUT",
        version: "-version",
        proof: "",
        extension: "webp",
        takes: Carrier::Pnm,
        gives: Carrier::Pnm,
        setting_kind: "effort",
        ladder: &["9"],
    },
    Peer {
        name: "webp-lossless-z6",
        encoder: "cwebp",
        encode: "-quiet -lossless -exact -z Q IN -o OUT",
        decoders: &["dwebp"],
        decode: "-quiet IN -ppm -o OUT",
        version: "-version",
        proof: "",
        extension: "webp",
        takes: Carrier::Pnm,
        gives: Carrier::Pnm,
        setting_kind: "effort",
        ladder: &["6"],
    },
    Peer {
        name: "jpeg2000-lossless",
        encoder: "opj_compress",
        encode: "-i IN -o OUT -threads Q",
        decoders: &["opj_decompress"],
        decode: "-i IN -o OUT -threads 1 -quiet",
        version: "-h",
        proof: "openjp2",
        extension: "jp2",
        takes: Carrier::Pnm,
        gives: Carrier::Pnm,
        setting_kind: "effort",
        ladder: &["1"],
    },
    Peer {
        name: "jxl-lossless-e7",
        encoder: "cjxl",
        encode: "IN OUT -d 0 -e Q --num_threads=1 --quiet",
        decoders: &["djxl"],
        decode: "IN OUT --num_threads=1 --quiet",
        version: "--version",
        proof: "",
        extension: "jxl",
        takes: Carrier::Pnm,
        gives: Carrier::Pnm,
        setting_kind: "effort",
        ladder: &["7"],
    },
    Peer {
        name: "jxl-lossless-e9",
        encoder: "cjxl",
        encode: "IN OUT -d 0 -e Q --num_threads=1 --quiet",
        decoders: &["djxl"],
        decode: "IN OUT --num_threads=1 --quiet",
        version: "--version",
        proof: "",
        extension: "jxl",
        takes: Carrier::Pnm,
        gives: Carrier::Pnm,
        setting_kind: "effort",
        ladder: &["9"],
    },
    Peer {
        name: "avif-lossless",
        encoder: "avifenc",
        encode: "--lossless -s Q -j 1 IN OUT",
        decoders: &["avifdec"],
        decode: "-j 1 --png-compress 1 IN OUT",
        version: "--version",
        proof: "",
        extension: "avif",
        takes: Carrier::Png,
        gives: Carrier::Png,
        setting_kind: "effort",
        ladder: &["6"],
    },
];

/// Programs that are looked for so that the report can say why they are not in it.
const NOT_RUN: &[(&str, &str, &str)] = &[(
    "vvenc",
    "vvencapp",
    "it takes 4:2:0 video only and its files need a decoder of another package",
)];

/// The peers found on `PATH`, and those that are missing. `wanted` holds names, or is empty for all.
pub fn find(lossless: bool, wanted: &[String]) -> (Vec<Codec>, Vec<Missing>) {
    let table = if lossless { EXACT } else { LOSSY };
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|w| w == name);
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for peer in table.iter().filter(|peer| is_wanted(peer.name)) {
        match probe(peer) {
            Ok(codec) => found.push(codec),
            Err(why) => missing.push(Missing { codec: peer.name.into(), why }),
        }
    }
    for (name, program, why) in NOT_RUN.iter().filter(|(name, ..)| !lossless && is_wanted(name)) {
        let why = if said(program, "--version").is_some() { *why } else { "not found on PATH" };
        missing.push(Missing { codec: name.to_string(), why: format!("{program}: {why}") });
    }
    (found, missing)
}

/// Names of all peers that could be asked for.
pub fn names(lossless: bool) -> Vec<&'static str> {
    let table = if lossless { EXACT } else { LOSSY };
    let not_run = NOT_RUN.iter().filter(|_| !lossless).map(|(name, ..)| *name);
    table.iter().map(|peer| peer.name).chain(not_run).collect()
}

fn probe(peer: &Peer) -> Result<Codec, String> {
    let version = said(peer.encoder, peer.version)
        .ok_or_else(|| format!("{} is not on PATH", peer.encoder))?;
    if !version.to_lowercase().contains(&peer.proof.to_lowercase()) {
        return Err(format!(
            "{} on PATH is another program or lacks the encoder (no `{}`)",
            peer.encoder, peer.proof
        ));
    }
    let decoder = peer.decoders.iter().find(|program| said(program, "-h").is_some());
    if decoder.is_none() && !peer.decoders.is_empty() {
        return Err(format!("no decoder on PATH ({})", peer.decoders.join(" or ")));
    }
    Ok(Codec {
        name: peer.name.into(),
        ours: false,
        version: version_line(&version, peer.proof),
        extension: peer.extension.into(),
        setting_kind: peer.setting_kind.into(),
        ladder: peer.ladder.iter().map(|s| s.to_string()).collect(),
        takes: peer.takes,
        encode: Template::new(peer.encoder, peer.encode),
        decode: decoder.map(|program| Template::new(program, peer.decode)),
        gives: peer.gives,
        model: (None, None),
    })
}

/// All that `program` prints when asked with `argument`; none if it does not start. Its exit status is not looked at:
/// several of these programs give 1 for their own help.
fn said(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).stdin(Stdio::null()).output().ok()?;
    Some(
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr),
    )
}

/// The first line that holds `proof` and a digit, else the first line.
fn version_line(text: &str, proof: &str) -> String {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let telling = |line: &&str| line.contains(proof) && line.contains(|c: char| c.is_ascii_digit());
    lines().find(telling).or(lines().next()).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_reads_and_writes() {
        for peer in LOSSY.iter().chain(EXACT) {
            let words: Vec<&str> = peer.encode.split(' ').collect();
            assert!(words.contains(&"IN") && words.contains(&"OUT"), "{}", peer.name);
            assert!(peer.encode.contains('Q') || words.contains(&"RATIO"), "{}", peer.name);
            assert_eq!(peer.decoders.is_empty(), peer.decode.is_empty(), "{}", peer.name);
            assert!(
                peer.decode.is_empty()
                    || (peer.decode.contains("IN") && peer.decode.contains("OUT")),
                "{}",
                peer.name
            );
        }
    }

    #[test]
    fn names_are_unique() {
        for lossless in [false, true] {
            let mut names = names(lossless);
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count);
        }
    }

    #[test]
    fn what_is_asked_for_is_found_or_named_as_missing() {
        let (found, missing) = find(false, &["vvenc".into(), "webp".into()]);
        assert_eq!(found.len() + missing.len(), 2);
        assert!(missing.iter().all(|entry| !entry.why.is_empty()));
    }

    #[test]
    fn the_telling_line_of_a_help_text_is_taken() {
        assert_eq!(
            version_line("\nusage\nbuilt with openjp2 library v2.5.0.\n", "openjp2"),
            "built with openjp2 library v2.5.0."
        );
        assert_eq!(version_line("cjxl v0.7.0 [AVX2]\nmore", ""), "cjxl v0.7.0 [AVX2]");
    }
}
