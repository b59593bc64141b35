//! Adaptive bits found by the hash of a context: a line holds the fifteen nodes of a nibble.
//!
//! Bit-exact.

use tintype_entropy::AdaptiveBit;

/// The nodes of one nibble under one context: node 1 is the upper bit, `2 node + bit` the next.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line {
    /// Tells contexts with the same place apart.
    check: u32,
    nodes: [AdaptiveBit; 15],
}

const EMPTY: Line = Line { check: 0, nodes: [AdaptiveBit::new(32_768); 15] };

/// A table of lines. A context may stand in either of two places; the one that was used less is
/// given to a new context.
#[derive(Clone)]
pub struct Lines {
    lines: Vec<Line>,
    shift: u32,
}

impl Lines {
    /// `2^log2` lines.
    pub fn new(log2: u32) -> Self {
        Self { lines: vec![EMPTY; 1 << log2], shift: 64 - log2 }
    }

    /// Where the line of the context with `hash` stands; it starts even where there is none.
    #[inline(always)]
    pub fn find(&mut self, hash: u64) -> usize {
        let at = (hash >> self.shift) as usize;
        let check = hash as u32 | 1;
        let places = [at, at ^ 1];
        for place in places {
            if self.lines[place].check == check {
                return place;
            }
        }
        let [first, second] = places.map(|place| self.lines[place].nodes[0].count());
        let place = places[usize::from(second < first)];
        self.lines[place] = Line { check, ..EMPTY };
        place
    }

    /// Node `node` of the line at `place`.
    #[inline(always)]
    pub fn node(&mut self, place: usize, node: usize) -> &mut AdaptiveBit {
        &mut self.lines[place].nodes[(node & 15) - 1]
    }
}
