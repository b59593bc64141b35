//! Constants of the stream. Bit-exact.

/// Side of a tile in pixels; a multiple of 32. Not measured.
pub const TILE_PX: usize = 1024;
/// States of each section's code: two of them cost 12 bytes a section and let a decoder run two
/// symbols at a time.
pub const LANES: usize = 2;
/// Sections of a tile: grid, base, second, deep.
pub const LAYERS: usize = 4;
/// Header flag: the colour differences of RGB have half the columns and rows.
pub const HALF_CHROMA: u8 = 2;
