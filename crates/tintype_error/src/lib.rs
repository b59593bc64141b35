//! The words in which every crate says what went wrong.
//!
//! An error of a crate that reads bytes is an enum of the same six variants: `Truncated`,
//! `Malformed`, `Unsupported`, `Limit`, `Mismatch`, `Misuse`. [`errors!`] writes such an enum
//! with its messages, [`same_words!`] a conversion that keeps the variant: a limit stays a limit
//! on its way up.
//!
//! ```
//! tintype_error::errors! {
//!     /// What went wrong with a palette.
//!     #[derive(Clone, Debug, PartialEq, Eq)]
//!     pub enum PaletteError of "palette", text String
//! }
//! tintype_error::errors! {
//!     /// What went wrong with an icon.
//!     #[derive(Debug)]
//!     pub enum IconError of "icon", text String, and Io(std::io::Error)
//! }
//! tintype_error::same_words!(PaletteError => IconError);
//!
//! let error = PaletteError::Malformed { what: "257 colours".into(), at: Some(4) };
//! assert_eq!(error.to_string(), "malformed palette at byte 4: 257 colours");
//! assert!(matches!(IconError::from(error), IconError::Malformed { at: Some(4), .. }));
//! ```
#![forbid(unsafe_code)]

/// An error enum of the six variants: its attributes, its name, the noun of its messages, the
/// type of their texts (`String`, or `&'static str` where errors must cost nothing), and perhaps
/// `and Variant(Error)` for one error beneath.
#[macro_export]
macro_rules! errors {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident of $noun:literal, text $text:ty $(, and $under:ident($inner:ty))?
    ) => {
        $(#[$attribute])*
        #[non_exhaustive]
        #[allow(missing_docs)] // Each variant's text names its fields.
        pub enum $name {
            /// The input ends early; at least `needed` more bytes were expected.
            Truncated { needed: usize },
            /// The input contradicts its format; `at` is a byte offset, where it is known.
            Malformed { what: $text, at: Option<usize> },
            /// A valid input with a feature that is not handled.
            Unsupported { what: $text },
            /// More than the caller's limits allow.
            Limit { what: &'static str, max: u64 },
            /// A checksum, a hash or a declared size disagrees with the data.
            Mismatch { what: $text },
            /// The caller's arguments make no sense together.
            Misuse { what: $text },
            $(
                /// An error beneath this one.
                $under($inner),
            )?
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    Self::Truncated { needed } => {
                        write!(f, concat!($noun, " ends early: {} more bytes expected"), needed)
                    }
                    Self::Malformed { what, at: Some(at) } => {
                        write!(f, concat!("malformed ", $noun, " at byte {}: {}"), at, what)
                    }
                    Self::Malformed { what, at: None } => {
                        write!(f, concat!("malformed ", $noun, ": {}"), what)
                    }
                    Self::Unsupported { what } => write!(f, "unsupported: {what}"),
                    Self::Limit { what, max } => {
                        write!(f, concat!($noun, " exceeds the limit of {} on {}"), max, what)
                    }
                    Self::Mismatch { what } | Self::Misuse { what } => write!(f, "{what}"),
                    $(Self::$under(error) => write!(f, "{error}"),)?
                }
            }
        }

        impl ::std::error::Error for $name {
            fn source(&self) -> Option<&(dyn ::std::error::Error + 'static)> {
                match self {
                    $(Self::$under(error) => Some(error),)?
                    _ => None,
                }
            }
        }

        $(
            impl From<$inner> for $name {
                fn from(error: $inner) -> Self {
                    Self::$under(error)
                }
            }
        )?
    };
}

/// The conversion from one error of [`errors!`] to another, each variant to the one of its name;
/// an error beneath becomes a misuse with its message.
#[macro_export]
macro_rules! same_words {
    ($from:ident => $to:ident) => {
        /// Keeps the kind of error: a limit stays a limit, a truncation a truncation.
        impl From<$from> for $to {
            fn from(error: $from) -> Self {
                match error {
                    $from::Truncated { needed } => Self::Truncated { needed },
                    $from::Malformed { what, at } => Self::Malformed { what, at },
                    $from::Unsupported { what } => Self::Unsupported { what },
                    $from::Limit { what, max } => Self::Limit { what, max },
                    $from::Mismatch { what } => Self::Mismatch { what },
                    $from::Misuse { what } => Self::Misuse { what },
                    #[allow(unreachable_patterns)]
                    other => Self::Misuse { what: other.to_string() },
                }
            }
        }
    };
}
