//! Unfinished files of a program that was ended before it could remove them.
//!
//! A file that is being written is locked. One that nobody has locked is nobody's, and is removed
//! when another batch writes into its folder.

use crate::files::{Job, Place};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

/// How the names of unfinished files begin and end.
pub const PREFIX: &str = ".tintype-";
/// See [`PREFIX`].
pub const SUFFIX: &str = ".part";

/// Marks `file`, whose name is `path`, as being written. Whether it still has its name: another program
/// may have taken it for a leftover before the mark.
pub fn claim(file: &File, path: &Path) -> std::io::Result<bool> {
    match file.lock() {
        // A file system without locks has no leftovers removed.
        Err(error) if error.kind() == std::io::ErrorKind::Unsupported => Ok(true),
        Err(error) => Err(error),
        Ok(()) => Ok(path.exists()),
    }
}

/// Removes the leftovers in the folders that `jobs` write into.
pub fn remove_leftovers(jobs: &[Job]) {
    remove_leftovers_beside(jobs.iter().filter_map(|job| match &job.output {
        Place::File(path) => Some(path.as_path()),
        Place::Standard => None,
    }));
}

/// Removes the leftovers in the folders of these files.
pub fn remove_leftovers_beside<'a>(files: impl Iterator<Item = &'a Path>) {
    let folders: BTreeSet<PathBuf> = files.filter_map(Path::parent).map(Path::to_path_buf).collect();
    for folder in folders {
        let folder = if folder.as_os_str().is_empty() { Path::new(".").to_path_buf() } else { folder };
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
                remove_unclaimed(&entry.path());
            }
        }
    }
}

/// Removes the file at `path` unless somebody is writing it. What cannot be removed stays.
fn remove_unclaimed(path: &Path) {
    let is_file = std::fs::symlink_metadata(path).is_ok_and(|data| data.is_file());
    let Ok(file) = File::options().write(true).open(path) else { return };
    if is_file && file.try_lock().is_ok() {
        let _ = std::fs::remove_file(path);
    }
}
