//! Clips: pictures in, bytes out, and back, a group of pictures at a time.

use crate::error::{Error, Result, Step};
use crate::registry::clips::{CutFinder, Format, Frame, GroupDecoder, GroupSettings, encode_frames};
use crate::registry::ids::VIDEO;
use std::collections::VecDeque;
use std::io::{Read, Seek};
use std::ops::Range;
use tintype_codec::{CodecError, Exec};
use tintype_container::{
    CLIP_VERSION, ClipGroup, ClipReader, ClipWriter, ContainerLimits, MAGIC, read_varint, write_varint,
};
use tintype_image::{ColourModel, Limits, PlaneInfo, PlaneRole, Planes, Shape, Threads, YCbCrMatrix};

/// Whether the first bytes of a file are those of a clip.
///
/// ```
/// assert!(tintype::is_clip(b"\x89TIN\x04..."));
/// assert!(!tintype::is_clip(b"\x89TIN\x01..."));
/// ```
pub fn is_clip(head: &[u8]) -> bool {
    head.len() > 4 && head[..4] == MAGIC && head[4] == CLIP_VERSION
}

/// What holds for all pictures of a clip.
///
/// ```
/// use tintype::{ClipInfo, Shape};
///
/// let info = ClipInfo::new(Shape::rgb(640, 480, 8), (30, 1));
/// assert_eq!((info.shape.width_px, info.frame_rate, &info.words[..]), (640, (30, 1), ""));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClipInfo {
    /// Size, sampling and depth of the pictures.
    pub shape: Shape,
    /// Pictures a second as a fraction; 0:0 is unknown.
    pub frame_rate: (u32, u32),
    /// Further words of the y4m header that it was made of: interlacing, aspect, range, comments.
    pub words: String,
}

impl ClipInfo {
    /// Of pictures of `shape`, `frame_rate.0 / frame_rate.1` of them a second.
    ///
    /// ```
    /// use tintype::{ClipInfo, Shape};
    ///
    /// assert_eq!(ClipInfo::new(Shape::gray(64, 48, 10), (25, 1)).frame_rate, (25, 1));
    /// ```
    pub fn new(shape: Shape, frame_rate: (u32, u32)) -> Self {
        Self { shape, frame_rate, words: String::new() }
    }

    /// With the further words of a y4m header.
    ///
    /// ```
    /// use tintype::{ClipInfo, Shape};
    ///
    /// let info = ClipInfo::new(Shape::gray(64, 48, 8), (25, 1)).words("F25:1 Cmono Ip");
    /// assert_eq!(info.words, "F25:1 Cmono Ip");
    /// ```
    pub fn words(mut self, words: &str) -> Self {
        self.words = words.into();
        self
    }

    fn write(&self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        write_varint(&mut out, self.shape.width_px as u64);
        write_varint(&mut out, self.shape.height_px as u64);
        let colour = match self.shape.colour {
            ColourModel::Gray => 0,
            ColourModel::Rgb => 1,
            ColourModel::YCbCr(YCbCrMatrix::Bt601) => 2,
            ColourModel::YCbCr(YCbCrMatrix::Bt709) => 3,
            ColourModel::Bands => {
                return Err(Error::Unsupported { what: "a clip of bands without relation".into() });
            }
        };
        let last = &self.shape.planes[self.shape.planes.len() - 1];
        out.push(colour | last.subsample_x_log2 << 3 | last.subsample_y_log2 << 4);
        out.push(last.bit_depth - 1);
        write_varint(&mut out, self.frame_rate.0.into());
        write_varint(&mut out, self.frame_rate.1.into());
        write_varint(&mut out, self.words.len() as u64);
        out.extend(self.words.as_bytes());
        Ok(out)
    }

    fn read(mut bytes: &[u8]) -> Result<Self> {
        let malformed = |what: &str| Error::Malformed { what: what.into(), at: None };
        let rest = &mut bytes;
        let mut number = |most: u64| match read_varint(rest, 0)? {
            value if value <= most => Ok::<u64, Error>(value),
            _ => Err(malformed("a number of the clip's head is too large")),
        };
        let (width, height) = (number(65_535)? as usize, number(65_535)? as usize);
        let ended = || malformed("the clip's head ends early");
        let (&[layout, depth], after) = rest.split_first_chunk::<2>().ok_or_else(ended)?;
        *rest = after;
        let depth =
            depth.checked_add(1).filter(|&depth| depth <= 16).ok_or_else(|| malformed("depth"))?;
        let mut shape = match layout & 7 {
            0 => Shape::gray(width, height, depth),
            1..=3 => Shape::rgb(width, height, depth),
            _ => {
                return Err(Error::Unsupported {
                    what: format!("colour model {} of a clip", layout & 7),
                });
            }
        };
        shape.colour = match layout & 7 {
            0 => ColourModel::Gray,
            1 => ColourModel::Rgb,
            2 => ColourModel::YCbCr(YCbCrMatrix::Bt601),
            _ => ColourModel::YCbCr(YCbCrMatrix::Bt709),
        };
        if layout >> 5 != 0 {
            return Err(Error::Unsupported { what: format!("layout {layout:#04x} of a clip") });
        }
        for plane in shape.planes.iter_mut().skip(1) {
            *plane = PlaneInfo::new(PlaneRole::Colour, depth);
            (plane.subsample_x_log2, plane.subsample_y_log2) = (layout >> 3 & 1, layout >> 4 & 1);
        }
        let mut number = |most: u64| match read_varint(rest, 0)? {
            value if value <= most => Ok::<u64, Error>(value),
            _ => Err(malformed("a number of the clip's head is too large")),
        };
        let frame_rate = (number(u32::MAX.into())? as u32, number(u32::MAX.into())? as u32);
        let len = number(1 << 16)? as usize;
        let words =
            rest.get(..len).and_then(|words| std::str::from_utf8(words).ok()).ok_or_else(ended)?;
        Ok(Self { shape, frame_rate, words: words.into() })
    }
}

/// Pictures in, the bytes of a clip out.
///
/// ```
/// use tintype::{ClipDecoder, ClipEncoder, ClipInfo, Picture};
///
/// let picture = |level| Picture::from_gray8(64, 48, &[level; 64 * 48]).expect("64 × 48");
/// let info = ClipInfo::new(picture(0).planes.shape.clone(), (25, 1));
/// let mut encoder = ClipEncoder::new(&info)?.quality(80.0);
/// let mut file = Vec::new();
/// for i in 0..40 {
///     file.extend(encoder.push(&picture(i).planes)?);
/// }
/// file.extend(encoder.finish()?);
///
/// let mut decoder = ClipDecoder::new(&file[..])?;
/// let mut count = 0;
/// while let Some(planes) = decoder.next_picture()? {
///     assert!(planes.planes[0].row(0)[0].abs_diff(count) < 4);
///     count += 1;
/// }
/// assert_eq!((count, decoder.info()), (40, &info));
/// # Ok::<(), tintype::Error>(())
/// ```
#[derive(Debug)]
pub struct ClipEncoder {
    shape: Shape,
    format: Format,
    writer: Option<ClipWriter<Vec<u8>>>,
    frames: Vec<Frame>,
    quality: f32,
    effort: u8,
    group: usize,
    cuts: CutFinder,
    exec: Exec,
}

/// The usual number of pictures of a group.
const GROUP: usize = 32;

impl ClipEncoder {
    /// An encoder of pictures of `info.shape` at quality 75, effort 5, with groups of 32.
    ///
    /// # Errors
    /// `Unsupported` for pictures that are neither gray nor of three planes, or have more than 12 bits.
    ///
    /// ```
    /// use tintype::{ClipEncoder, ClipInfo, Shape};
    ///
    /// let info = ClipInfo::new(Shape::gray(64, 48, 8), (25, 1));
    /// assert!(ClipEncoder::new(&info).is_ok());
    /// assert!(ClipEncoder::new(&ClipInfo::new(Shape::gray(64, 48, 16), (25, 1))).is_err());
    /// ```
    pub fn new(info: &ClipInfo) -> Result<Self> {
        let failed = |error| Error::Codec { step: Step::Encode(VIDEO), error };
        let format = Format::of(&info.shape, &Limits::default()).map_err(failed)?;
        let writer = ClipWriter::new(Vec::new(), &info.write()?)?;
        Ok(Self {
            shape: info.shape.clone(),
            format,
            writer: Some(writer),
            frames: Vec::new(),
            quality: 75.0,
            effort: 5,
            group: GROUP,
            cuts: CutFinder::default(),
            exec: Exec::default(),
        })
    }

    /// The quality, 0 to 100.
    ///
    /// ```
    /// use tintype::{ClipEncoder, ClipInfo, Shape};
    ///
    /// let info = ClipInfo::new(Shape::gray(64, 48, 8), (25, 1));
    /// let encoder = ClipEncoder::new(&info)?.quality(60.0);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn quality(mut self, quality: f32) -> Self {
        self.quality = quality.clamp(0.0, 100.0);
        self
    }

    /// 1 (fastest) to 9 (smallest files).
    ///
    /// ```
    /// use tintype::{ClipEncoder, ClipInfo, Shape};
    ///
    /// let info = ClipInfo::new(Shape::gray(64, 48, 8), (25, 1));
    /// let encoder = ClipEncoder::new(&info)?.effort(3);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn effort(mut self, effort: u8) -> Self {
        self.effort = effort.clamp(1, 9);
        self
    }

    /// Pictures of a group, 1 to 256: what a damaged group costs, and how finely one can seek. A group ends earlier
    /// where the clip shows something else.
    ///
    /// ```
    /// use tintype::{ClipEncoder, ClipInfo, Shape};
    ///
    /// let info = ClipInfo::new(Shape::gray(64, 48, 8), (25, 1));
    /// let encoder = ClipEncoder::new(&info)?.group(64);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn group(mut self, pictures: usize) -> Self {
        self.group = pictures.clamp(1, 256);
        self
    }

    /// How many threads may work. The bytes do not depend on it.
    ///
    /// ```
    /// use tintype::{ClipEncoder, ClipInfo, Shape};
    ///
    /// let info = ClipInfo::new(Shape::gray(64, 48, 8), (25, 1));
    /// let encoder = ClipEncoder::new(&info)?.threads(1);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn threads(mut self, count: usize) -> Self {
        self.exec.threads = Threads::new(count);
        self
    }

    /// Takes a picture, and gives the bytes that are ready, which are none until a group is full.
    ///
    /// # Errors
    /// `Misuse` for a picture of another shape.
    ///
    /// ```
    /// use tintype::{ClipEncoder, ClipInfo, Planes, Shape};
    ///
    /// let info = ClipInfo::new(Shape::gray(64, 48, 8), (25, 1));
    /// let mut encoder = ClipEncoder::new(&info)?.group(2);
    /// let picture = Planes::new(info.shape.clone());
    /// let head = encoder.push(&picture)?;
    /// let group = encoder.push(&picture)?;
    /// assert!(tintype::is_clip(&head) && !group.is_empty());
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn push(&mut self, picture: &Planes) -> Result<Vec<u8>> {
        if picture.shape != self.shape {
            return Err(Error::Misuse { what: "a picture of another shape than the clip's".into() });
        }
        picture.check(&Limits::default())?;
        let frame = Frame::padded(picture, &self.format);
        if self.cuts.begins_anew(&frame, &self.format, &self.exec) {
            self.close_group()?;
        }
        self.frames.push(frame);
        if self.frames.len() >= self.group {
            self.close_group()?;
        }
        Ok(self.take())
    }

    /// The rest of the bytes.
    ///
    /// # Errors
    /// `Container`.
    ///
    /// ```
    /// use tintype::{ClipEncoder, ClipInfo, Planes, Shape};
    ///
    /// let info = ClipInfo::new(Shape::gray(64, 48, 8), (25, 1));
    /// let mut encoder = ClipEncoder::new(&info)?.group(2);
    /// let picture = Planes::new(info.shape.clone());
    /// let mut file = encoder.push(&picture)?;
    /// file.extend(encoder.finish()?);
    /// assert!(file.len() < 250);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn finish(mut self) -> Result<Vec<u8>> {
        self.close_group()?;
        match self.writer.take() {
            Some(writer) => Ok(writer.finish()?),
            None => Ok(Vec::new()),
        }
    }

    fn take(&mut self) -> Vec<u8> {
        self.writer.as_mut().map(|writer| std::mem::take(writer.target_mut())).unwrap_or_default()
    }

    fn close_group(&mut self) -> Result<()> {
        if self.frames.is_empty() {
            return Ok(());
        }
        let settings = GroupSettings::of_quality(self.quality, self.effort);
        let bytes = encode_frames(&self.frames, &self.format, &settings, &self.exec);
        let count = self.frames.len() as u32;
        self.frames.clear();
        if let Some(writer) = &mut self.writer {
            writer.group(count, &bytes)?;
        }
        Ok(())
    }
}

/// The pictures of a clip, one after another.
///
/// A damaged or missing group costs its own pictures alone: in their place the last good one is repeated, and
/// [`ClipDecoder::damaged`] names them.
///
/// ```
/// # use tintype::{ClipEncoder, ClipInfo, Planes, Shape};
/// # let info = ClipInfo::new(Shape::gray(64, 48, 8), (25, 1));
/// # let mut encoder = ClipEncoder::new(&info)?.group(2);
/// # let mut file = Vec::new();
/// # for _ in 0..5 {
/// #     file.extend(encoder.push(&Planes::new(info.shape.clone()))?);
/// # }
/// # file.extend(encoder.finish()?);
/// use tintype::ClipDecoder;
///
/// // One of five groups of two pictures is damaged.
/// let at = file.len() / 2;
/// file[at] ^= 1;
/// let mut decoder = ClipDecoder::new(&file[..])?;
/// let mut count = 0;
/// while decoder.next_picture()?.is_some() {
///     count += 1;
/// }
/// assert_eq!((count, decoder.damaged().len()), (5, 1));
/// # Ok::<(), tintype::Error>(())
/// ```
#[derive(Debug)]
pub struct ClipDecoder<R> {
    info: ClipInfo,
    format: Format,
    reader: ClipReader<R>,
    exec: Exec,
    /// Pictures that are ready.
    ready: VecDeque<Frame>,
    /// The group that is being decoded, the number after its last picture, and whether the file ends in it.
    group: Option<(GroupDecoder, u32, bool)>,
    /// Number of the next picture.
    next: u32,
    /// Number of the first picture after those that are ready.
    ahead: u32,
    last: Option<Frame>,
    damaged: Vec<Range<u32>>,
    ended: bool,
}

impl<R: Read> ClipDecoder<R> {
    /// Reads the head of a clip.
    ///
    /// # Errors
    /// `Container`, `Malformed`, `Unsupported`, `Codec`.
    ///
    /// ```
    /// # use tintype::{ClipEncoder, ClipInfo, Planes, Shape};
    /// # let info = ClipInfo::new(Shape::gray(64, 48, 8), (25, 1));
    /// # let mut encoder = ClipEncoder::new(&info)?.group(2);
    /// # let mut file = Vec::new();
    /// # for _ in 0..5 {
    /// #     file.extend(encoder.push(&Planes::new(info.shape.clone()))?);
    /// # }
    /// # file.extend(encoder.finish()?);
    /// use tintype::ClipDecoder;
    ///
    /// assert!(ClipDecoder::new(&file[..]).is_ok());
    /// assert!(ClipDecoder::new(&b"something else"[..]).is_err());
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn new(source: R) -> Result<Self> {
        Self::with_exec(source, Exec::default())
    }

    /// The same with this many threads.
    ///
    /// # Errors
    /// As [`ClipDecoder::new`].
    ///
    /// ```
    /// # use tintype::{ClipEncoder, ClipInfo, Planes, Shape};
    /// # let info = ClipInfo::new(Shape::gray(64, 48, 8), (25, 1));
    /// # let mut encoder = ClipEncoder::new(&info)?.group(2);
    /// # let mut file = Vec::new();
    /// # for _ in 0..5 {
    /// #     file.extend(encoder.push(&Planes::new(info.shape.clone()))?);
    /// # }
    /// # file.extend(encoder.finish()?);
    /// use tintype::ClipDecoder;
    ///
    /// let picture = ClipDecoder::with_threads(&file[..], 1)?.next_picture()?;
    /// assert_eq!(picture, Some(Planes::new(info.shape)));
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn with_threads(source: R, count: usize) -> Result<Self> {
        Self::with_exec(source, Exec { threads: Threads::new(count), ..Exec::default() })
    }

    fn with_exec(source: R, exec: Exec) -> Result<Self> {
        let reader = ClipReader::new(source, ContainerLimits::default())?;
        let info = ClipInfo::read(reader.head())?;
        let format = Format::of(&info.shape, &exec.limits)
            .map_err(|error| Error::Codec { step: Step::Decode(VIDEO), error })?;
        Ok(Self {
            info,
            format,
            reader,
            exec,
            ready: VecDeque::new(),
            group: None,
            next: 0,
            ahead: 0,
            last: None,
            damaged: Vec::new(),
            ended: false,
        })
    }

    /// What holds for all pictures.
    ///
    /// ```
    /// # use tintype::{ClipEncoder, ClipInfo, Planes, Shape};
    /// # let info = ClipInfo::new(Shape::gray(64, 48, 8), (25, 1));
    /// # let mut encoder = ClipEncoder::new(&info)?.group(2);
    /// # let mut file = Vec::new();
    /// # for _ in 0..5 {
    /// #     file.extend(encoder.push(&Planes::new(info.shape.clone()))?);
    /// # }
    /// # file.extend(encoder.finish()?);
    /// use tintype::ClipDecoder;
    ///
    /// assert_eq!(ClipDecoder::new(&file[..])?.info(), &info);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn info(&self) -> &ClipInfo {
        &self.info
    }

    /// The numbers of pictures that were damaged or missing, so far.
    ///
    /// ```
    /// # use tintype::{ClipEncoder, ClipInfo, Planes, Shape};
    /// # let info = ClipInfo::new(Shape::gray(64, 48, 8), (25, 1));
    /// # let mut encoder = ClipEncoder::new(&info)?.group(2);
    /// # let mut file = Vec::new();
    /// # for _ in 0..5 {
    /// #     file.extend(encoder.push(&Planes::new(info.shape.clone()))?);
    /// # }
    /// # file.extend(encoder.finish()?);
    /// use tintype::ClipDecoder;
    ///
    /// assert!(ClipDecoder::new(&file[..])?.damaged().is_empty());
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn damaged(&self) -> &[Range<u32>] {
        &self.damaged
    }

    /// Whether the end of the file was there, once all pictures were taken.
    ///
    /// ```
    /// # use tintype::{ClipEncoder, ClipInfo, Planes, Shape};
    /// # let info = ClipInfo::new(Shape::gray(64, 48, 8), (25, 1));
    /// # let mut encoder = ClipEncoder::new(&info)?.group(2);
    /// # let mut file = Vec::new();
    /// # for _ in 0..5 {
    /// #     file.extend(encoder.push(&Planes::new(info.shape.clone()))?);
    /// # }
    /// # file.extend(encoder.finish()?);
    /// use tintype::ClipDecoder;
    ///
    /// let mut decoder = ClipDecoder::new(&file[..file.len() - 100])?;
    /// while decoder.next_picture()?.is_some() {}
    /// assert!(!decoder.is_complete());
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn is_complete(&self) -> bool {
        self.reader.is_complete()
    }

    /// Number of the picture that comes next.
    ///
    /// ```
    /// # use tintype::{ClipEncoder, ClipInfo, Planes, Shape};
    /// # let info = ClipInfo::new(Shape::gray(64, 48, 8), (25, 1));
    /// # let mut encoder = ClipEncoder::new(&info)?.group(2);
    /// # let mut file = Vec::new();
    /// # for _ in 0..5 {
    /// #     file.extend(encoder.push(&Planes::new(info.shape.clone()))?);
    /// # }
    /// # file.extend(encoder.finish()?);
    /// use tintype::ClipDecoder;
    ///
    /// let mut decoder = ClipDecoder::new(&file[..])?;
    /// decoder.next_picture()?;
    /// assert_eq!(decoder.position(), 1);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn position(&self) -> u32 {
        self.next
    }

    /// The next picture, or `None` after the last one.
    ///
    /// # Errors
    /// `Container` where the stream fails or limits are exceeded. Damage is no error.
    ///
    /// ```
    /// # use tintype::{ClipEncoder, ClipInfo, Planes, Shape};
    /// # let info = ClipInfo::new(Shape::gray(64, 48, 8), (25, 1));
    /// # let mut encoder = ClipEncoder::new(&info)?.group(2);
    /// # let mut file = Vec::new();
    /// # for _ in 0..5 {
    /// #     file.extend(encoder.push(&Planes::new(info.shape.clone()))?);
    /// # }
    /// # file.extend(encoder.finish()?);
    /// use tintype::ClipDecoder;
    ///
    /// let mut decoder = ClipDecoder::new(&file[..])?;
    /// let mut count = 0;
    /// while let Some(planes) = decoder.next_picture()? {
    ///     assert_eq!(planes.shape, info.shape);
    ///     count += 1;
    /// }
    /// assert_eq!(count, 5);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn next_picture(&mut self) -> Result<Option<Planes>> {
        Ok(self.next_frame()?.map(|frame| frame.cropped(&self.info.shape)))
    }

    fn next_frame(&mut self) -> Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                self.next += 1;
                return Ok(Some(frame));
            }
            if self.next < self.ahead {
                // What could not be decoded: the last picture stands still.
                self.next += 1;
                return Ok(Some(self.last.clone().unwrap_or_else(|| Frame::gray(&self.format))));
            }
            if self.ended || !self.take_group()? {
                self.ended = true;
                return Ok(None);
            }
        }
    }

    /// Goes on by a span or a group; whether there was one.
    fn take_group(&mut self) -> Result<bool> {
        if let Some((group, end, cut)) = &mut self.group {
            match group.next_span() {
                Ok(frames) if !frames.is_empty() => {
                    self.ahead += frames.len() as u32;
                    self.last = frames.last().cloned();
                    self.ready.extend(frames);
                }
                Err(_) if *cut => return Ok(false),
                Ok(_) | Err(_) => {
                    let end = *end;
                    self.group = None;
                    self.freeze_until(end)?;
                }
            }
            return Ok(true);
        }
        match self.reader.next_group()? {
            Some(group) => self.start(group)?,
            None => {
                let pictures = self.reader.pictures().filter(|_| self.reader.is_complete());
                self.freeze_until(pictures.unwrap_or(0))?;
                return Ok(self.next < self.ahead);
            }
        }
        Ok(true)
    }

    fn start(&mut self, group: ClipGroup) -> Result<()> {
        let end = group.first.saturating_add(group.count);
        if group.first < self.ahead || end > group.first.saturating_add(256) {
            return Ok(());
        }
        self.freeze_until(group.first)?;
        if !group.whole && !group.cut {
            return self.freeze_until(end);
        }
        match GroupDecoder::new(group.bytes, &self.format, &self.exec) {
            Ok(decoder) if decoder.count() == group.count as usize => {
                self.group = Some((decoder, end, group.cut));
                Ok(())
            }
            Err(error @ CodecError::Limit { .. }) => {
                Err(Error::Codec { step: Step::Decode(VIDEO), error })
            }
            _ if group.cut => Ok(()),
            _ => self.freeze_until(end),
        }
    }

    /// Names the pictures from `ahead` to `end` as damaged.
    fn freeze_until(&mut self, end: u32) -> Result<()> {
        if end > self.ahead {
            if end - self.ahead > MISSING_MAX {
                return Err(Error::Limit { what: "missing pictures in a row", max: MISSING_MAX.into() });
            }
            self.damaged.push(self.ahead..end);
            self.ahead = end;
        }
        Ok(())
    }
}

/// Most pictures in a row that are replaced by the last good one.
const MISSING_MAX: u32 = 1 << 16;

impl<R: Read + Seek> ClipDecoder<R> {
    /// Goes to a picture: the next one is that one. Only its group is read, by the index at the end of the file.
    ///
    /// # Errors
    /// As [`ClipDecoder::next_picture`]; `Misuse` where the clip ends before it.
    ///
    /// ```
    /// # use tintype::{ClipEncoder, ClipInfo, Planes, Shape};
    /// # let info = ClipInfo::new(Shape::gray(64, 48, 8), (25, 1));
    /// # let mut encoder = ClipEncoder::new(&info)?.group(2);
    /// # let mut file = Vec::new();
    /// # for _ in 0..5 {
    /// #     file.extend(encoder.push(&Planes::new(info.shape.clone()))?);
    /// # }
    /// # file.extend(encoder.finish()?);
    /// use tintype::ClipDecoder;
    ///
    /// let mut decoder = ClipDecoder::new(std::io::Cursor::new(file))?;
    /// decoder.seek(3)?;
    /// assert!(decoder.next_picture()?.is_some());
    /// assert_eq!(decoder.position(), 4);
    /// assert!(decoder.seek(9).is_err());
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn seek(&mut self, picture: u32) -> Result<()> {
        self.reader.seek(picture)?;
        self.ready.clear();
        (self.group, self.ended) = (None, false);
        let group = self.reader.next_group()?;
        self.next = group.as_ref().map_or(picture, |group| group.first.min(picture));
        self.ahead = self.next;
        if let Some(group) = group {
            self.start(group)?;
        }
        while self.next < picture {
            if self.next_frame()?.is_none() {
                return Err(Error::Misuse { what: format!("the clip ends at picture {}", self.next) });
            }
        }
        Ok(())
    }

    /// How many pictures the clip has, if its index is there.
    ///
    /// # Errors
    /// `Container` where the stream fails.
    ///
    /// ```
    /// # use tintype::{ClipEncoder, ClipInfo, Planes, Shape};
    /// # let info = ClipInfo::new(Shape::gray(64, 48, 8), (25, 1));
    /// # let mut encoder = ClipEncoder::new(&info)?.group(2);
    /// # let mut file = Vec::new();
    /// # for _ in 0..5 {
    /// #     file.extend(encoder.push(&Planes::new(info.shape.clone()))?);
    /// # }
    /// # file.extend(encoder.finish()?);
    /// use tintype::ClipDecoder;
    ///
    /// assert_eq!(ClipDecoder::new(std::io::Cursor::new(file))?.pictures()?, Some(5));
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn pictures(&mut self) -> Result<Option<u32>> {
        if self.reader.pictures().is_none() {
            self.reader.seek(self.next)?;
        }
        Ok(self.reader.pictures())
    }
}
