//! Checksums: CRC-32C of chunks and long sections, CRC-16 of sections below 4096 bytes.
//!
//! Every single-bit error is found at any length. A CRC-16 finds all double-bit errors up to 4095 bytes, hence the
//! border; below it two more bytes a section would be felt in the rate.
//!
//! Source: CRC-32C, RFC 3720 appendix B.4; CRC-16 with polynomial 0x1021, start 0xffff (ITU-T X.25's polynomial).

/// Sections of at least this many bytes carry a CRC-32C, shorter ones a CRC-16.
pub(crate) const LONG_SECTION_BYTES: u64 = 4096;

const CRC16_TABLE: [u16; 256] = crc16_table();

const fn crc16_table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 0x8000 != 0 { value << 1 ^ 0x1021 } else { value << 1 };
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
}

pub(crate) fn crc16(parts: [&[u8]; 2]) -> u16 {
    let step = |crc: u16, &byte: &u8| crc << 8 ^ CRC16_TABLE[usize::from((crc >> 8) as u8 ^ byte)];
    parts.into_iter().flatten().fold(0xffff, step)
}

/// Number of checksum bytes that follow a section of `len` bytes; an empty one has none.
pub(crate) fn section_checksum_len(len: u64) -> u64 {
    match len {
        0 => 0,
        1..LONG_SECTION_BYTES => 2,
        _ => 4,
    }
}

/// The checksum that follows section `bytes` of the data chunk whose tag is `tag`, little-endian.
pub(crate) fn section_checksum(tag: u8, bytes: &[u8]) -> ([u8; 4], usize) {
    let mut out = [0; 4];
    match section_checksum_len(bytes.len() as u64) {
        0 => (out, 0),
        2 => {
            out[..2].copy_from_slice(&crc16([&[tag], bytes]).to_le_bytes());
            (out, 2)
        }
        _ => (chunk_checksum(&[tag], bytes), 4),
    }
}

/// The checksum that ends a chunk: over its tag and length bytes, then its payload; little-endian.
pub(crate) fn chunk_checksum(tag_and_len: &[u8], payload: &[u8]) -> [u8; 4] {
    crc32c::crc32c_append(crc32c::crc32c(tag_and_len), payload).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_values_of_the_crc_catalogue() {
        assert_eq!(crc16([b"1234", b"56789"]), 0x29b1);
        assert_eq!(chunk_checksum(b"123", b"456789"), 0xe306_9283_u32.to_le_bytes());
    }
}
