//! What becomes of files that are written, without a kernel in between.

use super::names::closed_path;
use super::tree::{Kept, Owner, Truncated};
use super::*;
use std::sync::mpsc::{Receiver, channel};
use tintype::{Encoder, Picture};

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata");
const OWN: Owner = Owner { mode: 0o640, user: u32::MAX, group: u32::MAX };

struct Folder {
    place: tempfile::TempDir,
    tree: Tree,
    jobs: Receiver<PathBuf>,
}

fn options() -> Options {
    Options {
        others_as: PictureFormat::Png,
        cache_bytes_max: 1 << 20,
        access: Access::Write,
        packs_png: true,
        effort: 1,
    }
}

impl Folder {
    fn new() -> Self {
        Self::over(tempfile::tempdir().unwrap(), options())
    }

    fn over(place: tempfile::TempDir, options: Options) -> Self {
        let (sender, jobs) = channel();
        let tree = Tree::new(place.path().to_path_buf(), options, Some(sender));
        Self { place, tree, jobs }
    }

    /// As a program that is killed, and the mount that follows.
    fn killed(self) -> Self {
        let next = Self::over(self.place, options());
        next.tree.recover().unwrap();
        next
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let spool = self.tree.write(Path::new(name), Truncated::Yes, Some(OWN)).unwrap();
        spool.put(0, bytes).unwrap();
        self.tree.commit(&spool).unwrap();
        self.tree.release(&spool).unwrap();
    }

    fn pack(&self) {
        for job in self.jobs.try_iter() {
            self.tree.pack(&job).unwrap();
        }
    }

    fn get(&self, name: &str) -> Option<Vec<u8>> {
        let reading = self.tree.open(Path::new(name)).ok()?;
        Some(self.tree.read(&reading, 0, 1 << 26).unwrap())
    }

    fn shown(&self) -> Vec<String> {
        let names = self.tree.list(Path::new("")).unwrap().into_keys();
        names.map(|name| name.into_string().unwrap()).collect()
    }

    fn beneath(&self) -> Vec<String> {
        let items = std::fs::read_dir(self.place.path()).unwrap();
        let mut names: Vec<String> =
            items.map(|item| item.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn rename(&self, old: &str, new: &str) -> std::io::Result<()> {
        self.tree.rename(Path::new(old), Path::new(new), Kept::No)
    }
}

fn jpeg(number: usize) -> Vec<u8> {
    let names = ["baseline_420.jpg", "progressive_444.jpg"];
    std::fs::read(format!("{TESTDATA}/jpeg/{}", names[number])).unwrap()
}

#[test]
fn a_jpeg_is_there_from_its_closing_on_and_packed_after() {
    let folder = Folder::new();
    folder.put("a.jpg", &jpeg(0));
    assert_eq!(folder.beneath(), [".a.jpg.tintype-closed"]);
    assert_eq!(folder.get("a.jpg"), Some(jpeg(0)));
    folder.pack();
    assert_eq!((folder.beneath(), folder.shown()), (vec!["a.jpg.tin".into()], vec!["a.jpg".into()]));
    assert_eq!(folder.get("a.jpg"), Some(jpeg(0)));
    let (size, data) = folder.tree.facts(Path::new("a.jpg")).unwrap();
    assert_eq!((size, data.mode() & 0o777), (jpeg(0).len() as u64, 0o640));
    assert!(data.len() < size);
}

#[test]
fn what_was_closed_survives_a_kill_and_the_next_mount_packs_it() {
    let folder = Folder::new();
    folder.put("old.jpg", &jpeg(1));
    folder.pack();
    folder.put("a.jpg", &jpeg(0));
    // One that is written over a packed one, and one that is new; neither is closed.
    for name in ["old.jpg", "new.jpg"] {
        let spool = folder.tree.write(Path::new(name), Truncated::Yes, Some(OWN)).unwrap();
        spool.put(0, b"half").unwrap();
        assert_eq!(folder.get(name).unwrap(), b"half", "readers see what is written");
    }
    let folder = folder.killed();
    assert_eq!(folder.shown(), ["a.jpg", "old.jpg"]);
    folder.pack();
    assert_eq!(folder.beneath(), ["a.jpg.tin", "old.jpg.tin"]);
    assert_eq!((folder.get("a.jpg"), folder.get("old.jpg")), (Some(jpeg(0)), Some(jpeg(1))));
}

#[test]
fn a_kill_between_the_new_name_and_the_end_of_the_old_file_shows_the_new() {
    let folder = Folder::new();
    // As `encode` names results, and another file of the same name.
    std::fs::write(folder.place.path().join("a.tin"), Encoder::new().pack_jpeg(&jpeg(1)).unwrap())
        .unwrap();
    std::fs::write(closed_path(folder.place.path(), OsStr::new("a.jpg")), jpeg(0)).unwrap();
    let folder = folder.killed();
    assert_eq!((folder.shown(), folder.get("a.jpg")), (vec!["a.jpg".into()], Some(jpeg(0))));
    assert_eq!(folder.get("a.tin"), None);
    folder.pack();
    assert_eq!((folder.beneath(), folder.get("a.jpg")), (vec!["a.tin".into()], Some(jpeg(0))));

    std::fs::write(closed_path(folder.place.path(), OsStr::new("a.jpg")), jpeg(1)).unwrap();
    folder.tree.remove(Path::new("a.jpg")).unwrap();
    assert_eq!(folder.beneath(), [""; 0], "nothing old comes back");
}

#[test]
fn what_is_no_picture_or_does_not_get_smaller_stays_as_it_is() {
    let folder = Folder::new();
    folder.put("broken.jpg", b"no such file");
    folder.put("empty.png", b"");
    folder.put("notes.txt", b"hello");
    let mut cut = jpeg(0);
    cut.truncate(30);
    folder.put("cut.jpg", &cut);
    folder.pack();
    assert_eq!(folder.beneath(), ["broken.jpg", "cut.jpg", "empty.png", "notes.txt"]);
    assert_eq!(
        (folder.get("broken.jpg").unwrap(), folder.get("cut.jpg")),
        (b"no such file".into(), Some(cut))
    );
    // Mended in place, it is packed.
    let spool = folder.tree.write(Path::new("broken.jpg"), Truncated::No, None).unwrap();
    spool.put(0, &jpeg(0)).unwrap();
    folder.tree.release(&spool).unwrap();
    folder.pack();
    assert_eq!(folder.get("broken.jpg"), Some(jpeg(0)));
    assert!(folder.beneath().contains(&"broken.jpg.tin".to_string()));
    // Names that would be shown by others, or that are ours.
    for name in ["x.tin", ".tintype-open-1", ".a.jpg.tintype-closed", &"x".repeat(250)] {
        assert!(folder.tree.write(Path::new(name), Truncated::Yes, Some(OWN)).is_err(), "{name}");
    }
}

#[test]
fn a_png_is_packed_if_all_of_it_comes_back() {
    let samples: Vec<u8> = (0..40 * 30 * 3).map(|i| (i / 7 % 251) as u8).collect();
    let picture = Picture::from_rgb8(40, 30, &samples).unwrap();
    let png = tintype::files::write_picture(PictureFormat::Png, &picture).unwrap();
    let folder = Folder::new();
    folder.put("a.png", &png);
    folder.pack();
    assert_eq!((folder.beneath(), folder.shown()), (vec!["a.png.tin".into()], vec!["a.png".into()]));
    let back = folder.get("a.png").unwrap();
    assert_eq!(tintype::files::read_picture(&back, &Default::default()).unwrap().picture, picture);

    let kept = Folder::over(tempfile::tempdir().unwrap(), Options { packs_png: false, ..options() });
    kept.put("a.png", &png);
    assert_eq!((kept.beneath(), kept.get("a.png")), (vec!["a.png".into()], Some(png)));
}

#[test]
fn pictures_of_other_codecs_are_png_or_jpeg() {
    let folder = Folder::over(
        tempfile::tempdir().unwrap(),
        Options { others_as: PictureFormat::Jpeg, ..options() },
    );
    let put = |name: &str, picture: &Picture| {
        let tin = Encoder::lossless().encode(picture).unwrap();
        std::fs::write(folder.place.path().join(name), tin).unwrap();
    };
    put("plain.tin", &Picture::from_gray8(20, 10, &[90; 200]).unwrap());
    put("had.png.tin", &Picture::from_gray8(20, 10, &[90; 200]).unwrap());
    put("clear.tin", &Picture::from_rgba8(10, 10, &[90; 400]).unwrap());
    put("deep.tin", &Picture::from_gray16(20, 10, &[900; 200]).unwrap());
    assert_eq!(folder.shown(), ["clear.png", "deep.png", "had.png.jpg", "plain.jpg"]);
    assert!(folder.get("plain.jpg").unwrap().starts_with(b"\xff\xd8"));
    assert!(folder.get("clear.png").unwrap().starts_with(b"\x89PNG"));
    // Renamed as a JPEG file it stays a picture of its codec.
    folder.rename("plain.jpg", "other.jpg").unwrap();
    assert!(folder.beneath().contains(&"other.jpg.tin".to_string()));
    assert!(folder.get("other.jpg").unwrap().starts_with(b"\xff\xd8"));
}

#[test]
fn renaming_moves_what_lies_beneath_and_replaces_what_was_there() {
    let folder = Folder::new();
    folder.put("a.jpg", &jpeg(0));
    folder.put("b.jpg", &jpeg(1));
    folder.pack();
    folder.rename("a.jpg", "b.jpg").unwrap();
    assert_eq!((folder.beneath(), folder.get("b.jpg")), (vec!["b.jpg.tin".into()], Some(jpeg(0))));
    // Away from its extension it is the JPEG file itself, and back it is packed again.
    folder.rename("b.jpg", "b.jpg~").unwrap();
    assert_eq!((folder.beneath(), folder.get("b.jpg~")), (vec!["b.jpg~".into()], Some(jpeg(0))));
    folder.rename("b.jpg~", "c.jpg").unwrap();
    folder.pack();
    assert_eq!((folder.beneath(), folder.get("c.jpg")), (vec!["c.jpg.tin".into()], Some(jpeg(0))));
    // As rsync does: a hidden name first.
    folder.put(".c.jpg.Xy12", &jpeg(1));
    folder.rename(".c.jpg.Xy12", "c.jpg").unwrap();
    folder.pack();
    assert_eq!((folder.beneath(), folder.get("c.jpg")), (vec!["c.jpg.tin".into()], Some(jpeg(1))));
    // Folders with all that is in them, packed or waiting.
    folder.tree.make_folder(Path::new("one"), Owner { mode: 0o755, ..OWN }).unwrap();
    folder.put("one/x.jpg", &jpeg(0));
    let open = folder.tree.write(Path::new("one/y.jpg"), Truncated::Yes, Some(OWN)).unwrap();
    folder.rename("one", "two").unwrap();
    open.put(0, &jpeg(1)).unwrap();
    folder.tree.release(&open).unwrap();
    folder.pack();
    assert_eq!((folder.get("two/x.jpg"), folder.get("two/y.jpg")), (Some(jpeg(0)), Some(jpeg(1))));
    assert!(folder.rename("two", "c.jpg").is_err() && folder.rename("c.jpg", "two").is_err());
    let kept = folder.tree.rename(Path::new("two/x.jpg"), Path::new("two/y.jpg"), Kept::Yes);
    assert_eq!(kept.unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
}

#[test]
fn an_open_file_outlives_its_name() {
    let folder = Folder::new();
    folder.put("a.jpg", &jpeg(0));
    folder.pack();
    let reading = folder.tree.open(Path::new("a.jpg")).unwrap();
    let writing = folder.tree.write(Path::new("a.jpg"), Truncated::No, None).unwrap();
    writing.put(0, b"x").unwrap();
    folder.tree.remove(Path::new("a.jpg")).unwrap();
    assert_eq!(folder.beneath(), [""; 0]);
    assert_eq!(folder.tree.read(&reading, 0, 1 << 30).unwrap(), jpeg(0));
    assert_eq!(writing.get(0, 1).unwrap(), b"x");
    folder.tree.release(&writing).unwrap();
    assert_eq!(folder.beneath(), [""; 0], "closing it does not bring it back");
}

#[test]
fn cutting_and_writing_into_a_packed_file_changes_its_bytes() {
    let folder = Folder::new();
    folder.put("a.jpg", &jpeg(0));
    folder.pack();
    folder.tree.truncate(Path::new("a.jpg"), 30).unwrap();
    folder.pack();
    assert_eq!(
        (folder.beneath(), folder.get("a.jpg")),
        (vec!["a.jpg".into()], Some(jpeg(0)[..30].into()))
    );
    folder.tree.truncate(Path::new("a.jpg"), 0).unwrap();
    assert_eq!(folder.get("a.jpg"), Some(Vec::new()));
    // Opened for writing and closed without a change, nothing changes.
    folder.put("b.jpg", &jpeg(1));
    folder.pack();
    let before = folder.beneath();
    let open = folder.tree.write(Path::new("b.jpg"), Truncated::No, None).unwrap();
    folder.tree.release(&open).unwrap();
    folder.pack();
    assert_eq!((folder.beneath(), folder.get("b.jpg")), (before, Some(jpeg(1))));
}

#[test]
fn a_file_that_is_written_to_while_it_is_packed_waits_again() {
    let folder = Folder::new();
    folder.put("a.jpg", &jpeg(0));
    let open = folder.tree.write(Path::new("a.jpg"), Truncated::No, None).unwrap();
    folder.pack();
    assert_eq!(folder.beneath(), [".a.jpg.tintype-closed"], "it is open");
    open.put(0, &jpeg(1)).unwrap();
    open.set_len(jpeg(1).len() as u64).unwrap();
    folder.tree.release(&open).unwrap();
    folder.pack();
    assert_eq!((folder.beneath(), folder.get("a.jpg")), (vec!["a.jpg.tin".into()], Some(jpeg(1))));
}
