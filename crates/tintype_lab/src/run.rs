//! One sweep from its options to its result.

use crate::LabError;
use crate::cache::Cache;
use crate::codec::Codec;
use crate::crops::{CropSet, crop_sets};
use crate::input::{Source, picture_files, read_source};
use crate::launch::Launcher;
use crate::ours::{OursSettings, QUALITIES, codec_from_text};
use crate::peers;
use crate::record::{Bench, Missing};
use crate::summary::{bd_rates, summaries};
use crate::sweep::{BenchContext, sweep_codec};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use tintype_image::{Limits, Threads};

/// What to sweep.
#[derive(Clone, Debug)]
pub struct BenchOptions {
    /// Pictures, and folders of pictures.
    pub inputs: Vec<PathBuf>,
    /// Name of the set in the results; without it, the name of the first folder.
    pub dataset: Option<String>,
    /// Our codecs: a name, perhaps with a tuning and an effort, such as `wavelet:psnr:e7`.
    pub codecs: Vec<String>,
    /// Peers by name; empty for every peer on `PATH`; `none` for none.
    pub peers: Vec<String>,
    /// How programs are run.
    pub running: Running,
    /// Settings of `-q` for our codecs.
    pub qualities: Vec<f32>,
    /// Compare exact coding instead: bytes and speed alone.
    pub lossless: bool,
    /// Effort of our codecs, 1 to 9.
    pub effort: u8,
    /// Make crops at equal bytes for the report: number of pictures to take them from.
    pub crop_images: usize,
}

/// How programs are run.
#[derive(Clone, Debug)]
pub struct Running {
    /// The program `tintype`; needed where there are codecs of ours.
    pub program: Option<PathBuf>,
    /// How programs are started.
    pub launcher: Launcher,
    /// Run codecs one at a time, so that their times can be compared.
    pub timed: bool,
    /// Threads for the metrics, and for everything if `timed` is off. Codecs themselves always
    /// run on one thread.
    pub threads: Threads,
    /// Runs of each encode and decode; the fastest counts.
    pub repeats: u32,
    /// Folder where peers' results are kept from sweep to sweep.
    pub cache: Option<PathBuf>,
}

impl Default for BenchOptions {
    /// No pictures; every peer; the usual qualities; effort 5; no crops.
    fn default() -> Self {
        Self {
            inputs: Vec::new(),
            dataset: None,
            codecs: Vec::new(),
            peers: Vec::new(),
            qualities: QUALITIES.to_vec(),
            running: Running::default(),
            lossless: false,
            effort: 5,
            crop_images: 0,
        }
    }
}

impl Default for Running {
    /// Timed, on all threads, once each.
    fn default() -> Self {
        let (launcher, threads) = (Launcher::Direct, Threads::available());
        Self { program: None, launcher, timed: true, threads, repeats: 1, cache: None }
    }
}

/// What a sweep gives: figures, and crops for the report.
#[derive(Clone, Debug)]
pub struct BenchRun {
    /// All figures.
    pub bench: Bench,
    /// Crops at equal bytes, if asked for.
    pub crops: Vec<CropSet>,
}

/// How far a sweep is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Runs done.
    pub done: usize,
    /// All runs.
    pub total: usize,
    /// What is being done.
    pub doing: &'a str,
}

/// Runs a sweep. Runs that fail are recorded and the sweep goes on.
///
/// # Errors
/// `Misuse` for options that contradict each other, `Malformed` for an input that is no
/// picture, `Io`.
pub fn run(
    options: &BenchOptions,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<BenchRun, LabError> {
    let (codecs, missing) = choose_codecs(options)?;
    run_codecs(options, &codecs, missing, progress)
}

/// Sweeps these codecs, whatever `options` says of codecs.
pub(crate) fn run_codecs(
    options: &BenchOptions,
    codecs: &[Codec],
    missing: Vec<Missing>,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<BenchRun, LabError> {
    let files = picture_files(&options.inputs)?;
    let folder = tempfile::tempdir().map_err(LabError::io("temporary folder"))?;
    let cache = Cache::new(options.running.cache.as_deref())?;
    let limits = Limits::default();
    let context = BenchContext {
        launcher: &options.running.launcher,
        folder: folder.path(),
        cache: &cache,
        repeats: options.running.repeats,
        lossless: options.lossless,
        timed: options.running.timed,
        threads: options.running.threads,
        limits,
    };
    let total = files.len() * codecs.iter().map(|codec| codec.ladder.len()).sum::<usize>();
    let done = AtomicUsize::new(0);
    let mut bench = empty_bench(options, codecs, missing);
    let mut crops = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let source = read_source(file, folder.path(), index, &limits)?;
        if bench.images.iter().any(|image| image.name == source.image.name) {
            return Err(LabError::misuse(format!(
                "two pictures are named {}; rename one",
                source.image.name
            )));
        }
        for codec in codecs {
            let doing = format!("{} {}", source.image.name, codec.name);
            let on_progress = || {
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                progress(Progress { done, total, doing: &doing });
            };
            let (points, failures) = sweep_codec(&context, codec, &source, &on_progress);
            bench.points.extend(points);
            bench.failures.extend(failures);
        }
        if index < options.crop_images && !options.lossless {
            progress(Progress {
                done: done.load(Ordering::Relaxed),
                total,
                doing: "crops at equal bytes",
            });
            crops.extend(crop_sets(&context, codecs, &source, &bench.points));
        }
        remove_files(&source);
        bench.images.push(source.image);
    }
    let names: Vec<String> = codecs.iter().map(|codec| codec.name.clone()).collect();
    bench.summary = summaries(&bench.points, &bench.images, &names, options.running.timed);
    if !options.lossless {
        bench.bd_rate = bd_rates(&bench.points, &names);
    }
    Ok(BenchRun { bench, crops })
}

/// The sweep's figures as JSON, ready to be a file.
///
/// # Errors
/// `Malformed` for a figure that JSON cannot hold.
pub fn json_from_bench(bench: &Bench) -> Result<String, LabError> {
    let json = serde_json::to_string_pretty(bench)
        .map_err(|error| LabError::Malformed { what: error.to_string() })?;
    Ok(json + "\n")
}

fn choose_codecs(options: &BenchOptions) -> Result<(Vec<Codec>, Vec<Missing>), LabError> {
    if !(1..=9).contains(&options.effort) {
        return Err(LabError::misuse(format!("effort {} is not within 1 to 9", options.effort)));
    }
    let mut codecs = Vec::new();
    for text in &options.codecs {
        let program = options.running.program.as_deref();
        let program = program.ok_or_else(|| LabError::misuse("our codecs need the program tintype"))?;
        let settings = OursSettings {
            program,
            qualities: &options.qualities,
            lossless: options.lossless,
            effort: options.effort,
        };
        codecs.push(codec_from_text(text, &settings)?);
    }
    let mut missing = Vec::new();
    if options.peers != ["none"] {
        let known = peers::names(options.lossless);
        if let Some(unknown) = options.peers.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(LabError::misuse(format!(
                "no peer is called `{unknown}`; there are: {}",
                known.join(", ")
            )));
        }
        let (found, not_found) = peers::find(options.lossless, &options.peers);
        codecs.extend(found);
        missing = not_found;
    }
    if codecs.is_empty() {
        return Err(LabError::misuse("no codec to run: none of ours was named and no peer was found"));
    }
    Ok((codecs, missing))
}

fn empty_bench(options: &BenchOptions, codecs: &[Codec], missing: Vec<Missing>) -> Bench {
    let first = options.inputs.first();
    let folder =
        first.and_then(|path| if path.is_dir() { path.file_name() } else { path.parent()?.file_name() });
    let dataset = folder.map_or_else(|| "pictures".into(), |name| name.display().to_string());
    let processors = std::thread::available_parallelism().map_or(1, |count| count.get());
    Bench {
        format: "tintype-bench".into(),
        version: 1,
        dataset: options.dataset.clone().unwrap_or(dataset),
        tintype: env!("CARGO_PKG_VERSION").into(),
        machine: format!("{} {}, {processors} processors", std::env::consts::OS, std::env::consts::ARCH),
        lossless: options.lossless,
        repeats: options.running.repeats.max(1),
        timed: options.running.timed,
        images: Vec::new(),
        codecs: codecs.iter().map(Codec::record).collect(),
        missing,
        points: Vec::new(),
        failures: Vec::new(),
        summary: Vec::new(),
        bd_rate: Vec::new(),
    }
}

fn remove_files(source: &Source) {
    for path in source.pnm.iter().chain([&source.png]) {
        let _ = std::fs::remove_file(path);
    }
}
