//! Megapixels a second of a codec, and of libjpeg-turbo beside it.

use super::CodecSpeedArgs;
use super::turbo::TurboJpeg;
use crate::Failure;
use crate::clock::best_seconds;
use crate::pictures::{collect, name, pixels, read};
use crate::subject::{Subject, levels};
use tintype::Goal;
use tintype_image::{Level, Picture};

/// Prints a line for each picture, setting and SIMD level, then the sums.
///
/// # Errors
/// The first picture that fails.
pub fn run(args: &CodecSpeedArgs) -> Result<(), Failure> {
    let subject = Subject::from_args(&args.codec)?;
    let mut totals = Totals::default();
    for file in collect(&args.codec.files) {
        let picture = read(&file, args.codec.crop)?;
        for (setting, goal) in args.codec.goals() {
            for (level_name, level) in chosen_levels(&args.simd) {
                let run = measure(args, &subject, &picture, goal, level)?;
                println!(
                    "{} at {setting}, {level_name}: {:.3} bpp, encode {:.1} MP/s, decode {:.1} MP/s",
                    name(&file),
                    run.bpp(),
                    run.megapixels / run.encode_s,
                    run.megapixels / run.decode_s
                );
                totals.add(&run);
                if args.beside_turbo {
                    let speed = run.megapixels / run.decode_s;
                    beside_turbo(&picture, run.coded.len(), speed, &mut totals)?;
                }
            }
        }
    }
    totals.print();
    Ok(())
}

fn chosen_levels(simd: &str) -> Vec<(&'static str, Level)> {
    levels().into_iter().filter(|(name, _)| simd == "all" || simd == *name).collect()
}

/// One picture at one setting and level.
struct Run {
    coded: Vec<u8>,
    megapixels: f64,
    encode_s: f64,
    decode_s: f64,
}

impl Run {
    fn bpp(&self) -> f64 {
        self.coded.len() as f64 * 8.0 / (self.megapixels * 1e6)
    }
}

fn measure(
    args: &CodecSpeedArgs,
    subject: &Subject,
    picture: &Picture,
    goal: Goal,
    level: Level,
) -> Result<Run, Failure> {
    let threads = args.codec.threads;
    let (coded, encode_s) =
        best_seconds(args.repeat, threads, || subject.encode(picture, goal, &args.codec, level));
    let coded = coded?;
    let (decoded, decode_s) =
        best_seconds(args.repeat, threads, || subject.decode(&coded, &args.codec, level));
    decoded?;
    Ok(Run { coded, megapixels: pixels(&picture.planes) / 1e6, encode_s, decode_s })
}

/// Prints how fast libjpeg-turbo decodes a progressive file of about `len_bytes`.
fn beside_turbo(
    picture: &Picture,
    len_bytes: usize,
    ours: f64,
    totals: &mut Totals,
) -> Result<(), Failure> {
    let Some(jpeg) = TurboJpeg::near(picture, len_bytes as f64)? else {
        println!("  libjpeg-turbo: no cjpeg on PATH");
        return Ok(());
    };
    let Some(theirs) = jpeg.megapixels_per_second() else {
        println!("  libjpeg-turbo: no tjbench on PATH");
        return Ok(());
    };
    println!("  libjpeg-turbo: {} bytes, {theirs:.0} MP/s; ratio {:.2}", jpeg.len_bytes, ours / theirs);
    totals.ratios.push(ours / theirs);
    Ok(())
}

/// Sums over all runs.
#[derive(Default)]
struct Totals {
    bytes: usize,
    megapixels: f64,
    encode_s: f64,
    decode_s: f64,
    ratios: Vec<f64>,
}

impl Totals {
    fn add(&mut self, run: &Run) {
        self.bytes += run.coded.len();
        self.megapixels += run.megapixels;
        self.encode_s += run.encode_s;
        self.decode_s += run.decode_s;
    }

    fn print(&self) {
        println!(
            "all: {} bytes, encode {:.2} MP/s, decode {:.2} MP/s",
            self.bytes,
            self.megapixels / self.encode_s,
            self.megapixels / self.decode_s
        );
        if !self.ratios.is_empty() {
            let least = self.ratios.iter().copied().fold(f64::INFINITY, f64::min);
            let mean = self.ratios.iter().sum::<f64>() / self.ratios.len() as f64;
            println!("decoding by libjpeg-turbo's: mean ratio {mean:.3}, least {least:.2}");
        }
    }
}
