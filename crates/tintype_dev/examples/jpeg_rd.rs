//! Rate and distortion of the JPEG encoder over pictures, as rows of `classical_kodak.csv`.
//!
//! `cargo run --release -p tintype_codec --example jpeg_rd -- [--tune psnr|visual] [--effort N] [--quality a,b,…]
//! [--set field=value]… [--name NAME] [--save DIR] PICTURE…`

use std::path::PathBuf;
use tintype_codec::{EncodeSettings, ExecOptions, Target, Tune, map_indexed};
use tintype_image::{Limits, Threads};
use tintype_jpeg::{CmykOutput, JpegPlan, Sampling, decode_jpeg, encode_jpeg};
use tintype_metrics::{Wanted, compare_with};

fn set(plan: &mut JpegPlan, field: &str, value: &str) {
    let number: f32 = value.parse().unwrap_or(0.0);
    match field {
        "step" => plan.step = number,
        "shape" => plan.shape = number,
        "chroma_shape" => plan.chroma_shape = number,
        "chroma_full" => plan.chroma_step[0] = number,
        "chroma_half" => plan.chroma_step[1] = number,
        "rise" => plan.rise = number,
        "dip" => plan.dip = number,
        "dc_step" => plan.dc_step = number,
        "lambda" => plan.lambda = number,
        "chroma_lambda" => plan.chroma_lambda = number,
        "dc_lambda" => plan.dc_lambda = number,
        "mask" => plan.mask = number,
        "rounding" => plan.rounding = number,
        "passes" => plan.passes = number as u32,
        "quick" => plan.quick = number > 0.0,
        "wide" => plan.wide_script = number > 0.0,
        "progressive" => plan.progressive = number > 0.0,
        "search" => plan.search_sampling = number > 0.0,
        "full_below" => plan.full_chroma_below = number,
        "sampling" => {
            plan.sampling = [Sampling::Auto, Sampling::Full, Sampling::HalfWidth, Sampling::Half]
                [number as usize & 3]
        }
        other => eprintln!("no field {other}"),
    }
}

fn cpu_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1e6
}

fn main() {
    let mut settings = EncodeSettings::default();
    let (mut files, mut fields, mut name, mut save): (
        Vec<PathBuf>,
        Vec<String>,
        String,
        Option<String>,
    ) = Default::default();
    let mut qualities = vec![10.0f32, 30.0, 50.0, 60.0, 70.0, 80.0, 90.0];
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut next = || arguments.next().unwrap_or_default();
        match argument.as_str() {
            "--tune" => settings.tune = if next() == "psnr" { Tune::Psnr } else { Tune::Visual },
            "--effort" => settings.effort = next().parse().unwrap_or(5),
            "--quality" => qualities = next().split(',').filter_map(|q| q.parse().ok()).collect(),
            "--set" => fields.push(next()),
            "--name" => name = next(),
            "--save" => save = Some(next()),
            file => files.push(file.into()),
        }
    }
    let quick = std::env::var_os("NO_SSIMULACRA2").is_some();
    println!(
        "codec,setting,image,bytes,bpp,psnr,msssim,ssimulacra2,enc_ms,dec_ms,enc_wall_ms,dec_wall_ms"
    );
    let rows = map_indexed(Threads::available(), files.len(), |index| {
        let file = &files[index];
        let bytes = std::fs::read(file).unwrap_or_default();
        let Ok(picture) = tintype_image::io::read_picture(&bytes, &Limits::default()) else {
            return String::new();
        };
        let exec = ExecOptions { threads: Threads::ONE, ..ExecOptions::default() };
        let (mut out, image) =
            (String::new(), file.file_name().unwrap_or_default().to_string_lossy().into_owned());
        for quality in &qualities {
            let settings = EncodeSettings { target: Target::Quality(*quality), ..settings.clone() };
            let Ok(mut plan) = JpegPlan::from_settings(&settings) else { continue };
            fields.iter().filter_map(|f| f.split_once('=')).for_each(|(f, v)| set(&mut plan, f, v));
            let start = cpu_ms();
            let Ok(jpeg) = encode_jpeg(&picture.planes, &picture.metadata, &plan, &exec) else {
                continue;
            };
            let encode_ms = cpu_ms() - start;
            let start = cpu_ms();
            let Ok(decoded) = decode_jpeg(&jpeg, CmykOutput::Rgb, &exec) else { continue };
            let decode_ms = cpu_ms() - start;
            let wanted = Wanted { ssimulacra2: !quick, ..Wanted::POINTWISE };
            let Ok(report) = compare_with(&picture.planes, &decoded.planes, wanted) else {
                continue;
            };
            let pixels = picture.planes.shape.width_px * picture.planes.shape.height_px;
            let bpp = 8.0 * jpeg.len() as f64 / pixels as f64;
            let (psnr, ms, s2) =
                (report.psnr, report.ms_ssim.unwrap_or(0.0), report.ssimulacra2.unwrap_or(0.0));
            out += &format!(
                "{name},{quality},{image},{},{bpp:.5},{psnr:.4},{ms:.6},{s2:.4},{encode_ms:.1},{decode_ms:.1},0,0\n",
                jpeg.len()
            );
            if let Some(folder) = &save {
                let _ = std::fs::write(format!("{folder}/{image}-{quality}.jpg"), &jpeg);
            }
        }
        out
    });
    print!("{}", rows.concat());
}
