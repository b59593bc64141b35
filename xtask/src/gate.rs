//! The one gate: the same steps on every machine.

use crate::{arrows, hygiene, licences, results, shell, test_run};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

type Step = (&'static str, fn(&Path) -> Result<String, String>);

/// Quick steps first, so that a small fault shows early.
const STEPS: [Step; 9] = [
    ("format", |root| shell::run(root, "cargo", &["fmt", "--all", "--check"], &[])),
    ("arrows", arrows::step),
    ("licences", licences::step),
    ("hygiene", hygiene::step),
    ("results", results::up_to_date),
    ("clippy", clippy),
    ("features off", features_off),
    ("tests", test_run::step),
    ("docs", docs),
];

/// Runs every step, also after a failure, and says at the end what passed and how long it took.
pub fn check(root: &Path) -> ExitCode {
    let mut summary = Vec::new();
    let mut failed = 0;
    for (name, step) in STEPS {
        println!("== {name}");
        let start = Instant::now();
        let outcome = step(root);
        let seconds = start.elapsed().as_secs_f64();
        let word = if outcome.is_ok() { "passed" } else { "FAILED" };
        match &outcome {
            Ok(message) => println!("{message}"),
            Err(message) => {
                failed += 1;
                eprintln!("{message}");
            }
        }
        summary.push(format!("{word}  {seconds:7.1} s  {name}"));
    }
    println!("== summary\n{}", summary.join("\n"));
    println!("{} steps passed, {failed} failed", STEPS.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn clippy(root: &Path) -> Result<String, String> {
    let arguments =
        ["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-D", "warnings"];
    shell::run(root, "cargo", &arguments, &[])
}

/// The picture nouns without their file readers, as the codecs use them in a page.
fn features_off(root: &Path) -> Result<String, String> {
    let arguments = [
        "clippy",
        "-p",
        "tintype_image",
        "--no-default-features",
        "--locked",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ];
    shell::run(root, "cargo", &arguments, &[])
}

fn docs(root: &Path) -> Result<String, String> {
    let arguments = ["doc", "--workspace", "--no-deps", "--locked", "--quiet"];
    shell::run(root, "cargo", &arguments, &[("RUSTDOCFLAGS", "-D warnings")])
}
