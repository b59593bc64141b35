//! See crates' map in docs/ARCHITECTURE.md.
