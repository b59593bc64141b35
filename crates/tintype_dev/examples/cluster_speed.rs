//! How fast the `cluster` codec decodes, and libjpeg-turbo beside it, as libraries, on one thread:
//! `cargo run --release -p tintype_codec --example cluster_speed -- MODEL BPP PATH…`.
//!
//! Each picture is encoded to about `BPP` bits a pixel, by `cluster` and by `cjpeg -progressive -optimize`. Then both decoders
//! work in turn, each from memory to memory for half a second at a time, and the best of three times counts. libjpeg-turbo is
//! timed by its own `tjbench`; without it, only `cluster` is. Last come the mean ratio and the smallest.

mod support;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use support::collect;
use tintype_cluster::fitting::{Contexts, Header, TileEncoder, header_for};
use tintype_cluster::{ClusterCodec, ClusterModel};
use tintype_codec::{Codec, DecodeRequest, ExecOptions, Payload, Section, SectionKey};
use tintype_image::io::{PictureFormat, read_picture, write_picture};
use tintype_image::{Limits, Picture, Planes, Threads};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().collect();
    let [_, model, bpp, paths @ ..] = args.as_slice() else {
        return Err("cluster_speed MODEL BPP PATH…".into());
    };
    let (model, bpp): (_, f64) = (ClusterModel::from_bytes(&std::fs::read(model)?)?, bpp.parse()?);
    let mut files = Vec::new();
    paths.iter().for_each(|path| collect(Path::new(path), &mut files));
    let folder = std::env::temp_dir().join(format!("cluster_speed-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let mut ratios = Vec::new();
    for file in &files {
        let Ok(picture) = read_picture(&std::fs::read(file)?, &Limits::default()) else { continue };
        let pixels = (picture.planes.shape.width_px * picture.planes.shape.height_px) as f64;
        let ours = encoded(&model, &picture.planes, bpp * pixels / 8.0);
        let jpeg = folder.join("picture.jpg");
        let theirs = write_jpeg(&picture, &jpeg, bpp * pixels / 8.0);
        let (mut fast, mut other) = (0f64, 0f64);
        for _ in 0..3 {
            fast = fast.max(pixels / 1e6 / seconds(&model, &picture.planes, &ours)?);
            other = other.max(theirs.and_then(|_| tjbench(&jpeg)).unwrap_or(0.0));
        }
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        print!("{name}: cluster {:.3} bpp, {fast:.0} MP/s", len_bytes(&ours) as f64 * 8.0 / pixels);
        if let (Some(bytes), true) = (theirs, other > 0.0) {
            print!(
                "; libjpeg-turbo {:.3} bpp, {other:.0} MP/s; ratio {:.2}",
                bytes as f64 * 8.0 / pixels,
                fast / other
            );
            ratios.push(fast / other);
        }
        println!();
    }
    std::fs::remove_dir_all(&folder)?;
    if !ratios.is_empty() {
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        println!(
            "mean ratio {:.3}, least {least:.2}",
            ratios.iter().sum::<f64>() / ratios.len() as f64
        );
    }
    Ok(())
}

fn len_bytes(payload: &Payload) -> usize {
    payload.header.len() + payload.sections.iter().map(|section| section.bytes.len()).sum::<usize>()
}

/// The picture, one tile, at the step that comes closest to `bytes`.
fn encoded(model: &ClusterModel, source: &Planes, bytes: f64) -> Payload {
    let encode = |step: f32| {
        let header = Header { model_hash: model.hash, ..header_for(&source.shape, step, true) };
        let mut contexts = Contexts::new(&model.trees, &model.start);
        let encoder =
            TileEncoder { model, header: &header, effort: 5, level: ExecOptions::default().level };
        let layers = encoder.encode(source, &mut contexts, &mut |_| {}).layers;
        let section =
            |(layer, bytes)| Section { key: SectionKey { tile: 0, layer: layer as u32 }, bytes };
        Payload {
            header: header.to_bytes(),
            sections: layers
                .into_iter()
                .enumerate()
                .map(|(layer, bytes)| section((layer, bytes)))
                .collect(),
        }
    };
    let (mut low, mut high) = (1f32, 500f32);
    for _ in 0..9 {
        let middle = (low * high).sqrt();
        if len_bytes(&encode(middle)) as f64 > bytes { low = middle } else { high = middle }
    }
    encode(high)
}

/// Seconds of one decoding, the mean of half a second.
fn seconds(model: &ClusterModel, source: &Planes, payload: &Payload) -> Result<f64, Failure> {
    let codec = ClusterCodec::with_model(ClusterModel::from_bytes(&model.to_bytes())?);
    let exec = ExecOptions { threads: Threads::ONE, ..ExecOptions::default() };
    let decode = || codec.decode(&payload.view(&source.shape), &DecodeRequest::default(), &exec);
    decode()?;
    let (start, mut count) = (Instant::now(), 0u32);
    while start.elapsed() < Duration::from_millis(500) {
        decode()?;
        count += 1;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(count))
}

/// Writes the JPEG file of the quality that comes closest to `bytes`; its length, if there is a `cjpeg`.
fn write_jpeg(picture: &Picture, file: &Path, bytes: f64) -> Option<u64> {
    let source = file.with_extension("ppm");
    std::fs::write(&source, write_picture(PictureFormat::Pnm, picture).ok()?).ok()?;
    let write = |quality: u32| {
        let quality = quality.to_string();
        let arguments = ["-quality", &quality, "-progressive", "-optimize", "-outfile"];
        let status = Command::new("cjpeg").args(arguments).arg(file).arg(&source).status().ok()?;
        status.success().then(|| std::fs::metadata(file).map(|m| m.len()).ok()).flatten()
    };
    let mut best = (f64::INFINITY, 1);
    for quality in 1..=95 {
        let len = write(quality)? as f64;
        if (len - bytes).abs() < best.0 {
            best = ((len - bytes).abs(), quality);
        }
        if len > bytes {
            break;
        }
    }
    write(best.1)
}

/// Megapixels a second by `tjbench`, if it is there.
fn tjbench(file: &Path) -> Option<f64> {
    let arguments = ["-quiet", "-nowrite", "-benchtime", "0.5", "-warmup", "0.1"];
    let output = Command::new("tjbench").arg(file).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().filter_map(|line| line.split_whitespace().last()?.parse().ok()).next_back()
}
