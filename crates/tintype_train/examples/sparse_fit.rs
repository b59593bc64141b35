//! Fits a `sparse` model on folders of pictures: `sparse_fit OUT DIR…`.
//!
//! Settings from the environment, for trials: `CLUSTERS`, `ATOMS`, `BLOCKS` (six numbers each), `STEP`, `ROUNDS`, `PASSES`,
//! `NOISE`, `ONLINE`, `LASSO`.

use tintype_image::{Limits, Planes, io::read_picture};
use tintype_train::sparse::{Method, SparseOptions, fit};

fn load(path: &std::path::Path) -> Option<Planes> {
    read_picture(&std::fs::read(path).ok()?, &Limits::default()).ok().map(|p| p.planes)
}

fn six(name: &str, target: &mut [usize; 6]) {
    let Ok(text) = std::env::var(name) else { return };
    for (slot, value) in target.iter_mut().zip(text.split(',')) {
        *slot = value.parse().unwrap_or(*slot);
    }
}

fn number(name: &str, default: f32) -> f32 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

fn main() -> std::io::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let mut files = Vec::new();
    for dir in &args[2..] {
        for entry in std::fs::read_dir(dir)? {
            files.push(entry?.path());
        }
    }
    files.sort();
    let pictures: Vec<Planes> = files.iter().filter_map(|f| load(f)).collect();
    let mut options = SparseOptions::default();
    six("CLUSTERS", &mut options.clusters);
    six("ATOMS", &mut options.atoms);
    six("BLOCKS", &mut options.blocks);
    options.step = number("STEP", options.step);
    options.rounds = number("ROUNDS", options.rounds as f32) as usize;
    options.passes = number("PASSES", options.passes as f32) as usize;
    options.border_noise = number("NOISE", options.border_noise);
    options.coded_pictures = number("CODED", options.coded_pictures as f32) as usize;
    options.lasso = number("LASSO", 0.0) > 0.0;
    if number("ONLINE", 0.0) > 0.0 {
        options.method = Method::Online;
    }
    let started = std::time::Instant::now();
    let model = fit(&pictures, &options, |r| {
        let seconds = started.elapsed().as_secs_f32();
        eprintln!("pass {} set {} round {}: {:.3} a sample, {seconds:.0} s", r.pass, r.set, r.round, r.objective);
    });
    println!("{} pictures, {} bytes, {:.0} s", pictures.len(), model.len(), started.elapsed().as_secs_f32());
    std::fs::write(&args[1], &model)
}
