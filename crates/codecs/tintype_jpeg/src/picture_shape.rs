//! How the components of a JPEG file are to be read as colour, and the shape of the picture they
//! give.
//!
//! Source: ITU-T T.871 (JFIF); Adobe technical note 5116; what libjpeg assumes where a file says
//! nothing.

use super::frame::{Frame, Process};
use super::metadata::ColourSegments;
use tintype_image::{ColourModel, PlaneInfo, PlaneRole, Shape};

/// What the decoder makes of CMYK pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CmykOutput {
    /// Plain RGB, the product of ink and black, as viewers without colour management show it.
    #[default]
    Rgb,
    /// Four bands of ink: 0 is none, where files hold 0 for full ink.
    Bands,
}

/// The colour space of a JPEG file's components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JpegColour {
    /// One component.
    Gray,
    /// Three components without a transform.
    Rgb,
    /// Luma and two chroma components.
    YCbCr,
    /// Four inks.
    Cmyk,
    /// Four inks, the first three transformed as YCbCr.
    Ycck,
    /// Components without a meaning that the file names.
    Bands,
}

/// The colour space of `frame`'s components.
pub fn colour_of(frame: &Frame, segments: ColourSegments) -> JpegColour {
    let ColourSegments { jfif, adobe_transform } = segments;
    let ids: Vec<u8> = frame.components.iter().map(|c| c.id).collect();
    let lossless = frame.process == Process::Lossless;
    match (frame.components.len(), adobe_transform) {
        (1, _) => JpegColour::Gray,
        (3, None) if lossless && !jfif => JpegColour::Rgb,
        (3, _) if jfif => JpegColour::YCbCr,
        (3, Some(0)) => JpegColour::Rgb,
        (3, None) if ids == *b"RGB" => JpegColour::Rgb,
        (3, _) => JpegColour::YCbCr,
        (4, Some(2)) => JpegColour::Ycck,
        (4, _) => JpegColour::Cmyk,
        _ => JpegColour::Bands,
    }
}

/// The shape of the decoded picture.
pub fn shape_of(frame: &Frame, colour: JpegColour, cmyk: CmykOutput) -> Shape {
    let (w, h, depth) = (frame.width, frame.height, frame.precision);
    let bands = |names: &[&str]| {
        let info = |n: &&str| PlaneInfo { name: (*n).into(), ..PlaneInfo::new(PlaneRole::Band, depth) };
        let planes = names.iter().map(info).collect();
        Shape { width_px: w, height_px: h, colour: ColourModel::Bands, planes }
    };
    match (colour, cmyk) {
        (JpegColour::Gray, _) => Shape::gray(w, h, depth),
        (JpegColour::Rgb | JpegColour::YCbCr, _) => Shape::rgb(w, h, depth),
        (JpegColour::Cmyk | JpegColour::Ycck, CmykOutput::Rgb) => Shape::rgb(w, h, depth),
        (JpegColour::Cmyk | JpegColour::Ycck, CmykOutput::Bands) => {
            bands(&["cyan", "magenta", "yellow", "black"])
        }
        (JpegColour::Bands, _) => bands(&["1", "2", "3", "4"][..frame.components.len()]),
    }
}
