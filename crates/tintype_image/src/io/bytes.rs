//! A cursor over the bytes of a file: little-endian numbers and slices, or `Truncated`.

use crate::ImageError;

pub(super) struct Bytes<'a> {
    bytes: &'a [u8],
    /// Offset of the next byte.
    pub at: usize,
}

impl<'a> Bytes<'a> {
    /// From byte `at` on.
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// All bytes of the file.
    pub fn all(&self) -> &'a [u8] {
        self.bytes
    }

    pub fn take(&mut self, len: usize) -> Result<&'a [u8], ImageError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.get(..len).ok_or_else(|| ImageError::Truncated { needed: len - rest.len() })?;
        self.at += len;
        Ok(taken)
    }

    pub fn u8(&mut self) -> Result<u8, ImageError> {
        Ok(self.take(1)?[0])
    }

    pub fn u16(&mut self) -> Result<u16, ImageError> {
        Ok(u16::from_le_bytes(self.take(2)?.try_into().unwrap_or_default()))
    }

    pub fn u32(&mut self) -> Result<u32, ImageError> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into().unwrap_or_default()))
    }
}
