//! Checksums: CRC-32C of chunks and long sections, CRC-16 of sections below 4096 bytes.
//!
//! Every single-bit error is found at any length. A CRC-16 finds all double-bit errors up to
//! 4095 bytes, hence the border; below it, two more bytes a section would show in the rate.
//!
//! Source: CRC-32C, RFC 3720 appendix B.4; eight table look-ups a step, Kounavis and Berry
//! 2005, "A systematic approach to building high performance software-based CRC generators";
//! CRC-16 with polynomial 0x1021, start 0xffff (ITU-T X.25's polynomial).

/// Sections of at least this many bytes carry a CRC-32C, shorter ones a CRC-16.
pub(crate) const LONG_SECTION_BYTES: u64 = 4096;

/// The polynomial of CRC-32C, bits reflected.
const CRC32C_POLYNOMIAL: u32 = 0x82f6_3b78;

/// `CRC32C_TABLES[k][b]` is the CRC of byte `b` followed by `k` zero bytes.
static CRC32C_TABLES: [[u32; 256]; 8] = crc32c_tables();

const fn crc32c_tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            let out = value & 1;
            value = value >> 1 ^ if out == 1 { CRC32C_POLYNOMIAL } else { 0 };
            bit += 1;
        }
        tables[0][byte] = value;
        byte += 1;
    }

    let mut k = 1;
    while k < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[k - 1][byte];
            tables[k][byte] = before >> 8 ^ tables[0][(before & 0xff) as usize];
            byte += 1;
        }
        k += 1;
    }
    tables
}

/// The CRC-32C of `bytes`.
///
/// ```
/// assert_eq!(tintype_container::crc_32c(b"123456789"), 0xe306_9283);
/// ```
pub fn crc_32c(bytes: &[u8]) -> u32 {
    crc32c([bytes, &[]])
}

/// The CRC-32C of `parts`, one after the other.
pub(crate) fn crc32c(parts: [&[u8]; 2]) -> u32 {
    let tables = &CRC32C_TABLES;
    let mut crc = !0u32;
    for part in parts {
        let (words, rest) = part.as_chunks::<8>();
        for word in words {
            let value = u64::from_le_bytes(*word) ^ u64::from(crc);
            crc = 0;
            for (k, table) in tables.iter().rev().enumerate() {
                crc ^= table[(value >> (8 * k)) as usize & 0xff];
            }
        }
        for byte in rest {
            crc = crc >> 8 ^ tables[0][usize::from(crc as u8 ^ byte)];
        }
    }
    !crc
}

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

/// The checksum that ends a chunk: over its tag and length bytes, then its payload;
/// little-endian.
pub(crate) fn chunk_checksum(tag_and_len: &[u8], payload: &[u8]) -> [u8; 4] {
    crc32c([tag_and_len, payload]).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_values_of_the_crc_catalogue() {
        assert_eq!(crc16([b"1234", b"56789"]), 0x29b1);
        assert_eq!(chunk_checksum(b"123", b"456789"), 0xe306_9283_u32.to_le_bytes());
    }

    /// The vectors of RFC 3720, appendix B.4.
    #[test]
    fn crc32c_of_the_standard_s_vectors() {
        let rising: Vec<u8> = (0..32).collect();
        let falling: Vec<u8> = (0..32).rev().collect();
        assert_eq!(crc32c([&[0; 32], &[]]), 0x8a91_36aa);
        assert_eq!(crc32c([&[0xff; 32], &[]]), 0x62a8_ab43);
        assert_eq!(crc32c([&rising, &[]]), 0x46dd_794e);
        assert_eq!(crc32c([&falling, &[]]), 0x113f_db5c);
    }

    #[test]
    fn crc32c_does_not_depend_on_where_the_parts_meet() {
        let bytes: Vec<u8> = (0..300).map(|i| (i * 7 % 251) as u8).collect();
        let expected = crc32c([&bytes, &[]]);
        for middle in 0..bytes.len() {
            assert_eq!(crc32c([&bytes[..middle], &bytes[middle..]]), expected, "{middle}");
        }
    }
}
