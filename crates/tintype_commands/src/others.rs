//! Commands that are programs of their own: `tintype serve` starts `tintype-serve`, as git does, so that this program stays
//! small. A program of that name counts if it lies beside this one or on PATH.

use crate::args::Args;
use crate::style::complain;
use clap::CommandFactory;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Those that come with Tintype.
const OURS: [&str; 4] = ["serve", "studio", "watch", "mount"];

/// Starts the program that the first argument names, and gives its status; `None` if it names none.
pub fn start() -> Option<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    let name = words.next()?.into_string().ok()?;
    let is_word = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !is_word || name == "help" || Args::command().find_subcommand(&name).is_some() {
        return None;
    }
    let program = format!("tintype-{name}{}", std::env::consts::EXE_SUFFIX);
    match found(&program) {
        Some(path) => Some(run(&path, words)),
        None if OURS.contains(&name.as_str()) => {
            complain(&format!(
                "{name} is a program of its own, {program}, which is neither beside this one nor on PATH; in a clone, `cargo \
                 install --path crates/tintype_serve` installs it"
            ));
            Some(ExitCode::from(2))
        }
        None => None,
    }
}

fn found(program: &str) -> Option<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|own| own.parent().map(Path::to_path_buf));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = beside.into_iter().chain(std::env::split_paths(&path));
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Becomes the program, so that signals reach it.
#[cfg(unix)]
fn run(path: &Path, words: impl Iterator<Item = OsString>) -> ExitCode {
    use std::os::unix::process::CommandExt;

    let error = Command::new(path).args(words).exec();
    complain(&format!("{}: {error}", path.display()));
    ExitCode::from(1)
}

#[cfg(not(unix))]
fn run(path: &Path, words: impl Iterator<Item = OsString>) -> ExitCode {
    match Command::new(path).args(words).status() {
        Ok(status) => {
            ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
        }
        Err(error) => {
            complain(&format!("{}: {error}", path.display()));
            ExitCode::from(1)
        }
    }
}
