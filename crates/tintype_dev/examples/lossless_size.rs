//! Codes PNG pictures losslessly, decodes them, checks every sample, and prints bytes and speed.
//!
//! `cargo run --release -p tintype_codec --example lossless_size -- [--effort N] [--threads N] [--crop N] [-v] FILE.png…`

use std::time::Instant;
use tintype_codec::{Codec, DecodeRequest, EncodeSettings, ExecOptions, Target};
use tintype_image::{ColourModel, PlaneInfo, PlaneRole, Planes, Region, Shape, Threads};
use tintype_lossless::Lossless;

fn main() {
    let (mut effort, mut threads, mut crop, mut verbose) = (5, 1, None, false);
    let mut files = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number =
            || arguments.next().and_then(|v| v.parse::<usize>().ok()).expect("a number follows");
        match argument.as_str() {
            "--effort" => effort = number() as u8,
            "--threads" => threads = number(),
            "--crop" => crop = Some(number()),
            "-v" => verbose = true,
            _ => files.push(argument),
        }
    }
    let exec = ExecOptions { threads: Threads::new(threads), ..ExecOptions::default() };
    let settings = EncodeSettings { target: Target::Lossless, effort, ..EncodeSettings::default() };
    let (mut bytes, mut samples, mut encode_s, mut decode_s) = (0, 0, 0.0, 0.0);
    for file in &files {
        let mut source = read(file);
        if let Some(side) = crop {
            source = middle(&source, side);
        }
        let (start, cpu) = (Instant::now(), cpu_s());
        let payload = Lossless.encode(&source, &settings, &exec).expect("encodes");
        encode_s += if threads > 1 { start.elapsed().as_secs_f64() } else { cpu_s() - cpu };
        let (start, cpu) = (Instant::now(), cpu_s());
        let decoded = Lossless
            .decode(&payload.view(&source.shape), &DecodeRequest::default(), &exec)
            .expect("decodes");
        decode_s += if threads > 1 { start.elapsed().as_secs_f64() } else { cpu_s() - cpu };
        assert!(decoded == source, "{file}: decoded samples differ");
        let size: usize =
            payload.header.len() + payload.sections.iter().map(|s| s.bytes.len()).sum::<usize>();
        if verbose {
            println!(
                "{file} {size} {:.4} bits a sample",
                size as f64 * 8.0 / source.shape.samples() as f64
            );
        }
        bytes += size;
        samples += source.shape.samples();
    }
    println!(
        "effort {effort}: {} pictures, {bytes} bytes, {:.4} bits a sample, encode {:.2} MB/s, decode {:.2} MB/s",
        files.len(),
        bytes as f64 * 8.0 / samples as f64,
        samples as f64 / encode_s / 1e6,
        samples as f64 / decode_s / 1e6
    );
}

/// Processor time of this process where the system tells it, else 0.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    stat.split_whitespace().next().and_then(|v| v.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

fn middle(source: &Planes, side: usize) -> Planes {
    let (width, height) = (source.shape.width_px.min(side), source.shape.height_px.min(side));
    let (x, y) = ((source.shape.width_px - width) / 2, (source.shape.height_px - height) / 2);
    let shape = Shape { width_px: width, height_px: height, ..source.shape.clone() };
    let planes =
        source.planes.iter().map(|plane| plane.crop(Region { x, y, width, height })).collect();
    Planes { shape, planes }
}

fn read(file: &str) -> Planes {
    let open = std::fs::File::open(file).expect("file opens");
    let mut decoder = png::Decoder::new(std::io::BufReader::new(open));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().expect("a PNG");
    let mut bytes = vec![0; reader.output_buffer_size().expect("a size")];
    let frame = reader.next_frame(&mut bytes).expect("a picture");
    let (wide, count) = (frame.bit_depth == png::BitDepth::Sixteen, frame.color_type.samples());
    let depth = if wide { 16 } else { 8 };
    let (width_px, height_px) = (frame.width as usize, frame.height as usize);
    let colours = if count >= 3 { 3 } else { 1 };
    let mut infos = vec![PlaneInfo::new(PlaneRole::Colour, depth); colours];
    infos.resize(count, PlaneInfo::new(PlaneRole::Alpha, depth));
    let colour = if colours == 3 { ColourModel::Rgb } else { ColourModel::Gray };
    let mut planes = Planes::new(Shape { width_px, height_px, colour, planes: infos });
    for (p, plane) in planes.planes.iter_mut().enumerate() {
        for y in 0..height_px {
            for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                let at = (y * width_px + x) * count + p;
                *sample = if wide {
                    u16::from_be_bytes([bytes[2 * at], bytes[2 * at + 1]])
                } else {
                    u16::from(bytes[at])
                };
            }
        }
    }
    planes
}
