//! No crate holds more than a fifth of the Rust lines.

use crate::sources::{crate_folders, rust_files};
use std::path::Path;

/// The largest crate's share of all lines, in percent.
const SHARE_MAX: f64 = 20.0;

/// Runs the check on the workspace.
///
/// # Errors
/// Names each crate that is too large.
pub fn step(root: &Path) -> Result<String, String> {
    let mut rooms = Vec::new();
    for folder in crate_folders(root) {
        let name = folder.file_name().map(|name| name.display().to_string()).unwrap_or_default();
        let lines: usize = rust_files(&folder).iter().map(|file| lines_of(file)).sum();
        rooms.push((lines, name));
    }
    shares(rooms)
}

fn lines_of(file: &Path) -> usize {
    std::fs::read_to_string(file).map_or(0, |text| text.lines().count())
}

fn shares(mut rooms: Vec<(usize, String)>) -> Result<String, String> {
    rooms.sort();
    let total: usize = rooms.iter().map(|(lines, _)| lines).sum();
    let share = |lines: usize| 100.0 * lines as f64 / total.max(1) as f64;
    let say = |(lines, name): &(usize, String)| {
        format!("{name} holds {lines} of {total} Rust lines, {:.1} %", share(*lines))
    };
    let faults: Vec<String> =
        rooms.iter().filter(|(lines, _)| share(*lines) > SHARE_MAX).map(say).collect();
    if !faults.is_empty() {
        return Err(format!("{} (at most {SHARE_MAX} %)", faults.join("\n")));
    }
    let largest = rooms.last().map(say).unwrap_or_default();
    Ok(format!("rooms: {} crates; {largest}", rooms.len()))
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn a_crate_above_a_fifth_is_named() {
        let room = |lines: usize, name: &str| (lines, name.to_string());
        let even: Vec<_> = ["a", "b", "c", "d", "e"].map(|name| room(20, name)).to_vec();
        assert!(shares(even.clone()).is_ok());
        let uneven = [even, vec![room(30, "f")]].concat();
        assert!(shares(uneven).is_err_and(|text| text.contains("f holds 30 of 130")));
    }
}
