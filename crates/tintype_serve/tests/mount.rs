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

impl Mounted {
    fn tell(&mut self, signal: &str) {
        let _ = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.tell("-TERM");
        // What a killed one leaves mounted.
        for words in [&["umount", "-l"][..], &["fusermount3", "-uz"]] {
            let mut command = Command::new(words[0]);
            let _ = command.args(&words[1..]).arg(self.at.path()).stderr(Stdio::null()).status();
        }
    }
}

/// The folder mounted; `None`, with a sentence, where this machine lets nobody mount.
fn mounted(packed: &Path, options: &[&str]) -> Option<Mounted> {
    if std::fs::File::options().read(true).write(true).open("/dev/fuse").is_err() {
        println!("skipped: /dev/fuse cannot be opened here");
        return None;
    }
    let at = tempfile::tempdir().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_tintype-mount"))
        .args(options)
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
            if words.contains("another `tintype mount --write` has it") {
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

    let Some(mounted) = mounted(packed.path(), &[]) else { return };
    let at = mounted.at.path();
    for (name, file) in &originals {
        let path = at.join("2026").join(name);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), file.len() as u64, "{name}");
        assert_eq!(&std::fs::read(&path).unwrap(), file, "{name}");
    }
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

fn names(folder: &Path) -> Vec<String> {
    let items = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = items.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Waits until the folder beneath has these names.
fn wait_for(folder: &Path, expected: &[String]) {
    let until = Instant::now() + Duration::from_secs(60);
    while names(folder) != expected {
        assert!(Instant::now() < until, "{:?} and not {expected:?} after a minute", names(folder));
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn run(words: &[&str], folder: &Path) {
    let output = Command::new(words[0]).args(&words[1..]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn files_are_written_by_others_programs() {
    let packed = tempfile::tempdir().unwrap();
    let Some(mounted) = mounted(packed.path(), &["--write", "--effort", "1"]) else { return };
    let (at, jpegs) = (mounted.at.path(), format!("{TESTDATA}/jpeg"));
    run(&["cp", "-p", &format!("{jpegs}/baseline_420.jpg"), "a.jpg"], at);
    run(&["cmp", &format!("{jpegs}/baseline_420.jpg"), "a.jpg"], at);
    wait_for(packed.path(), &["a.jpg.tin".into()]);
    run(&["cmp", &format!("{jpegs}/baseline_420.jpg"), "a.jpg"], at);
    let time = |path: &Path| std::fs::metadata(path).unwrap().modified().unwrap();
    assert_eq!(time(&at.join("a.jpg")), time(Path::new(&jpegs).join("baseline_420.jpg").as_path()));

    // Over it, by way of another name, into folders, and away again.
    run(&["cp", &format!("{jpegs}/gray.jpg"), "a.jpg"], at);
    run(
        &["sh", "-c", "mkdir -p one/two && cp a.jpg one/two/b.part && mv one/two/b.part one/two/b.jpg"],
        at,
    );
    wait_for(&packed.path().join("one/two"), &["b.jpg.tin".into()]);
    run(&["cmp", &format!("{jpegs}/gray.jpg"), "one/two/b.jpg"], at);
    run(
        &["sh", "-c", "echo hello > notes.txt && echo more >> notes.txt && truncate -s 8 notes.txt"],
        at,
    );
    assert_eq!(std::fs::read(packed.path().join("notes.txt")).unwrap(), b"hello\nmo");
    run(&["mv", "one", "three"], at);
    run(&["cmp", &format!("{jpegs}/gray.jpg"), "three/two/b.jpg"], at);
    run(&["rm", "-r", "three", "a.jpg", "notes.txt"], at);
    assert_eq!((names(at), names(packed.path())), (vec![], vec![]));

    // Many at once, listed and removed in one go.
    let file = std::fs::read(format!("{jpegs}/gray.jpg")).unwrap();
    std::thread::scope(|scope| {
        for part in 0..4 {
            let file = &file;
            scope.spawn(move || {
                for number in 0..50 {
                    std::fs::write(at.join(format!("{part}-{number:03}.jpg")), file).unwrap();
                }
            });
        }
    });
    assert_eq!(names(at).len(), 200);
    let all: Vec<String> = names(at).iter().map(|name| format!("{name}.tin")).collect();
    wait_for(packed.path(), &all);
    assert!(names(at).iter().all(|name| std::fs::read(at.join(name)).unwrap() == file));
    run(&["sh", "-c", "rm *.jpg"], at);
    assert_eq!(names(packed.path()), [""; 0]);
}

#[test]
fn a_kill_while_files_are_written_loses_none_that_was_closed() {
    use std::io::Write;

    let packed = tempfile::tempdir().unwrap();
    let Some(mut first) = mounted(packed.path(), &["-w"]) else { return };
    let files: Vec<Vec<u8>> = ["baseline_420", "gray", "progressive_444", "restarts_422"]
        .map(|name| std::fs::read(format!("{TESTDATA}/jpeg/{name}.jpg")).unwrap())
        .into();
    let name = |number: usize| format!("{number:03}.jpg");
    // Some have long been packed, others have just been closed; one is written over, one is new and open.
    std::fs::write(first.at.path().join("000.jpg"), &files[0]).unwrap();
    wait_for(packed.path(), &["000.jpg.tin".into()]);
    for number in 1..40 {
        std::fs::write(first.at.path().join(name(number)), &files[number % 4]).unwrap();
    }
    let mut over = std::fs::File::create(first.at.path().join("000.jpg")).unwrap();
    let mut fresh = std::fs::File::create(first.at.path().join("fresh.jpg")).unwrap();
    over.write_all(b"half of it").unwrap();
    fresh.write_all(b"half of it").unwrap();
    // Not by a program: one that is started closes what it inherits, and so these two.
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    drop((over, fresh));
    drop(first);

    let second = mounted(packed.path(), &["-w"]).unwrap();
    let again = mounted(packed.path(), &["-w"]);
    assert!(again.is_none(), "only one may write");
    let shown: Vec<String> = (0..40).map(name).collect();
    assert_eq!(names(second.at.path()), shown);
    for number in 0..40 {
        assert_eq!(
            std::fs::read(second.at.path().join(name(number))).unwrap(),
            files[number % 4],
            "{number}"
        );
    }
    let all: Vec<String> = shown.iter().map(|name| format!("{name}.tin")).collect();
    wait_for(packed.path(), &all);
    for number in 0..40 {
        assert_eq!(
            std::fs::read(second.at.path().join(name(number))).unwrap(),
            files[number % 4],
            "{number}"
        );
    }
}
