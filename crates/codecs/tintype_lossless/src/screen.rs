//! The walk for drawn pictures: whole colours guessed from what stood in like surroundings before.
//!
//! In: one to four planes of the same size. Each pixel's colour is first sought among a few candidates: what was last
//! seen within four neighbourhoods of different size, and the neighbours themselves. A yes or no for each is coded
//! under mixed contexts. A colour that is none of them is coded plane by plane round a prediction.
//! Bit-exact: integers.
//! Source: our own; the mixing after M. Mahoney, the guess by hashed neighbourhoods kin to PWC (P. Ausbeck, 2000).

use super::grid::{Grid, PAD};
use super::tree::{NODES, code_sample};
use super::walk::quarter_log;
use fearless_simd::dispatch;
use tintype_entropy::{AdaptiveBit, BitWalk, Mixer, Sse, stretch};
use tintype_image::Level;

/// The most planes whose samples make a colour.
pub(super) const PLANES_MAX: usize = 4;
/// Neighbourhoods that remember a colour.
const ORDERS: usize = 4;
/// The most candidates asked about.
const RANKS: usize = 6;
/// Adaptive bits mixed for a candidate, and for a decision within a new colour.
const HIT_INPUTS: usize = 8;
const NEW_INPUTS: usize = 6;
/// Logarithm of the size of a table of adaptive bits.
const TABLE_LOG2: u32 = 18;

/// What a neighbourhood remembers.
#[derive(Clone, Copy, Default)]
struct Memory {
    colour: u64,
    check: u32,
    trust: u32,
}

/// What the walk learns.
pub(super) struct ScreenWalk {
    depths: Vec<u32>,
    memories: [Vec<Memory>; ORDERS],
    memory_log2: u32,
    hits: Vec<AdaptiveBit>,
    hit_mixer: Mixer<HIT_INPUTS>,
    hit_sse: Sse,
    news: Vec<AdaptiveBit>,
    new_mixer: Mixer<NEW_INPUTS>,
    ranks: Vec<u8>,
}

/// Colours with a border.
struct Colours {
    stride: usize,
    data: Vec<u64>,
}

#[inline(always)]
fn hash(a: u64, b: u64) -> u64 {
    let x = (a ^ b.rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^ (x >> 31)
}

/// A table place from a hash.
#[inline(always)]
fn slot(input: usize, key: u64) -> usize {
    (input << TABLE_LOG2) | (key.wrapping_mul(0xd6e8_feb8_6659_fd93) >> (64 - TABLE_LOG2)) as usize
}

impl ScreenWalk {
    /// For planes of these depths and `pixels` pixels in rows of `width`.
    pub fn new(depths: Vec<u32>, width: usize, pixels: usize) -> Self {
        let memory_log2 = (pixels.max(1).ilog2() + 1).clamp(8, 18);
        let memories = || vec![Memory::default(); 1 << memory_log2];
        Self {
            depths,
            memories: [memories(), memories(), memories(), memories()],
            memory_log2,
            hits: vec![AdaptiveBit::default(); HIT_INPUTS << TABLE_LOG2],
            hit_mixer: Mixer::with_weight(RANKS * 64, 6, 18000),
            hit_sse: Sse::new(RANKS * 256),
            news: vec![AdaptiveBit::default(); NEW_INPUTS << TABLE_LOG2],
            new_mixer: Mixer::with_weight(PLANES_MAX * NODES, 5, 16000),
            ranks: vec![0; width + 2 * PAD],
        }
    }

    /// Codes `planes`, of one size.
    pub fn run<W: BitWalk>(mut self, level: Level, walk: &mut W, planes: &mut [Grid]) {
        dispatch!(level, _simd => self.code_rows(walk, planes));
    }

    #[inline(always)]
    fn code_rows<W: BitWalk>(&mut self, walk: &mut W, planes: &mut [Grid]) {
        let (width, height) = (planes[0].width, planes[0].height);
        let stride = width + 2 * PAD;
        let mut colours = Colours { stride, data: vec![0; stride * (height + PAD)] };
        for y in 0..height {
            for plane in planes.iter_mut() {
                plane.begin_row(y);
            }
            let start = (y + PAD) * stride + PAD;
            let above = colours.data[start - stride];
            colours.data[start - PAD..start].fill(above);
            for x in 0..width {
                let i = planes[0].at(x, y);
                let mut colour = 0;
                if !W::READS {
                    colour = planes
                        .iter()
                        .fold(0, |colour, plane| (colour << 16) | plane.data[i] as u64);
                }
                let colour = self.code_pixel(walk, &colours, start + x, x, planes, i, colour);
                colours.data[start + x] = colour;
                for (p, plane) in planes.iter_mut().rev().enumerate() {
                    plane.data[i] = (colour >> (16 * p)) as i32 & 0xffff;
                }
            }
            let last = colours.data[start + width - 1];
            colours.data[start + width..start + width + PAD].fill(last);
            for plane in planes.iter_mut() {
                plane.end_row(y);
            }
        }
    }

    /// Codes the pixel at `at` of `colours`, column `x`, `i` of `planes`.
    #[allow(clippy::too_many_arguments)]
    #[inline(always)]
    fn code_pixel<W: BitWalk>(
        &mut self,
        walk: &mut W,
        colours: &Colours,
        at: usize,
        x: usize,
        planes: &[Grid],
        i: usize,
        colour: u64,
    ) -> u64 {
        let (c, s) = (&colours.data, colours.stride);
        let (w, n, nw, ne) = (c[at - 1], c[at - s], c[at - s - 1], c[at - s + 1]);
        let (ww, nn, nne, nww, nee) =
            (c[at - 2], c[at - 2 * s], c[at - 2 * s + 1], c[at - s - 2], c[at - s + 2]);
        let two = hash(hash(1, w), n);
        let four = hash(hash(two, nw), ne);
        let six = hash(hash(four, ww), nn);
        let far = hash(hash(hash(six, nne), nww), hash(nee, c[at - 3]));
        let twelve = hash(hash(far, c[at - 2 * s - 1]), hash(c[at - s + 3], c[at - 3 * s]));
        let keys = [twelve, six, four, two];

        let (mut candidates, mut votes, mut trusts) = ([0u64; RANKS], [0u32; RANKS], [0u32; RANKS]);
        let mut count = 0;
        let mut propose = |colour: u64, source: u32, trust: u32| {
            for r in 0..count {
                if candidates[r] == colour {
                    votes[r] |= 1 << source;
                    return;
                }
            }
            if count < RANKS {
                (candidates[count], votes[count], trusts[count]) = (colour, 1 << source, trust);
                count += 1;
            }
        };
        let mut places = [0usize; ORDERS];
        for (order, key) in keys.iter().enumerate() {
            places[order] = (key >> (64 - self.memory_log2)) as usize;
            let memory = &self.memories[order][places[order]];
            if memory.trust > 0 && memory.check == *key as u32 {
                propose(memory.colour, order as u32, (memory.trust.ilog2() + 1).min(3));
            }
        }
        propose(w, 4, 0);
        propose(n, 5, 0);
        propose(ne, 6, 0);
        propose(nw, 7, 0);

        let pattern = u64::from(w == n)
            | u64::from(n == ne) << 1
            | u64::from(n == nw) << 2
            | u64::from(w == nw) << 3;
        let pattern = pattern | u64::from(w == ww) << 4 | u64::from(n == nn) << 5;
        let column = x + PAD;
        let history = u64::from(self.ranks[column - 1]) | u64::from(self.ranks[column]) << 4;
        let history = history
            | u64::from(self.ranks[column + 1]) << 8
            | u64::from(self.ranks[column - 2]) << 12;

        let mut found = None;
        for r in 0..count {
            let vote = u64::from(votes[r]) << 8 | u64::from(trusts[r]) << 4 | r as u64;
            let keys = [
                hash(twelve, r as u64),
                hash(six, r as u64),
                hash(four, vote),
                hash(hash(two, 3), candidates[r]),
                hash(pattern, vote),
                hash(history, vote),
                hash(hash(candidates[r], 5), vote),
                hash(hash(pattern, history & 0xff), r as u64),
            ];
            let set = r * 64 + trusts[r] as usize * 16 + (votes[r] as usize & 15);
            let refine = r * 256 + votes[r] as usize;
            if self.code_hit(walk, &keys, set, refine, colour == candidates[r]) {
                found = Some((r, candidates[r]));
                break;
            }
        }
        let (rank, colour) = match found {
            Some((rank, colour)) => (rank as u8, colour),
            None => (15, self.code_new(walk, planes, i, colour)),
        };
        self.ranks[column] = rank;
        for order in 0..ORDERS {
            let memory = &mut self.memories[order][places[order]];
            if memory.check == keys[order] as u32 && memory.colour == colour {
                memory.trust = (memory.trust + 1).min(255);
            } else if memory.check == keys[order] as u32 && memory.trust > 1 {
                memory.trust = 1;
            } else {
                *memory = Memory { colour, check: keys[order] as u32, trust: 1 };
            }
        }
        colour
    }

    #[inline(always)]
    fn code_hit<W: BitWalk>(
        &mut self,
        walk: &mut W,
        keys: &[u64; HIT_INPUTS],
        set: usize,
        refine: usize,
        bit: bool,
    ) -> bool {
        let mut at = [0; HIT_INPUTS];
        let mut inputs = [0; HIT_INPUTS];
        for k in 0..HIT_INPUTS {
            at[k] = slot(k, keys[k]);
            inputs[k] = stretch(self.hits[at[k]].p1());
        }
        let p1 = self.hit_mixer.mix(set, &inputs);
        let (refined, place) = self.hit_sse.refine(refine, p1);
        let bit = walk.bit(bit, (p1 + refined).div_ceil(2).clamp(1, 65535));
        self.hit_sse.update(place, bit, 6);
        self.hit_mixer.update(set, &inputs, p1, bit);
        for at in at {
            self.hits[at].update(bit, 250);
        }
        bit
    }

    /// Codes a colour that is no candidate, the second plane first.
    #[inline(always)]
    fn code_new<W: BitWalk>(
        &mut self,
        walk: &mut W,
        planes: &[Grid],
        i: usize,
        colour: u64,
    ) -> u64 {
        let count = planes.len();
        let mut out = 0;
        let (mut before, mut delta, mut last) = (0u64, 0i32, 0i32);
        for place in 0..count {
            let p = if count >= 3 && place < 2 { 1 - place } else { place };
            let lift = 16 * (count - 1 - p);
            let (d, s) = (&planes[p].data, planes[p].stride);
            let (w, n, nw, ne) = (d[i - 1], d[i - s], d[i - s - 1], d[i - s + 1]);
            let max = (1i32 << self.depths[p]) - 1;
            let median = (w + n - nw).clamp(w.min(n), w.max(n));
            // Red and blue move with green; opacity moves alone.
            let moved = if count >= 3 && (p == 0 || p == 2) { median + delta } else { median };
            let base = moved.clamp(0, max);
            let energy =
                (w - nw).unsigned_abs() + (n - nw).unsigned_abs() + (n - ne).unsigned_abs();
            let level = quarter_log(energy, 63);
            let plane = p as u64 + 1;
            let sign = (last.clamp(-31, 31) / 4 + 8) as u64;
            let keys = [
                hash(plane << 8 | u64::from(level), sign),
                hash(hash(plane, base as u64), before),
                hash(hash(plane, base as u64), hash(w as u64, n as u64)),
                hash(plane << 8 | sign, delta as u64),
                hash(plane << 20, base as u64),
                hash(plane << 9 | u64::from(level / 4), hash(before & 0xffff, base as u64)),
            ];
            let shift = if level < 24 { 0 } else { (level - 24) / 8 };
            let (news, mixer) = (&mut self.news, &mut self.new_mixer);
            let wanted = (colour >> lift) as i32 & 0xffff;
            let sample = code_sample(shift, base, max, wanted, |decision, bit| {
                let node = decision.node + if decision.side == Some(true) { 32 * NODES } else { 0 };
                let mut at = [0; NEW_INPUTS];
                let mut inputs = [0; NEW_INPUTS];
                for k in 0..NEW_INPUTS {
                    at[k] = slot(k, hash(keys[k], node as u64));
                    inputs[k] = stretch(news[at[k]].p1());
                }
                let bit = mixer.code(walk, bit, place * NODES + decision.node, &inputs);
                for at in at {
                    news[at].update(bit, 250);
                }
                bit
            });
            out |= (sample as u64) << lift;
            before = hash(before, sample as u64);
            last = sample - base;
            delta = sample - median;
        }
        out
    }
}
