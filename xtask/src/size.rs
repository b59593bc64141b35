//! `cargo xtask size`: builds the program as it is shipped, and says how large it is.
//!
//! Not part of the gate: a release build takes minutes.

use crate::shell;
use std::path::Path;

/// Bytes that the program has to stay under.
const BYTES_MAX: u64 = 12_000_000;

/// Runs the step.
///
/// # Errors
/// If the program is too large, or does not build.
pub fn step(root: &Path) -> Result<String, String> {
    shell::run(root, "cargo", &["build", "--release", "--package", "tintype_cli"], &[])?;
    let folder = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let program = folder.join("release").join(format!("tintype{}", std::env::consts::EXE_SUFFIX));
    let bytes = bytes_of(&program)?;
    let mut models = bytes_of(&root.join("crates/codecs/tintype_jpeg/src/pack/priors.packed"))?;
    for name in ["photo", "cluster-photo", "sparse-photo", "neural-photo"] {
        models += bytes_of(&root.join(format!("models/{name}.tinmodel")))?;
    }
    let text = format!("size: {bytes} bytes, {models} of them models and priors; at most {BYTES_MAX}");
    if bytes < BYTES_MAX { Ok(text) } else { Err(text) }
}

fn bytes_of(path: &Path) -> Result<u64, String> {
    std::fs::metadata(path).map(|data| data.len()).map_err(|e| format!("{}: {e}", path.display()))
}
