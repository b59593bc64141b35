//! Bits of entropy-coded data: read without the stuffed zero bytes, written with them.
//!
//! The reader never fails: behind the data it gives zeros and counts them. Bit-exact.
//! Source: ITU-T T.81, B.1.1.5 and F.1.2.3.

/// Reads bits, most significant first, from data that holds no marker but stuffed bytes.
#[derive(Clone, Debug)]
pub struct BitReader<'a> {
    data: &'a [u8],
    position: usize,
    /// The next bits, aligned left.
    window: u64,
    /// Valid bits of `window`.
    available: u32,
    /// Bits handed out behind the end of the data.
    invented: u32,
    /// Whether a byte 0xff came without the zero byte that is stuffed behind it.
    unstuffed: bool,
}

impl<'a> BitReader<'a> {
    /// Starts at the first bit of `data`.
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, position: 0, window: 0, available: 0, invented: 0, unstuffed: false }
    }

    /// Makes at least 32 bits available (zeros behind the end).
    #[inline(always)]
    pub fn refill(&mut self) {
        if self.available >= 32 {
            return;
        }
        if let Some(next) = self.data.get(self.position..self.position + 8) {
            let word = u64::from_be_bytes(next.try_into().expect("eight bytes"));
            let inverted = !word;
            let has_ff =
                inverted.wrapping_sub(0x0101_0101_0101_0101) & !inverted & 0x8080_8080_8080_8080;
            if has_ff == 0 {
                let bytes = (64 - self.available) / 8;
                self.window |= if bytes == 8 {
                    word
                } else {
                    (word >> (64 - 8 * bytes)) << (64 - 8 * bytes - self.available)
                };
                self.available += 8 * bytes;
                self.position += bytes as usize;
                return;
            }
        }
        self.refill_slow();
    }

    #[cold]
    fn refill_slow(&mut self) {
        while self.available <= 56 {
            let Some(&byte) = self.data.get(self.position) else {
                self.invented += 64 - self.available;
                self.available = 64;
                return;
            };
            self.position += 1;
            if byte == 0xff {
                self.unstuffed |= self.data.get(self.position) != Some(&0);
                while self.data.get(self.position) == Some(&0xff) {
                    self.position += 1;
                }
                self.position += usize::from(self.data.get(self.position) == Some(&0));
            }
            self.window |= u64::from(byte) << (56 - self.available);
            self.available += 8;
        }
    }

    /// The next `count` bits (1 to 32) without taking them; call [`Self::refill`] before.
    #[inline(always)]
    pub fn peek(&self, count: u32) -> u32 {
        (self.window >> (64 - count)) as u32
    }

    /// Takes `count` bits (below 48).
    #[inline(always)]
    pub fn skip(&mut self, count: u32) {
        self.window <<= count;
        self.available -= count;
    }

    /// Takes and returns `count` bits (0 to 16) that a refill made available.
    #[inline(always)]
    pub fn take(&mut self, count: u32) -> u32 {
        let value = ((self.window >> 1) >> (63 - count)) as u32;
        self.skip(count);
        value
    }

    /// Refills and takes one bit.
    #[inline(always)]
    pub fn bit(&mut self) -> u32 {
        if self.available == 0 {
            self.refill();
        }
        self.take(1)
    }

    /// Whether more bits were taken than there were.
    pub fn overrun(&self) -> bool {
        self.invented > self.available
    }

    /// Whether the data ended at the last byte of what was taken, and was as [`BitWriter`] writes
    /// it.
    pub fn ended_cleanly(&self) -> bool {
        let left = self.available.wrapping_sub(self.invented);
        !self.overrun() && !self.unstuffed && self.position == self.data.len() && left < 8
    }

    /// The bits up to the next byte boundary: value and count (0 to 7).
    pub fn padding(&self) -> (u32, u32) {
        if self.overrun() {
            return (0, 0);
        }
        let count = (self.available - self.invented) % 8;
        (if count == 0 { 0 } else { self.peek(count) }, count)
    }
}

/// Writes bits, most significant first, with a zero byte stuffed behind each 0xff.
#[derive(Clone, Debug, Default)]
pub struct BitWriter {
    /// What was written.
    pub bytes: Vec<u8>,
    window: u64,
    filled: u32,
}

impl BitWriter {
    /// Appends the low `count` bits of `value` (0 to 32); higher bits must be zero.
    #[inline(always)]
    pub fn put(&mut self, value: u32, count: u32) {
        if self.filled + count > 64 {
            self.drain();
        }
        self.window = self.window << count | u64::from(value);
        self.filled += count;
    }

    /// Writes all whole bytes.
    #[inline]
    fn drain(&mut self) {
        if self.filled >= 32 {
            let word = (self.window >> (self.filled - 32)) as u32;
            let inverted = !word;
            self.filled -= 32;
            if inverted.wrapping_sub(0x0101_0101) & !inverted & 0x8080_8080 == 0 {
                self.bytes.extend_from_slice(&word.to_be_bytes());
            } else {
                for byte in word.to_be_bytes() {
                    self.byte(byte);
                }
            }
            return;
        }
        while self.filled >= 8 {
            self.filled -= 8;
            self.byte((self.window >> self.filled) as u8);
        }
    }

    fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
        if byte == 0xff {
            self.bytes.push(0);
        }
    }

    /// How many bits are missing to a byte boundary.
    pub fn missing(&self) -> u32 {
        (8 - self.filled % 8) % 8
    }

    /// Fills up to a byte boundary with the low bits of `padding` and writes everything out.
    pub fn align(&mut self, padding: u32) {
        let missing = self.missing();
        self.put(padding & ((1 << missing) - 1), missing);
        while self.filled >= 8 {
            self.drain();
        }
    }
}
