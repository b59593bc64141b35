//! Animations: the frames of GIF, animated PNG and animated WebP as a player shows them, one after another.
//!
//! In: the bytes of a file. Out: one [`Planes`] a frame, all of one shape, and for how long it is shown. Opacity is
//! there if any frame has it. How often an animation is repeated is not kept.

use super::reading::{Damage, Reading};
use super::{FileWarning, PictureFormat, gif, png, webp};
use crate::{ImageError, Limits, Plane, PlaneInfo, PlaneRole, Planes, Shape};
use std::io::Cursor;

/// The frames of an animation.
///
/// ```
/// use tintype_image::Limits;
/// use tintype_image::io::Animation;
///
/// assert!(Animation::open(b"P5 1 1 255 x", &Limits::default())?.is_none());
/// # Ok::<(), tintype_image::ImageError>(())
/// ```
pub struct Animation<'a> {
    frames: Frames<'a>,
    shape: Shape,
    ticks: Vec<u32>,
    rate: u32,
    next: usize,
    warnings: Vec<FileWarning>,
}

/// A frame, and its time as a fraction of a second.
type Timed = (Planes, (u32, u32));

enum Frames<'a> {
    Gif(gif::Frames<'a>),
    Png(Box<png::Frames<Cursor<&'a [u8]>>>),
    WebP(webp::Frames<'a>),
}

impl<'a> Frames<'a> {
    fn open(bytes: &'a [u8], limits: &Limits) -> Result<Option<Self>, ImageError> {
        Ok(match PictureFormat::detect(bytes) {
            Some(PictureFormat::Gif) => gif::Frames::several(bytes, limits)?.map(Self::Gif),
            Some(PictureFormat::Png) => png::animation(bytes, limits)?.map(Box::new).map(Self::Png),
            Some(PictureFormat::WebP) => webp::Frames::new(bytes, limits)?.map(Self::WebP),
            _ => None,
        })
    }

    /// The next frame; none after the last.
    fn next(&mut self, reading: &mut Reading) -> Result<Option<Timed>, ImageError> {
        let time = match self {
            Self::Gif(frames) => frames.next(reading)?.map(|time| (time, 100)),
            Self::WebP(frames) => frames.next()?.map(|time| (time, 1000)),
            Self::Png(frames) => {
                let mut time = frames.next()?;
                if time.is_none() {
                    // The picture for readers that know no animations.
                    time = frames.next()?;
                }
                time.map(|(number, per)| (number.into(), if per == 0 { 100 } else { per.into() }))
            }
        };
        Ok(time.map(|time| {
            let planes = match self {
                Self::Gif(frames) => frames.planes(),
                Self::Png(frames) => frames.planes(),
                Self::WebP(frames) => frames.planes(),
            };
            (planes, time)
        }))
    }

    /// How many frames are left at most, where the file says so.
    fn most(&self) -> usize {
        match self {
            Self::Png(frames) => frames.info().animation_control.map_or(0, |c| c.num_frames as usize),
            _ => usize::MAX,
        }
    }
}

/// Most ticks a second that times are given in.
const RATE_MAX: u32 = 100_000;

impl<'a> Animation<'a> {
    /// The animation in `bytes`; none if that is another format, or holds one frame. All frames are decoded once to find
    /// their shape. A damaged file ends with its last whole frame, and says so.
    ///
    /// # Errors
    /// `Malformed`, `Truncated`, `Limit`, where there is no whole frame.
    pub fn open(bytes: &'a [u8], limits: &Limits) -> Result<Option<Self>, ImageError> {
        let Some(mut frames) = Frames::open(bytes, limits)? else { return Ok(None) };
        let (mut times, mut shape, mut warnings) = (Vec::new(), None::<Shape>, Vec::new());
        let most = frames.most();
        while times.len() < most {
            limits.check_time()?;
            match frames.next(&mut Reading::new(None, Damage::Refused)) {
                Ok(None) => break,
                Ok(Some((planes, time))) => {
                    times.push(time);
                    if shape.as_ref().is_none_or(|s| s.planes.len() < planes.shape.planes.len()) {
                        shape = Some(planes.shape);
                    }
                }
                Err(error) if times.is_empty() => return Err(error),
                Err(error) => {
                    let what = format!("{error}; {} frames were whole", times.len());
                    warnings.push(FileWarning::Damaged { what });
                    break;
                }
            }
        }
        let (Some(shape), 2..) = (shape, times.len()) else { return Ok(None) };
        let Some(frames) = Frames::open(bytes, limits)? else { return Ok(None) };
        let rate = times.iter().try_fold(1, |rate, time| common_multiple(rate, time.1));
        if rate.is_none() {
            let name = "part of the times of frames".into();
            warnings.push(FileWarning::LeftOut { name, why: "they are rounded to milliseconds".into() });
        }
        let rate = rate.unwrap_or(1000);
        let tick = |&(number, per): &(u32, u32)| {
            let scaled = u64::from(number) * u64::from(rate) + u64::from(per) / 2;
            u32::try_from(scaled / u64::from(per)).unwrap_or(u32::MAX)
        };
        let ticks = times.iter().map(tick).collect();
        Ok(Some(Self { frames, shape, ticks, rate, next: 0, warnings }))
    }

    /// Whether `bytes` are an animation of more than one frame, as far as that is told without decoding it.
    ///
    /// ```
    /// use tintype_image::Limits;
    /// use tintype_image::io::Animation;
    ///
    /// assert!(!Animation::is_one(b"P5 1 1 255 x", &Limits::default()));
    /// ```
    pub fn is_one(bytes: &[u8], limits: &Limits) -> bool {
        matches!(Frames::open(bytes, limits), Ok(Some(_)))
    }

    /// The shape of all frames.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// For how many ticks each frame is shown.
    pub fn ticks(&self) -> &[u32] {
        &self.ticks
    }

    /// Ticks in a second.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// What the caller should know of the file.
    pub fn warnings(&self) -> &[FileWarning] {
        &self.warnings
    }
}

/// The least common multiple, if that is small enough.
fn common_multiple(a: u32, b: u32) -> Option<u32> {
    let (mut high, mut low) = (a, b);
    while low > 0 {
        (high, low) = (low, high % low);
    }
    a.checked_mul(b / high).filter(|&rate| rate <= RATE_MAX)
}

impl Iterator for Animation<'_> {
    type Item = Result<Planes, ImageError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == self.ticks.len() {
            return None;
        }
        self.next += 1;
        let next = self.frames.next(&mut Reading::new(None, Damage::Refused)).transpose()?;
        Some(next.map(|(planes, _)| with_opacity(planes, &self.shape)))
    }
}

/// The same with opacity where `shape` has it: opaque.
fn with_opacity(mut planes: Planes, shape: &Shape) -> Planes {
    if planes.shape.planes.len() < shape.planes.len() {
        let (width, height, bits) = (shape.width_px, shape.height_px, shape.planes[0].bit_depth);
        let mut alpha = Plane::new(width, height);
        let opaque = PlaneInfo::new(PlaneRole::Alpha, bits).sample_max();
        (0..height).for_each(|y| alpha.row_mut(y).fill(opaque));
        planes.planes.push(alpha);
        planes.shape = shape.clone();
    }
    planes
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::png::{BitDepth, ColorType, Encoder};

    /// Three frames of one gray level each, with their times.
    fn animated_png(times: [(u16, u16); 3]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 2, 2);
        encoder.set_animated(3, 0).unwrap();
        encoder.set_depth(BitDepth::Eight);
        encoder.set_color(ColorType::Grayscale);
        let mut writer = encoder.write_header().unwrap();
        for (level, (number, per)) in times.into_iter().enumerate() {
            writer.set_frame_delay(number, per).unwrap();
            writer.write_image_data(&[level as u8; 4]).unwrap();
        }
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn frames_and_their_times_come_from_png() {
        let bytes = animated_png([(1, 10), (3, 25), (2, 0)]);
        let animation = Animation::open(&bytes, &Limits::default()).unwrap().unwrap();
        assert_eq!((animation.rate(), animation.ticks()), (100, &[10, 12, 2][..]));
        let levels: Vec<u16> = animation.map(|frame| frame.unwrap().planes[0].row(1)[1]).collect();
        assert_eq!(levels, [0, 1, 2]);
    }

    #[test]
    fn a_cut_file_ends_with_its_last_whole_frame() {
        let bytes = animated_png([(1, 10); 3]);
        let cut = &bytes[..bytes.len() - 30];
        let animation = Animation::open(cut, &Limits::default()).unwrap().unwrap();
        assert_eq!((animation.ticks().len(), animation.warnings().len()), (2, 1));
        assert_eq!(
            animation.map(|frame| frame.unwrap().planes[0].row(0)[0]).collect::<Vec<_>>(),
            [0, 1]
        );
    }

    #[test]
    fn opacity_of_one_frame_is_opacity_of_all() {
        // GIF: 2 × 1 pixels of colour 1; then one pixel, before which the first frame's area is cleared.
        let frame = |width: u8, control: [u8; 2], data: [u8; 2]| {
            let control = [0x21, 0xf9, 4, control[0], control[1], 0, 0, 0];
            [&control[..], &[0x2c, 0, 0, 0, 0, width, 0, 1, 0, 0, 2, 2], &data, &[0]].concat()
        };
        let head = b"GIF89a\x02\0\x01\0\x81\0\0\0\0\0\xff\0\0\0\xff\0\x09\x08\x07";
        // Codes of 3 bits: clear (4), 1, perhaps 1 again, end (5).
        let (two, one) = (frame(2, [2 << 2, 5], [0x4c, 0x0a]), frame(1, [0, 7], [0x4c, 0x01]));
        let bytes = [&head[..], &two, &one, &[0x3b]].concat();
        let animation = Animation::open(&bytes, &Limits::default()).unwrap().unwrap();
        assert_eq!((animation.rate(), animation.ticks()), (100, &[5, 7][..]));
        let alphas: Vec<Vec<u16>> = animation.map(|f| f.unwrap().planes[3].row(0).to_vec()).collect();
        assert_eq!(alphas, [[255, 255], [255, 0]]);
    }
}
