//! Packs what was written to a mounted folder, and what an earlier mount left to be packed.
//!
//! In: files under names of pictures, as they were closed. Out: `.tin` files in their place, once these are on the disk and were decoded and
//! compared. What cannot be packed without loss, or not into fewer bytes, stays as it is.

use super::names::{Kind, OPEN, closed_path, format_of, name_of_closed, with_more};
use super::tree::Tree;
use super::{locked, stamp_of};
use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::{Cursor, ErrorKind, Result, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use tintype::files::{PictureFormat, is_jpeg, read_picture};
use tintype::{DecodeOptions, Decoder, Encoder};

/// What is larger stays as it is: packing holds it in memory.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// The `.tin` file of a picture file named `name`; `None` for one that stays as it is.
pub fn packed(name: &OsStr, file: &[u8], effort: u8) -> Option<Vec<u8>> {
    let encoder = Encoder::lossless().effort(effort).threads(1);
    let tin = match format_of(name)? {
        PictureFormat::Jpeg if is_jpeg(file) => encoder.pack_jpeg(file).ok()?.bytes,
        PictureFormat::Png if file.starts_with(b"\x89PNG") => {
            let read = read_picture(file, &DecodeOptions::new().threads(1)).ok()?;
            let encoded = encoder.encode(&read.picture).ok()?;
            let back = Decoder::new(Cursor::new(&encoded.bytes)).and_then(Decoder::decode).ok()?;
            // What a warning names would be gone.
            let is_whole = read.warnings.is_empty() && encoded.warnings.is_empty();
            if !is_whole || back.picture != read.picture {
                return None;
            }
            encoded.bytes
        }
        _ => return None,
    };
    (tin.len() < file.len()).then_some(tin)
}

/// Packs names until no more come.
pub fn work(tree: &Tree, jobs: &Arc<Mutex<Receiver<std::path::PathBuf>>>) {
    loop {
        let job = locked(jobs).recv();
        let Ok(shown) = job else { return };
        if let Err(error) = tree.pack(&shown) {
            eprintln!(
                "tintype mount: {}: not packed: {error}; the file is whole, and the next mount tries again",
                shown.display()
            );
        }
    }
}

impl Tree {
    /// Packs the file that was closed under this name, if it is there still.
    ///
    /// # Errors
    /// Those of reading and writing; what was closed is there then as it was.
    pub fn pack(&self, shown: &Path) -> Result<()> {
        let folder = self.folder_of(shown);
        let name = shown.file_name().unwrap_or_default();
        let closed = closed_path(&folder, name);
        let file = match File::open(&closed) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            file => file?,
        };
        let data = file.metadata()?;
        let mut made = None;
        if data.len() <= FILE_BYTES_MAX {
            let bytes = super::decoded::whole(&file)?;
            if let Some(tin) = packed(name, &bytes, self.options.effort) {
                made = Some((self.written(&folder, &tin, &data)?, bytes));
            }
        }
        let at = made.as_ref().map(|(at, _)| at.clone());
        let done = self.put_in_place(shown, &closed, &data, made);
        if let Some(at) = at
            && !matches!(done, Ok(true))
        {
            let _ = std::fs::remove_file(at);
        }
        done.map(drop)
    }

    /// A new file of these bytes that is on the disk, and as old as `like`.
    fn written(&self, folder: &Path, tin: &[u8], like: &Metadata) -> Result<std::path::PathBuf> {
        let (mut file, at) = self.new_file(folder)?;
        let filled = file.write_all(tin).and_then(|()| {
            file.set_modified(like.modified()?)?;
            file.sync_all()
        });
        filled.inspect_err(|_| drop(std::fs::remove_file(&at)))?;
        Ok(at)
    }

    /// Puts what was made (its place, and the bytes that it holds) in the place of what was closed, or that under its own name; whether
    /// it did so: not if it was written to or moved meanwhile, and so waits again.
    fn put_in_place(
        &self,
        shown: &Path,
        closed: &Path,
        seen: &Metadata,
        made: Option<(std::path::PathBuf, Vec<u8>)>,
    ) -> Result<bool> {
        use std::os::unix::fs::MetadataExt;

        let _changes = self.changing();
        let now = match std::fs::metadata(closed) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            now => now?,
        };
        if self.spool(shown).is_some() {
            // It waits again once it is closed.
            return Ok(false);
        }
        if stamp_of(&now) != stamp_of(seen) {
            self.queue(shown);
            return Ok(false);
        }
        let folder = self.folder_of(shown);
        let name = shown.file_name().unwrap_or_default();
        // A kill may have left what that file took the place of.
        let old = self.names.find_beneath(&folder, name);
        let Some((at, bytes)) = made else {
            let target = folder.join(name);
            std::fs::rename(closed, &target)?;
            if let Some(old) = old.filter(|old| old.path != target && old.kind != Kind::Folder) {
                std::fs::remove_file(old.path)?;
            }
            return Ok(true);
        };
        let is_packed = |kind: Kind| matches!(kind, Kind::Packed | Kind::Decoded(_));
        let target = match &old {
            Some(old) if is_packed(old.kind) => old.path.clone(),
            _ => folder.join(with_more(name, "tin")),
        };
        if old.as_ref().is_none_or(|old| old.path != target) && target.exists() {
            // It holds another picture, which is shown by another name.
            return Err(std::io::Error::new(
                ErrorKind::AlreadyExists,
                format!("{} is there already", target.display()),
            ));
        }
        std::fs::set_permissions(&at, now.permissions())?;
        let _ = std::os::unix::fs::chown(&at, Some(now.uid()), Some(now.gid()));
        std::fs::rename(&at, &target)?;
        File::open(&folder)?.sync_all()?;
        self.cache.keep(&target, stamp_of(&std::fs::metadata(&target)?), Arc::new(bytes));
        if let Some(old) = old.filter(|old| old.kind == Kind::Plain) {
            std::fs::remove_file(old.path)?;
        }
        std::fs::remove_file(closed)?;
        Ok(true)
    }

    /// Lets everything in a folder and below it wait that was closed and is not packed.
    ///
    /// # Errors
    /// Those of reading folders.
    pub(super) fn queue_closed(&self, shown: &Path) -> Result<()> {
        for item in std::fs::read_dir(self.root.join(shown))? {
            let item = item?;
            let name = item.file_name();
            if item.file_type()?.is_dir() {
                self.queue_closed(&shown.join(&name))?;
            } else if let Some(name) = name_of_closed(&name) {
                self.queue(&shown.join(name));
            }
        }
        Ok(())
    }

    /// Goes on where a mount was killed: what was closed waits to be packed, what was not is removed. How many files were removed.
    ///
    /// # Errors
    /// Those of reading folders and removing files.
    pub fn recover(&self) -> Result<usize> {
        let removed = remove_open(&self.root)?;
        self.queue_closed(Path::new(""))?;
        Ok(removed)
    }
}

fn remove_open(folder: &Path) -> Result<usize> {
    let mut count = 0;
    for item in std::fs::read_dir(folder)? {
        let item = item?;
        if item.file_type()?.is_dir() {
            count += remove_open(&item.path())?;
        } else if item.file_name().as_bytes().starts_with(OPEN.as_bytes()) {
            std::fs::remove_file(item.path())?;
            count += 1;
        }
    }
    Ok(count)
}
