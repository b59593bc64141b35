//! Writes the files (`write FOLDER`) or prints what they decode to at each level (`read FOLDER`).

use std::process::ExitCode;
use tintype_cross::{Way, fingerprint, levels, samples};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["write", folder] => write(folder),
        ["read", folder] => read(folder),
        _ => Err("usage: tintype_cross write FOLDER | read FOLDER".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tintype_cross: {error}");
            ExitCode::FAILURE
        }
    }
}

type Failure = Box<dyn std::error::Error>;

fn write(folder: &str) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)?;
    for sample in samples()? {
        std::fs::write(format!("{folder}/{}.tin", sample.name), &sample.file)?;
    }
    Ok(())
}

fn read(folder: &str) -> Result<(), Failure> {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|e| e == "tin"));
    paths.sort();
    for path in paths {
        let file = std::fs::read(&path)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        for (level_name, level) in levels() {
            for threads in [1, 2] {
                let hash = fingerprint(&file, Way { level, threads, parts: false })?;
                println!("{name} {hash:016x} {level_name} {threads}");
            }
        }
    }
    Ok(())
}
