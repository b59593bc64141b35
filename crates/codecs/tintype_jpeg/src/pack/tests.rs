//! The tables of docs/format/jpeg-repack.md are those of the code.

use super::buckets::{COUNT_BOUNDS, MAGNITUDE_BOUNDS};
use super::dense_model;
use super::distributions::KINDS;
use super::edge_projection::BORDER;
use std::fmt::{Display, Write};

const PAGE: &str = include_str!("../../../../../docs/format/jpeg-repack.md");

fn listed<T: Display>(numbers: &[T]) -> String {
    let texts: Vec<String> = numbers.iter().map(T::to_string).collect();
    texts.join(", ")
}

/// FNV-1a of 64 bits.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// The block of tables as the page has it.
fn tables() -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    let bounds = listed(&MAGNITUDE_BOUNDS);
    writeln!(out, "Least value of each bucket of magnitude: {bounds}.")?;
    writeln!(out, "Least value of each bucket of a count: {}.", listed(&COUNT_BOUNDS))?;
    writeln!(out, "Edge weights `w` of frequency 0 to 7: {}.", listed(&BORDER))?;
    writeln!(out, "\n| quick model | first context | contexts |\n|---|---|---|")?;
    let mut first = 0;
    for (name, contexts) in KINDS {
        writeln!(out, "| {name} | {first} | {contexts} |")?;
        first += contexts;
    }
    writeln!(out, "\n| dense model | adaptive bits of each context | sets of weights |")?;
    writeln!(out, "|---|---|---|")?;
    for (name, contexts, sets) in dense_model::TABLES {
        let sets = if sets.is_empty() { "not mixed".into() } else { listed(sets) };
        writeln!(out, "| {name} | {} | {sets} |", listed(contexts))?;
    }
    let priors = include_bytes!("priors.bin");
    let (length, hash) = (priors.len(), hash(priors));
    writeln!(out, "\nPriors file: {length} bytes, FNV-1a of 64 bits {hash:016x}.")?;
    Ok(out)
}

#[test]
fn the_format_page_has_the_tables_of_the_code() {
    let start = "<!-- tables: compared with the code by a unit test -->";
    let block = PAGE.split(start).nth(1).and_then(|rest| rest.split("<!-- end").next());
    assert_eq!(block.map(str::trim), tables().ok().as_deref().map(str::trim));
}
