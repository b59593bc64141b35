//! Where tiles lie, which bands a tile has, and in which group and order they are coded.

use super::band::BandGrid;
use super::header::Header;
use tintype_image::{ColourModel, PlaneRole, Region, Shape, TileGrid};
use tintype_transform::dwt::{Band, Orientation, norm_5_3};

/// Unit of tile sides, in pixels: tile corners stay whole at scale 1/32 in a halved plane.
const TILE_UNIT: usize = 64;

/// The smallest scale at which tile corners are whole samples, see [`TILE_UNIT`].
pub(crate) const SCALE_LOG2_MAX: u8 = 5;

/// The tiles of a picture of `size` pixels.
pub(crate) fn tiles((width, height): (usize, usize), header: &Header) -> TileGrid {
    let side = |units: u8, whole: usize| match units {
        0 => whole,
        _ => usize::from(units) * TILE_UNIT,
    };
    let tile = (side(header.tile_units.0, width), side(header.tile_units.1, height));
    TileGrid::new((width, height), tile)
}

/// The tiles of a picture that is decoded at `1 / 2^scale_log2`.
pub(crate) fn scaled_tiles(shape: &Shape, header: &Header, scale_log2: u8) -> TileGrid {
    let scaled = |side: usize| side.div_ceil(1 << scale_log2);
    let whole = tiles((shape.width_px, shape.height_px), header);
    let tile = whole.region(0).unwrap_or(Region { x: 0, y: 0, width: 1, height: 1 });
    let size = (scaled(shape.width_px), scaled(shape.height_px));
    TileGrid::new(size, (scaled(tile.width), scaled(tile.height)))
}

/// Tile sides that an encoder chooses, in units: one tile up to 1536 pixels, else about 1024.
/// The bounds were not tuned: they balance memory and threads against the loss at tile
/// borders.
pub(crate) fn tile_units(side_px: usize) -> u8 {
    if side_px <= 1536 {
        return 0;
    }
    side_px.div_ceil(side_px.div_ceil(1024)).div_ceil(TILE_UNIT) as u8
}

/// Number of levels that an encoder chooses for a tile whose longer side is `side_px`: the
/// coarsest low band has at most 8 samples a side.
pub(crate) fn levels_for(side_px: usize) -> u8 {
    (5..=10).find(|&levels| side_px.div_ceil(1 << levels) <= 8).unwrap_or(10)
}

/// A band of a component and its place among the others.
#[derive(Clone, Debug)]
pub(crate) struct TileBand {
    pub component: usize,
    pub level: u8,
    pub orientation: Orientation,
    /// The same band one level coarser.
    pub parent: Option<usize>,
    /// Bands of the same size coded before: of earlier components, else of the same level.
    pub siblings: [Option<usize>; 2],
    /// The bit-plane of the tile at which this band's plane 0 lies.
    pub shift: u32,
    pub grid: BandGrid,
}

/// One tile's bands, and for each resolution group the bands in coding order.
pub(crate) struct TileLayout {
    pub bands: Vec<TileBand>,
    pub groups: Vec<Vec<usize>>,
    /// Width and height of each component in this tile.
    pub sizes: Vec<(usize, usize)>,
}

impl TileLayout {
    pub fn new(shape: &Shape, header: &Header, tile: Region) -> Self {
        let mut sizes = Vec::new();
        for plane in &shape.planes {
            let region = tile.reduced(plane.subsample_x_log2, plane.subsample_y_log2);
            sizes.push((region.width, region.height));
        }
        let groups = vec![Vec::new(); usize::from(header.groups)];
        let mut layout = Self { bands: Vec::new(), groups, sizes };
        for component in 0..shape.planes.len() {
            layout.add_component(shape, header, component);
        }
        layout
    }

    /// `band` of `component`.
    pub fn band(&self, component: usize, band: Band) -> Option<&TileBand> {
        self.index_of(component, band).and_then(|index| self.bands.get(index))
    }

    /// Index of `band` of `component`.
    pub fn index_of(&self, component: usize, band: Band) -> Option<usize> {
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
        let first = self.bands.len();
        let earlier = earlier_components(shape, &self.sizes, component);

        for (within, band) in band_order(header.levels).into_iter().enumerate() {
            let index = first + within;
            // All components have the same bands.
            let per_component = 1 + 3 * usize::from(header.levels);
            let siblings = match band.orientation {
                _ if earlier[0].is_some() => earlier.map(|e| e.map(|c| c * per_component + within)),
                Orientation::LowHigh => [Some(index - 1), None],
                Orientation::HighHigh => [Some(index - 2), Some(index - 1)],
                _ => [None, None],
            };
            let divisor = 1 << band.level;
            let level_size = (width.div_ceil(divisor), height.div_ceil(divisor));
            let shift = match header.lossless {
                true => lossless_shift(band, header.mixes_colour && component == 0),
                false => 0,
            };
            self.bands.push(TileBand {
                component,
                level: band.level,
                orientation: band.orientation,
                parent: (within > 3).then(|| index - 3),
                siblings,
                shift,
                grid: BandGrid::new(band.size(width, height), level_size, header.planes),
            });
            self.groups[usize::from(header.group_of(band))].push(index);
        }
    }
}

/// The bands of a component in coding order: low-low, then from the coarsest level on three
/// each.
fn band_order(levels: u8) -> Vec<Band> {
    let mut order = vec![Band { level: levels, orientation: Orientation::LowLow }];
    for level in (1..=levels).rev() {
        for orientation in [Orientation::HighLow, Orientation::LowHigh, Orientation::HighHigh] {
            order.push(Band { level, orientation });
        }
    }
    order
}

/// Up to two earlier components of the same size and role, nearest first: sibling bands of
/// colour planes and of further bands are correlated.
fn earlier_components(shape: &Shape, sizes: &[(usize, usize)], component: usize) -> [Option<usize>; 2] {
    let role = shape.planes[component].role;
    let same = |&other: &usize| sizes[other] == sizes[component] && shape.planes[other].role == role;
    match role {
        PlaneRole::Alpha | PlaneRole::Depth => [None, None],
        PlaneRole::Colour if shape.colour == ColourModel::Gray => [None, None],
        PlaneRole::Colour | PlaneRole::Band => {
            let mut found = (0..component).rev().filter(same);
            [found.next(), found.next()]
        }
    }
}

/// The shift of a lossless band: its coefficients weigh about `2^shift` times those of the
/// finest diagonal band, so that a cut stream loses about the same error in every band.
fn lossless_shift(band: Band, is_luma: bool) -> u32 {
    let finest = Band { level: 1, orientation: Orientation::HighHigh };
    let norm = norm_5_3(band) / norm_5_3(finest);

    // Inverse YCoCg-R: one unit of Y moves three samples by 1, which is √3; one of Co or Cg
    // moves two or three samples by about a half.
    let weight = if is_luma { 1.7 } else { 1.0 };

    // √2 rounded up a little: a weight between two powers of two goes to the nearer.
    let mut shift = 0;
    while norm * weight > 1.42 * (1u32 << shift) as f32 {
        shift += 1;
    }
    shift
}
