//! What decisions cost under the contexts of a moment: for an encoder's search only.
//!
//! In: a [`ContextSet`]. Out: bits. The inputs of the mixer are computed once for many decisions,
//! so a price takes a few additions and a look into a table.

use crate::contexts::{ContextSet, Costs, bit_costs};
use crate::pair_mixer::{self, INPUTS_MAX, STORED_BITS};
use std::sync::OnceLock;
use tintype_entropy::{STRETCH_MAX, squash};

/// Most contexts, and most weight sets: powers of two, so that a mask takes the place of a check.
const CONTEXTS_MAX: usize = 1 << 16;
const SETS_MAX: usize = 1 << 11;

/// Bits of a 1 by its log-odds, from -2048 on.
type Table = [f32; 4096];

fn costs() -> &'static Table {
    static TABLE: OnceLock<Box<Table>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = Box::new([0.0; 4096]);
        for (cost, log_odds) in table.iter_mut().zip(-2048..) {
            *cost = bit_costs(squash(log_odds))[1];
        }
        table
    })
}

/// Prices of decisions.
///
/// ```
/// use tintype_block::{ContextSet, Prices};
/// let prices = Prices::of(&ContextSet::new(4, 255));
/// assert!(prices.single(3).iter().all(|bits| (bits - 1.0).abs() < 0.01));
/// ```
#[derive(Clone, Debug)]
pub struct Prices {
    contexts: ContextSet,
    /// What each context is to the mixer of pairs.
    inputs: Box<[i16; CONTEXTS_MAX]>,
    /// The mixer's sets, [`STORED_BITS`] fractional bits.
    weights: Box<[[i16; INPUTS_MAX]; SETS_MAX]>,
    costs: &'static Table,
}

impl Prices {
    /// Under `contexts` as they stand.
    ///
    /// # Panics
    /// If there are more than 65 536 contexts or 2048 weight sets.
    pub fn of(contexts: &ContextSet) -> Self {
        assert!(contexts.bits().len() <= CONTEXTS_MAX && contexts.pairs().sets() <= SETS_MAX);
        let mut prices = Self {
            contexts: contexts.clone(),
            inputs: vec![0; CONTEXTS_MAX].try_into().expect("as long as it was made"),
            weights: vec![[0; INPUTS_MAX]; SETS_MAX].try_into().expect("as long as it was made"),
            costs: costs(),
        };
        for (input, &bit) in prices.inputs.iter_mut().zip(contexts.bits()) {
            *input = pair_mixer::input(bit) as i16;
        }
        prices.take_weights();
        prices
    }

    /// Under `contexts` as they stand now, which have as many as before.
    pub fn refresh(&mut self, contexts: &ContextSet) {
        let known = self.contexts.bits().iter().zip(contexts.bits());
        for (input, (old, &new)) in self.inputs.iter_mut().zip(known) {
            // Most have not been used since.
            if *old != new {
                *input = pair_mixer::input(new) as i16;
            }
        }
        self.contexts.clone_from(contexts);
        self.take_weights();
    }

    fn take_weights(&mut self) {
        for (weights, stored) in self.weights.iter_mut().zip(self.contexts.pairs().stored_weights()) {
            *weights = stored;
        }
    }

    /// Bits of a 0 and of a 1 under one context.
    #[inline(always)]
    pub fn single(&self, context: usize) -> [f32; 2] {
        bit_costs(self.contexts.p1(context))
    }
}

impl Costs for Prices {
    #[inline(always)]
    fn contexts(&self) -> &ContextSet {
        &self.contexts
    }

    #[inline(always)]
    fn mixed<const N: usize>(&self, sets: [usize; 2], contexts: [usize; N]) -> [f32; 2] {
        let mut inputs = [0i16; INPUTS_MAX];
        for i in 0..N {
            inputs[i] = self.inputs[contexts[i] & (CONTEXTS_MAX - 1)];
        }
        let mut sum = 0;
        for set in sets {
            let weights = &self.weights[set & (SETS_MAX - 1)];
            let mut of_set = 0;
            for i in 0..INPUTS_MAX {
                of_set += i32::from(weights[i]) * i32::from(inputs[i]);
            }
            sum += (of_set >> STORED_BITS).clamp(-STRETCH_MAX, STRETCH_MAX);
        }
        let log_odds = sum >> 1;
        let cost = |log_odds: i32| self.costs[(log_odds + 2048) as usize & 4095];
        [cost(-log_odds), cost(log_odds)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CodingWalk, ContextWalk, PairMixer};
    use tintype_entropy::BitEncoder;

    #[test]
    fn prices_are_what_decisions_cost() {
        let mixer = PairMixer::new(4).with_sets(2, 3);
        let mut contexts = ContextSet::new(3, 255).with_pair_mixer(mixer);
        let mut encoder = BitEncoder::new();
        let mut walk = CodingWalk { walk: &mut encoder, contexts: &mut contexts };
        for turn in 0..200 {
            walk.mixed(turn % 5 == 0, [0, 1], [0, 1, 2]);
        }
        let exact = bit_costs(contexts.p1_mixed([0, 1], [0, 1, 2]));
        let price = Prices::of(&contexts).mixed([0, 1], [0, 1, 2]);
        for (exact, price) in exact.into_iter().zip(price) {
            assert!((exact - price).abs() < 0.01, "{exact} {price}");
        }
    }
}
