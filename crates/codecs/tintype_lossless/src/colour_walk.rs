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

use super::colours::{
    ColourEntry, Colours, PLANES_MAX, SamplePrediction, hash, moves_with_second, plane_at,
};
use super::decision_tree::{NODES, code_sample};
use super::padded_plane::PAD;
use super::two_levels::two_levels;
use tintype_entropy::{AdaptiveBit, BitWalk, Mixer, RefinedMix, stretch};
use tintype_image::{Level, Plane};

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
    pub fn run<W: BitWalk>(mut self, level: Level, walk: &mut W, planes: &mut [Plane<u16>]) {
        two_levels!(level, _simd => self.code_rows(walk, planes));
    }

    #[inline(always)]
    fn code_rows<W: BitWalk>(&mut self, walk: &mut W, planes: &mut [Plane<u16>]) {
        Colours::code_rows(planes, W::READS, |colours, start, width| {
            for x in 0..width {
                let i = start + x;
                colours.data[i] = self.code_pixel(walk, colours, x, i, colours.data[i]);
            }
        });
    }

    /// Codes the pixel in column `x` that is sample `i` of `planes`; `colours` has the same
    /// layout.
    #[inline(always)]
    fn code_pixel<W: BitWalk>(
        &mut self,
        walk: &mut W,
        colours: &Colours,
        x: usize,
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
            None => (NO_CANDIDATE, self.code_new(walk, colours, i, colour)),
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
    fn code_new<W: BitWalk>(&mut self, walk: &mut W, colours: &Colours, i: usize, colour: u64) -> u64 {
        let count = self.depths.len();
        let mut out = 0;
        let mut coded = CodedPlanes::default();
        for position in 0..count {
            let p = plane_at(position, count);
            let up = 16 * (count - 1 - p);
            let prediction = SamplePrediction::new(colours.samples(i, up), self.depths[p]);

            // Red and blue move with green; alpha moves alone.
            let moves = moves_with_second(p, count);
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
