//! The first byte of a chunk: which kind, whether it may be skipped, whether it is the last.

use crate::ContainerError;

/// Set where a reader that does not know the kind must refuse the file.
const CRITICAL: u8 = 0x80;
/// Set on the last chunk of the file.
const LAST: u8 = 0x40;
/// Must be zero.
const RESERVED: u8 = 0x20;

/// What a chunk holds. The number is its bits 0 to 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Head = 0,
    Index = 1,
    Data = 2,
    Icc = 3,
    Exif = 4,
    Xmp = 5,
    Named = 6,
}

impl Kind {
    const ALL: [Self; 7] =
        [Self::Head, Self::Index, Self::Data, Self::Icc, Self::Exif, Self::Xmp, Self::Named];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Head => "the HEAD chunk",
            Self::Index => "the INDEX chunk",
            Self::Data => "the DATA chunk",
            Self::Icc => "the ICC chunk",
            Self::Exif => "the EXIF chunk",
            Self::Xmp => "the XMP chunk",
            Self::Named => "a NAMED chunk",
        }
    }

    fn is_critical(self) -> bool {
        matches!(self, Self::Head | Self::Index | Self::Data)
    }

    /// The tag of a chunk of this kind.
    pub(crate) fn tag(self, last: bool) -> u8 {
        self as u8 | if self.is_critical() { CRITICAL } else { 0 } | if last { LAST } else { 0 }
    }
}

/// A tag taken apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tag {
    pub(crate) byte: u8,
    /// The kind if it is known.
    pub(crate) kind: Option<Kind>,
}

impl Tag {
    /// Reads the tag `byte` that stands at `at`.
    pub(crate) fn parse(byte: u8, at: u64) -> Result<Self, ContainerError> {
        if byte & RESERVED != 0 {
            return Err(ContainerError::Malformed {
                what: format!("reserved bit set in chunk tag {byte:#04x}"),
                at,
            });
        }
        let number = byte & 0x1f;
        let kind = Kind::ALL.into_iter().find(|kind| *kind as u8 == number);
        let critical = byte & CRITICAL != 0;
        match kind {
            Some(kind) if kind.is_critical() != critical => Err(ContainerError::Malformed {
                what: format!("wrong critical bit on {}", kind.name()),
                at,
            }),
            None if critical => Err(ContainerError::Unsupported {
                what: format!("critical chunk of unknown kind {number} at byte {at}"),
            }),
            _ => Ok(Self { byte, kind }),
        }
    }

    pub(crate) fn is_last(self) -> bool {
        self.byte & LAST != 0
    }

    /// For messages.
    pub(crate) fn name(self) -> String {
        self.kind.map_or_else(
            || format!("a chunk of unknown kind {}", self.byte & 0x1f),
            |kind| kind.name().into(),
        )
    }
}

/// A chunk that this version does not know and that may be skipped, kept so that it can be
/// written back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownChunk {
    /// Its kind, 7 to 31.
    pub kind: u8,
    /// Its payload.
    pub bytes: Vec<u8>,
}
