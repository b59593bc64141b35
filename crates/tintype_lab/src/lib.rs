//! The lab: sweeps of codecs over qualities on real pictures, ours and peers, in one run.
//!
//! In: pictures, names of codecs, and the peers found on `PATH` ([`BenchOptions`]). Out: a
//! [`Bench`]: bytes, time, memory, every metric, averages and BD-rates, as JSON
//! ([`json_from_bench`]) and as one self-contained page ([`html_from_run`]).
//!
//! Every codec runs as a program of its own on real files, ours too, on one thread; so process
//! start and file access are in the time of each codec alike. Quality is measured on the
//! decoded picture, which the peer's own decoder made. Metrics never run beside a codec that
//! is timed. Nothing here is bit-exact.

mod cache;
mod codec;
mod crops;
mod error;
mod input;
mod launch;
mod ours;
mod peers;
mod quality;
mod record;
mod report;
mod run;
mod same_quality;
#[cfg(test)]
mod schema;
mod summary;
mod sweep;

pub use error::LabError;
pub use launch::{Cost, Launcher, measure_main};
pub use ours::QUALITIES;
pub use peers::names as peer_names;
pub use record::{BdRate, Bench, CodecRecord, Failure, Image, Metrics, Missing, Point, Summary};
pub use report::html_from_run;
pub use run::{BenchOptions, BenchRun, Progress, Running, json_from_bench, run};
pub use same_quality::{PeerSizes, peer_sizes};

#[cfg(test)]
mod tests;
