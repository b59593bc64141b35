//! Pixels as whole colours: rows with a border, hashes of neighbourhoods, and what followed them.
//!
//! In: one to four planes of one size. Out: a number of 64 bits for each pixel, 16 bits a plane,
//! the first plane highest.
//! Bit-exact: integers. Source: hashed neighbourhoods kin to PWC (P. Ausbeck, 2000).

use super::activity::activity_level;
use super::padded_plane::PAD;
use tintype_image::Plane;

/// The most planes whose samples make a colour.
pub(super) const PLANES_MAX: usize = 4;

/// Which of `count` planes of a new colour is coded at `position`: of three or more the second
/// one first.
#[inline(always)]
pub(super) fn plane_at(position: usize, count: usize) -> usize {
    if count >= 3 && position < 2 { 1 - position } else { position }
}

/// Whether plane `p` of a new colour moves with the second: red and blue do, alpha does not.
#[inline(always)]
pub(super) fn moves_with_second(p: usize, count: usize) -> bool {
    count >= 3 && (p == 0 || p == 2)
}

/// The colour that followed a neighbourhood last time.
#[derive(Clone, Copy, Default)]
pub(super) struct ColourEntry {
    pub colour: u64,
    /// Lower bits of the neighbourhood's hash.
    pub check: u32,
    /// How often in a row the colour was right, 0 for an empty entry.
    pub confidence: u32,
}

impl ColourEntry {
    /// A different colour replaces one that is not confirmed, or halts one that is.
    #[inline(always)]
    pub fn update(&mut self, check: u32, colour: u64) {
        if self.check == check && self.colour == colour {
            self.confidence = (self.confidence + 1).min(255);
        } else if self.check == check && self.confidence > 1 {
            self.confidence = 1;
        } else {
            *self = Self { colour, check, confidence: 1 };
        }
    }
}

/// Colours with a border.
pub(super) struct Colours {
    width: usize,
    pub stride: usize,
    pub data: Vec<u64>,
}

/// Hashes of a pixel's neighbourhoods of two, four, six and twelve pixels.
pub(super) struct Hashes {
    pub two: u64,
    pub four: u64,
    pub six: u64,
    pub twelve: u64,
}

impl Colours {
    /// All 0.
    fn new(width: usize, height: usize) -> Self {
        let stride = width + 2 * PAD;
        Self { width, stride, data: vec![0; stride * (height + PAD)] }
    }

    /// Codes the rows of `planes`, of one size: `code` gets the colours, where a row of them
    /// starts, and how many there are. When reading, what it leaves there becomes the row.
    #[inline(always)]
    pub fn code_rows(
        planes: &mut [Plane<u16>],
        reads: bool,
        mut code: impl FnMut(&mut Self, usize, usize),
    ) {
        let (width, height) = (planes[0].width(), planes[0].height());
        let mut colours = Self::new(width, height);
        for y in 0..height {
            // The border to the left is from the row above, that to the right the last colour.
            let start = (y + PAD) * colours.stride + PAD;
            let above = colours.data[start - colours.stride];
            colours.data[start - PAD..start].fill(above);
            if !reads {
                colours.load(start, y, planes);
            }
            code(&mut colours, start, width);
            let end = start + width;
            let last = colours.data[end - 1];
            colours.data[end..end + PAD].fill(last);
            if reads {
                colours.store(start, y, planes);
            }
        }
    }

    /// The colours of row `y` of `planes`.
    fn load(&mut self, start: usize, y: usize, planes: &[Plane<u16>]) {
        let row = &mut self.data[start..][..self.width];
        row.fill(0);
        for plane in planes {
            for (to, &from) in row.iter_mut().zip(plane.row(y)) {
                *to = (*to << 16) | u64::from(from);
            }
        }
    }

    /// The samples of a row's colours, into row `y` of `planes`.
    fn store(&self, start: usize, y: usize, planes: &mut [Plane<u16>]) {
        for (p, plane) in planes.iter_mut().rev().enumerate() {
            for (to, &from) in plane.row_mut(y).iter_mut().zip(&self.data[start..]) {
                *to = (from >> (16 * p)) as u16;
            }
        }
    }

    /// Of the plane whose samples start at bit `up`, those at W, N, NW and NE.
    #[inline(always)]
    pub fn samples(&self, at: usize, up: usize) -> [i32; 4] {
        let s = self.stride;
        [at - 1, at - s, at - s - 1, at - s + 1].map(|i| (self.data[i] >> up) as i32 & 0xffff)
    }

    #[inline(always)]
    pub fn hashes(&self, at: usize) -> Hashes {
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
    pub fn pattern(&self, at: usize) -> u64 {
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

/// Mixes `b` into the hash `a`.
#[inline(always)]
pub(super) fn hash(a: u64, b: u64) -> u64 {
    let x = (a ^ b.rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^ (x >> 31)
}

/// The median prediction of a sample of a new colour.
pub(super) struct SamplePrediction {
    pub w: i32,
    pub n: i32,
    pub median: i32,
    pub max: i32,
    pub level: u32,
}

impl SamplePrediction {
    #[inline(always)]
    pub fn new([w, n, nw, ne]: [i32; 4], depth: u32) -> Self {
        let median = (w + n - nw).clamp(w.min(n), w.max(n));
        let energy = (w - nw).unsigned_abs() + (n - nw).unsigned_abs() + (n - ne).unsigned_abs();
        Self { w, n, median, max: (1i32 << depth) - 1, level: activity_level(energy, 63) }
    }
}
