//! Rate and distortion on held-out pictures, and BD-rate against an anchor measured on the
//! same pictures.

use super::Failure;
use super::data::PictureSet;
use super::model::{Model, Pass, Tensors, Weights};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use tch::{Kind, Tensor};
use tintype_metrics::{CurvePoint, bd_rate};

/// One picture at one quality.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ValidationPoint {
    /// File name without extension.
    pub picture: String,
    /// Quality, 0 to anchors − 1.
    pub quality: f64,
    /// Estimated bits a pixel.
    pub bpp: f64,
    /// Of which hyper-latents.
    pub hyper_bpp: f64,
    /// PSNR over RGB of the rounded 8-bit samples, in dB.
    pub psnr: f64,
}

/// Rate–distortion points `[bpp, psnr]` of another codec by picture.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Anchor {
    /// What was measured.
    pub codec: String,
    /// Points by picture, rising.
    pub pictures: BTreeMap<String, Vec<[f64; 2]>>,
}

impl Anchor {
    /// Reads an anchor file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        Ok(serde_json::from_slice(&std::fs::read(path)?)?)
    }

    /// Mean over pictures of the BD-rate in per cent; pictures without overlap do not count.
    pub fn bd_rate(&self, points: &[ValidationPoint]) -> Option<f64> {
        let mut rates = Vec::new();
        for (picture, anchor) in &self.pictures {
            let mine = points.iter().filter(|p| &p.picture == picture);
            let mine: Vec<CurvePoint> =
                mine.map(|p| CurvePoint { rate: p.bpp, quality: p.psnr }).collect();
            let anchor = anchor.iter().map(|&[rate, quality]| CurvePoint { rate, quality });
            rates.extend(bd_rate(&mine, &anchor.collect::<Vec<_>>()));
        }
        (!rates.is_empty()).then(|| rates.iter().sum::<f64>() / rates.len() as f64)
    }
}

/// Codes `pictures` at `qualities` with rounding everywhere.
pub fn validate(
    model: &Model,
    tensors: &Tensors,
    pictures: &PictureSet,
    qualities: &[f64],
) -> Vec<ValidationPoint> {
    let weights = Weights::new(tensors);
    let mut points = Vec::new();
    for picture in &pictures.pictures {
        let samples = picture.tensor(64);
        let pixels = (samples.numel() / 3) as f64;
        for &quality in qualities {
            let at = Tensor::from_slice(&[quality as f32]);
            let out = tch::no_grad(|| model.pass(&weights, &samples, &at, Pass::Measure));
            let error = (out.samples.round().clamp(0.0, 255.0) - &samples).square().mean(Kind::Double);
            let mse = error.double_value(&[]).max(1e-10);
            let hyper_bpp = out.hyper_bits.double_value(&[0]) / pixels;
            let bpp = out.latent_bits.double_value(&[0]) / pixels + hyper_bpp;
            let psnr = 10.0 * (255.0 * 255.0 / mse).log10();
            points.push(ValidationPoint {
                picture: picture.name.clone(),
                quality,
                bpp,
                hyper_bpp,
                psnr,
            });
        }
    }
    points
}
