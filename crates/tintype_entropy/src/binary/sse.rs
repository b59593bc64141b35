//! Secondary symbol estimation: a predicted probability corrected by the frequencies observed in
//! a context.

use super::stretch;

/// For each context a curve from predicted to observed probability, 33 knots over the log-odds,
/// interpolated.
#[derive(Clone, Debug)]
pub struct Sse {
    knots: Vec<[u16; KNOTS]>,
}

/// One knot for each unit of log-odds to base 2, from -16 to 16.
const KNOTS: usize = 33;

/// The place of a prediction in its curve, for [`Sse::update`].
#[derive(Clone, Copy, Debug)]
pub struct SsePlace {
    context: u32,
    knot: u32,
}

impl Sse {
    /// `contexts` curves, each the identity.
    pub fn new(contexts: usize) -> Self {
        let mut curve = [0; KNOTS];
        for (knot, value) in curve.iter_mut().enumerate() {
            *value = super::squash((knot as i32 - 16) * 128) as u16;
        }
        Self { knots: vec![curve; contexts] }
    }

    /// The refined probability of a 1, 1 to 65 535, and its place in the curve.
    #[inline(always)]
    pub fn refine(&self, context: usize, p1: u32) -> (u32, SsePlace) {
        let x = (stretch(p1) + 2048) as u32;
        let (knot, part) = (x >> 7, x & 127);
        let curve = &self.knots[context];
        let low = u32::from(curve[knot as usize & 31]);
        let high = u32::from(curve[(knot as usize & 31) + 1]);
        let p = (low * (128 - part) + high * part) >> 7;
        (p.clamp(1, 65535), SsePlace { context: context as u32, knot: knot + (part >> 6) })
    }

    /// Moves the knot nearest to `place` towards `bit`, by `1/2^shift` of the error.
    #[inline(always)]
    pub fn update(&mut self, place: SsePlace, bit: bool, shift: u32) {
        let knot = &mut self.knots[place.context as usize][place.knot as usize];
        let target = if bit { 65535 } else { 0 };
        *knot = (i32::from(*knot) + ((target - i32::from(*knot)) >> shift)) as u16;
    }
}
