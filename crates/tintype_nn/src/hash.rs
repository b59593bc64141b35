//! SHA-256, by which a stream names its model.
//!
//! Bit-exact. Source: FIPS 180-4, section 6.2. The round constants are computed as the standard defines them, from
//! cube roots and square roots of primes, in whole numbers.

/// A SHA-256 digest.
pub type Hash = [u8; 32];

/// The first `N` primes.
const fn primes<const N: usize>() -> [u64; N] {
    let mut list = [0; N];
    let (mut found, mut candidate) = (0, 2);
    while found < N {
        let (mut divisor, mut prime) = (2, true);
        while divisor * divisor <= candidate {
            prime &= candidate % divisor != 0;
            divisor += 1;
        }
        if prime {
            list[found] = candidate;
            found += 1;
        }
        candidate += 1;
    }
    list
}

/// First 32 bits of the fractional part of the `power`-th root of `prime`, 2 or 3.
const fn root_fraction(prime: u64, power: u32) -> u32 {
    // The largest r with r^power ≤ prime · 2^(32 · power) is the root in steps of 2^-32.
    let (mut low, mut high) = (0u128, 1u128 << 37);
    while high - low > 1 {
        let middle = (low + high) / 2;
        let fits = if power == 2 {
            middle * middle <= (prime as u128) << 64
        } else {
            cube_fits(middle, prime)
        };
        if fits {
            low = middle;
        } else {
            high = middle;
        }
    }
    low as u32
}

/// Whether `root³ ≤ prime · 2^96`, for `root` below 2^37: the cube has up to 111 bits.
const fn cube_fits(root: u128, prime: u64) -> bool {
    root * root * root <= (prime as u128) << 96
}

const fn roots<const N: usize>(power: u32) -> [u32; N] {
    let list = primes::<N>();
    let mut out = [0; N];
    let mut i = 0;
    while i < N {
        out[i] = root_fraction(list[i], power);
        i += 1;
    }
    out
}

const ROUND: [u32; 64] = roots::<64>(3);
const START: [u32; 8] = roots::<8>(2);

/// The digest of `bytes`.
pub fn hash(bytes: &[u8]) -> Hash {
    let mut state = START;
    let mut tail = bytes[bytes.len() / 64 * 64..].to_vec();
    tail.push(0x80);
    while tail.len() % 64 != 56 {
        tail.push(0);
    }
    tail.extend((bytes.len() as u64 * 8).to_be_bytes());
    for block in bytes.chunks_exact(64).chain(tail.chunks_exact(64)) {
        absorb(&mut state, block);
    }
    let mut out = [0; 32];
    for (part, word) in out.chunks_exact_mut(4).zip(state) {
        part.copy_from_slice(&word.to_be_bytes());
    }
    out
}

fn absorb(state: &mut [u32; 8], block: &[u8]) {
    let mut w = [0u32; 64];
    for (word, part) in w.iter_mut().zip(block.chunks_exact(4)) {
        *word = u32::from_be_bytes([part[0], part[1], part[2], part[3]]);
    }
    for i in 16..64 {
        let (a, b) = (w[i - 15], w[i - 2]);
        let s0 = a.rotate_right(7) ^ a.rotate_right(18) ^ (a >> 3);
        let s1 = b.rotate_right(17) ^ b.rotate_right(19) ^ (b >> 10);
        w[i] = w[i - 16].wrapping_add(s0).wrapping_add(w[i - 7]).wrapping_add(s1);
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for i in 0..64 {
        let s1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let choice = (e & f) ^ (!e & g);
        let one = h.wrapping_add(s1).wrapping_add(choice).wrapping_add(ROUND[i]).wrapping_add(w[i]);
        let s0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let two = s0.wrapping_add((a & b) ^ (a & c) ^ (b & c));
        (h, g, f, e, d, c, b, a) = (g, f, e, d.wrapping_add(one), c, b, a, one.wrapping_add(two));
    }
    for (sum, value) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *sum = sum.wrapping_add(value);
    }
}
