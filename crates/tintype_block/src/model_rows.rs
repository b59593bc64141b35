//! Rows of numbers in the models of fitted codecs: one step for a row, one signed byte for each
//! entry.
//!
//! In: a model's bytes. Out: entries as integers. Bit-exact: integers, a right shift that
//! rounds halves up. Source: our own, docs/format/photo.md and docs/format/sparse.md.

use tintype_codec::CodecError;

/// Fractional bits of entries.
pub const ENTRY_BITS: u32 = 12;

/// Reads a model file from its start.
pub struct RowReader<'a> {
    /// The whole file.
    pub bytes: &'a [u8],
    /// How many bytes were read.
    pub at: usize,
}

impl<'a> RowReader<'a> {
    /// The next `count` bytes.
    ///
    /// # Errors
    /// `Truncated` if there are fewer.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], CodecError> {
        let rest = &self.bytes[self.at..];
        let taken =
            rest.get(..count).ok_or_else(|| CodecError::Truncated { needed: count - rest.len() })?;
        self.at += count;
        Ok(taken)
    }

    /// `count` rows of `len` entries with [`ENTRY_BITS`] fractional bits. A row is a step
    /// (`u16`, little endian, 16 fractional bits) and `len` signed bytes; an entry is `(byte ·
    /// step + 8) >> 4`.
    ///
    /// # Errors
    /// `Truncated` if there are fewer bytes.
    pub fn rows(&mut self, count: usize, len: usize) -> Result<Vec<i16>, CodecError> {
        let mut entries = Vec::with_capacity(count * len);
        for _ in 0..count {
            let step = self.take(2)?;
            let step = i32::from(u16::from_le_bytes([step[0], step[1]]));
            let shift = 16 - ENTRY_BITS;
            let entry = |&b: &u8| ((i32::from(b as i8) * step + (1 << (shift - 1))) >> shift) as i16;
            entries.extend(self.take(len)?.iter().map(entry));
        }
        Ok(entries)
    }
}

/// Appends one row: the smallest step under which every entry fits a signed byte, and the
/// entries in that step.
pub fn write_row(entries: &[f32], out: &mut Vec<u8>) {
    let largest = entries.iter().fold(0f32, |max, value| max.max(value.abs()));
    let step = ((largest / 127.0 * 65536.0).ceil() as u32).clamp(1, 65535);
    out.extend((step as u16).to_le_bytes());
    let scale = 65536.0 / step as f32;
    out.extend(entries.iter().map(|v| (v * scale).round().clamp(-127.0, 127.0) as i8 as u8));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_within_half_a_step() {
        let entries = [0.5, -0.25, 0.0, 0.123, -0.5];
        let mut bytes = Vec::new();
        write_row(&entries, &mut bytes);
        write_row(&[0.0; 5], &mut bytes);
        assert_eq!(bytes.len(), 2 * 7);

        let rows = RowReader { bytes: &bytes, at: 0 }.rows(2, 5).unwrap();
        for (entry, row) in entries.iter().zip(&rows) {
            assert!((entry - f32::from(*row) / 4096.0).abs() < 0.5 * 0.5 / 127.0 + 1e-3);
        }
        assert!(rows[5..].iter().all(|&entry| entry == 0));
        let cut = RowReader { bytes: &bytes[..13], at: 0 }.rows(2, 5);
        assert!(matches!(cut, Err(CodecError::Truncated { needed: 1 })));
    }
}
