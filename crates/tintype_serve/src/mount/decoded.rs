//! What `.tin` files hold, as bytes of picture files; the last ones are kept.

use super::names::Kind;
use super::{Stamp, locked, stamp_of};
use std::collections::HashMap;
use std::fs::File;
use std::io::Cursor;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tintype::files::{PictureFormat, write_picture};
use tintype::{Decoder, Error};

/// The bytes of a picture file that `tin`, the bytes of a `.tin` file, is shown as.
///
/// # Errors
/// Those of decoding it.
pub fn content(tin: &[u8], kind: Kind) -> Result<Vec<u8>, Error> {
    let decoder = || Decoder::new(Cursor::new(tin));
    let format = match kind {
        Kind::Decoded(format) => format,
        _ => match decoder()?.unpack_jpeg()? {
            Some(file) => return Ok(file),
            None => PictureFormat::Png,
        },
    };
    Ok(write_picture(format, &decoder()?.decode()?.picture)?)
}

/// All bytes of an open file, wherever other readers of it are.
pub(super) fn whole(file: &File) -> std::io::Result<Vec<u8>> {
    let len = file.metadata()?.len();
    let mut bytes = vec![0; usize::try_from(len).map_err(|_| rustix::io::Errno::FBIG)?];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// What was decoded: bytes of the last files, sizes of all.
pub(super) struct Cache {
    state: Mutex<State>,
    /// One lock a file that is being decoded, so that nobody decodes what somebody else is at.
    busy: Mutex<HashMap<PathBuf, Arc<Mutex<()>>>>,
    bytes_max: usize,
}

#[derive(Default)]
struct State {
    sizes: HashMap<PathBuf, (Stamp, u64)>,
    /// The oldest first.
    kept: Vec<(PathBuf, Stamp, Arc<Vec<u8>>)>,
    kept_bytes: usize,
}

impl Cache {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { state: Mutex::default(), busy: Mutex::default(), bytes_max }
    }

    /// The decoded bytes of the `.tin` file that is open as `file`, from memory if they are there.
    pub(super) fn bytes(&self, path: &Path, file: &File, kind: Kind) -> std::io::Result<Arc<Vec<u8>>> {
        let stamp = stamp_of(&file.metadata()?);
        if let Some(bytes) = self.kept(path, stamp) {
            return Ok(bytes);
        }
        let turn = locked(&self.busy).entry(path.to_path_buf()).or_default().clone();
        let _turn = locked(&turn);
        if let Some(bytes) = self.kept(path, stamp) {
            return Ok(bytes);
        }
        let decoded = content(&whole(file)?, kind);
        locked(&self.busy).remove(path);
        let bytes = Arc::new(decoded.map_err(|error| {
            eprintln!("tintype mount: {}: {error}", path.display());
            std::io::Error::from(rustix::io::Errno::IO)
        })?);
        self.keep(path, stamp, bytes.clone());
        Ok(bytes)
    }

    /// Keeps the bytes that the file at `path` holds, in the state of `stamp`.
    pub(super) fn keep(&self, path: &Path, stamp: Stamp, bytes: Arc<Vec<u8>>) {
        let mut state = locked(&self.state);
        state.sizes.insert(path.to_path_buf(), (stamp, bytes.len() as u64));
        state.kept_bytes += bytes.len();
        state.kept.push((path.to_path_buf(), stamp, bytes));
        while state.kept_bytes > self.bytes_max && state.kept.len() > 1 {
            let (.., old) = state.kept.remove(0);
            state.kept_bytes -= old.len();
        }
    }

    fn kept(&self, path: &Path, stamp: Stamp) -> Option<Arc<Vec<u8>>> {
        let mut state = locked(&self.state);
        let at = state.kept.iter().position(|(of, when, _)| of == path && *when == stamp)?;
        let found = state.kept.remove(at);
        let bytes = found.2.clone();
        state.kept.push(found);
        Some(bytes)
    }

    /// How many bytes the file holds when decoded.
    pub(super) fn size(&self, path: &Path, kind: Kind) -> std::io::Result<u64> {
        let stamp = super::stamp(path)?;
        let known = locked(&self.state).sizes.get(path).filter(|(of, _)| *of == stamp).map(|(_, n)| *n);
        match known {
            Some(size) => Ok(size),
            None => Ok(self.bytes(path, &File::open(path)?, kind)?.len() as u64),
        }
    }
}
