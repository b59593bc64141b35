//! Prints every metric of two picture files: `compare A B`.

use std::process::ExitCode;
use tintype_image::Limits;
use tintype_image::io::read_picture;

fn main() -> ExitCode {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [a, b] = &paths[..] else {
        eprintln!("usage: compare A B");
        return ExitCode::from(2);
    };
    match report(a, b) {
        Ok(report) => {
            report.entries().iter().for_each(|(name, value)| println!("{name} {value:?}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{a}, {b}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn report(a: &str, b: &str) -> Result<tintype_metrics::Report, Box<dyn std::error::Error>> {
    let [a, b] = [a, b].map(|path| -> Result<_, Box<dyn std::error::Error>> {
        Ok(read_picture(&std::fs::read(path)?, &Limits::default())?.planes)
    });
    Ok(tintype_metrics::compare(&a?, &b?)?)
}
