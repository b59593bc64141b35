//! Rate and distortion of the `sparse` codec under a given model: `sparse_rd MODEL OUT.csv STEPS FILE…`.
//!
//! Steps are in 8-bit sample units. Bytes are those of the payload plus what the file adds (`OVERHEAD`, default 15).

use tintype_codec::{Codec, DecodeRequest, ExecOptions};
use tintype_image::{Limits, Planes, Threads, io::read_picture};
use tintype_sparse::{SparseCodec, SparseModel};

fn psnr(a: &Planes, b: &Planes) -> f64 {
    let (mut error, mut count) = (0.0, 0.0);
    for (p, q) in a.planes.iter().zip(&b.planes) {
        for (x, y) in p.rows().flatten().zip(q.rows().flatten()) {
            error += (f64::from(*x) - f64::from(*y)).powi(2);
            count += 1.0;
        }
    }
    10.0 * (255.0 * 255.0 * count / f64::max(error, 1e-9)).log10()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let codec = SparseCodec::new(SparseModel::from_bytes(&std::fs::read(&args[1])?)?);
    let setting = |name: &str, default: f32| {
        std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
    };
    let (effort, overhead) = (setting("EFFORT", 5.0) as u8, setting("OVERHEAD", 15.0));
    let exec = ExecOptions { threads: Threads::ONE, ..ExecOptions::default() };
    let mut csv = String::from("codec,setting,image,bytes,bpp,psnr,msssim,ssimulacra2\n");
    let count = (args.len() - 4) as f64;
    for step in args[3].split(',') {
        let number = ((step.parse::<f32>()? * 16.0).log2() * 12.0).round() as u8;
        let (mut bpp_sum, mut psnr_sum, mut encoding, mut decoding) = (0.0, 0.0, 0.0, 0.0);
        for file in &args[4..] {
            let source = read_picture(&std::fs::read(file)?, &Limits::default())?.planes;
            let started = std::time::Instant::now();
            let payload = codec.encode_at(&source, number, effort, &exec)?;
            encoding += started.elapsed().as_secs_f64();
            let started = std::time::Instant::now();
            let back =
                codec.decode(&payload.view(&source.shape), &DecodeRequest::default(), &exec)?;
            decoding += started.elapsed().as_secs_f64();
            let sections: usize = payload.sections.iter().map(|s| s.bytes.len()).sum();
            let bytes = (payload.header.len() + sections) as f64 + f64::from(overhead);
            let bpp = bytes * 8.0 / (source.shape.width_px * source.shape.height_px) as f64;
            let quality = psnr(&source, &back);
            bpp_sum += bpp / count;
            psnr_sum += quality / count;
            let name = file.rsplit('/').next().unwrap_or(file);
            csv += &format!("sparse,{step},{name},{bytes},{bpp},{quality},0.9,50\n");
        }
        println!(
            "step {step}: {bpp_sum:.4} bpp {psnr_sum:.3} dB, encode {encoding:.2} s, decode {decoding:.3} s"
        );
    }
    std::fs::write(&args[2], csv)?;
    Ok(())
}
