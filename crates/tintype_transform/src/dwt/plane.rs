//! Whole planes forwards and backwards, row by row.
//!
//! Each level lifts rows against rows in one sweep, in which a few rows are live at a time and
//! stay in the cache, and splits each row once it is finished. Memory beside the plane: one row
//! forwards, half a plane backwards.

use super::{Band, Filter, Orientation};
use fearless_simd::Level;

/// Takes a row of a band: (band, row index, row).
pub type RowSink<'a, T> = dyn FnMut(Band, usize, &[T]) + 'a;

/// Fills a row of a band: (band, row index, row).
pub type RowSource<'a, T> = dyn FnMut(Band, usize, &mut [T]) + 'a;

/// Transforms `plane` (`width × height`, row by row; used as working memory) and hands each
/// band's rows to `sink`.
///
/// The sink gets (band, row index, row). Levels come from the finest to the coarsest; a band's
/// rows come in order, the bands of a level take turns. With `levels` 0 the only band is `LowLow`
/// of level 0, the plane itself.
///
/// # Panics
/// If `plane` has not `width * height` samples.
pub fn analyse<F: Filter>(
    simd: Level,
    plane: &mut [F::Sample],
    (width, height): (usize, usize),
    levels: u8,
    sink: &mut RowSink<'_, F::Sample>,
) {
    assert_eq!(plane.len(), width * height, "samples of a {width} × {height} plane");
    let (mut w, mut h) = (width, height);
    let mut halves = vec![F::Sample::default(); width];
    let lag = F::STEPS / 2 - 1;
    for level in 1..=levels {
        let (low_w, pairs) = (w.div_ceil(2), h.div_ceil(2));
        for k in 0..pairs + lag {
            for step in 0..F::STEPS {
                if let Some(pair) = k.checked_sub(step / 2) {
                    lift_rows::<F>(simd, step, false, plane, (width, w, h), 2 * pair + 1 - step % 2);
                }
            }
            let Some(pair) = k.checked_sub(lag) else { continue };
            for y in (2 * pair..h).take(2) {
                split_row::<F>(simd, &plane[y * width..][..w], &mut halves[..w]);
                let (low, high) = halves[..w].split_at_mut(low_w);
                F::scale(simd, y % 2, false, low);
                F::scale(simd, y % 2 + 1, false, high);
                if y % 2 == 0 {
                    // No later step reads row `pair`, so the low band moves up in place.
                    plane[pair * width..][..low_w].copy_from_slice(low);
                    sink(Band { level, orientation: Orientation::HighLow }, pair, high);
                } else {
                    sink(Band { level, orientation: Orientation::LowHigh }, pair, low);
                    sink(Band { level, orientation: Orientation::HighHigh }, pair, high);
                }
            }
        }
        let singles = usize::from(w == 1) + usize::from(h == 1);
        (w, h) = (low_w, pairs);
        if singles > 0 {
            for y in 0..h {
                F::widen(simd, singles, false, &mut plane[y * width..][..w]);
            }
        }
    }
    for y in 0..h {
        sink(Band { level: levels, orientation: Orientation::LowLow }, y, &plane[y * width..][..w]);
    }
}

/// Builds the plane of `width × height` back from its bands, without the `skipped` finest of its
/// `levels` levels.
///
/// The source is called with (band, row index, row to fill); it must fill the whole row. Returns
/// `ceil(width / 2^skipped) × ceil(height / 2^skipped)` samples; for 9/7 they are `2^skipped`
/// times too large (the low band's gain) and left so.
///
/// # Panics
/// If `skipped > levels`.
pub fn synthesise<F: Filter>(
    simd: Level,
    (width, height): (usize, usize),
    levels: u8,
    skipped: u8,
    source: &mut RowSource<'_, F::Sample>,
) -> Vec<F::Sample> {
    assert!(skipped <= levels, "{skipped} of {levels} levels skipped");
    let size_at = |level: u8| (width.div_ceil(1 << level), height.div_ceil(1 << level));
    let (w, h) = size_at(levels);
    let mut plane = vec![F::Sample::default(); w * h];
    for y in 0..h {
        source(Band { level: levels, orientation: Orientation::LowLow }, y, &mut plane[y * w..][..w]);
    }
    let mut halves = vec![F::Sample::default(); size_at(skipped).0];
    for level in (skipped + 1..=levels).rev() {
        let (w, h) = size_at(level - 1);
        let low_w = w.div_ceil(2);
        let singles = usize::from(w == 1) + usize::from(h == 1);
        if singles > 0 {
            F::widen(simd, singles, true, &mut plane);
        }
        let mut finer = vec![F::Sample::default(); w * h];
        for k in 0..h.div_ceil(2) + F::STEPS / 2 {
            for y in (2 * k..h).take(2) {
                let (low, high) = halves[..w].split_at_mut(low_w);
                if y % 2 == 0 {
                    low.copy_from_slice(&plane[k * low_w..][..low_w]);
                    source(Band { level, orientation: Orientation::HighLow }, k, high);
                } else {
                    source(Band { level, orientation: Orientation::LowHigh }, k, low);
                    source(Band { level, orientation: Orientation::HighHigh }, k, high);
                }
                F::scale(simd, y % 2, true, low);
                F::scale(simd, y % 2 + 1, true, high);
                join_row::<F>(simd, &mut halves[..w], &mut finer[y * w..][..w]);
            }
            for back in 0..F::STEPS {
                if let Some(pair) = k.checked_sub(back.div_ceil(2)) {
                    lift_rows::<F>(
                        simd,
                        F::STEPS - 1 - back,
                        true,
                        &mut finer,
                        (w, w, h),
                        2 * pair + back % 2,
                    );
                }
            }
        }
        plane = finer;
    }
    plane
}

/// One lifting step on row `y` of the top left `w × h` samples of a plane with rows every
/// `stride` samples.
fn lift_rows<F: Filter>(
    simd: Level,
    step: usize,
    inverse: bool,
    plane: &mut [F::Sample],
    (stride, w, h): (usize, usize, usize),
    y: usize,
) {
    if y >= h || h < 2 {
        return;
    }
    let (above, rest) = plane.split_at_mut(y * stride);
    let (row, below) = rest.split_at_mut(stride.min(rest.len()));
    let above = if y > 0 { &above[(y - 1) * stride..][..w] } else { &below[..w] };
    let below = if y + 1 < h { &below[..w] } else { above };
    F::lift(simd, step, inverse, &mut row[..w], above, below);
}

/// Transforms one row into its low half followed by its high half.
fn split_row<F: Filter>(simd: Level, row: &[F::Sample], halves: &mut [F::Sample]) {
    let (low, high) = halves.split_at_mut(row.len().div_ceil(2));
    let pairs = row.chunks_exact(2);
    if let ([last], Some(low_last)) = (pairs.remainder(), low.last_mut()) {
        *low_last = *last;
    }
    for ((pair, low), high) in pairs.zip(low.iter_mut()).zip(high.iter_mut()) {
        (*low, *high) = (pair[0], pair[1]);
    }
    for step in 0..F::STEPS {
        lift_halves::<F>(simd, step, false, low, high);
    }
}

/// The inverse of [`split_row`]; `halves` is used as working memory.
fn join_row<F: Filter>(simd: Level, halves: &mut [F::Sample], row: &mut [F::Sample]) {
    let (low, high) = halves.split_at_mut(row.len().div_ceil(2));
    for step in (0..F::STEPS).rev() {
        lift_halves::<F>(simd, step, true, low, high);
    }
    let mut pairs = row.chunks_exact_mut(2);
    for ((pair, low), high) in pairs.by_ref().zip(low.iter()).zip(high.iter()) {
        (pair[0], pair[1]) = (*low, *high);
    }
    if let ([last], Some(low_last)) = (pairs.into_remainder(), low.last()) {
        *last = *low_last;
    }
}

/// One lifting step along a line whose even samples are `low` and odd ones `high`.
fn lift_halves<F: Filter>(
    simd: Level,
    step: usize,
    inverse: bool,
    low: &mut [F::Sample],
    high: &mut [F::Sample],
) {
    let (n_low, n_high) = (low.len(), high.len());
    if n_high == 0 {
        return;
    }
    if step.is_multiple_of(2) {
        // Odd sample i lies between even samples i and i + 1; after the last even sample the line
        // is mirrored.
        let inner = n_high.min(n_low - 1);
        F::lift(simd, step, inverse, &mut high[..inner], &low[..inner], &low[1..]);
        if inner < n_high {
            F::lift(simd, step, inverse, &mut high[inner..], &low[inner..], &low[inner..]);
        }
    } else {
        // Even sample i lies between odd samples i - 1 and i; both ends are mirrored.
        let inner = n_high.min(n_low);
        F::lift(simd, step, inverse, &mut low[..1], &high[..1], &high[..1]);
        F::lift(simd, step, inverse, &mut low[1..inner], &high[..inner - 1], &high[1..inner]);
        if inner < n_low {
            F::lift(simd, step, inverse, &mut low[inner..], &high[inner - 1..], &high[inner - 1..]);
        }
    }
}
