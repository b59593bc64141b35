//! Pictures to real JPEG files, of a quality, a size, or a value of a metric.

use crate::encode::{EncodeOptions, Encoded};
use crate::error::{Error, Result, Step};
use crate::goal::Goal;
use crate::metric::{self, Metric};
use crate::rate::{
    LN_SIZE_RISE, PSNR_RISE_DB, PSNR_SLACK_DB, SIZE_SLACK, SSIMULACRA2_RISE, SSIMULACRA2_SLACK, Start,
    bytes_at, search,
};
use crate::registry::ids::JPEG;
use crate::registry::jpeg_files::Encoder;
use crate::warning::Warning;
use tintype_codec::{CodecError, EncodeSettings, Exec, Target};
use tintype_image::colour::{flattened, unassociated};
use tintype_image::filter::denoised;
use tintype_image::{ColourModel, Picture, PlaneRole, Planes};

/// What stands behind clear pixels unless another colour is asked for.
const WHITE: [u8; 3] = [255; 3];

/// A real JPEG file of `picture`, by our encoder; by that of `tintype_image` where ours has no
/// place for the planes.
pub(crate) fn jpeg_from_picture(
    picture: &Picture,
    options: &EncodeOptions,
    exec: &Exec,
) -> Result<Encoded> {
    options.check()?;
    picture.planes.check(&exec.limits)?;
    let (picture, warning) = opaque(picture, options, exec)?;
    let job = Job { picture: &picture, options, exec };
    let bytes = match options.goal {
        Goal::Lossless => {
            let what = "a JPEG file loses something; for every sample write a .tin file".into();
            return Err(Error::Misuse { what });
        }
        Goal::Quality(quality) => job.at(quality)?,
        Goal::SizeBytes(size) => job.to_size(size)?,
        Goal::Bpp(bpp) => job.to_size(bytes_at(bpp, &picture.planes.shape))?,
        Goal::Psnr(db) => job.to_metric(Metric::Psnr, db.into(), PSNR_SLACK_DB)?,
        Goal::Ssimulacra2(score) => {
            job.to_metric(Metric::Ssimulacra2, score.into(), SSIMULACRA2_SLACK)?
        }
    };
    let mut encoded = Encoded::new(bytes, JPEG);
    encoded.warnings.extend(warning);
    for name in Encoder::new().metadata(&picture.metadata).left_out() {
        let why = "it is too long for a JPEG file".into();
        encoded.warnings.push(Warning::MetadataLeftOut { name: name.into(), why });
    }
    Ok(encoded)
}

/// The picture as a JPEG shows it: filtered, at full range, before its background.
fn opaque(
    picture: &Picture,
    options: &EncodeOptions,
    exec: &Exec,
) -> Result<(Picture, Option<Warning>)> {
    let mut planes = picture.full_range().into_owned();
    if let Some(filter) = options.denoise {
        planes = denoised(&planes, filter, exec.threads)?;
    }
    let alpha = planes.shape.planes.iter().any(|plane| plane.role == PlaneRole::Alpha);
    let mut warning = None;
    if alpha && planes.shape.colour_planes() > 0 {
        let subsampled = planes.shape.planes.iter().any(|p| p.subsample_x_log2 + p.subsample_y_log2 > 0);
        if subsampled || matches!(planes.shape.colour, ColourModel::YCbCr(_)) {
            let (width, height) = (picture.width(), picture.height());
            planes = Picture::from_rgba8(width, height, &picture.to_rgba8()?)?.planes;
        }
        let background = options.background.unwrap_or(WHITE);
        let own = unassociated(&planes).unwrap_or(planes);
        planes = flattened(&own, background).unwrap_or(own);
        if options.background.is_none() {
            let why = "a JPEG has no place for it; clear pixels are white (--background chooses)";
            warning = Some(Warning::MetadataLeftOut { name: "opacity".into(), why: why.into() });
        }
    }
    let mut metadata = picture.metadata.clone();
    metadata.other.clear();
    Ok((Picture { planes, metadata }, warning))
}

struct Job<'a> {
    picture: &'a Picture,
    options: &'a EncodeOptions,
    exec: &'a Exec,
}

impl Job<'_> {
    fn at(&self, quality: f32) -> Result<Vec<u8>> {
        let (tune, effort) = (self.options.tune, self.options.effort);
        let settings = EncodeSettings { target: Target::Quality(quality), tune, effort };
        let encoder =
            Encoder::new().settings(&settings).metadata(&self.picture.metadata).exec(self.exec);
        match encoder.encode(&self.picture.planes) {
            Ok(bytes) => Ok(bytes),
            #[cfg(feature = "files")]
            Err(_) => {
                use tintype_image::io::{PictureFormat, WriteSettings, write_picture_with};

                let jpeg_quality = quality.round().clamp(1.0, 100.0) as u8;
                let settings = WriteSettings { jpeg_quality, effort };
                Ok(write_picture_with(PictureFormat::Jpeg, self.picture, &settings)?)
            }
            #[cfg(not(feature = "files"))]
            Err(error) => Err(Error::Codec { step: Step::Encode(JPEG), error }),
        }
    }

    /// As [`Job::at`], within a search.
    fn try_at(&self, quality: f32) -> std::result::Result<Vec<u8>, CodecError> {
        self.at(quality).map_err(|error| CodecError::Misuse { what: error.to_string() })
    }

    fn to_size(&self, size: u64) -> Result<Vec<u8>> {
        let goal = (size.max(1) as f64).ln();
        let (mut best, mut smallest): (Option<Vec<u8>>, _) = (None, u64::MAX);
        let start = Start { quality: 50.0, rise: LN_SIZE_RISE };
        let searched = search(start, &|_| None, |quality| {
            let file = self.try_at(quality)?;
            let len = file.len() as u64;
            smallest = smallest.min(len);
            let fits = len <= size;
            if fits && best.as_ref().is_none_or(|best| best.len() < file.len()) {
                best = Some(file);
            }
            let value = (len as f64).ln() - goal;
            Ok((value, fits && value >= -SIZE_SLACK))
        });
        searched.map_err(failed)?;
        best.ok_or_else(|| Error::Misuse {
            what: format!(
                "no JPEG of {size} bytes is possible: the smallest takes {smallest}; ask for more"
            ),
        })
    }

    fn to_metric(&self, metric: Metric, goal: f64, slack: f64) -> Result<Vec<u8>> {
        let name = metric.name();
        let measure = metric::built_in().ok_or_else(|| Error::Unsupported {
            what: format!("a goal of {name} in a build without the feature `metrics`"),
        })?;
        let source = as_shown(self.picture)?;
        let (mut best, mut nearest): (Option<Vec<u8>>, _) = (None, f64::NEG_INFINITY);
        let rise = match metric {
            Metric::Psnr => PSNR_RISE_DB,
            Metric::Ssimulacra2 => SSIMULACRA2_RISE,
        };
        let searched = search(Start { quality: 75.0, rise }, &|_| None, |quality| {
            let file = self.try_at(quality)?;
            let shown = super::packed::picture_from_jpeg(&file, self.exec)
                .and_then(|(picture, _)| as_shown(&picture))
                .map_err(|error| CodecError::Misuse { what: error.to_string() })?;
            let value = measure.measure(metric, &source, &shown)?;
            nearest = nearest.max(value);
            let smaller = best.as_ref().is_none_or(|best| file.len() < best.len());
            if value >= goal - slack && smaller {
                best = Some(file);
            }
            Ok(((value - goal).clamp(-1e6, 1e6), (value - goal).abs() <= slack))
        });
        searched.map_err(failed)?;
        best.ok_or_else(|| Error::Misuse {
            what: format!(
                "{name} {goal} cannot be reached by a JPEG: {nearest:.2} is the nearest; \
                 write a .tin file, or ask for less"
            ),
        })
    }
}

fn failed(error: CodecError) -> Error {
    Error::Codec { step: Step::Encode(JPEG), error }
}

/// Gray or RGB of 8 bits, as a viewer shows a picture.
fn as_shown(picture: &Picture) -> Result<Planes> {
    let (width, height) = (picture.width(), picture.height());
    let shown = match picture.planes.shape.colour {
        ColourModel::Gray => Picture::from_gray8(width, height, &picture.to_gray8()?),
        _ => Picture::from_rgb8(width, height, &picture.to_rgb8()?),
    }?;
    Ok(shown.planes)
}
