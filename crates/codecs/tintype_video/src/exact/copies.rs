//! Which blocks of a picture are copied, and from where: written once, for encoder and decoder. Bit-exact.

use tintype_entropy::{AdaptiveBit, BitWalk, IntModel};
use tintype_image::{Planes, Shape};

/// Side of a block in samples of the first plane. Not measured.
pub const SIDE: usize = 16;
/// Pictures before, from which blocks are copied.
pub const REFERENCES: usize = 4;
/// Limit of the adaptive windows.
const WINDOW: u32 = 255;

/// From where a block is copied: how many pictures before the last one, and how far away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Copy {
    /// 0 is the picture before.
    pub reference: u8,
    /// Columns to the right, in the grid's units.
    pub x: i16,
    /// Rows down.
    pub y: i16,
}

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// It stands on the sheet.
    New,
    /// It stands in an earlier picture.
    Copy(Copy),
}

/// The blocks of a picture.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Blocks in a row.
    pub across: usize,
    /// Rows of blocks.
    pub down: usize,
    /// Size of the picture.
    pub size: (usize, usize),
    /// Logarithms of each plane's sampling.
    pub sampling: Vec<(usize, usize)>,
    /// Logarithms of the units in which copies are counted.
    pub unit: (usize, usize),
}

impl Grid {
    /// For pictures of `shape`.
    pub fn of(shape: &Shape) -> Self {
        let sampling: Vec<(usize, usize)> = shape
            .planes
            .iter()
            .map(|p| (p.subsample_x_log2.into(), p.subsample_y_log2.into()))
            .collect();
        let most = |of: fn(&(usize, usize)) -> usize| sampling.iter().map(of).max().unwrap_or(0);
        Self {
            across: shape.width_px.div_ceil(SIDE),
            down: shape.height_px.div_ceil(SIDE),
            size: (shape.width_px, shape.height_px),
            unit: (most(|s| s.0), most(|s| s.1)),
            sampling,
        }
    }

    /// Blocks of a picture.
    pub fn len(&self) -> usize {
        self.across * self.down
    }

    /// First column and row of block `index`, and its columns and rows within the picture.
    pub fn place(&self, index: usize) -> ((usize, usize), (usize, usize)) {
        let (x, y) = (index % self.across * SIDE, index / self.across * SIDE);
        ((x, y), (SIDE.min(self.size.0 - x), SIDE.min(self.size.1 - y)))
    }

    /// The distance of a copy in samples of the first plane.
    pub fn distance(&self, copy: &Copy) -> (isize, isize) {
        (isize::from(copy.x) << self.unit.0, isize::from(copy.y) << self.unit.1)
    }

    /// Whether what a copy takes lies inside the picture.
    pub fn reaches(&self, index: usize, copy: &Copy) -> bool {
        let ((x, y), (wide, high)) = self.place(index);
        let (right, down) = self.distance(copy);
        let inside = |at: usize, by: isize, len: usize, size: usize| {
            at.checked_add_signed(by).is_some_and(|at| at + len <= size)
        };
        inside(x, right, wide, self.size.0) && inside(y, down, high, self.size.1)
    }

    /// Rows of a block in each plane: plane, row and first column of the block, of the copy, and columns.
    pub fn rows(
        &self,
        index: usize,
        copy: Copy,
    ) -> impl Iterator<Item = (usize, (usize, usize), (usize, usize), usize)> + '_ {
        let ((x, y), (wide, high)) = self.place(index);
        let (right, down) = self.distance(&copy);
        self.sampling.iter().enumerate().flat_map(move |(plane, &(sub_x, sub_y))| {
            let (left, len) = (x >> sub_x, (x + wide).div_ceil(1 << sub_x) - (x >> sub_x));
            let from_left = left.wrapping_add_signed(right >> sub_x);
            (y >> sub_y..(y + high).div_ceil(1 << sub_y)).map(move |row| {
                (plane, (left, row), (from_left, row.wrapping_add_signed(down >> sub_y)), len)
            })
        })
    }

    /// Whether a copy that reaches gives block `index` of `picture`.
    pub fn agrees(&self, index: usize, copy: Copy, from: &Planes, picture: &Planes) -> bool {
        self.reaches(index, &copy)
            && self.rows(index, copy).all(|(plane, to, at, len)| {
                picture.planes[plane].row(to.1)[to.0..][..len]
                    == from.planes[plane].row(at.1)[at.0..][..len]
            })
    }

    /// Copies block `index` into `picture`.
    pub fn copy(&self, index: usize, copy: &Copy, from: &Planes, picture: &mut Planes) {
        for (plane, to, at, len) in self.rows(index, *copy) {
            let source = &from.planes[plane].row(at.1)[at.0..][..len];
            picture.planes[plane].row_mut(to.1)[to.0..][..len].copy_from_slice(source);
        }
    }
}

/// What is learned of copies.
#[derive(Clone, Debug)]
pub struct CopyModel {
    new: [AdaptiveBit; 16],
    same: [AdaptiveBit; 4],
    further: [AdaptiveBit; REFERENCES],
    x: IntModel<1>,
    y: IntModel<1>,
    /// Which blocks of the picture before were new.
    before: Vec<bool>,
}

impl Default for CopyModel {
    fn default() -> Self {
        Self {
            new: Default::default(),
            same: Default::default(),
            further: Default::default(),
            x: IntModel::new(WINDOW),
            y: IntModel::new(WINDOW),
            before: Vec::new(),
        }
    }
}

/// Codes what the blocks of a picture are, row by row; `references` pictures stand before it.
pub fn walk_copies<W: BitWalk>(
    walk: &mut W,
    model: &mut CopyModel,
    grid: &Grid,
    references: usize,
    plan: &mut [Block],
) {
    if references > 0 {
        let mut last = Copy::default();
        model.before.resize(grid.len(), false);
        for index in 0..plan.len() {
            let block = code_block(walk, model, (grid, references), plan, index, last);
            if let Block::Copy(copy) = block {
                last = copy;
            }
            plan[index] = block;
        }
    }
    model.before.clear();
    model.before.extend(plan.iter().map(|block| *block == Block::New));
}

/// Copies that a block is likely to have, without repetitions: as its left and upper neighbours, none, as the last one.
pub fn likely(grid: &Grid, plan: &[Block], index: usize, last: Copy) -> ([Copy; 4], usize) {
    let (mut list, mut len) = ([Copy::default(); 4], 0);
    let left = (!index.is_multiple_of(grid.across)).then(|| plan[index - 1]);
    let above = (index >= grid.across).then(|| plan[index - grid.across]);
    let still = Some(Block::Copy(Copy::default()));
    for block in [left, above, still, Some(Block::Copy(last))] {
        if let Some(Block::Copy(copy)) = block
            && !list[..len].contains(&copy)
        {
            list[len] = copy;
            len += 1;
        }
    }
    (list, len)
}

fn code_block<W: BitWalk>(
    walk: &mut W,
    model: &mut CopyModel,
    (grid, references): (&Grid, usize),
    plan: &[Block],
    index: usize,
    last: Copy,
) -> Block {
    let is_new = |at: Option<usize>| at.is_some_and(|at| plan[at] == Block::New);
    let column = index % grid.across;
    let above = index.checked_sub(grid.across);
    let near = [
        is_new(index.checked_sub(1).filter(|_| column > 0)),
        is_new(above),
        is_new(above.map(|at| at + 1).filter(|_| column + 1 < grid.across)),
        model.before[index],
    ];
    let context = near.iter().fold(0, |sum, &bit| 2 * sum + usize::from(bit));
    if model.new[context].code(walk, plan[index] == Block::New, WINDOW) {
        return Block::New;
    }
    let own = match plan[index] {
        Block::Copy(copy) => copy,
        Block::New => Copy::default(),
    };
    let (list, len) = likely(grid, plan, index, last);
    for (number, &copy) in list[..len].iter().enumerate() {
        if model.same[number].code(walk, own == copy, WINDOW) {
            return Block::Copy(copy);
        }
    }
    let mut reference = 0;
    while reference + 1 < references
        && model.further[reference].code(walk, usize::from(own.reference) > reference, WINDOW)
    {
        reference += 1;
    }
    let mut number = |model: &mut IntModel<1>, value: i16| {
        model.code_signed(walk, value.into()).clamp(i16::MIN.into(), i16::MAX.into()) as i16
    };
    let (x, y) = (number(&mut model.x, own.x), number(&mut model.y, own.y));
    Block::Copy(Copy { reference: reference as u8, x, y })
}
