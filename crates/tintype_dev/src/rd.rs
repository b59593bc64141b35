//! Rate and distortion of a codec: CSV rows, a picture and setting each.
//!
//! Rates are bytes of whole files; metrics compare the decoded picture with the source.

use crate::Failure;
use crate::args::CodecArgs;
use crate::clock::{Spent, timed};
use crate::pictures::{collect, name, pixels, read};
use crate::subject::Subject;
use clap::Args;
use std::io::Write;
use std::path::{Path, PathBuf};
use tintype::Goal;
use tintype_codec::map_indexed;
use tintype_image::io::{PictureFormat, write_picture};
use tintype_image::{Level, Metadata, Picture, Planes, Threads};
use tintype_metrics::{Report, Wanted, compare_with};

/// Columns of the CSV file.
pub const HEADER: &str = "codec,setting,image,bytes,bpp,psnr,msssim,ssimulacra2,butteraugli,\
enc_ms,dec_ms,enc_wall_ms,dec_wall_ms";

/// PSNR written for equal pictures, whose true value is infinite; in decibels.
const PSNR_EQUAL: f64 = 100.0;

/// Options of `rd`.
#[derive(Args)]
pub struct RdArgs {
    #[command(flatten)]
    codec: CodecArgs,
    /// The CSV file; without it, rows go to standard output.
    #[arg(long)]
    csv: Option<PathBuf>,
    /// What the first column says instead of the codec's name.
    #[arg(long)]
    name: Option<String>,
    /// PSNR alone, which is quick; other metrics are 0.
    #[arg(long)]
    psnr_only: bool,
    /// Pictures coded at a time. Times are then of use only in comparison.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// Writes decoded pictures as PNG into this folder; of codec jpeg the JPEG files.
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// The first picture that fails.
pub fn run(args: &RdArgs) -> Result<(), Failure> {
    let subject = Subject::from_args(&args.codec)?;
    let files = collect(&args.codec.files);
    let rows = map_indexed(Threads::new(args.jobs), files.len(), |index| {
        rows_of(args, &subject, &files[index])
    });
    let rows = rows.into_iter().collect::<Result<Vec<_>, _>>()?.concat();

    let mut text = format!("{HEADER}\n");
    for row in &rows {
        text += &row.line;
    }
    match &args.csv {
        Some(path) => std::fs::write(path, text)?,
        None => std::io::stdout().write_all(text.as_bytes())?,
    }
    for (setting, _) in args.codec.goals() {
        summarise(&setting, &rows);
    }
    Ok(())
}

/// One picture at one setting.
#[derive(Clone)]
struct Row {
    line: String,
    setting: String,
    bpp: f64,
    psnr: f64,
    pixels: f64,
    encode: Spent,
    decode: Spent,
}

fn rows_of(args: &RdArgs, subject: &Subject, file: &Path) -> Result<Vec<Row>, Failure> {
    let picture = read(file, args.codec.crop)?;
    let mut rows = Vec::new();
    for (setting, goal) in args.codec.goals() {
        let row = row_of(args, subject, file, &picture, (&setting, goal));
        rows.push(row.map_err(|error| format!("{} at {setting}: {error}", file.display()))?);
    }
    Ok(rows)
}

fn row_of(
    args: &RdArgs,
    subject: &Subject,
    file: &Path,
    picture: &Picture,
    (setting, goal): (&str, Goal),
) -> Result<Row, Failure> {
    let level = Level::new();
    let (coded, encode) = timed(|| subject.encode(picture, goal, &args.codec, level));
    let coded = coded?;
    let (decoded, decode) = timed(|| subject.decode(&coded, &args.codec, level));
    let decoded = decoded?;
    if let Some(folder) = &args.save {
        save(folder, &format!("{}.{setting}", name(file)), subject, &coded, &decoded)?;
    }

    let wanted = if args.psnr_only { Wanted::POINTWISE } else { Wanted::ALL };
    let report = compare_with(&picture.planes, &decoded, wanted)?;
    let pixels = pixels(&picture.planes);
    let bpp = 8.0 * coded.len() as f64 / pixels;
    let psnr = report.psnr.min(PSNR_EQUAL);
    let codec = args.name.as_ref().unwrap_or(&args.codec.codec);
    let line = format!(
        "{codec},{setting},{},{},{bpp:.5},{psnr:.4},{},{:.1},{:.1},{:.1},{:.1}\n",
        name(file),
        coded.len(),
        perceptual_columns(&report),
        encode.cpu_ms,
        decode.cpu_ms,
        encode.wall_ms,
        decode.wall_ms,
    );
    Ok(Row { line, setting: setting.into(), bpp, psnr, pixels, encode, decode })
}

fn perceptual_columns(report: &Report) -> String {
    format!(
        "{:.6},{:.4},{:.4}",
        report.ms_ssim.unwrap_or(0.0),
        report.ssimulacra2.unwrap_or(0.0),
        report.butteraugli_3norm.unwrap_or(0.0)
    )
}

fn save(
    folder: &Path,
    stem: &str,
    subject: &Subject,
    coded: &[u8],
    decoded: &Planes,
) -> Result<(), Failure> {
    if matches!(subject, Subject::Jpeg) {
        std::fs::write(folder.join(format!("{stem}.jpg")), coded)?;
        return Ok(());
    }
    let picture = Picture { planes: decoded.clone(), metadata: Metadata::default() };
    let png = write_picture(PictureFormat::Png, &picture)?;
    std::fs::write(folder.join(format!("{stem}.png")), png)?;
    Ok(())
}

/// Means over pictures at one setting, on standard error.
fn summarise(setting: &str, rows: &[Row]) {
    let rows: Vec<&Row> = rows.iter().filter(|row| row.setting == setting).collect();
    let sum = |of: fn(&Row) -> f64| rows.iter().map(|row| of(row)).sum::<f64>();
    let (count, pixels) = (rows.len().max(1) as f64, sum(|row| row.pixels).max(1.0));
    eprintln!(
        "{setting}: {:.4} bpp, {:.3} dB, encode {:.1} ms/MP, decode {:.2} ms/MP",
        sum(|row| row.bpp) / count,
        sum(|row| row.psnr) / count,
        sum(|row| row.encode.cpu_ms) / pixels * 1e6,
        sum(|row| row.decode.cpu_ms) / pixels * 1e6,
    );
}
