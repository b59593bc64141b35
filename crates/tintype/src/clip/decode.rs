//! The pictures of a clip, one after another.

use super::ClipInfo;
use crate::error::{Error, Result, Step};
use crate::frame::container_limits;
use crate::input::Input;
use crate::options::DecodeOptions;
use crate::registry::clips::{ExactDecoder, Format, Frame, GroupDecoder, still_codec};
use crate::registry::ids::VIDEO;
use std::collections::VecDeque;
use std::io::{Read, Seek};
use std::ops::Range;
use tintype_codec::{CodecError, Exec};
use tintype_container::{ClipGroup, ClipReader, read_varint};
use tintype_image::{Planes, Shape};

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
    /// Of the colours, where their samples may change.
    format: Option<Format>,
    /// Shape of the plane of opacity or depth.
    further: Option<Shape>,
    reader: ClipReader<Input<R>>,
    exec: Exec,
    /// Pictures that are ready.
    ready: VecDeque<Shown>,
    group: Option<Group>,
    /// First picture of the last group that was begun, and how long each of its pictures is shown.
    times: (u32, Vec<u32>),
    /// Of the picture that was given last.
    ticks: u32,
    /// Number of the next picture.
    next: u32,
    /// Number of the first picture after those that are ready.
    ahead: u32,
    last: Option<Shown>,
    damaged: Vec<Range<u32>>,
    ended: bool,
}

/// The group that is being decoded.
#[derive(Debug)]
struct Group {
    colours: Option<GroupDecoder>,
    exact: Option<ExactDecoder<'static>>,
    /// The number after its last picture.
    end: u32,
    /// Whether the file ends in it.
    cut: bool,
}

/// A picture: colours, and exact planes: all of them, or what stands beside colours.
#[derive(Clone, Debug)]
struct Shown(Option<Frame>, Option<Planes>);

impl Shown {
    fn planes(self, info: &ClipInfo) -> Planes {
        match self {
            Self(Some(frame), exact) => {
                let mut planes = frame.cropped(&info.colours());
                planes.planes.extend(exact.into_iter().flat_map(|exact| exact.planes));
                planes.shape = info.shape.clone();
                planes
            }
            Self(None, exact) => exact.unwrap_or_else(|| Planes::new(info.shape.clone())),
        }
    }
}

impl Group {
    /// The next pictures, none after the last.
    fn next(&mut self) -> std::result::Result<Vec<Shown>, CodecError> {
        let Some(colours) = &mut self.colours else {
            let exact = self.exact.as_mut().map(ExactDecoder::next_picture).transpose()?.flatten();
            return Ok(exact.into_iter().map(|exact| Shown(None, Some(exact))).collect());
        };
        let mut shown = Vec::new();
        for frame in colours.next_span()? {
            let exact = self.exact.as_mut().map(ExactDecoder::next_picture).transpose()?.flatten();
            shown.push(Shown(Some(frame), exact));
        }
        Ok(shown)
    }
}

fn failed(error: CodecError) -> Error {
    Error::Codec { step: Step::Decode(VIDEO), error }
}

/// Whether a file holds a clip, which may be sealed: then whether that is what the keys of `options` open. Reads the
/// file's first bytes.
///
/// ```
/// use tintype::{DecodeOptions, holds_clip};
///
/// assert!(holds_clip(&b"\x89TIN\x04..."[..], &DecodeOptions::new()));
/// assert!(!holds_clip(&b"\x89TIN\x01..."[..], &DecodeOptions::new()));
/// ```
pub fn holds_clip(mut source: impl Read, options: &DecodeOptions) -> bool {
    let mut front = Vec::new();
    if source.by_ref().take(5).read_to_end(&mut front).is_err() || super::is_clip(&front) {
        return super::is_clip(&front);
    }
    crate::input::opens_as_clip(&front, source, options)
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
        Self::with_options(source, DecodeOptions::new())
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
        Self::with_options(source, DecodeOptions::new().threads(count))
    }

    /// The same with threads, limits and keys of `options`; what they say of scale and region means nothing here. A
    /// sealed clip opens with its keys. Where it was changed, reading ends with an error: no damaged group is left out.
    ///
    /// # Errors
    /// As [`ClipDecoder::new`]; `Seal` for a sealed clip that the keys do not open.
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
    /// use tintype::{ClipDecoder, DecodeOptions, Limits};
    ///
    /// let limits = Limits { pixels_max: 1000, ..Limits::default() };
    /// assert!(ClipDecoder::with_options(&file[..], DecodeOptions::new().limits(limits)).is_err());
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn with_options(source: R, options: DecodeOptions) -> Result<Self> {
        let options = options.started();
        let input = Input::stream(source, &options)?.input;
        let exec = options.exec;
        let reader = ClipReader::new(input, container_limits(&exec.limits))?;
        let info = ClipInfo::read(reader.head())?;
        info.shape.check(&exec.limits)?;
        let format = match info.exact {
            true => None,
            false => Some(Format::of(&info.colours(), &exec.limits).map_err(failed)?),
        };
        Ok(Self {
            further: info.further().filter(|_| !info.exact),
            info,
            format,
            times: (0, Vec::new()),
            ticks: 1,
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
        Ok(self.next_shown()?.map(|shown| shown.planes(&self.info)))
    }

    /// For how many ticks the picture that was given last is shown: 1 but in timed clips.
    ///
    /// ```
    /// # use tintype::{ClipEncoder, ClipInfo, Planes, Shape};
    /// # let info = ClipInfo::new(Shape::gray(64, 48, 8), (100, 1)).timed();
    /// # let mut encoder = ClipEncoder::new(&info)?;
    /// # let mut file = encoder.push_for(&Planes::new(info.shape.clone()), 40)?;
    /// # file.extend(encoder.finish()?);
    /// use tintype::ClipDecoder;
    ///
    /// let mut decoder = ClipDecoder::new(&file[..])?;
    /// decoder.next_picture()?;
    /// assert_eq!((decoder.ticks(), decoder.info().frame_rate), (40, (100, 1)));
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn ticks(&self) -> u32 {
        self.ticks
    }

    fn next_shown(&mut self) -> Result<Option<Shown>> {
        loop {
            if self.next < self.ahead {
                if let Some(at) = self.next.checked_sub(self.times.0)
                    && let Some(&ticks) = self.times.1.get(at as usize)
                {
                    self.ticks = ticks;
                }
                self.next += 1;
                if let Some(shown) = self.ready.pop_front() {
                    return Ok(Some(shown));
                }
                // What could not be decoded: the last picture stands still.
                return Ok(Some(self.last.clone().unwrap_or_else(|| self.gray())));
            }
            if self.ended || !self.take_group()? {
                self.ended = true;
                return Ok(None);
            }
        }
    }

    /// What stands for a picture before the first good one.
    fn gray(&self) -> Shown {
        let exact = self.further.clone().map(Planes::new);
        Shown(self.format.as_ref().map(Frame::gray), exact)
    }

    /// Goes on by a span or a group; whether there was one.
    fn take_group(&mut self) -> Result<bool> {
        if let Some(group) = &mut self.group {
            match group.next() {
                Ok(shown) if !shown.is_empty() => {
                    self.ahead += shown.len() as u32;
                    self.last = shown.last().cloned();
                    self.ready.extend(shown);
                }
                // More work than is allowed is no damage.
                Err(error @ CodecError::Limit { .. }) => return Err(failed(error)),
                Err(_) if group.cut => return Ok(false),
                Ok(_) | Err(_) => {
                    let end = group.end;
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
        let (first, cut) = (group.first, group.cut);
        match self.opened(group, end) {
            Ok((group, times)) => {
                (self.group, self.times) = (Some(group), (first, times));
                Ok(())
            }
            Err(error @ Error::Codec { error: CodecError::Limit { .. }, .. }) => Err(error),
            Err(_) if cut => Ok(()),
            Err(_) => self.freeze_until(end),
        }
    }

    /// The decoders of a group, and how long its pictures are shown.
    fn opened(&self, group: ClipGroup, end: u32) -> Result<(Group, Vec<u32>)> {
        let (count, cut) = (group.count as usize, group.cut);
        let mut rest = &group.bytes[..];
        let mut times = Vec::new();
        for _ in (0..count).filter(|_| self.info.timed) {
            times.push(read_varint(&mut rest, 0)?.min(u32::MAX.into()) as u32);
        }
        let exec = &self.exec;
        let exact = |bytes: &[u8], shape: &Shape| {
            ExactDecoder::new(bytes.to_vec(), shape, count, still_codec(), exec).map_err(failed)
        };
        let Some(format) = &self.format else {
            let exact = Some(exact(rest, &self.info.shape)?);
            return Ok((Group { colours: None, exact, end, cut }, times));
        };
        let mut beside = None;
        if let Some(shape) = &self.further {
            let len = read_varint(&mut rest, 0)?;
            let len = usize::try_from(len).ok().filter(|&len| len <= rest.len());
            let malformed = || Error::Malformed { what: "a group's planes end early".into(), at: None };
            let (own, after) = rest.split_at(len.ok_or_else(malformed)?);
            (beside, rest) = (Some(exact(own, shape)?), after);
        }
        let colours = GroupDecoder::new(rest.to_vec(), format, exec).map_err(failed)?;
        if colours.count() != count {
            return Err(Error::Malformed { what: "a group's number of pictures".into(), at: None });
        }
        Ok((Group { colours: Some(colours), exact: beside, end, cut }, times))
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
            if self.next_shown()?.is_none() {
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
