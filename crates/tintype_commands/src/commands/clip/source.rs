//! Where the pictures of a clip come from: y4m, films through ffmpeg, animations, numbered pictures.

use crate::files::{Place, read_input};
use crate::style::note;
use std::cell::Cell;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::rc::Rc;
use tintype::{ClipInfo, ColourModel, DecodeOptions, Level, PlaneRole, Planes, Shape, files};
use tintype_image::colour::{
    Sampling, Upsampling, planes_at_depth, planes_at_sampling, unassociated, ycbcr_from_rgb,
};
use tintype_image::io::y4m::Y4mReader;
use tintype_image::io::{Animation, apply_orientation};
use tintype_image::{ImageError, Limits, YCbCrMatrix};

/// Where a clip comes from.
#[derive(Clone, Copy)]
pub enum Origin<'a> {
    /// A y4m file.
    Y4m(&'a Path),
    /// A file that ffmpeg reads.
    Film(&'a Path),
    /// The bytes of a GIF, animated PNG or animated WebP file.
    Animation(&'a [u8]),
    /// Pictures in their order, each perhaps with one of its depth, and how many of them are in a second.
    Pictures { places: &'a [(Place, Option<Place>)], rate: (u32, u32) },
}

/// The pictures of a clip.
pub struct Clip<'a> {
    /// What holds for all.
    pub info: ClipInfo,
    /// Each picture, and for how many ticks it is shown.
    pub pictures: Box<dyn Iterator<Item = Result<(Planes, u32), String>> + 'a>,
    /// Bytes that were read so far.
    pub bytes: Rc<Cell<u64>>,
    /// What is to be told of the source.
    pub warnings: Vec<String>,
}

/// The first bytes of a y4m file.
pub const Y4M: &[u8] = b"YUV4MPEG2 ";

/// Extensions of films that are read through ffmpeg.
const FILMS: &[&str] = &["avi", "m4v", "mkv", "mov", "mp4", "mpg", "webm", "wmv"];

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn few() -> String {
    "has no more than one picture".into()
}

fn open(path: &Path) -> Result<BufReader<File>, String> {
    File::open(path).map(BufReader::new).map_err(text)
}

/// The origin of the clip in a file, if it is a film by its name, or y4m of several pictures.
///
/// # Errors
/// What to tell the user.
pub fn origin_of(path: &Path) -> Result<Option<Origin<'_>>, String> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if FILMS.contains(&extension.to_ascii_lowercase().as_str()) {
        return Ok(Some(Origin::Film(path)));
    }
    let y4m = open(path).is_ok_and(|mut head| head.fill_buf().is_ok_and(|head| head.starts_with(Y4M)));
    let several = y4m && y4m_of(open(path)?)?.is_ok();
    Ok(several.then_some(Origin::Y4m(path)))
}

/// Hands the clip to `work`; `exact` tells whether every sample must come back.
///
/// # Errors
/// What to tell the user.
pub fn with_clip<T>(
    origin: Origin<'_>,
    exact: bool,
    work: impl FnOnce(Clip<'_>) -> Result<T, String>,
) -> Result<T, String> {
    match origin {
        Origin::Y4m(path) => work(y4m_of(open(path)?)?.map_err(|_| few())?),
        Origin::Film(path) => film(path, work),
        Origin::Animation(bytes) => work(animation(bytes, exact)?),
        Origin::Pictures { places, rate } => work(sequence(places, rate, exact)?),
    }
}

/// Counts what is read, and keeps it as long as `kept` is there.
struct Counted<R> {
    source: R,
    bytes: Rc<Cell<u64>>,
    kept: Option<Vec<u8>>,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let bytes = self.fill_buf()?;
        let count = bytes.len().min(out.len());
        out[..count].copy_from_slice(&bytes[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.source.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        if let Some(kept) = &mut self.kept
            && let Ok(bytes) = self.source.fill_buf()
        {
            kept.extend_from_slice(&bytes[..count]);
        }
        self.bytes.set(self.bytes.get() + count as u64);
        self.source.consume(count);
    }
}

/// The clip in a stream of y4m; what was read, where that has no more than one picture.
///
/// # Errors
/// What to tell the user.
pub fn y4m_of<'a>(source: impl BufRead + 'a) -> Result<Result<Clip<'a>, Vec<u8>>, String> {
    let bytes = Rc::new(Cell::new(0));
    let source = Box::new(source) as Box<dyn BufRead + 'a>;
    let counted = Counted { source, bytes: bytes.clone(), kept: Some(Vec::new()) };
    let mut reader = Y4mReader::new(counted, &Limits::default()).map_err(text)?;
    let first = reader.next();
    let more = first.is_some() && reader.source_mut().fill_buf().is_ok_and(|bytes| !bytes.is_empty());
    let kept = reader.source_mut().kept.take().unwrap_or_default();
    let Some(first) = first.filter(|_| more) else { return Ok(Err(kept)) };
    let header = reader.header();
    let info = ClipInfo::new(header.shape.clone(), header.frame_rate).words(&header.words());
    let one = |planes: Result<Planes, ImageError>| planes.map(|planes| (planes, 1)).map_err(text);
    let pictures = Box::new(std::iter::once(Ok(first.map_err(text)?)).chain(reader).map(one));
    Ok(Ok(Clip { info, pictures, bytes, warnings: Vec::new() }))
}

fn film<T>(path: &Path, work: impl FnOnce(Clip<'_>) -> Result<T, String>) -> Result<T, String> {
    let mut name = OsString::from("file:");
    name.push(path);
    let mut ffmpeg = Command::new("ffmpeg");
    let output = ["-map", "0:v:0", "-f", "yuv4mpegpipe", "-strict", "-1", "-"];
    ffmpeg.args(["-v", "error", "-i"]).arg(name).args(output);
    let started = ffmpeg.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = match started {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(
                "is a film, which is read through ffmpeg, and ffmpeg is not on PATH; install it".into(),
            );
        }
        other => other.map_err(|error| format!("ffmpeg: {error}"))?,
    };
    let output = child.stdout.take().ok_or("ffmpeg gave no output")?;
    let read = y4m_of(BufReader::new(output));
    let done = read.and_then(|clip| work(clip.map_err(|_| few())?));
    let ended = child.wait().map_err(|error| format!("ffmpeg: {error}"))?;
    if done.is_ok() && !ended.success() {
        return Err(format!("ffmpeg could not read all of it ({ended}); what it gave was encoded"));
    }
    done
}

fn animation(bytes: &[u8], exact: bool) -> Result<Clip<'_>, String> {
    let animation = Animation::open(bytes, &Limits::default()).map_err(text)?.ok_or_else(few)?;
    let (ticks, rate) = (animation.ticks().to_vec(), animation.rate());
    let target = target_of(animation.shape(), exact, Sampling::S444);
    let even = ticks.iter().all(|&time| time == ticks[0] && time > 0);
    let info = match even {
        true => ClipInfo::new(target.clone(), (rate, ticks[0])),
        false => ClipInfo::new(target.clone(), (rate, 1)).timed(),
    };
    let warnings = animation.warnings().iter().map(text).collect();
    let pictures = Box::new(animation.zip(ticks).map(move |(planes, time)| {
        Ok((converted(planes.map_err(text)?, &target)?, if even { 1 } else { time }))
    }));
    Ok(Clip { info, pictures, bytes: Rc::new(Cell::new(bytes.len() as u64)), warnings })
}

fn sequence<'a>(
    places: &'a [(Place, Option<Place>)],
    rate: (u32, u32),
    exact: bool,
) -> Result<Clip<'a>, String> {
    let bytes = Rc::new(Cell::new(0));
    let (first, rest) = places.split_first().filter(|places| !places.1.is_empty()).ok_or_else(few)?;
    let (planes, lost) = still(first, &bytes)?;
    let whole = lost.is_none();
    let target = target_of(&planes.shape, exact, Sampling::S420);
    let info = ClipInfo::new(target.clone(), rate);
    let (counter, name) = (bytes.clone(), first.0.name());
    let rest = rest.iter().map(move |place| {
        let (planes, lost) = still(place, &counter)?;
        lost.filter(|_| whole).iter().for_each(|lost| note(lost));
        Ok(planes)
    });
    let fitted = move |(number, planes): (usize, Result<Planes, String>)| {
        let place = places[number].0.name();
        let planes =
            converted(planes?, &target).map_err(|why| format!("{place}: {why} as {name} has"))?;
        Ok((planes, 1))
    };
    let pictures = Box::new(std::iter::once(Ok(planes)).chain(rest).enumerate().map(fitted));
    Ok(Clip { info, pictures, bytes, warnings: lost.into_iter().collect() })
}

/// A picture of a sequence as it is shown, with its depth, and what a clip has no place for.
fn still(
    (place, depth): &(Place, Option<Place>),
    bytes: &Cell<u64>,
) -> Result<(Planes, Option<String>), String> {
    let read = |place: &Place| {
        let file = read_input(place).map_err(|error| format!("{}: {error}", place.name()))?;
        bytes.set(bytes.get() + file.len() as u64);
        let read = files::read_picture(&file, &DecodeOptions::new());
        let read = read.map_err(|error| format!("{}: {error}", place.name()))?;
        read.warnings.iter().for_each(|warning| note(&format!("{}: {warning}", place.name())));
        Ok::<_, String>(read.picture)
    };
    let mut picture = read(place)?;
    if let Some(depth) = depth {
        picture = tintype::with_depth(picture, &read(depth)?)
            .map_err(|error| format!("{}: {error}", depth.name()))?;
    }
    // A clip has no place for an orientation, nor for samples of limited range of one picture.
    picture = apply_orientation(picture);
    picture.planes = picture.full_range().into_owned();
    let metadata = &picture.metadata;
    let items = [("an ICC profile", &metadata.icc), ("EXIF", &metadata.exif), ("XMP", &metadata.xmp)];
    let items: Vec<&str> =
        items.into_iter().filter(|(_, item)| item.is_some()).map(|(name, _)| name).collect();
    let lost = (!items.is_empty())
        .then(|| format!("{} has {}, for which a clip has no place", place.name(), items.join(", ")));
    Ok((unassociated(&picture.planes).unwrap_or(picture.planes), lost))
}

/// What pictures of `shape` become: as they are where every sample must come back, else gray or YCbCr of 8 to 12 bits.
fn target_of(shape: &Shape, exact: bool, sampling: Sampling) -> Shape {
    let mut target = shape.clone();
    if exact {
        return target;
    }
    let chroma = target.colour != ColourModel::Gray;
    if target.colour == ColourModel::Rgb {
        target.colour = ColourModel::YCbCr(YCbCrMatrix::Bt601);
        for plane in target.planes.iter_mut().skip(1).take(2).filter(|_| chroma) {
            (plane.subsample_x_log2, plane.subsample_y_log2) = sampling.ratios_log2();
        }
    }
    for plane in target.planes.iter_mut().filter(|plane| plane.role == PlaneRole::Colour) {
        plane.bit_depth = plane.bit_depth.clamp(8, 12);
    }
    target
}

/// The planes as pictures of shape `target`, which [`target_of`] made of the first one's.
fn converted(planes: Planes, target: &Shape) -> Result<Planes, String> {
    if planes.shape == *target {
        return Ok(planes);
    }
    let (own, size) = (&planes.shape, (target.width_px, target.height_px));
    if (own.width_px, own.height_px) != size {
        let (wide, high) = size;
        return Err(format!("is {} × {} pixels, not {wide} × {high}", own.width_px, own.height_px));
    }
    let colours = own.planes.iter().filter(|plane| plane.role == PlaneRole::Colour).count();
    let mut colour = Planes { shape: own.clone(), planes: planes.planes[..colours].to_vec() };
    colour.shape.planes.truncate(colours);
    let (depth, chroma) = (target.planes[0].bit_depth, &target.planes[target.planes.len().min(3) - 1]);
    colour = planes_at_depth(&colour, depth);
    if matches!(target.colour, ColourModel::YCbCr(_)) && colour.shape.colour == ColourModel::Rgb {
        colour = ycbcr_from_rgb(&colour, YCbCrMatrix::Bt601, Level::new()).map_err(text)?;
        let halved = (chroma.subsample_x_log2, chroma.subsample_y_log2) == (1, 1);
        let sampling = if halved { Sampling::S420 } else { Sampling::S444 };
        colour = planes_at_sampling(&colour, sampling, Upsampling::Triangle).map_err(text)?;
    }
    colour.shape.planes.extend_from_slice(&own.planes[colours..]);
    colour.planes.extend(planes.planes.into_iter().skip(colours));
    if colour.shape != *target {
        return Err(format!(
            "is {}, not of the colours, planes and depth",
            crate::shape_text::colour_text(own)
        ));
    }
    Ok(colour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_become_what_the_first_one_is() {
        let mut clear = Shape::rgb(6, 4, 16);
        clear.planes.push(tintype_image::PlaneInfo::new(PlaneRole::Alpha, 16));
        let target = target_of(&clear, false, Sampling::S420);
        let planes = converted(Planes::new(clear.clone()), &target).unwrap();
        assert_eq!((planes.planes[1].width(), planes.planes[3].width()), (3, 6));
        assert_eq!((target.planes[0].bit_depth, target.planes[3].bit_depth), (12, 16));
        assert_eq!(target_of(&clear, true, Sampling::S420), clear);
        for other in [Shape::rgb(6, 4, 8), Shape::rgb(5, 4, 16), Shape::gray(6, 4, 8)] {
            assert!(converted(Planes::new(other), &target).is_err());
        }
    }
}
