//! Gradients against finite differences; training gains; integers against floats.

use super::export::{Ranges, integer_filter};
use super::network::{Network, OUTPUTS_PADDED, UNIT};
use crate::random::Random;
use tintype_block::Cell;
use tintype_image::{Level, Plane};
use tintype_photo::filter::{Blocks, INPUTS, MIDDLE, OUTPUTS, side_inputs};

fn uniform(random: &mut Random, count: usize) -> Vec<f32> {
    (0..count).map(|_| random.below(2001) as f32 / 1000.0 - 1.0).collect()
}

/// A loss that is linear in the outputs, and its gradient.
fn loss(network: &Network, input: &[f32], side: usize, by_output: &[f32]) -> f64 {
    let trace = network.forward(Level::new(), input.to_vec(), side);
    trace.output.iter().zip(by_output).map(|(o, g)| f64::from(o * g)).sum()
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let side = 6;
    let mut random = Random::new(5);
    let mut network = Network::new(2, 3);
    let last = network.spans.last.clone();
    let weights = uniform(&mut random, last.len());
    network.values[last].copy_from_slice(&weights);
    let inner = uniform(&mut random, side * side * INPUTS);
    let input = super::depthwise::padded(&inner, side, INPUTS, 1, true);
    let mut by_output = uniform(&mut random, side * side * OUTPUTS_PADDED);
    for row in by_output.chunks_exact_mut(OUTPUTS_PADDED) {
        row[OUTPUTS..].fill(0.0);
    }
    let trace = network.forward(Level::new(), input.clone(), side);
    let mut gradient = vec![0.0; network.values.len()];
    network.add_gradient(Level::new(), &trace, &by_output, &mut gradient);
    let mut off = 0.0f64;
    let mut all = 0.0f64;
    for number in 0..400 {
        let index = number * 7919 % network.values.len();
        let mut probe = |by: f32| {
            let kept = network.values[index];
            network.values[index] = kept + by;
            let loss = loss(&network, &input, side, &by_output);
            network.values[index] = kept;
            loss
        };
        let slope = (probe(2e-3) - probe(-2e-3)) / 4e-3;
        off += (slope - f64::from(gradient[index])).powi(2);
        all += slope.powi(2);
    }
    // Rectifiers that a probe switches make a difference of about this size.
    assert!(off < 1e-3 * all, "{off} of {all}");
    assert!(all > 1.0);
}

#[test]
fn integers_are_near_the_floats() {
    let (side, step) = (20, 200u16);
    let mut random = Random::new(7);
    let mut network = Network::new(3, 4);
    let last = network.spans.last.clone();
    let weights = uniform(&mut random, last.len());
    network.values[last].iter_mut().zip(weights).for_each(|(value, weight)| *value = 0.2 * weight);
    let mut plane = |middle: i16| {
        let samples = (0..4 * side * side).map(|_| middle + random.below(2000) as i16 - 1000).collect();
        Plane::from_vec(2 * side, 2 * side, samples).unwrap()
    };
    let planes: Vec<Plane<i16>> = [MIDDLE, 0, 0].map(&mut plane).to_vec();
    let cells = Plane::from_vec(5, 5, vec![Cell { side: 8, energy: 9, ..Cell::default() }; 25]).unwrap();
    let mut inner = vec![0.0; side * side * INPUTS];
    for (place, values) in inner.chunks_exact_mut(INPUTS).enumerate() {
        for (k, value) in values[..OUTPUTS].iter_mut().enumerate() {
            let (x, y) = (2 * (place % side) + k / 3 % 2, 2 * (place / side) + k / 6);
            let middle = if k % 3 == 0 { MIDDLE } else { 0 };
            *value = f32::from(planes[k % 3].row(y)[x] - middle) / UNIT;
        }
        let side = side_inputs(&cells, step, place / side).nth(place % side).unwrap();
        values[OUTPUTS..].iter_mut().zip(side).for_each(|(v, s)| *v = f32::from(s) / UNIT);
    }
    let input = super::depthwise::padded(&inner, side, INPUTS, 1, true);
    let trace = network.forward(Level::new(), input, side);
    let mut ranges = Ranges::new(3);
    ranges.add(&trace);
    let filter = integer_filter(&network, &ranges).unwrap();
    let mut made = planes.clone();
    filter.run_everywhere(Level::new(), &mut made, &Blocks { cells: &cells, step });
    let (mut off, mut all) = (0.0, 0.0);
    for (place, outputs) in trace.output.chunks_exact(OUTPUTS_PADDED).enumerate() {
        for (k, output) in outputs[..OUTPUTS].iter().enumerate() {
            let (x, y) = (2 * (place % side) + k / 3 % 2, 2 * (place / side) + k / 6);
            let by = f32::from(made[k % 3].row(y)[x] - planes[k % 3].row(y)[x]);
            let expected = output * f32::from(step) / 4.0;
            off += (by - expected).powi(2);
            all += expected.powi(2);
        }
    }
    // Rounding to a whole internal unit alone leaves 1/12 for each.
    let count = (OUTPUTS * side * side) as f32;
    assert!(all > 100.0 * count, "{all}");
    assert!(off < 0.5 * count, "{} for each", off / count);
}
