//! The tree of binary decisions that codes a sample: on which side of the prediction, then how
//! far away.
//!
//! In: where the prediction splits the range `0..=max`, and the sample when writing. Out: the
//! sample. Distances are counted in steps of `2^shift` by unary decisions, steps doubling
//! after the eighth, then refined bit by bit from the highest. A decision with one possible
//! outcome is not coded.
//! Bit-exact: integers. Source: our own, docs/format/lossless.md.

/// Nodes of the tree, each with statistics of its own in every context.
pub(super) const NODES: usize = 64;

/// One decision.
pub(super) struct Decision {
    /// Place in the tree, below [`NODES`].
    pub node: usize,
    /// `None` for whether the sample is at or above the split; else the side it is on (`true` is
    /// above).
    pub side: Option<bool>,
    /// The distance is known to be at least this.
    pub low: i32,
    /// The decision is whether it is at least this.
    pub middle: i32,
    /// It is known to be below this; `i32::MAX` while unknown.
    pub high: i32,
}

/// Codes `sample` in `0..=max`; `base` is the smallest value above the split.
#[inline(always)]
pub(super) fn code_sample(
    shift: u32,
    base: i32,
    max: i32,
    sample: i32,
    mut decide: impl FnMut(Decision, bool) -> bool,
) -> i32 {
    let split = Decision { node: 0, side: None, low: i32::MIN, middle: 0, high: i32::MAX };
    let up = base <= 0 || (base <= max && decide(split, sample >= base));
    let side = Some(up);
    let (distance, most) = if up { (sample - base, max - base) } else { (base - 1 - sample, base - 1) };
    let (mut low, mut step, mut count, mut high) = (0i32, shift, 0usize, i32::MAX);
    while low + (1 << step) <= most {
        let middle = low + (1 << step);
        if !decide(Decision { node: 2 + count.min(19), side, low, middle, high }, distance >= middle) {
            high = middle;
            break;
        }
        low = middle;
        count += 1;
        step += u32::from(count >= 8);
    }
    let mut value = low;
    for i in (0..step).rev() {
        let middle = value + (1 << i);
        if middle > most {
            continue;
        }
        let node = match step - 1 - i {
            0 => 24 + count.min(7),
            1 => 32 + count.min(3) * 2 + (((value - low) >> (step - 1)) & 1) as usize,
            depth => 40 + depth.min(7) as usize,
        };
        if decide(Decision { node, side, low: value, middle, high }, distance >= middle) {
            value = middle;
        } else {
            high = middle;
        }
    }
    if up { base + value } else { base - 1 - value }
}
