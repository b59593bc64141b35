//! The traversal of one bit-plane of one resolution group, written once for encoder, decoder and cost.
//!
//! Order: components, levels from coarse to fine, bands; in a band superblocks of 4 × 4 blocks, blocks of 4 × 4
//! coefficients, rows. A band, superblock or block is passed over until a plane in which it has a significant
//! coefficient; what is coded for it is one decision a plane.
//!
//! Bit-exact: integers only.

use super::grid::{BLOCK, Grid, MARGIN, SIGN, SUPER};
use super::model::{Model, code_one, energy, five, ring, small};
use fearless_simd::dispatch;
use tintype_entropy::BitWalk;
use tintype_image::Level;
use tintype_transform::dwt::Orientation;

/// A band of a component and its place among the others.
#[derive(Clone, Debug)]
pub(crate) struct TileBand {
    pub component: usize,
    pub level: u8,
    pub orientation: Orientation,
    /// The same band one level coarser.
    pub parent: Option<usize>,
    /// Bands coded before that have the same geometry: of earlier components, else of the same level.
    pub twins: [Option<usize>; 2],
    /// The plane of the whole tile at which this band's plane 0 lies.
    pub shift: u32,
    pub grid: Grid,
}

/// What a pass over a plane says: done, or the bytes ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    Done,
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
    // The windows' shifts are worth the instructions of the machine.
    dispatch!(level, _simd => code_bands(bands, members, plane, model, walk))
}

#[inline(always)]
fn code_bands<W: BitWalk>(
    bands: &mut [TileBand],
    members: &[usize],
    plane: u32,
    model: &mut Model,
    walk: &mut W,
) -> Pass {
    for &index in members {
        let Some(own_plane) = plane.checked_sub(bands[index].shift) else { continue };
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

/// Which role a block's coefficients play in the contexts.
#[derive(Clone, Copy)]
struct Place {
    x: usize,
    y: usize,
    columns: usize,
    rows: usize,
    /// The block became active in this plane.
    fresh: bool,
}

/// Everything that stays the same during one pass over one band.
struct BandPass<'a> {
    parent: Option<&'a Grid>,
    twins: [Option<&'a Grid>; 2],
    plane: u32,
    /// 0 for the first component, 1 for others.
    colour: usize,
    orientation: Orientation,
    /// 0 low-low, 1 one direction high, 2 both.
    kind: usize,
}

impl<'a> BandPass<'a> {
    fn new(bands: &'a [TileBand], index: usize, plane: u32) -> Self {
        let band = &bands[index];
        Self {
            parent: band.parent.map(|i| &bands[i].grid),
            twins: band.twins.map(|t| t.map(|i| &bands[i].grid)),
            plane,
            colour: usize::from(band.component > 0),
            orientation: band.orientation,
            kind: match band.orientation {
                Orientation::LowLow => 0,
                Orientation::HighHigh => 2,
                _ => 1,
            },
        }
    }

    #[inline(always)]
    fn run<W: BitWalk>(&self, grid: &mut Grid, model: &mut Model, walk: &mut W) -> Pass {
        let plane = self.plane;
        if !grid.band_active {
            let bit = grid.band_bits >> plane != 0;
            let active =
                code_one(&mut model.band[self.colour * 2 + usize::from(self.kind > 0)], walk, bit);
            if walk.exhausted() {
                return Pass::Exhausted;
            }
            grid.band_active = active;
        }
        if !grid.band_active {
            grid.plane_known = plane;
            return Pass::Done;
        }
        grid.double_seen();
        let (sw, sh) = grid.supers();
        for sy in 0..sh {
            for sx in 0..sw {
                if self.superblock(grid, model, walk, (sx, sy)) == Pass::Exhausted {
                    return Pass::Exhausted;
                }
            }
        }
        grid.plane_known = plane;
        Pass::Done
    }

    #[inline(always)]
    fn superblock<W: BitWalk>(
        &self,
        grid: &mut Grid,
        model: &mut Model,
        walk: &mut W,
        (sx, sy): (usize, usize),
    ) -> Pass {
        let at = grid.super_active.at(sx, sy);
        if grid.super_active.get(at) == 0 {
            let bit = !W::READS && grid.super_bits[sy * grid.supers().0 + sx] >> self.plane != 0;
            let direct = grid.super_active.around(at).0 as usize;
            let activity = |other: Option<&Grid>, x: usize, y: usize| {
                other.map_or(2, |o| {
                    let (w, h) = o.supers();
                    let at =
                        o.super_active.at(x.min(w.saturating_sub(1)), y.min(h.saturating_sub(1)));
                    usize::from(o.super_active.get(at))
                })
            };
            let parent = activity(self.parent, sx / 2, sy / 2);
            let twin = activity(self.twins[0], sx, sy);
            let context = ((self.colour * 5 + direct) * 3 + parent) * 3 + twin;
            let active = code_one(&mut model.superblock[context], walk, bit);
            if walk.exhausted() {
                return Pass::Exhausted;
            }
            if !active {
                return Pass::Done;
            }
            grid.super_active.set(at, 1);
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

    #[inline(always)]
    fn block<W: BitWalk>(
        &self,
        grid: &mut Grid,
        model: &mut Model,
        walk: &mut W,
        (bx, by): (usize, usize),
    ) -> Pass {
        let at = grid.active.at(bx, by);
        let (x, y) = (bx * BLOCK, by * BLOCK);
        let mut place = Place {
            x,
            y,
            columns: (grid.width - x).min(BLOCK),
            rows: (grid.height - y).min(BLOCK),
            fresh: false,
        };
        if grid.active.get(at) == 0 {
            let bit = !W::READS && grid.block_bits[by * grid.blocks().0 + bx] >> self.plane != 0;
            let context = self.block_context(grid, at, x, y);
            if !code_one(&mut model.block[context], walk, bit) {
                return if walk.exhausted() { Pass::Exhausted } else { Pass::Done };
            }
            grid.active.set(at, 1);
            place.fresh = true;
        }
        self.coefficients(grid, model, walk, place);
        if walk.exhausted() {
            self.undo(grid, place);
            return Pass::Exhausted;
        }
        Pass::Done
    }

    /// Takes back what this plane said about a block.
    fn undo(&self, grid: &mut Grid, place: Place) {
        for y in place.y..place.y + place.rows {
            for x in place.x..place.x + place.columns {
                let at = grid.at(x, y);
                grid.goal[at] &= !(1 << self.plane);
                if grid.goal[at] & !SIGN == 0 {
                    grid.goal[at] = 0;
                }
            }
        }
    }

    #[inline(always)]
    fn block_context(&self, grid: &Grid, at: usize, x: usize, y: usize) -> usize {
        let corner = grid.at(x, y);
        let stride = grid.stride;
        const SIX: u64 = 0x0000_ffff_ffff_ffff;
        let top = eight(&grid.seen, corner - stride - 1) & SIX;
        let bottom = eight(&grid.seen, corner + 4 * stride - 1) & SIX;
        let mut sides = 0;
        for row in 0..4 {
            let line = eight(&grid.seen, corner + row * stride - 1);
            sides += lane(line, 0) + lane(line, 5);
        }
        let across = byte_sum(top) + byte_sum(bottom) + sides;
        let parent = self.parent.map_or(0, |p| {
            let at = p.at(x / 2, y / 2);
            let one = eight(&p.seen, at) & 0xffff;
            let two = eight(&p.seen, at + p.stride) & 0xffff;
            byte_sum(one) + byte_sum(two)
        });
        let twin = |t: Option<&Grid>| {
            t.map_or(0, |t| {
                (0..4)
                    .map(|row| byte_sum(eight(&t.seen, corner + row * stride) & 0xffff_ffff))
                    .sum::<usize>()
            })
        };
        let twins = twin(self.twins[0]) + twin(self.twins[1]);
        let (direct, diagonal) = grid.active.around(at);
        let friends = (direct as usize * 2 + diagonal as usize).div_ceil(3);
        let kind = self.colour * 3 + self.kind;
        (((kind * 8 + ring(across)) * 4 + small(parent.min(127)).min(3)) * 4 + ring(twins) / 2) * 5
            + friends.min(4)
    }

    #[inline(always)]
    fn coefficients<W: BitWalk>(
        &self,
        grid: &mut Grid,
        model: &mut Model,
        walk: &mut W,
        place: Place,
    ) {
        let mut waiting = place.fresh;
        for row in 0..place.rows {
            let y = place.y + row;
            let first = grid.at(place.x, y);
            let window = first - MARGIN;
            let north = eight(&grid.seen, window - grid.stride);
            let south = eight(&grid.seen, window + grid.stride);
            let mut here = eight(&grid.seen, window);
            let vertical = north + south;
            let diagonal = (vertical << 8) + (vertical >> 8);
            let twin = self.twins[0].map_or(0, |t| eight(&t.seen, window))
                + self.twins[1].map_or(0, |t| eight(&t.seen, window));
            let parent = self.parent.map_or(0, |p| eight(&p.seen, p.at(place.x / 2, y / 2)));
            for column in 0..place.columns {
                let l = column + MARGIN;
                let at = first + column;
                let (h, v, d) =
                    (lane(here, l - 1) + lane(here, l + 1), lane(vertical, l), lane(diagonal, l));
                let seen = lane(here, l);
                if seen != 0 {
                    let bit = !W::READS && (grid.goal[at] >> self.plane) & 1 != 0;
                    let octave = seen.ilog2();
                    let size = (octave as usize - 1).min(3);
                    let around = five((2 * (h + v) + d) >> (octave + 2));
                    let context = (self.colour * 4 + size) * 6 + around;
                    if code_one(&mut model.refine[context], walk, bit) {
                        here |= 1 << (8 * l);
                        grid.seen[at] |= 1;
                        if W::READS {
                            grid.goal[at] |= 1 << self.plane;
                        }
                    }
                    continue;
                }
                let last = row + 1 == place.rows && column + 1 == place.columns;
                let bit = !W::READS && (grid.goal[at] >> self.plane) & 1 != 0;
                let significant = if waiting && last {
                    true
                } else {
                    let pace = if waiting { 1 + usize::from(row >= 2) } else { 0 };
                    let (along, across) =
                        if self.orientation == Orientation::HighLow { (v, h) } else { (h, v) };
                    let e = energy((along * 4 + across * 3 + d * 2) >> 1);
                    let twin_here = lane(twin, l);
                    let twin_sides = lane(twin, l - 1) + lane(twin, l + 1);
                    let twins = (five(twin_here) + five(twin_sides).div_ceil(2)).min(3);
                    let kind = self.colour * 3 + self.kind;
                    let parent = small(lane(parent, column / 2)).min(3);
                    let context = (((kind * 16 + e) * 4 + parent) * 4 + twins) * 3 + pace;
                    code_one(&mut model.significance[context], walk, bit)
                };
                if significant {
                    waiting = false;
                    here |= 1 << (8 * l);
                    self.sign(grid, model, walk, at);
                }
            }
        }
    }

    /// A coefficient at `at` has just become significant: codes its sign.
    #[inline(always)]
    fn sign<W: BitWalk>(&self, grid: &mut Grid, model: &mut Model, walk: &mut W, at: usize) {
        let s = |i: usize| i32::from(grid.signs[i]);
        let h = s(at - 1) + s(at + 1);
        let v = s(at - grid.stride) + s(at + grid.stride);
        let (along, across) =
            if self.orientation == Orientation::HighLow { (v, h) } else { (h, v) };
        // 25 pairs, of which each and its negative are one context.
        let pair = along * 5 + across;
        let flip = pair < 0;
        let twin =
            self.twins[0].map_or(0, |t| if self.colour > 0 { i32::from(t.signs[at]) } else { 0 });
        let twin = if flip { -twin } else { twin };
        let context = ((self.colour * 3 + self.kind) * 13 + pair.unsigned_abs() as usize) * 3
            + (twin + 1) as usize;
        let negative = !W::READS && grid.goal[at] & SIGN != 0;
        let negative = code_one(&mut model.sign[context], walk, negative != flip) != flip;
        grid.seen[at] = 1;
        grid.signs[at] = if negative { -1 } else { 1 };
        if W::READS {
            grid.goal[at] = (1 << self.plane) | if negative { SIGN } else { 0 };
        }
    }
}

/// Sum of the eight bytes.
#[inline(always)]
fn byte_sum(bytes: u64) -> usize {
    const EVEN: u64 = 0x00ff_00ff_00ff_00ff;
    let pairs = (bytes & EVEN) + ((bytes >> 8) & EVEN);
    (pairs.wrapping_mul(0x0001_0001_0001_0001) >> 48) as usize
}
