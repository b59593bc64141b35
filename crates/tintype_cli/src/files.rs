//! Which files are read and where each result goes, settled before any work starts.

use crate::Failure;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Standard input or output.
    Standard,
    /// A file.
    File(PathBuf),
}

impl Place {
    /// For messages and JSON; `-` is the standard stream.
    pub fn name(&self) -> String {
        match self {
            Self::Standard => "-".into(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

/// An input, and its name relative to the folder it was found in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// What to read.
    pub place: Place,
    /// Where its result stands below an output folder; the extension is still the input's.
    pub relative: PathBuf,
}

/// One piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What to read.
    pub input: Place,
    /// What to write.
    pub output: Place,
}

/// The files that `typed` names: files as they are, globs where no such file exists, and all files of folders, however
/// deep, whose name `takes` accepts.
///
/// # Errors
/// `Usage` for a name or glob that matches nothing.
pub fn find_inputs(
    typed: &[PathBuf],
    takes: &dyn Fn(&Path) -> bool,
) -> Result<Vec<Input>, Failure> {
    let mut inputs = Vec::new();
    for path in typed {
        if path.as_os_str() == "-" {
            inputs.push(Input { place: Place::Standard, relative: "standard-input".into() });
            continue;
        }
        let before = inputs.len();
        if path.is_dir() {
            add_folder(&mut inputs, path, path, takes)?;
        } else if path.exists() || !is_glob(path) {
            inputs.push(input_file(path));
        } else {
            let wrong = |error: &dyn std::fmt::Display| {
                Failure::Usage(format!("{}: {error}", path.display()))
            };
            let pattern = path.to_str().ok_or_else(|| wrong(&"not a text"))?;
            for found in glob::glob(pattern).map_err(|error| wrong(&error))? {
                let found = found.map_err(|error| wrong(&error))?;
                if found.is_dir() {
                    add_folder(&mut inputs, &found, &found, takes)?;
                } else {
                    inputs.push(input_file(&found));
                }
            }
        }
        if inputs.len() == before {
            return Err(Failure::Usage(format!(
                "{}: no file to work on found there",
                path.display()
            )));
        }
    }
    Ok(inputs)
}

fn is_glob(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.contains(['*', '?', '[']))
}

fn input_file(path: &Path) -> Input {
    let relative = path.file_name().map_or_else(|| path.into(), PathBuf::from);
    Input { place: Place::File(path.into()), relative }
}

fn add_folder(
    inputs: &mut Vec<Input>,
    top: &Path,
    folder: &Path,
    takes: &dyn Fn(&Path) -> bool,
) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::Work(format!("{}: {error}", folder.display()));
    let entries: Result<Vec<_>, _> = std::fs::read_dir(folder).map_err(failed)?.collect();
    let mut paths: Vec<PathBuf> =
        entries.map_err(failed)?.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() {
            // A link to a folder may lead back up.
            if !path.is_symlink() {
                add_folder(inputs, top, &path, takes)?;
            }
        } else if takes(&path) {
            let relative = path.strip_prefix(top).unwrap_or(&path).into();
            inputs.push(Input { place: Place::File(path), relative });
        }
    }
    Ok(())
}

/// Pairs every input with its output. `many` says whether folders or several names were typed; `extension` is for
/// outputs that were not named in full.
///
/// # Errors
/// `Usage` where several inputs would go to one output, or an output is an input.
pub fn plan_jobs(
    inputs: Vec<Input>,
    typed: &[PathBuf],
    output: Option<&Path>,
    extension: &str,
) -> Result<Vec<Job>, Failure> {
    let many = typed.len() > 1
        || typed.iter().any(|path| path.is_dir() || (!path.exists() && is_glob(path)));
    let jobs: Vec<Job> = match output {
        None => inputs.into_iter().map(|input| beside(input, extension)).collect(),
        Some(output) if output.as_os_str() == "-" => {
            if inputs.len() > 1 {
                return Err(Failure::Usage(
                    "several files do not fit into standard output; name a folder with -o".into(),
                ));
            }
            inputs
                .into_iter()
                .map(|input| Job { input: input.place, output: Place::Standard })
                .collect()
        }
        Some(output) if many || output.is_dir() || ends_with_separator(output) => {
            if output.exists() && !output.is_dir() {
                return Err(Failure::Usage(format!(
                    "{} is a file; many files need a folder",
                    output.display()
                )));
            }
            let below = |input: Input| Job {
                output: Place::File(output.join(input.relative.with_extension(extension))),
                input: input.place,
            };
            inputs.into_iter().map(below).collect()
        }
        Some(output) => {
            let to_file =
                |input: Input| Job { input: input.place, output: Place::File(output.into()) };
            inputs.into_iter().map(to_file).collect()
        }
    };
    check_jobs(&jobs)?;
    Ok(jobs)
}

fn beside(input: Input, extension: &str) -> Job {
    let output = match &input.place {
        Place::Standard => Place::Standard,
        Place::File(path) => Place::File(path.with_extension(extension)),
    };
    Job { input: input.place, output }
}

fn ends_with_separator(path: &Path) -> bool {
    path.as_os_str().to_string_lossy().ends_with(std::path::is_separator)
}

fn check_jobs(jobs: &[Job]) -> Result<(), Failure> {
    let mut taken: BTreeMap<&Path, &Place> = BTreeMap::new();
    for job in jobs {
        let Place::File(output) = &job.output else { continue };
        if let Some(other) = taken.insert(output, &job.input) {
            return Err(Failure::Usage(format!(
                "{} and {} would both be written to {}; encode them one by one with -o",
                other.name(),
                job.input.name(),
                output.display()
            )));
        }
        let same = |input: &Path| match (input.canonicalize(), output.canonicalize()) {
            (Ok(input), Ok(output)) => input == output,
            _ => false,
        };
        if jobs.iter().any(|job| matches!(&job.input, Place::File(input) if same(input))) {
            return Err(Failure::Usage(format!(
                "{} is an input and would be overwritten; name another OUT",
                output.display()
            )));
        }
    }
    Ok(())
}

/// Reads a whole input.
///
/// # Errors
/// The system's reason.
pub fn read_input(place: &Place) -> Result<Vec<u8>, String> {
    let read = match place {
        Place::File(path) => std::fs::read(path),
        Place::Standard => {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes).map(|_| bytes)
        }
    };
    read.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(names: &[&str]) -> (Vec<Input>, Vec<PathBuf>) {
        let typed: Vec<PathBuf> = names.iter().map(PathBuf::from).collect();
        (typed.iter().map(|path| input_file(path)).collect(), typed)
    }

    fn outputs(names: &[&str], output: Option<&str>) -> Option<Vec<String>> {
        let (inputs, typed) = inputs(names);
        let jobs = plan_jobs(inputs, &typed, output.map(Path::new), "tin").ok()?;
        Some(jobs.iter().map(|job| job.output.name()).collect())
    }

    #[test]
    fn outputs_stand_beside_inputs_or_in_the_folder() {
        assert_eq!(outputs(&["none/a.png"], None).unwrap(), ["none/a.tin"]);
        assert_eq!(outputs(&["none/a.png"], Some("b.tin")).unwrap(), ["b.tin"]);
        assert_eq!(outputs(&["none/a.png"], Some("none/")).unwrap(), ["none/a.tin"]);
        assert_eq!(
            outputs(&["x/a.png", "y/b.jpg"], Some("none")).unwrap(),
            ["none/a.tin", "none/b.tin"]
        );
        assert_eq!(outputs(&["a.png"], Some("-")).unwrap(), ["-"]);
    }

    #[test]
    fn two_results_never_share_a_place() {
        assert_eq!(outputs(&["none/a.png", "none/a.jpg"], None), None);
        assert_eq!(outputs(&["none/a.png", "none/b.jpg"], Some("-")), None);
    }
}
