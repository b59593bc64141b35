//! Sums of products to weights: least squares, each class drawn towards those that it is part of
//! as far as it has few samples.

use super::sums::{Sums, SumsOfClasses};
use tintype_photo::filter::{
    ACTIVITIES, CLASSES, DIRECTIONS, FEATURES, Filter, SETS, STEPS, WEIGHT_BITS,
};

/// Weights of the features.
type Weights = [f64; FEATURES];

/// What a class is drawn towards.
#[derive(Clone, Copy)]
struct Prior<'a> {
    sums: &'a Sums,
    weights: Weights,
}

/// The weights of least squared error over `sums` and samples of the prior of `weight` together.
fn solved(sums: &Sums, prior: Option<&Prior<'_>>, weight: f64) -> Weights {
    let mut all = sums.clone();
    if let Some(prior) = prior {
        // Samples that look as the prior's do, whose errors are what its weights say.
        let by = weight / prior.sums.weight.max(1e-12);
        for (row, of_prior) in all.products.iter_mut().zip(&prior.sums.products).take(FEATURES) {
            row[..FEATURES].iter_mut().zip(of_prior).for_each(|(sum, v)| *sum += by * v);
            let error: f64 = of_prior.iter().zip(prior.weights).map(|(v, weight)| v * weight).sum();
            row[FEATURES] += by * error;
        }
    }
    let trace: f64 = (0..FEATURES).map(|at| all.products[at][at]).sum();
    if trace <= 0.0 {
        return prior.map_or([0.0; FEATURES], |prior| prior.weights);
    }
    cholesky(&all, 1e-6 * trace / FEATURES as f64)
}

/// Solves the equations of `sums` with `ridge` on the diagonal.
fn cholesky(sums: &Sums, ridge: f64) -> Weights {
    let mut lower = [[0f64; FEATURES]; FEATURES];
    let mut out = [0f64; FEATURES];
    for i in 0..FEATURES {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            let left = sums.products[i][j] - known;
            lower[i][j] = if i == j { (left + ridge).max(ridge).sqrt() } else { left / lower[j][j] };
        }
        let known: f64 = (0..i).map(|k| lower[i][k] * out[k]).sum();
        out[i] = (sums.products[i][FEATURES] - known) / lower[i][i];
    }
    for i in (0..FEATURES).rev() {
        let known: f64 = (i + 1..FEATURES).map(|k| lower[k][i] * out[k]).sum();
        out[i] = (out[i] - known) / lower[i][i];
    }
    out
}

fn total<'a>(sums: impl Iterator<Item = &'a Option<Sums>>) -> Sums {
    let mut out = Sums::default();
    sums.flatten().for_each(|sums| out.add(sums, 1.0));
    out
}

/// The share of a set's squared error that a class has to save to be moved from where it was: its
/// weights take about 30 bytes of a model, which a thousand files of 800 bytes save by a fraction of
/// 4e-5 of the rate, and so by about as much of the error. Reckoned, not measured.
const WORTH_MOVING: f64 = 1e-4;

/// The filter that leaves least of the errors in `sums`. A class is drawn by `prior` samples towards its
/// weights in the filter `known`; where none is, towards all classes of its step, and those
/// towards all of its set.
pub fn filter_of(sums: &SumsOfClasses, prior: f64, known: Option<&Filter>) -> Filter {
    const OF_STEP: usize = ACTIVITIES * DIRECTIONS;
    let mut weights = Vec::with_capacity(SETS * CLASSES * FEATURES);
    for set in 0..SETS {
        let of_set = &sums[set * CLASSES..][..CLASSES];
        let all = total(of_set.iter());
        let by = prior * all.weight / all.samples.max(1.0);
        let all = Prior { weights: solved(&all, None, 0.0), sums: &all };
        for step in 0..STEPS {
            let of_step = &of_set[step * OF_STEP..][..OF_STEP];
            let sums = total(of_step.iter());
            let together = Prior { weights: solved(&sums, Some(&all), by), sums: &sums };
            for (number, class) in of_step.iter().enumerate() {
                let weights_known =
                    known.map(|known| in_units(known.weights(set == 1, step * OF_STEP + number)));
                let together = Prior { weights: weights_known.unwrap_or(together.weights), ..together };
                let mut own = together.weights;
                if let Some(class) = class {
                    let moved = solved(class, Some(&together), by);
                    let gain = class.error_with(|at| own[at]) - class.error_with(|at| moved[at]);
                    if known.is_none() || gain > WORTH_MOVING * all.sums.error() {
                        own = moved;
                    }
                }
                weights.extend(own.map(|weight| weight as f32));
            }
        }
    }
    Filter::from_weights(&weights)
}

fn in_units(weights: &[i16; FEATURES]) -> Weights {
    weights.map(|weight| f64::from(weight) / f64::from(1 << WEIGHT_BITS))
}

/// What `filter` gains on `sums` in decibels, luma and colour differences.
pub fn gains(filter: &Filter, sums: &SumsOfClasses) -> [f32; SETS] {
    std::array::from_fn(|set| {
        let (mut before, mut after) = (1e-12, 1e-12);
        for (class, sums) in sums[set * CLASSES..][..CLASSES].iter().enumerate() {
            let Some(sums) = sums else { continue };
            let weights = in_units(filter.weights(set == 1, class));
            before += sums.error();
            after += sums.error_with(|at| weights[at]);
        }
        10.0 * (before / after).log10() as f32
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photo::filter::sums::no_sums;
    use crate::random::Random;

    /// `count` samples of random features whose error is `weight` times the first and a little noise.
    fn samples(count: usize, weight: f64, seed: u64) -> Sums {
        let mut random = Random::new(seed);
        let mut sums = Sums { samples: count as f64, weight: count as f64, ..Sums::default() };
        for _ in 0..count {
            let mut numbers = [0f64; FEATURES + 1];
            numbers.iter_mut().for_each(|v| *v = random.below(2001) as f64 / 1000.0 - 1.0);
            numbers[FEATURES] = weight * numbers[0] + 0.1 * numbers[FEATURES];
            for (row, a) in sums.products.iter_mut().zip(numbers) {
                row.iter_mut().zip(numbers).for_each(|(sum, b)| *sum += a * b);
            }
        }
        sums
    }

    #[test]
    fn a_class_has_its_own_weights_where_it_has_samples() {
        let mut sums = no_sums();
        sums[0] = Some(samples(20_000, 0.5, 1));
        sums[1] = Some(samples(20_000, -0.25, 2));
        sums[2] = Some(samples(20, -0.25, 3));
        let filter = filter_of(&sums, 1000.0, None);
        let first = |class: usize| f32::from(filter.weights(false, class)[0]) / 1024.0;
        assert!((first(0) - 0.48).abs() < 0.04 && (first(1) + 0.22).abs() < 0.04);
        // Few samples: near what all have together.
        assert!((first(2) - 0.12).abs() < 0.06, "{}", first(2));
        assert!((first(3) - 0.12).abs() < 0.03 && first(3) == first(CLASSES - 1));
        // Drawn towards a filter that is known.
        let mut others = no_sums();
        others[0] = Some(samples(2000, -0.5, 4));
        let moved = filter_of(&others, 2000.0, Some(&filter));
        let first_moved = f32::from(moved.weights(false, 0)[0]) / 1024.0;
        assert!(first_moved.abs() < 0.1, "{first_moved}");
        assert_eq!(moved.weights(false, 1), filter.weights(false, 1));
        assert!(gains(&filter, &sums)[0] > 5.0);
        assert!(filter.weights(true, 0).iter().all(|&weight| weight == 0));
    }
}
