//! A filter that is fitted to a few pictures gains on them.

use super::sums::{no_sums, sums_of_picture};
use super::{add_all, solve};
use crate::random::Random;
use tintype_image::{Plane, Planes, Shape};
use tintype_model::Model;
use tintype_photo::PhotoModel;

/// Slanted edges and noise.
fn picture(seed: u64) -> Planes {
    let mut random = Random::new(seed);
    let shape = Shape::rgb(160, 128, 8);
    let planes = (0..3).map(|plane| {
        let samples = (0..160 * 128).map(|i| {
            let (x, y) = (i % 160, i / 160);
            let stripe = (x + y * (seed as usize % 3 + 1)) / 19;
            let wave = [60, 180][stripe % 2];
            (wave + plane * 10 + random.below(24)) as u16
        });
        Plane::from_vec(160, 128, samples.collect()).unwrap()
    });
    Planes { shape, planes: planes.collect() }
}

#[test]
fn a_fitted_filter_gains() {
    let model = include_bytes!("../../../../../models/photo.tinmodel");
    let model = PhotoModel::from_bytes(model).unwrap();
    let mut fitted = no_sums();
    for seed in 0..4 {
        let sums = sums_of_picture(&model, &picture(seed), 40.0, &mut Random::new(seed));
        add_all(&mut fitted, &sums.unwrap());
    }
    let filter = solve::filter_of(&fitted, 300.0, None);
    assert!(solve::gains(&filter, &fitted)[0] > 0.1, "{:?}", solve::gains(&filter, &fitted));
    let other = sums_of_picture(&model, &picture(9), 45.0, &mut Random::new(9)).unwrap();
    assert!(solve::gains(&filter, &other)[0] > 0.02, "{:?}", solve::gains(&filter, &other));
}
