//! Fits a `pca` model on folders of pictures: `pca_fit OUT DIR…`.
//! `PIECES` and `KEPT` (four numbers each) and `REUSE` (a model whose pieces are kept, contexts taught anew) override.

use tintype_image::{Limits, Planes, io::read_picture};
use tintype_train::pca::{Collector, PcaOptions, teach_contexts};

fn load(path: &std::path::Path) -> Option<Planes> {
    read_picture(&std::fs::read(path).ok()?, &Limits::default()).ok().map(|p| p.planes)
}

fn four<T: std::str::FromStr + Copy>(name: &str, target: &mut [T; 4]) {
    let Ok(text) = std::env::var(name) else { return };
    for (slot, value) in target.iter_mut().zip(text.split(',')) {
        *slot = value.parse().unwrap_or(*slot);
    }
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
    let mut options = PcaOptions::default();
    four("PIECES", &mut options.pieces);
    four("KEPT", &mut options.kept);
    four("BLOCKS", &mut options.blocks_per_picture);
    four("STEPS", &mut options.steps);
    if let Ok(v) = std::env::var("NOISE") {
        options.border_noise = v.parse().unwrap_or(options.border_noise);
    }
    let model = match std::env::var("REUSE") {
        Ok(path) => {
            let bytes = std::fs::read(path)?;
            let contexts = tintype_codec::pca::PcaModel::from_bytes(&bytes).map_or(0, |m| m.contexts.len());
            bytes[..bytes.len() - contexts].to_vec()
        }
        Err(_) => {
            let mut collector = Collector::new(&options);
            files.iter().filter_map(|f| load(f)).for_each(|p| collector.add(&p));
            collector.fit(|set, round, bits| eprintln!("set {set} round {round}: {bits:.4} bits a sample"))
        }
    };
    std::fs::write(&args[1], &model)?;
    let pictures = files.iter().step_by(files.len().div_ceil(42)).filter_map(|f| load(f));
    let model = teach_contexts(&model, pictures, &options);
    println!("{} bytes", model.len());
    std::fs::write(&args[1], &model)
}
