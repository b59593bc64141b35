//! The tables in docs/format/wavelet.md are those of the code.

use super::header::Header;
use super::layout::TileLayout;
use super::model::{
    BAND_COUNT, BLOCK_COUNT, ENERGY_LIMITS, LIMIT, PARENT_LIMITS, PRIOR_COUNT, REFINE_COUNT,
    RING_LIMITS, SIBLING_LIMITS, SIGN_COUNT, SIGNIFICANCE_COUNT, SUPERBLOCK_COUNT,
};
use super::quantise::{POINT_LEADING, POINT_REFINED};
use std::fmt::Write;
use tintype_image::{Region, Shape};
use tintype_transform::dwt::{Band, Orientation, norm_9_7};

const PAGE: &str = include_str!("../../../../docs/format/wavelet.md");

const KINDS: [Orientation; 3] = [Orientation::LowLow, Orientation::HighLow, Orientation::HighHigh];

fn assert_on_page(table: &str) {
    assert!(PAGE.contains(table), "docs/format/wavelet.md lacks this table:\n{table}");
}

#[test]
fn the_page_has_the_class_limits() {
    let mut table = String::from("| class | limits |\n|---|---|\n");
    let rows: [(&str, &[usize]); 4] = [
        ("energy", &ENERGY_LIMITS),
        ("parent", &PARENT_LIMITS),
        ("sibling", &SIBLING_LIMITS),
        ("ring", &RING_LIMITS),
    ];
    for (name, limits) in rows {
        let limits: Vec<String> = limits.iter().map(usize::to_string).collect();
        writeln!(table, "| {name} | {} |", limits.join(" ")).unwrap();
    }
    assert_on_page(&table);
}

#[test]
fn the_page_has_the_numbers_of_contexts_and_the_constants() {
    let mut table = String::from("| decision | contexts in the table |\n|---|---|\n");
    for (name, count) in [
        ("significance", SIGNIFICANCE_COUNT),
        ("block", BLOCK_COUNT),
        ("superblock", SUPERBLOCK_COUNT),
        ("band", BAND_COUNT),
        ("sign", SIGN_COUNT),
        ("refine", REFINE_COUNT),
    ] {
        writeln!(table, "| {name} | {count} |").unwrap();
    }
    assert_on_page(&table);

    let mut table = String::from("| constant | value |\n|---|---|\n");
    writeln!(table, "| LIMIT | {LIMIT} |\n| PRIOR_COUNT | {PRIOR_COUNT} |").unwrap();
    writeln!(table, "| POINT_LEADING | {POINT_LEADING} |").unwrap();
    writeln!(table, "| POINT_REFINED | {POINT_REFINED} |").unwrap();
    assert_on_page(&table);
}

#[test]
fn the_page_has_the_norms() {
    let mut table = String::from("| level | norm97 of LL | HL, LH | HH |\n|---|---|---|---|\n");
    for level in 1..=8 {
        let [low, one, both] = KINDS.map(|orientation| norm_9_7(Band { level, orientation }));
        writeln!(table, "| {level} | {low} | {one} | {both} |").unwrap();
    }
    assert_on_page(&table);
}

#[test]
fn the_page_has_the_lossless_shifts() {
    let shape = Shape::rgb(512, 512, 8);
    let tile = Region { x: 0, y: 0, width: 512, height: 512 };
    let shift = |component: usize, level: u8, orientation: Orientation| {
        let mut header = Header::new(true, true);
        // A tile's low-low band is that of its coarsest level.
        header.levels = if orientation == Orientation::LowLow { level } else { 8 };
        let layout = TileLayout::new(&shape, &header, tile);
        layout.band(component, Band { level, orientation }).map_or(0, |band| band.shift)
    };
    let mut table = String::from("| level | LL | HL, LH | HH | luma LL | luma HL, LH | luma HH |\n");
    table.push_str("|---|---|---|---|---|---|---|\n");
    for level in 1..=8 {
        let [a, b, c] = KINDS.map(|orientation| shift(1, level, orientation));
        let [d, e, f] = KINDS.map(|orientation| shift(0, level, orientation));
        writeln!(table, "| {level} | {a} | {b} | {c} | {d} | {e} | {f} |").unwrap();
    }
    assert_on_page(&table);
}
