//! Reads a picture file, prints its shape and fingerprint, and writes it anew: `convert IN [OUT]`.

use std::error::Error;
use std::path::Path;
use tintype_image::io::{PictureFormat, read_picture, write_picture};
use tintype_image::{Limits, sample_hash};

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [input, outputs @ ..] = &paths[..] else { return Err("usage: convert IN [OUT]".into()) };
    let picture = read_picture(&std::fs::read(input)?, &Limits::default())?;
    let shape = &picture.planes.shape;
    let depths: Vec<u8> = shape.planes.iter().map(|p| p.bit_depth).collect();
    let (width, height, hash) = (shape.width_px, shape.height_px, sample_hash(&picture.planes));
    println!("{width}x{height} {:?} {depths:?} {hash:016x}", shape.colour);
    for output in outputs {
        let extension = Path::new(output).extension().and_then(|e| e.to_str()).unwrap_or("");
        let format = PictureFormat::from_extension(extension).ok_or("unknown extension")?;
        std::fs::write(output, write_picture(format, &picture)?)?;
    }
    Ok(())
}
