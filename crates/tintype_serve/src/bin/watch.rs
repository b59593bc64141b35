//! `tintype watch`: packs what lands in a folder.
#![forbid(unsafe_code)]

use clap::Parser;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tintype_serve::watch::Watch;

/// Packs pictures that land in a folder into another, until it is stopped; started again, it goes on.
#[derive(Parser, Debug)]
#[command(name = "tintype watch", bin_name = "tintype watch", version, max_term_width = 110)]
#[command(after_help = "\
Examples:
  tintype watch inbox/ packed/                   JPEG files byte for byte, others at quality 75
  tintype watch inbox/ packed/ -- -q 60          everything after -- goes to tintype encode")]
struct Args {
    /// Folder to watch
    input: PathBuf,
    /// Folder of results
    output: PathBuf,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    every: f64,
    /// Pack what is there, and end
    #[arg(long)]
    once: bool,
    /// Options for `tintype encode`
    #[arg(last = true)]
    encode: Vec<String>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let stop = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        if let Err(error) = signal_hook::flag::register(signal, stop.clone()) {
            eprintln!("tintype watch: {error}");
        }
    }
    match run(&args, &stop) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            eprintln!("tintype watch: {message}");
            ExitCode::from(1)
        }
    }
}

/// Whether everything was packed.
fn run(args: &Args, stop: &AtomicBool) -> Result<bool, String> {
    let program = program();
    let every = Duration::from_secs_f64(args.every.clamp(0.05, 86_400.0));
    let (mut watch, mut all_done, mut looks) = (Watch::default(), true, 0);
    while !stop.load(Ordering::Relaxed) {
        let jobs = watch
            .look(&args.input, &args.output)
            .map_err(|error| format!("{}: {error}", args.input.display()))?;
        let idle = jobs.is_empty();
        for job in jobs {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            if let Some(folder) = job.output.parent() {
                std::fs::create_dir_all(folder)
                    .map_err(|error| format!("{}: {error}", folder.display()))?;
            }
            // A result that is older than its input is replaced.
            let status = Command::new(&program)
                .args(["encode", "--force", "-o"])
                .arg(&job.output)
                .args(&args.encode)
                .arg("--")
                .arg(&job.input)
                .status()
                .map_err(|error| format!("{}: {error}", program.display()))?;
            if !status.success() && !stop.load(Ordering::Relaxed) {
                eprintln!(
                    "tintype watch: {} was not packed; it is tried again when it changes",
                    job.input.display()
                );
                watch.failed(&job);
                all_done = false;
            }
        }
        looks += 1;
        if args.once && idle && looks > 1 {
            break;
        }
        let until = Instant::now() + every;
        while Instant::now() < until && !stop.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(50).min(every));
        }
    }
    Ok(all_done)
}

/// The program `tintype`: beside this one, else on PATH.
fn program() -> PathBuf {
    let name = format!("tintype{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe().ok().and_then(|own| Some(own.parent()?.join(&name)));
    beside.filter(|path| path.exists()).unwrap_or_else(|| name.into())
}
