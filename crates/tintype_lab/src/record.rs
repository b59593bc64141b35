//! The results of a sweep, as the JSON file contains them. The schema is
//! docs/format/bench.schema.json; a test checks results against it. Rates are bytes of whole
//! files; metrics compare the decoded file with the source.

use crate::Cost;
use serde::{Deserialize, Serialize};

/// A whole sweep.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bench {
    /// Always `tintype-bench`.
    pub format: String,
    /// Version of this structure, 1.
    pub version: u32,
    /// Name of the set of pictures: the folder's name, or what the caller said.
    pub dataset: String,
    /// Version of Tintype.
    pub tintype: String,
    /// Operating system, architecture, and logical processors.
    pub machine: String,
    /// Whether exact codecs were compared, by bytes alone.
    pub lossless: bool,
    /// Runs of each encode and decode; the fastest counts.
    pub repeats: u32,
    /// Whether codecs ran one at a time with nothing beside them. Otherwise their times are
    /// not to be used.
    pub timed: bool,
    /// The pictures.
    pub images: Vec<Image>,
    /// The codecs that ran.
    pub codecs: Vec<CodecRecord>,
    /// Programs that were looked for and not used.
    pub missing: Vec<Missing>,
    /// One entry for each codec, setting and picture.
    pub points: Vec<Point>,
    /// Runs that did not work.
    pub failures: Vec<Failure>,
    /// One entry for each codec and setting over all pictures.
    pub summary: Vec<Summary>,
    /// Rate differences between curves.
    pub bd_rate: Vec<BdRate>,
}

/// One picture of the set.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Image {
    /// File name.
    pub name: String,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Number of planes.
    pub planes: usize,
    /// Largest depth of a plane in bits.
    pub bit_depth: u8,
    /// Bytes of the samples, uncompressed: what the compression ratio is taken of.
    pub raw_bytes: u64,
}

/// One codec as it was run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CodecRecord {
    /// Its name in this sweep.
    pub name: String,
    /// Whether it is ours.
    pub ours: bool,
    /// What its program says about its version.
    pub version: String,
    /// The command that encodes, with `IN`, `OUT` and `Q` for what changes.
    pub command: String,
    /// What the setting is: `quality`, `bpp`, `distance`, and so on.
    pub setting_kind: String,
    /// Bytes of the model it needs beside its files; ours only.
    pub model_bytes: Option<u64>,
    /// Seconds that the fit of the model took, as its card says; ours only.
    pub fit_s: Option<f64>,
}

/// A program that was looked for and not used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Name of the codec.
    pub codec: String,
    /// Why it was left out.
    pub why: String,
}

/// One picture through one codec at one setting.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Point {
    /// Name of the codec.
    pub codec: String,
    /// Its setting, in its own scale.
    pub setting: String,
    /// File name of the picture.
    pub image: String,
    /// Bytes of the compressed file.
    pub bytes: u64,
    /// Bits per pixel.
    pub bpp: f64,
    /// Uncompressed bytes by compressed bytes.
    pub ratio: f64,
    /// The program's encode, start of the process and file access included.
    pub encode: Cost,
    /// The same for decode; none where the format is decoded by this program.
    pub decode: Option<Cost>,
    /// Time inside the encoder as it reports it, in milliseconds; ours only.
    pub encode_inside_ms: Option<f64>,
    /// The same for decode.
    pub decode_inside_ms: Option<f64>,
    /// Decoded picture against source; none in a lossless sweep, where both were found equal.
    pub metrics: Option<Metrics>,
    /// Whether this was measured in an earlier sweep and kept.
    pub cached: bool,
}

/// Decoded picture against source.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Metrics {
    /// Mean squared error over all samples, in squared 8-bit steps.
    pub mse: f64,
    /// Mean absolute error, in 8-bit steps.
    pub mae: f64,
    /// Peak signal-to-noise ratio in decibels; 100 where the pictures are equal.
    pub psnr: f64,
    /// Structural similarity, at most 1; none for very small pictures.
    pub ssim: Option<f64>,
    /// Multi-scale structural similarity, at most 1; none below 176 pixels.
    pub ms_ssim: Option<f64>,
    /// SSIMULACRA2, at most 100; none where it is not defined.
    pub ssimulacra2: Option<f64>,
    /// Butteraugli distance, 0 where equal; none where it is not defined.
    pub butteraugli: Option<f64>,
}

/// A run that did not work.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// Name of the codec.
    pub codec: String,
    /// Its setting.
    pub setting: String,
    /// File name of the picture.
    pub image: String,
    /// What went wrong.
    pub reason: String,
}

/// One codec at one setting over all pictures that it coded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Summary {
    /// Name of the codec.
    pub codec: String,
    /// Its setting.
    pub setting: String,
    /// Number of pictures.
    pub images: usize,
    /// Sum of the bytes.
    pub bytes: u64,
    /// Mean of the bits per pixel.
    pub bpp: f64,
    /// All uncompressed bytes by all compressed bytes.
    pub ratio: f64,
    /// Means over pictures; none in a lossless sweep.
    pub metrics: Option<Metrics>,
    /// Mean of `-10 log10(1 - ms_ssim)`.
    pub ms_ssim_db: Option<f64>,
    /// Megapixels a second of CPU time; none where nothing was timed.
    pub encode_mp_per_s: Option<f64>,
    /// The same for decode.
    pub decode_mp_per_s: Option<f64>,
    /// Largest peak memory of an encode, in bytes.
    pub encode_peak_bytes: Option<u64>,
    /// Largest peak memory of a decode, in bytes.
    pub decode_peak_bytes: Option<u64>,
}

/// Rate of `codec` against `anchor` at equal quality, in percent; negative is smaller.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BdRate {
    /// The codec judged.
    pub codec: String,
    /// The codec it is compared with.
    pub anchor: String,
    /// `psnr`, `ms_ssim` (in decibels) or `ssimulacra2`.
    pub metric: String,
    /// Of the curves of averages over pictures; none where they do not overlap.
    pub of_averages: Option<f64>,
    /// Mean over pictures of each picture's figure.
    pub mean_of_images: Option<f64>,
    /// Number of pictures in that mean.
    pub images: usize,
}
