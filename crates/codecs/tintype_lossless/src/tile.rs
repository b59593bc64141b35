//! One tile: its planes, the kind of coding, and the order of planes.

use super::blend_walk::{BlendModel, BlendWalk};
use super::colour_walk::{ColourWalk, PLANES_MAX};
use super::dense_walk::DenseWalk;
use super::packing::ValueList;
use super::padded_plane::PaddedPlane;
use super::quick_walk;
use tintype_codec::CodecError;
use tintype_entropy::FrequencyWalk;
use tintype_image::Level;

/// A plane's part of a tile.
#[derive(Clone, Debug)]
pub(super) struct TilePlane {
    /// In `0..2^bits`.
    pub samples: PaddedPlane,
    pub bits: u32,
}

impl TilePlane {
    fn size(&self) -> (usize, usize) {
        (self.samples.width, self.samples.height)
    }
}

/// All planes' parts of a tile; their sizes may differ.
#[derive(Clone, Debug)]
pub(super) struct Tile {
    pub planes: Vec<TilePlane>,
}

/// How a tile is coded; the number stands in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Blended predictions and frequency tables, see `blend_walk`.
    Blend = 0,
    /// Least squares and a context mixer, see `dense_walk`.
    Dense = 1,
    /// Whole colours, see `colour_walk`.
    Colours = 2,
    /// One prediction and one context, see `quick_walk`.
    Quick = 3,
}

/// Bits of [`Kind`] in the stream.
const KIND_BITS: u32 = 3;

/// Reference planes: the walks use at most this many planes coded before.
const REFERENCES_MAX: usize = 2;

impl Tile {
    /// Whether pixels are colours of a few planes of one size.
    pub fn has_colours(&self) -> bool {
        let size = self.planes[0].size();
        self.planes.len() <= PLANES_MAX && self.planes.iter().all(|plane| plane.size() == size)
    }

    /// Codes the tile; samples and kind matter only when writing.
    ///
    /// # Errors
    /// `Malformed` for a kind that does not exist or does not fit the planes.
    pub fn walk<W: FrequencyWalk>(
        &mut self,
        walk: &mut W,
        kind: Kind,
        level: Level,
    ) -> Result<(), CodecError> {
        let number = walk.bits(kind as u32, KIND_BITS);
        let kind = match number {
            0 => Kind::Blend,
            1 => Kind::Dense,
            2 if self.has_colours() => Kind::Colours,
            3 => Kind::Quick,
            _ => {
                let what = format!("tile of kind {number} with {} planes", self.planes.len());
                return Err(CodecError::Malformed { what, at: None });
            }
        };
        match kind {
            Kind::Colours => self.walk_colours(walk, level),
            _ => self.walk_planes(walk, kind, level)?,
        }
        Ok(())
    }

    fn walk_colours<W: FrequencyWalk>(&mut self, walk: &mut W, level: Level) {
        let mut planes = Vec::with_capacity(self.planes.len());
        let mut depths = Vec::with_capacity(self.planes.len());
        for plane in &mut self.planes {
            planes.push(std::mem::take(&mut plane.samples));
            depths.push(plane.bits);
        }
        let (width, height) = (planes[0].width, planes[0].height);
        ColourWalk::new(depths, width, width * height).run(level, walk, &mut planes);
        for (plane, samples) in self.planes.iter_mut().zip(planes) {
            plane.samples = samples;
        }
    }

    fn walk_planes<W: FrequencyWalk>(
        &mut self,
        walk: &mut W,
        kind: Kind,
        level: Level,
    ) -> Result<(), CodecError> {
        let lists = self.walk_value_lists(walk)?;
        let order = order(self.planes.len());
        let mut residuals: Vec<PaddedPlane> = Vec::new();
        let mut models = [BlendModel::new(), BlendModel::new()];

        for (position, &index) in order.iter().enumerate() {
            let references = self.references(&order[..position], index);
            let mut plane = std::mem::take(&mut self.planes[index].samples);
            let samples: Vec<&PaddedPlane> =
                references.iter().map(|&k| &self.planes[order[k]].samples).collect();
            let errors: Vec<&PaddedPlane> = references.iter().map(|&k| &residuals[k]).collect();
            let max = lists[index].max(self.planes[index].bits);
            let coded = match kind {
                Kind::Dense => {
                    DenseWalk::new(level, max, plane.width, samples, errors).run(walk, &mut plane)
                }
                Kind::Quick => {
                    let reference = samples.last().copied().zip(errors.last().copied());
                    quick_walk::code_plane(walk, max, reference, &mut plane)
                }
                _ => {
                    let model = &mut models[usize::from(!samples.is_empty())];
                    BlendWalk::new(model, max, samples, errors).run(level, walk, &mut plane)
                }
            };
            residuals.push(coded);
            self.planes[index].samples = plane;
        }

        for (plane, list) in self.planes.iter_mut().zip(&lists) {
            list.unpack(&mut plane.samples);
        }
        Ok(())
    }

    /// Codes each plane's list of values; when writing, also packs the plane.
    fn walk_value_lists<W: FrequencyWalk>(
        &mut self,
        walk: &mut W,
    ) -> Result<Vec<ValueList>, CodecError> {
        let mut lists = Vec::with_capacity(self.planes.len());
        for plane in &mut self.planes {
            let mut list = match W::READS {
                true => ValueList::default(),
                false => ValueList::find(&plane.samples, plane.bits),
            };
            list.code(walk, plane.bits)?;
            if !W::READS {
                list.pack(&mut plane.samples, plane.bits);
            }
            lists.push(list);
        }
        Ok(lists)
    }

    /// Positions in `coded` of the planes coded last that have the size of plane `index`.
    fn references(&self, coded: &[usize], index: usize) -> Vec<usize> {
        let size = self.planes[index].size();
        let same = |&position: &usize| self.planes[coded[position]].size() == size;
        (0..coded.len()).rev().filter(same).take(REFERENCES_MAX).collect()
    }
}

/// The order in which planes are coded: of the first three, the second first, which as green
/// predicts the other two best.
fn order(planes: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..planes).collect();
    if planes >= 3 {
        order.swap(0, 1);
    }
    order
}
