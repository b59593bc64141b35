//! No file is lost: what stood there stays, names that clash are kept apart, what was left out is named.

mod folder;

use folder::{Folder, ppm};

#[test]
fn decode_never_replaces_the_original() {
    let folder = Folder::new();
    let photo = folder.photo("photo.ppm");
    folder.ok(&["encode", "photo.ppm", "-q", "50"]);
    folder.ok(&["decode", "photo.tin"]);
    let first = folder.read("photo.png");

    // The same command again finds its own result.
    folder.ok(&["decode", "photo.tin"]);
    assert_eq!(folder.read("photo.png"), first);
    assert!(!folder.path("photo.tin.png").exists());

    // Now photo.png is an original of its own.
    folder.write("photo.png", b"an original");
    folder.ok(&["decode", "photo.tin"]);
    assert_eq!(folder.read("photo.png"), b"an original");
    assert_eq!(folder.read("photo.tin.png"), first);
    assert_eq!(folder.read("photo.ppm"), photo);

    folder.ok(&["decode", "photo.tin", "--force"]);
    assert_eq!(folder.read("photo.png"), first);
}

#[test]
fn an_existing_file_is_replaced_only_by_force() {
    let folder = Folder::new();
    folder.photo("a.ppm");
    folder.write("b.tin", b"something else");
    let message = folder.fails(1, &["encode", "a.ppm", "-o", "b.tin"]);
    assert!(message.contains("b.tin exists already") && message.contains("--force"), "{message}");
    assert_eq!(folder.read("b.tin"), b"something else");
    folder.ok(&["encode", "a.ppm", "-o", "b.tin", "--force"]);
    assert!(folder.read("b.tin").starts_with(b"\x89TIN"));

    // The same bytes again are no loss.
    folder.ok(&["encode", "a.ppm", "-o", "b.tin"]);

    // What this very input became before may become something else; not once it was changed.
    folder.ok(&["encode", "a.ppm", "-o", "b.tin", "-q", "20"]);
    folder.ok(&["decode", "b.tin", "-o", "d.ppm"]);
    folder.ok(&["encode", "a.ppm", "-o", "b.tin", "-q", "90"]);
    folder.ok(&["decode", "b.tin", "-o", "d.ppm"]);
    folder.write("d.ppm", b"edited");
    folder.fails(1, &["decode", "b.tin", "-o", "d.ppm"]);
    assert_eq!(folder.read("d.ppm"), b"edited");
    folder.write("other.ppm", &ppm(40, 30));
    folder.fails(1, &["encode", "other.ppm", "-o", "b.tin"]);
    folder.write("c.ppm", b"mine");
    let message = folder.fails(1, &["decode", "b.tin", "-o", "c.ppm"]);
    assert!(message.contains("c.ppm exists already"), "{message}");
    assert_eq!(folder.read("c.ppm"), b"mine");
}

#[test]
fn skip_existing_leaves_out_what_is_done() {
    let folder = Folder::new();
    folder.photo("in/a.ppm");
    folder.write("in/b.ppm", &ppm(40, 30));
    folder.write("out/a.tin", b"done before");
    folder.ok(&["encode", "in", "-o", "out", "--skip-existing"]);
    assert_eq!(folder.read("out/a.tin"), b"done before");
    assert!(folder.read("out/b.tin").starts_with(b"\x89TIN"));
}

#[test]
fn pictures_of_one_name_get_a_file_each() {
    let folder = Folder::new();
    folder.photo("in/IMG.ppm");
    folder.write("in/IMG.pnm", &ppm(40, 30));
    folder.photo("in/other.ppm");
    folder.ok(&["encode", "in", "-o", "out"]);
    for name in ["out/IMG.ppm.tin", "out/IMG.pnm.tin", "out/other.tin"] {
        assert!(folder.path(name).exists(), "{name}");
    }

    // One by one, too.
    folder.ok(&["encode", "in/IMG.ppm"]);
    let first = folder.read("in/IMG.tin");
    let output = folder.run(&["encode", "in/IMG.pnm"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("IMG.tin"), "{said}");
    assert_eq!(folder.read("in/IMG.tin"), first);
    assert!(folder.path("in/IMG.pnm.tin").exists());
}

#[test]
fn every_file_that_was_not_taken_is_named() {
    let folder = Folder::new();
    folder.photo("in/a.ppm");
    folder.write("in/film.MP4", b"film");
    folder.write("in/sub/raw.nef", b"raw");
    folder.write("in/notes.txt", b"text");
    let message = folder.fails(1, &["encode", "in", "-o", "out"]);
    for name in ["film.MP4", "raw.nef", "notes.txt"] {
        assert!(message.contains(name), "{name}: {message}");
    }
    assert!(folder.path("out/a.tin").exists());
    std::fs::remove_file(folder.path("in/film.MP4")).unwrap();
    std::fs::remove_file(folder.path("in/sub/raw.nef")).unwrap();
    folder.ok(&["encode", "in", "-o", "out"]);
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_read_does_not_stop_the_rest() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    folder.photo("in/a.ppm");
    folder.photo("in/locked/b.ppm");
    let locked = folder.path("in/locked");
    std::fs::set_permissions(&locked, PermissionsExt::from_mode(0o000)).unwrap();
    // The administrator reads every folder.
    let readable = std::fs::read_dir(&locked).is_ok();
    let output = folder.run(&["encode", "in", "-o", "out"]);
    std::fs::set_permissions(&locked, PermissionsExt::from_mode(0o755)).unwrap();
    assert!(folder.path("out/a.tin").exists());
    assert_eq!(output.status.success(), readable);
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_no_unfinished_file() {
    use std::time::{Duration, Instant};
    let folder = Folder::new();
    // Large enough that writing the PNG takes a while.
    folder.write("a.ppm", &ppm(3000, 2000));
    folder.ok(&["encode", "a.ppm", "--codec", "lossless", "--lossless", "--effort", "1"]);
    let before = folder.names();
    let mut child = folder.piped(&["decode", "a.tin", "--threads", "1"]);
    let start = Instant::now();
    while folder.names() == before && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let pid = child.id().to_string();
    std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap();
    let status = child.wait().unwrap();
    let after = folder.names();
    assert!(after.iter().all(|name| !name.ends_with(".part")), "{after:?}");
    assert!(status.success() == after.contains("a.png"), "{status}");
}

#[test]
fn names_of_formats_that_are_not_written_are_refused() {
    let folder = Folder::new();
    folder.photo("a.ppm");
    for name in ["a.avif", "a.HEIC", "a.gif", "a.webp", "a.jxl"] {
        folder.fails(2, &["encode", "a.ppm", "-o", name]);
        assert!(!folder.path(name).exists(), "{name}");
    }
    folder.fails(2, &["encode", "a.ppm", "-o", "a.jpg", "--codec", "lossless"]);
}

#[test]
fn a_batch_ends_with_its_totals() {
    let folder = Folder::new();
    folder.photo("in/a.ppm");
    folder.photo("in/b.ppm");
    let output = folder.run(&["encode", "in", "-o", "out"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("2 files: ") && said.contains("times smaller"), "{said}");
}

#[test]
fn compare_tells_sizes_and_quality() {
    let folder = Folder::new();
    folder.photo("a.ppm");
    let said = folder.ok(&["encode", "a.ppm", "-o", "new/folder/a.tin", "--compare"]);
    for part in ["18.4 kB", "times smaller", "SSIMULACRA2", "PSNR", "codec"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = folder.ok(&["encode", "a.ppm", "-o", "exact.tin", "--lossless", "--compare"]);
    assert!(said.contains("every sample is the same"), "{said}");
    folder.fails(2, &["encode", "a.ppm", "-o", "b.tin", "--compare", "--json"]);
}
