//! The options that every measurement takes.

use clap::{Args, ValueEnum};
use std::path::PathBuf;
use tintype::{Goal, Tune};

/// Which codec, on which model, at which settings, over which pictures.
#[derive(Args, Clone, Debug)]
pub struct CodecArgs {
    /// jpeg (real JPEG files), wavelet, photo, cluster, sparse, neural, lossless, planes, or a
    /// peer: jpeg2000, webp.
    #[arg(long)]
    pub codec: String,
    /// A model file instead of the one that is built in.
    #[arg(long)]
    pub model: Option<PathBuf>,
    /// Qualities, separated by commas.
    #[arg(long, value_delimiter = ',', default_values_t = [10.0, 30.0, 50.0, 70.0, 90.0])]
    pub quality: Vec<f32>,
    /// Rates in bits per pixel instead of qualities.
    #[arg(long, value_delimiter = ',', conflicts_with = "quality")]
    pub bpp: Vec<f32>,
    /// Every sample comes back; instead of qualities.
    #[arg(long, conflicts_with_all = ["quality", "bpp"])]
    pub lossless: bool,
    /// 1 (fast) to 9 (dense).
    #[arg(long, default_value_t = 5)]
    pub effort: u8,
    /// What the encoder's choices favour.
    #[arg(long, value_enum, default_value_t = TuneArg::Psnr)]
    pub tune: TuneArg,
    /// Worker threads inside the codec.
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
    /// A field of the JPEG encoder's plan, as `lambda=0.1`; may be repeated.
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    pub fields: Vec<String>,
    /// Decode at most this many quality layers.
    #[arg(long)]
    pub layers: Option<u32>,
    /// Code only the middle N × N pixels of each picture.
    #[arg(long, value_name = "N")]
    pub crop: Option<usize>,
    /// Picture files, or folders of them.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
}

/// As [`Tune`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TuneArg {
    /// Mean squared error.
    Psnr,
    /// How it looks.
    Visual,
}

impl CodecArgs {
    /// The tuning.
    pub fn tune(&self) -> Tune {
        match self.tune {
            TuneArg::Psnr => Tune::Psnr,
            TuneArg::Visual => Tune::Visual,
        }
    }

    /// The settings to measure: how each stands in the CSV file, and what it asks for.
    pub fn goals(&self) -> Vec<(String, Goal)> {
        if self.lossless || self.codec == "lossless" {
            return vec![("lossless".into(), Goal::Lossless)];
        }
        if self.bpp.is_empty() {
            return self.quality.iter().map(|q| (q.to_string(), Goal::Quality(*q))).collect();
        }
        self.bpp.iter().map(|bpp| (format!("r{bpp}"), Goal::Bpp(*bpp))).collect()
    }
}
