//! Running programs that test something, and counting what they say of it.

use crate::shell;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Stdio;

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
}

impl std::ops::Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

impl std::iter::Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, counts| sum + counts)
    }
}

/// One failure, for what could not even be started.
pub const ONE_FAILED: Counts = Counts { passed: 0, failed: 1 };

/// Runs `program` with `arguments`, shows what it prints, and counts. A run that fails without a
/// failing test (because it did not compile, say) counts as one failure.
pub fn run_one(root: &Path, program: &str, arguments: &[&str], env: &[(&str, &str)]) -> Counts {
    println!("-- {program} {}", arguments.join(" "));
    let mut command = shell::command(root, program, arguments);
    let child = command.envs(env.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut child) = child else { return Counts { passed: 0, failed: 1 } };
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let counts = std::thread::scope(|scope| {
        let other = scope.spawn(|| echo(err, |line| eprintln!("{line}")));
        let own = echo(out, |line| println!("{line}"));
        let other = other.join().unwrap_or_default();
        own + other
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
            counts = counts + more;
        }
    }
    counts
}

/// The counts in a summary line of `cargo test`, of cargo-nextest, of pytest or of our own programs in other languages
/// (`N passed, N failed`), if `line` is one.
fn counts_in(line: &str) -> Option<Counts> {
    let plain = without_colours(line);
    let line = plain.trim_start();
    let words: Vec<&str> = line.split([' ', ';', ',', ':']).filter(|word| !word.is_empty()).collect();
    let rust = line.starts_with("test result:")
        || (line.starts_with("Summary [") && line.contains("tests run"));
    if !(rust || is_short_summary(&words)) {
        return None;
    }
    let before = |name: &str| {
        let numbers = words.windows(2).filter(|pair| pair[1] == name);
        numbers.filter_map(|pair| pair[0].parse::<u64>().ok()).sum::<u64>()
    };
    Some(Counts {
        passed: before("passed"),
        failed: before("failed") + before("timed") + before("error") + before("errors"),
    })
}

/// Whether these are the words of `12 passed, 0 failed` or of pytest's `1 failed, 43 passed, 2 skipped in 10.30s`.
fn is_short_summary(words: &[&str]) -> bool {
    const STATES: [&str; 6] = ["passed", "failed", "skipped", "error", "errors", "warnings"];
    let pairs = words.chunks(2).take_while(|pair| pair[0] != "in");
    words.iter().any(|word| ["passed", "failed", "error", "errors"].contains(word))
        && pairs
            .clone()
            .all(|pair| pair.len() == 2 && pair[0].parse::<u64>().is_ok() && STATES.contains(&pair[1]))
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
        assert_eq!(counts_in("12 passed, 1 failed"), Some(Counts { passed: 12, failed: 1 }));
        let pytest = "1 failed, 43 passed, 2 skipped, 1 error in 10.30s";
        assert_eq!(counts_in(pytest), Some(Counts { passed: 43, failed: 2 }));
        assert_eq!(counts_in("44 passed in 9s"), Some(Counts { passed: 44, failed: 0 }));
        assert_eq!(counts_in("3 skipped in 9s"), None);
    }
}
