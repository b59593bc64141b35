//! Errors of codecs.

use tintype_image::ImageError;

/// What a codec's functions return.
pub type Result<T> = std::result::Result<T, CodecError>;

tintype_error::errors! {
    /// What went wrong in a codec. Byte offsets are within the header or the section.
    ///
    /// ```
    /// use tintype_codec::CodecError;
    /// use tintype_image::ImageError;
    ///
    /// let error = CodecError::from(ImageError::Limit { what: "number of planes", max: 32 });
    /// assert!(matches!(error, CodecError::Limit { max: 32, .. }));
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum CodecError of "payload", text String
}

tintype_error::same_words!(ImageError => CodecError);
