//! The quick kind: samples of the shared walk under static tables.
//!
//! In: sites with their predictions. Out: numbers, each in a context of activity and of the
//! prediction's fraction.
//! Bit-exact: integers, and `f32` in a fixed order (decision record 0001).
//! Source: our own.

use super::pixel_walk::{Coded, ROWS, SampleCoder, Site, Wanted, wholes};
use super::static_code::NumberWalk;
use fearless_simd::{Bytes, Simd, SimdBase, SimdCvtFloat, f32x8, i32x8, u32x8};

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

    #[inline(always)]
    fn code<S: Simd>(&mut self, simd: S, site: &Site<S>, (wanted, lanes): Wanted<'_>) -> Coded<S> {
        let splat = |v: i32| i32x8::splat(simd, v);
        // Exponent and highest bit of the fraction; an activity is no less than 0.
        let class = ((site.energy + 1.0).bitcast::<i32x8<S>>() >> 22) - splat(2 * 127);
        let class = class.min(splat(CLASSES as i32 - 1));
        let base = wholes(simd, site.blended);
        let fraction = site.blended - f32x8::float_from(base);
        // Below the middle of a step all differences are negated, so that tables see one half
        // only: `turn` is -1 there, else 0.
        let turn = fraction.bitcast::<i32x8<S>>() >> 31;
        let part = wholes(simd, fraction.abs() * 6.9) & splat(3);
        let contexts = class * splat(4) + part + splat((site.plane * CONTEXTS) as i32);
        let mut numbers = [0; ROWS];
        if !W::READS {
            let distance = wholes(simd, wanted.load(simd)) - base;
            let distance = (distance ^ turn) - turn;
            ((distance << 1) ^ (distance >> 31)).bitcast::<u32x8<S>>().store_slice(&mut numbers);
        }
        let mut places = [0i32; ROWS];
        contexts.store_slice(&mut places);
        self.0.lanes(lanes, &places, &mut numbers);
        let numbers = u32x8::from_slice(simd, &numbers).bitcast::<i32x8<S>>();
        let shifted = (numbers.bitcast::<u32x8<S>>() >> 1).bitcast::<i32x8<S>>();
        let distance = shifted ^ (splat(0) - (numbers & splat(1)));
        let samples = f32x8::float_from(base + ((distance ^ turn) - turn));
        Coded { samples, predictions: site.blended }
    }
}
