//! The codecs that a file may name, in this build or not: numbers and names.
//!
//! The numbers stand in files (docs/format/container.md, "HEAD") and are never reused.

use tintype_codec::CodecId;

macro_rules! ids {
    ($($(#[$doc:meta])* $constant:ident = $number:literal, $name:literal;)*) => {
        $(
            $(#[$doc])*
            ///
            /// ```
            #[doc = concat!("assert_eq!(tintype::codec::", stringify!($constant), ".name(), \"", $name, "\");")]
            /// ```
            pub const $constant: CodecId = CodecId::new($number, $name);
        )*

        /// Every codec that a file may name, in the order of their numbers.
        pub(crate) const ALL: &[CodecId] = &[$($constant),*];
    };
}

ids! {
    /// JPEG files, packed byte for byte.
    JPEG = 1, "jpeg";
    /// Embedded wavelet bit-planes, from lossy to lossless: any prefix of the file decodes.
    WAVELET = 2, "wavelet";
    /// Mixed causal predictors: every sample comes back.
    LOSSLESS = 3, "lossless";
    /// Blocks as paths down trees of code vectors.
    CLUSTER = 4, "cluster";
    /// Blocks predicted and transformed by fitted bases: photographs.
    PHOTO = 5, "photo";
    /// Blocks as few atoms of fitted dictionaries: tiny pictures.
    SPARSE = 6, "sparse";
    /// A trained autoencoder with a hyperprior.
    NEURAL = 7, "neural";
    /// Groups of planes, each under a codec of its own: colour with depth, many bands.
    PLANES = 8, "planes";
}

/// Clips, which are files of their own kind.
///
/// ```
/// assert_eq!(tintype::codec::VIDEO.name(), "video");
/// ```
pub const VIDEO: CodecId = CodecId::new(9, "video");

/// The codec with `number`, as the head of a file gives it.
pub(crate) fn numbered(number: u8) -> Option<CodecId> {
    ALL.iter().copied().find(|id| id.number() == number)
}

/// The codec called `name`, in this build or not; "pca" is another word for "photo".
///
/// ```
/// use tintype::codec;
///
/// assert_eq!(codec::named("wavelet"), Some(codec::WAVELET));
/// assert_eq!(codec::named("pca"), Some(codec::PHOTO));
/// assert_eq!(codec::named("tape"), None);
/// ```
pub fn named(name: &str) -> Option<CodecId> {
    let name = if name == "pca" { PHOTO.name() } else { name };
    ALL.iter().copied().find(|id| id.name() == name)
}

/// The codecs of this build that code samples, in the order of their numbers.
///
/// ```
/// use tintype::codec;
///
/// assert!(codec::built_in().any(|id| id == codec::LOSSLESS));
/// ```
pub fn built_in() -> impl Iterator<Item = CodecId> {
    ALL.iter().copied().filter(|id| is_built_in(*id))
}

/// The codecs that code samples, and whether this build has them.
const BUILDS: [(CodecId, bool); 7] = [
    (WAVELET, cfg!(feature = "wavelet")),
    (LOSSLESS, cfg!(feature = "lossless")),
    (CLUSTER, cfg!(all(feature = "cluster", feature = "models"))),
    (PHOTO, cfg!(all(feature = "photo", feature = "models"))),
    (SPARSE, cfg!(all(feature = "sparse", feature = "models"))),
    (NEURAL, cfg!(feature = "neural-model")),
    (PLANES, cfg!(feature = "planes")),
];

/// Whether this build has a codec under `id`: without reading its model, which takes longer than
/// many a picture.
pub(crate) fn is_built_in(id: CodecId) -> bool {
    BUILDS.contains(&(id, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constants_are_those_of_the_codecs() {
        #[cfg(feature = "jpeg")]
        assert_eq!(JPEG, tintype_jpeg::ID);
        for &id in ALL {
            if let Some(codec) = crate::registry::built_in::codec(id) {
                assert_eq!(codec.id(), id);
            }
        }
    }
}
