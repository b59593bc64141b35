//! Huffman tables of JPEG: from counts and symbols to fast decoding and to codes for writing.
//!
//! Bit-exact. Source: ITU-T T.81, annexes C (codes from counts), F.2.2.3 (decoding).

/// Longest end-of-band run that a code can name.
pub const EOB_RUN_MAX: u32 = 0x7fff;
/// Bits that one look-up covers.
pub const LOOKUP_BITS: u32 = 10;

/// One table, ready for both directions.
#[derive(Clone, Debug)]
pub struct HuffmanTable {
    /// Symbols by increasing code.
    pub symbols: Vec<u8>,
    /// For the next ten bits: code length in the high byte, symbol in the low byte; 0 where the
    /// code is longer.
    pub lookup: Box<[u16; 1 << LOOKUP_BITS]>,
    /// For the next ten bits, where code and magnitude bits fit: value << 16 | run << 8 | bits
    /// used; else 0.
    pub lookup_value: Box<[i32; 1 << LOOKUP_BITS]>,
    /// Largest code of each length plus one, aligned left to 16 bits; index is the length.
    limit: [u32; 18],
    /// What to add to a code of a length to get its symbol's index.
    offset: [i32; 17],
    /// Code of each symbol, aligned right, and its length (0: none).
    pub codes: Box<[(u16, u8); 256]>,
    /// Whether a symbol has more than one code.
    pub ambiguous: bool,
}

impl HuffmanTable {
    /// A table from a DHT segment; `None` if the counts fit no prefix code.
    ///
    /// `ac` says that symbols are run << 4 | size.
    pub fn new(counts: &[u8; 16], symbols: &[u8], ac: bool) -> Option<Self> {
        let mut table = Self {
            symbols: symbols.to_vec(),
            lookup: Box::new([0; 1 << LOOKUP_BITS]),
            lookup_value: Box::new([0; 1 << LOOKUP_BITS]),
            limit: [0; 18],
            offset: [0; 17],
            codes: Box::new([(0, 0); 256]),
            ambiguous: false,
        };
        let (mut code, mut index) = (0u32, 0usize);
        for length in 1..=16usize {
            let count = usize::from(counts[length - 1]);
            table.offset[length] = index as i32 - code as i32;
            for _ in 0..count {
                if code >= 1 << length {
                    return None;
                }
                let symbol = *symbols.get(index)?;
                let slot = &mut table.codes[usize::from(symbol)];
                table.ambiguous |= slot.1 != 0;
                if slot.1 == 0 {
                    *slot = (code as u16, length as u8);
                }
                table.fill_lookup(code, length as u32, symbol, ac);
                code += 1;
                index += 1;
            }
            table.limit[length] = code << (16 - length);
            code <<= 1;
        }
        table.limit[17] = u32::MAX;
        Some(table)
    }

    fn fill_lookup(&mut self, code: u32, length: u32, symbol: u8, ac: bool) {
        if length > LOOKUP_BITS {
            return;
        }
        let free = LOOKUP_BITS - length;
        for tail in 0..1u32 << free {
            let index = (code << free | tail) as usize;
            self.lookup[index] = (length as u16) << 8 | u16::from(symbol);
            let (run, size) = if ac {
                (u32::from(symbol >> 4), u32::from(symbol & 15))
            } else {
                (0, u32::from(symbol))
            };
            if (ac && size == 0) || size > free {
                continue;
            }
            let value = extend(tail >> (free - size), size);
            self.lookup_value[index] = value << 16 | (run << 8 | (length + size)) as i32;
        }
    }

    /// The symbol at the top of `window` (16 bits, aligned right) and its code length; `None` for
    /// no code.
    #[inline]
    pub fn decode_slow(&self, window: u32) -> Option<(u8, u32)> {
        let length = (1..=16).find(|l| window < self.limit[*l])?;
        let index = (window >> (16 - length)) as i32 + self.offset[length];
        self.symbols.get(index as usize).map(|s| (*s, length as u32))
    }
}

/// The signed value of `size` magnitude bits (T.81 F.2.2.1, EXTEND).
#[inline(always)]
pub fn extend(bits: u32, size: u32) -> i32 {
    if size == 0 {
        return 0;
    }
    let negative = (bits >> (size - 1)) as i32 - 1;
    bits as i32 + (negative & (1 - (1i32 << size)))
}

/// Code lengths of at most 16 bits for `counts` (symbols that occur), as (counts by length,
/// symbols by code).
///
/// No code is all ones: a place is kept free as T.81 wants. Source: T.81 annex K.2.
pub fn optimal_lengths(counts: &[u64; 256]) -> ([u8; 16], Vec<u8>) {
    let mut order: Vec<(u64, usize)> =
        (0..256).filter(|s| counts[*s] > 0).map(|s| (counts[s], s)).collect();
    order.sort_by_key(|(c, s)| (std::cmp::Reverse(*c), *s));
    // Package-merge over the symbols and one place holder of weight zero, which gets the longest
    // code.
    let weights: Vec<u64> = order.iter().map(|o| o.0).chain([0]).collect();
    let lengths = limited_lengths(&weights, 16);
    let mut by_length = [0u8; 16];
    let mut symbols = Vec::with_capacity(order.len());
    let mut sorted: Vec<(u32, usize)> = order.iter().zip(&lengths).map(|(o, l)| (*l, o.1)).collect();
    sorted.sort();
    for (length, symbol) in sorted {
        by_length[length as usize - 1] += 1;
        symbols.push(symbol as u8);
    }
    (by_length, symbols)
}

/// Package-merge (Larmore and Hirschberg 1990): code lengths, at most `longest`, for weights in
/// falling order.
fn limited_lengths(weights: &[u64], longest: usize) -> Vec<u32> {
    let n = weights.len();
    if n == 1 {
        return vec![1];
    }
    let leaves: Vec<(u64, Vec<u16>)> = (0..n).rev().map(|i| (weights[i], vec![i as u16])).collect();
    let mut packages: Vec<(u64, Vec<u16>)> = Vec::new();
    for _ in 0..longest {
        let mut merged = Vec::with_capacity(leaves.len() + packages.len());
        let (mut a, mut b) = (leaves.iter().cloned().peekable(), packages.into_iter().peekable());
        loop {
            match (a.peek(), b.peek()) {
                (Some(x), Some(y)) if x.0 <= y.0 => merged.extend(a.next()),
                (_, Some(_)) => merged.extend(b.next()),
                (Some(_), None) => merged.extend(a.next()),
                (None, None) => break,
            }
        }
        packages = merged
            .chunks_exact(2)
            .map(|pair| (pair[0].0 + pair[1].0, [pair[0].1.as_slice(), pair[1].1.as_slice()].concat()))
            .collect();
    }
    let mut lengths = vec![0u32; n];
    for (_, members) in packages.iter().take(n - 1) {
        for member in members {
            lengths[usize::from(*member)] += 1;
        }
    }
    lengths
}
