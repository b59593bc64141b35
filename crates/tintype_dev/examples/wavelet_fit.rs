//! Fits the wavelet codec's starting probabilities: `wavelet_fit OUT QUALITY,… FILE…` writes `priors.bin`.

use tintype_codec::ExecOptions;
use tintype_image::{Limits, Planes, io};
use tintype_wavelet::Wavelet;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [out, qualities, files @ ..] = &arguments[..] else {
        eprintln!("usage: wavelet_fit OUT QUALITY,… FILE…");
        std::process::exit(2);
    };
    let qualities: Vec<f32> = qualities.split(',').map(|q| q.parse().expect("a number")).collect();
    let read = |file: &String| -> Planes {
        let bytes = std::fs::read(file).expect("a readable picture file");
        io::read_picture(&bytes, &Limits::default()).expect("a picture").planes
    };
    let pictures: Vec<Planes> = files.iter().map(read).collect();
    let priors = Wavelet::fit_priors(&pictures, &qualities, &ExecOptions::default()).expect("fits");
    std::fs::write(out, priors).expect("writes");
}
