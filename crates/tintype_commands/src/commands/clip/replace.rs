//! `encode --replace` of clips: whether a `.tin` file holds what its original shows.

use super::plan::ClipPlan;
use super::source::{Clip, Origin, with_clip};
use crate::files::{Job, Place};
use crate::replace::{agreed_loss, delete_checked};
use crate::seal::with_keys;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::SystemTime;
use tintype::{ClipDecoder, DecodeOptions, Goal, Threads};

/// An original that goes when its result is known to hold it.
pub struct Original<'a> {
    plan: &'a ClipPlan,
    origin: Origin<'a>,
    threads: Threads,
    /// Length and time of the file before it was read.
    before: Option<(u64, SystemTime)>,
}

impl<'a> Original<'a> {
    /// None without `--replace`.
    ///
    /// # Errors
    /// Why the clip must not be replaced.
    pub fn of(
        plan: &'a ClipPlan,
        job: &Job,
        threads: Threads,
        origin: Option<Origin<'a>>,
    ) -> Result<Option<Self>, String> {
        let Some(yes) = plan.replace else { return Ok(None) };
        let (Some(origin), Place::File(path)) = (origin, &job.input) else {
            return Err("only a file that goes to a file can be replaced".into());
        };
        match origin {
            Origin::Film(_) => return Err(
                "is a film with perhaps sound, for which a clip has no place; encode it without --replace"
                    .into(),
            ),
            // How often an animation is repeated is not kept, nor are its comments.
            Origin::Animation(_) => agreed_loss(true, yes)?,
            _ => agreed_loss(plan.goal != Goal::Lossless, yes)?,
        }
        Ok(Some(Self { plan, origin, threads, before: stamp(path) }))
    }

    /// Whether the clip in the file at `result` is the original's: picture for picture, sample for sample where nothing
    /// may be lost. How many pictures it has.
    fn check(&self, result: &Path) -> Result<u64, String> {
        let file = File::open(result).map(BufReader::new).map_err(|error| error.to_string())?;
        let options = DecodeOptions::new().threads(self.threads.count());
        let options = with_keys(options, &self.plan.sealing.own_keys());
        let mut decoder = ClipDecoder::with_options(file, options).map_err(|error| error.to_string())?;
        let exact = self.plan.goal == Goal::Lossless;
        with_clip(self.origin, exact, |clip| {
            let count = compared(clip, &mut decoder, exact)?;
            match decoder.damaged().is_empty() && decoder.is_complete() {
                true => Ok(count),
                false => Err("it is damaged".into()),
            }
        })
    }

    /// How many pictures a whole result has that stands where that of `job` goes and gives every sample back: the
    /// batch was ended before it deleted the original.
    pub fn done_before(&self, job: &Job) -> Option<u64> {
        let Place::File(path) = &job.output else { return None };
        let may = self.plan.goal == Goal::Lossless && path.is_file();
        may.then(|| self.check(path).ok()).flatten()
    }

    /// Deletes the original of `job`, if its result at `place` holds it.
    ///
    /// # Errors
    /// Why the original stays.
    pub fn delete(&self, job: &Job, place: &Place) -> Result<(), String> {
        let unchanged = |path: &Path| Ok(self.before.is_some() && stamp(path) == self.before);
        delete_checked(job, place, &|result| self.check(result).map(|_| ()), &unchanged)
    }
}

/// Length and time of a file.
fn stamp(path: &Path) -> Option<(u64, SystemTime)> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.len(), data.modified().ok()?))
}

/// Compares what `decoder` gives with `clip`; the number of pictures.
fn compared(
    clip: Clip<'_>,
    decoder: &mut ClipDecoder<BufReader<File>>,
    exact: bool,
) -> Result<u64, String> {
    let differs = || Err("it does not give the original back".into());
    let info = if exact { clip.info.exact() } else { clip.info };
    if *decoder.info() != info || !clip.warnings.is_empty() {
        return differs();
    }
    let mut count = 0;
    for picture in clip.pictures {
        let (planes, ticks) = picture?;
        let Some(back) = decoder.next_picture().map_err(|error| error.to_string())? else {
            return differs();
        };
        if (exact && back != planes) || (info.timed && decoder.ticks() != ticks) {
            return differs();
        }
        count += 1;
    }
    match decoder.next_picture().map_err(|error| error.to_string())? {
        None => Ok(count),
        Some(_) => differs(),
    }
}
