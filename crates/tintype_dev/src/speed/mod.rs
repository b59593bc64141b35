//! Speed from memory to memory, as a library.

mod codec;
mod coders;
mod packing;
mod sealing;
mod transforms;
mod turbo;

use crate::Failure;
use crate::args::CodecArgs;
use clap::{Args, Subcommand};

/// Options of `speed`.
#[derive(Args)]
pub struct SpeedArgs {
    #[command(subcommand)]
    of: Of,
}

#[derive(Subcommand)]
enum Of {
    /// Encoding and decoding of a codec.
    Codec(CodecSpeedArgs),
    /// JPEG files packed without loss, unpacked, and decoded.
    Packing(packing::PackingArgs),
    /// What sealing adds to encoding.
    Sealing(sealing::SealingArgs),
    /// Nanoseconds a symbol of each entropy coder.
    Coders,
    /// Each transform at each SIMD level.
    Transforms,
}

/// Options of `speed codec`.
#[derive(Args)]
pub struct CodecSpeedArgs {
    #[command(flatten)]
    pub codec: CodecArgs,
    /// The best of so many rounds of 80 ms or more counts.
    #[arg(long, default_value_t = 3)]
    pub repeat: usize,
    /// scalar, sse2, sse4.2, avx2, best, or all.
    #[arg(long, default_value = "best")]
    pub simd: String,
    /// Decodes a JPEG file of about as many bytes by libjpeg-turbo too, and prints the ratio
    /// of speeds.
    #[arg(long)]
    pub beside_turbo: bool,
}

/// Runs the command.
///
/// # Errors
/// The first picture that fails.
pub fn run(args: &SpeedArgs) -> Result<(), Failure> {
    match &args.of {
        Of::Codec(args) => codec::run(args),
        Of::Packing(args) => packing::run(args),
        Of::Sealing(args) => sealing::run(args),
        Of::Coders => {
            coders::run();
            Ok(())
        }
        Of::Transforms => {
            transforms::run();
            Ok(())
        }
    }
}
