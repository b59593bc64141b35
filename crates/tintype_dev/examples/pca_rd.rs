//! Rate and distortion of the `pca` codec with a given model: `pca_rd MODEL CSV NAME STEPS FILE…`; writes CSV rows.

use tintype_image::{Level, Limits, Planes, io::read_picture};
use tintype_pca::PcaModel;
use tintype_pca::fitting::{
    Header, TileContexts, encode_tile, internal_from_planes, internal_kinds,
};
use tintype_pca::fitting::{decode_tile, planes_from_internal};

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
    let model = PcaModel::from_bytes(&std::fs::read(&args[1])?)?;
    let setting = |name: &str, default: f32| {
        std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
    };
    let (effort, shrink) = (setting("EFFORT", 5.0) as u8, setting("SHRINK", 20.0) as u8);
    let mut csv = String::from("codec,setting,image,bytes,bpp,psnr,msssim,ssimulacra2\n");
    for step in args[4].split(',') {
        let base: f32 = step.parse()?;
        let (mut bpp_sum, mut psnr_sum) = (0.0, 0.0);
        let started = std::time::Instant::now();
        let mut decoding = 0.0;
        for file in &args[5..] {
            let source = read_picture(&std::fs::read(file)?, &Limits::default())?.planes;
            let internal = internal_from_planes(&source);
            let kinds = internal_kinds(&source.shape);
            let steps = [1.0, 0.96, 1.10].map(|w| (base * 16.0 * w).round() as u16).to_vec();
            let header = Header { model_hash: model.hash, shrink, steps, own_model: None };
            let mut contexts = TileContexts::new(&model);
            let bytes = encode_tile(
                &internal,
                &kinds,
                &header,
                &model,
                &mut contexts,
                (effort, Level::new()),
            );
            let decode_started = std::time::Instant::now();
            let sizes: Vec<_> = internal.iter().map(|p| (p.width(), p.height())).collect();
            let (decoded, _) =
                decode_tile(&bytes, false, &sizes, &kinds, &header, &model, Level::new());
            let back = planes_from_internal(&source.shape, &decoded);
            decoding += decode_started.elapsed().as_secs_f64();
            let size = bytes.len() + 50;
            let bpp = size as f64 * 8.0 / (source.shape.width_px * source.shape.height_px) as f64;
            let quality = psnr(&source, &back);
            bpp_sum += bpp;
            psnr_sum += quality;
            let name = file.rsplit('/').next().unwrap_or(file);
            csv += &format!("{},{step},{name},{size},{bpp},{quality},0.9,50\n", args[3]);
        }
        let count = (args.len() - 5) as f64;
        let seconds = started.elapsed().as_secs_f64();
        println!(
            "step {step}: {:.4} bpp {:.3} dB, {seconds:.1} s, decode {decoding:.2} s",
            bpp_sum / count,
            psnr_sum / count
        );
    }
    std::fs::write(&args[2], csv)?;
    Ok(())
}
