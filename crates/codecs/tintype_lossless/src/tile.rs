//! One tile: its planes, the kind of coding, and the order of planes.
//!
//! In: the samples of a tile, or its section. Out: the section, or the samples. Kinds with
//! adaptive statistics are one range code; those with static tables are a head of the range
//! coder and a code of their own.

use super::blend_walk::BlendCoder;
use super::colour_walk::ColourWalk;
use super::colours::PLANES_MAX;
use super::dense_walk::DenseWalk;
use super::fitted_walk::FittedWalk;
use super::instant_walk::{self, InstantWalk};
use super::packing::ValueList;
use super::padded_plane::{PaddedPlane, References};
use super::pixel_walk;
use super::quick_walk::{self, QuickCoder};
use super::repeat_walk::RepeatWalk;
use super::static_code::{NumberWalk, Reader, Recorder};
use tintype_codec::CodecError;
use tintype_entropy::{BitDecoder, BitEncoder, BitWalk, FrequencyWalk};
use tintype_image::{Level, Plane, Planes};

/// How a tile is coded; the number, from 0 on, stands in the stream. Blended predictions under
/// adaptive tables (`blend_walk`), least squares under a context mixer (`dense_walk`), whole colours
/// under mixed contexts (`colour_walk`), blended predictions under static tables (`quick_walk`), one
/// prediction under static tables (`instant_walk`), runs and whole colours (`repeat_walk`), least
/// squares under adaptive tables (`fitted_walk`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Blend,
    Dense,
    Colours,
    Quick,
    Instant,
    Repeats,
    Fitted,
}

impl Kind {
    /// # Errors
    /// `Malformed` for a kind that does not exist.
    pub fn from_number(number: u8) -> Result<Self, CodecError> {
        const ALL: [Kind; 7] = [
            Kind::Blend,
            Kind::Dense,
            Kind::Colours,
            Kind::Quick,
            Kind::Instant,
            Kind::Repeats,
            Kind::Fitted,
        ];
        let what = || format!("tile of kind {number} (0 to {} exist)", ALL.len() - 1);
        let kind = ALL.get(usize::from(number)).copied();
        kind.ok_or_else(|| CodecError::Malformed { what: what(), at: None })
    }
}

/// Reference planes: the walks use at most this many planes coded before.
const REFERENCES_MAX: usize = 2;

/// Bytes of the length of a head.
const LENGTH_BYTES: usize = 3;

/// The section of a tile with these planes.
///
/// # Errors
/// `Misuse` for a kind that does not fit the planes.
pub(super) fn encode(mut planes: Planes, kind: Kind, level: Level) -> Result<Vec<u8>, CodecError> {
    let mut encoder = BitEncoder::new();
    let (Kind::Quick | Kind::Instant) = kind else {
        code_adaptive(&mut encoder, &mut planes, kind, level)?;
        return Ok(encoder.finish());
    };
    let samples = planes.planes.iter().map(|plane| plane.width() * plane.height()).sum();
    let mut tile = StaticTile::new(&mut encoder, &mut planes, kind, level)?;
    let mut recorder = Recorder::new(tile.contexts(), samples);
    tile.run(&mut recorder, &mut planes, level);
    let code = recorder.finish(&mut encoder)?;
    let head = encoder.finish();
    Ok([&(head.len() as u32).to_le_bytes()[..LENGTH_BYTES], &head, &code].concat())
}

/// Fills `planes` from a tile's section.
///
/// # Errors
/// `Malformed`, `Truncated`.
pub(super) fn decode(
    bytes: &[u8],
    planes: &mut Planes,
    kind: Kind,
    level: Level,
) -> Result<(), CodecError> {
    let (Kind::Quick | Kind::Instant) = kind else {
        let mut decoder = BitDecoder::whole(bytes);
        code_adaptive(&mut decoder, planes, kind, level)?;
        return check_end(&decoder, bytes.len());
    };
    let truncated = |needed| CodecError::Truncated { needed };
    let (length, rest) =
        bytes.split_first_chunk::<LENGTH_BYTES>().ok_or(truncated(LENGTH_BYTES - bytes.len().min(2)))?;
    let length = u32::from_le_bytes([length[0], length[1], length[2], 0]) as usize;
    let (head, code) =
        rest.split_at_checked(length).ok_or_else(|| truncated(length - rest.len().min(length)))?;
    let mut decoder = BitDecoder::whole(head);
    let mut tile = StaticTile::new(&mut decoder, planes, kind, level)?;
    let mut reader = Reader::new(&mut decoder, tile.contexts(), code)?;
    check_end(&decoder, head.len())?;
    tile.run(&mut reader, planes, level);
    reader.finish()?;
    unpack(planes, &tile.lists);
    Ok(())
}

/// The encoder drops zeros at the end, and the decoder's window is eight bytes ahead.
fn check_end(decoder: &BitDecoder<'_>, length: usize) -> Result<(), CodecError> {
    if decoder.position() < length {
        let what = "bytes left over after a tile".into();
        return Err(CodecError::Malformed { what, at: Some(decoder.position()) });
    }
    Ok(())
}

/// Whether pixels are colours of a few planes of one size.
pub(super) fn has_colours(planes: &Planes) -> bool {
    let size = |plane: &Plane<u16>| (plane.width(), plane.height());
    let planes = &planes.planes;
    planes.len() <= PLANES_MAX && planes.iter().all(|plane| size(plane) == size(&planes[0]))
}

fn bits(planes: &Planes, index: usize) -> u32 {
    u32::from(planes.shape.planes[index].bit_depth)
}

/// Codes a tile of a kind with adaptive statistics; samples matter only when writing.
fn code_adaptive<W: FrequencyWalk>(
    walk: &mut W,
    planes: &mut Planes,
    kind: Kind,
    level: Level,
) -> Result<(), CodecError> {
    if !matches!(kind, Kind::Colours | Kind::Repeats) {
        return code_planes(planes, kind, walk, level);
    }
    if !has_colours(planes) {
        let what = format!("tile of whole colours with {} planes", planes.planes.len());
        return Err(CodecError::Malformed { what, at: None });
    }
    let depths = (0..planes.planes.len()).map(|p| bits(planes, p)).collect();
    let (width, height) = (planes.planes[0].width(), planes.planes[0].height());
    match kind {
        Kind::Colours => {
            ColourWalk::new(depths, width, width * height).run(level, walk, &mut planes.planes);
        }
        _ => RepeatWalk::new(depths, width, width * height).run(walk, &mut planes.planes),
    }
    Ok(())
}

/// Codes planes by kind blend, dense or fitted.
fn code_planes<W: FrequencyWalk>(
    planes: &mut Planes,
    kind: Kind,
    walk: &mut W,
    level: Level,
) -> Result<(), CodecError> {
    let lists = code_value_lists(walk, planes)?;
    let order = order(planes.planes.len());
    let largest: Vec<i32> = order.iter().map(|&k| lists[k].max(bits(planes, k))).collect();
    let pixels = planes.shape.width_px * planes.shape.height_px;
    match kind {
        Kind::Dense => {
            let mut mixer = None;
            plane_by_plane(planes, &order, W::READS, |position, plane, references| {
                let walk_of_plane =
                    DenseWalk::new(level, largest[position], plane.width, references, mixer.take());
                let (residuals, left) = walk_of_plane.run(walk, plane);
                mixer = Some(left);
                residuals
            });
        }
        Kind::Fitted => {
            let mut coder = BlendCoder::new(walk, pixels);
            plane_by_plane(planes, &order, W::READS, |position, plane, references| {
                FittedWalk::new(level, largest[position], plane.width, references).run(&mut coder, plane)
            });
        }
        _ => in_order(planes, &order, |ordered| {
            pixel_walk::code_planes(&mut BlendCoder::new(walk, pixels), ordered, &largest, level);
        }),
    }
    if W::READS {
        unpack(planes, &lists);
    }
    Ok(())
}

/// Hands the planes to `code` one by one in this order, each with its position and references; `code`
/// gives the plane's residuals.
fn plane_by_plane(
    planes: &mut Planes,
    order: &[usize],
    reads: bool,
    mut code: impl FnMut(usize, &mut PaddedPlane, References<'_>) -> PaddedPlane,
) {
    let mut coded: Vec<PaddedPlane> = Vec::new();
    let mut residuals: Vec<PaddedPlane> = Vec::new();
    for (position, &index) in order.iter().enumerate() {
        let before = references(planes, order, position);
        let mut plane = PaddedPlane::to_code(&planes.planes[index], reads);
        let own = code(
            position,
            &mut plane,
            References {
                samples: before.iter().map(|&k| &coded[k]).collect(),
                residuals: before.iter().map(|&k| &residuals[k]).collect(),
            },
        );
        residuals.push(own);
        if reads {
            plane.copy_to(&mut planes.planes[index]);
        }
        coded.push(plane);
    }
}

/// Hands the planes in this order to `code`.
fn in_order(planes: &mut Planes, order: &[usize], code: impl FnOnce(&mut [Plane<u16>])) {
    let take = |&index: &usize| std::mem::replace(&mut planes.planes[index], Plane::new(0, 0));
    let mut ordered: Vec<Plane<u16>> = order.iter().map(take).collect();
    code(&mut ordered);
    for (&index, plane) in order.iter().zip(ordered) {
        planes.planes[index] = plane;
    }
}

fn unpack(planes: &mut Planes, lists: &[ValueList]) {
    for (plane, list) in planes.planes.iter_mut().zip(lists) {
        list.unpack(plane);
    }
}

/// A tile of a kind with static tables, whose head is coded up to the tables.
struct StaticTile {
    lists: Vec<ValueList>,
    order: Vec<usize>,
    /// `None` for kind quick.
    instant: Option<InstantWalk>,
}

impl StaticTile {
    /// Codes what stands before the tables; when writing, also packs the planes.
    fn new<W: BitWalk>(
        head: &mut W,
        planes: &mut Planes,
        kind: Kind,
        level: Level,
    ) -> Result<Self, CodecError> {
        let lists = code_value_lists(head, planes)?;
        let order = order(planes.planes.len());
        let mut instant = None;
        if kind == Kind::Instant {
            let bands = order.iter().enumerate().map(|(position, &index)| {
                let references = references(planes, &order, position);
                (planes.planes[index].width(), bits(planes, index), references)
            });
            let mut walk = InstantWalk::new(bands);
            let ordered: Vec<&Plane<u16>> = order.iter().map(|&index| &planes.planes[index]).collect();
            walk.code_differences(head, &ordered, level);
            instant = Some(walk);
        }
        Ok(Self { lists, order, instant })
    }

    fn contexts(&self) -> usize {
        match self.instant {
            Some(_) => instant_walk::contexts(self.order.len()),
            None => quick_walk::contexts(self.order.len()),
        }
    }

    /// Codes all samples.
    fn run<W: NumberWalk>(&mut self, walk: &mut W, planes: &mut Planes, level: Level) {
        let largest: Vec<i32> = self.order.iter().map(|&k| self.lists[k].max(bits(planes, k))).collect();
        in_order(planes, &self.order, |ordered| match &mut self.instant {
            Some(instant) => instant.run(walk, ordered, level),
            None => pixel_walk::code_planes(&mut QuickCoder(walk), ordered, &largest, level),
        });
    }
}

/// Codes each plane's list of values; when writing, also packs the plane.
fn code_value_lists<W: BitWalk>(
    walk: &mut W,
    planes: &mut Planes,
) -> Result<Vec<ValueList>, CodecError> {
    let mut lists = Vec::with_capacity(planes.planes.len());
    for (plane, info) in planes.planes.iter_mut().zip(&planes.shape.planes) {
        let bits = u32::from(info.bit_depth);
        let mut list = if W::READS { ValueList::default() } else { ValueList::find(plane, bits) };
        list.code(walk, bits)?;
        if !W::READS {
            list.pack(plane, bits);
        }
        lists.push(list);
    }
    Ok(lists)
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

/// Positions in `order` before `position` of the planes coded last that have the size of the
/// plane there.
fn references(planes: &Planes, order: &[usize], position: usize) -> Vec<usize> {
    let size = |k: usize| (planes.planes[order[k]].width(), planes.planes[order[k]].height());
    (0..position).rev().filter(|&k| size(k) == size(position)).take(REFERENCES_MAX).collect()
}
