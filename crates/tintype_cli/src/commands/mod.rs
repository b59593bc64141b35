//! One file a command: what was decided from the arguments, then the work over files.

#[cfg(feature = "bench")]
pub mod bench;
pub mod compare;
pub mod decode;
pub mod encode;
pub mod info;
#[cfg(feature = "train")]
pub mod models;
#[cfg(feature = "train")]
pub mod train;

use crate::args::CommonArgs;
use crate::files::Job;
use crate::output::print_line;
use crate::style::complain;
use crate::{Failure, pool, progress};
use std::path::PathBuf;
use tintype::{CodecId, Models, Threads, Warning};

/// What is said of one file that was done.
pub struct Report {
    /// For standard output; empty for nothing.
    pub text: String,
    /// A complaint that makes the file count as failed although it was written.
    pub complaint: Option<String>,
}

/// The complaint about a damaged file of which a picture was made all the same.
pub fn complaint_of(job: &Job, warnings: &[String]) -> Option<String> {
    (!warnings.is_empty()).then(|| format!("{}: {}", job.input.name(), warnings.join("; ")))
}

/// The warnings as people and programs read them.
pub fn texts_of(warnings: &[Warning]) -> Vec<String> {
    warnings.iter().map(Warning::to_string).collect()
}

/// Runs `work` over all jobs, many at once, and says of each what came of it; whether all were done.
pub fn over_jobs(
    jobs: &[Job],
    common: &CommonArgs,
    work: impl Fn(&Job, Threads) -> Result<Report, String> + Sync,
) -> bool {
    let threads =
        common.threads.map_or_else(Threads::available, |count| Threads::new(count.into()));
    let (at_once, each) = pool::split_threads(threads, jobs.len());
    let bar = progress::over_files(jobs.len());
    let mut all_done = true;
    let done = |_: usize, result: Result<Report, String>| {
        bar.suspend(|| match result {
            Ok(report) => {
                if !report.text.is_empty() {
                    print_line(&report.text);
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

/// Reads the user's model files, to be sent with pictures or not, and says for which codecs they are, in order.
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
