//! The project's chores, started as `cargo xtask …`.
//!
//! * `check` is the one gate: every step runs, each is timed, and any failure gives exit
//!   status 1.
//! * `quick` runs those steps of it that compile nothing but this program.
//! * `test` runs every test and ends with `N passed, N failed`.
//! * `arrows`, `circles`, `names`, `rooms`, `licences` and `hygiene` are single steps of the
//!   gate.
//! * `cross` decodes the same files on AArch64 and in WASM too, where their tools are.
//! * `doors` tests the doors to other languages, which `test` does too.
//! * `web` builds the page and its WebAssembly modules, and fails if they are too heavy.
//! * `sbom` writes the bill of materials of the shipped programs, for a release.
//! * `size` builds the program as it is shipped, and fails if it is too large.
//! * `nightly` feeds hostile input to every reader, and kills batches; it takes an hour.
//! * `memory` is the part of it that runs tests under Miri or valgrind.
//! * `results [BENCH.json…]` writes `results/`, and from it the README's tables and picture and
//!   docs/results.

use std::process::ExitCode;

mod arrows;
mod circles;
mod codec_pages;
mod cross;
mod desktop;
mod doors;
mod gate;
mod hygiene;
mod licences;
mod names;
mod nightly;
mod results;
mod results_page;
mod rooms;
mod sbom;
mod shell;
mod size;
mod sources;
mod spdx;
mod tally;
mod test_run;
mod web;

const USAGE: &str = "usage: cargo xtask check | quick | test | arrows | circles | names | rooms | \
licences | hygiene | cross | doors [NAME…] | web | sbom [TARGET] | size | nightly | memory | results [BENCH.json…]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let root = shell::workspace_root();
    let outcome = match arguments.first().map(String::as_str) {
        Some("check") => return gate::check(&root),
        Some("quick") => return gate::quick(&root),
        Some("test") => return test_run::run(&root),
        Some("arrows") => arrows::step(&root),
        Some("circles") => circles::step(&root),
        Some("names") => names::step(&root),
        Some("rooms") => rooms::step(&root),
        Some("licences") => licences::step(&root),
        Some("hygiene") => hygiene::step(&root),
        Some("cross") => cross::step(&root),
        Some("doors") => doors::step(&root, &arguments[1..]),
        Some("web") => web::step(&root),
        Some("sbom") => sbom::step(&root, arguments.get(1)),
        Some("size") => size::step(&root),
        Some("nightly") => nightly::step(&root),
        Some("memory") => nightly::memory(&root),
        Some("results") => results::step(&root, &arguments[1..]),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(message) => {
            println!("{message}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
