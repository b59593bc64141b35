//! Inputs that once found a fault, and some new ones for every target.

use crate::*;

/// `testdata/crashes/TARGET/NAME`, each named after its cause.
#[test]
fn inputs_that_found_a_fault_are_taken() {
    for target in TARGETS {
        for entry in
            std::fs::read_dir(test_data().join("crashes").join(target.name)).into_iter().flatten()
        {
            let path = entry.unwrap().path();
            let start = std::time::Instant::now();
            (target.run)(&std::fs::read(&path).unwrap());
            assert!(start.elapsed().as_secs() < 10, "{}", path.display());
        }
    }
}

#[test]
fn every_target_takes_some_inputs() {
    for target in TARGETS {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{}", target.name);
        let inputs: Vec<Vec<u8>> =
            (0..20).map(|i| mutated(&seeds, &mut fastrand::Rng::with_seed(i))).collect();
        assert!(inputs.iter().filter(|input| !seeds.contains(input)).count() > 10, "{}", target.name);
        inputs.iter().for_each(|input| (target.run)(input));
    }
}
