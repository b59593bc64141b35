//! The encoder's parameters, from quality, tuning and effort.
//!
//! In: [`EncodeSettings`]. Out: [`EncoderParams`]. Measured values are those of
//! docs/lab/jpeg.md: found on sixteen pictures of photos/train by SSIMULACRA2, or PSNR for
//! that tuning, and confirmed on photos/valid.

use crate::standard_tables::{STANDARD_CHROMA, STANDARD_LUMA};
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

/// Every parameter of the encoder; [`Encoder`](crate::Encoder) sets them from quality, tune and
/// effort.
#[derive(Clone, Debug, PartialEq)]
pub struct EncoderParams {
    /// Quantisation step of the lowest luma frequencies.
    pub step: f32,
    /// How the luma step grows with frequency: 0 flat, 1 as the standard's luma table.
    pub luma_shape: f32,
    /// The same for chroma.
    pub chroma_shape: f32,
    /// How much larger the luma step of the highest frequency is beyond that; grows with the
    /// square of the frequency, 0 for not at all.
    pub high_frequency_rise: f32,
    /// How much smaller luma steps are around frequency 0, 0 to 1: a bell with a standard
    /// deviation of 1.5 frequencies.
    pub low_frequency_dip: f32,
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
    /// Masking: how strongly the price of a bit grows with a block's energy, as an exponent; 0
    /// for none.
    pub masking: f32,
    /// Added before truncation in plain quantisation.
    pub rounding: f32,
    /// One pass with thresholding instead of the trellis; needs gray or RGB at full size.
    pub single_pass: bool,
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

impl EncoderParams {
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
            luma_shape: 0.0,
            chroma_shape: 0.0,
            high_frequency_rise: 0.0,
            low_frequency_dip: 0.0,
            dc_step: 1.0,
            chroma_step: [1.1, 0.55],
            lambda: 0.15,
            chroma_lambda: 0.9,
            dc_lambda: 0.4,
            masking: 0.0,
            rounding: 0.45,
            single_pass: effort <= 6,
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
            // BD-rate of each at effort 7 on photos/train: DC step −3.9 %, the rise with a
            // flatter base −2.1 %, the dip −1.0 %, less thresholding of chroma −0.6 %, flatter
            // chroma −0.3 %, weaker masking −0.2 %; all together −8.6 %.
            Tune::Visual => Self {
                luma_shape: 0.15,
                chroma_shape: 0.45,
                high_frequency_rise: 1.0,
                low_frequency_dip: 0.45,
                dc_step: 0.55,
                chroma_step: [1.2, 0.7],
                lambda: 0.06,
                chroma_lambda: 0.55,
                masking: 0.12,
                // Full chroma costs 12 % on photos/valid but wins above SSIMULACRA2 88.
                full_chroma_below: 4.0,
                ..common
            },
        })
    }

    /// Without a search: full or half chroma, horizontally and vertically, by the step.
    pub(super) fn auto_sampling(&self) -> (usize, usize) {
        if self.step < self.full_chroma_below { (1, 1) } else { (2, 2) }
    }

    /// Quantisation tables for luma, Cb and Cr; `area` is the luma samples for a chroma sample.
    pub(super) fn tables(&self, components: usize, area: u32) -> [[u16; 64]; 3] {
        let luma = self.luma_table();
        if components != 3 {
            return [luma; 3];
        }
        let chroma = self.step * self.chroma_step[usize::from(area > 1)];
        // In RGB an error of Cb weighs more than one of Cr: 1.086 and 0.825 of one of Y.
        let balance = if self.luma_shape == 0.0 { [0.96, 1.1] } else { [1.0, 1.0] };
        let [cb, cr] = balance.map(|b| self.chroma_table(chroma * b));
        [luma, cb, cr]
    }

    fn luma_table(&self) -> [u16; 64] {
        std::array::from_fn(|k| {
            let squared = ((k / 8).pow(2) + (k % 8).pow(2)) as f32;
            // 98 is that of the highest frequency; 4.5 is twice the variance of the bell.
            let curve = (1.0 + self.high_frequency_rise * squared / 98.0)
                * (1.0 - self.low_frequency_dip * (-squared / 4.5).exp())
                * self.dc_factor(k);
            // 12, and 18 for chroma, are steps of the lowest AC frequencies in the standard's
            // tables.
            let relative = f32::from(STANDARD_LUMA[k]) / 12.0;
            quantiser(self.step * relative.max(0.5).powf(self.luma_shape) * curve)
        })
    }

    fn chroma_table(&self, step: f32) -> [u16; 64] {
        std::array::from_fn(|k| {
            let relative = f32::from(STANDARD_CHROMA[k]) / 18.0;
            quantiser(step * relative.max(0.5).powf(self.chroma_shape) * self.dc_factor(k))
        })
    }

    fn dc_factor(&self, k: usize) -> f32 {
        if k == 0 { self.dc_step } else { 1.0 }
    }

    /// The factor on the price of a bit for a block of coefficients divided by their steps.
    #[inline]
    pub fn price_factor(&self, x: &[f32; 64]) -> f32 {
        if self.masking == 0.0 {
            return 1.0;
        }
        self.price_factor_of(x[1..].iter().map(|v| v * v).sum())
    }

    /// The same for the energy of all coefficients but the first.
    #[inline]
    pub fn price_factor_of(&self, energy: f32) -> f32 {
        if self.masking == 0.0 {
            return 1.0;
        }
        ((energy + 4.0) / 20.0).powf(self.masking).clamp(0.5, 2.0)
    }
}

/// The nearest step that a table of 8 bits holds.
fn quantiser(step: f32) -> u16 {
    step.round().clamp(1.0, 255.0) as u16
}

/// Quality and the step at which a photo reaches it as SSIMULACRA2, on average over photos/valid;
/// above 90 finer steps.
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
