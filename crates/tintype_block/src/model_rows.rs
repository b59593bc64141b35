//! Rows of numbers in the models of fitted codecs: a step a row and a signed byte an entry.
//!
//! In: a model file's bytes. Out: entries as integers. Bit-exact: integers, a right shift that rounds half up.
//! Source: our own, docs/format/pca.md and docs/format/sparse.md.

use tintype_codec::CodecError;

/// Fractional bits of entries.
pub const ENTRY_BITS: u32 = 12;

/// Reads a model file from its start.
pub struct Reader<'a> {
    /// The whole file.
    pub bytes: &'a [u8],
    /// How many bytes were read.
    pub at: usize,
}

impl<'a> Reader<'a> {
    /// The next `count` bytes.
    ///
    /// # Errors
    /// `Truncated` if there are fewer.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], CodecError> {
        let rest = &self.bytes[self.at..];
        let taken = rest
            .get(..count)
            .ok_or_else(|| CodecError::Truncated { needed: count - rest.len() })?;
        self.at += count;
        Ok(taken)
    }

    /// `count` rows of `len` entries with [`ENTRY_BITS`] fractional bits; each row is a step, 16 bits, lowest byte first, and `len`
    /// signed bytes.
    ///
    /// # Errors
    /// `Truncated` if there are fewer bytes.
    pub fn rows(&mut self, count: usize, len: usize) -> Result<Vec<i16>, CodecError> {
        let mut entries = Vec::with_capacity(count * len);
        for _ in 0..count {
            let step = self.take(2)?;
            let step = i32::from(u16::from_le_bytes([step[0], step[1]]));
            let shift = 16 - ENTRY_BITS;
            let entry =
                |&b: &u8| ((i32::from(b as i8) * step + (1 << (shift - 1))) >> shift) as i16;
            entries.extend(self.take(len)?.iter().map(entry));
        }
        Ok(entries)
    }
}
