//! The payload's header: which planes are coded together, how, and the headers of the inner
//! codecs. Bit-exact.
//!
//! Bytes: version 1; number of groups (1 to 8); each group: codec number, mask of planes
//! (`u32` little endian), 0 or 1 for a spectral transform, the transform, length of the inner
//! codec's header (`u16` little endian), that header. Every plane belongs to exactly one
//! group.

use super::GROUPS_MAX;
use super::cursor::Cursor;
use super::groups::group_shape;
use super::spectral::Spectral;
use tintype_codec::{CodecError, CodecId};
use tintype_image::Shape;

const VERSION: u8 = 1;

/// Planes coded together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    /// By which codec.
    pub codec: CodecId,
    /// Bit `i`: plane `i` is one of them.
    pub mask: u32,
    /// The transform that comes before it.
    pub spectral: Option<Spectral>,
    /// The inner codec's header.
    pub inner_header: Vec<u8>,
}

impl Group {
    /// The shape of the planes that the inner codec gets, of a picture of `shape`.
    pub fn coded_shape(&self, shape: &Shape) -> Shape {
        let own = group_shape(shape, self.mask);
        self.spectral.as_ref().map_or(own.clone(), |spectral| spectral.coded_shape(&own))
    }

    /// Bytes of the transform.
    pub fn spectral_len(&self) -> usize {
        self.spectral.as_ref().map_or(0, |spectral| {
            let mut bytes = Vec::new();
            spectral.write(&mut bytes);
            bytes.len()
        })
    }
}

/// All groups.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    pub groups: Vec<Group>,
}

impl Header {
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION, self.groups.len() as u8];
        for group in &self.groups {
            out.push(group.codec.number());
            out.extend(group.mask.to_le_bytes());
            out.push(u8::from(group.spectral.is_some()));
            if let Some(spectral) = &group.spectral {
                spectral.write(&mut out);
            }
            out.extend((group.inner_header.len() as u16).to_le_bytes());
            out.extend(&group.inner_header);
        }
        out
    }

    /// Reads a header whose groups are coded by `codecs`.
    ///
    /// # Errors
    /// `Truncated`, `Unsupported` (version, codec), `Malformed`.
    pub fn from_bytes(bytes: &[u8], shape: &Shape, codecs: &[CodecId]) -> Result<Self, CodecError> {
        let mut cursor = Cursor { bytes, at: 0 };
        let (version, count) = (cursor.byte()?, usize::from(cursor.byte()?));
        if version != VERSION {
            return Err(CodecError::Unsupported { what: format!("planes stream of version {version}") });
        }
        if !(1..=GROUPS_MAX).contains(&count) {
            return Err(cursor.malformed(format!("{count} groups of planes")));
        }
        let mut groups = Vec::with_capacity(count);
        let mut seen = 0u32;
        for _ in 0..count {
            let number = cursor.byte()?;
            let known = codecs.iter().copied().find(|codec| codec.number() == number);
            let codec = known.ok_or_else(|| CodecError::Unsupported {
                what: format!("codec number {number} of a group"),
            })?;
            let mask = u32::from_le_bytes(cursor.array()?);
            if mask == 0
                || mask & seen != 0
                || (shape.planes.len() < 32 && mask >> shape.planes.len() != 0)
            {
                return Err(
                    cursor.malformed(format!("planes {mask:#x} of a group, {seen:#x} in others"))
                );
            }
            seen |= mask;
            let spectral = match cursor.byte()? {
                0 => None,
                1 => Some(Spectral::read(&mut cursor, &group_shape(shape, mask))?),
                other => return Err(cursor.malformed(format!("spectral transform {other}"))),
            };
            if codec == crate::ID && (mask.count_ones() != 1 || spectral.is_some()) {
                return Err(cursor.malformed(format!("depth coding of planes {mask:#x}")));
            }
            let len = usize::from(u16::from_le_bytes(cursor.array()?));
            groups.push(Group { codec, mask, spectral, inner_header: cursor.take(len)?.to_vec() });
        }
        if seen.count_ones() as usize != shape.planes.len() || cursor.at != bytes.len() {
            return Err(cursor.malformed("groups leave planes out, or bytes follow them".into()));
        }
        Ok(Self { groups })
    }
}
