//! The pictures of a folder under their old names: `photo.jpg` from `photo.tin`.
//!
//! In: a path, what the caller accepts, a query. Out: which file answers it, and as what; ranges and tags of answers.

use crate::answers::{Query, TIN};
use crate::refusal::Refusal;
use axum::http::StatusCode;
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;
use tintype::files::PictureFormat;

/// A file that answers a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it lies.
    pub path: PathBuf,
    /// `png` or `jpg` to decode it into; the file itself otherwise.
    pub format: Option<&'static str>,
}

/// The media type of a file that is given as it is.
pub fn media_of(path: &Path) -> &'static str {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    if extension.eq_ignore_ascii_case("tin") {
        return TIN;
    }
    match PictureFormat::from_extension(extension) {
        Some(PictureFormat::Jpeg) => "image/jpeg",
        Some(PictureFormat::Png) => "image/png",
        Some(PictureFormat::WebP) => "image/webp",
        Some(PictureFormat::Tiff) => "image/tiff",
        Some(PictureFormat::Gif) => "image/gif",
        _ => "application/octet-stream",
    }
}

/// Finds the file for `path`, which is percent-decoded and starts with a slash.
///
/// # Errors
/// `404` where there is none, and for paths that lead out of `root`.
pub fn find(root: &Path, path: &str, accept: &str) -> Result<Found, Refusal> {
    let nothing = || Refusal::new(StatusCode::NOT_FOUND, format!("{path}: no such picture"));
    let relative = Path::new(path.trim_start_matches('/'));
    let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
    if !plain || path.contains(['\0', '\\']) || relative.as_os_str().is_empty() {
        return Err(nothing());
    }
    let place = root.join(relative);
    // Links that lead out of the folder are not followed.
    let inside = |path: &Path| {
        let (Ok(root), Ok(real)) = (root.canonicalize(), path.canonicalize()) else { return false };
        real.starts_with(root) && real.is_file()
    };
    let known = media_of(&place) != "application/octet-stream";
    if known && inside(&place) {
        return Ok(Found { path: place, format: None });
    }
    let mut longer = place.clone().into_os_string();
    longer.push(".tin");
    let longer = PathBuf::from(longer);
    let extension = place.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let format = match PictureFormat::from_extension(extension) {
        Some(PictureFormat::Jpeg) => Some("jpg"),
        Some(PictureFormat::Png) => Some("png"),
        _ => None,
    };
    if let Some(format) = format {
        let tin = [longer, place.with_extension("tin")].into_iter().find(|tin| inside(tin));
        return tin.map(|path| Found { path, format: Some(format) }).ok_or_else(nothing);
    }
    if !inside(&longer) {
        return Err(nothing());
    }
    // Without an extension, what the caller likes; the file itself where it is known.
    let format = match accept {
        accept if accept.contains(TIN) => None,
        accept if accept.contains("image/png") => Some("png"),
        accept if accept.contains("image/jpeg") => Some("jpg"),
        _ => Some("png"),
    };
    Ok(Found { path: longer, format })
}

/// A tag that changes with the file and with what is asked of it.
pub fn tag(path: &Path, format: Option<&str>, query: &Query) -> std::io::Result<String> {
    let data = std::fs::metadata(path)?;
    let changed = data.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut words: Vec<String> = query.iter().map(|(key, value)| format!("{key}={value}")).collect();
    words.sort();
    let text = format!("{}|{}|{format:?}|{}", data.len(), changed.as_nanos(), words.join("&"));
    // FNV-1a: not for adversaries, who could only make their own answer stale.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    Ok(format!("\"{hash:016x}\""))
}

/// The part of `len` bytes that `Range: bytes=…` asks for; `None` to give all.
///
/// # Errors
/// `416` for a part that there is not.
pub fn range(header: Option<&str>, len: usize) -> Result<Option<std::ops::Range<usize>>, Refusal> {
    // Several ranges may be answered by all of it (RFC 9110, 14.2).
    let Some(text) = header.and_then(|text| text.strip_prefix("bytes=")).filter(|t| !t.contains(','))
    else {
        return Ok(None);
    };
    let Some((first, last)) = text.split_once('-') else { return Ok(None) };
    let part = match (first.trim().parse::<usize>(), last.trim().parse::<usize>()) {
        (Ok(first), Ok(last)) => first..last.saturating_add(1).min(len),
        (Ok(first), Err(_)) if last.trim().is_empty() => first..len,
        (Err(_), Ok(count)) if first.trim().is_empty() => len.saturating_sub(count)..len,
        _ => return Ok(None),
    };
    if part.is_empty() {
        let what = format!("the range {text} of an answer of {len} bytes");
        return Err(Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, what));
    }
    Ok(Some(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let of = |text| range(Some(text), 100).ok().flatten();
        assert_eq!(of("bytes=0-9"), Some(0..10));
        assert_eq!(of("bytes=90-"), Some(90..100));
        assert_eq!(of("bytes=-5"), Some(95..100));
        assert_eq!(of("bytes=50-500"), Some(50..100));
        assert_eq!(of("bytes=0-1,5-6"), None);
        assert_eq!(of("lines=0-9"), None);
        for beyond in ["bytes=100-", "bytes=7-3", "bytes=-0"] {
            assert!(range(Some(beyond), 100).is_err(), "{beyond}");
        }
    }

    #[test]
    fn names_lead_to_files_inside_the_folder_only() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        std::fs::create_dir_all(root.join("sub")).unwrap();
        std::fs::write(folder.path().join("secret.tin"), b"x").unwrap();
        std::fs::write(root.join("sub/a.tin"), b"x").unwrap();
        std::fs::write(root.join("b.jpg.tin"), b"x").unwrap();
        std::fs::write(root.join("notes.txt"), b"x").unwrap();
        let path = |text, accept| find(&root, text, accept).ok().map(|found| (found.path, found.format));
        assert_eq!(path("/sub/a.jpg", ""), Some((root.join("sub/a.tin"), Some("jpg"))));
        assert_eq!(path("/sub/a.tin", ""), Some((root.join("sub/a.tin"), None)));
        assert_eq!(path("/b.jpg", ""), Some((root.join("b.jpg.tin"), Some("jpg"))));
        assert_eq!(path("/sub/a", "image/x-tintype, */*"), Some((root.join("sub/a.tin"), None)));
        assert_eq!(path("/sub/a", "image/jpeg"), Some((root.join("sub/a.tin"), Some("jpg"))));
        for outside in
            ["/../secret.tin", "/sub/../../secret.tin", "//secret.tin", "/", "/notes.txt", "/c.png"]
        {
            assert_eq!(path(outside, ""), None, "{outside}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(folder.path().join("secret.tin"), root.join("link.tin")).unwrap();
            assert_eq!(path("/link.tin", ""), None);
        }
    }
}
