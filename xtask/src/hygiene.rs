//! What a tracked file must never hold, and what the README promises to hold.
//!
//! In: the files that git tracks. Out: one sentence for each fault: a path of somebody's
//! machine, a file above [`FILE_BYTES_MAX`], an unfinished place in the sources, a README link
//! to a file that is not there.

use crate::shell;
use std::path::Path;

/// Larger files belong elsewhere; the largest model stays below this.
const FILE_BYTES_MAX: u64 = 8_000_000;

/// Folders that exist on one machine only. In two halves so that this file passes its own check.
#[rustfmt::skip]
const MACHINE_FOLDERS: [&str; 5] = [
    concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/"), concat!("/tm", "p/"),
    concat!("/wo", "rk/"),
];

/// Marks of unfinished work in Rust sources.
const UNFINISHED: [&str; 5] = [
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("#[ig", "nore"),
    concat!("FIX", "ME"),
    concat!("dbg", "!("),
];

/// Runs the check on the repository itself.
///
/// # Errors
/// All faults, one a line.
pub fn step(root: &Path) -> Result<String, String> {
    let listing =
        shell::output(root, "git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    let files: Vec<&str> = listing.split('\0').filter(|name| !name.is_empty()).collect();
    let mut faults = Vec::new();
    for name in &files {
        let path = root.join(name);
        let len_bytes = std::fs::metadata(&path).map_or(0, |meta| meta.len());
        if len_bytes > FILE_BYTES_MAX {
            faults.push(format!("{name}: {len_bytes} bytes, at most {FILE_BYTES_MAX}"));
        }
        if let Ok(text) = std::fs::read_to_string(&path) {
            faults.extend(faults_of_text(name, &text));
        }
    }
    match std::fs::read_to_string(root.join("README.md")) {
        Ok(readme) => {
            let missing = local_links(&readme).into_iter().filter(|link| !root.join(link).exists());
            faults.extend(missing.map(|link| format!("README.md shows {link}, which is not there")));
        }
        Err(error) => faults.push(format!("README.md: {error}")),
    }
    if faults.is_empty() {
        Ok(format!("hygiene: {} files are clean", files.len()))
    } else {
        Err(faults.join("\n"))
    }
}

fn faults_of_text(name: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if !name.ends_with(".lock") && MACHINE_FOLDERS.iter().any(|folder| names_folder(line, folder)) {
            faults.push(format!("{name}:{}: a path of one machine", index + 1));
        }
        if let Some(mark) = UNFINISHED.iter().find(|mark| name.ends_with(".rs") && line.contains(**mark))
        {
            faults.push(format!("{name}:{}: `{mark}` marks unfinished work", index + 1));
        }
    }
    faults
}

/// Whether `line` holds an absolute path that starts with `folder` (and not, say,
/// `https://host/home/`).
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let inside_a_name =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | ')');
        let goes_on =
            line[at + folder.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.');
        goes_on && !line[..at].ends_with(inside_a_name)
    })
}

/// Targets of Markdown links and pictures, and of `src="…"`, that lie in the repository.
fn local_links(markdown: &str) -> Vec<&str> {
    let after = |mark: &'static str, end: char| {
        markdown
            .match_indices(mark)
            .filter_map(move |(at, _)| markdown[at + mark.len()..].split(end).next())
    };
    let links = after("](", ')').chain(after("src=\"", '"'));
    let links = links.map(|link| link.split(['#', ' ']).next().unwrap_or_default());
    links
        .filter(|link| !link.is_empty() && !link.contains("://") && !link.starts_with("mailto:"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_paths_are_found_and_addresses_are_not() {
        for folder in MACHINE_FOLDERS {
            assert!(names_folder(&format!("see {folder}me/x"), folder), "{folder}");
            assert!(!names_folder(&format!("https://host.example{folder}me"), folder), "{folder}");
            assert!(!names_folder(&format!("the folder `{folder}`"), folder), "{folder}");
        }
    }

    #[test]
    fn unfinished_work_is_found_in_rust_only() {
        let text = format!("fn x() {{ {}) }}", UNFINISHED[0]);
        assert_eq!(faults_of_text("a.rs", &text).len(), 1);
        assert!(faults_of_text("a.md", &text).is_empty());
    }

    #[test]
    fn links() {
        let markdown =
            "![a](docs/a.svg) [b](https://b.example) [c](#here) <img src=\"d.png\"> [e](e.md#part)";
        assert_eq!(local_links(markdown), ["docs/a.svg", "e.md", "d.png"]);
    }
}
