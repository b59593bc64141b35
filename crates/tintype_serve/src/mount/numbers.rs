//! Numbers by which the kernel knows the names that it was told of.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Numbers and names, these below the root of what is mounted, which has number 1.
pub(super) struct Numbers {
    paths: Vec<Option<PathBuf>>,
    by_path: HashMap<PathBuf, u64>,
}

impl Numbers {
    pub(super) fn new() -> Self {
        let root = PathBuf::new();
        Self { paths: vec![Some(root.clone())], by_path: HashMap::from([(root, 1)]) }
    }

    /// The number of a name, a new one if it has none.
    pub(super) fn number(&mut self, path: &Path) -> u64 {
        if let Some(number) = self.by_path.get(path) {
            return *number;
        }
        self.paths.push(Some(path.to_path_buf()));
        let number = self.paths.len() as u64;
        self.by_path.insert(path.to_path_buf(), number);
        number
    }

    /// The name of a number, if it still has one.
    pub(super) fn path(&self, number: u64) -> Option<&Path> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        self.paths.get(index)?.as_deref()
    }

    /// Forgets a name: whatever gets it next is another file.
    pub(super) fn removed(&mut self, path: &Path) {
        if let Some(number) = self.by_path.remove(path) {
            self.paths[number as usize - 1] = None;
        }
    }

    /// Gives the number of `old`, and those of all below it, the new name.
    pub(super) fn moved(&mut self, old: &Path, new: &Path) {
        self.removed(new);
        let below: Vec<PathBuf> =
            self.by_path.keys().filter(|path| path.starts_with(old)).cloned().collect();
        for path in below {
            let Some(number) = self.by_path.remove(&path) else { continue };
            let rest = path.strip_prefix(old).unwrap_or(Path::new(""));
            let now = if rest.as_os_str().is_empty() { new.to_path_buf() } else { new.join(rest) };
            self.paths[number as usize - 1] = Some(now.clone());
            self.by_path.insert(now, number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_keeps_its_number_and_what_goes_loses_it() {
        let mut numbers = Numbers::new();
        let [folder, file, other] = ["a", "a/x.jpg", "ab"].map(|path| numbers.number(Path::new(path)));
        numbers.moved(Path::new("a"), Path::new("b"));
        assert_eq!(numbers.path(folder), Some(Path::new("b")));
        assert_eq!(numbers.path(file), Some(Path::new("b/x.jpg")));
        assert_eq!(numbers.path(other), Some(Path::new("ab")));
        numbers.removed(Path::new("b/x.jpg"));
        assert_eq!(numbers.path(file), None);
        assert_ne!(numbers.number(Path::new("b/x.jpg")), file);
        // What stood there before loses its number to what moves there.
        numbers.moved(Path::new("ab"), Path::new("b/x.jpg"));
        assert_eq!(numbers.number(Path::new("b/x.jpg")), other);
    }
}
