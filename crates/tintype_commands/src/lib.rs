//! The commands of the program `tintype`, which turns pictures into small files and back.
//!
//! A crate of its own, so that the program can be built for size where no sample passes through.
//!
//! In: arguments, files. Out: files, a line or a JSON object for each, an exit status: 0 done, 1 some files
//! failed, 2 wrong usage. `args` holds what was typed, `commands` what is decided from it; each command then
//! runs over its files through `pool`. The library `tintype` does the work.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod files;
mod interrupt;
mod leftovers;
mod made;
mod memory;
mod others;
mod output;
mod pairs;
mod parts;
mod pool;
mod positions;
mod progress;
mod record;
mod replace;
mod seal;
mod shape_text;
mod style;
mod terminal;

use args::{Args, Command};
use clap::{CommandFactory, Parser};
use std::process::ExitCode;

/// Why a command ends early.
enum Failure {
    /// The arguments make no sense together: exit status 2.
    Usage(String),
    /// The work failed: exit status 1.
    Work(String),
}

/// How a command ended: whether every file was done.
type Outcome = Result<bool, Failure>;

/// The whole program: reads the arguments of the process, and does what they say.
///
/// ```no_run
/// let code = tintype_commands::main();
/// ```
pub fn main() -> ExitCode {
    #[cfg(feature = "bench")]
    if let Some(code) = commands::bench::measuring() {
        return code;
    }
    if let Some(code) = others::start() {
        return code;
    }
    interrupt::clean_up_on_signals();
    let args = Args::parse();
    let outcome = match args.command {
        Command::Encode(args) => commands::encode::run(&args),
        Command::Decode(args) => commands::decode::run(&args),
        Command::Info(args) => commands::info::run(&args),
        #[cfg(feature = "video")]
        Command::Play(args) => commands::clip::play::run(&args),
        Command::Compare(args) => commands::compare::run(&args),
        Command::Verify(args) => commands::verify::run(&args),
        Command::Sign(args) => commands::sign::run(&args),
        #[cfg(feature = "bench")]
        Command::Bench(args) => commands::bench::run(&args),
        #[cfg(feature = "train")]
        Command::Train(args) => commands::train::run(&args),
        Command::Completions(args) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut Args::command(), "tintype", &mut script);
            output::print_bytes(&script)
        }
        Command::Man => {
            let mut page = Vec::new();
            match args::render_man(&mut page) {
                Ok(()) => output::print_bytes(&page),
                Err(error) => Err(Failure::Work(error.to_string())),
            }
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(Failure::Work(message)) => {
            style::complain(&message);
            ExitCode::from(1)
        }
        Err(Failure::Usage(message)) => {
            style::complain(&message);
            ExitCode::from(2)
        }
    }
}
