//! The index: key and length of every section in file order, in few bytes.
//!
//! Payload: an order byte, then numbers. Orders 1 and 2 are a full grid of `tiles` × `layers`
//! keys, with tiles or layers as the outer loop, and need no keys; order 0 lists keys.

use crate::checksum::section_checksum_len;
use crate::{ContainerError, ContainerLimits, read_varint, write_varint};
use std::collections::BTreeSet;

/// Names one section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SectionKey {
    /// Tile, below 2^24.
    pub tile: u32,
    /// Layer within the tile, below 2^12.
    pub layer: u32,
}

impl SectionKey {
    pub(crate) const FIRST: Self = Self { tile: 0, layer: 0 };
}

const TILE_END: u64 = 1 << 24;
const LAYER_END: u64 = 1 << 12;

const LISTED: u8 = 0;
const TILES_OUTER: u8 = 1;
const LAYERS_OUTER: u8 = 2;

/// Where one section lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionEntry {
    /// Which one.
    pub key: SectionKey,
    /// Its length in bytes, without checksum.
    pub len: u64,
    /// Where it starts, in bytes from the start of the file.
    pub at: u64,
}

/// The key at `place` of a full grid in order `order`.
fn grid_key(order: u8, tiles: u64, layers: u64, place: u64) -> SectionKey {
    let (tile, layer) = if order == TILES_OUTER {
        (place / layers, place % layers)
    } else {
        (place % tiles, place / tiles)
    };
    SectionKey { tile: tile as u32, layer: layer as u32 }
}

/// The order byte that describes `keys`, and the grid's size.
fn order_of(keys: &[SectionKey]) -> (u8, u64, u64) {
    let tiles = 1 + keys.iter().map(|k| u64::from(k.tile)).max().unwrap_or(0);
    let layers = 1 + keys.iter().map(|k| u64::from(k.layer)).max().unwrap_or(0);
    let is_grid = |order| {
        tiles * layers == keys.len() as u64
            && keys.iter().enumerate().all(|(i, key)| *key == grid_key(order, tiles, layers, i as u64))
    };
    let order = [TILES_OUTER, LAYERS_OUTER].into_iter().find(|order| is_grid(*order)).unwrap_or(LISTED);
    (order, tiles, layers)
}

/// The index payload for sections of these keys and lengths.
pub(crate) fn payload_from_sections(sections: &[(SectionKey, u64)]) -> Result<Vec<u8>, ContainerError> {
    let keys: Vec<SectionKey> = sections.iter().map(|(key, _)| *key).collect();
    if keys.iter().any(|k| u64::from(k.tile) >= TILE_END || u64::from(k.layer) >= LAYER_END) {
        return Err(ContainerError::Misuse {
            what: "a tile of 2^24 or more, or a layer of 2^12 or more".into(),
        });
    }
    if keys.iter().collect::<BTreeSet<_>>().len() != keys.len() {
        return Err(ContainerError::Misuse { what: "two sections with one key".into() });
    }
    let (order, tiles, layers) = order_of(&keys);
    let mut out = vec![order];
    if order == LISTED {
        write_varint(&mut out, keys.len() as u64);
        for key in &keys {
            write_varint(&mut out, key.tile.into());
            write_varint(&mut out, key.layer.into());
        }
    } else {
        write_varint(&mut out, tiles);
        write_varint(&mut out, layers);
    }
    for (_, len) in sections {
        write_varint(&mut out, *len);
    }
    Ok(out)
}

/// Reads the index `payload`, which starts at byte `at`: keys and lengths.
pub(crate) fn sections_from_payload(
    payload: &[u8],
    at: u64,
    limits: &ContainerLimits,
) -> Result<Vec<(SectionKey, u64)>, ContainerError> {
    let malformed = |what: &str| ContainerError::Malformed { what: what.into(), at };
    let Some((&order, mut rest)) = payload.split_first() else {
        return Err(malformed("empty index"));
    };
    // A number that runs past the payload is no cut-off file: the chunk's checksum was right.
    let mut number =
        || read_varint(&mut rest, at).map_err(|_| malformed("index with a wrong or missing number"));
    let keys = match order {
        LISTED => {
            let count = checked_count(number()?, 1, payload, limits, at)?;
            let mut keys = Vec::new();
            for _ in 0..count {
                keys.push(checked_key(number()?, number()?, at)?);
            }
            if keys.iter().collect::<BTreeSet<_>>().len() != keys.len() {
                return Err(malformed("two sections with one key"));
            }
            keys
        }
        TILES_OUTER | LAYERS_OUTER => {
            let (tiles, layers) = (number()?, number()?);
            if tiles == 0 || layers == 0 {
                return Err(malformed("empty grid of sections"));
            }
            checked_key(tiles - 1, layers - 1, at)?;
            let count = checked_count(tiles, layers, payload, limits, at)?;
            (0..count).map(|place| grid_key(order, tiles, layers, place)).collect()
        }
        _ => {
            return Err(ContainerError::Unsupported {
                what: format!("section order {order} at byte {at}"),
            });
        }
    };
    let mut sections = Vec::with_capacity(keys.len());
    for key in keys {
        let len = number()?;
        if len >> 48 != 0 {
            return Err(malformed("a section of 2^48 bytes or more"));
        }
        sections.push((key, len));
    }
    if rest.is_empty() { Ok(sections) } else { Err(malformed("bytes after the index")) }
}

/// `a × b` sections, if the limits and the index's own length (a byte for each at least) allow
/// so many.
fn checked_count(
    a: u64,
    b: u64,
    payload: &[u8],
    limits: &ContainerLimits,
    at: u64,
) -> Result<u64, ContainerError> {
    let count = a.saturating_mul(b);
    if count > limits.sections_max {
        return Err(ContainerError::Limit { what: "number of sections", max: limits.sections_max });
    }
    if count > payload.len() as u64 {
        return Err(ContainerError::Malformed {
            what: format!("index too short for {count} sections"),
            at,
        });
    }
    Ok(count)
}

fn checked_key(tile: u64, layer: u64, at: u64) -> Result<SectionKey, ContainerError> {
    if tile >= TILE_END || layer >= LAYER_END {
        return Err(ContainerError::Malformed {
            what: format!("section of tile {tile}, layer {layer}"),
            at,
        });
    }
    Ok(SectionKey { tile: tile as u32, layer: layer as u32 })
}

/// Where each section lies in a data chunk whose payload starts at `at`, and the payload's
/// length.
pub(crate) fn place_sections(sections: &[(SectionKey, u64)], at: u64) -> (Vec<SectionEntry>, u64) {
    let mut next = at;
    let entries = sections.iter().map(|&(key, len)| {
        let entry = SectionEntry { key, len, at: next };
        // At most 2^20 or so sections below 2^48 bytes; a caller's larger limit saturates and
        // is then refused.
        next = next.saturating_add(len + section_checksum_len(len));
        entry
    });
    let entries = entries.collect();
    (entries, next - at)
}
