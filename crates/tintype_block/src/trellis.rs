//! Trellis-coded quantisation: two quantisers, one of which each level is of, as the parities of
//! the levels before it say. Bit-exact.
//!
//! Both have twice the spacing of what they come to together: the first has the even multiples of
//! half a step, the second the odd ones and 0. An encoder that looks for the best path reaches
//! a smaller error at the same number of levels than one quantiser does.
//!
//! Source: Marcellin and Fischer, "Trellis coded quantization of memoryless and Gauss-Markov
//! sources", IEEE Trans. Communications 38(1), 1990; Joshi, Crump and Fischer 1995 (indices under
//! entropy coding); JPEG 2000 Part 2 (ISO/IEC 15444-2). The trellis is Ungerboeck's.

/// Number of states.
pub const STATES: usize = 8;

/// The next state by state and parity of the level.
const NEXT: [[u8; 2]; STATES] = [[0, 1], [3, 2], [5, 4], [6, 7], [1, 0], [2, 3], [4, 5], [7, 6]];

/// The states before each state, with parities.
const BEFORE: [[(u8, u8); 2]; STATES] = {
    let mut before = [[(0, 0); 2]; STATES];
    let mut ways = [0; STATES];
    let mut way = 0;
    while way < 2 * STATES {
        let to = NEXT[way / 2][way % 2] as usize;
        before[to][ways[to]] = ((way / 2) as u8, (way % 2) as u8);
        ways[to] += 1;
        way += 1;
    }
    before
};

/// A state of the trellis; blocks start in the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrellisState(u8);

impl TrellisState {
    /// The state numbered `index`, below [`STATES`].
    #[inline(always)]
    pub fn of_index(index: usize) -> Self {
        Self(index as u8 & (STATES - 1) as u8)
    }

    /// Its number, below [`STATES`].
    #[inline(always)]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Whether a level in this state is of the second quantiser.
    #[inline(always)]
    pub fn second(self) -> bool {
        self.0 & 1 == 1
    }

    /// The state after a level of `magnitude`.
    #[inline(always)]
    pub fn after(self, magnitude: usize) -> Self {
        Self(NEXT[self.index() & (STATES - 1)][magnitude & 1])
    }

    /// The two states before the state numbered `index`, each with the parity of the level that leads
    /// from it.
    #[inline(always)]
    pub fn before(index: usize) -> [(Self, usize); 2] {
        BEFORE[index & (STATES - 1)].map(|(state, parity)| (Self(state), usize::from(parity)))
    }

    /// How many half steps a level of `magnitude` stands for.
    #[inline(always)]
    pub fn halves(self, magnitude: usize) -> i32 {
        (2 * magnitude as i32 - i32::from(self.second())).max(0)
    }
}

/// The half steps, with their signs, that the `levels` of a block stand for, which are coded
/// from the last down.
pub fn half_steps(levels: &[i16], out: &mut [i32]) {
    let mut state = TrellisState::default();
    for (&level, out) in levels.iter().zip(out).rev() {
        let magnitude = usize::from(level.unsigned_abs());
        *out = state.halves(magnitude) * i32::from(level.signum());
        state = state.after(magnitude);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_of_the_quantiser_that_parities_choose() {
        // From the last down: 1 of the first, then 2 and 0 of the second, 3 of the first.
        let mut halves = [0; 4];
        half_steps(&[-3, 0, 2, 1], &mut halves);
        assert_eq!(halves, [-6, 0, 3, 2]);
    }

    #[test]
    fn every_state_has_two_ways_in_and_two_out() {
        let mut ways = [0; STATES];
        for index in 0..STATES {
            let state = TrellisState::of_index(index);
            let next = [0, 1].map(|magnitude| state.after(magnitude).index());
            assert_ne!(next[0], next[1]);
            next.iter().for_each(|&next| ways[next] += 1);
            for (state, parity) in TrellisState::before(index) {
                assert_eq!(state.after(parity).index(), index);
            }
        }
        assert_eq!(ways, [2; STATES]);
    }
}
