//! `tintype train`: a model fitted to the user's own pictures.
//!
//! Without a codec, or without settings of its fit, what can pay is tried, from the models in the program
//! (`learn`). With them one fit runs as it is told to; the fits are in `tintype_train::fitter`. Here: the
//! list of pictures and its held-out tenth, the progress bar, the model file and its card, and a report
//! on the pictures that were held out.

mod judge;
mod learn;

use crate::files::{Place, find_inputs};
use crate::leftovers::remove_leftovers_beside;
use crate::output::{print_line, write_output};
use crate::style::{Ink, grouped, paint};
use crate::{Failure, Outcome};
use clap::Args as ClapArgs;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tintype::{CodecId, Encoder, Models, Picture, Tune, codec};
use tintype_image::io::PictureFormat;
use tintype_metrics::{CurvePoint, bd_rate};
use tintype_train::{
    FitError, FitJob, FitRequest, Fitted, PictureList, Progress, fitted_codecs, fitter,
};

/// Qualities at which the held-out pictures are coded.
const QUALITIES: [f32; 4] = [15.0, 35.0, 55.0, 75.0];
/// Pictures coded for the report, at most.
const HELD_OUT_MAX: usize = 24;

#[derive(ClapArgs, Debug)]
#[command(after_help = "\
Examples:
  tintype train album/ -o album.tinmodel
  tintype train album/ --minutes 3 -o album.tinmodel
  tintype encode album/ --model album.tinmodel -o small/
  tintype train album/ --codec cluster -o album.tinmodel
  tintype train album/ --codec neural --adapt -o album.tinmodel
  tintype train album/ --codec neural --recipe recipes/photo.toml -o album.tinmodel --resume
  tintype decode small/ --model album.tinmodel -o back/

A card with the data, parameters and time is written beside the model (album.md). Without --codec, what can pay is
tried, starting from the models in the program, and measured on a fifth of the pictures, which is held out with all
that are nearly the same; the best is written, with what it saves. If nothing does, nothing is written and the exit
status is 1. Ctrl-C keeps the best so far. With --codec one fit from nothing runs; every tenth picture is held out
and coded with the new model and, for comparison, with the one that is built in.")]
pub struct TrainArgs {
    /// Pictures, globs or folders
    #[arg(required = true, value_name = "DIR")]
    pub inputs: Vec<PathBuf>,
    /// Which codec's model [default: what is best for these pictures]
    #[arg(long, value_name = "CODEC", value_parser = parse_codec)]
    pub codec: Option<CodecId>,
    /// The model file
    #[arg(short, long, value_name = "MODEL")]
    pub output: PathBuf,
    /// Seed; the same pictures and seed give the same model [default: 1, or the recipe's]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Time for what is tried without --codec
    #[arg(long, value_name = "N", default_value_t = 10.0, value_parser = parse_minutes, conflicts_with = "codec")]
    pub minutes: f64,
    /// Pictures read at most, evenly spread
    #[arg(long, value_name = "N", default_value_t = 700, value_parser = clap::value_parser!(u32).range(1..))]
    pub pictures: u32,
    /// Start from a trained model (neural: the built-in one if none is named) and fit it to these pictures
    #[arg(long, value_name = "MODEL", num_args = 0..=1, default_missing_value = "built-in")]
    pub adapt: Option<String>,
    /// Train a network by this recipe (neural, in a build with LibTorch)
    #[arg(long, value_name = "FILE", conflicts_with = "adapt")]
    pub recipe: Option<PathBuf>,
    /// Folder for checkpoints and log of a network's training [default: beside the model, .run]
    #[arg(long, value_name = "FOLDER", conflicts_with = "adapt")]
    pub run: Option<PathBuf>,
    /// Go on with the run in that folder
    #[arg(long, conflicts_with = "adapt")]
    pub resume: bool,
    /// Weights to begin with, a run's master.safetensors
    #[arg(long, value_name = "FILE", conflicts_with = "adapt")]
    pub start: Option<PathBuf>,
    /// A setting of the codec's own fit, such as pieces=48,14,8,4; repeatable
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parse_setting)]
    pub settings: Vec<(String, String)>,
    /// Fit to all pictures and report nothing
    #[arg(long)]
    pub no_report: bool,
}

fn parse_codec(text: &str) -> Result<CodecId, String> {
    codec::named(text).filter(|id| fitter(*id).is_some()).ok_or_else(|| {
        let names: Vec<&str> = fitted_codecs().map(CodecId::name).collect();
        format!("models are fitted for {}", names.join(", "))
    })
}

fn parse_minutes(text: &str) -> Result<f64, String> {
    let minutes = text.parse().ok().filter(|minutes| (0.0..=10_000.0).contains(minutes));
    minutes.ok_or_else(|| "a number of minutes is needed, such as 10 or 0.5".into())
}

fn parse_setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE is needed")?;
    Ok((name.into(), value.into()))
}

/// Runs the command.
pub fn run(args: &TrainArgs) -> Outcome {
    let known = |path: &Path| {
        path.extension().and_then(|e| e.to_str()).and_then(PictureFormat::from_extension).is_some()
    };
    let (inputs, _) = find_inputs(&args.inputs, &known)?.inputs_or_complain();
    remove_leftovers_beside(std::iter::once(args.output.as_path()));
    let files = inputs.into_iter().filter_map(|input| match input.place {
        Place::File(path) => Some(path),
        Place::Standard => None,
    });
    let all = PictureList::new(files.collect());
    let Some(codec) = args.codec else {
        let one_fit = [
            ("--set", !args.settings.is_empty()),
            ("--adapt", args.adapt.is_some()),
            ("--recipe", args.recipe.is_some()),
            ("--run", args.run.is_some()),
            ("--resume", args.resume),
            ("--start", args.start.is_some()),
            ("--no-report", args.no_report),
        ];
        return match one_fit.iter().find(|(_, given)| *given) {
            Some((name, _)) => {
                Err(Failure::Usage(format!("{name} is for one codec's fit: name it with --codec")))
            }
            None => learn::run(args, &all),
        };
    };
    let (to_fit, held_out) =
        if args.no_report { (all.clone(), PictureList::default()) } else { all.split() };
    let request = FitRequest {
        seed: args.seed.unwrap_or(1),
        pictures_max: args.pictures as usize,
        settings: settings(args, codec),
    };
    let fit = fitter(codec).ok_or_else(|| Failure::Usage(format!("no fit for {}", codec.name())))?;
    let bar = progress_bar();
    let start = Instant::now();
    let mut on_progress = |progress: &Progress<'_>| {
        bar.set_position((progress.done * 1000.0) as u64);
        let objective =
            progress.objective.map(|(unit, value)| format!(": {value:.4} {unit}")).unwrap_or_default();
        bar.set_message(format!("{}{objective}", progress.stage));
    };
    let fitted = fit.fit(FitJob::new(&to_fit, &request, &mut on_progress));
    bar.finish_and_clear();
    let fitted = fitted.map_err(failure)?;
    let seconds = start.elapsed().as_secs_f64();
    write_output(&Place::File(args.output.clone()), &fitted.bytes).map_err(Failure::Work)?;
    let report =
        if held_out.is_empty() { None } else { Some(Report::new(codec, &fitted.bytes, &held_out)?) };
    let card = card((args, codec), &to_fit, &fitted, seconds, report.as_ref())?;
    let card_path = card_path(args);
    write_output(&Place::File(card_path.clone()), card.as_bytes()).map_err(Failure::Work)?;
    let terminal = std::io::stdout().is_terminal();
    let name = paint(Ink::Bold, &args.output.display().to_string(), terminal);
    let size = grouped(fitted.bytes.len() as u64);
    print_line(&format!(
        "{name}: {size} bytes, {} pictures, {seconds:.1} s; card {}",
        to_fit.len(),
        card_path.display()
    ));
    if let Some(report) = &report {
        print_line(&report.text());
    }
    Ok(true)
}

/// Settings that were given, and those that flags stand for; a fit refuses those that it does not know.
fn settings(args: &TrainArgs, codec: CodecId) -> Vec<(String, String)> {
    let network = is_training_run(codec) && args.adapt.is_none();
    let beside = network.then(|| args.output.with_extension("run"));
    let text = |path: &Path| path.display().to_string();
    let flags = [
        ("adapt", args.adapt.clone()),
        ("recipe", args.recipe.as_deref().map(text)),
        ("start", args.start.as_deref().map(text)),
        ("run", args.run.as_deref().or(beside.as_deref()).map(text)),
        ("resume", args.resume.then(|| "true".into())),
        ("seed", args.seed.filter(|_| network).map(|seed| seed.to_string())),
    ];
    let given = flags.into_iter().filter_map(|(name, value)| Some((name.to_string(), value?)));
    args.settings.iter().cloned().chain(given).collect()
}

/// Where the model's card goes.
fn card_path(args: &TrainArgs) -> PathBuf {
    args.output.with_extension("md")
}

/// What went wrong with a picture that is measured.
fn failed(error: &dyn std::fmt::Display) -> FitError {
    FitError::Training { what: format!("a held-out picture: {error}") }
}

fn failure(error: FitError) -> Failure {
    match error {
        FitError::Misuse { what } => Failure::Usage(what),
        other => Failure::Work(other.to_string()),
    }
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(1000);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent} % {eta} left, {wide_msg}") {
        bar.set_style(style);
    }
    bar
}

/// One quality's mean over the held-out pictures.
struct Row {
    quality: f32,
    bpp: f64,
    psnr: f64,
}

/// Rate and distortion on the pictures that were held out, real file bytes.
struct Report {
    pictures: usize,
    own: Vec<Row>,
    shipped: Vec<Row>,
}

impl Report {
    fn new(codec: CodecId, model: &[u8], held_out: &PictureList) -> Result<Self, Failure> {
        let list = held_out.thinned(HELD_OUT_MAX);
        let mut models = Models::default();
        models.add(model).map_err(|error| Failure::Work(format!("the new model: {error}")))?;
        let pictures =
            (0..list.len()).map(|i| list.read(i).map_err(failure)).collect::<Result<Vec<_>, _>>()?;
        let own = rows(codec, &models, &pictures)?;
        let built_in = tintype::codec::built_in().any(|id| id == codec);
        let shipped = if built_in { rows(codec, &Models::default(), &pictures)? } else { Vec::new() };
        Ok(Self { pictures: list.len(), own, shipped })
    }

    /// Change of rate at equal PSNR against the model that is built in, in percent.
    fn against_shipped(&self) -> Option<f64> {
        let curve = |rows: &[Row]| {
            rows.iter().map(|r| CurvePoint { rate: r.bpp, quality: r.psnr }).collect::<Vec<_>>()
        };
        bd_rate(&curve(&self.own), &curve(&self.shipped))
    }

    fn text(&self) -> String {
        let mut lines = vec![format!("on {} pictures that were held out:", self.pictures)];
        lines.push("  quality     bpp   PSNR    built in: bpp   PSNR".into());
        for (index, row) in self.own.iter().enumerate() {
            let shipped = self.shipped.get(index);
            let shipped =
                shipped.map(|s| format!("       {:8.4} {:6.2}", s.bpp, s.psnr)).unwrap_or_default();
            lines.push(format!("  {:7} {:7.4} {:6.2}{shipped}", row.quality, row.bpp, row.psnr));
        }
        if let Some(change) = self.against_shipped() {
            let than = "than the built-in model at the same PSNR";
            lines.push(match change {
                change if change > 0.0 => {
                    format!("  {change:.1} % more bytes {than}: a loss; the built-in one is better")
                }
                change => format!("  {:.1} % fewer bytes {than}", -change),
            });
        }
        lines.join("\n")
    }
}

fn rows(codec: CodecId, models: &Models, pictures: &[Picture]) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for quality in QUALITIES {
        let encoder =
            Encoder::new().codec(codec).quality(quality).tune(Tune::Psnr).models(models.clone());
        let (mut bpp, mut psnr) = (0.0, 0.0);
        for picture in pictures {
            let point = judge::coded_point(&encoder, models, picture)
                .map_err(|error| Failure::Work(format!("a held-out picture: {error}")))?;
            (bpp, psnr) = (bpp + point[0], psnr + point[1]);
        }
        let count = pictures.len().max(1) as f64;
        rows.push(Row { quality, bpp: bpp / count, psnr: psnr / count });
    }
    Ok(rows)
}

/// The seed of a fit that was given none.
fn default_seed(codec: CodecId) -> String {
    if is_training_run(codec) { "the recipe's, if there was one".into() } else { "1".into() }
}

fn is_training_run(codec: CodecId) -> bool {
    fitter(codec).is_some_and(|fit| fit.is_training_run())
}

/// The model's card, Markdown.
fn card(
    (args, codec): (&TrainArgs, CodecId),
    list: &PictureList,
    fitted: &Fitted,
    seconds: f64,
    report: Option<&Report>,
) -> Result<String, Failure> {
    let name = args.output.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut rows = vec![
        ("codec".to_string(), codec.name().to_string()),
        ("file".into(), format!("{} bytes", grouped(fitted.bytes.len() as u64))),
        ("program".into(), format!("tintype {}", env!("CARGO_PKG_VERSION"))),
        (
            "data".into(),
            format!("{} pictures, list and contents hash {}", list.len(), list.hash().map_err(failure)?),
        ),
        ("seed".into(), args.seed.map_or_else(|| default_seed(codec), |seed| seed.to_string())),
        ("time".into(), format!("{seconds:.1} s")),
    ];
    rows.extend(fitted.parameters.iter().cloned());
    let rows: Vec<String> = rows.iter().map(|(name, value)| format!("| {name} | {value} |")).collect();
    let report = report.map(|r| format!("\n```\n{}\n```\n", r.text())).unwrap_or_default();
    Ok(format!("# {name}\n\n| | |\n|---|---|\n{}\n{report}", rows.join("\n")))
}
