//! The quick walk for screen content: flat areas as runs, other pixels as one of a few earlier
//! colours.
//!
//! In: one to four planes of the same size. Where a pixel's neighbours are all alike, the number
//! of pixels that go on so is coded, up to where the row above changes. Any other pixel is first
//! sought among the colours that followed three neighbourhoods of different size and its
//! neighbours, each tried by one decision in one context; then in a cache of new colours; a
//! colour that is nowhere is coded plane by plane around a prediction.
//! Bit-exact: integers.
//! Source: our own; runs as in LOCO-I, the cache kin to that of WebP's lossless format.

use super::colours::{
    ColourEntry, Colours, PLANES_MAX, SamplePrediction, hash, moves_with_second, plane_at,
};
use super::decision_tree::{NODES, code_sample};
use tintype_entropy::{AdaptiveBit, BitWalk, IntModel};
use tintype_image::Plane;

/// Count at which the windows of adaptive bits stop growing. Not tuned.
const LIMIT: u32 = 255;
/// Neighbourhoods of twelve, six and two pixels.
const ORDERS: usize = 3;
/// The most candidates: one for each order, and six neighbours.
const CANDIDATES: usize = ORDERS + 6;
/// Contexts of a candidate: six bits of pattern, four and three classes of confidence, whether a
/// run broke here, and how many of three pixels were the first candidate.
const CONTEXTS: usize = 64 * 4 * 3 * 2 * 4;
/// Classes of run lengths: two an octave.
const LENGTHS: usize = 40;
/// Base-2 logarithm of the cache's size. 6 and 10 are about as good on screens/test.
const CACHE_LOG2: u32 = 8;
/// Classes of activity and of the sample coded last, as contexts of a new colour's samples.
const LEVELS: usize = 10;
const LASTS: usize = 6;

/// The walk over a tile.
pub(super) struct RepeatWalk {
    depths: Vec<u32>,
    tables: [Vec<ColourEntry>; ORDERS],
    table_log2: u32,
    /// Whether a run ends at its bound, by the bound's class and the pixels beside.
    full: [AdaptiveBit; 2 * LENGTHS],
    /// Length of other runs, by the bound's class.
    lengths: Vec<IntModel<2>>,
    candidates: Vec<AdaptiveBit>,
    /// For each column, with one more on both sides, whether its latest pixel was the first
    /// candidate.
    firsts: Vec<u8>,
    cache: Vec<u64>,
    cached: AdaptiveBit,
    /// The binary tree of the cache's index.
    index: Vec<AdaptiveBit>,
    samples: Vec<AdaptiveBit>,
}

impl RepeatWalk {
    /// For planes of these depths and `pixels` pixels in rows of `width`.
    pub fn new(depths: Vec<u32>, width: usize, pixels: usize) -> Self {
        // About an entry for every four pixels.
        let table_log2 = (pixels.max(1).ilog2()).saturating_sub(1).clamp(8, 16);
        let table = || vec![ColourEntry::default(); 1 << table_log2];
        let bits = |count: usize| vec![AdaptiveBit::default(); count];
        Self {
            depths,
            tables: [table(), table(), table()],
            table_log2,
            full: [AdaptiveBit::default(); 2 * LENGTHS],
            lengths: vec![IntModel::new(LIMIT); LENGTHS],
            candidates: bits(CONTEXTS * CANDIDATES),
            firsts: vec![0; width + 2],
            cache: vec![0; 1 << CACHE_LOG2],
            cached: AdaptiveBit::default(),
            index: bits(1 << CACHE_LOG2),
            samples: bits(PLANES_MAX * LEVELS * LASTS * NODES),
        }
    }

    /// Codes `planes`, of one size.
    pub fn run<W: BitWalk>(mut self, walk: &mut W, planes: &mut [Plane<u16>]) {
        Colours::code_rows(planes, W::READS, |colours, start, width| {
            self.code_row(walk, colours, start, width);
        });
    }

    fn code_row<W: BitWalk>(&mut self, walk: &mut W, colours: &mut Colours, start: usize, width: usize) {
        let s = colours.stride;
        // Up to which column the row above has one colour.
        let mut same_until = 0;
        let (mut x, mut broken) = (0, false);
        while x < width {
            let i = start + x;
            let c = &colours.data;
            let n = c[i - s];
            if !broken && c[i - 1] == n && c[i - s - 1] == n && c[i - s + 1] == n {
                if same_until <= x {
                    let ahead = c[i - s + 1..start - s + width].iter().take_while(|&&c| c == n);
                    same_until = x + 1 + ahead.count();
                    // Up to the last pixel whose upper right neighbour is alike, or the row's end.
                    same_until -= usize::from(same_until < width);
                }
                let bound = same_until - x;
                let alike = c[i - 2] == n && c[i - 2 * s] == n;
                let run = if W::READS {
                    0
                } else {
                    c[i..i + bound].iter().take_while(|&&colour| colour == n).count()
                };
                let run = self.code_run(walk, bound, alike, run);
                colours.data[i..i + run].fill(n);
                self.firsts[x + 1..x + 1 + run].fill(1);
                x += run;
                broken = run < bound;
            } else {
                let colour = self.code_pixel(colours, (x, i), broken, walk);
                colours.data[i] = colour;
                x += 1;
                broken = false;
            }
        }
    }

    /// How many of `bound` pixels go on alike.
    fn code_run<W: BitWalk>(&mut self, walk: &mut W, bound: usize, alike: bool, run: usize) -> usize {
        let octave = bound.ilog2();
        let class = (2 * octave + (((2 * bound as u32) >> octave) & 1)) as usize;
        let full = &mut self.full[2 * class.min(LENGTHS - 1) + usize::from(alike)];
        if full.code(walk, run == bound, LIMIT) {
            return bound;
        }
        if bound == 1 {
            return 0;
        }
        let length = self.lengths[class.min(LENGTHS - 1)].code(walk, run as u32) as usize;
        length.min(bound - 1)
    }

    /// Codes the pixel in column `x` at `i` of `colours`; `broken` if a run ended before it.
    #[inline(always)]
    fn code_pixel<W: BitWalk>(
        &mut self,
        colours: &Colours,
        (x, i): (usize, usize),
        broken: bool,
        walk: &mut W,
    ) -> u64 {
        let (c, s, colour) = (&colours.data, colours.stride, colours.data[i]);
        let hashes = colours.hashes(i);
        let keys = [hashes.twelve, hashes.six, hashes.two];
        let entries = keys.map(|key| (key >> (64 - self.table_log2)) as usize);

        let mut list = [0; CANDIDATES];
        let mut count = 0;
        let mut confidences = [0; ORDERS];
        let mut propose = |colour: u64| {
            if !list[..count].contains(&colour) {
                list[count] = colour;
                count += 1;
            }
        };
        for order in 0..ORDERS {
            let entry = &self.tables[order][entries[order]];
            if entry.confidence > 0 && entry.check == keys[order] as u32 {
                confidences[order] = (entry.confidence.ilog2() + 1).min(3) as usize;
                propose(entry.colour);
            }
        }
        for at in [i - 1, i - s, i - s + 1, i - s - 1, i - 2 * s, i - 2] {
            propose(c[at]);
        }

        let (w, n, nw, ne) = (c[i - 1], c[i - s], c[i - s - 1], c[i - s + 1]);
        let pattern = usize::from(w == n)
            | usize::from(n == ne) << 1
            | usize::from(n == nw) << 2
            | usize::from(w == nw) << 3
            | usize::from(list[0] == w) << 4
            | usize::from(list[0] == n) << 5;
        let firsts: u8 = self.firsts[x..x + 3].iter().sum();
        let confidence = confidences[1] * 3 + confidences[0].min(2);
        let context = ((pattern * 12 + confidence) * 2 + usize::from(broken)) * 4 + usize::from(firsts);
        let bits = &mut self.candidates[context * CANDIDATES..][..CANDIDATES];
        let tried = list[..count].iter().zip(bits);
        let found =
            tried.into_iter().position(|(&candidate, bit)| bit.code(walk, candidate == colour, LIMIT));
        let colour = match found {
            Some(rank) => list[rank],
            None => self.code_new(colours, i, colour, walk),
        };
        self.firsts[x + 1] = u8::from(found == Some(0));
        for order in 0..ORDERS {
            self.tables[order][entries[order]].update(keys[order] as u32, colour);
        }
        colour
    }

    /// Codes a colour that is no candidate: from the cache, or plane by plane.
    fn code_new<W: BitWalk>(&mut self, colours: &Colours, i: usize, colour: u64, walk: &mut W) -> u64 {
        let slot = |colour: u64| (hash(3, colour) >> (64 - CACHE_LOG2)) as usize;
        let own = slot(colour);
        if self.cached.code(walk, self.cache[own] == colour, LIMIT) {
            let mut node = 1;
            for k in (0..CACHE_LOG2).rev() {
                let bit = self.index[node].code(walk, own >> k & 1 != 0, LIMIT);
                node = 2 * node + usize::from(bit);
            }
            return self.cache[node - (1 << CACHE_LOG2)];
        }
        let count = self.depths.len();
        let (mut out, mut delta, mut last) = (0, 0, 0);
        for position in 0..count {
            let p = plane_at(position, count);
            let up = 16 * (count - 1 - p);
            let prediction = SamplePrediction::new(colours.samples(i, up), self.depths[p]);
            let shifted = prediction.median + if moves_with_second(p, count) { delta } else { 0 };
            let base = shifted.clamp(0, prediction.max);
            let level = (prediction.level as usize / 4).min(LEVELS - 1);
            // Distances in steps of about an eighth of the activity, as in the slower walk.
            let shift = prediction.level.saturating_sub(24) / 8;
            let at = ((position * LEVELS + level) * LASTS + last) * NODES;
            let bits = &mut self.samples[at..][..NODES];
            let wanted = (colour >> up) as i32 & 0xffff;
            let sample = code_sample(shift, base, prediction.max, wanted, |decision, bit| {
                bits[decision.node & (NODES - 1)].code(walk, bit, LIMIT)
            });
            out |= (sample as u64) << up;
            delta = sample - prediction.median;
            last = ((sample - base).unsigned_abs() * 2).checked_ilog2().map_or(0, |o| o as usize);
            last = last.min(LASTS - 1);
        }
        self.cache[slot(out)] = out;
        out
    }
}
