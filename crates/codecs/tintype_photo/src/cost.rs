//! What symbols would cost under the present contexts, which stay as they are: for the
//! encoder's search only.
//!
//! The coding functions of [`super::symbols`] count themselves; what is shared between many
//! candidates is taken apart here so that it is counted once.

use super::context::BlockContext;
use super::symbols::{
    ESCAPE, Place, code_end_digits, code_end_rest, code_magnitude, code_slope, code_step,
    not_empty_contexts, piece_contexts, piece_digits, piece_guesses, split_index,
};
use tintype_block::{ContextSet, ContextWalk, EstimateWalk, bit_costs};

/// Bits of "not split" and of "split".
pub fn split_costs(contexts: &ContextSet, context: (usize, usize, usize)) -> [f32; 2] {
    bit_costs(contexts.p1(split_index(context)))
}

/// Bits of each of `pieces` pieces.
pub fn piece_costs(contexts: &ContextSet, pieces: usize, block: &BlockContext) -> Vec<f32> {
    let mut bits = vec![0f32; pieces];
    let mut guessed = [None; 2];
    let mut before = 0.0;
    for (slot, (guess, context)) in guessed.iter_mut().zip(piece_guesses(block)) {
        let [differs, equal] = bit_costs(contexts.p1(context));
        *slot = Some((guess, before + equal));
        before += differs;
    }
    let depth = piece_digits(pieces);
    // Of each node, the bits of the way there.
    let mut ways = vec![before; 2 << depth];
    for node in 1..1usize << depth {
        // Numbers below this node that exist.
        let first = (node << (depth - node.ilog2())) - (1 << depth);
        if first >= pieces {
            continue;
        }
        let (sets, three) = piece_contexts(block, node);
        let costs = bit_costs(contexts.p1_mixed(sets, three));
        ways[2 * node] = ways[node] + costs[0];
        ways[2 * node + 1] = ways[node] + costs[1];
    }
    bits.copy_from_slice(&ways[1 << depth..][..pieces]);
    for (guess, cost) in guessed.into_iter().flatten().filter(|(guess, _)| *guess < pieces) {
        bits[guess] = cost;
    }
    bits
}

/// Bits of a slope.
pub fn slope_cost(contexts: &ContextSet, slope: i8, which: usize, context: usize) -> f32 {
    let mut walk = EstimateWalk::new(contexts);
    code_slope(&mut walk, slope, which, context);
    walk.bits()
}

/// Bits of a step index.
pub fn step_cost(contexts: &ContextSet, step: i8, expected: i8) -> f32 {
    let mut walk = EstimateWalk::new(contexts);
    code_step(&mut walk, step, expected);
    walk.bits()
}

/// Bits of "0" and of "not 0".
pub fn nonzero_costs(contexts: &ContextSet, place: &Place<'_>) -> [f32; 2] {
    bit_costs(contexts.p1_mixed(place.nonzero_sets(), place.nonzero_contexts()))
}

/// Bits of a magnitude of at least 1 with its sign.
pub fn magnitude_cost(contexts: &ContextSet, magnitude: usize, place: &Place<'_>) -> f32 {
    let mut walk = EstimateWalk::new(contexts);
    walk.even_bit(false);
    code_magnitude(&mut walk, magnitude, place);
    walk.bits()
}

/// Bits of the magnitudes `low` (at least 1) and `low + 1`, each with its sign.
pub fn magnitude_costs(contexts: &ContextSet, low: usize, place: &Place<'_>) -> [f32; 2] {
    if low + 1 >= ESCAPE {
        return [low, low + 1].map(|magnitude| magnitude_cost(contexts, magnitude, place));
    }
    let costs = |value: usize| {
        let (sets, three) = place.larger_than(value);
        bit_costs(contexts.p1_mixed(sets, three))
    };
    let mut bits = 1.0;
    for value in 1..low {
        bits += costs(value)[1];
    }
    let [equal, larger] = costs(low);
    [bits + equal, bits + larger + costs(low + 1)[0]]
}

/// Bits of every end, 0 to `costs.len() - 1`, of a block that keeps `kept` levels.
pub fn end_costs(
    contexts: &ContextSet,
    costs: &mut [f32],
    (kept, piece): (usize, usize),
    block: &BlockContext,
) {
    let last = costs.len() - 1;
    let (sets, five) = not_empty_contexts(piece, block);
    let [empty, not_empty] = bit_costs(contexts.p1_mixed(sets, five));
    costs[0] = empty;
    for digits in 0..=last.checked_ilog2().unwrap_or(0) as usize {
        let mut walk = EstimateWalk::new(contexts);
        code_end_digits(&mut walk, digits, kept, piece, block);
        let common = not_empty + walk.bits();
        for end in (1 << digits)..=last.min((2 << digits) - 1) {
            let mut walk = EstimateWalk::new(contexts);
            code_end_rest(&mut walk, end, digits, block);
            costs[end] = common + walk.bits();
        }
    }
}
