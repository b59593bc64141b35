//! What each kind of step computes. Bit-exact.

use crate::{FeatureMap, Kind, NnError};
use fearless_simd::Level;

/// What a step of `kind` makes of the register `from`, at quality level `quality`.
pub(crate) fn apply(
    level: Level,
    kind: &Kind,
    from: &FeatureMap,
    registers: &[FeatureMap],
    quality: usize,
) -> Result<FeatureMap, NnError> {
    match kind {
        Kind::Pointwise(layer) => layer.run(level, from),
        Kind::Depthwise(layer) => layer.run(level, from),
        Kind::Leaky(shift) => {
            Ok(each(from, |v| if *shift == 16 { v.max(0) } else { v.max(v >> shift) }))
        }
        Kind::Table(shift, table) => {
            Ok(each(from, |v| table[((i32::from(v) >> shift).clamp(-128, 127) + 128) as usize]))
        }
        Kind::Add(other) => {
            let mut sum = from.clone();
            add(&mut sum, &registers[usize::from(*other)])?;
            Ok(sum)
        }
        Kind::Concat(other) => concat(from, &registers[usize::from(*other)]),
        Kind::LevelBias(table) => {
            let vector = &table[quality * from.channels..][..from.channels];
            let mut out = from.clone();
            for row in out.values.chunks_exact_mut(from.channels) {
                row.iter_mut().zip(vector).for_each(|(v, &by)| *v = v.saturating_add(by));
            }
            Ok(out)
        }
        Kind::SpaceToDepth(factor) => from.space_to_depth(usize::from(*factor)),
        Kind::DepthToSpace(factor) => from.depth_to_space(usize::from(*factor)),
        Kind::HaarDown => Ok(haar(from.space_to_depth(2)?, haar_down)),
        Kind::HaarUp => haar(from.clone(), haar_up).depth_to_space(2),
        Kind::Slice { start, count } => {
            let (start, count) = (usize::from(*start), usize::from(*count));
            let rows = from.values.chunks_exact(from.channels);
            let values = rows.flat_map(|row| row[start..start + count].iter().copied()).collect();
            Ok(FeatureMap { channels: count, values, ..*from })
        }
    }
}

fn each(from: &FeatureMap, work: impl Fn(i16) -> i16) -> FeatureMap {
    FeatureMap { values: from.values.iter().map(|&v| work(v)).collect(), ..*from }
}

fn same_grid(a: &FeatureMap, b: &FeatureMap) -> Result<(), NnError> {
    if (a.height, a.width) == (b.height, b.width) {
        return Ok(());
    }
    let what = format!("maps of {} × {} and {} × {} positions", a.width, a.height, b.width, b.height);
    Err(NnError::Misuse { what })
}

/// Adds `other` to `sum`, saturating.
pub(crate) fn add(sum: &mut FeatureMap, other: &FeatureMap) -> Result<(), NnError> {
    same_grid(sum, other)?;
    sum.values.iter_mut().zip(&other.values).for_each(|(a, &b)| *a = a.saturating_add(b));
    Ok(())
}

fn concat(first: &FeatureMap, second: &FeatureMap) -> Result<FeatureMap, NnError> {
    same_grid(first, second)?;
    let rows =
        first.values.chunks_exact(first.channels).zip(second.values.chunks_exact(second.channels));
    let values = rows.flat_map(|(a, b)| a.iter().chain(b).copied()).collect();
    Ok(FeatureMap { channels: first.channels + second.channels, values, ..*first })
}

/// Applies `work` to the four values of each group, which stand a quarter of the channels apart.
fn haar(mut map: FeatureMap, work: fn([i32; 4]) -> [i32; 4]) -> FeatureMap {
    let quarter = map.channels / 4;
    for row in map.values.chunks_exact_mut(map.channels.max(1)) {
        for c in 0..quarter {
            let made = work([0, 1, 2, 3].map(|k| i32::from(row[k * quarter + c])));
            for (k, value) in made.into_iter().enumerate() {
                row[k * quarter + c] = value.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
            }
        }
    }
    map
}

/// Half-sums and half-differences, rounding towards minus infinity.
fn haar_down([a, b, c, d]: [i32; 4]) -> [i32; 4] {
    [(a + b + c + d) >> 1, (a - b + c - d) >> 1, (a + b - c - d) >> 1, (a - b - c + d) >> 1]
}

fn haar_up(parts: [i32; 4]) -> [i32; 4] {
    haar_down(parts)
}
