//! Runs targets, each in a process of its own, and keeps inputs that found a fault.
#![forbid(unsafe_code)]

use std::fs;
use std::io::{Seek, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};
use tintype_fuzz::{TARGETS, Target, mutated};

/// One input may take no longer.
const INPUT_TIME_MAX: Duration = Duration::from_secs(2);
/// An input on which a process works longer than that has no end; the process is killed.
const HANG_TIME: Duration = Duration::from_secs(60);
/// A process may have no more memory at its peak.
const PEAK_BYTES_MAX: u64 = 1 << 30;

#[derive(Default)]
struct Args {
    target: Option<String>,
    seconds: u64,
    seed: u64,
    only: Option<u64>,
    /// So many single flipped bits, and so many cuts, of sound inputs instead of mutations for a time.
    flips: Option<u64>,
    /// A folder of further sound or hostile files to begin with.
    corpus: Option<PathBuf>,
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
            "--corpus" => args.corpus = words.next().map(PathBuf::from),
            "--seconds" => args.seconds = number().unwrap_or(args.seconds),
            "--seed" => args.seed = number().unwrap_or(0),
            "--only" => args.only = number(),
            "--flips" => args.flips = number(),
            "--child" => args.child = true,
            _ => {
                eprintln!(
                    "usage: tintype_fuzz [--target NAME] [--seconds N | --flips N] [--seed N] [--corpus FOLDER] \
                     [--only INPUT]"
                );
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

/// Writes input `number` of a target to a file.
fn keep(target: &Target, args: &Args, number: u64, bytes: &[u8]) -> PathBuf {
    let _ = fs::create_dir_all(found_folder());
    let path = found_folder().join(format!("{}-{}-{number}", target.name, args.seed));
    let _ = fs::write(&path, bytes);
    path
}

/// Where process `id` notes the input that it works on, for the case that it is aborted.
fn note_of(id: u32, target: &Target) -> PathBuf {
    std::env::temp_dir().join(format!("tintype-fuzz-{id}-{}", target.name))
}

/// Waits for the end of `child`, and brings it about where an input takes [`HANG_TIME`].
fn awaited(mut child: Child, note: &Path) -> std::io::Result<ExitStatus> {
    let (mut input, mut since) = (None, Instant::now());
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        std::thread::sleep(Duration::from_millis(100));
        let now = fs::read(note).ok();
        // Before the first input, seeds are made.
        if now != input || now.is_none() {
            (input, since) = (now, Instant::now());
        } else if since.elapsed() > HANG_TIME {
            child.kill()?;
        }
    }
}

/// What this process has used of a processor: time that others had does not count as fuzzing. The
/// time since `start` where the system does not tell.
fn busy_since(start: Instant) -> Duration {
    let text = fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|number| number.parse().ok());
    nanoseconds.map_or_else(|| start.elapsed(), Duration::from_nanos)
}

/// Runs `target` in a process of its own. Whether it was sound.
fn run_apart(target: &Target, args: &Args) -> bool {
    let Ok(program) = std::env::current_exe() else { return false };
    let (seconds, seed) = (args.seconds.to_string(), args.seed.to_string());
    let words = ["--child", "--target", target.name, "--seconds", &seconds, "--seed", &seed];
    let corpus = args.corpus.iter().flat_map(|folder| ["--corpus".as_ref(), folder.as_os_str()]);
    let flips = args.flips.map(|count| ["--flips".to_string(), count.to_string()]);
    let more = flips.iter().flatten();
    let child = Command::new(program).args(words).args(corpus).args(more).spawn().and_then(|child| {
        let id = child.id();
        awaited(child, &note_of(id, target)).map(|status| (id, status))
    });
    match child {
        Ok((_, status)) if status.code() == Some(0) => true,
        Ok((_, status)) if status.code() == Some(1) => false,
        Ok((id, status)) => {
            let note = note_of(id, target);
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

/// Longer files of a corpus would take most of the time to copy.
const CORPUS_FILE_BYTES_MAX: u64 = 1 << 16;

/// Adds the files below `folder`, in the order of their names.
fn corpus(folder: &Path, seeds: &mut Vec<Vec<u8>>) {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let Ok(data) = fs::metadata(&path) else { continue };
        if data.is_dir() {
            corpus(&path, seeds);
        } else if data.len() <= CORPUS_FILE_BYTES_MAX {
            seeds.extend(fs::read(&path));
        }
    }
}

/// The input `number` of a target.
fn input(seeds: &[Vec<u8>], args: &Args, number: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(args.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number);
    if args.flips.is_none() {
        return mutated(seeds, &mut random);
    }
    let mut bytes = seeds[random.usize(..seeds.len())].clone();
    let at = random.usize(..bytes.len().max(1));
    match bytes.get_mut(at).filter(|_| number.is_multiple_of(2)) {
        Some(byte) => *byte ^= 1 << random.u8(..8),
        None => bytes.truncate(at),
    }
    bytes
}

/// Runs `target`. Whether it was sound.
fn run(target: &Target, args: &Args) -> bool {
    let mut seeds = (target.seeds)();
    if let Some(folder) = &args.corpus {
        corpus(folder, &mut seeds);
    }
    if seeds.is_empty() {
        println!("{:<12} FAULT: no seeds", target.name);
        return false;
    }
    if let Some(only) = args.only {
        let bytes = input(&seeds, args, only);
        keep(target, args, only, &bytes);
        (target.run)(&bytes);
        return true;
    }
    seeds.iter().for_each(|seed| (target.run)(seed));
    let note = note_of(std::process::id(), target);
    let mut noted = fs::File::create(&note).ok();
    let (start, end) = (Instant::now(), Duration::from_secs(args.seconds));
    let (mut number, mut slowest, mut faults) = (0u64, Duration::ZERO, 0);
    let mut busy = busy_since(start);
    let goes_on = |busy, number| args.flips.map_or(busy < end, |count| number < 2 * count);
    while goes_on(busy, number) && faults < 10 {
        let bytes = input(&seeds, args, number);
        // A file that stays open: making one for each input would take most of the time.
        if let Some(file) = &mut noted {
            let _ = file.rewind().and_then(|()| file.write_all(number.to_string().as_bytes()));
        }
        let began = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| (target.run)(&bytes)));
        let mut took = began.elapsed();
        if result.is_ok() && took > INPUT_TIME_MAX {
            // Was it the input, or did others have the machine? What this process used tells.
            let before = busy_since(start);
            (target.run)(&bytes);
            took = busy_since(start).saturating_sub(before);
        }
        slowest = slowest.max(took);
        if result.is_err() || took > INPUT_TIME_MAX {
            faults += 1;
            let what = if result.is_err() { "panic".into() } else { format!("{} ms", took.as_millis()) };
            let path = keep(target, args, number, &bytes);
            println!("{:<12} FAULT: {what}; {}", target.name, path.display());
        }
        number += 1;
        // To fill so much memory takes a while.
        if took > Duration::from_millis(20) && peak_bytes() > PEAK_BYTES_MAX {
            faults += 1;
            println!("{:<12} FAULT: memory at --seed {} --only {}", target.name, args.seed, number - 1);
            break;
        }
        if number.is_multiple_of(64) || took > Duration::from_millis(1) {
            busy = busy_since(start);
        }
    }
    let _ = fs::remove_file(note);
    println!(
        "{:<12} {number} inputs, {} seeds, {:.0} s, slowest {} ms, peak {} MB, {faults} faults",
        target.name,
        seeds.len(),
        busy.as_secs_f64(),
        slowest.as_millis(),
        peak_bytes() >> 20
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
