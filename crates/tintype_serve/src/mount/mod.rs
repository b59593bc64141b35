//! A folder of `.tin` files as a file system of the pictures that they hold: packed JPEG files byte for byte under their old
//! names, other pictures as PNG or JPEG. Pictures that are written to it are packed.
//!
//! In: a folder. Out: what the kernel asks of a file system (FUSE). A picture is decoded when its size or its
//! bytes are asked for, once; what was decoded last is kept, up to a bound. Files that are no `.tin` files, or damaged ones, show as
//! they are. What a name stands for is told by `names.rs`, what becomes of what is written by `tree.rs` and `pack.rs`.

mod decoded;
mod names;
mod numbers;
mod pack;
#[cfg(test)]
mod tests;
mod tree;

pub use names::{Entry, Kind, Names};
pub use pack::work;
pub use tree::Tree;

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    InitFlags, KernelConfig, LockOwner, OpenAccMode, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate,
    ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request,
    TimeOrNow, WriteFlags,
};
use numbers::Numbers;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tintype::files::PictureFormat;
use tree::{Facts, Kept, Owner, Reading, Spool, Truncated};

/// How long the kernel may believe what it was told.
const BELIEVED: Duration = Duration::from_secs(1);

/// How a folder is shown, and what becomes of what is written to it.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// PNG or JPEG, for pictures that are no packed JPEG files.
    pub others_as: PictureFormat,
    /// Bytes of decoded files that are kept in memory.
    pub cache_bytes_max: usize,
    /// Whether files can be written.
    pub access: Access,
    /// Whether PNG files that are written are packed, too.
    pub packs_png: bool,
    /// How hard to pack, 1 to 9.
    pub effort: u8,
}

/// What can be done with a mounted folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Files can be read.
    Read,
    /// Files can be written, too.
    Write,
}

impl Options {
    fn packs(&self, format: Option<PictureFormat>) -> bool {
        format == Some(PictureFormat::Jpeg) || (self.packs_png && format == Some(PictureFormat::Png))
    }
}

/// Which state of a file something was made of: its number, bytes, time.
type Stamp = (u64, u64, i64, i64);

fn stamp_of(data: &Metadata) -> Stamp {
    (data.ino(), data.len(), data.mtime(), data.mtime_nsec())
}

fn stamp(path: &Path) -> std::io::Result<Stamp> {
    std::fs::metadata(path).map(|data| stamp_of(&data))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file that is open.
#[derive(Clone)]
enum Handle {
    Reading(Arc<Reading>),
    Writing(Arc<Spool>),
    /// A folder as it was when it was opened, so that who removes files while he reads it meets each.
    Listing(Arc<Vec<(u64, FileType, OsString)>>),
}

#[derive(Default)]
struct Handles {
    open: HashMap<u64, Handle>,
    last: u64,
}

/// The file system.
pub struct PackedFolder {
    tree: Arc<Tree>,
    access: Access,
    numbers: Mutex<Numbers>,
    handles: Mutex<Handles>,
}

type Done<T> = Result<T, Errno>;

impl PackedFolder {
    /// Shows `tree`.
    pub fn new(tree: Arc<Tree>, access: Access) -> Self {
        let numbers = Mutex::new(Numbers::new());
        Self { tree, access, numbers, handles: Mutex::default() }
    }

    fn path(&self, number: INodeNo) -> Done<PathBuf> {
        locked(&self.numbers).path(number.into()).map(Path::to_path_buf).ok_or(Errno::ENOENT)
    }

    fn child(&self, parent: INodeNo, name: &OsStr) -> Done<PathBuf> {
        Ok(self.path(parent)?.join(name))
    }

    fn opened(&self, handle: Handle) -> FileHandle {
        let mut handles = locked(&self.handles);
        handles.last += 1;
        let number = handles.last;
        handles.open.insert(number, handle);
        FileHandle(number)
    }

    fn handle(&self, handle: FileHandle) -> Done<Handle> {
        locked(&self.handles).open.get(&handle.0).cloned().ok_or(Errno::EBADF)
    }

    fn writing(&self, handle: FileHandle) -> Done<Arc<Spool>> {
        match self.handle(handle)? {
            Handle::Writing(spool) => Ok(spool),
            _ => Err(Errno::EBADF),
        }
    }

    fn listing(&self, number: INodeNo) -> Done<Vec<(u64, FileType, OsString)>> {
        let path = self.path(number)?;
        let names = self.tree.list(&path)?;
        let kind = |is_folder| if is_folder { FileType::Directory } else { FileType::RegularFile };
        let own = [".", ".."].map(|name| (u64::from(number), kind(true), OsString::from(name)));
        let items = names.into_iter().map(|(name, is_folder)| {
            (locked(&self.numbers).number(&path.join(&name)), kind(is_folder), name)
        });
        Ok(own.into_iter().chain(items).collect())
    }

    /// What the kernel is told of a name.
    fn attributes(&self, path: &Path) -> Done<FileAttr> {
        let facts = self.tree.facts(path)?;
        let number = locked(&self.numbers).number(path);
        Ok(self.attributes_of(number, &facts))
    }

    fn attributes_of(&self, number: u64, (size, data): &Facts) -> FileAttr {
        let seconds = |seconds: i64| UNIX_EPOCH + Duration::from_secs(seconds.max(0) as u64);
        let changed = seconds(data.mtime()) + Duration::from_nanos(data.mtime_nsec().max(0) as u64);
        let allowed = match self.access {
            Access::Write => 0o7777,
            Access::Read if data.is_dir() => 0o555,
            Access::Read => 0o444,
        };
        FileAttr {
            ino: INodeNo(number),
            size: *size,
            blocks: size.div_ceil(512),
            atime: changed,
            mtime: changed,
            ctime: seconds(data.ctime()),
            crtime: changed,
            kind: if data.is_dir() { FileType::Directory } else { FileType::RegularFile },
            perm: (data.mode() & allowed) as u16,
            nlink: if data.is_dir() { 2 } else { 1 },
            uid: data.uid(),
            gid: data.gid(),
            rdev: 0,
            blksize: 4096,
            flags: 0,
        }
    }

    fn changed_attributes(&self, number: INodeNo, changes: &Changes) -> Done<FileAttr> {
        let spool = changes.handle.and_then(|handle| self.writing(handle).ok());
        if let (Some(spool), Some(len)) = (&spool, changes.size) {
            spool.set_len(len)?;
        }
        let path = match (self.path(number), &spool) {
            (Ok(path), _) => path,
            // It was removed while it was open.
            (Err(_), Some(spool)) => return Ok(self.attributes_of(number.into(), &spool.facts()?)),
            (Err(error), None) => return Err(error),
        };
        if let (None, Some(len)) = (&spool, changes.size) {
            self.tree.truncate(&path, len)?;
        }
        self.tree.with_file(&path, |file| changes.make(file))?;
        self.attributes(&path)
    }

    fn open_file(&self, number: INodeNo, flags: OpenFlags) -> Done<FileHandle> {
        let path = self.path(number)?;
        if flags.acc_mode() == OpenAccMode::O_RDONLY {
            return Ok(self.opened(Handle::Reading(Arc::new(self.tree.open(&path)?))));
        }
        let spool = self.tree.write(&path, truncated(flags.0), None)?;
        Ok(self.opened(Handle::Writing(spool)))
    }

    fn removed(
        &self,
        parent: INodeNo,
        name: &OsStr,
        remove: fn(&Tree, &Path) -> std::io::Result<()>,
    ) -> Done<()> {
        let path = self.child(parent, name)?;
        remove(&self.tree, &path)?;
        locked(&self.numbers).removed(&path);
        Ok(())
    }

    fn renamed(&self, old: &Path, new: &Path, flags: RenameFlags) -> Done<()> {
        #[cfg(target_os = "linux")]
        let (keeps, others) =
            (flags.contains(RenameFlags::RENAME_NOREPLACE), flags - RenameFlags::RENAME_NOREPLACE);
        #[cfg(not(target_os = "linux"))]
        let (keeps, others) = (false, flags);
        if !others.is_empty() {
            return Err(Errno::EINVAL);
        }
        self.tree.rename(old, new, if keeps { Kept::Yes } else { Kept::No })?;
        locked(&self.numbers).moved(old, new);
        Ok(())
    }
}

/// What is to be changed of a file.
struct Changes {
    handle: Option<FileHandle>,
    size: Option<u64>,
    mode: Option<u32>,
    user: Option<u32>,
    group: Option<u32>,
    times: [Option<TimeOrNow>; 2],
}

impl Changes {
    fn make(&self, file: &Path) -> std::io::Result<()> {
        if let Some(mode) = self.mode {
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode & 0o7777))?;
        }
        if self.user.is_some() || self.group.is_some() {
            std::os::unix::fs::chown(file, self.user, self.group)?;
        }
        if self.times.iter().all(Option::is_none) {
            return Ok(());
        }
        let [last_access, last_modification] = self.times.map(timespec);
        let times = rustix::fs::Timestamps { last_access, last_modification };
        let flags = rustix::fs::AtFlags::empty();
        Ok(rustix::fs::utimensat(rustix::fs::CWD, file, &times, flags)?)
    }
}

/// A time as the system takes it; none is left as it is.
fn timespec(time: Option<TimeOrNow>) -> rustix::fs::Timespec {
    let (tv_sec, tv_nsec) = match time {
        None => (0, rustix::fs::UTIME_OMIT as _),
        Some(TimeOrNow::Now) => (0, rustix::fs::UTIME_NOW as _),
        Some(TimeOrNow::SpecificTime(time)) => {
            let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
            (since.as_secs() as _, since.subsec_nanos() as _)
        }
    };
    rustix::fs::Timespec { tv_sec, tv_nsec }
}

fn truncated(flags: i32) -> Truncated {
    let flags = rustix::fs::OFlags::from_bits_retain(flags as _);
    if flags.contains(rustix::fs::OFlags::TRUNC) { Truncated::Yes } else { Truncated::No }
}

fn owner(request: &Request, mode: u32) -> Owner {
    Owner { mode, user: request.uid(), group: request.gid() }
}

/// Answers a request that has no answer but that it is done.
fn tell(done: Done<()>, reply: ReplyEmpty) {
    match done {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

impl Filesystem for PackedFolder {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> std::io::Result<()> {
        // A file that is replaced need not be decoded to be emptied. Kernels that cannot do so ask to cut it after.
        let _ = config.add_capabilities(InitFlags::FUSE_ATOMIC_O_TRUNC);
        Ok(())
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.child(parent, name).and_then(|path| self.attributes(&path)) {
            Ok(attributes) => reply.entry(&BELIEVED, &attributes, Generation(0)),
            Err(error) => reply.error(error),
        }
    }

    fn getattr(&self, _: &Request, number: INodeNo, handle: Option<FileHandle>, reply: ReplyAttr) {
        let found = self.path(number).and_then(|path| self.attributes(&path)).or_else(|error| {
            // It may be open, and its name gone.
            let facts = match handle.map(|handle| self.handle(handle)) {
                Some(Ok(Handle::Writing(spool))) => spool.facts()?,
                Some(Ok(Handle::Reading(reading))) => self.tree.facts_of(&reading)?,
                _ => return Err(error),
            };
            Ok(self.attributes_of(number.into(), &facts))
        });
        match found {
            Ok(attributes) => reply.attr(&BELIEVED, &attributes),
            Err(error) => reply.error(error),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        number: INodeNo,
        mode: Option<u32>,
        user: Option<u32>,
        group: Option<u32>,
        size: Option<u64>,
        accessed: Option<TimeOrNow>,
        modified: Option<TimeOrNow>,
        _: Option<SystemTime>,
        handle: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let changes = Changes { handle, size, mode, user, group, times: [accessed, modified] };
        match self.changed_attributes(number, &changes) {
            Ok(attributes) => reply.attr(&BELIEVED, &attributes),
            Err(error) => reply.error(error),
        }
    }

    fn open(&self, _: &Request, number: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        match self.open_file(number, flags) {
            Ok(handle) => reply.opened(handle, FopenFlags::empty()),
            Err(error) => reply.error(error),
        }
    }

    fn create(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _: u32,
        flags: i32,
        reply: ReplyCreate,
    ) {
        let made = self.child(parent, name).and_then(|path| {
            let spool = self.tree.write(&path, truncated(flags), Some(owner(request, mode)))?;
            let attributes = self.attributes(&path)?;
            Ok((self.opened(Handle::Writing(spool)), attributes))
        });
        match made {
            Ok((handle, attributes)) => {
                reply.created(&BELIEVED, &attributes, Generation(0), handle, FopenFlags::empty());
            }
            Err(error) => reply.error(error),
        }
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let part = self.handle(handle).and_then(|handle| match handle {
            Handle::Reading(reading) => Ok(self.tree.read(&reading, offset, size as usize)?),
            Handle::Writing(spool) => Ok(spool.get(offset, size as usize)?),
            Handle::Listing(_) => Err(Errno::EISDIR),
        });
        match part {
            Ok(bytes) => reply.data(&bytes),
            Err(error) => reply.error(error),
        }
    }

    fn write(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        bytes: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.writing(handle).and_then(|spool| Ok(spool.put(offset, bytes)?)) {
            Ok(()) => reply.written(bytes.len() as u32),
            Err(error) => reply.error(error),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, handle: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        let done = self.handle(handle).and_then(|handle| match handle {
            Handle::Writing(spool) => Ok(self.tree.commit(&spool)?),
            _ => Ok(()),
        });
        tell(done, reply);
    }

    fn fsync(&self, _: &Request, _: INodeNo, handle: FileHandle, _: bool, reply: ReplyEmpty) {
        let done = self.handle(handle).and_then(|handle| match handle {
            Handle::Writing(spool) => {
                self.tree.commit(&spool)?;
                Ok(spool.sync()?)
            }
            _ => Ok(()),
        });
        tell(done, reply);
    }

    fn release(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        let done = match locked(&self.handles).open.remove(&handle.0) {
            Some(Handle::Writing(spool)) => self.tree.release(&spool).map_err(Errno::from),
            _ => Ok(()),
        };
        tell(done, reply);
    }

    fn mkdir(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _: u32,
        reply: ReplyEntry,
    ) {
        let made = self.child(parent, name).and_then(|path| {
            self.tree.make_folder(&path, owner(request, mode))?;
            self.attributes(&path)
        });
        match made {
            Ok(attributes) => reply.entry(&BELIEVED, &attributes, Generation(0)),
            Err(error) => reply.error(error),
        }
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        tell(self.removed(parent, name, Tree::remove), reply);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        tell(self.removed(parent, name, Tree::remove_folder), reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let paths =
            self.child(parent, name).and_then(|old| Ok((old, self.child(new_parent, new_name)?)));
        tell(paths.and_then(|(old, new)| self.renamed(&old, &new, flags)), reply);
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        match rustix::fs::statvfs(&self.tree.root) {
            Ok(of) => reply.statfs(
                of.f_blocks,
                of.f_bfree,
                of.f_bavail,
                of.f_files,
                of.f_ffree,
                of.f_bsize as u32,
                names::NAME_BYTES_MAX as u32,
                of.f_frsize as u32,
            ),
            Err(error) => reply.error(std::io::Error::from(error).into()),
        }
    }

    fn opendir(&self, _: &Request, number: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        match self.listing(number) {
            Ok(items) => {
                reply.opened(self.opened(Handle::Listing(Arc::new(items))), FopenFlags::empty());
            }
            Err(error) => reply.error(error),
        }
    }

    fn readdir(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let Ok(Handle::Listing(items)) = self.handle(handle) else { return reply.error(Errno::EBADF) };
        for (index, (number, kind, name)) in items.iter().enumerate().skip(offset as usize) {
            if reply.add(INodeNo(*number), index as u64 + 1, *kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn releasedir(&self, _: &Request, _: INodeNo, handle: FileHandle, _: OpenFlags, reply: ReplyEmpty) {
        locked(&self.handles).open.remove(&handle.0);
        reply.ok();
    }
}
