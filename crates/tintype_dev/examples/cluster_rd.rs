//! Rate and distortion of the `cluster` codec with a given model: `cluster_rd MODEL CSV NAME STEPS FILE…`; writes CSV rows.
//! Rates are the sections, the header and 60 bytes of container. `EFFORT` overrides 5, `LAYERS` decodes fewer sections.

use tintype_cluster::fitting::{Contexts, Header, TileEncoder, header_for};
use tintype_cluster::{ClusterCodec, ClusterModel};
use tintype_codec::{Codec, DecodeRequest, ExecOptions, Payload, Section, SectionKey};
use tintype_image::{Limits, Planes, Threads, io::read_picture};

fn psnr(a: &Planes, b: &Planes) -> f64 {
    let (mut error, mut count) = (0.0, 0.0);
    for (p, q) in a.planes.iter().zip(&b.planes) {
        for (x, y) in p.rows().flatten().zip(q.rows().flatten()) {
            error += (f64::from(*x) - f64::from(*y)).powi(2);
            count += 1.0;
        }
    }
    10.0 * (255.0 * 255.0 * count / error).log10()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let model = ClusterModel::from_bytes(&std::fs::read(&args[1])?)?;
    let codec = ClusterCodec::with_model(ClusterModel::from_bytes(&std::fs::read(&args[1])?)?);
    let setting = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u32>().ok());
    let effort = setting("EFFORT").unwrap_or(5) as u8;
    let request = DecodeRequest { layers: setting("LAYERS"), ..DecodeRequest::default() };
    let exec = ExecOptions { threads: Threads::ONE, ..ExecOptions::default() };
    let mut csv = String::from("codec,setting,image,bytes,bpp,psnr,msssim,ssimulacra2\n");
    for step in args[4].split(',') {
        let base: f32 = step.parse()?;
        let (mut bpp_sum, mut psnr_sum, mut shares) = (0.0, 0.0, [0usize; 4]);
        let started = std::time::Instant::now();
        let (mut decoding, mut pixels) = (0.0, 0.0);
        for file in &args[5..] {
            let source = read_picture(&std::fs::read(file)?, &Limits::default())?.planes;
            let header =
                Header { model_hash: model.hash, ..header_for(&source.shape, base, base > 9.5) };
            let mut contexts = Contexts::new(&model.trees, &model.start);
            let encoder = TileEncoder { model: &model, header: &header, effort, level: exec.level };
            let layers = encoder.encode(&source, &mut contexts, &mut |_| {}).layers;
            shares.iter_mut().zip(&layers).for_each(|(s, l)| *s += l.len());
            let section = |(layer, bytes): (usize, Vec<u8>)| Section {
                key: SectionKey { tile: 0, layer: layer as u32 },
                bytes,
            };
            let sections = layers.into_iter().enumerate().map(section).collect();
            let payload = Payload { header: header.to_bytes(), sections };
            let mut back = codec.decode(&payload.view(&source.shape), &request, &exec)?;
            let mut best = f64::INFINITY;
            for _ in 0..7 {
                let decode_started = std::time::Instant::now();
                back = codec.decode(&payload.view(&source.shape), &request, &exec)?;
                best = best.min(decode_started.elapsed().as_secs_f64());
            }
            decoding += best;
            let size = payload.header.len()
                + payload.sections.iter().map(|s| s.bytes.len()).sum::<usize>()
                + 60;
            let area = (source.shape.width_px * source.shape.height_px) as f64;
            let (bpp, psnr) = (size as f64 * 8.0 / area, psnr(&source, &back));
            pixels += area;
            bpp_sum += bpp;
            psnr_sum += psnr;
            let name = std::path::Path::new(file).file_name().unwrap_or_default().to_string_lossy();
            csv += &format!("{},{step},{name},{size},{bpp},{psnr},0,0\n", args[3]);
        }
        let count = (args.len() - 5) as f64;
        let seconds = started.elapsed().as_secs_f64() - decoding;
        println!(
            "step {step}: {:.4} bpp, {:.3} dB, {seconds:.1} s, decode {:.2} ms/MP, layers {shares:?}",
            bpp_sum / count,
            psnr_sum / count,
            decoding / pixels * 1e9
        );
    }
    std::fs::write(&args[2], csv)?;
    Ok(())
}
