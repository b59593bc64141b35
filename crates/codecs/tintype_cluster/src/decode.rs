//! Symbols to samples: one tile. Bit-exact.

use super::colour::{add_rgb_row, doubled_row, order};
use super::format::{HALF_CHROMA, LANES, LAYERS};
use super::grid::{CELL, Coefficients, Surface, grid_step};
use super::model::ClusterModel;
use super::neighbours::Neighbours;
use super::symbols::{Coder, Contexts};
use super::synthesis::{SIDE, Superblock, factor};
use super::tree::set_index;
use super::walk::BlockWalk;
use fearless_simd::{Level, Simd, dispatch};
use tintype_block::{INTERNAL_MAX, PlaneKind, StreamHeader, plane_kinds, sample_from_internal};
use tintype_codec::CodecError;
use tintype_entropy::EntropyError;
use tintype_entropy::rans::RansDecoder;
use tintype_image::{ColourModel, Plane, Planes, Shape};

/// Sections of one tile, as far as they are there: grid, base, second, deep.
pub type Layers<'a> = [Option<&'a [u8]>; LAYERS];

type Reader<'a> = RansDecoder<'a, LANES>;

/// The three codes of a tile's blocks, as far as they are there.
struct Codes<'a> {
    /// Quadtree, gains, first symbols of paths.
    base: Reader<'a>,
    /// Second symbols.
    second: Option<Reader<'a>>,
    /// The rest.
    deep: Option<Reader<'a>>,
}

/// Decodes one tile of `shape`.
///
/// # Errors
/// `Malformed` or `Truncated` for sections that are there and damaged.
pub fn decode_tile(
    shape: &Shape,
    layers: &Layers<'_>,
    header: &StreamHeader,
    model: &ClusterModel,
    level: Level,
) -> Result<Planes, CodecError> {
    let kinds = plane_kinds(shape, header.flags & HALF_CHROMA != 0);
    let mut contexts = Contexts::new(&model.trees, &model.start);
    let grids = decode_grids(shape, &kinds, layers[0], header, &mut contexts, level)?;
    let mut codes = match layers[1] {
        None => None,
        Some(base) => Some(Codes {
            base: reader(base)?,
            second: layers[2].map(reader).transpose()?,
            deep: layers[2].and(layers[3]).map(reader).transpose()?,
        }),
    };
    let mut out = Planes { shape: shape.clone(), planes: vec![Plane::new(0, 0); kinds.len()] };
    let mut work =
        Work { shape, kinds: &kinds, header, model, inner: vec![Plane::new(0, 0); kinds.len()] };
    for index in order(&kinds) {
        let target = &mut out;
        dispatch!(level, simd => simd.vectorize(
            #[inline(always)]
            || decode_plane(&mut work, index, &grids[index], codes.as_mut(), contexts.coder(simd), target)
        ));
    }
    if let Some(codes) = codes {
        for (code, layer) in [(Some(codes.base), 1), (codes.second, 2), (codes.deep, 3)] {
            code.map_or(Ok(()), |code| code.finish()).map_err(|error| failed(error, layer))?;
        }
    }
    Ok(out)
}

fn reader(bytes: &[u8]) -> Result<Reader<'_>, CodecError> {
    Reader::new(bytes).map_err(|error| failed(error, 1))
}

fn failed(error: EntropyError, layer: usize) -> CodecError {
    match error {
        EntropyError::Truncated { needed } => CodecError::Truncated { needed },
        other => CodecError::Malformed { what: format!("cluster layer {layer}: {other}"), at: None },
    }
}

/// The grids of means; all middle where there is no section.
fn decode_grids(
    shape: &Shape,
    kinds: &[PlaneKind],
    bytes: Option<&[u8]>,
    header: &StreamHeader,
    contexts: &mut Contexts,
    level: Level,
) -> Result<Vec<Plane<i16>>, CodecError> {
    let mut grids = vec![Plane::new(0, 0); kinds.len()];
    let mut walk = bytes.map(reader).transpose()?;
    for index in order(kinds) {
        let (width, height) = kinds[index].padded(shape.plane_size(index), 16);
        let mut coefficients = Coefficients::zero((width / CELL, height / CELL));
        grids[index] = match &mut walk {
            Some(walk) => {
                let chroma = kinds[index].chroma;
                dispatch!(level, simd => simd.vectorize(
                    #[inline(always)]
                    || {
                        let mut own = walk.clone();
                        coefficients.code(&mut own, &mut contexts.coder(simd), chroma);
                        *walk = own;
                    }
                ));
                coefficients.values(grid_step(header.steps[index]), level)
            }
            None => {
                let middle = kinds[index].middle() as i16;
                let mut grid = Plane::new(width / CELL, height / CELL);
                (0..grid.height()).for_each(|y| grid.row_mut(y).fill(middle));
                grid
            }
        };
    }
    if let Some(walk) = walk {
        walk.finish().map_err(|error| failed(error, 0))?;
    }
    Ok(grids)
}

/// What the planes of a tile share.
struct Work<'a> {
    shape: &'a Shape,
    kinds: &'a [PlaneKind],
    header: &'a StreamHeader,
    model: &'a ClusterModel,
    /// Colour differences of RGB, kept until luma is decoded.
    inner: Vec<Plane<i16>>,
}

/// One plane, strip by strip: surface, code vectors, samples.
#[inline(always)]
fn decode_plane<S: Simd>(
    work: &mut Work<'_>,
    index: usize,
    grid: &Plane<i16>,
    codes: Option<&mut Codes<'_>>,
    coder: Coder<'_, S>,
    out: &mut Planes,
) {
    let kind = work.kinds[index];
    let (width, height) = kind.padded(work.shape.plane_size(index), 16);
    let step = work.header.steps[index];
    let rgb = work.shape.colour == ColourModel::Rgb;
    let (mut surface, simd) = (Surface::new(width), coder.simd);
    let mut strip = vec![Superblock::default(); width / SIDE];
    let trees = &work.model.trees;
    let mut read = codes.map(|codes| PlaneRead {
        walk: BlockWalk {
            trees: work.model.coding_trees(),
            coder,
            neighbours: Neighbours::new(width),
            chroma: kind.chroma,
            atoms: Vec::new(),
            paths: Vec::new(),
        },
        vectors: [0, 1, 2].map(|size| trees[set_index(kind.chroma, size)].vectors.as_chunks().0),
        codes,
        step,
    });
    let colours = rgb && index == 0;
    let (real_width, real_height) = work.shape.plane_size(index);
    if !kind.centred && !colours {
        out.planes[index] = Plane::new(real_width, real_height);
    }
    // Made row by row: a plane that was zeroed first would be written twice.
    let room = if colours { real_width * real_height } else { 0 };
    let mut rgb: [Vec<u16>; 3] = std::array::from_fn(|_| Vec::with_capacity(room));
    let mut differences = Vec::with_capacity(if kind.centred { width * height } else { 0 });
    let mut rows = ColourRows::new(if colours { width } else { 0 });
    for top in 0..height / SIDE {
        surface.strip(simd, grid, &mut strip);
        if let Some(read) = &mut read {
            read.strip(width);
            read.add(&mut strip);
        }
        if kind.centred {
            for y in 0..SIDE {
                let kept = |superblock: &Superblock| {
                    superblock.0[y].map(|v| v.clamp(-INTERNAL_MAX, INTERNAL_MAX))
                };
                strip.iter().for_each(|superblock| differences.extend_from_slice(&kept(superblock)));
            }
        } else if colours {
            rgb_strip(work, SIDE * top, &strip, &mut rows, &mut rgb);
        } else {
            plain_strip(&mut out.planes[index], work.shape.planes[index].bit_depth, SIDE * top, &strip);
        }
    }
    if kind.centred {
        work.inner[index] = Plane::from_vec(width, height, differences).expect("every row was made");
    }
    if colours {
        for (plane, samples) in out.planes.iter_mut().zip(rgb) {
            *plane = Plane::from_vec(real_width, real_height, samples).expect("every row was made");
        }
    }
}

/// The blocks of one plane while they are read.
struct PlaneRead<'a, 'b, S: Simd> {
    walk: BlockWalk<'a, S>,
    codes: &'a mut Codes<'b>,
    /// The code vectors of blocks of 4, 8, 16, sixteen bytes at a time.
    vectors: [&'a [[i8; SIDE]]; 3],
    step: u16,
}

impl<S: Simd> PlaneRead<'_, '_, S> {
    /// Reads the atoms of the next strip of superblocks, wave by wave. Each wave runs over a
    /// copy of its code, which nothing else can see and which therefore stays in registers.
    #[inline(always)]
    fn strip(&mut self, width: usize) {
        self.walk.neighbours.begin_row();
        self.walk.atoms.clear();
        let mut base = self.codes.base.clone();
        for x in (0..width).step_by(SIDE) {
            self.walk.superblock(&mut base, x, None);
        }
        self.codes.base = base;

        if let Some(second) = &mut self.codes.second {
            let mut own = second.clone();
            self.walk.second_symbols(&mut own);
            *second = own;
        }
        if let Some(deep) = &mut self.codes.deep {
            let mut own = deep.clone();
            self.walk.deep_symbols(&mut own);
            *deep = own;
        }
    }

    /// Adds the code vectors of the strip's atoms.
    #[inline(always)]
    fn add(&self, strip: &mut [Superblock]) {
        let simd = self.walk.coder.simd;
        for placed in &self.walk.atoms {
            let node = &self.walk.trees.nodes[placed.atom.node as usize];
            let factor = factor(placed.atom.level, self.step, node.reciprocal);
            let (x, y) = (placed.x as usize, usize::from(placed.y));
            let (superblock, at) = (&mut strip[x / SIDE], (x % SIDE, y));
            let bytes = |size: usize| &self.vectors[size][node.vector as usize..];
            match placed.size {
                0 => superblock.add::<4, 4, S>(simd, at, bytes(0), factor),
                1 => superblock.add::<8, 2, S>(simd, at, bytes(1), factor),
                _ => superblock.add::<16, 1, S>(simd, at, bytes(2), factor),
            }
        }
    }
}

/// One row on its way to red, green and blue.
struct ColourRows {
    luma: Vec<i16>,
    cb: Vec<i16>,
    cr: Vec<i16>,
    blend: Vec<i16>,
}

impl ColourRows {
    /// For planes of `width` samples, a multiple of 16.
    fn new(width: usize) -> Self {
        let row = || vec![0; width + 2 * SIDE];
        Self { luma: row(), cb: row(), cr: row(), blend: row() }
    }
}

/// A strip of luma with its colour differences, appended to the rows of red, green and blue.
#[inline(always)]
fn rgb_strip(
    work: &Work<'_>,
    top: usize,
    strip: &[Superblock],
    rows: &mut ColourRows,
    rgb: &mut [Vec<u16>; 3],
) {
    let half = work.kinds[1].half;
    let depths = [0, 1, 2].map(|i| work.shape.planes[i].bit_depth);
    let (width, height) = work.shape.plane_size(0);
    for y in top..height.min(top + SIDE) {
        let (cb, cr): (&[i16], &[i16]) = if half {
            for (plane, row) in [(&work.inner[1], &mut rows.cb), (&work.inner[2], &mut rows.cr)] {
                let far = if y.is_multiple_of(2) {
                    (y / 2).saturating_sub(1)
                } else {
                    (y / 2 + 1).min(plane.height() - 1)
                };
                doubled_row(plane.row(y / 2), plane.row(far), &mut rows.blend, row);
            }
            (&rows.cb, &rows.cr)
        } else {
            (work.inner[1].row(y), work.inner[2].row(y))
        };
        let columns = rows.luma.as_chunks_mut().0.iter_mut().zip(strip);
        columns.for_each(|(luma, superblock)| *luma = superblock.0[y % SIDE]);
        add_rgb_row(&rows.luma[..width], &cb[..width], &cr[..width], rgb, depths);
    }
}

/// A strip of a plane that is not part of a colour.
fn plain_strip(target: &mut Plane<u16>, depth: u8, top: usize, strip: &[Superblock]) {
    for y in top..target.height().min(top + SIDE) {
        let values = strip.iter().flat_map(|superblock| &superblock.0[y % SIDE]);
        target
            .row_mut(y)
            .iter_mut()
            .zip(values)
            .for_each(|(sample, v)| *sample = sample_from_internal((*v).into(), depth));
    }
}
