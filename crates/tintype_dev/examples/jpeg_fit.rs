//! Fits the JPEG repacker's priors to JPEG files in folders, and writes them to a file.
//!
//! `cargo run --release -p tintype_codec --example jpeg_fit -- OUT FOLDER…`

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().unwrap_or_else(|| "priors.bin".into());
    let mut files = Vec::new();
    for folder in arguments {
        let mut paths: Vec<_> = std::fs::read_dir(folder)?.flatten().map(|e| e.path()).collect();
        paths.sort();
        for path in paths {
            files.push(std::fs::read(path)?);
        }
    }
    let priors = tintype_jpeg::priors_from_files(&files, 12);
    println!("{} files, {} bytes", files.len(), priors.len());
    std::fs::write(out, priors)
}
