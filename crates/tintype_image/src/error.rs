//! Errors of pictures and picture files. `Io` comes only from readers and writers of files.

tintype_error::errors! {
    /// What went wrong with a picture or a picture file.
    ///
    /// ```
    /// use tintype_image::{ImageError, Limits, Shape};
    ///
    /// let error = Shape::gray(70_000, 1, 8).check(&Limits::default()).unwrap_err();
    /// assert!(matches!(error, ImageError::Limit { max: 65_535, .. }));
    /// ```
    #[derive(Debug)]
    pub enum ImageError of "picture", text String, and Io(std::io::Error)
}
