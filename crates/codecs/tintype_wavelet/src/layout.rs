//! Where tiles lie, which bands a tile has, and in which group and order they are coded.

use super::grid::Grid;
use super::header::Header;
use super::walk::TileBand;
use tintype_image::{ColourModel, PlaneRole, Region, Shape, TileGrid, reduced_len};
use tintype_transform::dwt::{Band, Orientation, norm_5_3};

/// Unit of tile sides, in pixels: tile corners stay whole at scale 1/32 in a halved plane.
pub(crate) const TILE_UNIT: usize = 64;

/// The tiles of a picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tiling {
    grid: TileGrid,
}

impl Tiling {
    pub fn new(shape: &Shape, header: &Header) -> Self {
        let side =
            |units: u8, full: usize| if units == 0 { full } else { usize::from(units) * TILE_UNIT };
        let size = (shape.width_px, shape.height_px);
        let tile = (side(header.tile_units.0, size.0), side(header.tile_units.1, size.1));
        Self { grid: TileGrid::new(size, tile) }
    }

    /// Tile sides for an encoder: one tile up to 1536 pixels, else about 1024.
    pub fn units(side_px: usize) -> u8 {
        if side_px <= 1536 {
            return 0;
        }
        side_px.div_ceil(side_px.div_ceil(1024)).div_ceil(TILE_UNIT) as u8
    }

    pub fn count(&self) -> usize {
        self.grid.count()
    }

    /// Tile `index`, which must exist, in pixels of the full-size picture.
    pub fn region(&self, index: usize) -> Region {
        self.grid.region(index).expect("callers count the tiles")
    }
}

/// Number of levels for a tile whose longer side is `side_px`: the coarsest low band has at most 8 samples a side.
pub(crate) fn levels_for(side_px: usize) -> u8 {
    (5..=10).find(|&levels| reduced_len(side_px, levels) <= 8).unwrap_or(10)
}

/// One tile's bands, and for each group the bands in coding order.
pub(crate) struct TileLayout {
    pub bands: Vec<TileBand>,
    pub groups: Vec<Vec<usize>>,
    /// Width and height of each component in this tile.
    pub sizes: Vec<(usize, usize)>,
}

impl TileLayout {
    pub fn new(shape: &Shape, header: &Header, tile: Region) -> Self {
        let sizes: Vec<(usize, usize)> = shape
            .planes
            .iter()
            .map(|p| tile.reduced(p.subsample_x_log2, p.subsample_y_log2))
            .map(|r| (r.width, r.height))
            .collect();
        let mut layout =
            Self { bands: Vec::new(), groups: vec![Vec::new(); usize::from(header.groups)], sizes };
        for component in 0..shape.planes.len() {
            layout.add_component(shape, header, component);
        }
        layout
    }

    /// Index of `band` of `component`.
    pub fn find(&self, component: usize, band: Band) -> Option<usize> {
        let per_component = self.bands.len() / self.sizes.len().max(1);
        let first = component * per_component;
        let from_coarsest = (per_component - 1) / 3 - usize::from(band.level);
        let index = match band.orientation {
            Orientation::LowLow => first,
            Orientation::HighLow => first + 1 + 3 * from_coarsest,
            Orientation::LowHigh => first + 2 + 3 * from_coarsest,
            Orientation::HighHigh => first + 3 + 3 * from_coarsest,
        };
        (index < self.bands.len()).then_some(index)
    }

    fn add_component(&mut self, shape: &Shape, header: &Header, component: usize) {
        let (width, height) = self.sizes[component];
        let per_component = 1 + 3 * usize::from(header.levels);
        let earlier = earlier_components(shape, &self.sizes, component);
        let low = [(header.levels, Orientation::LowLow)];
        let high = (1..=header.levels).rev().flat_map(|level| {
            [Orientation::HighLow, Orientation::LowHigh, Orientation::HighHigh].map(|o| (level, o))
        });
        for (within, (level, orientation)) in low.into_iter().chain(high).enumerate() {
            let index = self.bands.len();
            let twins = match orientation {
                _ if earlier[0].is_some() => earlier.map(|e| e.map(|c| c * per_component + within)),
                Orientation::LowHigh => [Some(index - 1), None],
                Orientation::HighHigh => [Some(index - 2), Some(index - 1)],
                _ => [None, None],
            };
            let band = Band { level, orientation };
            let level_size = (reduced_len(width, level), reduced_len(height, level));
            self.bands.push(TileBand {
                component,
                level,
                orientation,
                parent: (within > 3).then(|| index - 3),
                twins,
                shift: if header.lossless {
                    lossless_shift(band, header.mixes_colour, component)
                } else {
                    0
                },
                grid: Grid::new(band.size(width, height), level_size, header.planes),
            });
            let group = if orientation == Orientation::LowLow {
                0
            } else {
                usize::from(header.group_of_level(level))
            };
            self.groups[group].push(index);
        }
    }
}

/// Up to two earlier components of the same geometry that `component` is likely to resemble.
fn earlier_components(
    shape: &Shape,
    sizes: &[(usize, usize)],
    component: usize,
) -> [Option<usize>; 2] {
    let role = shape.planes[component].role;
    let alike =
        |other: &usize| sizes[*other] == sizes[component] && shape.planes[*other].role == role;
    match role {
        PlaneRole::Alpha | PlaneRole::Depth => [None, None],
        PlaneRole::Colour if shape.colour == ColourModel::Gray => [None, None],
        PlaneRole::Colour | PlaneRole::Band => {
            let mut found = (0..component).rev().filter(alike);
            [found.next(), found.next()]
        }
    }
}

/// Lossless coefficients of a band weigh about `2^shift` times those of the finest diagonal band.
fn lossless_shift(band: Band, mixes_colour: bool, component: usize) -> u32 {
    let norm = norm_5_3(band) / norm_5_3(Band { level: 1, orientation: Orientation::HighHigh });
    // Inverse YCoCg-R: one unit of Y moves three samples by 1, Co and Cg two or three by about a half.
    let weight = if mixes_colour && component == 0 { 1.7 } else { 1.0 };
    let mut shift = 0;
    while norm * weight > 1.42 * (1u32 << shift) as f32 {
        shift += 1;
    }
    shift
}
