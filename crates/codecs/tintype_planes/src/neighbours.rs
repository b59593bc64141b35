//! The neighbours of a depth sample: the last rows of the plane and of its guide. Bit-exact.

/// Border of the row buffers.
pub(super) const PAD: usize = 4;

/// The last few rows with a border, newest first.
pub(super) struct Rows(pub(super) [Vec<i32>; 3]);

impl Rows {
    pub(super) fn new(width: usize) -> Self {
        Self(std::array::from_fn(|_| vec![0; width + 2 * PAD]))
    }

    /// Starts a row: the oldest buffer becomes the newest; its left border gets the first
    /// value of the row above.
    pub(super) fn begin(&mut self, width: usize) {
        let (first, last) = (self.0[0][PAD], self.0[0][PAD + width - 1]);
        self.0[0][PAD + width..].fill(last);
        self.0.rotate_right(1);
        self.0[0][..PAD].fill(first);
    }

    #[inline(always)]
    pub(super) fn at(&self, up: usize, column: usize) -> i32 {
        self.0[up][column]
    }
}

/// The neighbours of a sample, and how the guide changes there.
pub(super) struct Neighbours {
    pub(super) w: i32,
    pub(super) n: i32,
    pub(super) nw: i32,
    pub(super) ne: i32,
    pub(super) ww: i32,
    pub(super) nn: i32,
    /// How the guide changes to the left, upwards and to the right.
    pub(super) edges: u64,
    /// Which neighbour (left, upper, upper left, upper right) is most similar in the guide.
    pub(super) alike: u64,
    /// The guide's sample, coarsely.
    pub(super) shade: u64,
}

/// The neighbours of column `c` (border counted) of the newest row.
#[inline(always)]
pub(super) fn neighbours(rows: &Rows, guide: &Rows, c: usize) -> Neighbours {
    let here = guide.at(0, c);
    let step = |v: i32| match v.abs() {
        0..=2 => 0u64,
        3..=6 => 1,
        7..=14 => 2,
        15..=34 => 3,
        _ => 4,
    };
    let apart =
        [guide.at(0, c - 1), guide.at(1, c), guide.at(1, c - 1), guide.at(1, c + 1)].map(|v| here - v);
    let alike = (0..4).min_by_key(|&k| apart[k].abs()).unwrap_or(0) as u64;
    Neighbours {
        w: rows.at(0, c - 1),
        n: rows.at(1, c),
        nw: rows.at(1, c - 1),
        ne: rows.at(1, c + 1),
        ww: rows.at(0, c - 2),
        nn: rows.at(2, c),
        edges: (step(apart[0]) * 5 + step(apart[1])) * 8 + step(here - guide.at(0, c + 1)),
        alike,
        shade: here as u64 >> 4,
    }
}
