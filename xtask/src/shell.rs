//! Running other programs from the workspace's root.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the workspace's manifest.
pub fn workspace_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or_else(|| here.to_path_buf(), Path::to_path_buf)
}

/// A command started in `root`; the variables that Cargo sets for us do not reach it.
pub fn command(root: &Path, program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_")) {
        command.env_remove(name);
    }
    command.env_remove("CARGO_MANIFEST_DIR").env_remove("CARGO_MANIFEST_PATH");
    command
}

/// Runs a command that prints for the user.
///
/// # Errors
/// Says which command failed and how.
pub fn run(
    root: &Path,
    program: &str,
    arguments: &[&str],
    env: &[(&str, &str)],
) -> Result<String, String> {
    let line = format!("{program} {}", arguments.join(" "));
    let status = command(root, program, arguments).envs(env.iter().copied()).status();
    match status {
        Ok(status) if status.success() => Ok(line),
        Ok(status) => Err(format!("`{line}` ended with {status}")),
        Err(error) => Err(format!("`{line}` could not be started: {error}")),
    }
}

/// What a command prints on standard output.
///
/// # Errors
/// Says which command failed and what it printed on standard error.
pub fn output(root: &Path, program: &str, arguments: &[&str]) -> Result<String, String> {
    let line = format!("{program} {}", arguments.join(" "));
    let output = command(root, program, arguments).output();
    let output = output.map_err(|error| format!("`{line}` could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "`{line}` ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("`{line}` printed bytes that are not UTF-8"))
}

/// Whether `program` starts at all with these arguments.
pub fn starts(root: &Path, program: &str, arguments: &[&str]) -> bool {
    command(root, program, arguments).output().is_ok_and(|output| output.status.success())
}

/// What `cargo metadata` knows of the workspace and all it depends on.
///
/// # Errors
/// As [`output`], or if the answer is no JSON.
pub fn metadata(root: &Path, extra: &[&str]) -> Result<Value, String> {
    let arguments: Vec<&str> =
        ["metadata", "--format-version", "1"].iter().chain(extra).copied().collect();
    let text = output(root, "cargo", &arguments)?;
    serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))
}
