//! The sweep itself: every picture through every codec at every setting.
//!
//! While a codec is timed nothing else runs; metrics are computed afterwards, on as many
//! threads as are allowed.

use crate::LabError;
use crate::cache::Cache;
use crate::codec::{Carrier, Codec};
use crate::input::Source;
use crate::launch::{Cost, Launcher, Outcome};
use crate::ours::inside_ms;
use crate::quality;
use crate::record::{Failure, Point};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use tintype_image::{Limits, Picture, Threads};

/// What every run of the sweep shares.
pub struct BenchContext<'a> {
    /// How programs are started.
    pub launcher: &'a Launcher,
    /// A folder for intermediate files.
    pub folder: &'a Path,
    /// Results kept from earlier sweeps.
    pub cache: &'a Cache,
    /// Runs of each encode and decode.
    pub repeats: u32,
    /// Whether decoded pictures must equal their sources.
    pub lossless: bool,
    /// Whether codecs run one at a time.
    pub timed: bool,
    /// Threads for metrics; for everything if nothing is timed.
    pub threads: Threads,
    /// Bounds for reading what programs wrote.
    pub limits: Limits,
}

/// A compressed file, what it cost, and where its decoded picture lies.
pub struct Coded {
    /// The compressed file.
    pub file: Vec<u8>,
    /// Cost of encode.
    pub encode: Outcome,
    /// Cost of decode, if a program decoded.
    pub decode: Option<Outcome>,
    /// The decoded picture as a file.
    pub decoded: PathBuf,
}

/// How far one setting is.
enum Step {
    /// Measured in an earlier sweep.
    Kept(Box<Point>),
    /// Coded and decoded; not yet compared.
    Coded(Box<Coded>),
    /// Not coded or not decoded.
    Failed(LabError),
}

/// All settings of one codec on one picture. `on_progress` is called after each.
pub fn sweep_codec(
    context: &BenchContext<'_>,
    codec: &Codec,
    source: &Source,
    on_progress: &(dyn Fn() + Sync),
) -> (Vec<Point>, Vec<Failure>) {
    let threads_coding = if context.timed { Threads::ONE } else { context.threads };
    let coded = parallel(&codec.ladder, threads_coding, |setting| {
        match context.cache.get(codec, setting, source, context.repeats) {
            Some((point, _)) => Step::Kept(Box::new(point)),
            None => code(context, codec, source, setting)
                .map_or_else(Step::Failed, |coded| Step::Coded(Box::new(coded))),
        }
    });
    let steps: Vec<(&String, Step)> = codec.ladder.iter().zip(coded).collect();
    let results = parallel(&steps, context.threads, |(setting, step)| {
        let result = match step {
            Step::Kept(point) => Ok((**point).clone()),
            Step::Coded(coded) => point_of(context, codec, source, setting, coded)
                .map_err(|error| (setting.to_string(), error.to_string())),
            Step::Failed(error) => Err((setting.to_string(), error.to_string())),
        };
        on_progress();
        result
    });
    let mut points = Vec::new();
    let mut failures = Vec::new();
    for result in results {
        match result {
            Ok(point) => points.push(point),
            Err((setting, reason)) => {
                let (codec, image) = (codec.name.clone(), source.image.name.clone());
                failures.push(Failure { codec, setting, image, reason });
            }
        }
    }
    (points, failures)
}

/// Encodes and decodes once (or the fastest of several runs).
///
/// # Errors
/// What the programs said, or `Io`.
pub fn code(
    context: &BenchContext<'_>,
    codec: &Codec,
    source: &Source,
    setting: &str,
) -> Result<Coded, LabError> {
    let input = match codec.takes {
        Carrier::Pnm => source.pnm.as_ref().unwrap_or(&source.png),
        Carrier::Png => &source.png,
    };
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let stem = context.folder.join(format!("run-{}", RUNS.fetch_add(1, Ordering::Relaxed)));
    let compressed = stem.with_extension(&codec.extension);
    let arguments = codec.encode.fill(input, &compressed, setting, source.raw_bpp());
    let mut encode = fastest(context, &codec.encode.program, &arguments, &compressed)?;
    take_reported_time(codec, &mut encode, "encode_ms");
    let file = std::fs::read(&compressed).map_err(LabError::io(&compressed))?;
    let Some(template) = &codec.decode else {
        return Ok(Coded { file, encode, decode: None, decoded: compressed });
    };
    let decoded = context.folder.join(format!(
        "{}-decoded.{}",
        stem.file_name().map_or_else(String::new, |name| name.display().to_string()),
        codec.gives.extension(source.plain)
    ));
    let arguments = template.fill(&compressed, &decoded, "", source.raw_bpp());
    let mut decode = fastest(context, &template.program, &arguments, &decoded)?;
    take_reported_time(codec, &mut decode, "decode_ms");
    let _ = std::fs::remove_file(&compressed);
    Ok(Coded { file, encode, decode: Some(decode), decoded })
}

/// Replaces the time of the process by what a program that times itself printed under `key`.
fn take_reported_time(codec: &Codec, outcome: &mut Outcome, key: &str) {
    if let Some(ms) = inside_ms(&outcome.stdout, key).filter(|_| codec.times_itself) {
        // Memory of the process is mostly Python's.
        outcome.cost = Cost { wall_ms: ms, cpu_ms: ms, peak_memory_bytes: None };
    }
}

/// The run with the least CPU time of `context.repeats`.
fn fastest(
    context: &BenchContext<'_>,
    program: &str,
    arguments: &[String],
    output: &Path,
) -> Result<Outcome, LabError> {
    let mut best: Option<Outcome> = None;
    for _ in 0..context.repeats.max(1) {
        let _ = std::fs::remove_file(output);
        let outcome = context.launcher.run(program, arguments)?;
        if best.as_ref().is_none_or(|best| outcome.cost.cpu_ms < best.cost.cpu_ms) {
            best = Some(outcome);
        }
    }
    best.ok_or_else(|| LabError::misuse("no run asked for"))
}

/// The decoded picture of `coded`; its file is removed.
///
/// # Errors
/// `Io`, `Malformed`.
pub fn decoded_picture(coded: &Coded, limits: &Limits) -> Result<Picture, LabError> {
    let bytes = std::fs::read(&coded.decoded).map_err(LabError::io(&coded.decoded))?;
    let _ = std::fs::remove_file(&coded.decoded);
    tintype_image::io::read_picture(&bytes, limits)
        .map_err(|error| LabError::Malformed { what: format!("decoded picture: {error}") })
}

fn point_of(
    context: &BenchContext<'_>,
    codec: &Codec,
    source: &Source,
    setting: &str,
    coded: &Coded,
) -> Result<Point, LabError> {
    let decoded = decoded_picture(coded, &context.limits)?;
    let metrics = if context.lossless {
        quality::check_equal(&source.picture, &decoded)?;
        None
    } else {
        Some(quality::measure(&source.picture, &decoded)?)
    };
    let bytes = coded.file.len() as u64;
    let inside = |outcome: &Outcome, key| inside_ms(&outcome.stdout, key).filter(|_| codec.ours);
    let point = Point {
        codec: codec.name.clone(),
        setting: setting.to_string(),
        image: source.image.name.clone(),
        bytes,
        bpp: 8.0 * bytes as f64 / source.pixels() as f64,
        ratio: source.image.raw_bytes as f64 / bytes.max(1) as f64,
        encode: coded.encode.cost,
        decode: coded.decode.as_ref().map(|outcome| outcome.cost),
        encode_inside_ms: inside(&coded.encode, "encode_ms"),
        decode_inside_ms: coded.decode.as_ref().and_then(|outcome| inside(outcome, "decode_ms")),
        metrics,
        cached: false,
    };
    if context.timed {
        context.cache.put(codec, setting, source, context.repeats, &point, &coded.file);
    }
    Ok(point)
}

/// `work` on every item by up to `threads` threads; results in the order of the items.
pub fn parallel<T: Sync, R: Send>(
    items: &[T],
    threads: Threads,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&index| index < items.len());
        std::iter::from_fn(take).map(|index| (index, work(&items[index]))).collect::<Vec<_>>()
    };
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let others: Vec<_> =
            (1..threads.count().min(items.len())).map(|_| scope.spawn(worker)).collect();
        let mut done = worker();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}
