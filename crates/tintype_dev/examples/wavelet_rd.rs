//! Sweeps pictures over qualities (`50`), rates in bits a pixel (`r0.5`) or `lossless` with the wavelet codec:
//! `wavelet_rd QUALITY,… NAME FILE…` prints CSV rows
//! `codec,setting,image,bytes,bpp,psnr,msssim,ssimulacra2,enc_ms,dec_ms`; metrics other than PSNR are 0.
//! Bytes are header, sections, and what the container adds.

use std::time::Instant;
use tintype_codec::{Codec, DecodeRequest, EncodeSettings, ExecOptions, Payload, Target, Tune};
use tintype_image::{Limits, Planes, Threads, io};
use tintype_wavelet::Wavelet;

/// Bytes of the file round the payload: head, index, checksums.
fn file_bytes(payload: &Payload) -> usize {
    let check = |len: usize| {
        if len == 0 {
            0
        } else if len < 4096 {
            2
        } else {
            4
        }
    };
    let section = |len: usize| {
        len + check(len)
            + if len < 128 {
                1
            } else if len < 16384 {
                2
            } else {
                3
            }
    };
    40 + payload.header.len()
        + payload.sections.iter().map(|s| section(s.bytes.len())).sum::<usize>()
}

/// PSNR over all samples.
fn psnr(a: &Planes, b: &Planes) -> f64 {
    let mut sum = 0.0;
    for (a, b) in a.planes.iter().zip(&b.planes) {
        for (a, b) in a.rows().zip(b.rows()) {
            sum +=
                a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>();
        }
    }
    let peak = f64::from(a.shape.planes[0].sample_max());
    (10.0 * (peak * peak * a.shape.samples() as f64 / sum.max(1e-9)).log10()).min(100.0)
}

/// The highest quality whose file needs at most `bpp` bits a pixel.
fn quality_for_rate(picture: &Planes, bpp: f64, effort: u8, exec: &ExecOptions) -> f32 {
    let most = bpp * (picture.shape.width_px * picture.shape.height_px) as f64 / 8.0;
    let (mut low, mut high) = (-100.0, 100.0);
    for _ in 0..9 {
        let middle = (low + high) / 2.0;
        let settings = EncodeSettings { target: Target::Quality(middle), tune: Tune::Psnr, effort };
        let fits =
            file_bytes(&Wavelet.encode(picture, &settings, exec).expect("encodes")) as f64 <= most;
        (low, high) = if fits { (middle, high) } else { (low, middle) };
    }
    low
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [qualities, name, files @ ..] = &arguments[..] else {
        eprintln!("usage: wavelet_rd QUALITY,… NAME FILE…");
        std::process::exit(2);
    };
    let exec = ExecOptions { threads: Threads::new(1), ..ExecOptions::default() };
    let env = |name: &str| std::env::var(name).ok();
    let effort = env("EFFORT").and_then(|e| e.parse().ok()).unwrap_or(5);
    println!("codec,setting,image,bytes,bpp,psnr,msssim,ssimulacra2,enc_ms,dec_ms");
    let (mut pixels, mut enc_total, mut dec_total) = (0.0, 0.0, 0.0);
    for file in files {
        let bytes = std::fs::read(file).expect("a readable picture file");
        let mut picture = io::read_picture(&bytes, &Limits::default()).expect("a picture").planes;
        picture.shape.planes.truncate(3);
        picture.planes.truncate(3);
        let image = file.rsplit('/').next().unwrap_or(file);
        for quality in qualities.split(',') {
            let target = match (quality.parse::<f32>(), quality.strip_prefix('r').map(str::parse)) {
                (Ok(q), _) => Target::Quality(q),
                (_, Some(Ok(bpp))) => {
                    Target::Quality(quality_for_rate(&picture, bpp, effort, &exec))
                }
                _ => Target::Lossless,
            };
            let settings = EncodeSettings { target, tune: Tune::Psnr, effort };
            let start = Instant::now();
            let payload = Wavelet.encode(&picture, &settings, &exec).expect("encodes");
            let enc = start.elapsed().as_secs_f64() * 1e3;
            let start = Instant::now();
            let view = payload.view(&picture.shape);
            let back = Wavelet.decode(&view, &DecodeRequest::default(), &exec).expect("decodes");
            let dec = start.elapsed().as_secs_f64() * 1e3;
            let count = (picture.shape.width_px * picture.shape.height_px) as f64;
            let bytes = file_bytes(&payload);
            let bpp = bytes as f64 * 8.0 / count;
            println!(
                "{name},{quality},{image},{bytes},{bpp:.5},{:.4},0,0,{enc:.1},{dec:.1}",
                psnr(&picture, &back)
            );
            pixels += count;
            enc_total += enc;
            dec_total += dec;
            if let Some(folder) = env("DUMP") {
                let metadata = tintype_image::Metadata::default();
                let picture = tintype_image::Picture { planes: back, metadata };
                let png = io::write_picture(io::PictureFormat::Png, &picture).expect("writes");
                std::fs::write(format!("{folder}/{image}.{quality}.png"), png).expect("writes");
            }
        }
    }
    eprintln!(
        "encode {:.1} ms/MP, decode {:.1} ms/MP",
        enc_total / pixels * 1e6,
        dec_total / pixels * 1e6
    );
}
