//! Rate and distortion of held-out pictures: whole files, coded and decoded by the library.

use super::failed;
use std::io::Cursor;
use tintype::{CodecId, Decoder, Encoder, Models, Picture};
use tintype_image::{Region, planes_cropped};
use tintype_metrics::{CurvePoint, Wanted, compare_with};
use tintype_train::learn::Judge;
use tintype_train::{FILES, FitError, PictureList};

/// Qualities at which held-out pictures are coded.
pub const QUALITIES: [f32; 4] = [15.0, 40.0, 65.0, 85.0];
/// The most pictures that are coded.
const PICTURES_MAX: usize = 40;
/// The most pixels of all of them together: each gives its middle.
const PIXELS_MAX: usize = 3 << 20;
/// What counts of a PSNR: a flat picture that comes back exactly says nothing of the others.
const PSNR_MAX: f64 = 60.0;
/// The smallest side to which a picture is cut.
const SIDE_MIN: usize = 256;

/// The held-out pictures.
pub struct HeldOut {
    pictures: Vec<Picture>,
    /// Mean of 1 over the pixels of a whole picture.
    mean_inverse: f64,
    /// Whether some are cut.
    cut: bool,
}

impl HeldOut {
    /// Of `list`, of each the middle if they are large.
    ///
    /// # Errors
    /// Those of reading pictures.
    pub fn new(list: &PictureList) -> Result<Self, FitError> {
        let list = list.thinned(PICTURES_MAX);
        let side = ((PIXELS_MAX / list.len().max(1)) as f64).sqrt() as usize & !31;
        let side = side.max(SIDE_MIN);
        let (mut pictures, mut inverse, mut cut) = (Vec::new(), 0.0, false);
        for index in 0..list.len() {
            let mut picture = list.read(index)?;
            let shape = &picture.planes.shape;
            let (width, height) = (shape.width_px, shape.height_px);
            inverse += 1.0 / (width * height) as f64;
            let (wide, high) = (width.min(side), height.min(side));
            if (wide, high) != (width, height) {
                let (x, y) = (((width - wide) / 2) & !1, ((height - high) / 2) & !1);
                let region = Region { x, y, width: wide, height: high };
                picture.planes = planes_cropped(&picture.planes, region).map_err(|e| failed(&e))?;
                cut = true;
            }
            // What is beside the samples costs the same under every model.
            pictures.push(Picture::new(picture.planes));
        }
        Ok(Self { mean_inverse: inverse / pictures.len().max(1) as f64, pictures, cut })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.pictures.len()
    }

    /// Whether only the middles of some are measured.
    pub fn is_cut(&self) -> bool {
        self.cut
    }
}

/// Bits a pixel and PSNR of `picture` as a whole file.
///
/// # Errors
/// Those of the codec.
pub fn coded_point(encoder: &Encoder, models: &Models, picture: &Picture) -> Result<[f64; 2], FitError> {
    let file = encoder.encode(picture).map_err(|e| failed(&e))?.bytes;
    let back = Decoder::new(Cursor::new(&file))
        .and_then(|decoder| decoder.models(models.clone()).decode())
        .map_err(|e| failed(&e))?;
    let report = compare_with(&picture.planes, &back.picture.planes, Wanted::POINTWISE)
        .map_err(|e| failed(&e))?;
    let shape = &picture.planes.shape;
    let bpp = 8.0 * file.len() as f64 / (shape.width_px * shape.height_px) as f64;
    Ok([bpp, report.psnr.min(PSNR_MAX)])
}

impl Judge for HeldOut {
    fn curve(
        &mut self,
        codec: CodecId,
        model: Option<&[u8]>,
        pictures: usize,
    ) -> Result<Vec<CurvePoint>, FitError> {
        let pictures = pictures.min(self.len());
        let mut models = Models::default();
        if let Some(model) = model {
            models.add(model).map_err(|e| failed(&e))?;
        }
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
        let mut curve = Vec::new();
        for quality in QUALITIES {
            let encoder = Encoder::new().codec(codec).quality(quality).models(models.clone()).threads(1);
            let share = |thread: usize| -> Result<[f64; 2], FitError> {
                let mut sums = [0.0; 2];
                for index in (thread..pictures).step_by(threads) {
                    let point = coded_point(&encoder, &models, &self.pictures[index])?;
                    sums = [sums[0] + point[0], sums[1] + point[1]];
                }
                Ok(sums)
            };
            let sums = std::thread::scope(|scope| {
                let share = &share;
                let started: Vec<_> =
                    (0..threads).map(|thread| scope.spawn(move || share(thread))).collect();
                started.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Vec<_>>()
            });
            let (mut rate, mut quality) = (0.0, 0.0);
            for sum in sums {
                let [bpp, psnr] = sum?;
                (rate, quality) = (rate + bpp, quality + psnr);
            }
            let count = pictures.max(1) as f64;
            curve.push(CurvePoint { rate: rate / count, quality: quality / count });
        }
        Ok(curve)
    }

    fn stored_bytes(&self, model: &[u8]) -> usize {
        Models::to_small(model).map_or(model.len(), |small| small.len())
    }

    fn share(&self, model_bytes: usize) -> f64 {
        8.0 * model_bytes as f64 / FILES * self.mean_inverse
    }
}
