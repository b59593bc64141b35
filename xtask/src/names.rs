//! Codec names stay in their crates and in the registry; the rest asks a codec what it can do.
//!
//! In: the Rust sources as text. Out: one sentence for each crate path (`tintype_wavelet`) and
//! each string literal that equals a codec's name, outside the places in [`is_free`]. Unit
//! tests do not count.

use crate::sources::{Token, is_test_file, rust_files, tokens_without_tests};
use std::path::Path;

/// Runs the check on the workspace.
///
/// # Errors
/// All faults, one a line.
pub fn step(root: &Path) -> Result<String, String> {
    let codecs = codec_names(root);
    let mut faults = Vec::new();
    let mut files = 0;
    for path in rust_files(&root.join("crates")) {
        let file = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        if is_test_file(&path) || is_free(&file) {
            continue;
        }
        files += 1;
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        faults.extend(faults_of(&file, &text, &codecs));
    }
    if faults.is_empty() {
        return Ok(format!("names: {files} files name none of {} codecs", codecs.len()));
    }
    Err(faults.join("\n"))
}

/// The codecs' names, from the folders below `crates/codecs`.
fn codec_names(root: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root.join("crates/codecs")).into_iter().flatten().flatten() {
        let folder = entry.file_name().to_string_lossy().into_owned();
        names.extend(folder.strip_prefix("tintype_").map(String::from));
    }
    names.sort();
    names
}

/// Places that may name any codec: the registry, the fits of each codec and their table, the
/// laboratory tools, and the test of all machines. In the picture reader `jpeg` names a file
/// format.
fn is_free(file: &str) -> bool {
    const FREE: [&str; 10] = [
        "crates/tintype/src/registry",
        "crates/tintype_cross/",
        "crates/tintype_dev/",
        "crates/tintype_image/",
        "crates/tintype_train/src/fit.rs",
        "crates/tintype_train/src/photo/",
        "crates/tintype_train/src/sparse/",
        "crates/tintype_train/src/cluster/",
        "crates/tintype_train/src/neural/",
        "crates/tintype_train/src/network/",
    ];
    FREE.iter().any(|place| file.starts_with(place))
}

fn faults_of(file: &str, text: &str, codecs: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    for codec in codecs {
        let crate_name = format!("tintype_{codec}");
        if file.starts_with(&format!("crates/codecs/{crate_name}/")) {
            continue;
        }
        let mut of_feature = false;
        for (line, token) in tokens_without_tests(text) {
            // A Cargo feature is named as the codec that it adds: `cfg(feature = "jpeg")`.
            let of_this_feature = of_feature;
            of_feature = match &token {
                Token::Word(word) => word == "feature",
                Token::Mark('=') => of_feature,
                _ => false,
            };
            if of_this_feature {
                continue;
            }
            let is_named = match &token {
                Token::Word(word) => *word == crate_name,
                // `planes` is a key of the JSON output too.
                Token::Text(literal) => literal == codec && codec != "planes",
                _ => false,
            };
            if is_named {
                faults.push(format!("{file}:{line}: names codec {codec}"));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_literals_are_found_outside_the_codec() {
        let codecs = ["wavelet".to_string()];
        let text = "use tintype_wavelet::ID;\nfn f() { g(\"wavelet\") } // \"wavelet\"";
        let found = faults_of("crates/tintype_cli/src/a.rs", text, &codecs);
        assert_eq!(found.len(), 2);
        assert!(found[1].starts_with("crates/tintype_cli/src/a.rs:2:"), "{}", found[1]);
        assert!(faults_of("crates/codecs/tintype_wavelet/src/a.rs", text, &codecs).is_empty());
    }

    #[test]
    fn features_are_no_codec_names() {
        let text = "#[cfg(feature = \"jpeg\")] mod files;";
        assert!(faults_of("crates/tintype/src/a.rs", text, &["jpeg".to_string()]).is_empty());
    }

    #[test]
    fn the_registry_is_free_and_the_hall_is_not() {
        assert!(is_free("crates/tintype/src/registry/mod.rs"));
        assert!(!is_free("crates/tintype/src/encode.rs"));
    }
}
