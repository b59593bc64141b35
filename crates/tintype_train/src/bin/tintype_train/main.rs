//! Trains a network, or goes on with it; exports a checkpoint; measures an exported model on real files.

use std::path::PathBuf;
use std::process::ExitCode;
use tintype_train::network::{
    Anchor, Checkpoint, Failure, Model, PictureSet, Recipe, Run, export, measure, quality_of_level, train, validate,
    with_qualities, write_report,
};

const USAGE: &str = "usage:
  tintype-train train RECIPE RUN_FOLDER --train DIR... --valid DIR... [--anchor FILE]
      [--start WEIGHTS.safetensors]
  tintype-train export RUN_FOLDER OUT.model OUT.safetensors --train DIR... --valid DIR...
  tintype-train report RUN_FOLDER OUT.html --valid DIR...
  tintype-train measure MODEL --valid DIR... [--anchor FILE] [--level N...] [--float RUN_FOLDER]";

fn main() -> ExitCode {
    // More threads gain little beside other work and cost exact repetition of a run.
    tch::set_num_threads(1);
    match run(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tintype-train: {error}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Default)]
struct Arguments {
    plain: Vec<PathBuf>,
    train: Vec<PathBuf>,
    valid: Vec<PathBuf>,
    anchor: Vec<PathBuf>,
    level: Vec<PathBuf>,
    float: Vec<PathBuf>,
    start: Vec<PathBuf>,
}

fn run(arguments: Vec<String>) -> Result<(), Failure> {
    let mut sorted = Arguments::default();
    let mut list = &mut sorted.plain;
    for argument in arguments {
        list = match argument.as_str() {
            "--train" => &mut sorted.train,
            "--valid" => &mut sorted.valid,
            "--anchor" => &mut sorted.anchor,
            "--level" => &mut sorted.level,
            "--float" => &mut sorted.float,
            "--start" => &mut sorted.start,
            _ => {
                list.push(PathBuf::from(argument));
                list
            }
        };
    }
    let anchor = sorted.anchor.first().map(|path| Anchor::read(path)).transpose()?;
    let plain: Vec<&PathBuf> = sorted.plain.iter().collect();
    match plain.as_slice() {
        [verb, recipe, folder] if verb.as_os_str() == "train" => {
            let pictures = PictureSet::read(&sorted.train)?;
            println!("{} pictures to train on", pictures.count());
            let held_out = PictureSet::read(&sorted.valid)?;
            let start = sorted.start.first().map(PathBuf::as_path);
            train(&Run { folder, recipe: Recipe::read(recipe)?, pictures, held_out, start, anchor })
        }
        [verb, folder, out, master] if verb.as_os_str() == "export" => {
            let (state, tensors) = Checkpoint::new(folder).read_mean()?;
            let bytes = export(&state.recipe, &tensors, &PictureSet::read(&sorted.train)?)?;
            let bytes = with_qualities(&bytes, &PictureSet::read(&sorted.valid)?)?;
            std::fs::write(out, &bytes)?;
            let half: Vec<_> = tensors.iter().map(|(k, v)| (k.as_str(), v.to_kind(tch::Kind::Half))).collect();
            tch::Tensor::write_safetensors(&half, master)?;
            println!("{} bytes after {} steps", bytes.len(), state.step);
            Ok(())
        }
        [verb, folder, out] if verb.as_os_str() == "report" => {
            let text = write_report(folder, &PictureSet::read(&sorted.valid)?)?;
            std::fs::write(out, text)?;
            Ok(())
        }
        [verb, file] if verb.as_os_str() == "measure" => {
            let number = |p: &PathBuf| p.to_string_lossy().parse::<usize>();
            let mut levels = sorted.level.iter().map(number).collect::<Result<Vec<_>, _>>()?;
            if levels.is_empty() {
                levels = vec![0, 10, 21, 31, 42];
            }
            let pictures = PictureSet::read(&sorted.valid)?;
            measure(&std::fs::read(file)?, &pictures, &levels, anchor.as_ref())?;
            for folder in &sorted.float {
                let (state, tensors) = Checkpoint::new(folder).read_mean()?;
                let model = Model::new(&state.recipe);
                let qualities: Vec<f64> = levels.iter().map(|&l| quality_of_level(l)).collect();
                let points = validate(&model, &tensors, &pictures, &qualities);
                for point in &points {
                    println!("{}", serde_json::to_string(point)?);
                }
                println!("{{\"float_bd_rate\": {:?}}}", anchor.as_ref().and_then(|a| a.bd_rate(&points)));
            }
            Ok(())
        }
        _ => Err(USAGE.into()),
    }
}
