//! What several examples need.

use std::path::{Path, PathBuf};

/// Adds `path`, or all files inside it in the order of their names, to `files`.
pub fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let mut inside: Vec<_> =
            std::fs::read_dir(path).into_iter().flatten().flatten().map(|e| e.path()).collect();
        inside.sort();
        inside.iter().for_each(|p| collect(p, files));
    } else {
        files.push(path.to_owned());
    }
}
