//! The traversal of one bit-plane of one resolution group, written once for encoder and decoder.
//!
//! Order: components, levels from coarse to fine, bands; in a band superblocks of 4 × 4
//! blocks, blocks of 4 × 4 coefficients, rows. A band, superblock or block is skipped until
//! the plane in which it gets its first significant coefficient; until then it costs one
//! decision a plane.
//!
//! Bit-exact: integers only.

use super::band::{BLOCK, BandGrid, MARGIN, SIGN, SUPER};
use super::layout::TileBand;
use super::model::{Model, code_bit, energy_class, parent_class, ring_class, sibling_class};
use fearless_simd::dispatch;
use tintype_entropy::BitWalk;
use tintype_image::Level;
use tintype_transform::dwt::Orientation;

/// How a pass over a plane ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    Done,
    /// The bytes ran out.
    Exhausted,
}

/// Codes plane `plane` of the bands `members` (indices into `bands`, in order).
pub(crate) fn code_plane<W: BitWalk>(
    level: Level,
    bands: &mut [TileBand],
    members: &[usize],
    plane: u32,
    model: &mut Model,
    walk: &mut W,
) -> Pass {
    // Nothing here is a vector, but newer instruction sets shift a word by a variable in one
    // step.
    dispatch!(level, _simd => code_bands(walk, model, bands, (members, plane)))
}

#[inline(always)]
fn code_bands<W: BitWalk>(
    walk: &mut W,
    model: &mut Model,
    bands: &mut [TileBand],
    (members, plane): (&[usize], u32),
) -> Pass {
    for &index in members {
        let Some(own_plane) = plane.checked_sub(bands[index].shift) else { continue };

        // Taken out, so that parent and siblings can be read meanwhile.
        let mut grid = std::mem::take(&mut bands[index].grid);
        let pass = BandPass::new(bands, index, own_plane).run(&mut grid, model, walk);
        bands[index].grid = grid;
        if pass == Pass::Exhausted {
            return pass;
        }
    }
    Pass::Done
}

/// Eight neighbouring bytes, the first in the lowest.
#[inline(always)]
fn eight(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk::<8>().map_or(0, |c| u64::from_le_bytes(*c))
}

/// Byte `lane` of `bytes`.
#[inline(always)]
fn lane(bytes: u64, lane: usize) -> usize {
    (bytes >> (8 * lane)) as usize & 255
}

/// Sum of the eight bytes.
#[inline(always)]
fn byte_sum(bytes: u64) -> usize {
    const EVEN: u64 = 0x00ff_00ff_00ff_00ff;
    let pairs = (bytes & EVEN) + ((bytes >> 8) & EVEN);
    (pairs.wrapping_mul(0x0001_0001_0001_0001) >> 48) as usize
}

/// One block of coefficients.
#[derive(Clone, Copy)]
struct Block {
    x: usize,
    y: usize,
    columns: usize,
    rows: usize,
    /// The block became active in this plane, so one of its coefficients becomes significant.
    new: bool,
}

/// Everything that stays the same during one pass over one band.
struct BandPass<'a> {
    parent: Option<&'a BandGrid>,
    siblings: [Option<&'a BandGrid>; 2],
    plane: u32,
    /// 0 for the first component, 1 for others.
    later: usize,
    orientation: Orientation,
    /// 0 low-low, 1 high in one direction, 2 high in both.
    kind: usize,
}

impl<'a> BandPass<'a> {
    fn new(bands: &'a [TileBand], index: usize, plane: u32) -> Self {
        let band = &bands[index];
        Self {
            parent: band.parent.map(|i| &bands[i].grid),
            siblings: band.siblings.map(|sibling| sibling.map(|i| &bands[i].grid)),
            plane,
            later: usize::from(band.component > 0),
            orientation: band.orientation,
            kind: match band.orientation {
                Orientation::LowLow => 0,
                Orientation::HighHigh => 2,
                _ => 1,
            },
        }
    }

    /// The pair (horizontal, vertical) as (along, across) the band's edges: HL has upright
    /// edges.
    #[inline(always)]
    fn along_across<T>(&self, horizontal: T, vertical: T) -> (T, T) {
        match self.orientation {
            Orientation::HighLow => (vertical, horizontal),
            _ => (horizontal, vertical),
        }
    }

    #[inline(always)]
    fn run<W: BitWalk>(&self, grid: &mut BandGrid, model: &mut Model, walk: &mut W) -> Pass {
        // Planes above the band's first are zeros, however many the header allows.
        grid.lowest_plane = grid.lowest_plane.min(self.plane + 1);
        if !grid.active {
            let bit = grid.band_bits >> self.plane != 0;
            let context = self.later * 2 + usize::from(self.kind > 0);
            let active = code_bit(&mut model.band[context], walk, bit);
            if walk.exhausted() {
                return Pass::Exhausted;
            }
            grid.active = active;
        }
        if !grid.active {
            grid.lowest_plane = self.plane;
            return Pass::Done;
        }
        grid.rescale();
        let (sw, sh) = grid.superblocks();
        for sy in 0..sh {
            for sx in 0..sw {
                if self.superblock((sx, sy), grid, model, walk) == Pass::Exhausted {
                    return Pass::Exhausted;
                }
            }
        }
        grid.lowest_plane = self.plane;
        Pass::Done
    }

    #[inline(always)]
    fn superblock<W: BitWalk>(
        &self,
        (sx, sy): (usize, usize),
        grid: &mut BandGrid,
        model: &mut Model,
        walk: &mut W,
    ) -> Pass {
        let at = grid.active_superblocks.at(sx, sy);
        if grid.active_superblocks.get(at) == 0 {
            let bits = sy * grid.superblocks().0 + sx;
            let bit = !W::READS && grid.superblock_bits[bits] >> self.plane != 0;
            let context = self.superblock_context(grid, at, (sx, sy));
            let active = code_bit(&mut model.superblock[context], walk, bit);
            if walk.exhausted() {
                return Pass::Exhausted;
            }
            if !active {
                return Pass::Done;
            }
            grid.active_superblocks.activate(at);
        }
        let (bw, bh) = grid.blocks();
        for by in sy * SUPER..(sy * SUPER + SUPER).min(bh) {
            for bx in sx * SUPER..(sx * SUPER + SUPER).min(bw) {
                if self.block(grid, model, walk, (bx, by)) == Pass::Exhausted {
                    return Pass::Exhausted;
                }
            }
        }
        Pass::Done
    }

    /// Active direct neighbours, the state of the parent's superblock, of the first sibling's.
    #[inline(always)]
    fn superblock_context(&self, grid: &BandGrid, at: usize, (sx, sy): (usize, usize)) -> usize {
        // 0 and 1 for inactive and active, 2 where there is no such band.
        let state = |other: Option<&BandGrid>, x: usize, y: usize| {
            other.map_or(2, |other| {
                let (w, h) = other.superblocks();
                let (x, y) = (x.min(w.saturating_sub(1)), y.min(h.saturating_sub(1)));
                usize::from(other.active_superblocks.get(other.active_superblocks.at(x, y)))
            })
        };
        let direct = grid.active_superblocks.active_neighbours(at).0 as usize;
        let parent = state(self.parent, sx / 2, sy / 2);
        let sibling = state(self.siblings[0], sx, sy);
        ((self.later * 5 + direct) * 3 + parent) * 3 + sibling
    }

    #[inline(always)]
    fn block<W: BitWalk>(
        &self,
        grid: &mut BandGrid,
        model: &mut Model,
        walk: &mut W,
        (bx, by): (usize, usize),
    ) -> Pass {
        let at = grid.active_blocks.at(bx, by);
        let (x, y) = (bx * BLOCK, by * BLOCK);
        let mut block = Block {
            x,
            y,
            columns: (grid.width - x).min(BLOCK),
            rows: (grid.height - y).min(BLOCK),
            new: false,
        };
        if grid.active_blocks.get(at) == 0 {
            let bit = !W::READS && grid.block_bits[by * grid.blocks().0 + bx] >> self.plane != 0;
            let context = self.block_context(grid, at, x, y);
            if !code_bit(&mut model.block[context], walk, bit) {
                return if walk.exhausted() { Pass::Exhausted } else { Pass::Done };
            }
            grid.active_blocks.activate(at);
            block.new = true;
        }
        self.coefficients(grid, model, walk, block);
        if walk.exhausted() {
            self.undo(grid, block);
            return Pass::Exhausted;
        }
        Pass::Done
    }

    /// Clears what this plane added to a block whose decisions the bytes did not determine.
    fn undo(&self, grid: &mut BandGrid, block: Block) {
        for y in block.y..block.y + block.rows {
            for x in block.x..block.x + block.columns {
                let at = grid.at(x, y);
                grid.coefficients[at] &= !(1 << self.plane);
                if grid.coefficients[at] & !SIGN == 0 {
                    grid.coefficients[at] = 0;
                }
            }
        }
    }

    /// The ring of 20 coefficients around the block, the parent's 2 × 2, the siblings' 4 × 4,
    /// and the active blocks around. The weights here and of a coefficient's neighbours were
    /// not measured one by one; what other class limits cost, `model` says.
    #[inline(always)]
    fn block_context(&self, grid: &BandGrid, at: usize, x: usize, y: usize) -> usize {
        let corner = grid.at(x, y);
        let stride = grid.stride;
        const SIX: u64 = 0x0000_ffff_ffff_ffff;
        let top = eight(&grid.scaled, corner - stride - 1) & SIX;
        let bottom = eight(&grid.scaled, corner + 4 * stride - 1) & SIX;
        let mut sides = 0;
        for row in 0..4 {
            let line = eight(&grid.scaled, corner + row * stride - 1);
            sides += lane(line, 0) + lane(line, 5);
        }
        let ring = byte_sum(top) + byte_sum(bottom) + sides;

        let parent = self.parent.map_or(0, |p| {
            let at = p.at(x / 2, y / 2);
            let one = eight(&p.scaled, at) & 0xffff;
            let two = eight(&p.scaled, at + p.stride) & 0xffff;
            byte_sum(one) + byte_sum(two)
        });
        let sibling = |s: Option<&BandGrid>| {
            s.map_or(0, |s| {
                (0..4)
                    .map(|row| byte_sum(eight(&s.scaled, corner + row * stride) & 0xffff_ffff))
                    .sum::<usize>()
            })
        };
        let siblings = sibling(self.siblings[0]) + sibling(self.siblings[1]);

        let (direct, diagonal) = grid.active_blocks.active_neighbours(at);
        let active = (direct as usize * 2 + diagonal as usize).div_ceil(3).min(4);

        let kind = self.later * 3 + self.kind;
        let parent = parent_class(parent.min(127)).min(3);
        (((kind * 8 + ring_class(ring)) * 4 + parent) * 4 + ring_class(siblings) / 2) * 5 + active
    }

    #[inline(always)]
    fn coefficients<W: BitWalk>(
        &self,
        grid: &mut BandGrid,
        model: &mut Model,
        walk: &mut W,
        block: Block,
    ) {
        // Whether the block still lacks its first significant coefficient.
        let mut waiting = block.new;
        for row in 0..block.rows {
            let y = block.y + row;
            let first = grid.at(block.x, y);

            // Rows of eight scaled magnitudes from two before the block on, one in each byte.
            let window = first - MARGIN;
            let north = eight(&grid.scaled, window - grid.stride);
            let south = eight(&grid.scaled, window + grid.stride);
            let mut here = eight(&grid.scaled, window);
            let vertical = north + south;
            let diagonal = (vertical << 8) + (vertical >> 8);
            let siblings = self.siblings[0].map_or(0, |s| eight(&s.scaled, window))
                + self.siblings[1].map_or(0, |s| eight(&s.scaled, window));
            let parent = self.parent.map_or(0, |p| eight(&p.scaled, p.at(block.x / 2, y / 2)));

            for column in 0..block.columns {
                let l = column + MARGIN;
                let at = first + column;
                let (h, v, d) =
                    (lane(here, l - 1) + lane(here, l + 1), lane(vertical, l), lane(diagonal, l));
                let bit = !W::READS && (grid.coefficients[at] >> self.plane) & 1 != 0;
                let scaled = lane(here, l);
                if scaled != 0 {
                    let context = self.refine_context(scaled, 2 * (h + v) + d);
                    if code_bit(&mut model.refine[context], walk, bit) {
                        here |= 1 << (8 * l);
                        grid.scaled[at] |= 1;
                        if W::READS {
                            grid.coefficients[at] |= 1 << self.plane;
                        }
                    }
                    continue;
                }
                let last = row + 1 == block.rows && column + 1 == block.columns;
                let significant = if waiting && last {
                    true
                } else {
                    let progress = if waiting { 1 + usize::from(row >= 2) } else { 0 };
                    let parent = lane(parent, column / 2);
                    let context = self.significance_context((h, v, d), siblings, l, parent);
                    code_bit(&mut model.significance[context * 3 + progress], walk, bit)
                };
                if significant {
                    waiting = false;
                    here |= 1 << (8 * l);
                    self.sign(grid, model, walk, at);
                }
            }
        }
    }

    /// Neighbours (`h`orizontal, `v`ertical, `d`iagonal), the parent, and the siblings in lane
    /// `l` and beside it; without the block's progress, the last factor.
    #[inline(always)]
    fn significance_context(
        &self,
        (h, v, d): (usize, usize, usize),
        siblings: u64,
        l: usize,
        parent: usize,
    ) -> usize {
        let (along, across) = self.along_across(h, v);
        let energy = energy_class((along * 4 + across * 3 + d * 2) >> 1);
        let sides = lane(siblings, l - 1) + lane(siblings, l + 1);
        let sibling = sibling_class(lane(siblings, l)) + sibling_class(sides).div_ceil(2);
        let kind = self.later * 3 + self.kind;
        let parent = parent_class(parent).min(3);
        ((kind * 16 + energy) * 4 + parent) * 4 + sibling.min(3)
    }

    /// The size of a coefficient in octaves, and its neighbours in units of that size.
    #[inline(always)]
    fn refine_context(&self, scaled: usize, neighbours: usize) -> usize {
        let octave = scaled.ilog2();
        let size = (octave as usize - 1).min(3);
        let around = sibling_class(neighbours >> (octave + 2));
        (self.later * 4 + size) * 6 + around
    }

    /// A coefficient at `at` has just become significant: codes its sign.
    #[inline(always)]
    fn sign<W: BitWalk>(&self, grid: &mut BandGrid, model: &mut Model, walk: &mut W, at: usize) {
        let s = |i: usize| i32::from(grid.signs[i]);
        let h = s(at - 1) + s(at + 1);
        let v = s(at - grid.stride) + s(at + grid.stride);
        let (along, across) = self.along_across(h, v);

        // 25 pairs, of which each and its negative share a context; the decision is then
        // inverted.
        let pair = along * 5 + across;
        let flip = pair < 0;
        let sibling = match self.siblings[0] {
            Some(sibling) if self.later > 0 => i32::from(sibling.signs[at]),
            _ => 0,
        };
        let sibling = if flip { -sibling } else { sibling };
        let kind = self.later * 3 + self.kind;
        let context = (kind * 13 + pair.unsigned_abs() as usize) * 3 + (sibling + 1) as usize;

        let negative = !W::READS && grid.coefficients[at] & SIGN != 0;
        let negative = code_bit(&mut model.sign[context], walk, negative != flip) != flip;
        grid.scaled[at] = 1;
        grid.signs[at] = if negative { -1 } else { 1 };
        if W::READS {
            grid.coefficients[at] = (1 << self.plane) | if negative { SIGN } else { 0 };
        }
    }
}
