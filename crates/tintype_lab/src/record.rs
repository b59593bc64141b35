//! The results of a sweep, as the JSON file contains them. What each field means stands in one
//! place, the schema docs/format/bench.schema.json; a test checks results against it. Rates are
//! bytes of whole files; metrics compare the decoded file with the source.
#![allow(missing_docs)] // The schema describes the fields.

use crate::Cost;
use serde::{Deserialize, Serialize};

/// Structs with public fields that are written as JSON and read again.
macro_rules! records {
    ($($(#[$attribute:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? })*) => { $(
        $(#[$attribute])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct $name {
            $(pub $field: $type),*
        }
    )* };
}

records! {
    /// A whole sweep.
    Bench {
        format: String, version: u32, dataset: String, tintype: String, machine: String,
        lossless: bool, repeats: u32, timed: bool, images: Vec<Image>, codecs: Vec<CodecRecord>,
        missing: Vec<Missing>, points: Vec<Point>, failures: Vec<Failure>, summary: Vec<Summary>,
        bd_rate: Vec<BdRate>,
    }

    /// One picture of the set.
    Image {
        name: String, width: usize, height: usize, planes: usize, bit_depth: u8, raw_bytes: u64,
    }

    /// One codec as it was run.
    CodecRecord {
        name: String, ours: bool, version: String, command: String, setting_kind: String,
        model_bytes: Option<u64>, fit_s: Option<f64>,
    }

    /// A program that was looked for and not used.
    #[derive(PartialEq, Eq)]
    Missing {
        codec: String, why: String,
    }

    /// One picture through one codec at one setting.
    Point {
        codec: String, setting: String, image: String, bytes: u64, bpp: f64, ratio: f64,
        encode: Cost, decode: Option<Cost>, encode_inside_ms: Option<f64>,
        decode_inside_ms: Option<f64>, metrics: Option<Metrics>, cached: bool,
    }

    /// Decoded picture against source.
    #[derive(Copy)]
    Metrics {
        mse: f64, mae: f64, psnr: f64, ssim: Option<f64>, ms_ssim: Option<f64>,
        ssimulacra2: Option<f64>, butteraugli: Option<f64>,
    }

    /// A run that did not work.
    Failure {
        codec: String, setting: String, image: String, reason: String,
    }

    /// One codec at one setting over all pictures that it coded.
    Summary {
        codec: String, setting: String, images: usize, bytes: u64, bpp: f64, ratio: f64,
        metrics: Option<Metrics>, ms_ssim_db: Option<f64>, encode_mp_per_s: Option<f64>,
        decode_mp_per_s: Option<f64>, encode_peak_bytes: Option<u64>,
        decode_peak_bytes: Option<u64>,
    }

    /// Rate of `codec` against `anchor` at equal quality, in percent; negative is smaller.
    BdRate {
        codec: String, anchor: String, metric: String, of_averages: Option<f64>,
        mean_of_images: Option<f64>, images: usize,
    }
}
