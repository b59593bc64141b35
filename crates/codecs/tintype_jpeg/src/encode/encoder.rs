//! Encoding a picture as a JPEG file that every viewer opens.
//!
//! In: gray, RGB, YCbCr or four bands of ink (0 for none; the file has them inverted, as Adobe
//! does) of any depth, written as 8 bits; metadata; settings. Out: file bytes, baseline or
//! progressive, with RDO quantisation. Not bit-exact.
//!
//! Source: ITU-T T.81; see the files for each step.

use super::forward_dct::{self, Samples, Spectrum};
use super::layout::{FrameLayout, frame_for};
use super::params::{EncoderParams, Sampling};
use super::quantise::{RGB_ERROR_WEIGHTS, quantise};
use super::scan_script;
use super::single_pass;
use super::write;
use crate::coefficients::ComponentBlocks;
use crate::frame::Frame;
use crate::metadata;
use tintype_codec::{CodecError, EncodeSettings, Exec, Target, Tune, map_indexed};
use tintype_image::{ColourModel, Metadata, PlaneRole, Planes, Shape};

/// Longest side that the encoder writes, as libjpeg's.
const SIDE_MAX: usize = 65_500;

/// Makes JPEG files.
///
/// ```
/// use tintype_image::{Planes, Shape};
/// use tintype_jpeg::{Encoder, Sampling};
/// let picture = Planes::new(Shape::rgb(64, 48, 8));
/// let file = Encoder::new().quality(80.0).effort(7).sampling(Sampling::Full).encode(&picture)?;
/// assert!(file.starts_with(&[0xff, 0xd8]) && file.ends_with(&[0xff, 0xd9]));
/// # Ok::<(), tintype_codec::CodecError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    settings: EncodeSettings,
    sampling: Sampling,
    restart_interval: usize,
    params: Option<EncoderParams>,
    metadata: Metadata,
    exec: Exec,
}

impl Encoder {
    /// Quality 75, tuned for the eye, effort 5, sampling by quality, no metadata.
    pub fn new() -> Self {
        Self::default()
    }

    /// 0 to 100: about the SSIMULACRA2 that a photograph reaches.
    #[must_use]
    pub fn quality(mut self, quality: f32) -> Self {
        self.settings.target = Target::Quality(quality);
        self
    }

    /// Whether to favour the eye or squared error.
    #[must_use]
    pub fn tune(mut self, tune: Tune) -> Self {
        self.settings.tune = tune;
        self
    }

    /// 1 (fast) to 9 (small files): a single pass up to 6, progressive scans from 6 on, trellis
    /// quantisation from 7 on, a search over scans and sampling from 8 on.
    #[must_use]
    pub fn effort(mut self, effort: u8) -> Self {
        self.settings.effort = effort;
        self
    }

    /// Quality, tune and effort at once.
    #[must_use]
    pub fn settings(mut self, settings: &EncodeSettings) -> Self {
        self.settings = settings.clone();
        self
    }

    /// Chroma sampling; [`Sampling::Auto`] unless set.
    #[must_use]
    pub fn sampling(mut self, sampling: Sampling) -> Self {
        self.sampling = sampling;
        self
    }

    /// Puts a restart marker behind every `mcus` MCUs, 0 for none: a decoder finds its place again
    /// there after damage.
    #[must_use]
    pub fn restart_interval(mut self, mcus: u16) -> Self {
        self.restart_interval = mcus.into();
        self
    }

    /// Takes `params` instead of those that follow from quality, tune and effort.
    #[must_use]
    pub fn params(mut self, params: EncoderParams) -> Self {
        self.params = Some(params);
        self
    }

    /// ICC profile, EXIF and XMP for the file; see [`Encoder::left_out`].
    #[must_use]
    pub fn metadata(mut self, metadata: &Metadata) -> Self {
        self.metadata = metadata.clone();
        self
    }

    /// Threads and SIMD level; all processors unless set.
    #[must_use]
    pub fn exec(mut self, exec: &Exec) -> Self {
        self.exec = *exec;
        self
    }

    /// Names of the metadata that the file will lack because it is too long for JPEG's segments.
    ///
    /// ```
    /// use tintype_image::Metadata;
    /// let metadata = Metadata { xmp: Some(vec![b' '; 70_000]), ..Metadata::default() };
    /// assert_eq!(tintype_jpeg::Encoder::new().metadata(&metadata).left_out(), ["xmp"]);
    /// ```
    pub fn left_out(&self) -> Vec<&'static str> {
        metadata::segments(&self.metadata).1
    }

    /// The JPEG file of `planes`.
    ///
    /// # Errors
    /// `Unsupported` for planes that JPEG has no place for (alpha, depth, other than 1, 3 or 4
    /// planes, sides above 65 500), and for a lossless target.
    pub fn encode(&self, planes: &Planes) -> Result<Vec<u8>, CodecError> {
        let mut params = match &self.params {
            Some(params) => params.clone(),
            None => EncoderParams::from_settings(&self.settings)?,
        };
        if self.sampling != Sampling::Auto {
            params.sampling = self.sampling;
        }
        if self.restart_interval > 0 {
            params.restart_interval = self.restart_interval;
        }
        check_shape(&planes.shape)?;
        let job = Job { params: &params, metadata: &self.metadata, exec: &self.exec };
        Ok(job.encode(planes))
    }
}

/// Refuses planes that JPEG has no place for.
fn check_shape(shape: &Shape) -> Result<(), CodecError> {
    let unsupported = |what: String| Err(CodecError::Unsupported { what });
    let count = shape.planes.len();
    let beside_colour = |role| matches!(role, PlaneRole::Alpha | PlaneRole::Depth);
    if !matches!(count, 1 | 3 | 4) || shape.planes.iter().any(|p| beside_colour(p.role)) {
        return unsupported(format!(
            "{count} planes, alpha or depth in a JPEG (gray, RGB, YCbCr or four inks are possible)"
        ));
    }
    let (width, height) = (shape.width_px, shape.height_px);
    if width.max(height) > SIDE_MAX {
        return unsupported(format!("a JPEG of {width} × {height} pixels (at most {SIDE_MAX})"));
    }
    Ok(())
}

/// What the steps of encoding one picture share.
#[derive(Clone, Copy)]
struct Job<'a> {
    params: &'a EncoderParams,
    metadata: &'a Metadata,
    exec: &'a Exec,
}

/// A file and what it costs: squared error over the three colour planes plus the price of its bits.
struct Encoded {
    bytes: Vec<u8>,
    cost: f64,
}

impl Job<'_> {
    fn encode(&self, planes: &Planes) -> Vec<u8> {
        let (shape, params) = (&planes.shape, self.params);
        let count = shape.planes.len();
        let colour = count == 3 && matches!(shape.colour, ColourModel::Rgb | ColourModel::YCbCr(_));
        let subsampling =
            |i: usize| (shape.planes[i].subsample_x_log2, shape.planes[i].subsample_y_log2);
        let full_size = (0..count).all(|i| subsampling(i) == (0, 0));
        let plain = count == 1 || (count == 3 && shape.colour == ColourModel::Rgb);
        if params.single_pass && full_size && plain {
            return self.encode_single_pass(planes);
        }
        let full = forward_dct::components_from_planes(planes, colour, self.exec);
        let size = (shape.width_px, shape.height_px);
        let sampling = match (subsampling(count - 1), params.sampling) {
            _ if !colour => (1, 1),
            ((0, 0), Sampling::Full) => (1, 1),
            ((0, 0), Sampling::HalfWidth) => (2, 1),
            ((0, 0), Sampling::Half) => (2, 2),
            ((0, 0), Sampling::Auto) if params.search_sampling => {
                return self.encode_searching(&full, size);
            }
            ((0, 0), Sampling::Auto) => params.auto_sampling(),
            ((x, y), _) => (1 << x, 1 << y),
        };
        self.encode_sampled(&full, size, sampling).bytes
    }

    /// Encodes with full and with half chroma and takes the cheaper file.
    fn encode_searching(&self, full: &[Samples], size: (usize, usize)) -> Vec<u8> {
        let [a, b] = [(1, 1), (2, 2)];
        let tries = map_indexed(self.exec.threads, 2, |i| {
            self.encode_sampled(full, size, if i == 0 { a } else { b })
        });
        let best = tries.into_iter().min_by(|a, b| a.cost.total_cmp(&b.cost));
        best.map(|t| t.bytes).unwrap_or_default()
    }

    /// One pass over gray or RGB samples.
    fn encode_single_pass(&self, planes: &Planes) -> Vec<u8> {
        let (count, params) = (planes.planes.len(), self.params);
        let (x, y) = match params.sampling {
            _ if count == 1 => (1, 1),
            Sampling::Full => (1, 1),
            Sampling::HalfWidth => (2, 1),
            Sampling::Half => (2, 2),
            Sampling::Auto => params.auto_sampling(),
        };
        let size = (planes.shape.width_px, planes.shape.height_px);
        let frame = frame_for(count, size, (x, y), params.progressive);
        let quant = params.tables(count, (x * y) as u32);
        let blocks = single_pass::blocks_from_planes(planes, &frame, &quant, params, self.exec);
        self.write(&frame, &blocks, &quant)
    }

    /// Encodes components, chroma of which is made smaller by `x` × `y` where it has full size.
    fn encode_sampled(
        &self,
        full: &[Samples],
        (width, height): (usize, usize),
        (x, y): (usize, usize),
    ) -> Encoded {
        let (count, params, exec) = (full.len(), self.params, self.exec);
        let frame = frame_for(count, (width, height), (x, y), params.progressive);
        let layout = FrameLayout { frame: &frame };
        let spectra: Vec<Spectrum> = map_indexed(exec.threads, count, |i| {
            let whole = full[i].width == width && full[i].height == height;
            if i > 0 && whole && (x, y) != (1, 1) {
                let small = forward_dct::subsampled(&full[i], x, y);
                forward_dct::spectrum(&small, &layout, i, exec)
            } else {
                forward_dct::spectrum(&full[i], &layout, i, exec)
            }
        });
        let quant = params.tables(count, (x * y) as u32);
        let (blocks, error) = quantise(&frame, &spectra, &quant, params, exec);
        let mut chroma_lost = 0.0;
        if params.search_sampling && (x, y) != (1, 1) {
            for (plane, weight) in full[1..].iter().zip(&RGB_ERROR_WEIGHTS[1..]) {
                chroma_lost += weight * forward_dct::lost_by_sampling(plane, x, y);
            }
        }
        let bytes = self.write(&frame, &blocks, &quant);
        let price = f64::from(params.lambda) * f64::from(params.step).powi(2);
        let cost = error + chroma_lost + price * 8.0 * bytes.len() as f64;
        Encoded { bytes, cost }
    }

    /// Scans and file of quantised coefficients.
    fn write(&self, frame: &Frame, blocks: &[ComponentBlocks], quant: &[[u16; 64]; 3]) -> Vec<u8> {
        let (count, params) = (frame.components.len(), self.params);
        let (restart_interval, wide) = (params.restart_interval, params.wide_script);
        let scans = if params.progressive {
            scan_script::progressive(frame, blocks, restart_interval, wide, self.exec)
        } else {
            scan_script::sequential(frame)
        };
        let segments = metadata::segments(self.metadata).0;
        let parts = write::FileParts {
            frame,
            quant: if count == 3 { &quant[..] } else { &quant[..1] },
            app_segments: &segments,
            adobe_transform: if count == 4 { Some(0) } else { None },
            restart_interval,
        };
        write::file(&parts, blocks, &scans)
    }
}
