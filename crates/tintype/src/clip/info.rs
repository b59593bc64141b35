//! What holds for all pictures of a clip, and its bytes: the head of the file.

use crate::error::{Error, Result};
use tintype_container::{read_varint, write_varint};
use tintype_image::{ColourModel, PlaneInfo, PlaneRole, Shape, YCbCrMatrix};

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
    /// Size, sampling and depth of the pictures: gray or three planes, and perhaps one of opacity or depth, which
    /// always comes back exactly.
    pub shape: Shape,
    /// Pictures a second as a fraction; 0:0 is unknown. Of a timed clip ticks a second.
    pub frame_rate: (u32, u32),
    /// Further words of the y4m header that it was made of: interlacing, aspect, range, comments.
    pub words: String,
    /// Whether every sample comes back, as of clips that were made
    /// with `--lossless`.
    pub exact: bool,
    /// Whether each picture says how many ticks it is shown.
    pub timed: bool,
}

/// Bits of the byte that tells the layout: 0 to 2 colour, 3 and 4 sampling of chroma.
const FURTHER: u8 = 1 << 5;
const EXACT: u8 = 1 << 6;
const TIMED: u8 = 1 << 7;

impl ClipInfo {
    /// Of pictures of `shape`, `frame_rate.0 / frame_rate.1` of them a second.
    ///
    /// ```
    /// use tintype::{ClipInfo, Shape};
    ///
    /// assert_eq!(ClipInfo::new(Shape::gray(64, 48, 10), (25, 1)).frame_rate, (25, 1));
    /// ```
    pub fn new(shape: Shape, frame_rate: (u32, u32)) -> Self {
        Self { shape, frame_rate, words: String::new(), exact: false, timed: false }
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

    /// Every sample comes back. Pictures may then have 1 to 16 bits; quality means nothing.
    ///
    /// ```
    /// use tintype::{ClipDecoder, ClipEncoder, ClipInfo, Planes, Shape};
    ///
    /// let mut picture = Planes::new(Shape::rgb(40, 30, 8));
    /// let mut encoder = ClipEncoder::new(&ClipInfo::new(picture.shape.clone(), (1, 60)).exact())?;
    /// let mut file = encoder.push(&picture)?;
    /// picture.planes[1].row_mut(7)[5] = 99;
    /// file.extend(encoder.push(&picture)?);
    /// file.extend(encoder.finish()?);
    ///
    /// let mut decoder = ClipDecoder::new(&file[..])?;
    /// decoder.next_picture()?;
    /// assert_eq!(decoder.next_picture()?, Some(picture));
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn exact(mut self) -> Self {
        self.exact = true;
        self
    }

    /// Each picture is shown for a time of its own, in ticks of which `frame_rate` are in a second
    /// ([`ClipEncoder::push_for`](crate::ClipEncoder::push_for)).
    ///
    /// ```
    /// use tintype::{ClipInfo, Shape};
    ///
    /// assert!(ClipInfo::new(Shape::rgb(64, 48, 8), (100, 1)).timed().timed);
    /// ```
    pub fn timed(mut self) -> Self {
        self.timed = true;
        self
    }

    /// The shape of all planes but the one of opacity or depth.
    pub(super) fn colours(&self) -> Shape {
        let mut shape = self.shape.clone();
        shape.planes.retain(|plane| plane.role == PlaneRole::Colour);
        shape
    }

    /// The shape of the plane of opacity or depth alone, if there is one.
    pub(super) fn further(&self) -> Option<Shape> {
        let further = self.shape.planes.last().filter(|plane| plane.role != PlaneRole::Colour)?;
        Some(Shape::gray(self.shape.width_px, self.shape.height_px, further.bit_depth))
    }

    pub(super) fn write(&self) -> Result<Vec<u8>> {
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
        let colours = self.colours().planes;
        let further = &self.shape.planes[colours.len()..];
        let last = colours.last().filter(|_| further.len() < 2);
        let last = last.ok_or(Error::Unsupported { what: "a clip of these planes".into() })?;
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let flags =
            flag(!further.is_empty(), FURTHER) | flag(self.exact, EXACT) | flag(self.timed, TIMED);
        out.push(colour | last.subsample_x_log2 << 3 | last.subsample_y_log2 << 4 | flags);
        out.push(last.bit_depth - 1);
        for plane in further {
            out.push((plane.bit_depth - 1) | flag(plane.role == PlaneRole::Depth, 1 << 5));
        }
        write_varint(&mut out, self.frame_rate.0.into());
        write_varint(&mut out, self.frame_rate.1.into());
        write_varint(&mut out, self.words.len() as u64);
        out.extend(self.words.as_bytes());
        Ok(out)
    }

    pub(super) fn read(mut bytes: &[u8]) -> Result<Self> {
        let malformed = |what: &str| Error::Malformed { what: what.into(), at: None };
        let ended = || malformed("the clip's head ends early");
        let number = |rest: &mut &[u8], most: u64| match read_varint(rest, 0)? {
            value if value <= most => Ok::<u64, Error>(value),
            _ => Err(malformed("a number of the clip's head is too large")),
        };
        let byte = |rest: &mut &[u8]| match rest.split_first() {
            Some((&byte, after)) => {
                *rest = after;
                Ok::<u8, Error>(byte)
            }
            None => Err(ended()),
        };
        let rest = &mut bytes;
        let (width, height) = (number(rest, 65_535)? as usize, number(rest, 65_535)? as usize);
        let (layout, depth) = (byte(rest)?, byte(rest)? + 1);
        if depth > 16 {
            return Err(malformed("depth"));
        }
        let mut shape = if layout & 7 == 0 {
            Shape::gray(width, height, depth)
        } else {
            Shape::rgb(width, height, depth)
        };
        shape.colour = match layout & 7 {
            0 => ColourModel::Gray,
            1 => ColourModel::Rgb,
            2 => ColourModel::YCbCr(YCbCrMatrix::Bt601),
            3 => ColourModel::YCbCr(YCbCrMatrix::Bt709),
            colour => {
                return Err(Error::Unsupported { what: format!("colour model {colour} of a clip") });
            }
        };
        for plane in shape.planes.iter_mut().skip(1) {
            *plane = PlaneInfo::new(PlaneRole::Colour, depth);
            (plane.subsample_x_log2, plane.subsample_y_log2) = (layout >> 3 & 1, layout >> 4 & 1);
        }
        if layout & FURTHER != 0 {
            let further = byte(rest)?;
            let role = match further >> 5 {
                0 => PlaneRole::Alpha,
                1 => PlaneRole::Depth,
                role => {
                    return Err(Error::Unsupported { what: format!("plane of role {role} of a clip") });
                }
            };
            if further & 31 > 15 {
                return Err(malformed("depth"));
            }
            shape.planes.push(PlaneInfo::new(role, (further & 31) + 1));
        }
        let frame_rate = (number(rest, u32::MAX.into())? as u32, number(rest, u32::MAX.into())? as u32);
        let len = number(rest, 1 << 16)? as usize;
        let words =
            rest.get(..len).and_then(|words| std::str::from_utf8(words).ok()).ok_or_else(ended)?;
        let mut info = Self::new(shape, frame_rate).words(words);
        (info.exact, info.timed) = (layout & EXACT != 0, layout & TIMED != 0);
        Ok(info)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_come_back() {
        let mut rgbd = Shape::rgb(33, 20, 8);
        rgbd.planes.push(PlaneInfo::new(PlaneRole::Depth, 16));
        let mut clear = Shape::gray(7, 9, 8);
        clear.planes.push(PlaneInfo::new(PlaneRole::Alpha, 8));
        let mut chroma = Shape::rgb(64, 48, 10);
        chroma.colour = ColourModel::YCbCr(YCbCrMatrix::Bt709);
        (chroma.planes[1].subsample_x_log2, chroma.planes[2].subsample_x_log2) = (1, 1);
        for shape in [rgbd, clear, chroma] {
            let info = ClipInfo::new(shape, (30_000, 1001)).words("Ip");
            for info in [info.clone(), info.clone().exact(), info.timed()] {
                let bytes = info.write().unwrap();
                assert_eq!(ClipInfo::read(&bytes).unwrap(), info);
                (0..bytes.len()).for_each(|len| assert!(ClipInfo::read(&bytes[..len]).is_err()));
            }
        }
    }
}
