//! Packs what lands in a folder.
//!
//! In: two folders. Each picture of the first that has stood unchanged for two looks, and whose result is missing or older, is
//! handed to `tintype encode`. Out: the second folder, same names with `.tin` after them. What is done is seen in it alone, so that a restart
//! goes on where it stopped. A file that failed is tried again when it changes, or after a restart.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tintype::files::PictureFormat;

/// How a file was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    len: u64,
    changed: SystemTime,
}

/// What was seen of a folder so far.
#[derive(Debug, Default)]
pub struct Watch {
    seen: HashMap<PathBuf, State>,
    failed: HashMap<PathBuf, State>,
}

/// A picture to pack, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The picture.
    pub input: PathBuf,
    /// Its result.
    pub output: PathBuf,
}

impl Watch {
    /// Looks at `from`: what is ready to be packed into `to`.
    ///
    /// # Errors
    /// If the folder itself cannot be read; what lies in it and cannot be read is left for the next look.
    pub fn look(&mut self, from: &Path, to: &Path) -> std::io::Result<Vec<Job>> {
        let mut files = Vec::new();
        walk(from, &mut files)?;
        let mut jobs = Vec::new();
        let mut now = HashMap::new();
        for input in files {
            let Ok(data) = std::fs::metadata(&input) else { continue };
            let Ok(changed) = data.modified() else { continue };
            let state = State { len: data.len(), changed };
            now.insert(input.clone(), state);
            let settled = self.seen.get(&input) == Some(&state) && state.len > 0;
            let Ok(relative) = input.strip_prefix(from) else { continue };
            let mut output = to.join(relative).into_os_string();
            output.push(".tin");
            let output = PathBuf::from(output);
            let done = std::fs::metadata(&output)
                .and_then(|data| data.modified())
                .is_ok_and(|made| made >= changed);
            if settled && !done && self.failed.get(&input) != Some(&state) {
                jobs.push(Job { input, output });
            }
        }
        self.seen = now;
        Ok(jobs)
    }

    /// Remembers that `job` failed.
    pub fn failed(&mut self, job: &Job) {
        if let Some(state) = self.seen.get(&job.input) {
            self.failed.insert(job.input.clone(), *state);
        }
    }
}

/// Pictures below `folder`. Names that start with a dot are unfinished, or hidden; links are not followed.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut items: Vec<_> = std::fs::read_dir(folder)?.flatten().collect();
    items.sort_by_key(std::fs::DirEntry::file_name);
    for item in items {
        let (path, name) = (item.path(), item.file_name());
        let Ok(kind) = item.file_type() else { continue };
        if name.to_string_lossy().starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            // A folder that goes away meanwhile is no fault.
            let _ = walk(&path, files);
        } else if kind.is_file() {
            let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
            if PictureFormat::from_extension(extension).is_some() {
                files.push(path);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_ready_once_it_stands_still_and_until_its_result_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("in"), folder.path().join("out"));
        std::fs::create_dir_all(from.join("sub")).unwrap();
        std::fs::create_dir_all(to.join("sub")).unwrap();
        let (input, output) = (from.join("sub/a.jpg"), to.join("sub/a.jpg.tin"));
        std::fs::write(&input, b"half").unwrap();
        std::fs::write(from.join("notes.txt"), b"x").unwrap();
        std::fs::write(from.join(".b.jpg"), b"x").unwrap();
        let mut watch = Watch::default();
        assert_eq!(watch.look(&from, &to).unwrap(), []);
        std::fs::write(&input, b"half and more").unwrap();
        assert_eq!(watch.look(&from, &to).unwrap(), []);
        let job = Job { input: input.clone(), output: output.clone() };
        assert_eq!(watch.look(&from, &to).unwrap(), std::slice::from_ref(&job));
        watch.failed(&job);
        assert_eq!(watch.look(&from, &to).unwrap(), []);
        let mut again = Watch::default();
        again.look(&from, &to).unwrap();
        assert_eq!(again.look(&from, &to).unwrap(), [job]);
        std::fs::write(&output, b"x").unwrap();
        assert_eq!(again.look(&from, &to).unwrap(), []);
    }
}
