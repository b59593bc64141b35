//! The logistic domain: log-odds to base 2 in units of 1/128, -2047 to 2047, which spans 1/65536
//! to 65535/65536.
//!
//! Base 2 rather than e makes the 12 bits of the domain end just where the 16 bits of a
//! probability end.

use super::cost::log2_q12;

/// The largest log-odds; the smallest is its negative.
pub const STRETCH_MAX: i32 = 2047;

/// `128 * log2(p / (1 - p))` for a probability of 65 536, looked up by its upper 12 bits.
#[inline(always)]
pub fn stretch(p: u32) -> i32 {
    i32::from(STRETCH[(p >> 4) as usize & 4095])
}

/// The probability, 1 to 65 535 of 65 536, with log-odds `x` in 1/128; saturates.
#[inline(always)]
pub fn squash(x: i32) -> u32 {
    u32::from(SQUASH[(x.clamp(-STRETCH_MAX, STRETCH_MAX) + 2048) as usize & 4095])
}

static STRETCH: [i16; 4096] = {
    let mut table = [0; 4096];
    let mut i = 0;
    while i < 4096 {
        // Centre of the cell, times 8192; log2 is in 1/4096, wanted in 1/128.
        let one = log2_q12(2 * i as u64 + 1) as i32;
        let zero = log2_q12(8191 - 2 * i as u64) as i32;
        let odds = one - zero;
        table[i] = (if odds >= 0 { (odds + 16) / 32 } else { -((16 - odds) / 32) }) as i16;
        i += 1;
    }
    table
};

static SQUASH: [u16; 4096] = {
    let mut table = [0; 4096];
    let mut i = 0;
    while i < 4096 {
        table[i] = squash_exact(i as i32 - 2048);
        i += 1;
    }
    table
};

/// `65536 * 2^y / (1 + 2^y)` for `y = |x| / 128`, rounded, then mirrored for negative x, kept
/// within 1 to 65 535.
const fn squash_exact(x: i32) -> u16 {
    let odds = exp2_q40(x.unsigned_abs());
    let one = 1u128 << 40;
    let p = (((odds << 16) + ((odds + one) >> 1)) / (odds + one)) as i32;
    let p = if x < 0 { 65536 - p } else { p };
    (if p < 1 {
        1
    } else if p > 65535 {
        65535
    } else {
        p
    }) as u16
}

/// `2^(x / 128)` in 1/2^40, from the binary digits of `x`: roots of two by integer square root.
const fn exp2_q40(x: u32) -> u128 {
    let mut product = 1u128 << 40;
    let mut root = 2u128 << 40;
    let mut bit = 7;
    while bit > 0 {
        bit -= 1;
        root = isqrt(root << 40);
        if (x >> bit) & 1 != 0 {
            product = (product * root) >> 40;
        }
    }
    product << (x >> 7)
}

const fn isqrt(x: u128) -> u128 {
    let mut root = 0u128;
    let mut bit = 1u128 << 42;
    while bit > 0 {
        let next = root | bit;
        if next * next <= x {
            root = next;
        }
        bit >>= 1;
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_agree_with_floating_point() {
        for p in 0..65536u32 {
            let centre = (f64::from(p >> 4) + 0.5) / 4096.0;
            let exact = 128.0 * (centre / (1.0 - centre)).log2();
            assert!((f64::from(stretch(p)) - exact).abs() < 0.54, "{p}: {} {exact}", stretch(p));
        }
        for x in -2047..=2047 {
            let exact = 65536.0 / (1.0 + (-f64::from(x) / 128.0).exp2());
            assert!((f64::from(squash(x)) - exact.clamp(1.0, 65535.0)).abs() < 0.501, "{x}");
        }
        assert_eq!((squash(-9000), squash(0), squash(9000)), (1, 32768, 65535));
    }

    #[test]
    fn the_domain_is_symmetric() {
        for x in 0..=2047 {
            assert_eq!(squash(x) + squash(-x), 65536, "{x}");
        }
        for p in (0..65536).step_by(16) {
            assert_eq!(stretch(p), -stretch(65535 - p), "{p}");
        }
    }

    /// The hashes in docs/format/entropy.md: FNV-1a of the entries, two bytes each, lowest first.
    #[test]
    fn tables_have_the_hashes_of_the_format_page() {
        let hash = |entries: &mut dyn Iterator<Item = u16>| {
            entries.flat_map(u16::to_le_bytes).fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
            })
        };
        assert_eq!(hash(&mut STRETCH.iter().map(|&x| x as u16)), 0x7fea_2e95_d723_eb42);
        assert_eq!(hash(&mut SQUASH.iter().copied()), 0xb8a4_1e8f_3124_e830);
    }
}
