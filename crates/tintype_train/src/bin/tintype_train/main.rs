//! Tools on a training run's folder: exports its checkpoint, writes its report, measures an
//! exported model on real files. Training itself is `tintype train`.

use std::path::PathBuf;
use std::process::ExitCode;
use tintype_train::network::{
    Anchor, Checkpoint, Failure, Keep, Model, PictureSet, measure, quality_of_level, validate,
    write_outputs, write_report,
};

const USAGE: &str = "usage:
  tintype-train export RUN_FOLDER OUT.model OUT.safetensors --train DIR... --valid DIR...
  tintype-train report RUN_FOLDER OUT.html --valid DIR...
  tintype-train measure MODEL --valid DIR... [--anchor FILE] [--level N...] [--rounds N] [--float RUN_FOLDER]";

fn main() -> ExitCode {
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
    rounds: Vec<PathBuf>,
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
            "--rounds" => &mut sorted.rounds,
            "--float" => &mut sorted.float,
            _ => {
                list.push(PathBuf::from(argument));
                list
            }
        };
    }
    let anchor = sorted.anchor.first().map(|path| Anchor::read(path)).transpose()?;
    let plain: Vec<&PathBuf> = sorted.plain.iter().collect();
    match plain.as_slice() {
        [verb, folder, out, master] if verb.as_os_str() == "export" => {
            let (train, valid) = (
                PictureSet::read(&sorted.train, Keep::Tiles)?,
                PictureSet::read(&sorted.valid, Keep::Middle)?,
            );
            let bytes = write_outputs(folder, &train, &valid, master)?;
            std::fs::write(out, &bytes)?;
            println!("{} bytes", bytes.len());
            Ok(())
        }
        [verb, folder, out] if verb.as_os_str() == "report" => {
            let text = write_report(folder, &PictureSet::read(&sorted.valid, Keep::Middle)?)?;
            std::fs::write(out, text)?;
            Ok(())
        }
        [verb, file] if verb.as_os_str() == "measure" => {
            let number = |p: &PathBuf| p.to_string_lossy().parse::<usize>();
            let mut levels = sorted.level.iter().map(number).collect::<Result<Vec<_>, _>>()?;
            if levels.is_empty() {
                levels = vec![0, 10, 21, 31, 42];
            }
            let rounds = sorted.rounds.first().map(number).transpose()?.unwrap_or(0);
            let pictures = PictureSet::read(&sorted.valid, Keep::Middle)?;
            measure(&std::fs::read(file)?, &pictures, &levels, rounds, anchor.as_ref())?;
            for folder in &sorted.float {
                let (state, tensors) = Checkpoint::new(folder).read_mean()?;
                let model = Model::new(&state.recipe);
                let qualities: Vec<f64> = levels.iter().map(|&l| quality_of_level(l)).collect();
                let points = validate(&model, &tensors, &pictures, &qualities);
                for point in &points {
                    println!("{}", serde_json::to_string(point)?);
                }
                println!(
                    "{{\"float_bd_rate\": {:?}}}",
                    anchor.as_ref().and_then(|a| a.bd_rate(&points))
                );
            }
            Ok(())
        }
        _ => Err(USAGE.into()),
    }
}
