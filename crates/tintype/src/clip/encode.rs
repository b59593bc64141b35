//! Pictures in, the bytes of a clip out.

use super::ClipInfo;
use crate::error::{Error, Result, Step};
use crate::registry::clips::{CutFinder, ExactEncoder, Format, Frame, GroupSettings, encode_frames};
use crate::registry::{clips::still_codec, ids::VIDEO};
use tintype_codec::{CodecError, Exec};
use tintype_container::{ClipWriter, write_varint};
use tintype_image::{Limits, Planes, Threads};
#[cfg(feature = "seal")]
use {
    super::sealed, super::sealed::Sealing, crate::seal::Seal, tintype_image::Metadata,
    tintype_image::Picture,
};

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
    info: ClipInfo,
    form: Form,
    writer: Option<ClipWriter<Vec<u8>>>,
    /// Planes of opacity or depth beside lossy colours, or all planes.
    exact: Option<ExactEncoder>,
    /// How long each picture of the group is shown.
    ticks: Vec<u32>,
    quality: f32,
    effort: u8,
    group: Option<usize>,
    exec: Exec,
    #[cfg(feature = "seal")]
    sealing: Option<Sealing>,
}

/// How colours are coded.
#[derive(Debug)]
enum Form {
    Exact,
    Lossy { format: Format, frames: Vec<Frame>, cuts: CutFinder },
}

/// The usual number of pictures of a group.
const GROUP: usize = 32;
/// The same where every sample comes back: most pictures then cost little, but a group's first one.
const GROUP_EXACT: usize = 128;

fn failed(error: CodecError) -> Error {
    Error::Codec { step: Step::Encode(VIDEO), error }
}

impl ClipEncoder {
    /// An encoder of pictures of `info.shape` at quality 75, effort 5, with groups of 32, of 128 where every sample
    /// comes back.
    ///
    /// # Errors
    /// `Unsupported` for pictures that are neither gray nor of three planes, with or without a plane of opacity or
    /// depth, or that have more than 12 bits where samples may change.
    ///
    /// ```
    /// use tintype::{ClipEncoder, ClipInfo, Shape};
    ///
    /// let info = ClipInfo::new(Shape::gray(64, 48, 8), (25, 1));
    /// assert!(ClipEncoder::new(&info).is_ok());
    /// let deep = ClipInfo::new(Shape::gray(64, 48, 16), (25, 1));
    /// assert!(ClipEncoder::new(&deep).is_err() && ClipEncoder::new(&deep.exact()).is_ok());
    /// ```
    pub fn new(info: &ClipInfo) -> Result<Self> {
        let limits = Limits::default();
        info.shape.check(&limits)?;
        let form = if info.exact {
            Form::Exact
        } else {
            let format = Format::of(&info.colours(), &limits).map_err(failed)?;
            Form::Lossy { format, frames: Vec::new(), cuts: CutFinder::default() }
        };
        let writer = ClipWriter::new(Vec::new(), &info.write()?)?;
        Ok(Self {
            info: info.clone(),
            form,
            writer: Some(writer),
            exact: None,
            ticks: Vec::new(),
            quality: 75.0,
            effort: 5,
            group: None,
            exec: Exec::default(),
            #[cfg(feature = "seal")]
            sealing: None,
        })
    }

    /// Seals the clip. A preview is its first picture, smaller. No more than a chunk waits to be sealed.
    ///
    /// ```
    /// use tintype::{ClipDecoder, ClipEncoder, ClipInfo, DecodeOptions, Identity, Lock, Planes, Seal, Shape};
    ///
    /// let identity = Identity::generate()?;
    /// let seal = Seal::new(Lock::for_recipients(&[identity.recipient()?])?);
    /// let info = ClipInfo::new(Shape::gray(64, 48, 8), (25, 1));
    /// let mut encoder = ClipEncoder::new(&info)?.seal(seal);
    /// let mut file = encoder.push(&Planes::new(info.shape.clone()))?;
    /// file.extend(encoder.finish()?);
    ///
    /// let keys = tintype::Keys::new().identities([identity]);
    /// let mut decoder = ClipDecoder::with_options(&file[..], DecodeOptions::new().keys(keys))?;
    /// assert_eq!(decoder.next_picture()?, Some(Planes::new(info.shape)));
    /// assert!(ClipDecoder::new(&file[..]).is_err());
    /// # Ok::<(), tintype::Error>(())
    /// ```
    #[cfg(feature = "seal")]
    pub fn seal(mut self, seal: Seal) -> Self {
        self.sealing = Some(Sealing::Asked(seal));
        self
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
        self.group = Some(pictures.clamp(1, 256));
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
        self.push_for(picture, 1)
    }

    /// The same for a picture that is shown for so many ticks; that counts in timed clips.
    ///
    /// # Errors
    /// As [`ClipEncoder::push`].
    ///
    /// ```
    /// use tintype::{ClipDecoder, ClipEncoder, ClipInfo, Planes, Shape};
    ///
    /// let picture = Planes::new(Shape::gray(64, 48, 8));
    /// let mut encoder = ClipEncoder::new(&ClipInfo::new(picture.shape.clone(), (100, 1)).timed())?;
    /// let mut file = encoder.push_for(&picture, 7)?;
    /// file.extend(encoder.push_for(&picture, 250)?);
    /// file.extend(encoder.finish()?);
    /// let mut decoder = ClipDecoder::new(&file[..])?;
    /// decoder.next_picture()?;
    /// assert_eq!(decoder.ticks(), 7);
    /// decoder.next_picture()?;
    /// assert_eq!(decoder.ticks(), 250);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn push_for(&mut self, picture: &Planes, ticks: u32) -> Result<Vec<u8>> {
        if picture.shape != self.info.shape {
            return Err(Error::Misuse { what: "a picture of another shape than the clip's".into() });
        }
        picture.check(&Limits::default())?;
        self.begin_sealing(Some(picture))?;
        let mut new = None;
        if let Form::Lossy { format, cuts, .. } = &mut self.form {
            let frame = Frame::padded(picture, format);
            let cut = cuts.begins_anew(&frame, format, &self.exec);
            new = Some(frame);
            if cut {
                self.close_group()?;
            }
        }
        self.push_exact(picture)?;
        if let Form::Lossy { frames, .. } = &mut self.form {
            frames.extend(new);
        }
        self.ticks.push(ticks);
        let usual = if self.info.exact { GROUP_EXACT } else { GROUP };
        if self.ticks.len() >= self.group.unwrap_or(usual) {
            self.close_group()?;
        }
        self.take()
    }

    /// Takes what comes back exactly: all planes, or the one of opacity or depth.
    fn push_exact(&mut self, picture: &Planes) -> Result<()> {
        let further = self.info.further().filter(|_| !self.info.exact);
        let (shape, alone) = match further {
            Some(shape) => {
                let planes = picture.planes.last().cloned().into_iter().collect();
                let alone = Planes { shape: shape.clone(), planes };
                (shape, Some(alone))
            }
            None if self.info.exact => (self.info.shape.clone(), None),
            None => return Ok(()),
        };
        let picture = alone.as_ref().unwrap_or(picture);
        let encoder =
            self.exact.get_or_insert_with(|| ExactEncoder::new(&shape, self.effort, &self.exec));
        encoder.push(picture, still_codec()).map_err(failed)
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
        self.begin_sealing(None)?;
        let rest = match self.writer.take() {
            Some(writer) => writer.finish()?,
            None => Vec::new(),
        };
        #[cfg(feature = "seal")]
        if let Some(mut sealing) = self.sealing.take() {
            let mut bytes = sealing.pass(&rest)?;
            bytes.extend(sealing.finish()?);
            return Ok(bytes);
        }
        Ok(rest)
    }

    /// Begins the sealed file, if that was not done; `first` is the clip's first picture.
    #[cfg(feature = "seal")]
    fn begin_sealing(&mut self, first: Option<&Planes>) -> Result<()> {
        let Some(Sealing::Asked(_)) = &self.sealing else { return Ok(()) };
        let picture = first.map(|planes| {
            let mut metadata = Metadata::default();
            if !self.info.words.is_empty() {
                metadata.set(Metadata::Y4M_HEADER, self.info.words.clone().into_bytes());
            }
            Picture { planes: planes.clone(), metadata }
        });
        let quality = Some(self.quality).filter(|_| !self.info.exact);
        let encoder = sealed::preview_encoder(quality, self.effort, self.exec.threads.count());
        self.sealing.as_mut().map_or(Ok(()), |sealing| sealing.begin(picture, &encoder))
    }

    #[cfg(not(feature = "seal"))]
    fn begin_sealing(&mut self, _: Option<&Planes>) -> Result<()> {
        Ok(())
    }

    fn take(&mut self) -> Result<Vec<u8>> {
        let bytes = self.writer.as_mut().map(|writer| std::mem::take(writer.target_mut()));
        let bytes = bytes.unwrap_or_default();
        #[cfg(feature = "seal")]
        if let Some(sealing) = &mut self.sealing {
            return sealing.pass(&bytes);
        }
        Ok(bytes)
    }

    fn close_group(&mut self) -> Result<()> {
        if self.ticks.is_empty() {
            return Ok(());
        }
        let count = self.ticks.len() as u32;
        let mut bytes = Vec::new();
        for ticks in self.ticks.drain(..).filter(|_| self.info.timed) {
            write_varint(&mut bytes, ticks.into());
        }
        let exact = self.exact.as_mut().map(|encoder| encoder.finish(still_codec()));
        let exact = exact.transpose().map_err(failed)?;
        match &mut self.form {
            Form::Exact => bytes.extend(exact.unwrap_or_default()),
            Form::Lossy { format, frames, .. } => {
                if let Some(exact) = exact {
                    write_varint(&mut bytes, exact.len() as u64);
                    bytes.extend(exact);
                }
                let settings = GroupSettings::of_quality(self.quality, self.effort);
                let frames = std::mem::take(frames);
                bytes.extend(encode_frames(frames, format, &settings, &self.exec));
            }
        }
        if let Some(writer) = &mut self.writer {
            writer.group(count, &bytes)?;
        }
        Ok(())
    }
}
