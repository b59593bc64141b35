//! The coder of depth planes: holes, values that recur, new values, with contexts from the
//! guide's edges. Bit-exact.
//!
//! In: a plane whose samples of 0 are holes, and perhaps a guide plane decoded before. Out:
//! its samples. Samples are coded as indices into the list of values that the plane uses, so
//! that the coarse steps of a sensor cost nothing. Each sample is first a hole or not; then
//! one of up to six candidates (the value that followed like surroundings before, the
//! neighbours, the gradient predictor) or a distance from a prediction. Every decision is
//! mixed from hashed adaptive bits. Source: our own; related to codec `lossless` on drawn
//! pictures, and to guided depth coding such as Gautier, Le Meur and Guillemot 2012. Format:
//! docs/format/planes.md, "Depth".

use super::neighbours::{Neighbours, PAD, Rows, neighbours};
use super::values::code_values;
use tintype_codec::CodecError;
use tintype_entropy::{BitWalk, Mixer, RefinedMix};
use tintype_image::Plane;

/// Logarithm of the size of a table of adaptive bits, and of match entries. Not measured.
const TABLE_LOG2: u32 = 16;
/// Most candidates for a sample.
const RANKS: usize = 6;
/// Count at which adaptive windows stop growing. Not measured.
const LIMIT: u32 = 250;

/// Decisions of one kind under hashed contexts.
struct Decisions<const N: usize>(RefinedMix<N>);

fn hash(a: u64, b: u64) -> u64 {
    let x = (a ^ b.rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^ (x >> 31)
}

impl<const N: usize> Decisions<N> {
    fn new(sets: usize, weight: i32) -> Self {
        let mixer = Mixer::with_weight(sets, 6, weight);
        Self(RefinedMix::new(N << TABLE_LOG2, LIMIT, mixer, sets))
    }

    #[inline(always)]
    fn code<W: BitWalk>(&mut self, walk: &mut W, bit: bool, set: usize, keys: [u64; N]) -> bool {
        let mut at = [0usize; N];
        for k in 0..N {
            let place = keys[k].wrapping_mul(0xd6e8_feb8_6659_fd93) >> (64 - TABLE_LOG2);
            at[k] = (k << TABLE_LOG2) | place as usize;
        }
        self.0.code(walk, bit, at, (set, set))
    }
}

/// The value that followed some surroundings, and a check of their hash.
#[derive(Clone, Copy, Default)]
struct MatchEntry {
    value: i32,
    check: u32,
}

/// The adaptive state of a plane.
pub(super) struct DepthCoder {
    holes: Decisions<6>,
    hits: Decisions<8>,
    escapes: Decisions<6>,
    matches: [Vec<MatchEntry>; 2],
    ranks: Vec<u8>,
    last: i32,
    max: i32,
}

impl DepthCoder {
    /// Codes `plane` of `bits` bits; `guide` is a plane of the same size and its bit depth.
    /// The samples of `plane` are read only when writing.
    ///
    /// # Errors
    /// `Malformed` for a list of values that leaves the range.
    pub fn run<W: BitWalk>(
        walk: &mut W,
        plane: &mut Plane<u16>,
        bits: u32,
        guide: Option<(&Plane<u16>, u32)>,
    ) -> Result<(), CodecError> {
        let values = code_values(walk, plane, bits)?;
        let mut places = vec![0i32; 1 << bits];
        for (place, &value) in values.iter().enumerate() {
            places[usize::from(value)] = place as i32;
        }
        let width = plane.width();
        let mut own = Self {
            holes: Decisions::new(64, 14000),
            hits: Decisions::new(RANKS * 64, 12000),
            escapes: Decisions::new(256, 14000),
            matches: std::array::from_fn(|_| vec![MatchEntry::default(); 1 << 16]),
            ranks: vec![0; width + 2 * PAD],
            last: 0,
            max: values.len() as i32 - 1,
        };
        let mut rows = Rows::new(width);
        let mut guide_rows = Rows::new(width);
        for y in 0..plane.height() {
            rows.begin(width);
            guide_rows.begin(width);
            if let Some((guide, depth)) = guide {
                for (to, &from) in guide_rows.0[0][PAD..].iter_mut().zip(guide.row(y)) {
                    *to = (i32::from(from) << 8) >> depth;
                }
            }
            let row = plane.row_mut(y);
            for (x, sample) in row.iter_mut().enumerate() {
                let wanted = if W::READS { 0 } else { places[usize::from(*sample)] };
                let place = own.sample(walk, &rows, &guide_rows, x, wanted);
                rows.0[0][x + PAD] = place;
                *sample = values[place as usize];
            }
        }
        Ok(())
    }

    fn sample<W: BitWalk>(
        &mut self,
        walk: &mut W,
        rows: &Rows,
        guide: &Rows,
        x: usize,
        wanted: i32,
    ) -> i32 {
        let column = x + PAD;
        let near = neighbours(rows, guide, column);
        let value = if self.hole(walk, rows, &near, column, wanted == 0) {
            0
        } else {
            // In a damaged stream a plane of holes alone may say that there is a value.
            self.value(walk, &near, column, wanted).min(self.max)
        };
        if value == 0 {
            self.ranks[column] = 14;
        }
        value
    }

    fn hole<W: BitWalk>(
        &mut self,
        walk: &mut W,
        rows: &Rows,
        a: &Neighbours,
        column: usize,
        hole: bool,
    ) -> bool {
        let near = [a.w, a.n, a.nw, a.ne, a.ww, a.nn]
            .iter()
            .fold(0u64, |bits, &v| bits << 1 | u64::from(v == 0));
        let at = |up: usize, dx: isize| u64::from(rows.at(up, column.wrapping_add_signed(dx)) == 0);
        let more = [(1, 2), (1, -2), (2, 1), (2, -1), (0, -3), (1, 3)]
            .iter()
            .fold(0u64, |b, &(up, dx)| b << 1 | at(up, dx));
        let most = [(2, 2), (2, -2), (1, -3), (0, -4), (2, 3)]
            .iter()
            .fold(0u64, |b, &(up, dx)| b << 1 | at(up, dx));
        let wide = near << 6 | more;
        let jump = u64::from(bit_length(a.w.abs_diff(a.n).min(255)));
        let keys = [
            hash(near, a.edges),
            hash(wide, 1),
            hash(near >> 2, a.edges << 4 | a.alike),
            hash(wide << 6 | most, 2),
            hash(near, a.shade << 8 | a.alike),
            hash(near, (jump << 8) | (a.edges / 8)),
        ];
        self.holes.code(walk, hole, near as usize, keys)
    }

    /// The candidates for a sample, the sources that propose each (a bit each), and how many
    /// there are.
    fn candidates(
        &self,
        a: &Neighbours,
        slots: [usize; 2],
        checks: [u32; 2],
    ) -> ([i32; RANKS], [u64; RANKS], usize) {
        let (mut candidates, mut votes, mut count) = ([0i32; RANKS], [0u64; RANKS], 0usize);
        let mut propose = |value: i32, source: u32| {
            if value <= 0 {
                return;
            }
            if let Some(r) = candidates[..count].iter().position(|&c| c == value) {
                votes[r] |= 1 << source;
            } else if count < RANKS {
                (candidates[count], votes[count]) = (value, 1 << source);
                count += 1;
            }
        };
        for k in 0..2 {
            let entry = self.matches[k][slots[k]];
            if entry.check == checks[k] {
                propose(entry.value, k as u32);
            }
        }
        propose(a.w, 2);
        propose(a.n, 3);
        propose(a.ne, 4);
        propose(a.nw, 5);
        if a.w > 0 && a.n > 0 && a.nw > 0 {
            propose((a.w + a.n - a.nw).clamp(1, self.max.max(1)), 6);
        }
        (candidates, votes, count)
    }

    /// A value that is no hole.
    fn value<W: BitWalk>(&mut self, walk: &mut W, a: &Neighbours, column: usize, wanted: i32) -> i32 {
        let key = |v: i32| v as u64;
        let two = hash(hash(1, key(a.w)), key(a.n));
        let four = hash(hash(two, key(a.nw)), key(a.ne));
        let six = hash(hash(four, key(a.ww)), key(a.nn));
        let slots = [(six >> 48) as usize, (four >> 48) as usize];
        let checks = [six as u32, four as u32];
        let (candidates, votes, count) = self.candidates(a, slots, checks);
        let equal = [(a.w, a.n), (a.n, a.ne), (a.n, a.nw), (a.w, a.nw), (a.w, a.ww), (a.n, a.nn)];
        let pattern = equal.iter().fold(0u64, |bits, (p, q)| bits << 1 | u64::from(p == q));
        let holes = [a.w, a.n, a.nw, a.ne].iter().fold(0u64, |bits, &v| bits << 1 | u64::from(v == 0));
        let pattern = pattern << 4 | holes;
        let history = u64::from(self.ranks[column - 1]) | u64::from(self.ranks[column]) << 4;
        let history =
            history | u64::from(self.ranks[column + 1]) << 8 | u64::from(self.ranks[column - 2]) << 12;
        let mut found = None;
        for r in 0..count {
            let vote = votes[r] << 4 | r as u64;
            let apart = |v: i32| (v - candidates[r]).clamp(-40, 40) as u64 & 0x7f;
            let keys = [
                hash(six, r as u64),
                hash(four, vote),
                hash(hash(two, 3), key(candidates[r])),
                hash(pattern, vote),
                hash(history, vote),
                hash(a.edges << 4 | a.alike, vote),
                hash(hash(pattern, a.edges), r as u64),
                hash(hash(apart(a.w) << 14 | apart(a.n) << 7 | apart(a.nw), apart(a.ne)), vote & 15),
            ];
            let set = r * 64 + (votes[r] as usize >> 1 & 31) + 32 * (votes[r] as usize & 1);
            if self.hits.code(walk, wanted == candidates[r], set, keys) {
                found = Some(r);
                break;
            }
        }
        let value = match found {
            Some(r) => candidates[r],
            None => self.new_value(walk, a, wanted),
        };
        self.ranks[column] = found.map_or(15, |r| r as u8);
        for k in 0..2 {
            self.matches[k][slots[k]] = MatchEntry { value, check: checks[k] };
        }
        value
    }

    /// A value that was no candidate, as a distance from a prediction: whether 0, side, bit
    /// length, bits.
    fn new_value<W: BitWalk>(&mut self, walk: &mut W, a: &Neighbours, wanted: i32) -> i32 {
        // A neighbour that is a hole is replaced by the next one that is not.
        let some = |list: [i32; 5]| list.into_iter().find(|&v| v > 0).unwrap_or(self.last.max(1));
        let (w, n) = (some([a.w, a.n, a.nw, a.ne, a.ww]), some([a.n, a.w, a.ne, a.nw, a.nn]));
        let (nw, ne) = (some([a.nw, a.n, a.w, a.ww, a.ne]), some([a.ne, a.n, a.nw, a.w, a.nn]));
        let base = (w + n - nw).clamp(w.min(n), w.max(n)).clamp(1, self.max.max(1));
        let spread = (w - nw).unsigned_abs() + (n - nw).unsigned_abs() + (n - ne).unsigned_abs();
        let level = u64::from((spread + 1).ilog2().min(12));
        let side = |v: i32| u64::from(bit_length(v.unsigned_abs().min(4000))) << 1 | u64::from(v < 0);
        let context = [
            level << 8 | side(self.last),
            hash(a.edges << 4 | a.alike, level),
            hash(w as u64, n as u64),
            hash(base as u64, 7),
            hash(w as u64, 9),
            hash(side(w - n) << 8 | side(ne - n), side(n - nw)),
        ];
        let escapes = &mut self.escapes;
        let mut decide = |walk: &mut W, bit: bool, node: u64, set: usize| {
            escapes.code(walk, bit, set.min(255), context.map(|c| hash(c, node + 1)))
        };
        let distance = wanted - base;
        if decide(walk, distance == 0, 0, 0) {
            self.last = 0;
            return base;
        }
        let up = if base >= self.max { false } else { base <= 1 || decide(walk, distance > 0, 1, 1) };
        // At least 1; bit length of the distance, then its bits below the highest.
        let magnitude = distance.unsigned_abs().max(1);
        let top = 16;
        let mut length = 0u32;
        while length < top
            && decide(walk, magnitude.ilog2() > length, 2 + u64::from(length), 2 + length as usize)
        {
            length += 1;
        }
        let mut value = 1u32;
        for k in (0..length).rev() {
            let node = if length - k <= 6 {
                u64::from(value) << 5 | u64::from(length)
            } else {
                1 << 20 | u64::from(k)
            };
            let set = 32 + (length as usize * 8 + (length - 1 - k).min(7) as usize);
            value = value << 1 | u32::from(decide(walk, magnitude >> k & 1 == 1, 64 + node, set));
        }
        let most = if up { self.max - base } else { base - 1 };
        let value = (value.min(1 << 17) as i32).min(most.max(0));
        self.last = if up { value } else { -value };
        base + self.last
    }
}

/// Bits of `value`, 0 for 0.
fn bit_length(value: u32) -> u32 {
    u32::BITS - value.leading_zeros()
}
