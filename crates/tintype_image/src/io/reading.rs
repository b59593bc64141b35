//! What a reader was asked for, and what it says of a file beside its picture.

use crate::ImageError;
use std::fmt;

/// What the caller should know of a picture that was read all the same.
///
/// ```
/// use tintype_image::Limits;
/// use tintype_image::io::{FileWarning, read_picture_with_warnings};
///
/// let frames = b"YUV4MPEG2 W2 H1 F25:1 Cmono\nFRAME\n\x01\x02FRAME\n\x03\x04";
/// let (_, warnings) = read_picture_with_warnings(frames, &Limits::default())?;
/// assert_eq!(warnings, [FileWarning::FurtherFrames { taken: 1, count: 2, noun: "frame" }]);
/// assert_eq!(warnings[0].to_string(), "frame 1 of 2 is read, the others are left out");
/// # Ok::<(), tintype_image::ImageError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // Each variant's text names its fields.
pub enum FileWarning {
    /// The file is damaged; the picture shows what could be read.
    Damaged { what: String },
    /// The file has `count` frames or pages (`noun`), of which number `taken`, from 1, is the
    /// picture.
    FurtherFrames { taken: usize, count: usize, noun: &'static str },
    /// The part `name` of the file is not in the picture.
    LeftOut { name: String, why: String },
}

impl fmt::Display for FileWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged { what } => f.write_str(what),
            Self::FurtherFrames { taken, count, noun } => {
                write!(f, "{noun} {taken} of {count} is read, the others are left out")
            }
            Self::LeftOut { name, why } => write!(f, "{name} was left out: {why}"),
        }
    }
}

/// What a reader does with a damaged file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    /// Returns the error.
    Refused,
    /// Adds a warning and keeps what was read.
    Reported,
}

/// One read of a file: the page that is wanted, and the warnings so far.
pub(super) struct Reading {
    /// The frame or page that was asked for, from 0.
    pub page: Option<usize>,
    pub damage: Damage,
    pub warnings: Vec<FileWarning>,
}

impl Reading {
    pub fn new(page: Option<usize>, damage: Damage) -> Self {
        Self { page, damage, warnings: Vec::new() }
    }

    pub fn left_out(&mut self, name: impl Into<String>, why: impl Into<String>) {
        self.warnings.push(FileWarning::LeftOut { name: name.into(), why: why.into() });
    }

    /// Turns damage into a warning, or returns it.
    pub fn damaged(&mut self, error: impl Into<ImageError>, kept: &str) -> Result<(), ImageError> {
        let error = error.into();
        if self.damage == Damage::Refused {
            return Err(error);
        }
        self.warnings.push(FileWarning::Damaged { what: format!("{error}; {kept}") });
        Ok(())
    }

    /// Which of `count` frames or pages is read: the one asked for, else `usual` with a warning
    /// that there are others.
    ///
    /// # Errors
    /// `Misuse` if there is no such page.
    pub fn choose(
        &mut self,
        usual: usize,
        count: usize,
        noun: &'static str,
    ) -> Result<usize, ImageError> {
        match self.page {
            Some(page) if page < count => Ok(page),
            Some(page) => {
                let have = if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") };
                let what = format!("{noun} {} was asked for; the file has {have}", page + 1);
                Err(ImageError::Misuse { what })
            }
            None => {
                if count > 1 {
                    self.warnings.push(FileWarning::FurtherFrames { taken: usual + 1, count, noun });
                }
                Ok(usual)
            }
        }
    }
}
