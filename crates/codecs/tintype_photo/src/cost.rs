//! What symbols would cost under the present contexts, which stay as they are: for the
//! encoder's search only.
//!
//! The coding functions of [`super::symbols`] count themselves; what is shared between many
//! candidates is taken apart here so that it is counted once.

use super::context::BlockContext;
use super::symbols::{
    ESCAPE, Place, code_end_rest, code_magnitude, code_slope, code_step, end_longer_contexts,
    not_empty_contexts, piece_contexts, piece_digits, piece_guesses, split_index,
};
use tintype_block::{ContextWalk, Costs, EstimateWalk, Prices};

/// Bits of "not split" and of "split".
pub fn split_costs(prices: &Prices, context: (usize, usize, usize)) -> [f32; 2] {
    prices.single(split_index(context))
}

/// Bits of each of `pieces` pieces.
pub fn piece_costs(prices: &Prices, pieces: usize, block: &BlockContext) -> Vec<f32> {
    let mut bits = vec![0f32; pieces];
    let mut guessed = [None; 2];
    let mut before = 0.0;
    for (slot, (guess, context)) in guessed.iter_mut().zip(piece_guesses(block)) {
        let [differs, equal] = prices.single(context);
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
        let costs = prices.mixed(sets, three);
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
pub fn slope_cost(prices: &Prices, slope: i8, which: usize, context: usize) -> f32 {
    let mut walk = EstimateWalk::new(prices);
    code_slope(&mut walk, slope, which, context);
    walk.bits()
}

/// Bits of a step index.
pub fn step_cost(prices: &Prices, step: i8, expected: i8) -> f32 {
    let mut walk = EstimateWalk::new(prices);
    code_step(&mut walk, step, expected);
    walk.bits()
}

/// Bits of "0" and of "not 0".
pub fn nonzero_costs(prices: &Prices, place: &Place<'_>) -> [f32; 2] {
    prices.mixed(place.nonzero_sets(), place.nonzero_contexts())
}

/// Bits of a magnitude of at least 1 with its sign.
pub fn magnitude_cost(prices: &Prices, magnitude: usize, place: &Place<'_>) -> f32 {
    let mut walk = EstimateWalk::new(prices);
    walk.even_bit(false);
    code_magnitude(&mut walk, magnitude, place);
    walk.bits()
}

/// Bits of the magnitude 1 with its sign.
pub fn one_cost(prices: &Prices, place: &Place<'_>) -> f32 {
    let (sets, three) = place.larger_than(1);
    1.0 + prices.mixed(sets, three)[0]
}

/// Bits of the magnitudes `low` (at least 1) and `low + 1`, each with its sign.
pub fn magnitude_costs(prices: &Prices, low: usize, place: &Place<'_>) -> [f32; 2] {
    if low + 1 >= ESCAPE {
        return [low, low + 1].map(|magnitude| magnitude_cost(prices, magnitude, place));
    }
    let costs = |value: usize| {
        let (sets, three) = place.larger_than(value);
        prices.mixed(sets, three)
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
    prices: &Prices,
    costs: &mut [f32],
    (kept, piece): (usize, usize),
    block: &BlockContext,
) {
    let last = costs.len() - 1;
    let (sets, five) = not_empty_contexts(piece, block);
    let [empty, not_empty] = prices.mixed(sets, five);
    costs[0] = empty;
    let most = kept.ilog2() as usize;
    let (sets, six) = end_longer_contexts(piece, block);
    // Of the way to each number of digits.
    let mut common = not_empty;
    for digits in 0..=last.checked_ilog2().unwrap_or(0) as usize {
        let mut ends = common;
        if digits < most {
            let [no, longer] = prices.mixed(sets.map(|set| set + digits), six.map(|row| row + digits));
            ends += no;
            common += longer;
        }
        let rest = end_rest_costs(prices, digits, block);
        for end in (1 << digits)..=last.min((2 << digits) - 1) {
            // Its first two digits after the leading one.
            let two = if digits < 2 { (end << (2 - digits)) & 3 } else { (end >> (digits - 2)) & 3 };
            costs[end] = ends + rest[two];
        }
    }
}

/// Bits of the digits after the first of an end that has `digits` of them, by the first two.
fn end_rest_costs(prices: &Prices, digits: usize, block: &BlockContext) -> [f32; 4] {
    std::array::from_fn(|two| {
        let mut walk = EstimateWalk::new(prices);
        let end = if digits < 2 { (4 | two) >> (2 - digits) } else { (4 | two) << (digits - 2) };
        code_end_rest(&mut walk, end, digits, block);
        walk.bits()
    })
}
