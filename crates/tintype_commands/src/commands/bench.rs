//! `tintype bench`: codecs against each other on a folder of pictures.

use crate::files::Place;
use crate::output::{print_bytes, write_output};
use crate::style::{complain, grouped};
use crate::{Failure, Outcome};
use clap::Args as ClapArgs;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use tintype::{Goal, Threads};
use tintype_lab::{Bench, BenchOptions, BenchRun, LabError, Launcher, QUALITIES, Running, measure_main};

/// First argument of the small process that measures one program; nobody types it.
const MEASURE: &str = "--measure-program";

#[derive(ClapArgs, Debug)]
#[command(after_help = "\
Examples:
  tintype bench photos/ --json out.json --html report.html
  tintype bench photos/ --codecs wavelet,wavelet:psnr:e7 --peers webp,jxl
  tintype bench photos/ --lossless --codecs lossless,lossless:e9

A codec may be followed by :psnr or :visual and by :e1 to :e9. Peers run where their programs
are on PATH; AVIF and JPEG XL also where python3 has Pillow 11.3 or imagecodecs.")]
pub struct BenchArgs {
    /// Pictures, and folders of pictures
    #[arg(required = true, value_name = "DIR|FILE")]
    pub inputs: Vec<PathBuf>,
    /// Our codecs, separated by commas [default: photo; with --lossless: lossless]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub codecs: Vec<String>,
    /// Others' codecs, separated by commas, or none [default: all that are found]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub peers: Vec<String>,
    /// Values of -q for our codecs [default: 5,15,30,45,60,72,82,90]
    #[arg(long, value_name = "Q,Q", value_delimiter = ',')]
    pub qualities: Vec<f32>,
    /// Compare exact coding: bytes and speed
    #[arg(long)]
    pub lossless: bool,
    /// Effort of our codecs where they name none
    #[arg(long, value_name = "1..9", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=9))]
    pub effort: u8,
    /// Threads for metrics; codecs run on one, one at a time
    #[arg(long, value_name = "N")]
    pub threads: Option<u16>,
    /// Run codecs side by side too; their times are then left out
    #[arg(long)]
    pub untimed: bool,
    /// Runs of each encode and decode; the fastest counts
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeats: u32,
    /// Name of the set of pictures in the results [default: the folder's name]
    #[arg(long, value_name = "NAME")]
    pub dataset: Option<String>,
    /// Keep peers' results in this folder from run to run
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// Write all figures as JSON (docs/format/bench.schema.json); `-` is standard output
    #[arg(long, value_name = "OUT")]
    pub json: Option<PathBuf>,
    /// Write a report: one page that needs nothing else
    #[arg(long, value_name = "REPORT")]
    pub html: Option<PathBuf>,
    /// Pictures of which the report shows crops at equal bytes
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub crops: usize,
}

/// Whether this process was started to measure another program; then it does, and its exit status is given.
pub fn measuring() -> Option<ExitCode> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).take(1).collect();
    (arguments.first()? == MEASURE)
        .then(|| measure_main(&std::env::args_os().skip(2).collect::<Vec<_>>()))
}

/// Runs the sweep and writes what was asked for.
pub fn run(args: &BenchArgs) -> Outcome {
    let options = options_from_args(args)?;
    let bar = ProgressBar::new(0);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len}, {eta} left  {msg}") {
        bar.set_style(style);
    }
    let result = tintype_lab::run(&options, &|progress| {
        bar.set_length(progress.total as u64);
        bar.set_position(progress.done as u64);
        bar.set_message(progress.doing.to_string());
    });
    bar.finish_and_clear();
    let run = result.map_err(failure)?;
    write_files(args, &run)?;
    for entry in &run.bench.missing {
        complain(&format!("{} was not run: {}", entry.codec, entry.why));
    }
    for entry in &run.bench.failures {
        complain(&format!("{} {} on {}: {}", entry.codec, entry.setting, entry.image, entry.reason));
    }
    if args.json.as_ref().is_none_or(|path| path.as_os_str() != "-") {
        print_bytes(table(&run.bench).as_bytes())?;
    }
    Ok(run.bench.failures.is_empty())
}

fn failure(error: LabError) -> Failure {
    match error {
        LabError::Misuse { what } => Failure::Usage(what),
        other => Failure::Work(other.to_string()),
    }
}

fn options_from_args(args: &BenchArgs) -> Result<BenchOptions, Failure> {
    let program =
        std::env::current_exe().map_err(|error| Failure::Work(format!("this program: {error}")))?;
    let goal = if args.lossless { Goal::Lossless } else { Goal::Quality(75.0) };
    let default = tintype::codec_for_photos(goal).name();
    let codecs = if args.codecs.is_empty() { vec![default.into()] } else { args.codecs.clone() };
    let mut qualities =
        if args.qualities.is_empty() { QUALITIES.to_vec() } else { args.qualities.clone() };
    if let Some(wrong) = qualities.iter().find(|q| !(0.0..=100.0).contains(*q)) {
        return Err(Failure::Usage(format!("quality {wrong} is not within 0 to 100")));
    }
    qualities.sort_unstable_by(f32::total_cmp);
    Ok(BenchOptions {
        inputs: args.inputs.clone(),
        dataset: args.dataset.clone(),
        codecs: if codecs == ["none"] { Vec::new() } else { codecs },
        peers: args.peers.clone(),
        qualities,
        lossless: args.lossless,
        effort: args.effort,
        running: Running {
            threads: args.threads.map_or_else(Threads::available, |count| Threads::new(count.into())),
            timed: !args.untimed,
            repeats: args.repeats,
            cache: args.cache.clone(),
            launcher: Launcher::Between { program: program.clone(), arguments: vec![MEASURE.into()] },
            program: Some(program),
        },
        crop_images: if args.html.is_some() { args.crops } else { 0 },
    })
}

fn write_files(args: &BenchArgs, run: &BenchRun) -> Result<(), Failure> {
    if let Some(path) = &args.json {
        let json = tintype_lab::json_from_bench(&run.bench).map_err(failure)?;
        let place = if path.as_os_str() == "-" { Place::Standard } else { Place::File(path.clone()) };
        write_output(&place, json.as_bytes()).map_err(Failure::Work)?;
    }
    if let Some(path) = &args.html {
        let html = tintype_lab::html_from_run(run).map_err(failure)?;
        write_output(&Place::File(path.clone()), html.as_bytes()).map_err(Failure::Work)?;
    }
    Ok(())
}

/// The averages for a person to read.
fn table(bench: &Bench) -> String {
    let mut text = format!(
        "{:20} {:>9} {:>13} {:>8} {:>8} {:>8} {:>10} {:>10} {:>10}\n",
        "codec", "setting", "bytes", "bpp", "PSNR", "MS-SSIM", "SSIMULACRA2", "enc MP/s", "dec MP/s"
    );
    let or_dash =
        |value: Option<f64>, digits: usize| value.map_or("-".into(), |v| format!("{v:.digits$}"));
    for row in &bench.summary {
        let metrics = row.metrics.as_ref();
        text += &format!(
            "{:20} {:>9} {:>13} {:>8.3} {:>8} {:>8} {:>11} {:>10} {:>10}\n",
            row.codec,
            row.setting,
            grouped(row.bytes),
            row.bpp,
            or_dash(metrics.map(|m| m.psnr), 2),
            or_dash(metrics.and_then(|m| m.ms_ssim), 4),
            or_dash(metrics.and_then(|m| m.ssimulacra2), 2),
            or_dash(row.encode_mp_per_s, 2),
            or_dash(row.decode_mp_per_s, 2),
        );
    }
    let anchor = bench.codecs.iter().find(|codec| !codec.ours).or(bench.codecs.first());
    let Some(anchor) = anchor.filter(|_| !bench.bd_rate.is_empty()) else { return text };
    text += &format!("\nBD-rate against {}, mean of pictures, per cent\n", anchor.name);
    for codec in bench.codecs.iter().filter(|codec| codec.name != anchor.name) {
        let of = |metric: &str| {
            let found = bench
                .bd_rate
                .iter()
                .find(|r| r.codec == codec.name && r.anchor == anchor.name && r.metric == metric);
            found.and_then(|rate| rate.mean_of_images).map_or("-".into(), |value| format!("{value:+.1}"))
        };
        text += &format!(
            "{:20} PSNR {:>7}  MS-SSIM {:>7}  SSIMULACRA2 {:>7}\n",
            codec.name,
            of("psnr"),
            of("ms_ssim"),
            of("ssimulacra2")
        );
    }
    text
}
