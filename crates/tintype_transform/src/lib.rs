//! See crates' map in docs/ARCHITECTURE.md.

pub mod dwt;
