//! `cargo xtask nightly`: what takes too long for the gate: hostile input for every reader, batches of a hundred
//! files that are killed at two hundred moments, ten minutes of mixed load on the service, and memory errors under
//! Miri or valgrind.

use crate::shell;
use serde_json::Value;
use std::path::Path;

/// Seconds for each target.
const SECONDS: &str = "120";
/// Flipped bits of sound files for each target, and as many cuts.
const FLIPS: &str = "10000";
/// Moments at which each batch is killed.
const KILLS: &str = "200";

/// Crates whose memory is checked: what reads every byte of strangers first, and kernels that are `unsafe` beneath.
const CHECKED: [&str; 4] = ["tintype_entropy", "tintype_container", "tintype_transform", "tintype_nn"];

/// Runs all of it.
///
/// # Errors
/// Says what failed; the rest has run all the same.
pub fn step(root: &Path) -> Result<String, String> {
    let fuzz = |more: [&str; 2]| {
        let run = ["run", "--profile", "quick", "--locked", "-p", "tintype_fuzz", "--"];
        shell::run(root, "cargo", &[&run[..], &more].concat(), &[])
    };
    let kills = ["test", "--locked", "-p", "tintype_cli", "--test", "replace", "--test", "faults"];
    let outcomes = [
        fuzz(["--seconds", SECONDS]),
        fuzz(["--flips", FLIPS]),
        shell::run(root, "cargo", &kills, &[("TINTYPE_KILLS", KILLS), ("TINTYPE_NIGHTLY", "1")]),
        load(root),
        memory(root),
    ];
    let failed: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
    if failed.is_empty() { Ok("nightly: no fault".into()) } else { Err(failed.join("\n")) }
}

/// Runs the tests of [`CHECKED`] under Miri where the toolchain has it, else under valgrind.
///
/// # Errors
/// Says what failed, or that neither is there.
pub fn memory(root: &Path) -> Result<String, String> {
    let packages = CHECKED.map(|name| ["-p", name]).concat();
    if shell::starts(root, "cargo", &["+nightly", "miri", "--version"]) {
        let test = ["+nightly", "miri", "test", "--locked", "--lib"];
        return shell::run(root, "cargo", &[&test[..], &packages].concat(), &[]);
    }
    if !shell::starts(root, "valgrind", &["--version"]) {
        return Err("neither Miri nor valgrind is installed; one of them checks memory".into());
    }
    let build = ["test", "--locked", "--lib", "--no-run", "--message-format", "json"];
    let lines = shell::output(root, "cargo", &[&build[..], &packages].concat())?;
    let messages = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut failed = Vec::new();
    let mut count = 0;
    for message in messages {
        let Some(program) = message["executable"].as_str() else { continue };
        count += 1;
        let options =
            ["--quiet", "--error-exitcode=9", "--leak-check=no", program, "--test-threads", "1"];
        // It is some fifty times slower: a few random inputs of each property must do.
        failed.extend(shell::run(root, "valgrind", &options, &[("PROPTEST_CASES", "8")]).err());
    }
    match (failed.is_empty(), count == CHECKED.len()) {
        (true, true) => Ok(format!("valgrind: {count} test programs without an error of memory")),
        (true, false) => Err(format!("valgrind: {count} test programs of {}", CHECKED.len())),
        (false, _) => Err(failed.join("\n")),
    }
}

/// The service under mixed load, and whether its memory stays flat.
fn load(root: &Path) -> Result<String, String> {
    let words =
        ["test", "--locked", "-p", "tintype_serve", "--test", "serve", "--", "--nocapture", "mixed"];
    shell::run(root, "cargo", &words, &[("TINTYPE_SOAK_SECONDS", "600")])
}
