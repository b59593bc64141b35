//! What was typed: the arguments as they stand on the command line, checked one by one.

#[cfg(feature = "bench")]
use crate::commands::bench::BenchArgs;
#[cfg(feature = "train")]
use crate::commands::train::TrainArgs;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args as ClapArgs, CommandFactory, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use tintype::{CodecId, Denoise, Limits, Region, Tune, codec};
use tintype_image::io::PictureFormat;

/// Compresses photos and other pictures into small files, and turns them back into pictures.
#[derive(Parser, Debug)]
#[command(name = "tintype", version, arg_required_else_help = true, max_term_width = 110)]
#[command(after_help = "\
Examples:
  tintype encode photo.png              writes photo.tin
  tintype encode photo.png --compare    the same, and measures what it lost and what other codecs need
  tintype decode photo.tin -o back.png  brings the picture back
  tintype encode album/ -o small/       every picture of a folder
  tintype compare photo.png back.png    measures how much two pictures differ

Formats read:    png jpg tif webp gif bmp pnm (pbm pgm ppm) pam y4m dcm
Formats written: tin and jpg by encode; png jpg tif webp pnm pam y4m dcm by decode

Codecs (encode --codec; auto chooses):
  photo     photographs, small files
  wavelet   lossy to lossless in one stream; every prefix of the file decodes
  lossless  every sample comes back
  cluster   photographs at low rates, fast to decode
  sparse    many small pictures of one kind, with a model of your own
  neural    photographs, by a trained network
  planes    depth beside colour, many bands, bounded error
  jpeg      JPEG files byte for byte in fewer bytes; real JPEGs as output

Programs of their own, which tintype starts where they are installed:
  serve     pictures over HTTP               watch     packs what lands in a folder
  mount     a packed folder as a file system studio    before and after, in a browser

Exit status: 0 done, 1 some files failed (each is named, the rest is done), 2 wrong usage.")]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Turn pictures into .tin files (or real JPEGs)
    Encode(EncodeArgs),
    /// Turn .tin files back into pictures
    Decode(DecodeArgs),
    /// Tell what a file holds
    Info(InfoArgs),
    /// Show a clip in the terminal
    #[cfg(feature = "video")]
    Play(PlayArgs),
    /// Measure how far two pictures are apart
    Compare(CompareArgs),
    /// Check that .tin files are whole, and compare them with their originals
    Verify(VerifyArgs),
    /// Sign files: who made them, and that they are unchanged
    Sign(SignArgs),
    /// Measure codecs, ours and others', on your pictures
    #[cfg(feature = "bench")]
    Bench(BenchArgs),
    /// Fit a codec's model to your own pictures
    #[cfg(feature = "train")]
    Train(TrainArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
}

#[derive(ClapArgs, Debug)]
#[command(after_help = "\
Examples:
  tintype encode photo.png                        writes photo.tin at quality 75
  tintype encode photo.png -o small.tin -q 40     smaller
  tintype encode photo.png --size 50kB            as good as 50 000 bytes allow
  tintype encode scan.tif --lossless --effort 9   every sample comes back
  tintype encode album/ 'more/*.jpg' -o small/    many files into a folder, on all cores
  tintype encode color.png --depth depth.png      colour and exact depth in one file
  tintype encode ct.png --max-error 2             no sample off by more than 2
  tintype encode album/ --replace                 JPEGs become .tin files, and go once these are known to be sound
  tintype encode album/ -o box/ --seal            sealed with a passphrase, which is asked for
  tintype encode me.jpg --recipients-file friend.pub --open-preview 1/8
  tintype encode frames/ --clip --fps 25          numbered pictures become the clip frames.tin
  cat photo.png | tintype encode - > photo.tin")]
pub struct EncodeArgs {
    /// Pictures, globs or folders; `-` is standard input
    #[arg(required = true, value_name = "IN")]
    pub inputs: Vec<PathBuf>,
    /// File, or folder for many files; `-` is standard output; a name ending in .jpg makes a real JPEG
    /// [default: IN with .tin for its extension]
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// How to code; auto chooses what fits the picture
    #[arg(long, value_name = "CODEC", default_value = "auto", value_parser = codec_parser())]
    pub codec: CodecChoice,
    /// A model of your own from `tintype train`; the codec is then the model's
    #[arg(long, value_name = "FILE")]
    pub model: Vec<PathBuf>,
    /// Put the model into every file, so that it decodes without it (codecs cluster and photo)
    #[arg(long, requires = "model")]
    pub send_model: bool,
    #[command(flatten)]
    pub goal: GoalArgs,
    /// What "good" means: how it looks (the default), or least squared error; codecs photo and planes, and real JPEG
    /// files, heed it
    #[arg(long, value_enum)]
    pub tune: Option<TuneArg>,
    /// 1 is fast, 9 is dense
    #[arg(long, value_name = "1..9", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=9))]
    pub effort: u8,
    /// Make the picture smaller first: 50%, a width such as 1600, or a box such as 1600x1200 that it fits into; a
    /// picture that is smaller already stays as it is
    #[arg(long, value_name = "SIZE", value_parser = parse_resize)]
    pub resize: Option<Resize>,
    /// Levels of opacity that are kept: 100 all, 0 clear and opaque only. Clear and opaque pixels stay what they
    /// are at any quality (codecs auto, photo, wavelet and planes)
    #[arg(long, value_name = "0..100", default_value_t = 100, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub alpha_quality: u8,
    /// What stands behind clear pixels in a JPEG: RRGGBB, white or black [default: white, with a warning]
    #[arg(long, value_name = "COLOUR", value_parser = parse_colour)]
    pub background: Option<Rgb>,
    /// Page or frame of a file that has several (TIFF, GIF, animated PNG and WebP, Y4M, PNM) [default: the first,
    /// of TIFF the largest]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub page: Option<u32>,
    /// Make one clip of all inputs, in the order of the numbers in their names
    #[arg(long, conflicts_with_all = ["page", "compare", "show", "replace", "resize", "denoise", "max_error"])]
    pub clip: bool,
    /// Pictures a second of --clip: 25, 30000/1001, 1/60 [default: 25]
    #[arg(long, value_name = "RATE", value_parser = parse_rate, requires = "clip")]
    pub fps: Option<(u32, u32)>,
    /// Pictures of a clip's groups: what a damaged group costs, and where decoding can begin [default: 32, with
    /// --lossless 128]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub group: Option<u16>,
    /// Filter noise away first: median, median5, gaussian, gaussian:SIGMA, nlm or nlm:STRENGTH
    #[arg(long, value_name = "FILTER", value_parser = parse_denoise)]
    pub denoise: Option<Denoise>,
    /// Whether a JPEG that is kept is restored and compared before its .tin is written
    #[arg(long, value_name = "yes|no", default_value = "yes", default_missing_value = "yes", num_args = 0..=1,
        require_equals = true, hide_possible_values = true, action = clap::ArgAction::Set,
        value_parser = clap::builder::BoolishValueParser::new())]
    pub verify: bool,
    /// Depth pictures (gray, up to 16 bits, 0 = no reading), one for each IN: of the same name but for words such as
    /// color and depth, or in the same order where no name agrees; a folder stands for its files. Colour and depth go
    /// into one file; depth comes back exactly unless --max-error is given
    #[arg(long, value_name = "PICTURE")]
    pub depth: Vec<PathBuf>,
    /// Samples may be off by up to N: those of depth where there is depth (0 stays 0), else all, and then nothing else
    /// is lost
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub max_error: u16,
    /// Decode the result and say how much it differs, and how many bytes other codecs need to look as
    /// good; their programs (cjpeg, cwebp, cjxl, avifenc, …) run where they are on PATH
    #[arg(long, conflicts_with = "json")]
    pub compare: bool,
    /// Draw the picture before and after in the terminal
    #[arg(long, conflicts_with = "json")]
    pub show: bool,
    /// Delete each original once its .tin is on the disk and was decoded and compared. A result that loses something
    /// is refused without --yes
    #[arg(long, conflicts_with_all = ["skip_existing", "depth", "compare", "show"])]
    pub replace: bool,
    /// With --replace: the loss is agreed to
    #[arg(long, requires = "replace")]
    pub yes: bool,
    #[command(flatten)]
    pub kept: KeepArgs,
    #[command(flatten)]
    pub seal: SealArgs,
    #[command(flatten)]
    pub common: CommonArgs,
}

/// Who may see the picture.
#[derive(ClapArgs, Debug)]
#[command(next_help_heading = "Sealing")]
pub struct SealArgs {
    /// Seal with a passphrase: from --passphrase-file, the variable TINTYPE_PASSPHRASE, or asked for
    #[arg(long, conflicts_with_all = ["recipient", "recipients_file", "compare", "show"])]
    pub seal: bool,
    /// Seal with the passphrase on the first line of this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["recipient", "recipients_file", "compare", "show"])]
    pub passphrase_file: Option<PathBuf>,
    /// Seal to a public key, age1… or 'ssh-ed25519 …'; repeatable
    #[arg(long, value_name = "KEY", conflicts_with_all = ["compare", "show"])]
    pub recipient: Vec<String>,
    /// Seal to the public keys in a file, one a line, such as id_ed25519.pub; repeatable
    #[arg(long, value_name = "FILE", conflicts_with_all = ["compare", "show"])]
    pub recipients_file: Vec<PathBuf>,
    /// Put a picture of this size beside the sealed one that everybody sees: 1/2, 1/4, … 1/32; without metadata
    #[arg(long, value_name = "1/2^k", value_parser = parse_preview)]
    pub open_preview: Option<u8>,
    /// Work to try a passphrase, 10 to 22: each step doubles time and memory, for guessers as well [default: 18, 256 MiB]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(10..=22))]
    pub passphrase_work: Option<u8>,
}

/// What opens sealed files.
#[derive(ClapArgs, Debug)]
#[command(next_help_heading = "Sealed files")]
pub struct KeyArgs {
    /// Secret keys that open sealed files: a file of age, or an ssh-ed25519 key; repeatable
    #[arg(short, long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
    /// The passphrase of secret keys that have one of their own, on the first line of this file
    /// [default: TINTYPE_KEY_PASSPHRASE, or asked for]
    #[arg(long, value_name = "FILE")]
    pub key_passphrase_file: Option<PathBuf>,
    /// The passphrase on the first line of this file [default: TINTYPE_PASSPHRASE, or asked for]
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Refuse passphrases that take more work than 2^N [default: 20, 1 GiB]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=30))]
    pub passphrase_work_max: Option<u8>,
}

/// At most one of these.
#[derive(ClapArgs, Debug)]
#[group(multiple = false)]
pub struct GoalArgs {
    /// Quality; about the SSIMULACRA2 a photo reaches [default: 75]
    #[arg(short, long, value_name = "0..100", value_parser = parse_quality)]
    pub quality: Option<f32>,
    /// Bits of file for each pixel
    #[arg(long, value_name = "F", value_parser = parse_positive)]
    pub bpp: Option<f32>,
    /// Bytes of file, such as 50000, 50kB, 48KiB or 1.5MB; the file is never larger
    #[arg(long, value_name = "BYTES", value_parser = parse_size)]
    pub size: Option<u64>,
    /// Of a clip: thousands of bits a second, on the whole
    #[arg(long, value_name = "KBIT", value_parser = parse_positive)]
    pub bitrate: Option<f32>,
    /// Peak signal-to-noise ratio
    #[arg(long, value_name = "DB", value_parser = parse_finite)]
    pub psnr: Option<f32>,
    /// Score of the metric SSIMULACRA2
    #[arg(long, value_name = "S", value_parser = parse_score, allow_negative_numbers = true)]
    pub ssimulacra2: Option<f32>,
    /// Every sample comes back
    #[arg(long)]
    pub lossless: bool,
}

#[derive(ClapArgs, Debug)]
#[command(after_help = "\
Examples:
  tintype decode photo.tin                       writes photo.png, or photo.tin.png if that exists already
  tintype decode photo.tin -o photo.ppm
  tintype decode photo.tin --scale 1/4 -o thumb.png
  tintype decode map.tin --region 4000,2000,800,600 -o part.png
  tintype decode small/ -o back/                 every .tin file of a folder
  tintype decode photo.jpg -o photo.png          a JPEG file, as if it were in a .tin file
  tintype decode film.tin -o 'frames/%04d.png'   the pictures of a clip; film.png is an animated PNG, film.y4m a film

A file that was cut off is decoded as far as it goes where its codec allows; the exit status is then 1, or 0 with
--partial.")]
pub struct DecodeArgs {
    /// .tin or JPEG files, globs, or folders of .tin files; `-` is standard input
    #[arg(required = true, value_name = "IN")]
    pub inputs: Vec<PathBuf>,
    /// File whose extension says the format, or folder for many files; `-` is standard output, as PNG
    /// [default: IN with .png for its extension, .jpg where the file holds a JPEG]
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// Decode smaller: 1/2, 1/4, … 1/32
    #[arg(long, value_name = "1/2^k", default_value = "1", value_parser = parse_scale)]
    pub scale: u8,
    /// Only this rectangle of the full-size picture
    #[arg(long, value_name = "X,Y,W,H", value_parser = parse_region)]
    pub region: Option<Region>,
    /// At most this many quality layers
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub layers: Option<u32>,
    /// Of a clip only pictures A to B, from 0, without B: 30..60, 30.., ..60
    #[arg(long, value_name = "A..B", value_parser = parse_frames)]
    pub frames: Option<Frames>,
    #[command(flatten)]
    pub models: ModelArgs,
    /// Where the depth of a file that has colour and depth goes, if one file is decoded [default: OUT with .depth.png; .tif
    /// and .pam hold all planes]
    #[arg(long, value_name = "OUT")]
    pub depth: Option<PathBuf>,
    /// Count a file that was cut off or is damaged as done, as far as it could be decoded
    #[arg(long)]
    pub partial: bool,
    /// Draw the picture in the terminal
    #[arg(long, conflicts_with = "json")]
    pub show: bool,
    /// Format of outputs that are not named in full: png, tif, jpg, webp, pnm, pam or y4m. A picture that the format
    /// cannot hold becomes a .tif, and is named
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    pub format: Option<PictureFormat>,
    /// What stands behind clear pixels in a JPEG: RRGGBB, white or black [default: white, with a warning]
    #[arg(long, value_name = "COLOUR", value_parser = parse_colour)]
    pub background: Option<Rgb>,
    #[command(flatten)]
    pub kept: KeepArgs,
    #[command(flatten)]
    pub keys: KeyArgs,
    #[command(flatten)]
    pub common: CommonArgs,
}

/// Pictures of a clip, from 0, without the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frames {
    /// The first.
    pub first: u32,
    /// The one after the last, if there is one.
    pub end: Option<u32>,
}

/// Pictures a second: a number with up to three decimals, or a fraction.
fn parse_rate(text: &str) -> Result<(u32, u32), String> {
    let wrong = || format!("{text} is no rate such as 25, 29.97, 30000/1001 or 1/60");
    let whole = |text: &str| text.parse::<u32>().ok().filter(|&number| number > 0);
    let pair = match (text.split_once('/'), text.split_once('.')) {
        (Some((rate, per)), _) => (whole(rate), whole(per)),
        (None, Some((units, thousandths))) if thousandths.len() <= 3 => {
            (whole(&format!("{units}{thousandths:0<3}")), Some(1000))
        }
        _ => (whole(text), Some(1)),
    };
    pair.0.zip(pair.1).ok_or_else(wrong)
}

fn parse_frames(text: &str) -> Result<Frames, String> {
    let wrong = || format!("{text} is no range of pictures such as 30..60");
    let (first, end) = text.split_once("..").ok_or_else(wrong)?;
    let number = |text: &str| text.parse::<u32>().map_err(|_| wrong());
    let first = if first.is_empty() { 0 } else { number(first)? };
    let end = if end.is_empty() { None } else { Some(number(end)?) };
    if end.is_some_and(|end| end <= first) {
        return Err(format!("{text} has no pictures"));
    }
    Ok(Frames { first, end })
}

/// Which metadata goes into the result.
#[derive(ClapArgs, Debug)]
pub struct KeepArgs {
    /// Leave out metadata: all but colour (EXIF, XMP, text, resolution), or with =exif or =gps only EXIF or positions;
    /// orientation stays
    #[arg(long, value_name = "all|exif|gps", conflicts_with = "keep", num_args = 0..=1, require_equals = true,
        default_missing_value = "all", hide_possible_values = true)]
    pub strip: Option<StripArg>,
    /// Keep only these kinds of metadata: icc (colour), exif, xmp, other, none
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = ["icc", "exif", "xmp", "other", "none"])]
    pub keep: Vec<String>,
}

/// What `--strip` leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StripArg {
    All,
    Exif,
    Gps,
}

/// How a picture is made smaller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Resize {
    /// To this share of each side.
    Share(f64),
    /// To fit a box; no bound on the height if there is none.
    Within(usize, Option<usize>),
}

impl Resize {
    /// The size for a picture of this size, at least 1 × 1 and never larger.
    pub fn size(self, width: usize, height: usize) -> (usize, usize) {
        let share = match self {
            Self::Share(share) => share,
            Self::Within(most_across, most_down) => {
                let across = most_across as f64 / width as f64;
                let down = most_down.map_or(f64::INFINITY, |most| most as f64 / height as f64);
                across.min(down)
            }
        }
        .min(1.0);
        let side = |len: usize| ((len as f64 * share).round() as usize).clamp(1, len);
        (side(width), side(height))
    }
}

/// Red, green and blue.
pub type Rgb = [u8; 3];

#[derive(ClapArgs, Debug)]
pub struct InfoArgs {
    /// .tin files, pictures or models, globs or folders; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub inputs: Vec<PathBuf>,
    #[cfg(feature = "train")]
    /// Draw the cluster trees of a model, with their code vectors, as a picture
    #[arg(long, value_name = "OUT.png", conflicts_with = "json")]
    pub tree: Option<PathBuf>,
    #[cfg(feature = "train")]
    /// Draw the bases of a photo model; with pictures beside the model, say how much of their variance is explained
    #[arg(long, value_name = "OUT.png", conflicts_with_all = ["json", "tree"])]
    pub basis: Option<PathBuf>,
    #[command(flatten)]
    pub read: ReadArgs,
}

#[derive(ClapArgs, Debug)]
#[command(after_help = "\
Example:
  tintype compare photo.png photo.tin --diff where.png")]
pub struct CompareArgs {
    /// A picture or .tin file, or a folder of them
    pub a: PathBuf,
    /// Another, of the same size; of a folder, the one that has files of the same names
    pub b: PathBuf,
    /// Write a picture of where they differ
    #[arg(long, value_name = "OUT")]
    pub diff: Option<PathBuf>,
    /// How much differences are amplified in that picture
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub gain: u16,
    /// Show both and where they differ in the terminal
    #[arg(long)]
    pub show: bool,
    #[command(flatten)]
    pub read: ReadArgs,
}

#[derive(ClapArgs, Debug)]
#[command(after_help = "\
Examples:
  tintype verify album/                          every .tin file decodes in full
  tintype verify small/ --originals photos/      and is exactly its original, or how far from it")]
pub struct VerifyArgs {
    /// .tin files, globs, or folders of .tin files; of two, the second may be what --originals says
    #[arg(required = true, value_name = "IN")]
    pub inputs: Vec<PathBuf>,
    /// The picture that the file was made of, or the folder that has those of a folder
    #[arg(long, value_name = "ORIGINALS")]
    pub originals: Option<PathBuf>,
    /// Each file must be signed (FILE.sig beside it) by this public key: 'ssh-ed25519 …', minisign's RW…, or a file
    /// with one; repeatable
    #[arg(long, value_name = "KEY|FILE")]
    pub signer: Vec<String>,
    #[command(flatten)]
    pub models: ModelArgs,
    #[command(flatten)]
    pub keys: KeyArgs,
    #[command(flatten)]
    pub common: CommonArgs,
}

#[derive(ClapArgs, Debug)]
#[command(after_help = "\
Examples:
  tintype sign album/ --key ~/.ssh/id_ed25519              writes a .sig beside each .tin
  tintype verify album/ --signer ~/.ssh/id_ed25519.pub     checks both
  ssh-keygen -Y verify -n tintype -f signers -I me -s photo.tin.sig < photo.tin")]
pub struct SignArgs {
    /// .tin files, globs, or folders of .tin files
    #[arg(required = true, value_name = "FILE")]
    pub inputs: Vec<PathBuf>,
    /// The secret key: ssh-ed25519, or minisign's
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The passphrase of the key, if it has one, on the first line of this file [default: TINTYPE_KEY_PASSPHRASE, or
    /// asked for]
    #[arg(long, value_name = "FILE")]
    pub key_passphrase_file: Option<PathBuf>,
    /// Replace signatures that exist already
    #[arg(long)]
    pub force: bool,
}

#[derive(ClapArgs, Debug)]
#[command(after_help = "\
Examples:
  tintype play film.tin                 also y4m files, animated GIF, PNG and WebP
  tintype play film.tin --speed 0.25 --repeat")]
pub struct PlayArgs {
    /// A clip
    #[arg(value_name = "FILE")]
    pub input: PathBuf,
    /// How fast: 2 is twice as fast
    #[arg(long, value_name = "F", default_value_t = 1.0, value_parser = parse_positive)]
    pub speed: f32,
    /// Again and again, until Ctrl-C
    #[arg(long)]
    pub repeat: bool,
    #[command(flatten)]
    pub keys: KeyArgs,
}

/// Models for decoding.
#[derive(ClapArgs, Debug)]
pub struct ModelArgs {
    /// A model of your own that files were encoded with; repeatable
    #[arg(long, value_name = "FILE")]
    pub model: Vec<PathBuf>,
}

#[derive(ClapArgs, Debug)]
pub struct CompletionsArgs {
    /// For which shell
    pub shell: clap_complete::Shell,
}

#[derive(ClapArgs, Debug)]
pub struct CommonArgs {
    /// Threads in all, spread over files first [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Replace files that exist already; without this a terminal asks, and a script is refused
    #[arg(long, conflicts_with = "skip_existing")]
    pub force: bool,
    /// Give results the time of now, and the usual permissions, instead of those of their input
    #[arg(long)]
    pub no_preserve: bool,
    /// Leave out inputs whose output exists already; after an interrupted batch this goes on with the rest
    #[arg(long, visible_alias = "resume")]
    pub skip_existing: bool,
    #[command(flatten)]
    pub limits: LimitArgs,
    /// One JSON object a file on standard output
    #[arg(long)]
    pub json: bool,
}

/// How files are read, and what is said of them.
#[derive(ClapArgs, Debug)]
pub struct ReadArgs {
    #[command(flatten)]
    pub keys: KeyArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
    /// One JSON object for each result
    #[arg(long)]
    pub json: bool,
}

/// What a picture may take.
#[derive(ClapArgs, Debug)]
pub struct LimitArgs {
    /// Refuse pictures of more pixels, such as 50M
    #[arg(long, value_name = "N", value_parser = parse_size)]
    pub limit_pixels: Option<u64>,
    /// Refuse pictures whose work takes more memory, such as 500MB, by the number of their samples [default: 2^30
    /// samples]
    #[arg(long, value_name = "BYTES", value_parser = parse_size)]
    pub limit_memory: Option<u64>,
    /// Give up a file whose decoding takes longer, such as 10 or 0.5
    #[arg(long, value_name = "SECONDS", value_parser = parse_positive)]
    pub limit_time: Option<f32>,
}

impl LimitArgs {
    /// As a value for the library.
    pub fn limits(&self) -> Limits {
        let limits = self.limit_memory.map_or_else(Limits::default, Limits::within_memory);
        let pixels_max = self.limit_pixels.unwrap_or(u64::MAX);
        let time = |seconds: f32| std::time::Duration::try_from_secs_f32(seconds).ok();
        Limits { pixels_max, time_max: self.limit_time.and_then(time), ..limits }
    }
}

/// A codec, or none for `auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodecChoice(pub Option<CodecId>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TuneArg {
    Psnr,
    Visual,
}

impl From<TuneArg> for Tune {
    fn from(tune: TuneArg) -> Self {
        match tune {
            TuneArg::Psnr => Self::Psnr,
            TuneArg::Visual => Self::Visual,
        }
    }
}

/// Writes the manual pages of the program and its commands, one after the other.
pub fn render_man(out: &mut Vec<u8>) -> std::io::Result<()> {
    let command = Args::command();
    clap_mangen::Man::new(command.clone()).render(out)?;
    for sub in command.get_subcommands() {
        clap_mangen::Man::new(sub.clone().display_name(format!("tintype-{}", sub.get_name())))
            .render(out)?;
    }
    out.extend_from_slice(b".SH CODECS\n");
    for (id, text) in CODEC_SECTIONS {
        let name = id.map_or("auto", CodecId::name);
        out.extend_from_slice(format!(".SS {name}\n{text}\n").as_bytes());
    }
    Ok(())
}

/// For the manual: what each codec is for, and which options count for it.
const CODEC_SECTIONS: [(Option<CodecId>, &str); 9] = [
    (
        None,
        "Chooses by the picture and the goal. A goal of PSNR or SSIMULACRA2 is tried with every codec that fits, and the \
smallest file is kept; lossless counts among them.",
    ),
    (
        Some(codec::PHOTO),
        "Photographs of up to 12 bits. --effort 1 to 9, --tune, --model and --send-model count; decode --region reads only \
what it needs.",
    ),
    (
        Some(codec::WAVELET),
        "Lossy to lossless in one stream, any depth and planes. --effort counts. Opacity beside lossy colour is coded apart; the \
file then says planes. Every prefix of the file decodes: decode \
--layers, --scale, and --partial for damaged files.",
    ),
    (Some(codec::LOSSLESS), "Every sample comes back. --effort counts; a quality does not."),
    (Some(codec::CLUSTER), "Photographs at low rates, fast to decode. --model and --send-model count."),
    (
        Some(codec::SPARSE),
        "Many small pictures of one kind. Needs a --model of your own for its best; its files have the shortest frame.",
    ),
    (Some(codec::NEURAL), "Photographs, by a trained network. --model counts."),
    (
        Some(codec::PLANES),
        "Groups of planes, each under the codec that suits it: depth beside colour (--depth, --max-error), opacity beside \
lossy colour (--alpha-quality), and many bands.",
    ),
    (
        Some(codec::JPEG),
        "JPEG files packed so that every byte comes back; --verify restores and compares first, --strip and --keep leave \
out segments. An output named .jpg is a real JPEG: any goal but --lossless, --tune, --effort, --background.",
    ),
];

/// Takes `auto` and the names of the codecs that are built in; completions offer them.
fn codec_parser() -> impl TypedValueParser<Value = CodecChoice> {
    let jpeg = codec::JPEG.name();
    let mut names = vec!["auto", jpeg];
    names.extend(codec::built_in().map(CodecId::name).filter(|name| *name != jpeg));
    let value = |name: &'static str| {
        let value = PossibleValue::new(name);
        if name == codec::PHOTO.name() { value.alias("pca") } else { value }
    };
    let values: Vec<_> = names.into_iter().map(value).collect();
    PossibleValuesParser::new(values).map(|name| CodecChoice(codec::named(&name)))
}

/// A number of bytes with or without a unit: kB and MB are powers of 1000, KiB and MiB of 1024.
fn parse_size(text: &str) -> Result<u64, String> {
    let wrong = || "a number of bytes is needed, such as 50000, 50kB, 48KiB or 1.5MB".to_string();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let factor = match text[digits.len()..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err(wrong()),
    };
    let number: f64 = digits.parse().map_err(|_| wrong())?;
    let bytes = number * factor;
    if (1.0..9e18).contains(&bytes) { Ok(bytes as u64) } else { Err(wrong()) }
}

/// A filter's name, and after a colon its strength: deviation in pixels, or share of the largest sample.
fn parse_denoise(text: &str) -> Result<Denoise, String> {
    let (name, value) = text.split_once(':').map_or((text, None), |(name, value)| (name, Some(value)));
    let number = |default: f32, max: f32| match value.map(parse_number) {
        None => Ok(default),
        Some(Ok(value)) if value > 0.0 && value <= max => Ok(value),
        Some(_) => Err(format!("{name} takes a number above 0 and at most {max}")),
    };
    match (name, value) {
        ("median", None) => Ok(Denoise::Median3),
        ("median5", None) => Ok(Denoise::Median5),
        ("gaussian", _) => Ok(Denoise::Gaussian { sigma_px: number(0.7, 50.0)? }),
        ("nlm", _) => {
            Ok(Denoise::NonLocalMeans { patch_px: 5, window_px: 13, strength: number(0.02, 1.0)? })
        }
        _ => Err("there are median, median5, gaussian:SIGMA and nlm:STRENGTH".into()),
    }
}

/// `white`, `black`, or six hexadecimal digits, perhaps behind `#`.
fn parse_colour(text: &str) -> Result<Rgb, String> {
    let digits = match text {
        "white" => "ffffff",
        "black" => "000000",
        _ => text.trim_start_matches('#'),
    };
    let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    match (digits.len() == 6).then(|| (part(0), part(2), part(4))) {
        Some((Some(r), Some(g), Some(b))) => Ok([r, g, b]),
        _ => Err("a colour is needed, such as ffffff, white or black".into()),
    }
}

fn parse_resize(text: &str) -> Result<Resize, String> {
    let wrong = || "50%, a width such as 1600, or a box such as 1600x1200 is needed".to_string();
    if let Some(percent) = text.strip_suffix('%') {
        let percent: f64 = percent.parse().map_err(|_| wrong())?;
        return if percent > 0.0 && percent <= 100.0 {
            Ok(Resize::Share(percent / 100.0))
        } else {
            Err("above 0% and at most 100%: pictures are made smaller only".into())
        };
    }
    let side = |text: &str| text.parse::<usize>().ok().filter(|side| *side > 0).ok_or_else(wrong);
    match text.split_once('x') {
        Some((width, height)) => Ok(Resize::Within(side(width)?, Some(side(height)?))),
        None => Ok(Resize::Within(side(text)?, None)),
    }
}

fn parse_format(text: &str) -> Result<PictureFormat, String> {
    let format = PictureFormat::from_extension(text).filter(|format| format.is_written());
    format.ok_or_else(|| "png, jpg, tif, webp, pnm, pam, y4m and dcm can be written".into())
}

fn parse_number(text: &str) -> Result<f32, String> {
    text.parse().map_err(|_| "not a number".to_string())
}

fn parse_quality(text: &str) -> Result<f32, String> {
    let value = parse_number(text)?;
    if (0.0..=100.0).contains(&value) { Ok(value) } else { Err("0 to 100 are possible".into()) }
}

fn parse_positive(text: &str) -> Result<f32, String> {
    let value = parse_number(text)?;
    if value > 0.0 && value.is_finite() { Ok(value) } else { Err("a number above 0 is needed".into()) }
}

fn parse_finite(text: &str) -> Result<f32, String> {
    let value = parse_number(text)?;
    if value.is_finite() {
        Ok(value)
    } else {
        Err("a finite number is needed; for no error at all use --lossless".into())
    }
}

fn parse_score(text: &str) -> Result<f32, String> {
    let value = parse_finite(text)?;
    if value <= 100.0 { Ok(value) } else { Err("100 is the highest score".into()) }
}

fn parse_scale(text: &str) -> Result<u8, String> {
    let divisor: u32 = match text.split_once('/') {
        None if text == "1" => 1,
        Some(("1", divisor)) => divisor.parse().unwrap_or(0),
        _ => 0,
    };
    if divisor.is_power_of_two() && divisor <= 32 {
        Ok(divisor.trailing_zeros() as u8)
    } else {
        Err("1, 1/2, 1/4, 1/8, 1/16 and 1/32 are possible".into())
    }
}

fn parse_preview(text: &str) -> Result<u8, String> {
    let scale_log2 = parse_scale(text).ok().filter(|scale| *scale > 0);
    scale_log2.ok_or_else(|| "1/2, 1/4, 1/8, 1/16 and 1/32 are possible".into())
}

fn parse_region(text: &str) -> Result<Region, String> {
    let numbers: Result<Vec<usize>, _> = text.split(',').map(|n| n.trim().parse()).collect();
    match numbers.as_deref() {
        Ok(&[x, y, width, height]) if width > 0 && height > 0 => Ok(Region { x, y, width, height }),
        _ => Err("left, top, width and height in pixels are needed, such as 0,0,640,480".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_fit_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_manual_has_a_section_for_each_codec() {
        let mut page = Vec::new();
        render_man(&mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        for name in codec::built_in().map(CodecId::name).chain(["auto", "jpeg"]) {
            assert!(page.contains(&format!(".SS {name}\n")), "{name}");
        }
    }

    #[test]
    fn rates_are_numbers_or_fractions() {
        let rates = ["25", "29.97", "30000/1001", "1/60"].map(parse_rate);
        assert_eq!(rates.map(Result::unwrap), [(25, 1), (29_970, 1000), (30_000, 1001), (1, 60)]);
        for text in ["", "0", "-1", "1/0", "1.2345", "a", "25/"] {
            assert!(parse_rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn scales_are_powers_of_two() {
        assert_eq!(["1", "1/1", "1/2", "1/32"].map(parse_scale), [Ok(0), Ok(0), Ok(1), Ok(5)]);
        for text in ["", "2", "1/3", "1/64", "1/0", "1/-2", "0.5", "1/2/2"] {
            assert!(parse_scale(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_may_have_units() {
        let sizes = ["50000", "50kB", "50 kB", "48KiB", "1.5MB", "2m", "1b"].map(parse_size);
        assert_eq!(sizes.map(Result::unwrap), [50_000, 50_000, 50_000, 49_152, 1_500_000, 2_000_000, 1]);
        for text in ["", "0", "-5", "kB", "5 apples", "1e30", "nan", "inf"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn colours_have_six_digits_or_a_name() {
        assert_eq!(parse_colour("white"), Ok([255; 3]));
        assert_eq!(parse_colour("#0a10ff"), Ok([10, 16, 255]));
        for text in ["", "fff", "0a10f", "gggggg", "0a10ff0"] {
            assert!(parse_colour(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_of_pictures_are_shares_or_boxes() {
        let size = |text: &str| parse_resize(text).unwrap().size(400, 300);
        assert_eq!(
            ["50%", "100", "100x30", "999"].map(size),
            [(200, 150), (100, 75), (40, 30), (400, 300)]
        );
        for text in ["", "0", "0x5", "200%", "x", "-4", "5x"] {
            assert!(parse_resize(text).is_err(), "{text}");
        }
    }

    #[test]
    fn filters_have_names_and_strengths() {
        assert_eq!(parse_denoise("median"), Ok(Denoise::Median3));
        assert_eq!(parse_denoise("gaussian:1.5"), Ok(Denoise::Gaussian { sigma_px: 1.5 }));
        assert!(matches!(parse_denoise("nlm"), Ok(Denoise::NonLocalMeans { .. })));
        for text in ["", "mean", "median:3", "gaussian:0", "gaussian:x", "nlm:2", "nlm:"] {
            assert!(parse_denoise(text).is_err(), "{text}");
        }
    }

    #[test]
    fn regions_have_four_numbers_and_a_size() {
        assert_eq!(parse_region("1,2, 3,4"), Ok(Region { x: 1, y: 2, width: 3, height: 4 }));
        for text in ["", "1,2,3", "1,2,3,4,5", "1,2,0,4", "-1,2,3,4", "a,b,c,d"] {
            assert!(parse_region(text).is_err(), "{text}");
        }
    }
}
