//! Geometry of pictures: tile grids, crops, and the sizes of shapes at smaller scales.
//!
//! Positions and sizes are in pixels of the full-size picture unless a function says otherwise.

use crate::{ImageError, Planes, Region, Shape, reduced_len};

impl Shape {
    /// The whole picture as a region.
    pub fn region(&self) -> Region {
        Region::of_size(self.width_px, self.height_px)
    }

    /// The same planes at another size.
    pub fn with_size(&self, width_px: usize, height_px: usize) -> Self {
        Self { width_px, height_px, ..self.clone() }
    }

    /// The same planes at `ceil(size / 2^scale_log2)`.
    pub fn reduced(&self, scale_log2: u8) -> Self {
        self.with_size(reduced_len(self.width_px, scale_log2), reduced_len(self.height_px, scale_log2))
    }

    /// The samples of plane `index` that cover `region`.
    pub fn plane_region(&self, index: usize, region: Region) -> Region {
        let info = &self.planes[index];
        region.reduced(info.subsample_x_log2, info.subsample_y_log2)
    }
}

/// A picture cut into tiles of one size; those at the right and bottom may be smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileGrid {
    width_px: usize,
    height_px: usize,
    tile_width_px: usize,
    tile_height_px: usize,
}

impl TileGrid {
    /// A grid; a tile side of 0 counts as 1.
    pub fn new(
        (width_px, height_px): (usize, usize),
        (tile_width_px, tile_height_px): (usize, usize),
    ) -> Self {
        Self {
            width_px,
            height_px,
            tile_width_px: tile_width_px.max(1),
            tile_height_px: tile_height_px.max(1),
        }
    }

    /// Number of tiles in a row.
    pub fn across(&self) -> usize {
        self.width_px.div_ceil(self.tile_width_px)
    }

    /// Number of rows of tiles.
    pub fn down(&self) -> usize {
        self.height_px.div_ceil(self.tile_height_px)
    }

    /// Number of tiles.
    pub fn count(&self) -> usize {
        self.across() * self.down()
    }

    /// Tile `index`, counted row by row from the top left; `None` beyond the last.
    pub fn region(&self, index: usize) -> Option<Region> {
        if index >= self.count() {
            return None;
        }
        let (x, y) =
            (index % self.across() * self.tile_width_px, index / self.across() * self.tile_height_px);
        let (width, height) =
            (self.tile_width_px.min(self.width_px - x), self.tile_height_px.min(self.height_px - y));
        Some(Region { x, y, width, height })
    }

    /// All tiles, row by row.
    pub fn regions(&self) -> impl Iterator<Item = Region> + '_ {
        (0..self.count()).filter_map(|i| self.region(i))
    }

    /// The indices of the tiles that `region` touches, rising.
    pub fn touched(&self, region: Region) -> impl Iterator<Item = usize> + '_ {
        let picture = Region::of_size(self.width_px, self.height_px);
        let (columns, rows) = match region.intersection(picture) {
            None => (0..0, 0..0),
            Some(r) => (
                r.x / self.tile_width_px..r.right().div_ceil(self.tile_width_px),
                r.y / self.tile_height_px..r.bottom().div_ceil(self.tile_height_px),
            ),
        };
        rows.flat_map(move |y| columns.clone().map(move |x| y * self.across() + x))
    }
}

/// The part of `source` inside `region`, all planes.
///
/// # Errors
/// `Misuse` if the region is empty, leaves the picture, or starts between samples of a subsampled
/// plane.
pub fn planes_cropped(source: &Planes, region: Region) -> Result<Planes, ImageError> {
    let shape = &source.shape;
    let odd_x = region.x % 2 == 1 && shape.planes.iter().any(|p| p.subsample_x_log2 > 0);
    let odd_y = region.y % 2 == 1 && shape.planes.iter().any(|p| p.subsample_y_log2 > 0);
    if !region.is_inside(shape.region()) || odd_x || odd_y {
        let size = format!("{}×{}", shape.width_px, shape.height_px);
        let what = if odd_x || odd_y {
            format!("region of {region} starts between samples of a subsampled plane; take even edges")
        } else {
            format!("region of {region} in a picture of {size}; it must have pixels and lie inside")
        };
        return Err(ImageError::Misuse { what });
    }

    let mut planes = Vec::with_capacity(source.planes.len());
    for (index, plane) in source.planes.iter().enumerate() {
        planes.push(plane.crop(shape.plane_region(index, region)));
    }
    Ok(Planes { shape: shape.with_size(region.width, region.height), planes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ColourModel, Shape, YCbCrMatrix};

    #[test]
    fn tiles_cover_every_pixel_once() {
        for (size, tile) in
            [((1, 1), (64, 64)), ((100, 33), (32, 16)), ((64, 64), (64, 64)), ((7, 9), (0, 4))]
        {
            let grid = TileGrid::new(size, tile);
            let mut seen = vec![0; size.0 * size.1];
            for r in grid.regions() {
                (r.y..r.y + r.height).for_each(|y| {
                    seen[y * size.0..][r.x..r.x + r.width].iter_mut().for_each(|s| *s += 1)
                });
            }
            assert!(seen.iter().all(|s| *s == 1));
            assert_eq!(grid.region(grid.count()), None);
        }
    }

    #[test]
    fn touched_tiles_are_the_tiles_that_intersect() {
        let grid = TileGrid::new((100, 50), (32, 16));
        for region in [
            (0, 0, 1, 1),
            (31, 15, 2, 2),
            (64, 0, 36, 50),
            (99, 49, 40, 9),
            (200, 0, 5, 5),
            (3, 3, 0, 7),
        ] {
            let region = Region { x: region.0, y: region.1, width: region.2, height: region.3 };
            let slow =
                (0..grid.count()).filter(|i| grid.region(*i).unwrap().intersection(region).is_some());
            assert_eq!(grid.touched(region).collect::<Vec<_>>(), slow.collect::<Vec<_>>(), "{region:?}");
        }
    }

    #[test]
    fn crops_of_subsampled_pictures_keep_their_shape_rules() {
        let mut shape = Shape::rgb(9, 7, 8);
        shape.colour = ColourModel::YCbCr(YCbCrMatrix::Bt601);
        shape.planes[1..].iter_mut().for_each(|p| (p.subsample_x_log2, p.subsample_y_log2) = (1, 1));
        let planes = Planes::new(shape);
        let cut = planes_cropped(&planes, Region { x: 2, y: 4, width: 7, height: 3 }).unwrap();
        for (index, plane) in cut.planes.iter().enumerate() {
            assert_eq!((plane.width(), plane.height()), cut.shape.plane_size(index));
        }
        assert!(planes_cropped(&planes, Region { x: 1, y: 0, width: 2, height: 2 }).is_err());
        assert!(planes_cropped(&planes, Region { x: 8, y: 0, width: 2, height: 2 }).is_err());
        assert!(planes_cropped(&planes, Region { x: 0, y: 0, width: 0, height: 2 }).is_err());
    }
}
