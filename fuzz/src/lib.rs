//! Hostile input for every reader that takes bytes of strangers.
//!
//! In: seeds, and a number; out: an input that depends on both and nothing else; and targets that
//! must take any input without a panic. README.md says how to run them.
#![forbid(unsafe_code)]

mod mutate;
mod seeds;
mod targets;

pub use mutate::mutated;
pub use seeds::test_data;
pub use targets::{TARGETS, Target};

#[cfg(test)]
mod tests;
