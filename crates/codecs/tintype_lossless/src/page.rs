//! The tables in docs/format/lossless.md are those of the code.

use super::blend_walk::LIMITS;
use super::features::{OWN, REFERENCE};
use super::frequency::KERNELS;
use super::predictor::FEATURE_COUNTS;
use std::fmt::Write;

const PAGE: &str = include_str!("../../../../docs/format/lossless.md");

fn assert_on_page(table: &str) {
    assert!(PAGE.contains(table), "docs/format/lossless.md lacks this table:\n{table}");
}

#[test]
fn the_page_has_the_kernels_and_limits() {
    let mut table = String::from("| kernel | symbol | 1 away | 2 away | 3 away |\n");
    table.push_str("|---|---|---|---|---|\n");
    for (index, [a, b, c, d]) in KERNELS.into_iter().enumerate() {
        writeln!(table, "| {index} | {a} | {b} | {c} | {d} |").unwrap();
    }
    assert_on_page(&table);

    let [a, b, c, d] = LIMITS;
    assert_on_page(&format!("| limit | {a} | {b} | {c} | {d} |\n"));
}

#[test]
fn the_page_has_the_features() {
    let offsets = |list: &[(isize, isize)]| {
        let offsets: Vec<String> = list.iter().map(|(x, y)| format!("({x}, {y})")).collect();
        offsets.join(" ")
    };
    let mut table = String::from("| features | (dx, dy) in order |\n|---|---|\n");
    writeln!(table, "| own | {} |", offsets(&OWN)).unwrap();
    writeln!(table, "| reference | {} |", offsets(&REFERENCE)).unwrap();
    assert_on_page(&table);

    let mut table = String::from("| references | narrow | middle | wide |\n|---|---|---|---|\n");
    for (references, windows) in FEATURE_COUNTS.into_iter().enumerate() {
        let [narrow, middle, wide] = windows.map(|c| format!("{} {} {}", c.0, c.1, c.2));
        writeln!(table, "| {references} | {narrow} | {middle} | {wide} |").unwrap();
    }
    assert_on_page(&table);
}
