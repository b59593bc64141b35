//! A mounted folder, read by the kernel and by others' programs.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tintype::{Encoder, Picture};

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata");

struct Mounted {
    child: Child,
    at: tempfile::TempDir,
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// The folder mounted; `None`, with a sentence, where this machine lets nobody mount.
fn mounted(packed: &Path) -> Option<Mounted> {
    if std::fs::File::options().read(true).write(true).open("/dev/fuse").is_err() {
        println!("skipped: /dev/fuse cannot be opened here");
        return None;
    }
    let at = tempfile::tempdir().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_tintype-mount"))
        .args([packed, at.path()])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut mounted = Mounted { child, at };
    let until = Instant::now() + Duration::from_secs(20);
    while !std::fs::read_to_string("/proc/self/mounts")
        .unwrap()
        .contains(mounted.at.path().to_str().unwrap())
    {
        if let Some(status) = mounted.child.try_wait().unwrap() {
            let mut words = String::new();
            std::io::Read::read_to_string(&mut mounted.child.stderr.take().unwrap(), &mut words)
                .unwrap();
            if words.contains("Operation not permitted") || words.contains("Permission denied") {
                println!("skipped: this machine lets nobody mount: {words}");
                return None;
            }
            panic!("{status}: {words}");
        }
        assert!(Instant::now() < until, "it was not mounted within 20 s");
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(mounted)
}

#[test]
fn packed_jpegs_are_there_again_byte_for_byte() {
    let packed = tempfile::tempdir().unwrap();
    std::fs::create_dir(packed.path().join("2026")).unwrap();
    let mut originals = Vec::new();
    for entry in std::fs::read_dir(format!("{TESTDATA}/jpeg")).unwrap() {
        let path = entry.unwrap().path();
        let file = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap().to_string();
        let tin = Encoder::lossless().encode_file(&file).unwrap();
        // Both ways in which the program names results.
        let (stem, _) = name.rsplit_once('.').unwrap();
        let result =
            if originals.len() % 2 == 0 { format!("{stem}.tin") } else { format!("{name}.tin") };
        std::fs::write(packed.path().join("2026").join(result), tin).unwrap();
        originals.push((name, file));
    }
    assert!(originals.len() >= 5);
    let gray = Picture::from_gray8(20, 10, &[90; 200]).unwrap();
    std::fs::write(packed.path().join("gray.tin"), Encoder::lossless().encode(&gray).unwrap()).unwrap();
    std::fs::write(packed.path().join("broken.tin"), b"no such file").unwrap();
    std::fs::write(packed.path().join("notes.txt"), b"hello").unwrap();

    let Some(mounted) = mounted(packed.path()) else { return };
    let at = mounted.at.path();
    for (name, file) in &originals {
        let path = at.join("2026").join(name);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), file.len() as u64, "{name}");
        assert_eq!(&std::fs::read(&path).unwrap(), file, "{name}");
    }
    let names = |folder: &Path| {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(at), ["2026", "broken.tin", "gray.png", "notes.txt"]);
    assert_eq!(names(&at.join("2026")).len(), originals.len());
    let png = std::fs::read(at.join("gray.png")).unwrap();
    assert_eq!(tintype::files::read_picture(&png, &Default::default()).unwrap().picture, gray);
    assert_eq!(std::fs::read(at.join("notes.txt")).unwrap(), b"hello");
    assert_eq!(std::fs::read(at.join("broken.tin")).unwrap(), b"no such file");
    assert!(std::fs::write(at.join("2026/new.jpg"), b"x").is_err(), "it is read only");
    assert!(std::fs::metadata(at.join("none.jpg")).is_err());

    // What others read with: one stream of all, and many readers at once.
    let tar = Command::new("tar").arg("-C").arg(at).args(["-cf", "-", "2026"]).output().unwrap();
    assert!(tar.status.success(), "{}", String::from_utf8_lossy(&tar.stderr));
    for (name, file) in &originals {
        assert!(tar.stdout.windows(file.len()).any(|window| window == file), "{name} in the archive");
    }
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for (name, file) in &originals {
                    assert_eq!(&std::fs::read(at.join("2026").join(name)).unwrap(), file);
                }
            });
        }
    });

    // A file that changes shows what it is now.
    let (name, _) = &originals[0];
    let changed = &originals[2].1;
    let (stem, _) = name.rsplit_once('.').unwrap();
    std::fs::write(
        packed.path().join("2026").join(format!("{stem}.tin")),
        Encoder::lossless().encode_file(changed).unwrap(),
    )
    .unwrap();
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(&std::fs::read(at.join("2026").join(name)).unwrap(), changed);
}
