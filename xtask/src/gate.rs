//! The one gate: the same steps on every machine.

use crate::{arrows, circles, hygiene, licences, names, results, rooms, shell, test_run};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

type Step = (&'static str, fn(&Path) -> Result<String, String>);

/// Steps that read text and metadata only.
const QUICK: [Step; 8] = [
    ("format", |root| shell::run(root, "cargo", &["fmt", "--all", "--check"], &[])),
    ("arrows", arrows::step),
    ("circles", circles::step),
    ("names", names::step),
    ("rooms", rooms::step),
    ("licences", licences::step),
    ("hygiene", hygiene::step),
    ("results", results::up_to_date),
];

/// Steps that compile the workspace.
const SLOW: [Step; 4] =
    [("clippy", clippy), ("features off", features_off), ("tests", test_run::step), ("docs", docs)];

/// Every step, quick ones first, so that a small fault shows early.
pub fn check(root: &Path) -> ExitCode {
    run_steps(root, &[&QUICK[..], &SLOW[..]].concat())
}

/// The steps that compile nothing.
pub fn quick(root: &Path) -> ExitCode {
    run_steps(root, &QUICK)
}

/// Runs every step, also after a failure, and reports at the end what passed and how long it
/// took.
fn run_steps(root: &Path, steps: &[Step]) -> ExitCode {
    let mut summary = Vec::new();
    let mut failed = 0;
    for (name, step) in steps {
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
    println!("{} steps passed, {failed} failed", steps.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn clippy(root: &Path) -> Result<String, String> {
    let arguments =
        ["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-D", "warnings"];
    shell::run(root, "cargo", &arguments, &[])
}

/// Builds that leave things out: the picture crate without file readers, and the library with one
/// codec, which needs no crates but ours and the SIMD crate.
fn features_off(root: &Path) -> Result<String, String> {
    let base = ["--no-default-features", "--locked", "--quiet"];
    let builds: [&[&str]; 6] = [
        &["-p", "tintype_image"],
        &["-p", "tintype_container"],
        &["-p", "tintype", "--features", "wavelet"],
        &["-p", "tintype", "--features", "jpeg,lossless,deflate"],
        &["-p", "tintype", "--features", "cluster,photo,sparse,neural,planes,files"],
        // What `cargo demo` builds.
        &["-p", "tintype_cli", "--features", "bench"],
    ];
    for build in builds {
        let arguments = [&["clippy"], build, &base, &["--", "-D", "warnings"]].concat();
        shell::run(root, "cargo", &arguments, &[])?;
    }
    only_our_crates(root)
}

/// What the smallest build of the library may need besides our own crates.
const SMALLEST_NEEDS: [&str; 1] = ["fearless_simd"];

fn only_our_crates(root: &Path) -> Result<String, String> {
    let arguments = [
        "tree",
        "-p",
        "tintype",
        "--no-default-features",
        "--features",
        "wavelet",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--locked",
    ];
    let tree = shell::output(root, "cargo", &arguments)?;
    for line in tree.lines() {
        let name = line.split_whitespace().next().unwrap_or_default();
        if !name.starts_with("tintype") && !SMALLEST_NEEDS.contains(&name) && !name.is_empty() {
            return Err(format!("the smallest build of tintype needs {name}"));
        }
    }
    Ok("the smallest build needs our crates and the SIMD crate only".into())
}

fn docs(root: &Path) -> Result<String, String> {
    let arguments = ["doc", "--workspace", "--no-deps", "--locked", "--quiet"];
    shell::run(root, "cargo", &arguments, &[("RUSTDOCFLAGS", "-D warnings")])
}
