//! `tintype-thumbnail`: what file managers run to show a `.tin` file (packaging/desktop/tintype.thumbnailer).
#![forbid(unsafe_code)]

use clap::Parser;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::ExitCode;
use tintype::files::{PictureFormat, write_picture};
use tintype::{Decoder, Limits};
use tintype_image::planes_shrunk;

/// Makes a small PNG file of a .tin file.
#[derive(Parser, Debug)]
#[command(version)]
struct Args {
    /// Longest side, in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..))]
    size: u16,
    /// The .tin file
    input: PathBuf,
    /// The PNG file
    output: PathBuf,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match png(&args).and_then(|png| std::fs::write(&args.output, png).map_err(|error| error.to_string()))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("tintype-thumbnail: {}: {message}", args.input.display());
            ExitCode::from(1)
        }
    }
}

fn png(args: &Args) -> Result<Vec<u8>, String> {
    let file = File::open(&args.input).map_err(|error| error.to_string())?;
    // A folder of hostile files must not stop a file manager.
    let options = tintype::DecodeOptions::new().limits(Limits::within_memory(2 << 30)).threads(1);
    let decoder =
        Decoder::with_options(BufReader::new(file), options).map_err(|error| error.to_string())?;
    let longest = decoder.info().shape.width_px.max(decoder.info().shape.height_px);
    let size = usize::from(args.size);
    // The smallest scale that still has enough; shrunk from there.
    let scale = (1..=5).map(|k| 1 << k).take_while(|scale| longest / scale >= size).last().unwrap_or(1);
    let mut picture = decoder.scale(scale as u32).decode().map_err(|error| error.to_string())?.picture;
    let longest = picture.width().max(picture.height());
    if longest > size {
        let side = |len: usize| (len * size / longest).max(1);
        let (width, height) = (side(picture.width()), side(picture.height()));
        picture.planes =
            planes_shrunk(&picture.planes, width, height).map_err(|error| error.to_string())?;
    }
    write_picture(PictureFormat::Png, &picture).map_err(|error| error.to_string())
}
