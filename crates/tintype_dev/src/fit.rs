//! Fits the start probabilities that a codec carries in its source. A new fit changes the format.

use crate::Failure;
use crate::pictures::{collect, read};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use tintype_codec::Exec;
use tintype_image::Planes;
use tintype_wavelet::Wavelet;

/// Rounds of the fit for JPEG; the priors that the codec carries were fitted with as many.
const JPEG_ROUNDS: usize = 12;

/// Options of `fit`.
#[derive(Args)]
pub struct FitArgs {
    /// Whose start probabilities.
    #[arg(long, value_enum)]
    codec: Fitted,
    /// Where the priors go.
    #[arg(short, long)]
    output: PathBuf,
    /// Qualities at which the pictures are coded; codec wavelet only.
    #[arg(long, value_delimiter = ',', default_values_t = [10.0, 30.0, 50.0, 70.0, 90.0])]
    quality: Vec<f32>,
    /// Pictures, or JPEG files, or folders of them.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Fitted {
    Wavelet,
    Jpeg,
}

/// Runs the command.
///
/// # Errors
/// Files that cannot be read or written.
pub fn run(args: &FitArgs) -> Result<(), Failure> {
    let files = collect(&args.files);
    let priors = match args.codec {
        Fitted::Wavelet => {
            let mut pictures: Vec<Planes> = Vec::new();
            for file in &files {
                pictures.push(read(file, None)?.planes);
            }
            Wavelet::fit_priors(&pictures, &args.quality, &Exec::default())?
        }
        Fitted::Jpeg => {
            let mut contents = Vec::new();
            for file in &files {
                contents.push(std::fs::read(file)?);
            }
            tintype_jpeg::priors_from_files(&contents, JPEG_ROUNDS)
        }
    };
    println!("{} files, {} bytes of priors", files.len(), priors.len());
    std::fs::write(&args.output, priors)?;
    Ok(())
}
