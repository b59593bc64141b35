//! YUV4MPEG2: raw video frames of 4:2:0, 4:2:2, 4:4:0, 4:4:4, 4:1:1, 4:1:0 or gray, 8 to 16 bits,
//! read and written frame by frame.
//!
//! In: any reader; out: one [`Planes`] a frame, and back. Deep samples are 16-bit little-endian
//! words. Frames are BT.601, of full range unless the header says `XCOLORRANGE=LIMITED`, which
//! stands in [`Y4mHeader::parameters`] and, of a picture, in [`Metadata::Y4M_HEADER`]; samples are
//! never rescaled, so that reading and writing returns every byte. Interlacing is kept as a
//! parameter and otherwise ignored. Chroma of 4:1:1 and 4:1:0 is spread to half the columns (and
//! half the rows of 4:1:0) by repeating samples; writing takes every second one.
//!
//! Source: the mjpegtools manual page yuv4mpeg(5), and the `C420p10`-like extensions of FFmpeg.

mod picture;

pub(super) use picture::{read, write};

#[cfg(doc)]
use crate::Metadata;
use crate::{ColourModel, ImageError, Limits, PlaneInfo, PlaneRole, Planes, Shape, YCbCrMatrix};
use std::io::{BufRead, Read, Write};

/// The header of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Y4mHeader {
    /// Size, sampling and depth of every frame.
    pub shape: Shape,
    /// Frames a second as a fraction; 0:0 is unknown.
    pub frame_rate: (u32, u32),
    /// Further header words, unchanged: interlacing, pixel aspect, comments.
    pub parameters: Vec<String>,
    /// The sampling word, such as `420jpeg`.
    sampling: String,
}

/// The longest header or frame line.
const LINE_BYTES_MAX: usize = 4096;

impl Y4mHeader {
    /// A header for frames of `shape`.
    ///
    /// # Errors
    /// `Unsupported` for shapes other than gray and YCbCr of one depth with equal chroma
    /// sampling.
    pub fn new(shape: Shape, frame_rate: (u32, u32)) -> Result<Self, ImageError> {
        let bits = shape.planes[0].bit_depth;
        let even = shape.planes.iter().all(|p| p.bit_depth == bits);
        let ratios: Vec<_> =
            shape.planes.iter().map(|p| (p.subsample_x_log2, p.subsample_y_log2)).collect();
        let base = match (shape.colour, &ratios[..]) {
            (ColourModel::Gray, [(0, 0)]) => "mono",
            (ColourModel::YCbCr(_), [(0, 0), (0, 0), (0, 0)]) => "444",
            (ColourModel::YCbCr(_), [(0, 0), (0, 0), (0, 0), (0, 0)])
                if bits == 8 && shape.planes[3].role == PlaneRole::Alpha =>
            {
                "444alpha"
            }
            (ColourModel::YCbCr(_), [(0, 0), (1, 0), (1, 0)]) => "422",
            (ColourModel::YCbCr(_), [(0, 0), (0, 1), (0, 1)]) => "440",
            (ColourModel::YCbCr(_), [(0, 0), (1, 1), (1, 1)]) => "420",
            _ => "",
        };
        if base.is_empty() || !even || bits < 8 {
            let what = format!(
                "Y4M of {} in this depth and sampling; Y4M takes gray and YCbCr of 8 to 16 bits",
                shape.colour
            );
            return Err(ImageError::Unsupported { what });
        }
        let sampling = match (base, bits) {
            ("420", 8) => "420jpeg".to_owned(),
            (_, 8) => base.to_owned(),
            ("mono", _) => format!("mono{bits}"),
            _ => format!("{base}p{bits}"),
        };
        Ok(Self { shape, frame_rate, parameters: vec!["Ip".into(), "A1:1".into()], sampling })
    }

    /// A header for frames of `shape` with these `words`, as [`Y4mHeader::words`] gave them.
    ///
    /// # Errors
    /// `Malformed`, `Unsupported` where the words say nothing usable, `Misuse` where they are of another shape.
    pub fn with_words(shape: &Shape, words: &str) -> Result<Self, ImageError> {
        let line = format!("YUV4MPEG2 W{} H{} {words}", shape.width_px, shape.height_px);
        let header = Self::parse(&line, &Limits::default())?;
        if header.shape != *shape {
            return Err(ImageError::Misuse {
                what: format!("y4m header \"{words}\" for another shape"),
            });
        }
        Ok(header)
    }

    /// All words but size, in a line.
    pub fn words(&self) -> String {
        let (n, d) = self.frame_rate;
        let mut words = format!("F{n}:{d} C{}", self.sampling);
        self.parameters.iter().for_each(|word| words += &format!(" {word}"));
        words
    }

    /// How many columns and rows of a chroma plane one stored sample stands for.
    fn repeats(&self) -> (usize, usize) {
        match self.sampling.get(..3) {
            Some("411") => (2, 1),
            Some("410") => (2, 2),
            _ => (1, 1),
        }
    }

    fn parse(line: &str, limits: &Limits) -> Result<Self, ImageError> {
        let malformed = |what: String| ImageError::Malformed { what, at: None };
        let (mut width, mut height, mut frame_rate) = (0, 0, (0, 0));
        let mut sampling = "420jpeg".to_owned();
        let mut parameters = Vec::new();
        for word in line.split(' ').skip(1).filter(|w| !w.is_empty()) {
            let Some((key, value)) = word.split_at_checked(1) else { continue };
            let number =
                || value.parse::<usize>().map_err(|_| malformed(format!("Y4M header word \"{word}\"")));
            match key {
                "W" => width = number()?,
                "H" => height = number()?,
                "F" => {
                    let parts = value.split_once(':').map(|(n, d)| (n.parse(), d.parse()));
                    let Some((Ok(n), Ok(d))) = parts else {
                        return Err(malformed(format!("Y4M frame rate \"{word}\"")));
                    };
                    frame_rate = (n, d);
                }
                "C" => sampling = value.to_owned(),
                _ => parameters.push(word.to_owned()),
            }
        }
        let shape = shape_of(width, height, &sampling)?;
        shape.check(limits)?;
        Ok(Self { shape, frame_rate, parameters, sampling })
    }
}

fn shape_of(width: usize, height: usize, sampling: &str) -> Result<Shape, ImageError> {
    let unsupported = || ImageError::Unsupported { what: format!("Y4M sampling \"{sampling}\"") };
    if let Some(bits) = sampling.strip_prefix("mono") {
        let bits = if bits.is_empty() { 8 } else { bits.parse().map_err(|_| unsupported())? };
        return if (8..=16).contains(&bits) {
            Ok(Shape::gray(width, height, bits))
        } else {
            Err(unsupported())
        };
    }
    let (base, rest) = sampling.split_at_checked(3).ok_or_else(unsupported)?;
    let ratios = match base {
        "420" | "410" => (1, 1),
        "422" | "411" => (1, 0),
        "440" => (0, 1),
        "444" => (0, 0),
        _ => return Err(unsupported()),
    };
    let (bits, alpha) = match rest {
        "" | "jpeg" | "mpeg2" | "paldv" => (8, false),
        "alpha" if base == "444" => (8, true),
        _ => (rest.strip_prefix('p').and_then(|b| b.parse().ok()).ok_or_else(unsupported)?, false),
    };
    if !(8..=16).contains(&bits) {
        return Err(unsupported());
    }
    let mut shape = Shape::rgb(width, height, bits);
    shape.colour = ColourModel::YCbCr(YCbCrMatrix::Bt601);
    for plane in &mut shape.planes[1..] {
        (plane.subsample_x_log2, plane.subsample_y_log2) = ratios;
    }
    if alpha {
        shape.planes.push(PlaneInfo::new(PlaneRole::Alpha, bits));
    }
    Ok(shape)
}

/// Reads frames one after another; an iterator that ends after the last frame or the first error.
pub struct Y4mReader<R> {
    source: R,
    header: Y4mHeader,
    ended: bool,
}

impl<R: BufRead> Y4mReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// `Malformed`, `Unsupported`, `Limit`, `Truncated`, `Io`.
    pub fn new(mut source: R, limits: &Limits) -> Result<Self, ImageError> {
        let line = line(&mut source)?.ok_or(ImageError::Truncated { needed: 1 })?;
        if !line.starts_with("YUV4MPEG2") {
            return Err(ImageError::Malformed { what: "no YUV4MPEG2 header".into(), at: None });
        }
        let header = Y4mHeader::parse(&line, limits)?;
        Ok(Self { source, header, ended: false })
    }

    /// The header.
    pub fn header(&self) -> &Y4mHeader {
        &self.header
    }

    /// What is read from; what is taken from it is missing in the next frame.
    pub fn source_mut(&mut self) -> &mut R {
        &mut self.source
    }

    fn frame(&mut self) -> Result<Option<Planes>, ImageError> {
        let Some(line) = line(&mut self.source)? else { return Ok(None) };
        if line != "FRAME" && !line.starts_with("FRAME ") {
            return Err(ImageError::Malformed { what: "y4m frame without FRAME".into(), at: None });
        }
        let mut planes = Planes::new(self.header.shape.clone());
        let mut bytes = Vec::new();
        let repeats = self.header.repeats();
        for (index, plane) in planes.planes.iter_mut().enumerate() {
            let info = &planes.shape.planes[index];
            let (across, down) = if is_chroma(index, info) { repeats } else { (1, 1) };
            let deep = info.bit_depth > 8;
            bytes.resize(plane.width().div_ceil(across) << u32::from(deep), 0);
            for y in 0..plane.height() {
                if y % down == 0 {
                    self.source.read_exact(&mut bytes).map_err(ended_early)?;
                }
                let stored = |x: usize| match deep {
                    false => u16::from(bytes[x]),
                    true => u16::from_le_bytes([bytes[2 * x], bytes[2 * x + 1]]),
                };
                let row = plane.row_mut(y);
                row.iter_mut().enumerate().for_each(|(x, sample)| *sample = stored(x / across));
                if let Some(sample) = row.iter().find(|sample| **sample > info.sample_max()) {
                    let what = format!("y4m sample {sample} of {} bits", info.bit_depth);
                    return Err(ImageError::Malformed { what, at: None });
                }
            }
        }
        Ok(Some(planes))
    }
}

impl<R: BufRead> Iterator for Y4mReader<R> {
    type Item = Result<Planes, ImageError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let frame = self.frame().transpose();
        self.ended = !matches!(frame, Some(Ok(_)));
        frame
    }
}

fn is_chroma(index: usize, info: &PlaneInfo) -> bool {
    index > 0 && info.role == PlaneRole::Colour
}

fn ended_early(error: std::io::Error) -> ImageError {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => ImageError::Truncated { needed: 1 },
        _ => ImageError::Io(error),
    }
}

/// A line without its end, or `None` at the end of the file.
fn line(source: &mut impl BufRead) -> Result<Option<String>, ImageError> {
    let mut bytes = Vec::new();
    source.take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut bytes)?;
    match bytes.pop() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Some(_) if bytes.len() + 1 == LINE_BYTES_MAX => {
            Err(ImageError::Limit { what: "bytes of a y4m line", max: LINE_BYTES_MAX as u64 })
        }
        Some(_) => Err(ImageError::Truncated { needed: 1 }),
    }
}

/// Writes frames one after another.
pub struct Y4mWriter<W> {
    target: W,
    header: Y4mHeader,
}

impl<W: Write> Y4mWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// `Io`.
    pub fn new(mut target: W, header: Y4mHeader) -> Result<Self, ImageError> {
        let (shape, (n, d)) = (&header.shape, header.frame_rate);
        write!(
            target,
            "YUV4MPEG2 W{} H{} F{n}:{d} C{}",
            shape.width_px, shape.height_px, header.sampling
        )?;
        header.parameters.iter().try_for_each(|word| write!(target, " {word}"))?;
        target.write_all(b"\n")?;
        Ok(Self { target, header })
    }

    /// Writes one frame, which must have the header's shape.
    ///
    /// # Errors
    /// `Misuse` for another shape, `Io`.
    pub fn write(&mut self, frame: &Planes) -> Result<(), ImageError> {
        if frame.shape != self.header.shape {
            return Err(ImageError::Misuse {
                what: "y4m frame of another shape than the header's".into(),
            });
        }
        self.target.write_all(b"FRAME\n")?;
        let mut bytes = Vec::new();
        for (index, (plane, info)) in frame.planes.iter().zip(&frame.shape.planes).enumerate() {
            let chroma = is_chroma(index, info);
            let (across, down) = if chroma { self.header.repeats() } else { (1, 1) };
            for row in plane.rows().step_by(down) {
                let row = row.iter().step_by(across);
                bytes.clear();
                if info.bit_depth > 8 {
                    bytes.extend(row.flat_map(|s| s.to_le_bytes()));
                } else {
                    bytes.extend(row.map(|s| *s as u8));
                }
                self.target.write_all(&bytes)?;
            }
        }
        Ok(())
    }

    /// The target, after the last frame.
    pub fn into_inner(self) -> W {
        self.target
    }
}
