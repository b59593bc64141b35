//! Peers, the codecs of others: which of them run on this machine.
//!
//! All run on one thread. A codec whose programs are not on `PATH` may still run through
//! Python, where Pillow or imagecodecs is installed. What is missing is named with the reason.

use crate::codec::{Carrier, Codec, Template};
use crate::record::Missing;
use std::process::{Command, Stdio};

mod table;

use table::{LOSSLESS, LOSSY, NOT_RUN};

/// One line of the table: a codec and how its programs are called.
#[derive(Clone, Copy)]
struct Peer {
    name: &'static str,
    encoder: Program,
    /// Programs that decode; the first that is there is taken. None: our own reader decodes.
    decoders: &'static [&'static str],
    /// Arguments of the decoder, or a Python script for an encoder in Python.
    decode: &'static str,
    extension: &'static str,
    takes: Carrier,
    gives: Carrier,
    setting_kind: &'static str,
    ladder: &'static [&'static str],
}

/// How a peer encodes, and how it is recognised.
#[derive(Clone, Copy)]
enum Program {
    /// A program on `PATH`.
    Named {
        program: &'static str,
        arguments: &'static str,
        /// Argument that makes the program print what it is.
        version: &'static str,
        /// A word that its answer must contain.
        proof: &'static str,
    },
    /// A library called through Python, for machines without its programs.
    Python {
        /// Prints what the library is; fails where it is missing.
        version: &'static str,
        /// Encodes.
        script: &'static str,
    },
}

/// The peers found on this machine, and those that are missing. `wanted` holds names, or is
/// empty for all.
///
/// The table may list a name more than once; its first line that runs here is taken.
pub fn find(lossless: bool, wanted: &[String]) -> (Vec<Codec>, Vec<Missing>) {
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|w| w == name);
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for name in run_names(lossless).into_iter().filter(|name| is_wanted(name)) {
        match find_one(lossless, name) {
            Ok(codec) => found.push(codec),
            Err(why) => missing.push(Missing { codec: name.into(), why }),
        }
    }
    for (name, program, why) in NOT_RUN.iter().filter(|(name, ..)| !lossless && is_wanted(name)) {
        let why = if said(program, &["--version"]).is_some() { *why } else { "not found on PATH" };
        missing.push(Missing { codec: name.to_string(), why: format!("{program}: {why}") });
    }
    (found, missing)
}

/// Names of all peers that could be asked for.
pub fn names(lossless: bool) -> Vec<&'static str> {
    let not_run = NOT_RUN.iter().filter(|_| !lossless).map(|(name, ..)| *name);
    run_names(lossless).into_iter().chain(not_run).collect()
}

fn table_of(lossless: bool) -> &'static [Peer] {
    if lossless { LOSSLESS } else { LOSSY }
}

/// Names in the table, each once.
fn run_names(lossless: bool) -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    for peer in table_of(lossless) {
        if !names.contains(&peer.name) {
            names.push(peer.name);
        }
    }
    names
}

/// The first line of the table under `name` that runs here, or why none does.
fn find_one(lossless: bool, name: &str) -> Result<Codec, String> {
    let mut reasons = Vec::new();
    for peer in table_of(lossless).iter().filter(|peer| peer.name == name) {
        match probe(peer) {
            Ok(codec) => return Ok(codec),
            Err(reason) => reasons.push(reason),
        }
    }
    Err(reasons.join("; "))
}

fn probe(peer: &Peer) -> Result<Codec, String> {
    let (version, encode, decode) = match peer.encoder {
        Program::Named { program, arguments, version, proof } => {
            let version = version_of(program, version, proof)?;
            (version, Template::new(program, arguments), decoder_of(peer)?)
        }
        Program::Python { version, script } => {
            let version = python_version(version)?;
            let decode = Template::python(peer.decode, "IN OUT");
            (version, Template::python(script, "IN OUT Q"), Some(decode))
        }
    };
    Ok(Codec {
        name: peer.name.into(),
        ours: false,
        version,
        extension: peer.extension.into(),
        setting_kind: peer.setting_kind.into(),
        ladder: peer.ladder.iter().map(|s| s.to_string()).collect(),
        takes: peer.takes,
        encode,
        decode,
        gives: peer.gives,
        times_itself: matches!(peer.encoder, Program::Python { .. }),
        model: (None, None),
    })
}

fn version_of(program: &str, argument: &str, proof: &str) -> Result<String, String> {
    let text = said(program, &[argument]).ok_or_else(|| format!("{program} is not on PATH"))?;
    if !text.to_lowercase().contains(&proof.to_lowercase()) {
        return Err(format!("{program} on PATH is another program or lacks the encoder (no `{proof}`)"));
    }
    Ok(version_line(&text, proof))
}

fn decoder_of(peer: &Peer) -> Result<Option<Template>, String> {
    if peer.decoders.is_empty() {
        return Ok(None);
    }
    let found = peer.decoders.iter().find(|program| said(program, &["-h"]).is_some());
    let program = found.ok_or_else(|| format!("no decoder on PATH ({})", peer.decoders.join(" or ")))?;
    Ok(Some(Template::new(program, peer.decode)))
}

fn python_version(script: &str) -> Result<String, String> {
    let output = Command::new("python3").args(["-c", script]).stdin(Stdio::null()).output();
    let output = output.map_err(|_| "python3 is not on PATH".to_string())?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let last = text.lines().last().unwrap_or("it fails").to_string();
        return Err(format!("python3 lacks the library ({last})"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_string())
}

/// All that `program` prints when asked with `arguments`; none if it does not start. Its exit
/// status does not count: several of these programs give 1 for their own help.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    Some(format!("{stdout}{stderr}"))
}

/// The first line that contains `proof` and a digit, else the first line.
fn version_line(text: &str, proof: &str) -> String {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let has_number = |line: &&str| line.contains(proof) && line.contains(|c: char| c.is_ascii_digit());
    lines().find(has_number).or(lines().next()).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_reads_and_writes() {
        for peer in LOSSY.iter().chain(LOSSLESS) {
            let Program::Named { arguments, .. } = peer.encoder else { continue };
            let words: Vec<&str> = arguments.split(' ').collect();
            assert!(words.contains(&"IN") && words.contains(&"OUT"), "{}", peer.name);
            assert!(arguments.contains('Q') || words.contains(&"RATIO"), "{}", peer.name);
            let reads_and_writes = peer.decode.contains("IN") && peer.decode.contains("OUT");
            assert_eq!(peer.decoders.is_empty(), !reads_and_writes, "{}", peer.name);
        }
    }

    #[test]
    fn scripts_contain_no_placeholder() {
        for peer in LOSSY.iter().chain(LOSSLESS) {
            let Program::Python { script, .. } = peer.encoder else { continue };
            assert!(!script.contains('Q') && !peer.decode.contains('Q'), "{}", peer.name);
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
    fn the_version_line_of_a_help_text_is_found() {
        assert_eq!(
            version_line("\nusage\nbuilt with openjp2 library v2.5.0.\n", "openjp2"),
            "built with openjp2 library v2.5.0."
        );
        assert_eq!(version_line("cjxl v0.7.0 [AVX2]\nmore", ""), "cjxl v0.7.0 [AVX2]");
    }
}
