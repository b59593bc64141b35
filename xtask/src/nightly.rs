//! `cargo xtask nightly`: what takes too long for the gate: hostile input for every reader, and
//! batches that are killed at two hundred moments.

use crate::shell;
use std::path::Path;

/// Seconds for each target.
const SECONDS: &str = "120";
/// Moments at which each batch is killed.
const KILLS: &str = "200";

/// Runs all of it.
///
/// # Errors
/// Says what failed; the rest has run all the same.
pub fn step(root: &Path) -> Result<String, String> {
    let fuzz =
        ["run", "--profile", "quick", "--locked", "-p", "tintype_fuzz", "--", "--seconds", SECONDS];
    let kills = ["test", "--locked", "-p", "tintype_cli", "--test", "replace"];
    let outcomes = [
        shell::run(root, "cargo", &fuzz, &[]),
        shell::run(root, "cargo", &kills, &[("TINTYPE_KILLS", KILLS)]),
    ];
    let failed: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
    if failed.is_empty() { Ok("nightly: no fault".into()) } else { Err(failed.join("\n")) }
}
