//! The pictures of a packed folder, by the names that are shown: read, written, renamed, removed.
//!
//! In: names below the root of what is shown. Out: bytes, and changes of the folder beneath. What is written lies in a file of its own until it
//! is closed, so that what stood there before is whole until then. Closed, it takes the name at once, by one rename; a picture
//! waits to be packed then (`pack.rs`). Nothing that was closed is ever only in memory: a program that is killed
//! leaves all of it in the folder, and the next mount goes on.

use super::decoded::{Cache, whole};
use super::names::{
    Entry, Kind, NAME_BYTES_MAX, Names, OPEN, closed_path, format_of, is_ours, is_picture, is_tin,
    with_more,
};
use super::{Options, locked};
use rustix::io::Errno;
use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, Permissions};
use std::io::{ErrorKind, Result, Write};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

/// A packed folder.
pub struct Tree {
    pub(super) root: PathBuf,
    pub(super) names: Names,
    pub(super) cache: Cache,
    pub(super) options: Options,
    /// What is being written, by the name that is shown.
    spools: Mutex<HashMap<PathBuf, Arc<Spool>>>,
    /// Held while names change. Taken before all other locks.
    changes: Mutex<()>,
    /// Names that wait to be packed; none once the folder is no longer mounted.
    jobs: Mutex<Option<Sender<PathBuf>>>,
    next: AtomicU64,
}

/// A file that is being written, shared by all who have it open for that.
pub struct Spool {
    file: File,
    state: Mutex<SpoolState>,
}

struct SpoolState {
    shown: PathBuf,
    /// Where it lies.
    at: PathBuf,
    writers: usize,
    /// Written to since it last got its name.
    is_dirty: bool,
    /// It has its name.
    is_named: bool,
    /// It was written to.
    is_changed: bool,
    /// It was removed while it was open.
    is_gone: bool,
}

/// A file that is open for reading. It shows what it was then, whatever becomes of its name.
pub struct Reading {
    file: File,
    path: PathBuf,
    kind: Kind,
    bytes: OnceLock<Arc<Vec<u8>>>,
}

/// Size of a file that is shown, and what is known of the file beneath.
pub type Facts = (u64, Metadata);

/// Who a new file belongs to, and what may be done with it.
#[derive(Clone, Copy)]
pub struct Owner {
    /// Permissions.
    pub mode: u32,
    /// User.
    pub user: u32,
    /// Group.
    pub group: u32,
}

impl Tree {
    /// The tree of `root`. Names that wait to be packed go to `jobs`.
    pub fn new(root: PathBuf, options: Options, jobs: Option<Sender<PathBuf>>) -> Self {
        Self {
            root,
            names: Names::new(options.others_as),
            cache: Cache::new(options.cache_bytes_max),
            options,
            spools: Mutex::default(),
            changes: Mutex::default(),
            jobs: Mutex::new(jobs),
            next: AtomicU64::new(0),
        }
    }

    /// Ends the list of names to be packed, so that whoever packs can end too.
    pub fn close(&self) {
        locked(&self.jobs).take();
    }

    pub(super) fn queue(&self, shown: &Path) {
        if let Some(jobs) = &*locked(&self.jobs) {
            // Where nobody packs any more, the next mount does.
            let _ = jobs.send(shown.to_path_buf());
        }
    }

    pub(super) fn changing(&self) -> MutexGuard<'_, ()> {
        locked(&self.changes)
    }

    pub(super) fn folder_of(&self, shown: &Path) -> PathBuf {
        self.root.join(shown.parent().unwrap_or(Path::new("")))
    }

    pub(super) fn spool(&self, shown: &Path) -> Option<Arc<Spool>> {
        locked(&self.spools).get(shown).cloned()
    }

    pub(super) fn entry(&self, shown: &Path) -> Result<Entry> {
        match shown.file_name() {
            None => Ok(Entry { path: self.root.clone(), kind: Kind::Folder }),
            Some(name) => {
                self.names.find(&self.folder_of(shown), name).ok_or_else(|| Errno::NOENT.into())
            }
        }
    }

    /// Does `work` with what lies beneath; again if that was packed meanwhile and lies elsewhere now.
    fn with_entry<T>(&self, shown: &Path, work: impl Fn(Entry) -> Result<T>) -> Result<T> {
        for _ in 0..2 {
            match work(self.entry(shown)?) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                done => return done,
            }
        }
        work(self.entry(shown)?)
    }

    /// All names of a folder, and whether each is one.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn list(&self, shown: &Path) -> Result<BTreeMap<OsString, bool>> {
        let entries = self.names.list(&self.root.join(shown))?;
        let mut names: BTreeMap<OsString, bool> =
            entries.into_iter().map(|(name, entry)| (name, entry.kind == Kind::Folder)).collect();
        for path in locked(&self.spools).keys().filter(|path| path.parent() == Some(shown)) {
            names.insert(path.file_name().unwrap_or_default().to_os_string(), false);
        }
        Ok(names)
    }

    /// Size and more of a name.
    ///
    /// # Errors
    /// If there is none, or it cannot be decoded.
    pub fn facts(&self, shown: &Path) -> Result<Facts> {
        if let Some(spool) = self.spool(shown) {
            return spool.facts();
        }
        self.with_entry(shown, |entry| {
            let data = std::fs::metadata(&entry.path)?;
            let size = match entry.kind {
                Kind::Folder | Kind::Plain | Kind::Closed => data.len(),
                Kind::Packed | Kind::Decoded(_) => self.cache.size(&entry.path, entry.kind)?,
            };
            Ok((size, data))
        })
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// If there is none.
    pub fn open(&self, shown: &Path) -> Result<Reading> {
        if let Some(spool) = self.spool(shown) {
            let (file, path) = (spool.file.try_clone()?, PathBuf::new());
            return Ok(Reading { file, path, kind: Kind::Plain, bytes: OnceLock::new() });
        }
        self.with_entry(shown, |entry| {
            let file = File::open(&entry.path)?;
            Ok(Reading { file, path: entry.path, kind: entry.kind, bytes: OnceLock::new() })
        })
    }

    /// Up to `len` bytes from `offset` on.
    ///
    /// # Errors
    /// If they cannot be read or decoded.
    pub fn read(&self, reading: &Reading, offset: u64, len: usize) -> Result<Vec<u8>> {
        match reading.kind {
            Kind::Folder => Err(Errno::ISDIR.into()),
            Kind::Plain | Kind::Closed => part_of(&reading.file, offset, len),
            Kind::Packed | Kind::Decoded(_) => {
                let bytes = match reading.bytes.get() {
                    Some(bytes) => bytes,
                    None => {
                        let bytes = self.cache.bytes(&reading.path, &reading.file, reading.kind)?;
                        reading.bytes.get_or_init(|| bytes)
                    }
                };
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                let end = start.saturating_add(len).min(bytes.len());
                Ok(bytes[start..end].to_vec())
            }
        }
    }

    /// Size and more of a file that is open, whatever its name is now.
    ///
    /// # Errors
    /// If it cannot be decoded.
    pub fn facts_of(&self, reading: &Reading) -> Result<Facts> {
        let data = reading.file.metadata()?;
        let size = match reading.kind {
            Kind::Packed | Kind::Decoded(_) => {
                self.cache.bytes(&reading.path, &reading.file, reading.kind)?.len() as u64
            }
            _ => data.len(),
        };
        Ok((size, data))
    }

    /// Opens a file for writing; makes it for `owner` if there is none.
    ///
    /// # Errors
    /// If there is none and no owner, or the name cannot be written.
    pub fn write(&self, shown: &Path, truncated: Truncated, owner: Option<Owner>) -> Result<Arc<Spool>> {
        let _changes = self.changing();
        let truncated = truncated == Truncated::Yes;
        if let Some(spool) = self.spool(shown) {
            let mut state = locked(&spool.state);
            if truncated {
                spool.file.set_len(0)?;
                (state.is_dirty, state.is_changed) = (true, true);
            }
            state.writers += 1;
            drop(state);
            return Ok(spool);
        }
        let found = match self.entry(shown) {
            Err(error) if error.kind() == ErrorKind::NotFound && owner.is_some() => None,
            found => Some(found?),
        };
        let is_new = found.is_none();
        let (file, at, is_named) = match found {
            Some(Entry { kind: Kind::Folder, .. }) => return Err(Errno::ISDIR.into()),
            // As it is, and so in place.
            Some(Entry { path, kind: Kind::Plain | Kind::Closed }) if !truncated => {
                (File::options().read(true).write(true).open(&path)?, path, true)
            }
            Some(entry) => {
                check_name(shown)?;
                let (file, at) = self.new_file(&self.folder_of(shown))?;
                let filled = self.filled(&file, &entry, truncated);
                filled.inspect_err(|_| drop(std::fs::remove_file(&at)))?;
                (file, at, false)
            }
            None => {
                check_name(shown)?;
                let (file, at) = self.new_file(&self.folder_of(shown))?;
                if let Some(owner) = owner {
                    file.set_permissions(Permissions::from_mode(owner.mode & 0o7777))?;
                    // Only root may give it to others, and only root serves them.
                    let _ = std::os::unix::fs::fchown(&file, Some(owner.user), Some(owner.group));
                }
                (file, at, false)
            }
        };
        let is_changed = is_new || truncated;
        let state = SpoolState {
            shown: shown.to_path_buf(),
            at,
            writers: 1,
            is_dirty: is_changed,
            is_named,
            is_changed,
            is_gone: false,
        };
        let spool = Arc::new(Spool { file, state: Mutex::new(state) });
        locked(&self.spools).insert(shown.to_path_buf(), spool.clone());
        Ok(spool)
    }

    /// Gives a new file the permissions of what it takes the place of, and its bytes unless it is `truncated`.
    fn filled(&self, mut file: &File, entry: &Entry, truncated: bool) -> Result<()> {
        let old = File::open(&entry.path)?;
        file.set_permissions(old.metadata()?.permissions())?;
        if truncated {
            return Ok(());
        }
        match entry.kind {
            Kind::Packed | Kind::Decoded(_) => {
                file.write_all(&self.cache.bytes(&entry.path, &old, entry.kind)?)
            }
            _ => file.write_all(&whole(&old)?),
        }
    }

    /// A new file beside those that are shown.
    pub(super) fn new_file(&self, folder: &Path) -> Result<(File, PathBuf)> {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("{OPEN}{}-{number}", std::process::id()));
            match File::options().read(true).write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                file => return Ok((file?, path)),
            }
        }
    }

    /// Where a file of this name lies once it is closed.
    fn place_of(&self, shown: &Path) -> PathBuf {
        let name = shown.file_name().unwrap_or_default();
        let folder = self.folder_of(shown);
        if self.packs(name) { closed_path(&folder, name) } else { folder.join(name) }
    }

    /// Whether files of this name are packed.
    fn packs(&self, name: &OsStr) -> bool {
        is_picture(name) && self.options.packs(format_of(name))
    }

    /// Gives what was written its name, as it is now: after this, a kill loses none of it.
    ///
    /// # Errors
    /// Those of renaming.
    pub fn commit(&self, spool: &Spool) -> Result<()> {
        let _changes = self.changing();
        self.name(spool)
    }

    fn name(&self, spool: &Spool) -> Result<()> {
        let mut state = locked(&spool.state);
        if state.is_gone || !state.is_dirty {
            return Ok(());
        }
        let target = self.place_of(&state.shown);
        if state.at != target {
            self.take_place(&state.at, &target, &state.shown, &spool.file)?;
            state.at = target;
        }
        (state.is_dirty, state.is_named) = (false, true);
        Ok(())
    }

    /// Moves a file to the place where it is shown as `shown`, and removes what was shown so before.
    fn take_place(&self, at: &Path, target: &Path, shown: &Path, file: &File) -> Result<()> {
        let old = self.entry(shown).ok().filter(|old| old.path != at && old.path != target);
        if old.is_some() {
            // Else the old could be gone, and the new not on the disk yet, when the power goes.
            file.sync_data()?;
        }
        std::fs::rename(at, target)?;
        match old {
            Some(Entry { kind: Kind::Folder, .. }) | None => Ok(()),
            Some(old) => std::fs::remove_file(old.path),
        }
    }

    /// Ends one writer's work on a file; the last one's makes a picture wait to be packed.
    ///
    /// # Errors
    /// Those of giving it its name.
    pub fn release(&self, spool: &Arc<Spool>) -> Result<()> {
        let _changes = self.changing();
        let named = self.name(spool);
        let mut state = locked(&spool.state);
        state.writers -= 1;
        if state.writers > 0 || state.is_gone {
            return named;
        }
        locked(&self.spools).remove(&state.shown);
        if !state.is_changed {
            return if state.is_named { named } else { std::fs::remove_file(&state.at) };
        }
        if named.is_ok() && self.packs(state.shown.file_name().unwrap_or_default()) {
            self.queue(&state.shown);
        }
        named
    }

    /// Removes a file.
    ///
    /// # Errors
    /// If there is none, or it is a folder.
    pub fn remove(&self, shown: &Path) -> Result<()> {
        let _changes = self.changing();
        self.remove_file(shown)
    }

    fn remove_file(&self, shown: &Path) -> Result<()> {
        let spool = locked(&self.spools).remove(shown);
        if let Some(spool) = &spool {
            let mut state = locked(&spool.state);
            state.is_gone = true;
            std::fs::remove_file(&state.at)?;
        }
        let entry = match self.entry(shown) {
            Err(_) if spool.is_some() => return Ok(()),
            entry => entry?,
        };
        if entry.kind == Kind::Folder {
            return Err(Errno::ISDIR.into());
        }
        std::fs::remove_file(&entry.path)?;
        // What a kill left of the file whose place that one took.
        let beneath =
            self.names.find_beneath(&self.folder_of(shown), shown.file_name().unwrap_or_default());
        match beneath {
            Some(old) if entry.kind == Kind::Closed => std::fs::remove_file(old.path),
            _ => Ok(()),
        }
    }

    /// Makes a folder.
    ///
    /// # Errors
    /// Those of making it.
    pub fn make_folder(&self, shown: &Path, owner: Owner) -> Result<()> {
        let _changes = self.changing();
        check_length(shown)?;
        if self.entry(shown).is_ok() || self.spool(shown).is_some() {
            return Err(Errno::EXIST.into());
        }
        let path = self.root.join(shown);
        std::fs::create_dir(&path)?;
        std::fs::set_permissions(&path, Permissions::from_mode(owner.mode & 0o7777))?;
        let _ = std::os::unix::fs::chown(&path, Some(owner.user), Some(owner.group));
        Ok(())
    }

    /// Removes an empty folder.
    ///
    /// # Errors
    /// Those of removing it.
    pub fn remove_folder(&self, shown: &Path) -> Result<()> {
        let _changes = self.changing();
        std::fs::remove_dir(self.root.join(shown))
    }

    /// Renames a file or folder; what has the new name goes, unless it must be `kept`.
    ///
    /// # Errors
    /// Those of renaming.
    pub fn rename(&self, old: &Path, new: &Path, kept: Kept) -> Result<()> {
        let _changes = self.changing();
        if old == new {
            return Ok(());
        }
        let there = self.entry(new).ok();
        if kept == Kept::Yes && (there.is_some() || self.spool(new).is_some()) {
            return Err(Errno::EXIST.into());
        }
        let there_is_folder = there.as_ref().is_some_and(|entry| entry.kind == Kind::Folder);
        let spool = self.spool(old);
        let entry = match &spool {
            Some(_) => None,
            None => Some(self.entry(old)?),
        };
        let is_folder = entry.as_ref().is_some_and(|entry| entry.kind == Kind::Folder);
        match (is_folder, there_is_folder) {
            (true, false) if there.is_some() || self.spool(new).is_some() => {
                return Err(Errno::NOTDIR.into());
            }
            (true, _) => return self.rename_folder(old, new),
            (false, true) => return Err(Errno::ISDIR.into()),
            (false, false) => check_name(new)?,
        }
        if let Some(replaced) = locked(&self.spools).remove(new) {
            let mut state = locked(&replaced.state);
            state.is_gone = true;
            std::fs::remove_file(&state.at)?;
        }
        match (spool, entry) {
            (Some(spool), _) => self.rename_spool(&spool, new),
            (_, Some(entry)) => self.rename_file(&entry, new),
            (None, None) => Err(Errno::NOENT.into()),
        }
    }

    fn rename_folder(&self, old: &Path, new: &Path) -> Result<()> {
        check_length(new)?;
        std::fs::rename(self.root.join(old), self.root.join(new))?;
        let mut spools = locked(&self.spools);
        let below: Vec<PathBuf> = spools.keys().filter(|path| path.starts_with(old)).cloned().collect();
        for path in below {
            let Some(spool) = spools.remove(&path) else { continue };
            let Ok(rest) = path.strip_prefix(old) else { continue };
            let mut state = locked(&spool.state);
            state.shown = new.join(rest);
            if let Ok(rest) = state.at.strip_prefix(self.root.join(old)) {
                state.at = self.root.join(new).join(rest);
            }
            let shown = state.shown.clone();
            drop(state);
            spools.insert(shown, spool);
        }
        drop(spools);
        // What waits there is known by its old name.
        self.queue_closed(new)
    }

    /// A file that is open keeps being written, and gets the new name when it would have got the old one.
    fn rename_spool(&self, spool: &Arc<Spool>, new: &Path) -> Result<()> {
        let mut state = locked(&spool.state);
        let target = self.place_of(new);
        if state.is_named || state.is_dirty {
            self.take_place(&state.at, &target, new, &spool.file)?;
            (state.at, state.is_named, state.is_dirty, state.is_changed) = (target, true, false, true);
        } else {
            // Open for writing, not written to: what is renamed is what lies beneath.
            let beneath = self.entry(&state.shown)?;
            self.rename_file(&beneath, new)?;
        }
        let mut spools = locked(&self.spools);
        spools.remove(&state.shown);
        state.shown = new.to_path_buf();
        spools.insert(new.to_path_buf(), spool.clone());
        Ok(())
    }

    fn rename_file(&self, entry: &Entry, new: &Path) -> Result<()> {
        let name = new.file_name().unwrap_or_default();
        let format = match entry.kind {
            Kind::Packed => Some(tintype::files::PictureFormat::Jpeg),
            Kind::Decoded(format) => Some(format),
            _ => None,
        };
        let old = File::open(&entry.path)?;
        if format.is_none() {
            self.take_place(&entry.path, &self.place_of(new), new, &old)?;
            if self.packs(name) {
                self.queue(new);
            }
            return Ok(());
        }
        let target = self.folder_of(new).join(with_more(name, "tin"));
        if format == format_of(name) && target.file_name().is_some_and(|name| name.len() <= 255) {
            let replaced = self.entry(new).ok();
            let is_other = replaced.as_ref().is_none_or(|replaced| replaced.path != target);
            if is_other && target.exists() {
                // Another picture lies there that is shown by another name.
                return Err(Errno::EXIST.into());
            }
            return self.take_place(&entry.path, &target, new, &old);
        }
        // A name that no `.tin` file is shown by: it becomes the file that it was shown as.
        let (file, at) = self.new_file(&self.folder_of(new))?;
        let filled = self.filled(&file, entry, false).and_then(|()| {
            file.set_modified(old.metadata()?.modified()?)?;
            file.sync_data()?;
            self.take_place(&at, &self.place_of(new), new, &file)
        });
        filled.inspect_err(|_| drop(std::fs::remove_file(&at)))?;
        std::fs::remove_file(&entry.path)
    }

    /// Cuts or lengthens a file.
    ///
    /// # Errors
    /// As [`Tree::write`].
    pub fn truncate(&self, shown: &Path, len: u64) -> Result<()> {
        let truncated = if len == 0 { Truncated::Yes } else { Truncated::No };
        let spool = self.write(shown, truncated, None)?;
        let done = spool.set_len(len);
        done.and(self.release(&spool))
    }

    /// Does `work` with the file beneath a name, which nobody moves meanwhile.
    ///
    /// # Errors
    /// Those of `work`; if there is no such name.
    pub fn with_file<T>(&self, shown: &Path, work: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
        let _changes = self.changing();
        match self.spool(shown) {
            Some(spool) => {
                let at = locked(&spool.state).at.clone();
                work(&at)
            }
            None => work(&self.entry(shown)?.path),
        }
    }
}

/// Whether a file is opened without what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truncated {
    /// It is empty then.
    Yes,
    /// It holds what it held.
    No,
}

/// Whether what has the new name already stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It stays, and the renaming fails.
    Yes,
    /// It goes.
    No,
}

impl Spool {
    /// Writes bytes at `offset`.
    ///
    /// # Errors
    /// Those of the file system beneath.
    pub fn put(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.change(|file| file.write_all_at(bytes, offset))
    }

    /// Cuts or lengthens it.
    ///
    /// # Errors
    /// Those of the file system beneath.
    pub fn set_len(&self, len: u64) -> Result<()> {
        self.change(|file| file.set_len(len))
    }

    fn change(&self, work: impl FnOnce(&File) -> Result<()>) -> Result<()> {
        // What is half written is changed too.
        let mut state = locked(&self.state);
        (state.is_dirty, state.is_changed) = (true, true);
        drop(state);
        work(&self.file)
    }

    /// Up to `len` bytes from `offset` on.
    ///
    /// # Errors
    /// Those of the file system beneath.
    pub fn get(&self, offset: u64, len: usize) -> Result<Vec<u8>> {
        part_of(&self.file, offset, len)
    }

    /// Size and more, whatever its name is now.
    ///
    /// # Errors
    /// Those of the file system beneath.
    pub fn facts(&self) -> Result<Facts> {
        let data = self.file.metadata()?;
        Ok((data.len(), data))
    }

    /// Brings it to the disk.
    ///
    /// # Errors
    /// Those of the file system beneath.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_all()
    }
}

fn part_of(file: &File, offset: u64, len: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    let mut filled = 0;
    while filled < len {
        match file.read_at(&mut bytes[filled..], offset + filled as u64)? {
            0 => break,
            count => filled += count,
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Whether a file can be written by this name.
fn check_name(shown: &Path) -> Result<()> {
    check_length(shown)?;
    // It would be shown by another name.
    if is_tin(shown.file_name().unwrap_or_default()) { Err(Errno::PERM.into()) } else { Ok(()) }
}

fn check_length(shown: &Path) -> Result<()> {
    let name = shown.file_name().unwrap_or_default();
    match name.len() > NAME_BYTES_MAX {
        true => Err(Errno::NAMETOOLONG.into()),
        false if is_ours(name) => Err(Errno::PERM.into()),
        false => Ok(()),
    }
}
