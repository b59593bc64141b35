//! The sheet: where the new blocks of some pictures stand. Bit-exact.
//!
//! The new blocks of a picture make a strip: of the picture, those rows and columns of blocks that have a new one.
//! Strips stand beside each other from the left as far as the widest one reaches, and then below. What is no new block
//! repeats the sample before it in the row.

use super::copies::{Block, Copy, Grid, SIDE};
use tintype_image::{Planes, Shape};

/// A picture's part of the sheet.
#[derive(Clone, Debug, Default)]
struct Strip {
    /// Columns of blocks of the picture, in the order in which they stand on the sheet.
    columns: Vec<usize>,
    /// Rows.
    rows: Vec<usize>,
    /// Which of these are new, row by row.
    new: Vec<bool>,
    /// Place on the sheet, in blocks.
    at: (usize, usize),
}

/// Where the new blocks stand.
#[derive(Clone, Debug)]
pub struct Layout {
    strips: Vec<Strip>,
    /// In blocks.
    size: (usize, usize),
}

impl Layout {
    /// For pictures that consist of `plans`.
    pub fn of(grid: &Grid, plans: &[Vec<Block>]) -> Self {
        let mut strips: Vec<Strip> = plans.iter().map(|plan| strip(grid, plan)).collect();
        let width = strips.iter().map(|strip| strip.columns.len()).max().unwrap_or(0);
        let (mut x, mut y, mut high) = (0, 0, 0);
        for strip in &mut strips {
            if x + strip.columns.len() > width {
                (x, y, high) = (0, y + high, 0);
            }
            strip.at = (x, y);
            x += strip.columns.len();
            high = high.max(strip.rows.len());
        }
        Self { strips, size: (width, y + high) }
    }

    /// Whether nothing is new.
    pub fn is_empty(&self) -> bool {
        self.size.0 == 0
    }

    /// The sheet's shape, of pictures of `shape`. Where it holds one picture, all of it new, it has its size.
    pub fn shape(&self, grid: &Grid, shape: &Shape) -> Shape {
        let whole = self.size == (grid.across, grid.down) && self.strips.len() == 1;
        let (width_px, height_px) =
            if whole { grid.size } else { (self.size.0 * SIDE, self.size.1 * SIDE) };
        Shape { width_px, height_px, ..shape.clone() }
    }

    /// The sheet of pictures of `shape`, whose new blocks have the samples `fresh`: block by block, plane by plane, row
    /// by row.
    pub fn filled(&self, grid: &Grid, shape: &Shape, fresh: &[Vec<u16>]) -> Planes {
        let mut sheet = Planes::new(self.shape(grid, shape));
        let mut known: Vec<Vec<bool>> =
            sheet.planes.iter().map(|plane| vec![false; plane.width() * plane.height()]).collect();
        for (strip, fresh) in self.strips.iter().zip(fresh) {
            let mut fresh = &fresh[..];
            for (index, at) in strip.blocks(grid) {
                for (plane, _, to, len) in moved(grid, index, at) {
                    let (row, rest) = fresh.split_at(len);
                    fresh = rest;
                    let width = sheet.planes[plane].width();
                    sheet.planes[plane].row_mut(to.1)[to.0..][..len].copy_from_slice(row);
                    known[plane][to.1 * width + to.0..][..len].fill(true);
                }
            }
        }
        for (plane, known) in sheet.planes.iter_mut().zip(&known) {
            let width = plane.width();
            for (y, known) in known.chunks_exact(width).enumerate() {
                let mut last = 0;
                for (sample, &known) in plane.row_mut(y).iter_mut().zip(known) {
                    if !known {
                        *sample = last;
                    }
                    last = *sample;
                }
            }
        }
        sheet
    }

    /// Takes the new blocks of picture `number` from the sheet.
    pub fn take(&self, grid: &Grid, number: usize, sheet: &Planes, picture: &mut Planes) {
        for (index, at) in self.strips[number].blocks(grid) {
            for (plane, to, from, len) in moved(grid, index, at) {
                let source = &sheet.planes[plane].row(from.1)[from.0..][..len];
                picture.planes[plane].row_mut(to.1)[to.0..][..len].copy_from_slice(source);
            }
        }
    }
}

fn strip(grid: &Grid, plan: &[Block]) -> Strip {
    let (mut columns, mut rows) = (vec![false; grid.across], vec![false; grid.down]);
    for index in (0..plan.len()).filter(|&index| plan[index] == Block::New) {
        columns[index % grid.across] = true;
        rows[index / grid.across] = true;
    }
    let used = |flags: &[bool]| (0..flags.len()).filter(|&i| flags[i]).collect::<Vec<usize>>();
    let (columns, rows) = (used(&columns), used(&rows));
    let places = rows.iter().flat_map(|&row| columns.iter().map(move |&column| (row, column)));
    let new = places.map(|(row, column)| plan[row * grid.across + column] == Block::New).collect();
    Strip { columns, rows, new, at: (0, 0) }
}

impl Strip {
    /// The new blocks: number in the picture, and place on the sheet in blocks.
    fn blocks<'a>(&'a self, grid: &'a Grid) -> impl Iterator<Item = (usize, (usize, usize))> + 'a {
        let wide = self.columns.len();
        (0..self.new.len()).filter(|&i| self.new[i]).map(move |i| {
            let (row, column) = (i / wide, i % wide);
            let index = self.rows[row] * grid.across + self.columns[column];
            (index, (self.at.0 + column, self.at.1 + row))
        })
    }
}

/// Rows of a block in each plane: in the picture, on the sheet, and columns.
fn moved(
    grid: &Grid,
    index: usize,
    at: (usize, usize),
) -> impl Iterator<Item = (usize, (usize, usize), (usize, usize), usize)> + '_ {
    let (place, _) = grid.place(index);
    grid.rows(index, Copy::default()).map(move |(plane, own, _, len)| {
        let (sub_x, sub_y) = grid.sampling[plane];
        let (x, y) = (own.0 - (place.0 >> sub_x), own.1 - (place.1 >> sub_y));
        (plane, own, (((at.0 * SIDE) >> sub_x) + x, ((at.1 * SIDE) >> sub_y) + y), len)
    })
}
