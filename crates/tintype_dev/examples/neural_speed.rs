//! Codes and decodes a picture on one thread at every SIMD level of this machine: `neural_speed MODEL COUNT SIMD FILE [LEVEL…]`, SIMD a name or all. Prints,
//! for each level of the model, the bits a pixel and the best megapixels a second of COUNT rounds each way.

use std::time::Instant;
use tintype_codec::{Codec, DecodeRequest, ExecOptions};
use tintype_image::{Level, Limits, Threads, io::read_picture};
use tintype_neural::{Neural, NeuralModel};

fn levels() -> Vec<(&'static str, Level)> {
    let mut list = vec![("scalar", Level::fallback()), ("best", Level::new())];
    #[cfg(target_arch = "x86_64")]
    list.extend(Level::new().as_avx2().map(|level| ("avx2", Level::Avx2(level))));
    list
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, model, count, simd, file, qualities @ ..] = args.as_slice() else {
        return Err("neural_speed MODEL COUNT SIMD FILE [LEVEL…]".into());
    };
    let codec = Neural::new(NeuralModel::read(&std::fs::read(model)?)?);
    let source = read_picture(&std::fs::read(file)?, &Limits::default())?.planes;
    let area = (source.shape.width_px * source.shape.height_px) as f64;
    let count: usize = count.parse()?;
    let mut qualities = qualities.iter().map(|q| q.parse()).collect::<Result<Vec<usize>, _>>()?;
    if qualities.is_empty() {
        qualities = vec![10, 21, 31];
    }
    for quality in qualities {
        for (name, level) in levels().into_iter().filter(|(name, _)| simd == "all" || simd == name)
        {
            let exec = ExecOptions { threads: Threads::ONE, level, ..ExecOptions::default() };
            let mut best = [f64::INFINITY; 2];
            let mut bytes = 0;
            for _ in 0..count {
                let started = Instant::now();
                let payload = codec.encode_at_level(&source, quality, 0, &exec)?;
                let coded = Instant::now();
                codec.decode(&payload.view(&source.shape), &DecodeRequest::default(), &exec)?;
                best = [
                    best[0].min((coded - started).as_secs_f64()),
                    best[1].min(coded.elapsed().as_secs_f64()),
                ];
                bytes = payload.sections.iter().map(|s| s.bytes.len()).sum();
            }
            let [encode, decode] = best.map(|seconds| area / 1e6 / seconds);
            println!(
                "level {quality}, {name}: {:.3} bpp, encode {encode:.1} MP/s, decode {decode:.1} MP/s",
                bytes as f64 * 8.0 / area
            );
        }
    }
    Ok(())
}
