//! Numbered pictures as one clip: `encode --clip`.

use super::encode::{Taken, encode_from};
use super::plan::ClipPlan;
use super::source::Origin;
use crate::args::CommonArgs;
use crate::commands::over_jobs;
use crate::files::{Input, Job, Place};
use crate::leftovers::remove_leftovers;
use crate::{Failure, Outcome};
use std::path::{Path, PathBuf};
use tintype::Threads;

/// Encodes `inputs`, in the order of their numbers, with a depth picture each or none at all, into the clip `output`; a
/// folder that was typed alone gives its name to it.
pub fn encode_sequence(
    plan: &ClipPlan,
    inputs: &[Input],
    depths: &[Input],
    (typed, output): (&[PathBuf], Option<&Path>),
    rate: (u32, u32),
    common: &CommonArgs,
) -> Outcome {
    let mut places: Vec<(Place, Option<Place>)> = inputs
        .iter()
        .enumerate()
        .map(|(at, input)| (input.place.clone(), depths.get(at).map(|depth| depth.place.clone())))
        .collect();
    places.sort_by_cached_key(|(place, _)| by_number(&place.name()));
    let output = match (output, typed) {
        (Some(output), _) if output.as_os_str() == "-" => Place::Standard,
        (Some(output), _) if output.is_dir() => {
            let what =
                format!("{} is a folder; --clip makes one file, name it with -o", output.display());
            return Err(Failure::Usage(what));
        }
        (Some(output), _) => Place::File(output.into()),
        (None, [folder]) if folder.is_dir() && folder.file_name().is_some() => {
            let mut name = folder.file_name().unwrap_or_default().to_owned();
            name.push(".tin");
            Place::File(folder.with_file_name(name))
        }
        (None, _) => {
            return Err(Failure::Usage("--clip makes one file of several; name it with -o".into()));
        }
    };
    let input = match typed {
        [one] => Place::File(one.clone()),
        _ => places[0].0.clone(),
    };
    let job = Job { input, output, otherwise: None };
    remove_leftovers(std::slice::from_ref(&job));
    let origin = Origin::Pictures { places: &places, rate };
    let work = |job: &Job, threads: Threads| match encode_from(plan, job, threads, origin) {
        Ok(Taken::Done(report, ..)) => Ok(report),
        Ok(Taken::NoClip(_)) => Err("is no clip".into()),
        Err(error) => Err(format!("{}: {error}", job.output.name())),
    };
    Ok(over_jobs(&[job], common, work))
}

/// What names are sorted by: numbers in them count as numbers.
fn by_number(name: &str) -> Vec<(u64, String)> {
    let mut parts: Vec<(u64, String)> = vec![(0, String::new())];
    let mut digits = false;
    for c in name.chars() {
        if c.is_ascii_digit() != digits {
            digits = !digits;
            parts.push((0, String::new()));
        }
        let last = parts.len() - 1;
        match c.to_digit(10) {
            Some(digit) => parts[last].0 = parts[last].0.saturating_mul(10).saturating_add(digit.into()),
            None => parts[last].1.push(c),
        }
    }
    // Names that differ in leading zeros alone have an order as well.
    parts.push((0, name.into()));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_sorted_as_numbers() {
        let mut names = ["b/1.png", "a/10.png", "a/9.png", "a/x.png", "a/09.png", "a/9b.png"];
        names.sort_by_cached_key(|name| by_number(name));
        assert_eq!(names, ["a/09.png", "a/9.png", "a/9b.png", "a/10.png", "a/x.png", "b/1.png"]);
    }
}
