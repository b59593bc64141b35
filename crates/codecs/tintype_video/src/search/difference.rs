//! How different blocks are.

/// Sum of absolute differences of two rows.
#[inline(always)]
pub fn row_sad(a: &[u8], b: &[u8]) -> u32 {
    a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b))).sum()
}

/// Sum of magnitudes of the Hadamard transform of an 8 × 8 of differences, a quarter of it.
#[inline(always)]
pub fn hadamard(block: &mut [[i16; 8]; 8]) -> u32 {
    #[inline(always)]
    fn pass(rows: &mut [[i16; 8]; 8]) {
        let mut step = 1;
        while step < 8 {
            let mut i = 0;
            while i < 8 {
                for j in i..i + step {
                    let (a, b) = (rows[j], rows[j + step]);
                    for k in 0..8 {
                        rows[j][k] = a[k].wrapping_add(b[k]);
                        rows[j + step][k] = a[k].wrapping_sub(b[k]);
                    }
                }
                i += 2 * step;
            }
            step *= 2;
        }
    }
    pass(block);
    let mut turned = [[0i16; 8]; 8];
    for y in 0..8 {
        for x in 0..8 {
            turned[x][y] = block[y][x];
        }
    }
    pass(&mut turned);
    let mut sum = 0u32;
    for row in &turned {
        for &v in row {
            sum += u32::from(v.unsigned_abs());
        }
    }
    sum / 4
}

/// Sum of squared differences.
#[inline(always)]
pub fn squared(a: &[u16], b: &[u16]) -> u64 {
    let mut sum = 0u64;
    for (a, b) in a.chunks(64).zip(b.chunks(64)) {
        let mut part = 0u32;
        for (&a, &b) in a.iter().zip(b) {
            let d = i32::from(a) - i32::from(b);
            part = part.wrapping_add((d * d) as u32);
        }
        sum += u64::from(part);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_difference_is_one_wave() {
        assert_eq!(hadamard(&mut [[3; 8]; 8]), 64 * 3 / 4);
    }
}
