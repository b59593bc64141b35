//! Which files are read and where each result goes, decided before any work starts.

use crate::Failure;
use crate::style::complain;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
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
    /// Where the result goes if another file stands at `output`: set only where the user named no output.
    pub otherwise: Option<PathBuf>,
}

/// What was found under the names that were typed.
#[derive(Debug, Default)]
pub struct Found {
    /// Files to work on.
    pub inputs: Vec<Input>,
    /// Files of the folders that were not taken.
    pub not_taken: Vec<PathBuf>,
    /// Folders that could not be read, each with the reason.
    pub unreadable: Vec<String>,
}

impl Found {
    /// The inputs. Names each folder that could not be read on standard error, and says whether there was none.
    pub fn inputs_or_complain(self) -> (Vec<Input>, bool) {
        self.unreadable.iter().for_each(|message| complain(message));
        (self.inputs, self.unreadable.is_empty())
    }
}

/// The files that `typed` names: files as they are, globs where no such file exists, and all files of
/// folders, however deep, whose name `takes` accepts.
///
/// # Errors
/// `Usage` for a name or glob that matches nothing.
pub fn find_inputs(typed: &[PathBuf], takes: &dyn Fn(&Path) -> bool) -> Result<Found, Failure> {
    let mut found = Found::default();
    for path in typed {
        let before = found.inputs.len() + found.unreadable.len();
        if path.as_os_str() == "-" {
            found.inputs.push(Input { place: Place::Standard, relative: "standard-input".into() });
        } else if path.is_dir() {
            add_folder(&mut found, path, path, takes);
        } else if path.exists() || !is_glob(path) {
            found.inputs.push(input_file(path));
        } else {
            add_glob(&mut found, path, takes)?;
        }

        if found.inputs.len() + found.unreadable.len() == before {
            return Err(Failure::Usage(format!("{}: {}", path.display(), nothing(&found))));
        }
    }
    Ok(found)
}

/// Why a folder or glob gave no input.
fn nothing(found: &Found) -> String {
    match found.not_taken.as_slice() {
        [] => "there is no such file".into(),
        [one] => format!("holds no file that can be used ({} is not one)", one.display()),
        many => format!("holds {} files, none of which can be used", many.len()),
    }
}

fn add_glob(found: &mut Found, path: &Path, takes: &dyn Fn(&Path) -> bool) -> Result<(), Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: {error}", path.display()));
    let pattern = path.to_str().ok_or_else(|| wrong(&"the name is not valid UTF-8"))?;
    for entry in glob::glob(pattern).map_err(|error| wrong(&error))? {
        let entry = entry.map_err(|error| wrong(&error))?;
        if entry.is_dir() {
            add_folder(found, &entry, &entry, takes);
        } else {
            found.inputs.push(input_file(&entry));
        }
    }
    Ok(())
}

fn is_glob(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.contains(['*', '?', '[']))
}

fn input_file(path: &Path) -> Input {
    let relative = path.file_name().map_or_else(|| path.into(), PathBuf::from);
    Input { place: Place::File(path.into()), relative }
}

/// Adds the files below `folder`. A folder that cannot be read is noted; the others are still searched.
fn add_folder(found: &mut Found, top: &Path, folder: &Path, takes: &dyn Fn(&Path) -> bool) {
    let entries = std::fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    let mut paths: Vec<PathBuf> = match entries {
        Ok(entries) => entries.into_iter().map(|entry| entry.path()).collect(),
        Err(error) => {
            found.unreadable.push(format!("{}: {error}", folder.display()));
            return;
        }
    };
    paths.sort_unstable();

    for path in paths {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() {
            // A link to a folder may lead back up.
            if !path.is_symlink() {
                add_folder(found, top, &path, takes);
            }
        } else if takes(&path) && (path.is_file() || !path.exists()) {
            let relative = path.strip_prefix(top).unwrap_or(&path).into();
            found.inputs.push(Input { place: Place::File(path), relative });
        } else {
            // Pipes and devices among them: reading one may never end.
            found.not_taken.push(path);
        }
    }
}

/// Pairs every input with its output. `typed` tells whether folders or several names were given;
/// `extension` is for outputs that were not named in full.
///
/// Inputs that differ in their extension only (`IMG.jpg`, `IMG.png`) keep it: `IMG.jpg.tin`.
///
/// # Errors
/// `Usage` where several inputs would go to one output, or an output is an input.
pub fn plan_jobs(
    inputs: Vec<Input>,
    typed: &[PathBuf],
    output: Option<&Path>,
    extension: &str,
) -> Result<Vec<Job>, Failure> {
    let many =
        typed.len() > 1 || typed.iter().any(|path| path.is_dir() || (!path.exists() && is_glob(path)));
    let mut jobs = Vec::with_capacity(inputs.len());
    match output {
        None => jobs.extend(inputs.into_iter().map(|input| beside(input, extension))),
        Some(output) if output.as_os_str() == "-" => {
            if inputs.len() > 1 {
                return Err(Failure::Usage(
                    "several files do not fit into standard output; name a folder with -o".into(),
                ));
            }
            jobs.extend(inputs.into_iter().map(|input| job_to(input, Place::Standard)));
        }
        Some(output) if many || output.is_dir() || ends_with_separator(output) => {
            if output.exists() && !output.is_dir() {
                return Err(Failure::Usage(format!(
                    "{} is a file; many files need a folder",
                    output.display()
                )));
            }
            jobs.extend(inputs.into_iter().map(|input| below(input, output, extension)));
        }
        Some(output) => {
            jobs.extend(inputs.into_iter().map(|input| job_to(input, Place::File(output.into()))));
        }
    }
    keep_extensions_where_names_clash(&mut jobs);
    if output.is_some() {
        jobs.iter_mut().for_each(|job| job.otherwise = None);
    }
    check_jobs(&jobs)?;
    Ok(jobs)
}

fn job_to(input: Input, output: Place) -> Job {
    Job { input: input.place, output, otherwise: None }
}

/// The output below `folder`, at the place that the input has below the folder it was found in.
fn below(input: Input, folder: &Path, extension: &str) -> Job {
    let output = folder.join(&input.relative).with_extension(extension);
    let otherwise = Some(folder.join(with_further_extension(&input.relative, extension)));
    Job { input: input.place, output: Place::File(output), otherwise }
}

/// The output beside the input.
fn beside(input: Input, extension: &str) -> Job {
    let (output, otherwise) = match &input.place {
        Place::Standard => (Place::Standard, None),
        Place::File(path) => {
            (Place::File(path.with_extension(extension)), Some(with_further_extension(path, extension)))
        }
    };
    Job { input: input.place, output, otherwise }
}

/// `photo.png` with `tin` is `photo.png.tin`.
fn with_further_extension(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

/// Gives jobs that share an output their longer name, so that each input has a file of its own.
fn keep_extensions_where_names_clash(jobs: &mut [Job]) {
    let mut once = BTreeSet::new();
    let mut shared = BTreeSet::new();
    for job in jobs.iter() {
        if let Place::File(output) = &job.output
            && !once.insert(output.clone())
        {
            shared.insert(output.clone());
        }
    }
    for job in jobs {
        if let Place::File(output) = &mut job.output
            && shared.contains(output)
            && let Some(longer) = job.otherwise.take()
        {
            *output = longer;
        }
    }
}

/// The folder that `path` lies in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn ends_with_separator(path: &Path) -> bool {
    path.as_os_str().to_string_lossy().ends_with(std::path::is_separator)
}

fn check_jobs(jobs: &[Job]) -> Result<(), Failure> {
    let mut taken: BTreeMap<&Path, &Place> = BTreeMap::new();
    let files = jobs.iter().filter_map(|job| match &job.input {
        Place::File(input) => input.canonicalize().ok(),
        Place::Standard => None,
    });
    let inputs: BTreeSet<PathBuf> = files.collect();
    for job in jobs {
        let Place::File(output) = &job.output else { continue };
        if let Some(other) = taken.insert(output, &job.input) {
            return Err(Failure::Usage(format!(
                "{} and {} would both be written to {}; name a folder with -o, or take them one by one",
                other.name(),
                job.input.name(),
                output.display()
            )));
        }
        if output.canonicalize().is_ok_and(|output| inputs.contains(&output)) {
            return Err(Failure::Usage(format!(
                "{} is an input and would be overwritten; name another file with -o",
                output.display()
            )));
        }
    }
    Ok(())
}

/// Bytes that tell what a file is.
const HEAD_BYTES: u64 = 4096;

/// Reads a whole input if `wants` says so of its first bytes, so that a large file of no use is not
/// read. The first bytes, if it does not.
///
/// # Errors
/// The system's reason.
pub fn read_input_if(place: &Place, wants: impl Fn(&[u8]) -> bool) -> Result<Vec<u8>, String> {
    fn read(mut source: impl std::io::Read, wants: impl Fn(&[u8]) -> bool) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        source.by_ref().take(HEAD_BYTES).read_to_end(&mut bytes)?;
        if wants(&bytes) {
            source.read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }
    let bytes = match place {
        Place::File(path) => std::fs::File::open(path).and_then(|file| read(file, wants)),
        Place::Standard => read(std::io::stdin().lock(), wants),
    };
    bytes.map_err(|error| error.to_string())
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
    fn inputs_that_differ_in_their_extension_keep_it() {
        let both = outputs(&["none/a.png", "none/a.jpg"], None).unwrap();
        assert_eq!(both, ["none/a.png.tin", "none/a.jpg.tin"]);
        let both = outputs(&["x/a.png", "x/a.jpg", "x/b.png"], Some("none/")).unwrap();
        assert_eq!(both, ["none/a.png.tin", "none/a.jpg.tin", "none/b.tin"]);
    }

    #[test]
    fn two_results_never_share_a_place() {
        assert_eq!(outputs(&["x/a.png", "y/a.png"], Some("none/")), None);
        assert_eq!(outputs(&["none/a.png", "none/b.jpg"], Some("-")), None);
    }
}
