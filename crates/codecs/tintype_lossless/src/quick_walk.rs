//! The quick kind: samples of the shared walk under static tables.
//!
//! In: sites with their predictions. Out: numbers, each in a context of activity and of the
//! prediction's fraction.
//! Bit-exact: integers, and `f32` in a fixed order (decision record 0001).
//! Source: our own.

use super::pixel_walk::{SampleCoder, Site, whole};
use super::static_code::{LANES, NumberWalk};
use fearless_simd::Simd;

/// Classes of activity: two an octave, from an activity of 1 on.
const CLASSES: usize = 24;
/// Contexts of a plane: for each class four of the prediction's fraction.
const CONTEXTS: usize = 4 * CLASSES;

/// How many contexts `planes` planes have.
pub(super) fn contexts(planes: usize) -> usize {
    planes * CONTEXTS
}

/// Codes samples as numbers.
pub(super) struct QuickCoder<'a, W>(pub &'a mut W);

impl<W: NumberWalk> SampleCoder for QuickCoder<'_, W> {
    const READS: bool = W::READS;
    const FAST: bool = true;

    #[inline(always)]
    fn code<S: Simd>(&mut self, _simd: S, site: &Site<'_>, wanted: i32) -> (i32, f32) {
        // Exponent and highest bit of the fraction.
        let class = ((site.energy + 1.0).to_bits() >> 22).saturating_sub(2 * 127);
        let class = class.min(CLASSES as u32 - 1);
        let base = whole(site.blended);
        let fraction = site.blended - base as f32;
        // Below the middle of a step all differences are negated, so that tables see one half
        // only: `turn` is -1 there, else 0.
        let turn = fraction.to_bits() as i32 >> 31;
        let part = whole(fraction.abs() * 6.9) as u32 & 3;
        let context = site.plane * CONTEXTS + (class * 4 + part) as usize;
        let mut number = 0;
        if !W::READS {
            let distance = ((wanted - base) ^ turn) - turn;
            number = ((distance << 1) ^ (distance >> 31)) as u32;
        }
        let number = self.0.number(site.references % LANES, context, number) as i32;
        let distance = (number >> 1) ^ -(number & 1);
        (base + ((distance ^ turn) - turn), site.blended)
    }
}
