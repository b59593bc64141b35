//! The laboratory's program: measures and fits codecs while they are built. Never shipped.
//!
//! * `rd`: rate and distortion of a codec over pictures, as CSV rows.
//! * `bd`: BD-rate between the curves of two such files.
//! * `speed`: encoding and decoding speed of a codec as a library, or of the entropy coders
//!   and transforms.
//! * `fit`: start probabilities of the codecs that carry them in their source.
//! * `check`: round trips, equality across SIMD levels and threads, and JPEG beside other
//!   decoders.
//! * `coarser`: a network with coarser weights.
//! * `set`: a set of small pictures, cut out of folders of photographs.
//!
//! Each codec takes the same options: see [`args::CodecArgs`].
#![forbid(unsafe_code)]

mod args;
mod bd;
mod check;
mod clock;
mod coarser;
mod fit;
mod peers;
mod pictures;
mod rd;
mod set;
mod speed;
mod subject;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Any error, as text for the user.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Measures and fits codecs while they are built.
#[derive(Parser)]
#[command(name = "tintype-dev", version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Rate and distortion over pictures, as CSV rows on standard output.
    Rd(rd::RdArgs),
    /// BD-rate of the codecs of one CSV file against those of another.
    Bd(bd::BdArgs),
    /// Speed on one thread, from memory to memory.
    Speed(speed::SpeedArgs),
    /// Fits the start probabilities that a codec carries in its source.
    Fit(fit::FitArgs),
    /// Checks that a codec decodes what it should, everywhere alike.
    Check(check::CheckArgs),
    /// Rounds the weights of a model of `neural`, so that it takes fewer bytes.
    Coarser(coarser::CoarserArgs),
    /// Cuts a set of small pictures out of folders of photographs.
    Set(set::SetArgs),
}

fn main() -> ExitCode {
    let outcome = match Args::parse().command {
        Command::Rd(args) => rd::run(&args),
        Command::Bd(args) => bd::run(&args),
        Command::Speed(args) => speed::run(&args),
        Command::Fit(args) => fit::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Coarser(args) => coarser::run(&args),
        Command::Set(args) => set::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tintype-dev: {error}");
            ExitCode::FAILURE
        }
    }
}
