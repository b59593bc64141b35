//! The symbols of one plane, visited once for encoder, decoder and cost.
//!
//! In and out: split flags, piece numbers and quantised coefficients of blocks. Bit-exact: integers only.
//!
//! A block is its piece (equal to the left one's, the upper one's, or a number in an adaptive tree), the place after its
//! last coefficient that is not zero, and then, from there down, each coefficient: zero or not, larger than one or not …
//! under the mean of contexts that know the place, the coefficients just coded, the piece, and the neighbours' energy.

use tintype_entropy::{AdaptiveBit, BitWalk, Mixer, cost_q12, stretch};

/// Values of the neighbours' energy: 0 to 8.
pub const ENERGIES: usize = 9;
const PLACES: usize = 24;
const PIECES: usize = 64;
const LIMIT: u32 = 400;
const TREE: usize = 0;
const SAME: usize = TREE + 2 * 2 * 64;
const SPLIT: usize = SAME + 2 * 2 * 3;
const EMPTY: usize = SPLIT + ENERGIES * 3;
const LENGTH: usize = EMPTY + 2 * ENERGIES * ENERGIES;
const LENGTH_TOP: usize = LENGTH + 2 * ENERGIES * 9;
const ZERO_A: usize = LENGTH_TOP + 2 * 9 * 2;
const ZERO_B: usize = ZERO_A + 2 * PLACES * 9;
const ZERO_C: usize = ZERO_B + 2 * PIECES * PLACES;
const ONE_A: usize = ZERO_C + 2 * ENERGIES * PLACES * 3;
const ONE_B: usize = ONE_A + 2 * PLACES * 9;
const MORE: usize = ONE_B + 2 * ENERGIES * PLACES;
const COUNT: usize = MORE + 2 * 9 * 16;

/// What is known of a block before its symbols.
#[derive(Clone, Copy, Debug, Default)]
pub struct BlockContext {
    /// 0 for blocks of 8, 1 for blocks of 16.
    pub size: usize,
    /// Energy left and above, 0 to 8.
    pub energy: usize,
    /// Energy of the plane coded before at the same place, 0 to 8; 0 for the first plane.
    pub other: usize,
    /// Piece of the left block if it has the same size.
    pub left: Option<usize>,
    /// Piece of the upper block if it has the same size.
    pub above: Option<usize>,
}

/// Adaptive state for one kind of plane.
#[derive(Clone, Debug)]
pub struct Contexts {
    bits: Vec<AdaptiveBit>,
    zero: Mixer<3>,
    one: Mixer<2>,
}

/// Logarithmic steps of a sum of magnitudes: 0, 1, 2, 3–4, 5–8 … to 8.
pub fn energy_from_sum(sum: u32) -> usize {
    match sum {
        0 => 0,
        1 => 1,
        _ => ((sum - 1).ilog2() as usize + 2).min(ENERGIES - 1),
    }
}

/// Position in the scan, finer near the start.
fn place(index: usize) -> usize {
    match index {
        0..=7 => index,
        8..=15 => 8 + (index - 8) / 2,
        16..=31 => 12 + (index - 16) / 4,
        32..=63 => 16 + (index - 32) / 8,
        _ => (20 + (index - 64) / 48).min(PLACES - 1),
    }
}

/// Where the three predictions of "not zero" stand.
fn nonzero_places(index: usize, local: usize, piece: usize, block: &BlockContext) -> [usize; 3] {
    let (place, size) = (place(index), block.size);
    [
        ZERO_A + (size * PLACES + place) * 9 + local,
        ZERO_B + (size * PIECES + piece) * PLACES + place,
        ZERO_C + ((size * ENERGIES + block.energy) * PLACES + place) * 3 + (local / 3).min(2),
    ]
}

/// Where the two predictions of "larger than one" stand.
fn one_places(index: usize, local: usize, block: &BlockContext) -> [usize; 2] {
    let place = place(index);
    [
        ONE_A + (block.size * PLACES + place) * 9 + local,
        ONE_B + (block.size * ENERGIES + block.energy) * PLACES + place,
    ]
}

/// Estimated cost of a decision of probability `p1`, in bits.
fn cost(bit: bool, p1: u32) -> f32 {
    cost_q12(if bit { p1 } else { 65536 - p1 }) as f32 / 4096.0
}

/// Costs under the present state, which stays as it is; for the encoder's search only.
impl Contexts {
    /// Bits of "zero" and of "not zero".
    pub fn nonzero_costs(
        &self,
        index: usize,
        local: usize,
        piece: usize,
        block: &BlockContext,
    ) -> [f32; 2] {
        let inputs = nonzero_places(index, local, piece, block).map(|p| stretch(self.bits[p].p1()));
        let p1 = self.zero.mix(block.size, &inputs);
        [cost(false, p1), cost(true, p1)]
    }

    /// Bits of a magnitude of at least 1 with its sign.
    pub fn magnitude_cost(
        &self,
        magnitude: usize,
        index: usize,
        local: usize,
        block: &BlockContext,
    ) -> f32 {
        let inputs = one_places(index, local, block).map(|p| stretch(self.bits[p].p1()));
        let p1 = self.one.mix(block.size, &inputs);
        let mut bits = 1.0 + cost(magnitude > 1, p1);
        let row = MORE + (block.size * 9 + place(index).min(8)) * 16;
        for value in 2..magnitude.min(15) {
            bits += cost(true, self.bits[row + value].p1());
        }
        if (2..15).contains(&magnitude) {
            bits += cost(false, self.bits[row + magnitude].p1());
        } else if magnitude >= 15 {
            bits += 2.0 * ((magnitude - 14) as f32).log2() + 1.0;
        }
        bits
    }

    /// Bits of every place of the end, 0 to `costs.len() - 1`.
    pub fn end_costs(&self, costs: &mut [f32], block: &BlockContext) {
        let kept = costs.len() - 1;
        let empty =
            self.bits[EMPTY + (block.size * ENERGIES + block.energy) * ENERGIES + block.other].p1();
        costs[0] = cost(false, empty);
        let mut prefix = cost(true, empty);
        let top = kept.ilog2() as usize;
        for length in 0..=top {
            let stop =
                self.bits[LENGTH + (block.size * ENERGIES + block.energy) * 9 + length.min(8)].p1();
            let own = prefix + if length < top { cost(false, stop) } else { 0.0 };
            for end in (1 << length)..=kept.min((2 << length) - 1) {
                let mut bits = own;
                if length > 0 {
                    let at = LENGTH_TOP + (block.size * 9 + length) * 2;
                    bits += cost((end >> (length - 1)) & 1 == 1, self.bits[at].p1());
                    if length > 1 {
                        bits += cost((end >> (length - 2)) & 1 == 1, self.bits[at + 1].p1())
                            + (length - 2) as f32;
                    }
                }
                costs[end] = bits;
            }
            prefix += cost(true, stop);
        }
    }

    /// Bits of each of `pieces` pieces.
    pub fn piece_cost(&self, piece: usize, pieces: usize, block: &BlockContext) -> f32 {
        let known = usize::from(block.left.is_some() && block.left == block.above);
        let mut bits = 0.0;
        for (order, candidate) in [block.left, block.above].into_iter().enumerate() {
            let Some(candidate) = candidate else { continue };
            if order == 1 && block.left == block.above {
                break;
            }
            let p1 = self.bits[SAME + (block.size * 2 + order) * 3 + known].p1();
            bits += cost(piece == candidate, p1);
            if piece == candidate {
                return bits;
            }
        }
        let depth = usize::BITS - (pieces - 1).leading_zeros();
        let mut node = 1usize;
        for level in (0..depth).rev() {
            let bit = (piece >> level) & 1 == 1;
            bits += cost(bit, self.bits[TREE + block.size * 128 + node].p1());
            node = 2 * node + usize::from(bit);
        }
        bits
    }

    /// Bits of "not split" and "split".
    pub fn split_costs(&self, energy: usize, depth: usize) -> [f32; 2] {
        let p1 = self.bits[SPLIT + energy * 3 + depth].p1();
        [cost(false, p1), cost(true, p1)]
    }
}

impl Contexts {
    /// Untaught contexts.
    pub fn new() -> Self {
        Self {
            bits: vec![AdaptiveBit::default(); COUNT],
            zero: Mixer::new(2, 5),
            one: Mixer::new(2, 4),
        }
    }

    /// Contexts that start where `bytes` (two for each: 12 bits of probability, 4 of count) say, as far as they go.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut contexts = Self::new();
        for (bit, pair) in contexts.bits.iter_mut().zip(bytes.chunks_exact(2)) {
            let value = u32::from(u16::from_le_bytes([pair[0], pair[1]]));
            *bit = AdaptiveBit::with_count((value >> 4) * 16 + 8, (1 << (value & 15).min(6)) - 1);
        }
        contexts
    }

    /// The present state in the form that [`Contexts::from_bytes`] reads; counts are kept to `2^seen_log2_max - 1`.
    pub fn to_bytes(&self, seen_log2_max: u32) -> Vec<u8> {
        let pair = |bit: &AdaptiveBit| {
            let seen = (bit.count() + 1).ilog2().min(seen_log2_max);
            (((bit.p1() >> 4) << 4) as u16 | seen as u16).to_le_bytes()
        };
        self.bits.iter().flat_map(pair).collect()
    }

    /// Bytes of one state.
    pub const LEN_BYTES: usize = 2 * COUNT;

    /// Whether a block of 16 is split; `depth` counts split neighbours (0 to 2).
    pub fn split<W: BitWalk>(
        &mut self,
        walk: &mut W,
        split: bool,
        energy: usize,
        depth: usize,
    ) -> bool {
        self.bits[SPLIT + energy * 3 + depth].code(walk, split, LIMIT)
    }

    /// The piece of a block out of `pieces`.
    pub fn piece<W: BitWalk>(
        &mut self,
        walk: &mut W,
        piece: usize,
        pieces: usize,
        block: &BlockContext,
    ) -> usize {
        let known = usize::from(block.left.is_some() && block.left == block.above);
        for (order, candidate) in [block.left, block.above].into_iter().enumerate() {
            let Some(candidate) = candidate else { continue };
            if order == 1 && block.left == block.above {
                break;
            }
            let at = SAME + (block.size * 2 + order) * 3 + known;
            if self.bits[at].code(walk, piece == candidate, LIMIT) {
                return candidate;
            }
        }
        let depth = usize::BITS - (pieces - 1).leading_zeros();
        let mut node = 1usize;
        for level in (0..depth).rev() {
            let at = TREE + block.size * 128 + node;
            node =
                2 * node + usize::from(self.bits[at].code(walk, (piece >> level) & 1 == 1, LIMIT));
        }
        (node - (1 << depth)).min(pieces - 1)
    }

    /// The coefficients of a block: `levels` has one entry for each basis row.
    pub fn levels<W: BitWalk>(
        &mut self,
        walk: &mut W,
        levels: &mut [i16],
        piece: usize,
        block: &BlockContext,
    ) {
        let end = levels.iter().rposition(|&v| v != 0).map_or(0, |p| p + 1);
        let end = self.end(walk, end, levels.len(), block);
        if W::READS {
            levels.fill(0);
        }
        let (mut next, mut after) = (0usize, 0usize);
        for index in (0..end).rev() {
            let magnitude = usize::from(levels[index].unsigned_abs());
            let local = next.min(2) * 3 + after.min(2);
            let magnitude = if index + 1 == end
                || self.nonzero(walk, magnitude != 0, index, local, piece, block)
            {
                self.magnitude(walk, magnitude.max(1), index, next.min(2) + after.min(2), block)
            } else {
                0
            };
            if magnitude != 0 {
                let negative = walk.bit(levels[index] < 0, 32768);
                levels[index] = if negative { -(magnitude as i16) } else { magnitude as i16 };
            }
            (after, next) = (next, magnitude);
        }
    }

    /// The place after the last coefficient that is not zero.
    pub fn end<W: BitWalk>(
        &mut self,
        walk: &mut W,
        end: usize,
        kept: usize,
        block: &BlockContext,
    ) -> usize {
        let at = EMPTY + (block.size * ENERGIES + block.energy) * ENERGIES + block.other;
        if !self.bits[at].code(walk, end > 0, LIMIT) {
            return 0;
        }
        let wanted = end.max(1).ilog2() as usize;
        let top = kept.ilog2() as usize;
        let mut length = 0;
        while length < top {
            let at = LENGTH + (block.size * ENERGIES + block.energy) * 9 + length;
            if !self.bits[at].code(walk, wanted > length, LIMIT) {
                break;
            }
            length += 1;
        }
        if length == 0 {
            return 1;
        }
        let at = LENGTH_TOP + (block.size * 9 + length) * 2;
        let high = self.bits[at].code(walk, (end >> (length - 1)) & 1 == 1, LIMIT);
        let mut value = 2 + usize::from(high);
        if length > 1 {
            let at = at + 1;
            for bit in (0..length - 1).rev() {
                let one = if bit == length - 2 {
                    self.bits[at].code(walk, (end >> bit) & 1 == 1, LIMIT)
                } else {
                    walk.bit((end >> bit) & 1 == 1, 32768)
                };
                value = 2 * value + usize::from(one);
            }
        }
        value.min(kept)
    }

    /// Whether a coefficient is not zero; `local` is 0 to 8 from the two coded before it.
    pub fn nonzero<W: BitWalk>(
        &mut self,
        walk: &mut W,
        nonzero: bool,
        index: usize,
        local: usize,
        piece: usize,
        block: &BlockContext,
    ) -> bool {
        let places = nonzero_places(index, local, piece, block);
        let inputs = places.map(|p| stretch(self.bits[p].p1()));
        let nonzero = self.zero.code(walk, nonzero, block.size, &inputs);
        for p in places {
            self.bits[p].update(nonzero, LIMIT);
        }
        nonzero
    }

    /// A magnitude of at least 1; `local` is 0 to 4.
    pub fn magnitude<W: BitWalk>(
        &mut self,
        walk: &mut W,
        magnitude: usize,
        index: usize,
        local: usize,
        block: &BlockContext,
    ) -> usize {
        let places = one_places(index, local, block);
        let inputs = places.map(|p| stretch(self.bits[p].p1()));
        let larger = self.one.code(walk, magnitude > 1, block.size, &inputs);
        for p in places {
            self.bits[p].update(larger, LIMIT);
        }
        if !larger {
            return 1;
        }
        let row = MORE + (block.size * 9 + place(index).min(8)) * 16;
        let mut value = 2;
        while value < 15 {
            if !self.bits[row + value].code(walk, magnitude > value, LIMIT) {
                return value;
            }
            value += 1;
        }
        let rest = (magnitude.max(15) - 15) as u32 + 1;
        let mut length = 0;
        while length < 15 && walk.bit(rest.ilog2() > length, 32768) {
            length += 1;
        }
        let low = walk.bits(rest & ((1 << length) - 1), length);
        (15 + ((1u32 << length) | low) as usize - 1).min(32767)
    }
}

impl Default for Contexts {
    fn default() -> Self {
        Self::new()
    }
}
