//! Decoding a JPEG file: what it is, its picture, its coefficients.
//!
//! In: file bytes. Out: [`JpegInfo`] from the headers; [`DecodedJpeg`] with gray, RGB or band
//! samples at the file's bit depth. Of a damaged file what can be decoded is decoded, with a
//! warning.
//! Bit-exact: integers only, equal at every level and thread count.

use super::coefficients::ComponentBlocks;
use super::convert::{Converter, transform_rows};
use super::frame::Process;
use super::lossless;
use super::metadata::{self, ColourSegments, colour_segments};
use super::picture_shape::{CmykOutput, JpegColour, colour_of, shape_of};
use super::read::{JpegCoefficients, coefficients_of};
use super::row_stream::{RowStream, StreamSource};
use super::structure::{ScanData, Structure, structure_from_bytes};
use super::upsample::ComponentSamples;
use tintype_codec::{CodecError, Exec, map_indexed};
use tintype_image::{Metadata, Planes, Shape};

/// What the headers of a JPEG file say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JpegInfo {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Bits a sample: 8 or 12; 2 to 16 in lossless files.
    pub bit_depth: u8,
    /// How components are to be read as colour.
    pub colour: JpegColour,
    /// Horizontal and vertical sampling factor of each component.
    pub sampling: Vec<(usize, usize)>,
    /// How scans are coded.
    pub process: Process,
    /// Whether scans are arithmetic-coded, where most files have Huffman codes.
    pub arithmetic: bool,
    /// Number of scans: 1 in most sequential files.
    pub scans: usize,
    /// Whether the file has its end-of-image marker and no damaged segment. Damage inside scans
    /// shows when they are decoded.
    pub complete: bool,
}

/// A decoded file.
#[derive(Clone, Debug)]
pub struct DecodedJpeg {
    /// The samples.
    pub planes: Planes,
    /// ICC, EXIF, XMP.
    pub metadata: Metadata,
    /// What was wrong with the file, in words; empty for a sound file.
    pub warnings: Vec<String>,
}

/// The warning for a file of which a part is missing.
const INCOMPLETE: &str = "the file is damaged or cut off; what could be decoded is shown";

/// A JPEG file whose headers were read.
///
/// ```
/// # let file = include_bytes!("../../../../testdata/jpeg/baseline_420.jpg");
/// use tintype_jpeg::{Decoder, JpegColour};
/// let decoder = Decoder::new(file)?;
/// assert_eq!(decoder.info().colour, JpegColour::YCbCr);
/// assert_eq!(decoder.info().sampling, [(2, 2), (1, 1), (1, 1)]);
/// let picture = decoder.decode()?;
/// assert!(picture.warnings.is_empty());
/// assert_eq!(picture.planes.shape.width_px, decoder.info().width);
/// # Ok::<(), tintype_codec::CodecError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder<'a> {
    bytes: &'a [u8],
    structure: Structure,
    colour: JpegColour,
    cmyk: CmykOutput,
    exec: Exec,
    info: JpegInfo,
}

impl<'a> Decoder<'a> {
    /// Reads the headers of the JPEG file in `bytes`; decodes no coefficients.
    ///
    /// # Errors
    /// `Malformed`, `Truncated`, `Unsupported` where no picture can be made of the file.
    pub fn new(bytes: &'a [u8]) -> Result<Self, CodecError> {
        let structure = structure_from_bytes(bytes, ScanData::Present)?;
        let segments: ColourSegments = colour_segments(bytes, &structure);
        let frame = &structure.frame;
        let info = JpegInfo {
            width: frame.width,
            height: frame.height,
            bit_depth: frame.precision,
            colour: colour_of(frame, segments),
            sampling: frame.components.iter().map(|c| (c.h, c.v)).collect(),
            process: frame.process,
            arithmetic: frame.arithmetic,
            scans: structure.scans.len(),
            complete: structure.ended && !structure.damaged,
        };
        let (colour, cmyk, exec) = (info.colour, CmykOutput::Rgb, Exec::default());
        Ok(Self { bytes, structure, colour, cmyk, exec, info })
    }

    /// What to make of CMYK pictures; RGB unless set.
    #[must_use]
    pub fn cmyk_output(mut self, output: CmykOutput) -> Self {
        self.cmyk = output;
        self
    }

    /// Threads, SIMD level and limits; all processors and the default limits unless set.
    #[must_use]
    pub fn exec(mut self, exec: &Exec) -> Self {
        self.exec = *exec;
        self
    }

    /// What the headers say.
    pub fn info(&self) -> &JpegInfo {
        &self.info
    }

    /// The shape of the picture that decoding gives.
    ///
    /// # Errors
    /// `Limit`, `Unsupported` for a picture beyond the limits.
    pub fn shape(&self) -> Result<Shape, CodecError> {
        let shape = shape_of(&self.structure.frame, self.colour, self.cmyk);
        shape.check(&self.exec.limits)?;
        Ok(shape)
    }

    /// ICC, EXIF and XMP of the file.
    pub fn metadata(&self) -> Metadata {
        metadata::read(self.bytes, &self.structure, &self.exec.limits).0
    }

    /// Decodes the picture.
    ///
    /// # Errors
    /// `Limit`, `Unsupported` for a picture beyond the limits.
    pub fn decode(&self) -> Result<DecodedJpeg, CodecError> {
        let (metadata, mut warnings) = metadata::read(self.bytes, &self.structure, &self.exec.limits);
        let (planes, complete) = self.planes()?;
        if !complete {
            warnings.push(INCOMPLETE.into());
        }
        Ok(DecodedJpeg { planes, metadata, warnings })
    }

    /// What a stream of rows is made of.
    pub(crate) fn stream_source(&self) -> StreamSource<'_> {
        StreamSource {
            bytes: self.bytes,
            structure: &self.structure,
            colour: self.colour,
            cmyk: self.cmyk,
            exec: &self.exec,
        }
    }

    /// What was wrong with the metadata.
    pub(crate) fn metadata_warnings(&self) -> Vec<String> {
        metadata::read(self.bytes, &self.structure, &self.exec.limits).1
    }

    /// The samples, and whether the file was whole and sound.
    fn planes(&self) -> Result<(Planes, bool), CodecError> {
        if self.structure.frame.process == Process::Lossless {
            let (samples, damaged) = lossless::decode(self.bytes, &self.structure, &self.exec.limits)?;
            return Ok((self.assemble(samples)?, !damaged));
        }
        if self.exec.threads.count() == 1
            && let Some(stream) = RowStream::new(self.stream_source())?
            && let Some(planes) = stream.whole()
        {
            return Ok((planes, true));
        }
        let file = self.read_coefficients()?;
        let samples = samples_from_coefficients(&file, &self.exec);
        Ok((self.assemble(samples)?, file.complete()))
    }

    /// Quantised coefficients of each component.
    ///
    /// Damaged and missing data leave zeros.
    ///
    /// ```
    /// # let file = include_bytes!("../../../../testdata/jpeg/baseline_420.jpg");
    /// let components = tintype_jpeg::Decoder::new(file)?.coefficients()?;
    /// let dc = components[0].block(0, 0)[0];
    /// assert_ne!(dc, 0);
    /// # Ok::<(), tintype_codec::CodecError>(())
    /// ```
    ///
    /// # Errors
    /// `Limit`; `Unsupported` for lossless files.
    pub fn coefficients(&self) -> Result<Vec<ComponentBlocks>, CodecError> {
        Ok(self.read_coefficients()?.components)
    }

    fn read_coefficients(&self) -> Result<JpegCoefficients, CodecError> {
        coefficients_of(self.bytes, self.structure.clone(), self.exec.level, &self.exec.limits)
    }

    /// Upsamples and converts whole components.
    fn assemble(&self, samples: Vec<ComponentSamples>) -> Result<Planes, CodecError> {
        let (frame, exec) = (&self.structure.frame, &self.exec);
        let convert = Converter::new(frame, self.colour, self.cmyk, samples, &exec.limits)?;
        let rows_each = if exec.threads.count() == 1 { frame.height.max(1) } else { 64 };
        let bands = map_indexed(exec.threads, frame.height.div_ceil(rows_each), |band| {
            let rows = band * rows_each..((band + 1) * rows_each).min(frame.height);
            let mut planes = convert.planes(rows.len());
            convert.rows(exec.level, rows, &mut planes, 0);
            planes
        });
        let mut bands = bands.into_iter();
        let mut joined: Vec<Vec<u16>> = bands.next().unwrap_or_default();
        for band in bands {
            for (plane, part) in joined.iter_mut().zip(band) {
                plane.extend_from_slice(&part);
            }
        }
        Ok(convert.finish(joined))
    }
}

/// Transforms every component to samples.
fn samples_from_coefficients(file: &JpegCoefficients, exec: &Exec) -> Vec<ComponentSamples> {
    let frame = &file.structure.frame;
    let component = |(index, c): (usize, &ComponentBlocks)| {
        let quant = &file.structure.quant[index];
        let rows_each = if exec.threads.count() == 1 { c.rows.max(1) } else { 16 };
        let mut pieces = map_indexed(exec.threads, c.rows.div_ceil(rows_each), |piece| {
            let rows = piece * rows_each..((piece + 1) * rows_each).min(c.rows);
            let blocks = &c.blocks[rows.start * c.stride..rows.end * c.stride];
            let mut out = vec![0u16; blocks.len() * 64];
            transform_rows(exec.level, blocks, c.stride, quant, frame.precision, &mut out);
            out
        });
        let (width, height) = frame.component_size(index);
        let samples = if pieces.len() == 1 { pieces.pop().unwrap_or_default() } else { pieces.concat() };
        ComponentSamples { stride: c.stride * 8, width, height, kept: usize::MAX, samples }
    };
    file.components.iter().enumerate().map(component).collect()
}
