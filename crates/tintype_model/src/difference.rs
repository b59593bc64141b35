//! A payload as differences to that of another model, its *parent*. Bit-exact.
//!
//! In: two payloads. Out: a range-coder code of *steps*. A step moves a place in the parent, copies
//! bytes from there, and adds differences to the bytes that follow. Format: docs/format/model.md,
//! "Differences".
//!
//! Source: Percival, "Naive differences of executable code", 2003 (copies and byte-wise
//! differences); their entropy code is our own.

use tintype_entropy::{AdaptiveBit, BitDecoder, BitEncoder, BitWalk, IntModel};

/// Decisions after which windows stop growing. Not measured.
const LIMIT: u32 = 255;
/// Equal bytes from which on a copy is written. Not measured.
const COPY_MIN: usize = 32;
/// Bytes that are compared where another place in the parent is looked for.
const WINDOW: usize = 64;
/// How far another place is looked for on either side.
const REACH: usize = 96;

/// A step: where it begins in the parent against where the last one ended, how many bytes are
/// copied, how many follow that differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Step {
    by: i32,
    copied: u32,
    differing: u32,
}

/// Adaptive state.
struct Tables {
    by: IntModel<1>,
    copied: IntModel<1>,
    differing: IntModel<1>,
    /// [place is odd][equal bytes before, 0 to 3][the byte two before is equal].
    equal: [AdaptiveBit; 16],
    /// [place is odd][how large the last difference is: 0 to 2][tree node].
    values: Vec<AdaptiveBit>,
}

impl Tables {
    fn new() -> Self {
        let even = AdaptiveBit::default();
        Self {
            by: IntModel::new(LIMIT),
            copied: IntModel::new(LIMIT),
            differing: IntModel::new(LIMIT),
            equal: [even; 16],
            values: vec![even; 6 * 256],
        }
    }

    fn step<W: BitWalk>(&mut self, walk: &mut W, step: Step) -> Step {
        Step {
            by: self.by.code_signed(walk, step.by),
            copied: self.copied.code(walk, step.copied),
            differing: self.differing.code(walk, step.differing),
        }
    }

    /// The difference of the byte at `place`; `before` are the two before it, the last one first,
    /// `run` how many equal bytes are before it.
    fn difference<W: BitWalk>(
        &mut self,
        walk: &mut W,
        difference: u8,
        place: usize,
        (before, run): ([u8; 2], usize),
    ) -> u8 {
        let odd = place & 1;
        let context = (odd * 4 + run.min(3)) * 2 + usize::from(before[1] == 0);
        if !self.equal[context].code(walk, difference != 0, LIMIT) {
            return 0;
        }
        let size = match (before[0] as i8).unsigned_abs() {
            0 => 0,
            1..=12 => 1,
            _ => 2,
        };
        let tree = &mut self.values[(odd * 3 + size) * 256..][..256];
        let mut node = 1usize;
        for digit in (0..8).rev() {
            node = 2 * node + usize::from(tree[node].code(walk, (difference >> digit) & 1 == 1, LIMIT));
        }
        node as u8
    }
}

/// Codes `payload`, or reads it to a length of `len`. `next` gives the step at a place of the payload
/// and one of the parent, where it is coded. Returns whether all was read.
fn code<W: BitWalk>(
    walk: &mut W,
    parent: &[u8],
    payload: &mut Vec<u8>,
    len: usize,
    mut next: impl FnMut(usize, usize) -> Step,
) -> bool {
    let mut tables = Tables::new();
    let (mut place, mut from) = (0, 0usize);
    while place < len {
        let step = tables.step(walk, next(place, from));
        let (copied, differing) = (step.copied as usize, step.differing as usize);
        let start = from.checked_add_signed(step.by as isize).filter(|start| *start <= parent.len());
        let Some(start) = start else { return false };
        let (Some(source), 1..) = (parent.get(start..start + copied), copied + differing) else {
            return false;
        };
        if copied + differing > len - place || walk.exhausted() {
            return false;
        }
        if W::READS {
            payload.extend_from_slice(source);
        }
        place += copied;
        from = start + copied;
        let (mut before, mut run) = ([0; 2], copied);
        for _ in 0..differing {
            let old = parent.get(from).copied().unwrap_or(0);
            let given = if W::READS { 0 } else { payload[place].wrapping_sub(old) };
            let difference = tables.difference(walk, given, place, (before, run));
            if W::READS {
                payload.push(old.wrapping_add(difference));
            }
            run = if difference == 0 { run + 1 } else { 0 };
            before = [difference, before[0]];
            place += 1;
            from += 1;
        }
        if walk.exhausted() {
            return false;
        }
    }
    true
}

/// `payload` as differences to `parent`.
pub(crate) fn coded(parent: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut encoder = BitEncoder::new();
    code(&mut encoder, parent, &mut payload.to_vec(), payload.len(), |place, from| {
        step_at(parent, payload, place, from)
    });
    encoder.finish()
}

/// The payload of `len` bytes whose differences to `parent` are `stored`; `None` if they are none.
pub(crate) fn restored(parent: &[u8], stored: &[u8], len: usize) -> Option<Vec<u8>> {
    let mut payload = Vec::new();
    code(&mut BitDecoder::whole(stored), parent, &mut payload, len, |_, _| Step::default())
        .then_some(payload)
}

/// Bytes that are equal from these places on.
fn equal_from(parent: &[u8], payload: &[u8]) -> usize {
    parent.iter().zip(payload).take_while(|(a, b)| a == b).count()
}

/// How many of the next bytes are equal.
fn likeness(parent: &[u8], payload: &[u8]) -> usize {
    parent.iter().zip(payload).take(WINDOW).filter(|(a, b)| a == b).count()
}

/// The step to write at `place` of the payload, where the last one ended at `from` of the parent.
fn step_at(parent: &[u8], payload: &[u8], place: usize, from: usize) -> Step {
    let from_start = from.min(parent.len());
    let rest = &payload[place..];
    let own = likeness(&parent[from_start..], rest);
    // Words that were put in or left out move all that follows.
    let mut start = from_start;
    if own < WINDOW.min(rest.len()) / 2 {
        let near = from_start.saturating_sub(REACH)..(from_start + REACH).min(parent.len());
        let best = near
            .map(|at| (likeness(&parent[at..], rest), at))
            .max_by_key(|&(equal, at)| (equal, std::cmp::Reverse(at.abs_diff(from_start))));
        if let Some((_, at)) = best.filter(|(equal, _)| *equal > own + 8) {
            start = at;
        }
    }
    let parent = &parent[start..];
    let copied = match equal_from(parent, rest) {
        few if few < COPY_MIN && few < rest.len() => 0,
        many => many,
    };
    // Up to the next copy, or to where the two are out of step.
    let mut differing = 0;
    let mut equal = 0;
    while copied + differing < rest.len() {
        let at = copied + differing;
        equal = if parent.get(at) == Some(&rest[at]) { equal + 1 } else { 0 };
        differing += 1;
        if equal == COPY_MIN {
            differing -= COPY_MIN;
            break;
        }
        let out_of_step = differing % WINDOW == 0
            && likeness(parent.get(at + 1..).unwrap_or_default(), &rest[at + 1..]) < WINDOW / 4;
        if out_of_step {
            break;
        }
    }
    if copied + differing == 0 {
        differing = 1;
    }
    let by = start as i64 - from as i64;
    Step { by: by as i32, copied: copied as u32, differing: differing as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes without pattern.
    fn noise(len: usize, mut state: u32) -> Vec<u8> {
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 20) as u8
        };
        (0..len).map(next).collect()
    }

    #[test]
    fn a_payload_comes_back_and_few_changes_need_few_bytes() {
        let parent = noise(20_000, 1);
        let mut changed = parent.clone();
        (0..200).for_each(|i| changed[100 * i + 7] = changed[100 * i + 7].wrapping_add(3));
        let mut longer = changed.clone();
        longer.splice(5000..5000, [1, 2, 3, 4]);
        longer.drain(9000..9010);
        for (payload, most) in [
            (parent.clone(), 20),
            (changed, 500),
            (longer, 600),
            (Vec::new(), 4),
            (vec![7], 8),
            (noise(900, 5), 1100),
            (parent[..700].to_vec(), 20),
            ([&parent[..], &noise(100, 9)].concat(), 160),
        ] {
            let stored = coded(&parent, &payload);
            assert!(stored.len() <= most, "{} bytes for {}", stored.len(), payload.len());
            assert_eq!(restored(&parent, &stored, payload.len()), Some(payload));
        }
        assert_eq!(restored(&[], &coded(&[], b"abc"), 3).as_deref(), Some(&b"abc"[..]));
    }

    #[test]
    fn any_bytes_end() {
        let parent = noise(500, 2);
        for seed in 0..300 {
            let stored = noise(seed as usize % 40, seed);
            if let Some(payload) = restored(&parent, &stored, 1000) {
                assert_eq!(payload.len(), 1000);
            }
        }
    }
}
