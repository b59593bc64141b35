//! Every test of the workspace: unit and integration tests, the examples in the docs, then the doors to other languages.
//!
//! Uses cargo-nextest where it is installed, else plain `cargo test`; both compile the same
//! things once. The last line printed is `N passed, N failed`.

use crate::tally::{Counts, run_one};
use crate::{doors, shell};
use std::path::Path;
use std::process::ExitCode;

/// `cargo xtask test`.
pub fn run(root: &Path) -> ExitCode {
    let counts = run_all(root);
    println!("{} passed, {} failed", counts.passed, counts.failed);
    if counts.failed == 0 && counts.passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The same as a step of the gate.
///
/// # Errors
/// The counts, if any test failed.
pub fn step(root: &Path) -> Result<String, String> {
    let counts = run_all(root);
    let line = format!("{} passed, {} failed", counts.passed, counts.failed);
    if counts.failed == 0 && counts.passed > 0 { Ok(line) } else { Err(line) }
}

fn run_all(root: &Path) -> Counts {
    let with_nextest = shell::starts(root, "cargo", &["nextest", "--version"]);
    let unit = if with_nextest {
        cargo(root, &["nextest", "run", "--workspace", "--locked", "--no-fail-fast"])
    } else {
        cargo(
            root,
            &[
                "test",
                "--workspace",
                "--lib",
                "--bins",
                "--tests",
                "--examples",
                "--locked",
                "--no-fail-fast",
            ],
        )
    };
    let docs = cargo(root, &["test", "--workspace", "--doc", "--locked", "--no-fail-fast"]);
    unit + docs + doors::test_all(root)
}

fn cargo(root: &Path, arguments: &[&str]) -> Counts {
    run_one(root, "cargo", arguments, &[])
}
