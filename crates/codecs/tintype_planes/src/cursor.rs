//! Reading a header from its start.

use tintype_codec::CodecError;

/// Reads forward.
pub(super) struct Cursor<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
}

impl<'a> Cursor<'a> {
    pub fn malformed(&self, what: String) -> CodecError {
        CodecError::Malformed { what, at: Some(self.at) }
    }

    pub fn take(&mut self, len: usize) -> Result<&'a [u8], CodecError> {
        let rest = &self.bytes[self.at..];
        let taken = rest.get(..len).ok_or_else(|| CodecError::Truncated { needed: len - rest.len() })?;
        self.at += len;
        Ok(taken)
    }

    pub fn byte(&mut self) -> Result<u8, CodecError> {
        Ok(self.take(1)?[0])
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }
}
