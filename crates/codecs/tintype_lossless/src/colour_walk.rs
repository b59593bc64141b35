//! The walk for screen content: whole colours predicted from what followed the same
//! neighbourhoods before.
//!
//! In: one to four planes of the same size. A pixel's colour is first sought among a few
//! candidates: the colours that followed four neighbourhoods of different size, and the
//! neighbours themselves. Each candidate costs one decision, mixed from several contexts. A
//! colour that is none of them is coded plane by plane around a prediction.
//! Bit-exact: integers.
//! Source: our own; the mixing after M. Mahoney, hashed neighbourhoods kin to PWC (P. Ausbeck,
//! 2000).
//!
//! Tuned on screens/train; figures of single constants were not kept.

use super::activity::activity_level;
use super::decision_tree::{NODES, code_sample};
use super::padded_plane::{PAD, PaddedPlane};
use fearless_simd::dispatch;
use tintype_entropy::{AdaptiveBit, BitWalk, Mixer, RefinedMix, stretch};
use tintype_image::Level;

/// The most planes whose samples make a colour: 16 bits each in 64.
pub(super) const PLANES_MAX: usize = 4;

/// Sizes of neighbourhoods: twelve, six, four and two pixels.
const ORDERS: usize = 4;
/// Adaptive bits mixed for a candidate, and for a decision within a new colour.
const CANDIDATE_INPUTS: usize = 8;
const SAMPLE_INPUTS: usize = 6;
/// Base-2 logarithm of the size of a hashed table of adaptive bits. Not measured.
const TABLE_LOG2: u32 = 18;
/// Count at which the windows of adaptive bits stop growing. Not measured.
const LIMIT: u32 = 250;
/// History of a pixel whose colour was no candidate.
const NO_CANDIDATE: u8 = 15;

/// The colour that followed a neighbourhood last time.
#[derive(Clone, Copy, Default)]
struct ColourEntry {
    colour: u64,
    /// Lower bits of the neighbourhood's hash.
    check: u32,
    /// How often in a row the colour was right, 0 for an empty entry.
    confidence: u32,
}

impl ColourEntry {
    /// A different colour replaces one that is not confirmed, or halts one that is.
    #[inline(always)]
    fn update(&mut self, check: u32, colour: u64) {
        if self.check == check && self.colour == colour {
            self.confidence = (self.confidence + 1).min(255);
        } else if self.check == check && self.confidence > 1 {
            self.confidence = 1;
        } else {
            *self = Self { colour, check, confidence: 1 };
        }
    }
}

/// Candidates for a pixel's colour, without repeats, likeliest first.
#[derive(Default)]
struct Candidates {
    count: usize,
    colours: [u64; Candidates::MAX],
    /// Bit `k` is set if source `k` proposed the colour: 0 to 3 the orders, 4 to 7 W, N, NE, NW.
    sources: [u32; Candidates::MAX],
    /// 0 for neighbours; 1 to 3 by the confidence of the order that proposed it first.
    confidences: [u32; Candidates::MAX],
}

impl Candidates {
    /// The most candidates.
    const MAX: usize = 6;

    #[inline(always)]
    fn propose(&mut self, colour: u64, source: u32, confidence: u32) {
        for r in 0..self.count {
            if self.colours[r] == colour {
                self.sources[r] |= 1 << source;
                return;
            }
        }
        if self.count < Candidates::MAX {
            self.colours[self.count] = colour;
            self.sources[self.count] = 1 << source;
            self.confidences[self.count] = confidence;
            self.count += 1;
        }
    }
}

/// The walk over a tile.
pub(super) struct ColourWalk {
    depths: Vec<u32>,
    tables: [Vec<ColourEntry>; ORDERS],
    table_log2: u32,
    candidates: RefinedMix<CANDIDATE_INPUTS>,
    sample_bits: Vec<AdaptiveBit>,
    sample_mixer: Mixer<SAMPLE_INPUTS>,
    /// For each column, which candidate the latest pixel was.
    history: Vec<u8>,
}

/// Colours with a border.
struct Colours {
    stride: usize,
    data: Vec<u64>,
}

/// Hashes of a pixel's neighbourhoods of two, four, six and twelve pixels.
struct Hashes {
    two: u64,
    four: u64,
    six: u64,
    twelve: u64,
}

impl Colours {
    #[inline(always)]
    fn hashes(&self, at: usize) -> Hashes {
        let (c, s) = (&self.data, self.stride);
        let two = hash(hash(1, c[at - 1]), c[at - s]);
        let four = hash(hash(two, c[at - s - 1]), c[at - s + 1]);
        let six = hash(hash(four, c[at - 2]), c[at - 2 * s]);
        let (nne, nww, nee) = (c[at - 2 * s + 1], c[at - s - 2], c[at - s + 2]);
        let far = hash(hash(hash(six, nne), nww), hash(nee, c[at - 3]));
        let twelve = hash(hash(far, c[at - 2 * s - 1]), hash(c[at - s + 3], c[at - 3 * s]));
        Hashes { two, four, six, twelve }
    }

    /// Which of the neighbours are equal.
    #[inline(always)]
    fn pattern(&self, at: usize) -> u64 {
        let (c, s) = (&self.data, self.stride);
        let (w, n, nw, ne) = (c[at - 1], c[at - s], c[at - s - 1], c[at - s + 1]);
        u64::from(w == n)
            | u64::from(n == ne) << 1
            | u64::from(n == nw) << 2
            | u64::from(w == nw) << 3
            | u64::from(w == c[at - 2]) << 4
            | u64::from(n == c[at - 2 * s]) << 5
    }
}

#[inline(always)]
fn hash(a: u64, b: u64) -> u64 {
    let x = (a ^ b.rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^ (x >> 31)
}

/// Index into a table of adaptive bits for a hash; each input has a table of its own.
#[inline(always)]
fn slot(input: usize, key: u64) -> usize {
    (input << TABLE_LOG2) | (key.wrapping_mul(0xd6e8_feb8_6659_fd93) >> (64 - TABLE_LOG2)) as usize
}

impl ColourWalk {
    /// For planes of these depths and `pixels` pixels in rows of `width`.
    pub fn new(depths: Vec<u32>, width: usize, pixels: usize) -> Self {
        // One to two entries a pixel.
        let table_log2 = (pixels.max(1).ilog2() + 1).clamp(8, 18);
        let table = || vec![ColourEntry::default(); 1 << table_log2];
        Self {
            depths,
            tables: [table(), table(), table(), table()],
            table_log2,
            candidates: RefinedMix::new(
                CANDIDATE_INPUTS << TABLE_LOG2,
                LIMIT,
                Mixer::with_weight(Candidates::MAX * 64, 6, 18000),
                Candidates::MAX * 256,
            ),
            sample_bits: vec![AdaptiveBit::default(); SAMPLE_INPUTS << TABLE_LOG2],
            sample_mixer: Mixer::with_weight(PLANES_MAX * NODES, 5, 16000),
            history: vec![0; width + 2 * PAD],
        }
    }

    /// Codes `planes`, of one size.
    pub fn run<W: BitWalk>(mut self, level: Level, walk: &mut W, planes: &mut [PaddedPlane]) {
        dispatch!(level, _simd => self.code_rows(walk, planes));
    }

    #[inline(always)]
    fn code_rows<W: BitWalk>(&mut self, walk: &mut W, planes: &mut [PaddedPlane]) {
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
                    for plane in planes.iter() {
                        colour = (colour << 16) | plane.data[i] as u64;
                    }
                }
                let colour = self.code_pixel(walk, &colours, x, planes, i, colour);
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

    /// Codes the pixel in column `x` that is sample `i` of `planes`; `colours` has the same
    /// layout.
    #[inline(always)]
    fn code_pixel<W: BitWalk>(
        &mut self,
        walk: &mut W,
        colours: &Colours,
        x: usize,
        planes: &[PaddedPlane],
        i: usize,
        colour: u64,
    ) -> u64 {
        let hashes = colours.hashes(i);
        let keys = [hashes.twelve, hashes.six, hashes.four, hashes.two];
        let entries = keys.map(|key| (key >> (64 - self.table_log2)) as usize);
        let candidates = self.candidates(colours, i, &keys, &entries);

        let column = x + PAD;
        let history = u64::from(self.history[column - 1])
            | u64::from(self.history[column]) << 4
            | u64::from(self.history[column + 1]) << 8
            | u64::from(self.history[column - 2]) << 12;
        let pattern = colours.pattern(i);

        let mut found = None;
        for r in 0..candidates.count {
            let candidate = candidates.colours[r];
            let (sources, confidence) = (candidates.sources[r], candidates.confidences[r]);
            let votes = u64::from(sources) << 8 | u64::from(confidence) << 4 | r as u64;
            let keys = [
                hash(hashes.twelve, r as u64),
                hash(hashes.six, r as u64),
                hash(hashes.four, votes),
                hash(hash(hashes.two, 3), candidate),
                hash(pattern, votes),
                hash(history, votes),
                hash(hash(candidate, 5), votes),
                hash(hash(pattern, history & 0xff), r as u64),
            ];
            let set = r * 64 + confidence as usize * 16 + (sources as usize & 15);
            let curve = r * 256 + sources as usize;
            if self.code_candidate(walk, &keys, set, curve, colour == candidate) {
                found = Some((r as u8, candidate));
                break;
            }
        }
        let (rank, colour) = match found {
            Some(found) => found,
            None => (NO_CANDIDATE, self.code_new(walk, planes, i, colour)),
        };
        self.history[column] = rank;
        for order in 0..ORDERS {
            self.tables[order][entries[order]].update(keys[order] as u32, colour);
        }
        colour
    }

    /// The colours that followed the neighbourhoods, largest first, then the neighbours.
    #[inline(always)]
    fn candidates(
        &self,
        colours: &Colours,
        at: usize,
        keys: &[u64; ORDERS],
        entries: &[usize; ORDERS],
    ) -> Candidates {
        let (c, s) = (&colours.data, colours.stride);
        let mut candidates = Candidates::default();
        for order in 0..ORDERS {
            let entry = &self.tables[order][entries[order]];
            if entry.confidence > 0 && entry.check == keys[order] as u32 {
                let confidence = (entry.confidence.ilog2() + 1).min(3);
                candidates.propose(entry.colour, order as u32, confidence);
            }
        }
        candidates.propose(c[at - 1], 4, 0);
        candidates.propose(c[at - s], 5, 0);
        candidates.propose(c[at - s + 1], 6, 0);
        candidates.propose(c[at - s - 1], 7, 0);
        candidates
    }

    /// Codes whether a candidate is the colour: the mean of the mixed and the refined
    /// probability.
    #[inline(always)]
    fn code_candidate<W: BitWalk>(
        &mut self,
        walk: &mut W,
        keys: &[u64; CANDIDATE_INPUTS],
        set: usize,
        curve: usize,
        bit: bool,
    ) -> bool {
        let mut at = [0; CANDIDATE_INPUTS];
        for k in 0..CANDIDATE_INPUTS {
            at[k] = slot(k, keys[k]);
        }
        self.candidates.code(walk, bit, at, (set, curve))
    }

    /// Codes a colour that is no candidate, the second plane first.
    #[inline(always)]
    fn code_new<W: BitWalk>(
        &mut self,
        walk: &mut W,
        planes: &[PaddedPlane],
        i: usize,
        colour: u64,
    ) -> u64 {
        let count = planes.len();
        let mut out = 0;
        let mut coded = CodedPlanes::default();
        for position in 0..count {
            let p = if count >= 3 && position < 2 { 1 - position } else { position };
            let up = 16 * (count - 1 - p);
            let prediction = SamplePrediction::new(&planes[p], i, self.depths[p]);

            // Red and blue move with green; alpha moves alone.
            let moves = count >= 3 && (p == 0 || p == 2);
            let shifted = prediction.median + if moves { coded.delta } else { 0 };
            let base = shifted.clamp(0, prediction.max);
            let keys = coded.keys(p, base, &prediction);

            // Distances in steps of about an eighth of the activity.
            let level = prediction.level;
            let shift = if level < 24 { 0 } else { (level - 24) / 8 };
            let (bits, mixer) = (&mut self.sample_bits, &mut self.sample_mixer);
            let wanted = (colour >> up) as i32 & 0xffff;
            let sample = code_sample(shift, base, prediction.max, wanted, |decision, bit| {
                let above = decision.side == Some(true);
                let node = decision.node + if above { 32 * NODES } else { 0 };
                let mut at = [0; SAMPLE_INPUTS];
                let mut inputs = [0; SAMPLE_INPUTS];
                for k in 0..SAMPLE_INPUTS {
                    at[k] = slot(k, hash(keys[k], node as u64));
                    inputs[k] = stretch(bits[at[k]].p1());
                }
                let bit = mixer.code(walk, bit, position * NODES + decision.node, &inputs);
                for at in at {
                    bits[at].update(bit, LIMIT);
                }
                bit
            });
            out |= (sample as u64) << up;
            coded = CodedPlanes {
                samples: hash(coded.samples, sample as u64),
                delta: sample - prediction.median,
                residual: sample - base,
            };
        }
        out
    }
}

/// What the planes of a new colour that are coded already, as context of the next one.
#[derive(Default)]
struct CodedPlanes {
    /// Hash of their samples.
    samples: u64,
    /// The last sample less its median prediction.
    delta: i32,
    /// The last sample less its `base`.
    residual: i32,
}

/// The median prediction of a sample of a new colour.
struct SamplePrediction {
    w: i32,
    n: i32,
    median: i32,
    max: i32,
    level: u32,
}

impl SamplePrediction {
    #[inline(always)]
    fn new(plane: &PaddedPlane, i: usize, depth: u32) -> Self {
        let (d, s) = (&plane.data, plane.stride);
        let (w, n, nw, ne) = (d[i - 1], d[i - s], d[i - s - 1], d[i - s + 1]);
        let median = (w + n - nw).clamp(w.min(n), w.max(n));
        let energy = (w - nw).unsigned_abs() + (n - nw).unsigned_abs() + (n - ne).unsigned_abs();
        Self { w, n, median, max: (1i32 << depth) - 1, level: activity_level(energy, 63) }
    }
}

impl CodedPlanes {
    /// Contexts of the decisions on the sample of plane `p`.
    #[inline(always)]
    fn keys(&self, p: usize, base: i32, prediction: &SamplePrediction) -> [u64; SAMPLE_INPUTS] {
        let plane = p as u64 + 1;
        let (level, base) = (prediction.level, base as u64);
        let sign = (self.residual.clamp(-31, 31) / 4 + 8) as u64;
        let neighbours = hash(prediction.w as u64, prediction.n as u64);
        [
            hash(plane << 8 | u64::from(level), sign),
            hash(hash(plane, base), self.samples),
            hash(hash(plane, base), neighbours),
            hash(plane << 8 | sign, self.delta as u64),
            hash(plane << 20, base),
            hash(plane << 9 | u64::from(level / 4), hash(self.samples & 0xffff, base)),
        ]
    }
}
