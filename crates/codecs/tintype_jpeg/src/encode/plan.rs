//! What an encoder shall do, decided from quality, tuning and effort.
//!
//! In: [`EncodeSettings`]. Out: [`JpegPlan`]. The numbers were fitted on `photos/train`; see docs/decisions.

use super::forward::{Samples, subsampled};
use crate::quant_tables::{STANDARD_CHROMA, STANDARD_LUMA};
use tintype_codec::{CodecError, EncodeSettings, Target, Tune};

/// Chroma sampling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sampling {
    /// Chosen by rate and distortion, or by quality.
    #[default]
    Auto,
    /// 4:4:4.
    Full,
    /// 4:2:2.
    HalfWidth,
    /// 4:2:0.
    Half,
}

/// Every choice of the encoder.
#[derive(Clone, Debug, PartialEq)]
pub struct JpegPlan {
    /// Quantisation step of the lowest luma frequencies.
    pub step: f32,
    /// How the step grows with frequency: 0 flat, 1 as the standard's luma table.
    pub shape: f32,
    /// The same for chroma.
    pub chroma_shape: f32,
    /// How much larger the luma step of the highest frequency is beyond that; grows with the frequency squared, 0 for not.
    pub rise: f32,
    /// How much smaller luma steps are around frequency 0, 0 to 1: a bell with a deviation of 1.5 frequencies.
    pub dip: f32,
    /// Factor on the DC step of all components.
    pub dc_step: f32,
    /// Chroma steps against luma steps, for full and for subsampled chroma.
    pub chroma_step: [f32; 2],
    /// Price of a bit in squared steps.
    pub lambda: f32,
    /// That price for chroma, as a factor.
    pub chroma_lambda: f32,
    /// That price for DC, as a factor.
    pub dc_lambda: f32,
    /// How strongly busy blocks pay more: exponent, 0 for none.
    pub mask: f32,
    /// Added before truncation in plain quantisation.
    pub rounding: f32,
    /// One pass with thinning instead of everything slower; needs gray or RGB at full size.
    pub quick: bool,
    /// Trellis passes.
    pub passes: u32,
    /// Progressive scans.
    pub progressive: bool,
    /// Whether more scan scripts are tried.
    pub wide_script: bool,
    /// Chroma sampling.
    pub sampling: Sampling,
    /// Whether samplings are tried and the cheaper one kept.
    pub search_sampling: bool,
    /// Without a search: the step below which chroma stays full.
    pub full_chroma_below: f32,
    /// MCUs between restart markers, or 0.
    pub restart_interval: usize,
}

impl JpegPlan {
    /// The plan for `settings`.
    ///
    /// # Errors
    /// `Unsupported` for a lossless target.
    pub fn from_settings(settings: &EncodeSettings) -> Result<Self, CodecError> {
        let Target::Quality(quality) = settings.target else {
            return Err(CodecError::Unsupported { what: "lossless coding as JPEG".into() });
        };
        let effort = settings.effort;
        let step = step_of_quality(quality, settings.tune);
        let common = Self {
            step,
            shape: 0.0,
            chroma_shape: 0.0,
            rise: 0.0,
            dip: 0.0,
            dc_step: 1.0,
            chroma_step: [1.1, 0.55],
            lambda: 0.15,
            chroma_lambda: 0.9,
            dc_lambda: 0.4,
            mask: 0.0,
            rounding: 0.45,
            quick: effort <= 6,
            passes: if effort <= 7 { 1 } else { 2 },
            progressive: effort >= 6,
            wide_script: effort >= 8,
            sampling: Sampling::Auto,
            search_sampling: effort >= 8 && settings.tune == Tune::Psnr,
            full_chroma_below: 10.0,
            restart_interval: 0,
        };
        Ok(match settings.tune {
            Tune::Psnr => common,
            Tune::Visual => Self {
                shape: 0.15,
                chroma_shape: 0.45,
                rise: 1.0,
                dip: 0.45,
                dc_step: 0.55,
                chroma_step: [1.2, 0.7],
                lambda: 0.06,
                chroma_lambda: 0.55,
                mask: 0.12,
                full_chroma_below: 4.0,
                ..common
            },
        })
    }

    /// Quantisation tables for luma, Cb and Cr; `area` is the luma samples for a chroma sample.
    pub fn tables(&self, components: usize, area: u32) -> [[u16; 64]; 3] {
        let chroma = self.chroma_step[usize::from(area > 1)];
        let make =
            |base: &[u16; 64], shape: f32, step: f32, lowest: f32, (rise, dip): (f32, f32)| {
                std::array::from_fn(|k| {
                    let relative = f32::from(base[k]) / lowest;
                    let squared = ((k / 8).pow(2) + (k % 8).pow(2)) as f32;
                    let dc = if k == 0 { self.dc_step } else { 1.0 };
                    let curve =
                        (1.0 + rise * squared / 98.0) * (1.0 - dip * (-squared / 4.5).exp()) * dc;
                    (step * relative.max(0.5).powf(shape) * curve).round().clamp(1.0, 255.0) as u16
                })
            };
        let luma = make(&STANDARD_LUMA, self.shape, self.step, 12.0, (self.rise, self.dip));
        if components != 3 {
            return [luma; 3];
        }
        // Errors of Cb weigh more than those of Cr in RGB.
        let balance = if self.shape == 0.0 { [0.96, 1.1] } else { [1.0, 1.0] };
        let chromas = balance.map(|b| {
            make(&STANDARD_CHROMA, self.chroma_shape, self.step * chroma * b, 18.0, (0.0, 0.0))
        });
        [luma, chromas[0], chromas[1]]
    }

    /// The factor on the price of a bit for a block of coefficients divided by their steps.
    #[inline]
    pub fn masking(&self, x: &[f32; 64]) -> f32 {
        if self.mask == 0.0 {
            return 1.0;
        }
        self.masking_of(x[1..].iter().map(|v| v * v).sum())
    }

    /// The same for the energy of all coefficients but the first.
    #[inline]
    pub fn masking_of(&self, energy: f32) -> f32 {
        if self.mask == 0.0 {
            return 1.0;
        }
        ((energy + 4.0) / 20.0).powf(self.mask).clamp(0.5, 2.0)
    }
}

/// Quality and the step at which a photo reaches it as SSIMULACRA2, on average over photos/valid; above 90 finer steps.
const VISUAL_STEPS: [(f32, f32); 9] = [
    (0.0, 140.0),
    (23.0, 87.0),
    (45.0, 49.5),
    (60.0, 29.5),
    (75.0, 13.5),
    (85.0, 5.2),
    (90.0, 3.0),
    (95.0, 2.1),
    (100.0, 1.0),
];

/// Quality and the step of the flat tables of the tuning for PSNR.
const PSNR_STEPS: [(f32, f32); 9] = [
    (0.0, 104.0),
    (23.0, 45.5),
    (45.0, 27.3),
    (60.0, 16.9),
    (75.0, 10.4),
    (85.0, 6.5),
    (90.0, 4.68),
    (95.0, 2.99),
    (100.0, 1.3),
];

fn step_of_quality(quality: f32, tune: Tune) -> f32 {
    let steps = if tune == Tune::Psnr { &PSNR_STEPS } else { &VISUAL_STEPS };
    let quality = quality.clamp(0.0, 100.0);
    let after = steps.iter().position(|s| s.0 >= quality).unwrap_or(steps.len() - 1).max(1);
    let ((q0, s0), (q1, s1)) = (steps[after - 1], steps[after]);
    s0 * (s1 / s0).powf((quality - q0) / (q1 - q0))
}

/// Energy that subsampling and triangle upsampling of a full-size plane take away.
pub fn lost_by_sampling(plane: &Samples, x: usize, y: usize) -> f64 {
    let small = subsampled(plane, x, y);
    let at = |i: isize, j: isize| {
        let i = i.clamp(0, small.width as isize - 1) as usize;
        small.values[j.clamp(0, small.height as isize - 1) as usize * small.width + i]
    };
    let mut sum = 0.0f64;
    for j in 0..plane.height {
        for i in 0..plane.width {
            let (ci, cj) = ((i / x) as isize, (j / y) as isize);
            let side = |p: usize, f: usize, c: isize| {
                if f == 1 { c } else { c + if p.is_multiple_of(2) { -1 } else { 1 } }
            };
            let (ni, nj) = (side(i, x, ci), side(j, y, cj));
            let near = 0.75 * at(ci, cj) + 0.25 * at(ni, cj);
            let far = 0.75 * at(ci, nj) + 0.25 * at(ni, nj);
            let error = plane.values[j * plane.width + i] - (0.75 * near + 0.25 * far);
            sum += f64::from(error * error);
        }
    }
    sum
}
