//! `tintype train` without settings of a fit: what can pay is tried, from the models in the program,
//! and the best is kept.

use super::judge::{HeldOut, QUALITIES};
use super::{TrainArgs, card_path, failure, progress_bar};
use crate::files::Place;
use crate::interrupt;
use crate::output::{print_line, write_output};
use crate::style::{Ink, complain, grouped, paint};
use crate::{Failure, Outcome};
use std::io::IsTerminal;
use std::time::{Duration, Instant};
use tintype::{CodecId, Goal, Models, codec_for_photos, shipped_model};
use tintype_metrics::CurvePoint;
use tintype_train::learn::{Best, LearnJob, Learnt, Trial, groups, learn, look, split};
use tintype_train::{PictureList, Progress, fitted_codecs};

/// Fewer pictures than this cannot be told from chance.
const PICTURES_MIN: usize = 3;

/// Learns from `all` pictures and writes the best model, if one is better than the built-in ones.
pub fn run(args: &TrainArgs, all: &PictureList) -> Outcome {
    let begun = Instant::now();
    let (list, seen, unreadable) = look(&all.thinned(args.pictures as usize));
    for error in &unreadable {
        complain(&format!("left out: {error}"));
    }
    if list.len() < PICTURES_MIN {
        let what = format!(
            "{} pictures are too few to tell what a model of their own is worth; give at least {PICTURES_MIN}",
            list.len()
        );
        return Err(Failure::Work(what));
    }
    let (to_fit, held_out) = split(&list, &groups(&seen));
    let mut judge = HeldOut::new(&held_out).map_err(failure)?;
    let mut shipped: Vec<(CodecId, Vec<u8>)> = fitted_codecs()
        .filter(|codec| *codec != tintype::codec::NEURAL)
        .filter_map(|codec| Some((codec, shipped_model(codec)?.file().to_vec())))
        .collect();
    // The codec of photographs first: it is the one that is adapted.
    shipped.sort_by_key(|(codec, _)| *codec != codec_for_photos(Goal::Quality(75.0)));
    let bar = progress_bar();
    interrupt::end_yourself();
    let mut on_progress = |progress: &Progress<'_>| {
        bar.set_position((progress.done * 1000.0) as u64);
        let gain =
            progress.objective.map(|(unit, value)| format!("; {value:.1} {unit}")).unwrap_or_default();
        bar.set_message(format!("{}{gain}", progress.stage));
    };
    let job = LearnJob {
        pictures: &to_fit,
        shipped: &shipped,
        time: Duration::from_secs_f64(60.0 * args.minutes),
        seed: args.seed.unwrap_or(1),
        is_over: &interrupt::is_to_end,
        on_progress: &mut on_progress,
    };
    let learnt = learn(job, &mut judge);
    bar.finish_and_clear();
    let learnt = learnt.map_err(failure)?;
    let text = text(&learnt, &judge, begun.elapsed());
    let Some(best) = &learnt.best else {
        print_line(&text);
        print_line("no gain: keep the built-in model; nothing was written");
        return Ok(false);
    };
    let verdict = verdict(best, learnt.built_in.0);
    let small = Models::to_small(&best.model).map_err(|e| Failure::Work(e.to_string()))?;
    write_output(&Place::File(args.output.clone()), &small).map_err(Failure::Work)?;
    let card =
        card(args, (best.codec, small.len()), (&to_fit, &held_out), &format!("{verdict}\n{text}"))?;
    let card_path = card_path(args);
    write_output(&Place::File(card_path.clone()), card.as_bytes()).map_err(Failure::Work)?;
    let terminal = std::io::stdout().is_terminal();
    let name = paint(Ink::Bold, &args.output.display().to_string(), terminal);
    print_line(&text);
    print_line(&format!(
        "{name}: {} bytes for {}; card {}",
        grouped(small.len() as u64),
        best.codec.name(),
        card_path.display()
    ));
    print_line(&paint(Ink::Bold, &verdict, terminal));
    Ok(true)
}

/// What came of it, in one sentence.
fn verdict(best: &Best, built_in: CodecId) -> String {
    let other = if best.codec == built_in {
        "the built-in model".to_string()
    } else {
        format!("the best built-in model ({})", built_in.name())
    };
    format!("your pictures: {:.1} % smaller than with {other}, at the same PSNR", -best.change)
}

/// What was tried, and the curves.
fn text(learnt: &Learnt, judge: &HeldOut, time: Duration) -> String {
    let cut = if judge.is_cut() { " (their middles)" } else { "" };
    let built_in = learnt.built_in.0.name();
    let mut lines = vec![format!(
        "tried in {:.0} s; bytes at equal PSNR against {built_in} built in, on {} pictures{cut} that were held out, a model's own bytes shared by 1000 files:",
        time.as_secs_f64(),
        judge.len()
    )];
    for Trial { what, codec, change, model_bytes, time } in &learnt.trials {
        let change = change.map_or("no PSNR in common".into(), |change| format!("{change:+.1} %"));
        let size = if *model_bytes > 0 {
            format!("{} bytes", grouped(*model_bytes as u64))
        } else {
            String::new()
        };
        lines.push(format!(
            "  {:<9} {what:<28} {change:>9} {size:>16} {:>6.0} s",
            codec.name(),
            time.as_secs_f64()
        ));
    }
    if let Some(best) = &learnt.best {
        lines.push("  quality   own: bits a pixel   PSNR   built in: bits a pixel   PSNR".into());
        let of = |curve: &[CurvePoint], index: usize| {
            curve.get(index).map_or((0.0, 0.0), |point| (point.rate, point.quality))
        };
        for (index, quality) in QUALITIES.iter().enumerate() {
            let (own, other) = (of(&best.curve, index), of(&learnt.built_in.1, index));
            lines.push(format!(
                "  {quality:7} {:18.4} {:6.2} {:24.4} {:6.2}",
                own.0, own.1, other.0, other.1
            ));
        }
    }
    lines.join("\n")
}

/// The model's card, Markdown.
fn card(
    args: &TrainArgs,
    (codec, bytes): (CodecId, usize),
    (fitted, held_out): (&PictureList, &PictureList),
    text: &str,
) -> Result<String, Failure> {
    let name = args.output.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let data = |list: &PictureList| {
        let hash = list.hash().map_err(failure)?;
        Ok::<_, Failure>(format!("{} pictures, list and contents hash {hash}", list.len()))
    };
    let rows = [
        ("codec", codec.name().to_string()),
        ("file", format!("{} bytes", grouped(bytes as u64))),
        ("program", format!("tintype {}", env!("CARGO_PKG_VERSION"))),
        ("fitted to", data(fitted)?),
        ("measured on", data(held_out)?),
        ("seed", args.seed.unwrap_or(1).to_string()),
        ("minutes, at most", args.minutes.to_string()),
    ];
    let rows: Vec<String> = rows.iter().map(|(name, value)| format!("| {name} | {value} |")).collect();
    Ok(format!("# {name}\n\n| | |\n|---|---|\n{}\n\n```\n{text}\n```\n", rows.join("\n")))
}
