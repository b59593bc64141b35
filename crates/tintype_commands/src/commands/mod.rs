//! One file a command: what was decided from the arguments, then the work over files.

#[cfg(feature = "bench")]
pub mod bench;
#[cfg(feature = "video")]
pub mod clip;
pub mod compare;
pub mod comparison;
pub mod decode;
pub mod encode;
pub mod info;
pub mod kept;
#[cfg(feature = "train")]
pub mod models;
pub mod sign;
#[cfg(feature = "train")]
pub mod train;
pub mod verify;

use crate::args::CommonArgs;
use crate::files::{Job, Place};
use crate::output::print_bytes;
use crate::style::{complain, note};
use crate::{Failure, pool, progress};
use std::path::PathBuf;
use tintype::{CodecId, Models, Threads, Warning};

/// What to print for one file that was done.
pub struct Report {
    /// For standard output; empty for nothing.
    pub text: String,
    /// A complaint that makes the file count as failed although it was written.
    pub complaint: Option<String>,
}

/// Leaves out jobs whose output exists, where `--skip-existing` asks for it.
pub fn retain_new(jobs: &mut Vec<Job>, common: &CommonArgs) {
    if !common.skip_existing {
        return;
    }
    let all = jobs.len();
    jobs.retain(|job| !matches!(&job.output, Place::File(path) if path.exists()));
    let skipped = all - jobs.len();
    if skipped > 0 && !common.json {
        let files = if skipped == 1 { "1 file".into() } else { format!("{skipped} files") };
        note(&format!("{files} skipped: the output exists already"));
    }
}

/// The complaint about a damaged file from which a picture could still be made.
pub fn complaint_of(job: &Job, warnings: &[String]) -> Option<String> {
    (!warnings.is_empty()).then(|| format!("{}: {}", job.input.name(), warnings.join("; ")))
}

/// The warnings as people and programs read them.
pub fn texts_of(warnings: &[Warning]) -> Vec<String> {
    warnings.iter().map(Warning::to_string).collect()
}

/// Prints a line on standard output; says so where that fails (a full disk).
fn printed(line: &str) -> bool {
    let result = print_bytes(format!("{line}\n").as_bytes());
    if let Err(Failure::Work(message) | Failure::Usage(message)) = &result {
        complain(message);
    }
    result.is_ok()
}

/// Runs `work` over all jobs, many at once, and prints the result of each. Whether all were done.
pub fn over_jobs(
    jobs: &[Job],
    common: &CommonArgs,
    work: impl Fn(&Job, Threads) -> Result<Report, String> + Sync,
) -> bool {
    let threads = common.threads.map_or_else(Threads::available, |count| Threads::new(count.into()));
    let (at_once, each) = pool::split_threads(threads, jobs.len());
    let bar = progress::over_files(jobs.len());
    let mut all_done = true;
    let done = |_: usize, result: Result<Report, String>| {
        bar.suspend(|| match result {
            Ok(report) => {
                if !report.text.is_empty() && !printed(&report.text) {
                    all_done = false;
                }
                if let Some(complaint) = report.complaint {
                    complain(&complaint);
                    all_done = false;
                }
            }
            Err(message) => {
                complain(&message);
                all_done = false;
            }
        });
        bar.inc(1);
    };
    pool::run_in_order(at_once, jobs.len(), |index| work(&jobs[index], each), done);
    bar.finish_and_clear();
    all_done
}

/// Reads the user's model files, to be sent with pictures or not, and the codecs they are for, in order.
pub fn read_models(files: &[PathBuf], send: bool) -> Result<(Models, Vec<CodecId>), Failure> {
    let (mut models, mut codecs) = (Models::default(), Vec::new());
    for file in files {
        let failed =
            |error: &dyn std::fmt::Display| Failure::Work(format!("{}: {error}", file.display()));
        let bytes = std::fs::read(file).map_err(|error| failed(&error))?;
        let added = if send { models.add_to_send(&bytes) } else { models.add(&bytes) };
        codecs.push(added.map_err(|error| failed(&error))?);
    }
    Ok((models, codecs))
}
