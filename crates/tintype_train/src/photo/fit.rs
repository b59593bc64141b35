//! The `photo` fit as `tintype train` runs it.

use super::filter::{FilterOptions, fit_filter};
use super::{Basis, Collector, PhotoOptions, adapt_contexts, teach};
use crate::{Adapting, Fit, FitError, FitJob, FitRequest, Fitted, PictureList, Progress, joined};
use tintype_codec::CodecError;
use tintype_model::{ModelFile, ModelLimits};
use tintype_photo::SETS;

/// Fits a `photo` model.
#[derive(Clone, Copy, Debug)]
pub struct PhotoFit;

/// Pictures that contexts are adapted on: with 42 of them the rate fell by 1.8 % on
/// photos/valid (docs/lab/photo.md).
const CONTEXT_PICTURES: usize = 42;

/// Settings of a fit; those that start with `filter-` are of [`FilterOptions`]. `base` names a
/// model whose pieces are kept, `refit` one whose pieces are fitted anew to the blocks that the
/// encoder chooses them for, `start` one whose pieces and contexts are kept: its filter alone is
/// trained anew; `teach` one whose contexts alone are taught.
const SETTINGS: [&str; 12] = [
    "pieces",
    "kept",
    "blocks",
    "rounds",
    "noise",
    "basis",
    "base",
    "refit",
    "start",
    "teach",
    "filter-pairs",
    "filter-prior",
];

/// The options of a request; defaults where it sets nothing.
fn options(request: &FitRequest) -> Result<PhotoOptions, FitError> {
    request.check_settings(&SETTINGS)?;
    let default = PhotoOptions { seed: request.seed, ..PhotoOptions::default() };
    let choices = [("sparse", Basis::Sparse), ("klt", Basis::Klt), ("dct", Basis::Dct)];
    let basis = request.choice("basis", &choices)?;
    let options = PhotoOptions {
        basis,
        pieces: request.numbers("pieces", default.pieces)?,
        kept: request.numbers("kept", default.kept)?,
        blocks_per_picture: request.numbers("blocks", default.blocks_per_picture)?,
        rounds: request.setting("rounds", default.rounds)?,
        border_noise: request.setting("noise", default.border_noise)?,
        ..default
    };
    let within = |values: &[usize; SETS], max: [usize; SETS]| {
        values.iter().zip(max).all(|(v, m)| (1..=m).contains(v))
    };
    if !within(&options.pieces, [64; SETS]) || !within(&options.kept, [64, 256, 64, 256]) {
        let what = "1 to 64 pieces, 1 to 64 rows of blocks of 8, 1 to 256 of blocks of 16 are possible";
        return Err(FitError::Misuse { what: what.into() });
    }
    Ok(options)
}

impl Fit for PhotoFit {
    fn describe(&self, model: &[u8]) -> Result<Vec<(&'static str, String)>, CodecError> {
        super::draw::describe(model)
    }

    fn adapt(&self, shipped: &[u8], run: &mut dyn Adapting) -> Result<(), FitError> {
        super::adapt::adapt(shipped, run)
    }

    fn fit(&self, job: FitJob<'_>) -> Result<Fitted, FitError> {
        let FitJob { pictures, request, on_progress } = job;
        let options = options(request)?;
        let filter = FilterOptions::of_request(request)?;
        let taught = request.setting("teach", String::new())?;
        if !taught.is_empty() {
            let list = pictures.thinned(request.pictures_max);
            let models = teach(&read_model(&taught)?, &list, &(&options).into(), |done| {
                on_progress(&Progress { stage: "teaching contexts", done, objective: None });
                true
            })?;
            let bytes = models.into_iter().next().unwrap_or_default();
            let name = "contexts taught from those of the model".to_string();
            return Ok(Fitted { bytes, parameters: vec![(name, taught)] });
        }
        let start = request.setting("start", String::new())?;
        let mut fitted = if start.is_empty() {
            pieces_and_contexts(FitJob { pictures, request, on_progress }, &options)?
        } else {
            let name = "pieces and contexts of the model".to_string();
            Fitted { bytes: read_model(&start)?, parameters: vec![(name, start)] }
        };
        if filter.pairs > 0 {
            let (bytes, gains) = fit_filter(&fitted.bytes, pictures, &filter, |done| {
                on_progress(&Progress { stage: "fitting the filter", done, objective: None });
                true
            })?;
            fitted.bytes = bytes;
            fitted.parameters.extend(filter.lines());
            let name = "filter: decibels gained on pictures held out (luma, colour differences)";
            fitted.parameters.push((name.into(), format!("{:.3}, {:.3}", gains[0], gains[1])));
        }
        Ok(fitted)
    }
}

fn read_model(path: &str) -> Result<Vec<u8>, FitError> {
    std::fs::read(path).map_err(|error| FitError::Io { file: path.to_string(), error })
}

/// Fits the pieces, then adapts the contexts.
fn pieces_and_contexts(job: FitJob<'_>, options: &PhotoOptions) -> Result<Fitted, FitError> {
    let FitJob { pictures, request, on_progress } = job;
    let list = pictures.thinned(request.pictures_max);
    let base = request.setting("base", String::new())?;
    if !base.is_empty() {
        return with_contexts(&read_model(&base)?, &list, options);
    }
    let refit = request.setting("refit", String::new())?;
    if !refit.is_empty() {
        let model =
            ModelFile::read(&read_model(&refit)?, &ModelLimits::default()).map_err(CodecError::from)?;
        let fitted = super::chosen::refit(&model, &list, options, |stage, done| {
            on_progress(&Progress { stage, done: 0.9 * done, objective: None });
        })?;
        return with_contexts(&fitted, &list, options);
    }
    let mut collector = Collector::new(options);
    for index in 0..list.len() {
        collector.add(&list.read(index)?.planes);
        on_progress(&Progress {
            stage: "taking blocks",
            done: 0.2 * index as f32 / list.len() as f32,
            objective: None,
        });
    }
    if collector.blocks().contains(&0) {
        let what =
            "too few blocks: colour pictures of at least 48 × 48 pixels with some detail are needed"
                .into();
        return Err(FitError::Misuse { what });
    }
    let stages = [
        "luma pieces of 8 × 8",
        "luma pieces of 16 × 16",
        "chroma pieces of 8 × 8",
        "chroma pieces of 16 × 16",
    ];
    let model = collector.fit(|set, round, bits| {
        let done = 0.2 + 0.7 * (set as f32 + (round + 1) as f32 / options.rounds as f32) / SETS as f32;
        on_progress(&Progress { stage: stages[set], done, objective: Some(("bits a sample", bits)) });
    });
    on_progress(&Progress { stage: "adapting contexts", done: 0.9, objective: None });
    let adapted = with_contexts(&model, &list, options)?;
    let parameters = [
        ("pieces (luma 8, luma 16, chroma 8, chroma 16)", joined(&options.pieces)),
        ("basis rows kept", joined(&options.kept)),
        ("blocks taken from each picture, at most", joined(&options.blocks_per_picture)),
        ("blocks fitted to", joined(&collector.blocks())),
        ("basis", format!("{:?}", options.basis).to_lowercase()),
        ("rounds", options.rounds.to_string()),
        ("noise assumed on borders", options.border_noise.to_string()),
    ];
    let named = parameters.map(|(name, value)| (name.to_string(), value));
    Ok(Fitted { bytes: adapted.bytes, parameters: [named.to_vec(), adapted.parameters].concat() })
}

/// The pieces of `model`, with contexts adapted on some of the pictures.
fn with_contexts(model: &[u8], list: &PictureList, options: &PhotoOptions) -> Result<Fitted, FitError> {
    let chosen = list.thinned(CONTEXT_PICTURES);
    let picture = |index: usize| Ok(chosen.read(index)?.planes);
    let bytes = adapt_contexts(model, chosen.len(), picture, options)?;
    let name = "pictures contexts were adapted on".to_string();
    Ok(Fitted { bytes, parameters: vec![(name, chosen.len().to_string())] })
}
