//! Runs one program and measures it: wall time, CPU time, largest resident memory.
//!
//! In: a program and its arguments. Out: a [`Cost`] and what it printed. The kernel counts
//! into a new program's peak memory what its parent held when it was started. So that our own
//! memory does not show up there, a program can be started by a small process in between
//! ([`Launcher::Between`]): this executable again, in [`measure_main`].

use crate::LabError;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;
use wait4::Wait4;

/// What one run of a program cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// From start to end of the process, in milliseconds.
    pub wall_ms: f64,
    /// Time on the processor, user and system, all threads, in milliseconds.
    pub cpu_ms: f64,
    /// Largest resident memory in bytes, if it could be measured on its own.
    pub peak_memory_bytes: Option<u64>,
}

/// What one run of a program cost and printed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Time and memory.
    pub cost: Cost,
    /// Whether it ended with status 0.
    pub success: bool,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// How programs are started.
#[derive(Clone, Debug)]
pub enum Launcher {
    /// Directly; peak memory is then not known.
    Direct,
    /// By this program with these first arguments, which must lead to [`measure_main`].
    Between {
        /// The program, usually this executable.
        program: PathBuf,
        /// Arguments before the program to be measured.
        arguments: Vec<OsString>,
    },
}

impl Launcher {
    /// Runs `program` and waits for it.
    ///
    /// # Errors
    /// `Io` if it cannot be started, `Mismatch` if it ends with another status than 0: the
    /// message holds the end of what it printed.
    pub fn run(&self, program: &str, arguments: &[String]) -> Result<Outcome, LabError> {
        let outcome = match self {
            Self::Direct => {
                let mut outcome = measure(program, arguments).map_err(LabError::io(program))?;
                outcome.cost.peak_memory_bytes = None;
                outcome
            }
            Self::Between { program: between, arguments: first } => {
                let mut command = Command::new(between);
                let output =
                    command.args(first).arg(program).args(arguments).stdin(Stdio::null()).output();
                let output = output.map_err(LabError::io(between.clone()))?;
                serde_json::from_slice(&output.stdout).map_err(|_| {
                    LabError::mismatch(format!(
                        "{program}: {}",
                        tail(&String::from_utf8_lossy(&output.stderr))
                    ))
                })?
            }
        };
        if outcome.success {
            return Ok(outcome);
        }
        let said = if outcome.stderr.trim().is_empty() { &outcome.stdout } else { &outcome.stderr };
        Err(LabError::mismatch(format!("{program} failed: {}", tail(said))))
    }
}

/// The small process in between: runs `arguments[0]` with the rest and prints an `Outcome` as
/// JSON.
pub fn measure_main(arguments: &[OsString]) -> ExitCode {
    let Some((program, rest)) = arguments.split_first() else {
        eprintln!("no program to measure");
        return ExitCode::from(2);
    };
    let outcome = measure(program, rest).and_then(|outcome| Ok(serde_json::to_string(&outcome)?));
    match outcome {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", program.display());
            ExitCode::FAILURE
        }
    }
}

fn measure(
    program: impl Into<OsString>,
    arguments: &[impl AsRef<std::ffi::OsStr>],
) -> std::io::Result<Outcome> {
    let program: OsString = program.into();
    let mut stdout = tempfile::tempfile()?;
    let mut stderr = tempfile::tempfile()?;
    let mut command = Command::new(&program);
    command.args(arguments).stdin(Stdio::null()).stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
    let start = Instant::now();
    let child = command.spawn()?;
    let result = child.wait4()?;
    let wall_ms = start.elapsed().as_secs_f64() * 1e3;
    let cpu = result.rusage.utime + result.rusage.stime;
    let cost =
        Cost { wall_ms, cpu_ms: cpu.as_secs_f64() * 1e3, peak_memory_bytes: Some(result.rusage.maxrss) };
    Ok(Outcome {
        cost,
        success: result.status.success(),
        stdout: read_back(&mut stdout)?,
        stderr: read_back(&mut stderr)?,
    })
}

/// At most the last 64 KiB that a program wrote to `file`.
fn read_back(file: &mut std::fs::File) -> std::io::Result<String> {
    use std::io::{Read, Seek, SeekFrom};
    let len_bytes = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(len_bytes.saturating_sub(64 << 10)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(3)..].join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_is_named_with_what_it_said() {
        let arguments = ["-c".to_string(), "echo strange >&2; exit 3".to_string()];
        let error = Launcher::Direct.run("sh", &arguments).unwrap_err().to_string();
        assert!(error.contains("sh failed") && error.contains("strange"), "{error}");
    }

    #[test]
    fn output_and_cost_come_back() {
        let outcome = Launcher::Direct.run("sh", &["-c".into(), "echo hello".into()]).unwrap();
        assert_eq!(outcome.stdout.trim(), "hello");
        assert!(outcome.cost.wall_ms > 0.0);
        assert_eq!(outcome.cost.peak_memory_bytes, None, "our own memory would be counted in");
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        assert!(Launcher::Direct.run("no-such-program-here", &[]).is_err());
    }
}
