//! The arithmetic encoder of JPEG files.
//!
//! Bytes wait until no carry can reach them: one that may still grow by one, behind it any number of
//! 0xff, and zeros, which are written only when another byte follows. Bit-exact.
//!
//! Source: ITU-T T.81, annex D.1; that trailing zeros are dropped, D.1.8.

use super::arithmetic_bins::{Bin, Decisions, Estimate};

/// Bits of the code register above which a carry lies, once a byte is complete.
const BYTE_AT: u32 = 19;

/// The encoder over one restart interval.
pub struct Encoder {
    out: Vec<u8>,
    code: u64,
    size: u32,
    /// Shifts until the next byte is complete.
    count: u32,
    /// The byte that a carry may still reach.
    waiting: Option<u8>,
    /// Bytes of 0xff behind it.
    full: usize,
    /// Zeros before it.
    zeros: usize,
}

impl Encoder {
    /// Appends to `out`.
    pub fn new(out: Vec<u8>) -> Self {
        Self { out, code: 0, size: 0x1_0000, count: 11, waiting: None, full: 0, zeros: 0 }
    }

    /// Writes `byte`, a stuffed zero behind 0xff.
    fn put(&mut self, byte: u8) {
        self.out.resize(self.out.len() + std::mem::take(&mut self.zeros), 0);
        self.out.push(byte);
        if byte == 0xff {
            self.out.push(0);
        }
    }

    /// Carries into the byte that waits: the bytes of 0xff behind it become zeros.
    fn carry(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            self.put(waiting.wrapping_add(1));
        }
        self.zeros += std::mem::take(&mut self.full);
    }

    /// No carry can come any more: writes what waits.
    fn settle(&mut self) {
        match self.waiting.take() {
            Some(0) => self.zeros += 1,
            Some(waiting) => self.put(waiting),
            None => {}
        }
        for _ in 0..std::mem::take(&mut self.full) {
            self.put(0xff);
        }
    }

    fn byte_out(&mut self) {
        let byte = self.code >> BYTE_AT;
        match byte {
            0xff => self.full += 1,
            _ => {
                if byte > 0xff {
                    self.carry();
                } else {
                    self.settle();
                }
                self.waiting = Some(byte as u8);
            }
        }
        self.code &= (1 << BYTE_AT) - 1;
        self.count = 8;
    }

    /// Ends the interval: the code with the most trailing zeros that lies in it.
    pub fn finish(mut self) -> Vec<u8> {
        let highest = (self.code + u64::from(self.size) - 1) & !0xffff;
        self.code = if highest < self.code { highest + 0x8000 } else { highest };
        self.code <<= self.count;
        if self.code >> (BYTE_AT + 8) != 0 {
            self.carry();
        } else {
            self.settle();
        }
        let last = (self.code >> (BYTE_AT - 8)) as u16;
        if last != 0 {
            self.put((last >> 8) as u8);
            if last & 0xff != 0 {
                self.put(last as u8);
            }
        }
        self.out
    }
}

impl Decisions for Encoder {
    const READS: bool = false;

    fn bit(&mut self, bin: &mut Bin, bit: bool) -> bool {
        let estimate = Estimate::of(*bin);
        self.size -= estimate.less;
        let less = bit != estimate.more;
        if !less && self.size >= 0x8000 {
            return bit;
        }
        // The larger part is that of the more probable decision.
        if less == (self.size >= estimate.less) {
            self.code += u64::from(self.size);
            self.size = estimate.less;
        }
        *bin = estimate.next[usize::from(less)];
        while self.size < 0x8000 {
            self.size <<= 1;
            self.code <<= 1;
            self.count -= 1;
            if self.count == 0 {
                self.byte_out();
            }
        }
        bit
    }
}
