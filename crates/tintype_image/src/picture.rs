//! Pictures: planes with a role, depth and subsampling; a colour model; metadata.

use crate::{ImageError, Limits, Plane, reduced_len};
use std::fmt;

/// Which matrix turned RGB into YCbCr; both full range.
///
/// ```
/// use tintype_image::{ColourModel, YCbCrMatrix};
///
/// let colour = ColourModel::YCbCr(YCbCrMatrix::Bt601);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum YCbCrMatrix {
    /// ITU-R BT.601-7, as JFIF uses it.
    Bt601,
    /// ITU-R BT.709-6.
    Bt709,
}

/// What the colour planes are together.
///
/// ```
/// use tintype_image::{ColourModel, Shape};
///
/// assert_eq!(Shape::gray(8, 8, 8).colour, ColourModel::Gray);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColourModel {
    /// One plane of brightness.
    Gray,
    /// Red, green, blue.
    Rgb,
    /// Luma and two colour differences, full range, chroma centred on half the range.
    YCbCr(YCbCrMatrix),
    /// Planes without a known colour relation.
    Bands,
}

impl fmt::Display for ColourModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gray => "gray",
            Self::Rgb => "RGB",
            Self::YCbCr(YCbCrMatrix::Bt601) => "YCbCr (BT.601)",
            Self::YCbCr(YCbCrMatrix::Bt709) => "YCbCr (BT.709)",
            Self::Bands => "bands without colour",
        })
    }
}

/// What one plane holds.
///
/// ```
/// use tintype_image::{PlaneRole, Shape};
///
/// assert_eq!(Shape::gray(8, 8, 8).planes[0].role, PlaneRole::Colour);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlaneRole {
    /// A colour plane, in the order of the picture's [`ColourModel`].
    Colour,
    /// Opacity: 0 is clear, the largest sample is opaque; not premultiplied.
    Alpha,
    /// Distance; 0 means no reading.
    Depth,
    /// A further band.
    Band,
}

/// One plane without its samples.
///
/// ```
/// use tintype_image::{PlaneInfo, PlaneRole};
///
/// assert_eq!(PlaneInfo::new(PlaneRole::Depth, 12).sample_max(), 4095);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PlaneInfo {
    /// What it holds.
    pub role: PlaneRole,
    /// A name for people, perhaps empty; UTF-8, at most 255 bytes.
    pub name: String,
    /// Samples lie in `0..2^bit_depth`; 1 to 16.
    pub bit_depth: u8,
    /// The plane has `ceil(width / 2^x)` columns; 0 or 1.
    pub subsample_x_log2: u8,
    /// The plane has `ceil(height / 2^y)` rows; 0 or 1.
    pub subsample_y_log2: u8,
}

impl PlaneInfo {
    /// A nameless full-resolution plane.
    pub fn new(role: PlaneRole, bit_depth: u8) -> Self {
        Self { role, name: String::new(), bit_depth, subsample_x_log2: 0, subsample_y_log2: 0 }
    }

    /// The largest sample, `2^bit_depth - 1`.
    pub fn sample_max(&self) -> u16 {
        ((1u32 << self.bit_depth) - 1) as u16
    }
}

/// Size, colour model and planes of a picture, without samples. Both sides are 1 to 65 535.
///
/// ```
/// use tintype_image::{PlaneInfo, PlaneRole, Shape};
///
/// let mut shape = Shape::rgb(640, 480, 8);
/// shape.planes.push(PlaneInfo::new(PlaneRole::Alpha, 8));
/// assert_eq!((shape.samples(), shape.colour_planes()), (640 * 480 * 4, 3));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Width in pixels.
    pub width_px: usize,
    /// Height in pixels.
    pub height_px: usize,
    /// What the colour planes are together.
    pub colour: ColourModel,
    /// One entry for each plane: colour planes first.
    pub planes: Vec<PlaneInfo>,
}

impl Shape {
    /// `width` × `height` pixels of gray.
    pub fn gray(width_px: usize, height_px: usize, bit_depth: u8) -> Self {
        let planes = vec![PlaneInfo::new(PlaneRole::Colour, bit_depth)];
        Self { width_px, height_px, colour: ColourModel::Gray, planes }
    }

    /// `width` × `height` pixels of red, green, blue.
    pub fn rgb(width_px: usize, height_px: usize, bit_depth: u8) -> Self {
        let planes = vec![PlaneInfo::new(PlaneRole::Colour, bit_depth); 3];
        Self { width_px, height_px, colour: ColourModel::Rgb, planes }
    }

    /// Width and height in samples of plane `index`.
    pub fn plane_size(&self, index: usize) -> (usize, usize) {
        let info = &self.planes[index];
        let width = reduced_len(self.width_px, info.subsample_x_log2);
        (width, reduced_len(self.height_px, info.subsample_y_log2))
    }

    /// Number of samples of all planes.
    pub fn samples(&self) -> u64 {
        (0..self.planes.len()).map(|i| self.plane_size(i)).map(|(w, h)| w as u64 * h as u64).sum()
    }

    /// Number of planes whose role is [`PlaneRole::Colour`].
    pub fn colour_planes(&self) -> usize {
        self.planes.iter().filter(|p| p.role == PlaneRole::Colour).count()
    }

    /// Checks that sizes, depths and the list of planes follow the rules above, within `limits`.
    ///
    /// # Errors
    /// `Limit` for sizes and counts, `Malformed` for a plane list that fits no picture.
    pub fn check(&self, limits: &Limits) -> Result<(), ImageError> {
        let malformed = |what: String| Err(ImageError::Malformed { what, at: None });
        if self.width_px == 0 || self.height_px == 0 {
            return malformed(format!("picture of {} × {} pixels", self.width_px, self.height_px));
        }
        let side_max = u64::from(limits.side_px_max.min(65_535));
        if self.width_px.max(self.height_px) as u64 > side_max {
            return Err(ImageError::Limit { what: "picture side in pixels", max: side_max });
        }
        let planes_max = u64::from(limits.planes_max.min(32));
        if self.planes.len() as u64 > planes_max {
            return Err(ImageError::Limit { what: "number of planes", max: planes_max });
        }
        let colour_expected = match self.colour {
            ColourModel::Gray => 1,
            ColourModel::Rgb | ColourModel::YCbCr(_) => 3,
            ColourModel::Bands => 0,
        };
        let leading = self.planes.iter().take_while(|p| p.role == PlaneRole::Colour).count();
        if self.planes.is_empty()
            || leading != colour_expected
            || self.colour_planes() != colour_expected
        {
            return malformed(format!(
                "{} needs {colour_expected} colour planes, first in the list; {leading} lead the list of {}",
                self.colour,
                self.planes.len()
            ));
        }
        for (index, plane) in self.planes.iter().enumerate() {
            if !(1..=16).contains(&plane.bit_depth) {
                return malformed(format!(
                    "plane {index}: {} bits a sample; 1 to 16 are possible",
                    plane.bit_depth
                ));
            }
            if plane.subsample_x_log2 > 1 || plane.subsample_y_log2 > 1 || plane.name.len() > 255 {
                return malformed(format!(
                    "plane {index}: subsampling by more than 2, or a name of more than 255 bytes"
                ));
            }
        }
        if self.width_px as u64 * self.height_px as u64 > limits.pixels_max {
            return Err(ImageError::Limit { what: "number of pixels", max: limits.pixels_max });
        }
        if self.samples() > limits.samples_max {
            return Err(ImageError::Limit { what: "number of samples", max: limits.samples_max });
        }
        Ok(())
    }
}

/// A shape and its samples.
///
/// ```
/// use tintype_image::{Planes, Shape};
///
/// let mut planes = Planes::new(Shape::gray(2, 1, 16));
/// planes.planes[0].row_mut(0).copy_from_slice(&[7, 65_535]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planes {
    /// Size and meaning.
    pub shape: Shape,
    /// One plane for each entry of `shape.planes`, of the size `shape.plane_size` gives.
    pub planes: Vec<Plane<u16>>,
}

impl Planes {
    /// All samples zero.
    pub fn new(shape: Shape) -> Self {
        let planes = (0..shape.planes.len())
            .map(|i| shape.plane_size(i))
            .map(|(w, h)| Plane::new(w, h))
            .collect();
        Self { shape, planes }
    }

    /// Checks that the shape lies within `limits`, that there is one plane of the right size for
    /// each entry of it, and that no sample is above its plane's largest.
    ///
    /// # Errors
    /// `Limit` and `Malformed` as [`Shape::check`]; `Misuse` for planes and samples that do
    /// not fit.
    ///
    /// ```
    /// use tintype_image::{Limits, Planes, Shape};
    ///
    /// let mut planes = Planes::new(Shape::gray(2, 1, 8));
    /// planes.check(&Limits::default())?;
    /// planes.planes[0].row_mut(0)[1] = 300;
    /// assert!(planes.check(&Limits::default()).is_err());
    /// # Ok::<(), tintype_image::ImageError>(())
    /// ```
    pub fn check(&self, limits: &Limits) -> Result<(), ImageError> {
        self.check_sizes(limits)?;
        for (index, (plane, info)) in self.planes.iter().zip(&self.shape.planes).enumerate() {
            let max = info.sample_max();
            let largest = plane.rows().flatten().copied().max().unwrap_or(0);
            if largest > max {
                let what = format!(
                    "plane {index} has a sample of {largest}; {} bits hold at most {max}",
                    info.bit_depth
                );
                return Err(ImageError::Misuse { what });
            }
        }
        Ok(())
    }

    /// As [`Planes::check`], without the samples.
    pub(crate) fn check_sizes(&self, limits: &Limits) -> Result<(), ImageError> {
        self.shape.check(limits)?;
        if self.planes.len() != self.shape.planes.len() {
            let (found, named) = (self.planes.len(), self.shape.planes.len());
            let what = format!("{found} planes of samples where the shape names {named}");
            return Err(ImageError::Misuse { what });
        }
        for (index, plane) in self.planes.iter().enumerate() {
            let (width, height) = self.shape.plane_size(index);
            if (plane.width(), plane.height()) != (width, height) {
                let what = format!(
                    "plane {index} has {} × {} samples; the shape wants {width} × {height}",
                    plane.width(),
                    plane.height()
                );
                return Err(ImageError::Misuse { what });
            }
        }
        Ok(())
    }
}

/// Metadata of a picture; every item is kept byte for byte.
///
/// ```
/// use tintype_image::Metadata;
///
/// let metadata = Metadata { xmp: Some(b"<x/>".to_vec()), ..Metadata::default() };
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// ICC profile.
    pub icc: Option<Vec<u8>>,
    /// EXIF, a TIFF structure starting with `II` or `MM`.
    pub exif: Option<Vec<u8>>,
    /// XMP packet, UTF-8.
    pub xmp: Option<Vec<u8>>,
    /// Further items by name: `png:` and a PNG chunk's name, `tiff:` and tag and type,
    /// `pnm:maxval`, `y4m:header`, or a name of the caller's own. A name may stand several times.
    pub other: Vec<(String, Vec<u8>)>,
}

impl Metadata {
    /// Name of the item that holds the words of a Y4M header beside its size: `F30:1 Ip A1:1
    /// C420mpeg2 XCOLORRANGE=LIMITED`.
    pub const Y4M_HEADER: &str = "y4m:header";

    /// The first further item of this name.
    ///
    /// ```
    /// use tintype_image::Metadata;
    ///
    /// let mut metadata = Metadata::default();
    /// metadata.set("png:gAMA", vec![0, 0, 0xb1, 0x8f]);
    /// assert_eq!(metadata.item("png:gAMA"), Some(&[0, 0, 0xb1, 0x8f][..]));
    /// ```
    pub fn item(&self, name: &str) -> Option<&[u8]> {
        self.other.iter().find(|(other, _)| other == name).map(|(_, bytes)| &bytes[..])
    }

    /// Puts a further item in place of all of its name.
    ///
    /// ```
    /// let mut metadata = tintype_image::Metadata::default();
    /// metadata.set("note", vec![1]);
    /// metadata.set("note", vec![2]);
    /// assert_eq!(metadata.other, [("note".to_string(), vec![2])]);
    /// ```
    pub fn set(&mut self, name: &str, bytes: Vec<u8>) {
        self.other.retain(|(other, _)| other != name);
        self.other.push((name.into(), bytes));
    }

    /// Whether luma and chroma are of limited range, as video stores them.
    ///
    /// ```
    /// assert!(!tintype_image::Metadata::default().is_limited_range());
    /// ```
    pub fn is_limited_range(&self) -> bool {
        let header = self.item(Self::Y4M_HEADER).unwrap_or_default();
        header.split(|byte| *byte == b' ').any(|word| word == b"XCOLORRANGE=LIMITED")
    }
}

/// Samples with their metadata.
///
/// ```
/// use tintype_image::Picture;
///
/// let picture = Picture::from_gray8(2, 1, &[10, 20])?;
/// assert_eq!(picture.planes.planes[0].row(0), [10, 20]);
/// # Ok::<(), tintype_image::ImageError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The samples and what they mean.
    pub planes: Planes,
    /// ICC profile, EXIF and more.
    pub metadata: Metadata,
}

impl Picture {
    /// `planes` without metadata.
    ///
    /// ```
    /// use tintype_image::{Picture, Planes, Shape};
    ///
    /// let picture = Picture::new(Planes::new(Shape::rgb(640, 480, 8)));
    /// assert_eq!(picture.width(), 640);
    /// ```
    pub fn new(planes: Planes) -> Self {
        Self { planes, metadata: Metadata::default() }
    }

    /// Width in pixels.
    ///
    /// ```
    /// let picture = tintype_image::Picture::from_gray8(3, 1, &[1, 2, 3])?;
    /// assert_eq!(picture.width(), 3);
    /// # Ok::<(), tintype_image::ImageError>(())
    /// ```
    pub fn width(&self) -> usize {
        self.planes.shape.width_px
    }

    /// Height in pixels.
    ///
    /// ```
    /// let picture = tintype_image::Picture::from_gray8(1, 3, &[1, 2, 3])?;
    /// assert_eq!(picture.height(), 3);
    /// # Ok::<(), tintype_image::ImageError>(())
    /// ```
    pub fn height(&self) -> usize {
        self.planes.shape.height_px
    }
}
