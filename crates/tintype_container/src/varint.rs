//! Unsigned LEB128 numbers below 2^63, in the shortest form only.
//!
//! Source: DWARF 5, section 7.6 (LEB128); the shortest-form rule is ours, so that a number has
//! one spelling.

use crate::ContainerError;

/// Largest number of bytes of one number.
pub(crate) const VARINT_BYTES_MAX: usize = 9;

/// Appends `value`, which must be below 2^63.
///
/// ```
/// let mut bytes = Vec::new();
/// tintype_container::write_varint(&mut bytes, 300);
/// assert_eq!(bytes, [0xac, 0x02]);
/// ```
pub fn write_varint(out: &mut Vec<u8>, value: u64) {
    debug_assert!(value >> 63 == 0);
    let mut rest = value;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Reads a number from the front of `bytes` and moves `bytes` past it; `at` is where `bytes`
/// starts in the file.
///
/// # Errors
/// `Truncated`; `Malformed` for a number of more than nine bytes or not in its shortest form.
pub fn read_varint(bytes: &mut &[u8], at: u64) -> Result<u64, ContainerError> {
    let mut value = 0;
    for (i, &byte) in bytes.iter().enumerate() {
        if i >= VARINT_BYTES_MAX {
            return Err(ContainerError::Malformed {
                what: "a number of more than nine bytes".into(),
                at,
            });
        }
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            if byte == 0 && i > 0 {
                return Err(ContainerError::Malformed {
                    what: "a number that is not in its shortest form".into(),
                    at,
                });
            }
            *bytes = &bytes[i + 1..];
            return Ok(value);
        }
    }
    Err(ContainerError::Truncated { needed: 1, at: at + bytes.len() as u64 })
}
