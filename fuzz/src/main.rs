//! Runs targets, each in a process of its own, and keeps inputs that found a fault.
#![forbid(unsafe_code)]

use std::fs;
use std::io::{Seek, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use tintype_fuzz::{TARGETS, Target, mutated};

/// One input may take no longer.
const INPUT_TIME_MAX: Duration = Duration::from_secs(2);
/// A process may have no more memory at its peak.
const PEAK_BYTES_MAX: u64 = 1 << 30;

#[derive(Default)]
struct Args {
    target: Option<String>,
    seconds: u64,
    seed: u64,
    only: Option<u64>,
    /// Runs its target itself instead of in a process of its own.
    child: bool,
}

fn main() -> ExitCode {
    let mut args = Args { seconds: 10, ..Args::default() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|text| text.parse().ok());
        match word.as_str() {
            "--target" => args.target = words.next(),
            "--seconds" => args.seconds = number().unwrap_or(args.seconds),
            "--seed" => args.seed = number().unwrap_or(0),
            "--only" => args.only = number(),
            "--child" => args.child = true,
            _ => {
                eprintln!("usage: tintype_fuzz [--target NAME] [--seconds N] [--seed N] [--only INPUT]");
                return ExitCode::from(2);
            }
        }
    }
    let wanted = |target: &&Target| args.target.as_deref().is_none_or(|name| name == target.name);
    let mut faults = 0;
    for target in TARGETS.iter().filter(wanted) {
        let sound = match args.child || args.only.is_some() {
            true => run(target, &args),
            false => run_apart(target, &args),
        };
        faults += usize::from(!sound);
    }
    if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn found_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("found")
}

/// Where a process notes the input that it works on, for the case that it is aborted.
fn note_file(target: &Target) -> PathBuf {
    std::env::temp_dir().join(format!("tintype-fuzz-{}-{}", std::process::id(), target.name))
}

/// Runs `target` in a process of its own. Whether it was sound.
fn run_apart(target: &Target, args: &Args) -> bool {
    let Ok(program) = std::env::current_exe() else { return false };
    let (seconds, seed) = (args.seconds.to_string(), args.seed.to_string());
    let words = ["--child", "--target", target.name, "--seconds", &seconds, "--seed", &seed];
    let child = Command::new(program).args(words).spawn().and_then(|mut child| {
        let id = child.id();
        child.wait().map(|status| (id, status))
    });
    match child {
        Ok((_, status)) if status.code() == Some(0) => true,
        Ok((_, status)) if status.code() == Some(1) => false,
        Ok((id, status)) => {
            let note = std::env::temp_dir().join(format!("tintype-fuzz-{id}-{}", target.name));
            let input = fs::read_to_string(&note).unwrap_or_default();
            println!(
                "{:<12} FAULT: ended with {status}; --target {0} --seed {seed} --only {input}",
                target.name
            );
            let _ = fs::remove_file(note);
            false
        }
        Err(error) => {
            println!("{:<12} could not be started: {error}", target.name);
            false
        }
    }
}

/// The input `number` of a target.
fn input(seeds: &[Vec<u8>], seed: u64, number: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number);
    mutated(seeds, &mut random)
}

/// Runs `target`. Whether it was sound.
fn run(target: &Target, args: &Args) -> bool {
    let seeds = (target.seeds)();
    if seeds.is_empty() {
        println!("{:<12} FAULT: no seeds", target.name);
        return false;
    }
    if let Some(only) = args.only {
        (target.run)(&input(&seeds, args.seed, only));
        return true;
    }
    seeds.iter().for_each(|seed| (target.run)(seed));
    let note = note_file(target);
    let mut noted = fs::File::create(&note).ok();
    let (start, end) = (Instant::now(), Duration::from_secs(args.seconds));
    let (mut number, mut slowest, mut faults) = (0u64, Duration::ZERO, 0);
    while start.elapsed() < end && faults < 10 {
        let bytes = input(&seeds, args.seed, number);
        // A file that stays open: making one for each input would take most of the time.
        if let Some(file) = &mut noted {
            let _ = file.rewind().and_then(|()| file.write_all(number.to_string().as_bytes()));
        }
        let began = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| (target.run)(&bytes)));
        let took = began.elapsed();
        slowest = slowest.max(took);
        if result.is_err() || took > INPUT_TIME_MAX {
            faults += 1;
            let what = if result.is_err() { "panic".into() } else { format!("{} ms", took.as_millis()) };
            let _ = fs::create_dir_all(found_folder());
            let path = found_folder().join(format!("{}-{}-{number}", target.name, args.seed));
            let _ = fs::write(&path, &bytes);
            println!("{:<12} FAULT: {what}; {}", target.name, path.display());
        }
        number += 1;
    }
    let _ = fs::remove_file(note);
    let peak = peak_bytes();
    if peak > PEAK_BYTES_MAX {
        faults += 1;
        println!("{:<12} FAULT: {} MB of memory", target.name, peak >> 20);
    }
    println!(
        "{:<12} {number} inputs, {} seeds, slowest {} ms, peak {} MB, {faults} faults",
        target.name,
        seeds.len(),
        slowest.as_millis(),
        peak >> 20
    );
    faults == 0
}

/// The most memory that this process had; 0 where the system does not tell.
fn peak_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    number.unwrap_or(0) * 1024
}
