//! Decodes one JPEG file to PNM on standard output, for comparing with other decoders.
//!
//! `cargo run --release -p tintype_codec --example jpeg_to_pnm -- FILE.jpg > FILE.ppm`

use std::io::Write;
use tintype_codec::ExecOptions;
use tintype_jpeg::{CmykOutput, decode_jpeg};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("a file is needed")?;
    let decoded = decode_jpeg(&std::fs::read(file)?, CmykOutput::Rgb, &ExecOptions::default())?;
    let shape = &decoded.planes.shape;
    let max = shape.planes[0].sample_max();
    let kind = if decoded.planes.planes.len() == 1 { 5 } else { 6 };
    let mut out = format!("P{kind}\n{} {}\n{max}\n", shape.width_px, shape.height_px).into_bytes();
    for y in 0..shape.height_px {
        for x in 0..shape.width_px {
            for plane in &decoded.planes.planes {
                let value = plane.row(y)[x];
                if max > 255 { out.extend(value.to_be_bytes()) } else { out.push(value as u8) }
            }
        }
    }
    std::io::stdout().write_all(&out)?;
    decoded.warnings.iter().for_each(|w| eprintln!("{w}"));
    Ok(())
}
