//! The training loop: steps, log, validation, checkpoints.

use super::calibrate::measured_precision;
use super::checkpoint::read_tensors;
use super::dashboard::Dashboard;
use super::data::{Random, augmented};
use super::loss::distortion;
use super::model::{Outcome, Pass, Tensors, Weights};
use super::optimiser::Optimiser;
use super::start::{first_weights, grown};
use super::{Anchor, Checkpoint, Failure, Model, PictureSet, Recipe, State, validate};
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;
use tch::{Kind, Tensor};

/// What a run works on.
pub struct TrainingRun<'a> {
    /// Where checkpoints and `log.jsonl` go.
    pub folder: &'a Path,
    /// The recipe.
    pub recipe: Recipe,
    /// Pictures to train on.
    pub pictures: PictureSet,
    /// Pictures to validate on.
    pub held_out: PictureSet,
    /// Weights to begin with where there is no checkpoint, instead of the linear codec; of a
    /// network that is nowhere wider.
    pub start: Option<&'a Path>,
    /// Another codec's points on the held-out pictures.
    pub anchor: Option<Anchor>,
}

/// Trains to the end of the schedule, continuing from the checkpoint in the run's folder if
/// there is one.
///
/// # Errors
/// If files cannot be written, a checkpoint is damaged, or losses stay without a finite value.
pub fn train(run: &TrainingRun<'_>) -> Result<(), Failure> {
    let recipe = &run.recipe;
    let schedule = &recipe.schedule;
    let model = Model::new(recipe);
    check_sizes(run)?;
    std::fs::create_dir_all(run.folder)?;
    let mut log =
        std::fs::OpenOptions::new().create(true).append(true).open(run.folder.join("log.jsonl"))?;
    let checkpoint = Checkpoint::new(run.folder);
    let (mut state, mut optimiser) = opened(run, &model, &checkpoint)?;
    announce(&model, &optimiser.weights.named, &state);
    if state.step == 0 {
        measure(run, &model, &optimiser.mean.named, &state, &mut log)?;
    }
    let (mut last_save, mut rejected) = (Instant::now(), 0);
    let (mut recoveries, mut offset) = (0, 0);
    let (mut best, mut without_gain) = (f64::INFINITY, 0);
    let mut screen = Dashboard::new(&recipe.name, schedule.steps);
    let mut precision = None;
    while state.step < schedule.steps {
        let begun = Instant::now();
        let rounds =
            state.step + schedule.rounding_steps >= schedule.steps && schedule.rounding_steps > 0;
        if rounds && precision.is_none() {
            precision = Some(Rc::new(measured_precision(recipe, &optimiser.mean.named, &run.pictures)));
        }
        let cast = match &precision {
            Some(precision) => Weights::rounding(&optimiser.weights.named, precision),
            None => Weights::new(&optimiser.weights.named),
        };
        let (loss, bpp, mse) = gradients(run, &model, &optimiser, cast, state.step, offset);
        let norm = optimiser.update(schedule, state.step);
        rejected = if norm.is_finite() { 0 } else { rejected + 1 };
        if rejected == 5 && checkpoint.exists() && recoveries < 3 {
            // Weights that give no finite gradient five times over are lost; the last good
            // ones are not.
            recoveries += 1;
            let skipped = state.step + 1;
            (state, optimiser) = checkpoint.read(recipe)?;
            writeln!(log, "{}", json!({"recovered": state.step, "after": skipped}))?;
            eprintln!(
                "no finite gradient at step {skipped}: back to the checkpoint of step {}",
                state.step
            );
            offset += 1;
            continue;
        }
        if rejected > 20 {
            return Err(
                "20 steps in a row without a finite gradient: resume with a lower rate_max".into()
            );
        }
        state.step += 1;
        state.seconds += begun.elapsed().as_secs_f64();
        if state.step.is_multiple_of(20) || state.step <= 50 {
            let line = json!({"step": state.step, "seconds": state.seconds, "loss": loss, "bpp": bpp, "mse": mse,
                "norm": norm, "rate": Optimiser::rate(schedule, state.step), "ms": begun.elapsed().as_millis() as u64});
            writeln!(log, "{line}")?;
            screen.step(state.step, state.seconds, [loss, bpp, mse]);
        }
        if state.step.is_multiple_of(schedule.validate_every) || state.step == schedule.steps {
            let score = measure(run, &model, &optimiser.mean.named, &state, &mut log)?;
            screen.validated(score);
            without_gain = if score < best { 0 } else { without_gain + 1 };
            best = best.min(score);
            if schedule.patience > 0 && without_gain >= schedule.patience {
                eprintln!(
                    "no better for {without_gain} validations: the run ends at step {}",
                    state.step
                );
                checkpoint.write(&state, &optimiser)?;
                return Ok(());
            }
        }
        if last_save.elapsed().as_secs() >= schedule.checkpoint_seconds || state.step == schedule.steps {
            checkpoint.write(&state, &optimiser)?;
            last_save = Instant::now();
        }
    }
    Ok(())
}

/// Refuses pictures of which no crop can be taken.
fn check_sizes(run: &TrainingRun<'_>) -> Result<(), Failure> {
    let side = run.recipe.schedule.crop_px;
    if !run.pictures.holds(side) {
        return Err(
            format!("no picture to train on has {side} × {side} pixels, the recipe's crop_px").into()
        );
    }
    Ok(())
}

/// Where the run stands: at its checkpoint, or before its first step.
fn opened(
    run: &TrainingRun<'_>,
    model: &Model,
    checkpoint: &Checkpoint,
) -> Result<(State, Optimiser), Failure> {
    let recipe = &run.recipe;
    if checkpoint.exists() {
        let (state, optimiser) = checkpoint.read(recipe)?;
        return Ok((State { recipe: recipe.clone(), ..state }, optimiser));
    }
    let fresh = first_weights(recipe, model, &run.pictures);
    let weights = match run.start {
        Some(path) => grown(&read_tensors(path)?, fresh)?,
        None => fresh,
    };
    Ok((State { step: 0, seconds: 0.0, recipe: recipe.clone() }, Optimiser::new(recipe, &weights)))
}

fn announce(model: &Model, weights: &Tensors, state: &State) {
    let (encode, decode) = model.kmac_per_pixel();
    let count: usize = weights.values().map(Tensor::numel).sum();
    eprintln!("{}: {:.2} million parameters", state.recipe.name, count as f64 / 1e6);
    eprintln!(
        "{encode:.1} kMAC/px to encode, {decode:.1} kMAC/px to decode; starting at step {}",
        state.step
    );
    let schedule = &state.recipe.schedule;
    let pixels = (schedule.batch * schedule.crop_px * schedule.crop_px) as f64;
    // Weights, gradients, two moments and the mean in float32. Results kept for gradients:
    // photo-lite's 0.3 GB (batch 8 of 256 × 256) taken in proportion.
    let memory = 5.0 * 4.0 * count as f64 + pixels * ((encode + decode) * 50.0 + 60.0);
    eprintln!("about {:.1} GB of memory beside the pictures and LibTorch", memory / 1e9);
}

/// Leaves gradients in the weights; returns loss, mean bpp, mean squared error. Another
/// `offset` means other data.
fn gradients(
    run: &TrainingRun<'_>,
    model: &Model,
    optimiser: &Optimiser,
    mut cast: Weights,
    step: u64,
    offset: u64,
) -> (f64, f64, f64) {
    let schedule = &run.recipe.schedule;
    let mut random = Random::new(run.recipe.seed.wrapping_add(offset << 32), step);
    let small = step < schedule.small_crop_steps;
    let side = if small { schedule.small_crop_px } else { schedule.crop_px };
    let batch = schedule.batch * schedule.crop_px * schedule.crop_px / (side * side);
    let samples = run.pictures.crops(&mut random, batch, side, &run.recipe.augment);
    let top = (run.recipe.rate.anchors - 1) as f64;
    let qualities: Vec<f64> =
        (0..batch).map(|i| (i as f64 + random.unit()) / batch as f64 * top).collect();
    let lambdas: Vec<f64> = qualities.iter().map(|&q| run.recipe.lambda(q)).collect();
    let balance: Vec<f64> = lambdas.iter().map(|&l| run.recipe.balance(l)).collect();
    let vector = |list: &[f64]| Tensor::from_slice(list).to_kind(Kind::Float);
    tch::manual_seed((run.recipe.seed.wrapping_mul(1_000_003) ^ step) as i64);
    optimiser.clear();
    if !step.is_multiple_of(schedule.shortcut_every) {
        cast.hold_shortcuts();
    }
    let seen = augmented(&samples, &run.recipe.augment);
    let out: Outcome = model.pass(&cast, &seen, &vector(&qualities), Pass::Train);
    let wanted = distortion(&run.recipe.loss, &out.samples, &samples);
    let mse = (&out.samples - &samples).square().mean_dim([1i64, 2, 3].as_slice(), false, Kind::Float);
    let bpp = (&out.latent_bits + &out.hyper_bits) / (side * side) as f64;
    let mut loss = ((&bpp + wanted * vector(&lambdas)) * vector(&balance)).mean(Kind::Float);
    if let Some(activity) = &out.activity {
        loss = loss + activity;
    }
    loss.backward();
    let mean = |x: &Tensor| x.mean(Kind::Float).double_value(&[]);
    (loss.double_value(&[]), mean(&bpp), mean(&mse))
}

/// Validates, logs, and returns what shall become smaller.
fn measure(
    run: &TrainingRun<'_>,
    model: &Model,
    tensors: &Tensors,
    state: &State,
    log: &mut std::fs::File,
) -> Result<f64, Failure> {
    let begun = Instant::now();
    let top = (run.recipe.rate.anchors - 1) as f64;
    let qualities: Vec<f64> = (0..5).map(|i| top * f64::from(i) / 4.0).collect();
    let points = validate(model, tensors, &run.held_out, &qualities);
    let bd_rate = run.anchor.as_ref().and_then(|a| a.bd_rate(&points));
    let mean = |q: f64, f: fn(&super::ValidationPoint) -> f64| {
        let list: Vec<f64> = points.iter().filter(|p| p.quality == q).map(f).collect();
        list.iter().sum::<f64>() / list.len() as f64
    };
    let curve: Vec<_> = qualities
        .iter()
        .map(|&q| json!([q, mean(q, |p| p.bpp), mean(q, |p| p.hyper_bpp), mean(q, |p| p.psnr)]))
        .collect();
    let line = json!({"validation": state.step, "bd_rate": bd_rate, "curve": curve,
        "seconds": state.seconds, "validation_seconds": begun.elapsed().as_secs_f64()});
    writeln!(log, "{line}")?;
    let ends = [qualities[0], top]
        .map(|q| format!("{:.3} bpp {:.2} dB", mean(q, |p| p.bpp), mean(q, |p| p.psnr)));
    let against = bd_rate.map(|b| format!(", {b:.2} % against the anchor")).unwrap_or_default();
    eprintln!("validated at step {}: {} to {}{against}", state.step, ends[0], ends[1]);
    // Without an anchor: the mean of bits and error as the loss weighs them.
    let score = qualities.iter().map(|&q| {
        let error = mean(q, |p| 255.0 * 255.0 * 10f64.powf(-p.psnr / 10.0));
        (mean(q, |p| p.bpp) + run.recipe.lambda(q) * error) * run.recipe.balance(run.recipe.lambda(q))
    });
    Ok(bd_rate.unwrap_or_else(|| score.sum()))
}
