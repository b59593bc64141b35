//! Every test of the workspace: unit and integration tests, then the examples in the docs.
//!
//! Uses cargo-nextest where it is installed, else plain `cargo test`; both compile the same
//! things once. The last line printed is `N passed, N failed`.

use crate::shell;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{ExitCode, Stdio};

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
}

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
        run_one(root, &["nextest", "run", "--workspace", "--locked", "--no-fail-fast"])
    } else {
        run_one(
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
    let docs = run_one(root, &["test", "--workspace", "--doc", "--locked", "--no-fail-fast"]);
    Counts { passed: unit.passed + docs.passed, failed: unit.failed + docs.failed }
}

/// Runs `cargo` with `arguments`, shows what it prints, and counts. A run that fails without a
/// failing test (because it did not compile, say) counts as one failure.
fn run_one(root: &Path, arguments: &[&str]) -> Counts {
    println!("-- cargo {}", arguments.join(" "));
    let mut command = shell::command(root, "cargo", arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut child) = child else { return Counts { passed: 0, failed: 1 } };
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let counts = std::thread::scope(|scope| {
        let other = scope.spawn(|| echo(err, |line| eprintln!("{line}")));
        let own = echo(out, |line| println!("{line}"));
        let other = other.join().unwrap_or_default();
        Counts { passed: own.passed + other.passed, failed: own.failed + other.failed }
    });
    let success = child.wait().is_ok_and(|status| status.success());
    Counts { failed: counts.failed.max(u64::from(!success)), ..counts }
}

fn echo(stream: Option<impl Read>, show: impl Fn(&str)) -> Counts {
    let mut counts = Counts::default();
    let Some(stream) = stream else { return counts };
    for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        show(&line);
        if let Some(more) = counts_in(&line) {
            counts = Counts { passed: counts.passed + more.passed, failed: counts.failed + more.failed };
        }
    }
    counts
}

/// The counts in a summary line of `cargo test` or of cargo-nextest, if `line` is one.
fn counts_in(line: &str) -> Option<Counts> {
    let plain = without_colours(line);
    let line = plain.trim_start();
    if !(line.starts_with("test result:")
        || (line.starts_with("Summary [") && line.contains("tests run")))
    {
        return None;
    }
    let words: Vec<&str> = line.split([' ', ';', ',', ':']).filter(|word| !word.is_empty()).collect();
    let before = |name: &str| {
        let numbers = words.windows(2).filter(|pair| pair[1] == name);
        numbers.filter_map(|pair| pair[0].parse::<u64>().ok()).sum::<u64>()
    };
    Some(Counts { passed: before("passed"), failed: before("failed") + before("timed") })
}

fn without_colours(line: &str) -> String {
    let mut pieces = line.split('\u{1b}');
    let first = pieces.next().unwrap_or_default().to_string();
    pieces.fold(first, |text, piece| text + piece.split_once('m').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_lines_of_both_runners() {
        let cargo = "test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 1 filtered out; finished in 0.00s";
        assert_eq!(counts_in(cargo), Some(Counts { passed: 5, failed: 2 }));
        let nextest =
            "     Summary [   1.234s] 45/46 tests run: 44 passed (1 slow), 1 failed, 3 skipped";
        assert_eq!(counts_in(nextest), Some(Counts { passed: 44, failed: 1 }));
        let coloured = "\u{1b}[32;1m     Summary\u{1b}[0m [   1.2s] \u{1b}[1m9\u{1b}[0m tests run: \u{1b}[1m9\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, 0 skipped";
        assert_eq!(counts_in(coloured), Some(Counts { passed: 9, failed: 0 }));
        assert_eq!(counts_in("running 3 tests, 2 passed"), None);
    }
}
