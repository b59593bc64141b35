//! A folder of `.tin` files as a file system of the pictures that they hold: packed JPEG files byte for byte under their old
//! names, other pictures as PNG.
//!
//! In: a folder, read only. Out: what the kernel asks of a file system (FUSE). A picture is decoded when its size or its
//! bytes are asked for, once; what was decoded last is kept, up to a bound. Files that are no `.tin` files, or damaged ones, show as
//! they are.

use fuser::{
    Errno, FileAttr, FileHandle, FileType, Filesystem, Generation, INodeNo, LockOwner, OpenFlags,
    ReplyAttr, ReplyData, ReplyDirectory, ReplyEntry, Request,
};
use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::io::{BufReader, Cursor};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};
use tintype::files::{PictureFormat, write_picture};
use tintype::{Decoder, Error, codec};

/// How long the kernel may believe what it was told.
const BELIEVED: Duration = Duration::from_secs(1);

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Folder,
    /// A file as it is.
    Plain,
    /// The JPEG file in a `.tin` file.
    Packed,
    /// A `.tin` file as PNG.
    Decoded,
}

/// A name that is shown, and what lies beneath.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The file or folder beneath.
    pub path: PathBuf,
    /// What it is shown as.
    pub kind: Kind,
}

/// The entries of `folder` by the names that are shown.
///
/// # Errors
/// Those of reading it.
pub fn list(folder: &Path) -> std::io::Result<BTreeMap<OsString, Entry>> {
    let mut entries = BTreeMap::new();
    let mut later = Vec::new();
    for item in std::fs::read_dir(folder)? {
        let path = item?.path();
        let Some(name) = path.file_name().map(OsStr::to_os_string) else { continue };
        // Links to nothing, and what is neither folder nor file, are not shown.
        let Ok(data) = std::fs::metadata(&path) else { continue };
        if data.is_dir() {
            entries.insert(name, Entry { path, kind: Kind::Folder });
        } else if data.is_file() && path.extension().is_some_and(|extension| extension == "tin") {
            later.push((name, path));
        } else if data.is_file() {
            entries.insert(name, Entry { path, kind: Kind::Plain });
        }
    }
    later.sort();
    for (name, path) in later {
        let (shown, kind) = shown_as(&path);
        // A name that is taken already stays with what has it; the file shows as it is.
        if entries.contains_key(&shown) {
            entries.insert(name, Entry { path, kind: Kind::Plain });
        } else {
            entries.insert(shown, Entry { path, kind });
        }
    }
    Ok(entries)
}

/// The name under which a `.tin` file is shown, and what it stands for there.
fn shown_as(path: &Path) -> (OsString, Kind) {
    let own = || (path.file_name().unwrap_or_default().to_os_string(), Kind::Plain);
    let file = std::fs::File::open(path).map(BufReader::new);
    let Some(info) =
        file.ok().and_then(|file| Decoder::new(file).ok()).map(|decoder| decoder.info().clone())
    else {
        return own();
    };
    let stem = Path::new(path.file_stem().unwrap_or_default());
    let had = stem.extension().and_then(OsStr::to_str).and_then(PictureFormat::from_extension);
    let (kind, extension, format) = match info.codec == codec::JPEG {
        true => (Kind::Packed, "jpg", PictureFormat::Jpeg),
        false => (Kind::Decoded, "png", PictureFormat::Png),
    };
    let name =
        if had == Some(format) { stem.to_path_buf() } else { PathBuf::from(with_more(stem, extension)) };
    (name.into_os_string(), kind)
}

fn with_more(stem: &Path, extension: &str) -> OsString {
    let mut name = stem.as_os_str().to_os_string();
    name.push(".");
    name.push(extension);
    name
}

/// The bytes of a file that is not shown as it is.
///
/// # Errors
/// Those of decoding it.
pub fn content(entry: &Entry) -> Result<Vec<u8>, Error> {
    let tin = std::fs::read(&entry.path).map_err(tintype::ContainerError::Io)?;
    let decoder = || Decoder::new(Cursor::new(&tin));
    if entry.kind == Kind::Packed
        && let Some(file) = decoder()?.unpack_jpeg()?
    {
        return Ok(file);
    }
    Ok(write_picture(PictureFormat::Png, &decoder()?.decode()?.picture)?)
}

/// Which state of a file something was made of.
type Stamp = (u64, i64, i64);

/// What was decoded: bytes of the last files, sizes of all.
#[derive(Default)]
struct Decoded {
    sizes: HashMap<PathBuf, (Stamp, u64)>,
    /// The oldest first.
    kept: Vec<(PathBuf, Stamp, Arc<Vec<u8>>)>,
    kept_bytes: usize,
}

/// Names that the kernel was told of, by number.
#[derive(Default)]
struct Numbers {
    entries: Vec<Entry>,
    by_path: HashMap<(PathBuf, bool), u64>,
}

/// The file system.
pub struct PackedFolder {
    numbers: Mutex<Numbers>,
    decoded: Mutex<Decoded>,
    /// One lock a file that is being decoded, so that nobody decodes what somebody else is at.
    busy: Mutex<HashMap<PathBuf, Arc<Mutex<()>>>>,
    cache_bytes_max: usize,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PackedFolder {
    /// Shows `root`; keeps up to so many bytes of decoded files.
    pub fn new(root: PathBuf, cache_bytes_max: usize) -> Self {
        let numbers =
            Numbers { entries: vec![Entry { path: root, kind: Kind::Folder }], ..Numbers::default() };
        Self {
            numbers: Mutex::new(numbers),
            decoded: Mutex::default(),
            busy: Mutex::default(),
            cache_bytes_max,
        }
    }

    fn entry(&self, number: INodeNo) -> Result<Entry, Errno> {
        let index = u64::from(number).checked_sub(1).and_then(|index| usize::try_from(index).ok());
        let numbers = locked(&self.numbers);
        index.and_then(|index| numbers.entries.get(index)).cloned().ok_or(Errno::ENOENT)
    }

    fn number(&self, entry: &Entry) -> u64 {
        let mut numbers = locked(&self.numbers);
        let key = (entry.path.clone(), entry.kind == Kind::Plain);
        if let Some(number) = numbers.by_path.get(&key) {
            return *number;
        }
        numbers.entries.push(entry.clone());
        let number = numbers.entries.len() as u64;
        numbers.by_path.insert(key, number);
        number
    }

    /// The decoded bytes, from memory if they are there.
    fn bytes(&self, entry: &Entry) -> Result<Arc<Vec<u8>>, Errno> {
        let stamp = stamp(&entry.path)?;
        if let Some(bytes) = self.kept(entry, stamp) {
            return Ok(bytes);
        }
        let turn = locked(&self.busy).entry(entry.path.clone()).or_default().clone();
        let _turn = locked(&turn);
        if let Some(bytes) = self.kept(entry, stamp) {
            return Ok(bytes);
        }
        let bytes = Arc::new(content(entry).map_err(|error| {
            eprintln!("tintype mount: {}: {error}", entry.path.display());
            Errno::EIO
        })?);
        let mut decoded = locked(&self.decoded);
        decoded.sizes.insert(entry.path.clone(), (stamp, bytes.len() as u64));
        decoded.kept.push((entry.path.clone(), stamp, bytes.clone()));
        decoded.kept_bytes += bytes.len();
        while decoded.kept_bytes > self.cache_bytes_max && decoded.kept.len() > 1 {
            let (.., old) = decoded.kept.remove(0);
            decoded.kept_bytes -= old.len();
        }
        locked(&self.busy).remove(&entry.path);
        Ok(bytes)
    }

    fn kept(&self, entry: &Entry, stamp: Stamp) -> Option<Arc<Vec<u8>>> {
        let mut decoded = locked(&self.decoded);
        let at = decoded.kept.iter().position(|(path, of, _)| *path == entry.path && *of == stamp)?;
        let found = decoded.kept.remove(at);
        let bytes = found.2.clone();
        decoded.kept.push(found);
        Some(bytes)
    }

    fn size(&self, entry: &Entry) -> Result<u64, Errno> {
        let stamp = stamp(&entry.path)?;
        let known =
            locked(&self.decoded).sizes.get(&entry.path).filter(|(of, _)| *of == stamp).map(|(_, n)| *n);
        match known {
            Some(size) => Ok(size),
            None => Ok(self.bytes(entry)?.len() as u64),
        }
    }

    fn attributes(&self, number: u64, entry: &Entry) -> Result<FileAttr, Errno> {
        let data = std::fs::metadata(&entry.path).map_err(|_| Errno::ENOENT)?;
        let size = match entry.kind {
            Kind::Folder | Kind::Plain => data.len(),
            Kind::Packed | Kind::Decoded => self.size(entry)?,
        };
        let is_folder = entry.kind == Kind::Folder;
        let seconds = |seconds: i64| UNIX_EPOCH + Duration::from_secs(seconds.max(0) as u64);
        let changed = seconds(data.mtime()) + Duration::from_nanos(data.mtime_nsec().max(0) as u64);
        Ok(FileAttr {
            ino: INodeNo(number),
            size,
            blocks: size.div_ceil(512),
            atime: changed,
            mtime: changed,
            ctime: seconds(data.ctime()),
            crtime: changed,
            kind: if is_folder { FileType::Directory } else { FileType::RegularFile },
            // Nothing can be written.
            perm: (data.mode() & if is_folder { 0o555 } else { 0o444 }) as u16,
            nlink: if is_folder { 2 } else { 1 },
            uid: data.uid(),
            gid: data.gid(),
            rdev: 0,
            blksize: 4096,
            flags: 0,
        })
    }
}

fn stamp(path: &Path) -> Result<Stamp, Errno> {
    let data = std::fs::metadata(path).map_err(|_| Errno::ENOENT)?;
    Ok((data.len(), data.mtime(), data.mtime_nsec()))
}

impl Filesystem for PackedFolder {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let found = self.entry(parent).and_then(|folder| {
            let entry = list(&folder.path).map_err(Errno::from)?.remove(name).ok_or(Errno::ENOENT)?;
            self.attributes(self.number(&entry), &entry)
        });
        match found {
            Ok(attributes) => reply.entry(&BELIEVED, &attributes, Generation(0)),
            Err(error) => reply.error(error),
        }
    }

    fn getattr(&self, _: &Request, number: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.entry(number).and_then(|entry| self.attributes(number.into(), &entry)) {
            Ok(attributes) => reply.attr(&BELIEVED, &attributes),
            Err(error) => reply.error(error),
        }
    }

    fn read(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let part = self.entry(number).and_then(|entry| match entry.kind {
            Kind::Folder => Err(Errno::EISDIR),
            Kind::Plain => {
                let mut bytes = vec![0; size as usize];
                let file = std::fs::File::open(&entry.path).map_err(Errno::from)?;
                let mut filled = 0;
                while filled < bytes.len() {
                    match file
                        .read_at(&mut bytes[filled..], offset + filled as u64)
                        .map_err(Errno::from)?
                    {
                        0 => break,
                        count => filled += count,
                    }
                }
                bytes.truncate(filled);
                Ok(bytes)
            }
            Kind::Packed | Kind::Decoded => {
                let bytes = self.bytes(&entry)?;
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                let end = start.saturating_add(size as usize).min(bytes.len());
                Ok(bytes[start..end].to_vec())
            }
        });
        match part {
            Ok(bytes) => reply.data(&bytes),
            Err(error) => reply.error(error),
        }
    }

    fn readdir(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let folder = match self.entry(number) {
            Ok(folder) => folder,
            Err(error) => return reply.error(error),
        };
        let entries = match list(&folder.path) {
            Ok(entries) => entries,
            Err(error) => return reply.error(Errno::from(error)),
        };
        let own = [".", ".."].map(|name| (u64::from(number), FileType::Directory, OsString::from(name)));
        let items = entries.into_iter().map(|(name, entry)| {
            let kind =
                if entry.kind == Kind::Folder { FileType::Directory } else { FileType::RegularFile };
            (self.number(&entry), kind, name)
        });
        for (index, (number, kind, name)) in
            own.into_iter().chain(items).enumerate().skip(offset as usize)
        {
            if reply.add(INodeNo(number), index as u64 + 1, kind, name) {
                break;
            }
        }
        reply.ok();
    }
}
