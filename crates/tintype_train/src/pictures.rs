//! The pictures a model is fitted to: a sorted list of files, read one at a time.

use crate::FitError;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use tintype_image::{Limits, Picture, io::read_picture};

/// Files in a fixed order.
#[derive(Clone, Debug, Default)]
pub struct PictureList {
    files: Vec<PathBuf>,
}

impl PictureList {
    /// A list of `files`, brought into the order of their names.
    pub fn new(mut files: Vec<PathBuf>) -> Self {
        files.sort_unstable();
        files.dedup();
        Self { files }
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The files.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Two lists: one to fit to, and every tenth file, held out to see what the fit is worth.
    /// Of fewer than ten, none is held out.
    pub fn split(&self) -> (Self, Self) {
        let (mut fit, mut held_out) = (Self::default(), Self::default());
        for (index, file) in self.files.iter().enumerate() {
            let list = if index % 10 == 9 { &mut held_out } else { &mut fit };
            list.files.push(file.clone());
        }
        (fit, held_out)
    }

    /// At most `count` files, evenly spread.
    pub fn thinned(&self, count: usize) -> Self {
        let len = self.files.len();
        if len <= count {
            return self.clone();
        }
        Self { files: (0..count).map(|i| self.files[i * len / count].clone()).collect() }
    }

    /// Reads picture `index`.
    ///
    /// # Errors
    /// `Io` and `Picture`, with the file's name.
    pub fn read(&self, index: usize) -> Result<Picture, FitError> {
        let path = &self.files[index];
        let file = || path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| FitError::Io { file: file(), error })?;
        read_picture(&bytes, &Limits::default())
            .map_err(|error| FitError::Picture { file: file(), error })
    }

    /// A hash of what is in the list: names without folders, and contents. The first 16
    /// hexadecimal digits.
    ///
    /// # Errors
    /// `Io`.
    pub fn hash(&self) -> Result<String, FitError> {
        let mut all = Sha256::new();
        for path in &self.files {
            let name = |path: &Path| {
                path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
            };
            let bytes = std::fs::read(path)
                .map_err(|error| FitError::Io { file: path.display().to_string(), error })?;
            all.update(name(path));
            all.update([0]);
            all.update(Sha256::digest(&bytes));
        }
        Ok(all.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_is_held_out_whatever_the_order_of_names() {
        let files: Vec<PathBuf> = (0..25).rev().map(|i| format!("{i:02}.png").into()).collect();
        let (fit, held_out) = PictureList::new(files).split();
        assert_eq!((fit.len(), held_out.len()), (23, 2));
        assert_eq!(held_out.files(), [PathBuf::from("09.png"), PathBuf::from("19.png")]);
        assert_eq!(fit.thinned(3).files()[2], PathBuf::from("16.png"));
    }
}
