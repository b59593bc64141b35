//! Names that are shown, and what lies beneath them.
//!
//! In: folders of `.tin` files. Out: for each name that is shown the file beneath and what it stands for. A file that was written
//! and closed, and is not packed yet, lies there as `.NAME.tintype-closed`, before all that may have the name otherwise; what is being written
//! lies there as `.tintype-open-N`, and is not shown by that name.

use super::{Stamp, locked, stamp};
use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::io::BufReader;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tintype::files::PictureFormat;
use tintype::{ColourModel, Decoder, PlaneRole, Shape, codec};

/// What comes before the number of a file that is being written.
pub(super) const OPEN: &str = ".tintype-open-";
const CLOSED: &str = ".tintype-closed";
/// The longest name that can be written, so that what is put around it fits.
pub(super) const NAME_BYTES_MAX: usize = 255 - CLOSED.len() - 1;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Folder,
    /// A file as it is.
    Plain,
    /// A file that was written and waits to be packed, as it is.
    Closed,
    /// The JPEG file in a `.tin` file.
    Packed,
    /// A `.tin` file as a picture file of this format.
    Decoded(PictureFormat),
}

/// What lies beneath a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The file or folder beneath.
    pub path: PathBuf,
    /// What it is shown as.
    pub kind: Kind,
}

/// Finds names. What the heads of files say is remembered.
pub struct Names {
    /// PNG or JPEG, for pictures that are no packed JPEG files.
    others_as: PictureFormat,
    heads: Mutex<HashMap<PathBuf, (Stamp, OsString, Kind)>>,
}

impl Names {
    /// `others_as`: PNG or JPEG, for pictures that are no packed JPEG files. Pictures that JPEG cannot hold are PNG
    /// all the same, and those that PNG cannot hold are shown as the `.tin` files that they are.
    pub fn new(others_as: PictureFormat) -> Self {
        Self { others_as, heads: Mutex::default() }
    }

    /// All names of `folder`.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn list(&self, folder: &Path) -> std::io::Result<BTreeMap<OsString, Entry>> {
        let mut entries = BTreeMap::new();
        let (mut later, mut first) = (Vec::new(), Vec::new());
        for item in std::fs::read_dir(folder)? {
            let path = item?.path();
            let Some(name) = path.file_name().map(OsStr::to_os_string) else { continue };
            if name.as_bytes().starts_with(OPEN.as_bytes()) {
                continue;
            }
            // Links to nothing, and what is neither folder nor file, are not shown.
            let Ok(data) = std::fs::metadata(&path) else { continue };
            if let Some(shown) = name_of_closed(&name) {
                first.push((shown, Entry { path, kind: Kind::Closed }));
            } else if data.is_dir() {
                entries.insert(name, Entry { path, kind: Kind::Folder });
            } else if data.is_file() && is_tin(&name) {
                later.push((name, path));
            } else if data.is_file() {
                entries.insert(name, Entry { path, kind: Kind::Plain });
            }
        }
        entries.extend(first);
        later.sort();
        for (name, path) in later {
            let (shown, kind) = self.shown_as(&path);
            match entries.get(&shown).map(|entry: &Entry| entry.kind) {
                // What was written and waits takes its place.
                Some(Kind::Closed) => {}
                // A name that is taken already stays with what has it; the file shows as it is.
                Some(_) => drop(entries.insert(name, Entry { path, kind: Kind::Plain })),
                None => drop(entries.insert(shown, Entry { path, kind })),
            }
        }
        Ok(entries)
    }

    /// What `name` in `folder` stands for: what [`Names::list`] says, without reading the folder.
    pub fn find(&self, folder: &Path, name: &OsStr) -> Option<Entry> {
        if is_ours(name) {
            return None;
        }
        let path = closed_path(folder, name);
        if path.is_file() {
            return Some(Entry { path, kind: Kind::Closed });
        }
        self.find_beneath(folder, name)
    }

    /// As [`Names::find`], but for what was written and waits.
    pub fn find_beneath(&self, folder: &Path, name: &OsStr) -> Option<Entry> {
        let path = folder.join(name);
        let data = std::fs::metadata(&path).ok();
        let is_file = data.as_ref().is_some_and(std::fs::Metadata::is_file);
        if data.is_some_and(|data| data.is_dir()) {
            return Some(Entry { path, kind: Kind::Folder });
        }
        if is_file && !is_tin(name) {
            return Some(Entry { path, kind: Kind::Plain });
        }
        // In the order in which they would be listed.
        let stem = Path::new(name).file_stem().map(|stem| with_more(stem, "tin"));
        let mut candidates: Vec<PathBuf> =
            [Some(with_more(name, "tin")), stem].into_iter().flatten().map(|n| folder.join(n)).collect();
        candidates.sort();
        for path in candidates.into_iter().filter(|path| path.is_file()) {
            let (shown, kind) = self.shown_as(&path);
            if shown == name {
                return Some(Entry { path, kind });
            }
        }
        if !is_file {
            return None;
        }
        // A .tin file shows as it is where it cannot be decoded, or another has the name that it would have.
        let (shown, _) = self.shown_as(&path);
        let taken = |entry: &Entry| entry.path != path && entry.kind != Kind::Closed;
        let own = shown == name || self.find(folder, &shown).is_some_and(|entry| taken(&entry));
        own.then_some(Entry { path, kind: Kind::Plain })
    }

    /// The name under which a `.tin` file is shown, and what it stands for there.
    fn shown_as(&self, path: &Path) -> (OsString, Kind) {
        let Ok(stamp) = stamp(path) else {
            return (path.file_name().unwrap_or_default().to_os_string(), Kind::Plain);
        };
        if let Some((of, name, kind)) = locked(&self.heads).get(path)
            && *of == stamp
        {
            return (name.clone(), *kind);
        }
        let (name, kind) = self.read_head(path);
        locked(&self.heads).insert(path.to_path_buf(), (stamp, name.clone(), kind));
        (name, kind)
    }

    fn read_head(&self, path: &Path) -> (OsString, Kind) {
        let own = (path.file_name().unwrap_or_default().to_os_string(), Kind::Plain);
        let decoder = std::fs::File::open(path).ok().map(BufReader::new).map(Decoder::new);
        let Some(Ok(decoder)) = decoder else { return own };
        let info = decoder.info();
        let (kind, format) = match fitting(&info.shape, self.others_as) {
            _ if info.codec == codec::JPEG => (Kind::Packed, PictureFormat::Jpeg),
            Some(format) => (Kind::Decoded(format), format),
            None => return own,
        };
        let stem = path.file_stem().unwrap_or_default();
        let name = match format_of(stem) {
            Some(had) if had == format => stem.to_os_string(),
            _ => with_more(stem, format.name()),
        };
        (name, kind)
    }
}

/// The format among JPEG (if it is `wanted`) and PNG that holds such pictures.
fn fitting(shape: &Shape, wanted: PictureFormat) -> Option<PictureFormat> {
    let planes = &shape.planes;
    let colours = planes.iter().filter(|plane| plane.role == PlaneRole::Colour).count();
    let has_alpha = planes.iter().any(|plane| plane.role == PlaneRole::Alpha);
    if shape.colour == ColourModel::Bands || colours + usize::from(has_alpha) != planes.len() {
        return None;
    }
    let is_small = shape.width_px.max(shape.height_px) <= 65_535;
    let fits_jpeg = !has_alpha && is_small && planes.iter().all(|plane| plane.bit_depth <= 8);
    Some(if wanted == PictureFormat::Jpeg && fits_jpeg { wanted } else { PictureFormat::Png })
}

/// The format that a name's extension stands for.
pub(super) fn format_of(name: &OsStr) -> Option<PictureFormat> {
    Path::new(name).extension().and_then(OsStr::to_str).and_then(PictureFormat::from_extension)
}

/// Whether a file of this name is packed once it is closed, if it is what the name says.
pub(super) fn is_picture(name: &OsStr) -> bool {
    matches!(format_of(name), Some(PictureFormat::Jpeg | PictureFormat::Png))
}

pub(super) fn is_tin(name: &OsStr) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "tin")
}

/// Whether a name is one that files have here while they are written.
pub(super) fn is_ours(name: &OsStr) -> bool {
    name.as_bytes().starts_with(OPEN.as_bytes()) || name_of_closed(name).is_some()
}

/// `name.more`.
pub(super) fn with_more(name: &OsStr, more: &str) -> OsString {
    let mut name = name.to_os_string();
    name.push(".");
    name.push(more);
    name
}

/// Where a file lies that was written, and waits to be packed.
pub(super) fn closed_path(folder: &Path, name: &OsStr) -> PathBuf {
    folder.join(OsString::from_vec([b".", name.as_bytes(), CLOSED.as_bytes()].concat()))
}

/// The name of such a file as it is shown.
pub(super) fn name_of_closed(name: &OsStr) -> Option<OsString> {
    let name = name.as_bytes().strip_prefix(b".")?.strip_suffix(CLOSED.as_bytes())?;
    (!name.is_empty()).then(|| OsStr::from_bytes(name).to_os_string())
}
