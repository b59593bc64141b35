//! What machines do to a batch: full disks, files that cannot be read, two programs at one output, clocks that
//! jump, many files. Nothing is lost, nothing is half-written, nothing is left behind.
#![cfg(unix)]

mod folder;

use folder::{Folder, ppm};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

/// Whether this run may take minutes (`cargo xtask nightly`).
fn is_nightly() -> bool {
    std::env::var_os("TINTYPE_NIGHTLY").is_some()
}

/// A small disk of its own, if this system lets us have one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn new(folder: &Folder, kilobytes: usize) -> Option<Self> {
        let at = folder.path("disk");
        std::fs::create_dir(&at).unwrap();
        let size = format!("size={kilobytes}k");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&at).stderr(Stdio::null());
        let mounted = mount.status().is_ok_and(|status| status.success());
        if !mounted {
            eprintln!("left out: a small disk can be mounted by the super-user only");
        }
        mounted.then_some(Self(at))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

/// The names in `folder`.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_full_disk_is_named_and_keeps_what_was_there() {
    let folder = Folder::new();
    let Some(disk) = SmallDisk::new(&folder, 100) else { return };
    folder.write("big.ppm", &ppm(300, 300));
    folder.write("disk/small.ppm", &ppm(40, 30));
    folder.write("disk/old.tin", b"an older file");
    folder.write("disk/filler", &vec![7; 60_000]);
    let before = folder.read("disk/small.ppm");
    for output in ["disk/new.tin", "disk/old.tin"] {
        let encode = ["encode", "big.ppm", "-o", output, "--lossless", "--effort", "1", "--force"];
        let message = folder.fails(1, &encode);
        assert!(message.contains("No space left") && message.contains(output), "{message}");
        let kept = output.contains("old") == message.contains("the file that was there is unchanged");
        assert!(kept, "{message}");
    }
    assert_eq!(names(&disk.0), ["filler", "old.tin", "small.ppm"]);
    assert_eq!(folder.read("disk/old.tin"), b"an older file");

    // A batch goes on with what fits; decoding and clips fail in the same way.
    folder.ok(&["encode", "big.ppm", "-o", "big.tin", "--lossless", "--effort", "1"]);
    let message = folder.fails(1, &["decode", "big.tin", "-o", "disk/back.ppm"]);
    assert!(message.contains("No space left"), "{message}");
    let mut clip = b"YUV4MPEG2 W200 H200 F25:1 Cmono\n".to_vec();
    let mut random = fastrand::Rng::with_seed(6);
    for _ in 0..3 {
        clip.extend(b"FRAME\n");
        clip.extend((0..40_000).map(|_| random.u8(..)));
    }
    folder.write("clip.y4m", &clip);
    let message = folder.fails(1, &["encode", "clip.y4m", "-o", "disk/clip.tin", "--lossless"]);
    assert!(message.contains("No space left"), "{message}");
    // What is to be replaced stays where its result does not fit.
    std::fs::write(folder.path("disk/filler2"), vec![7; 40_000]).unwrap_or(());
    folder.fails(1, &["encode", "disk/small.ppm", "--lossless", "--replace"]);
    assert_eq!(folder.read("disk/small.ppm"), before);
    let left = names(&disk.0);
    assert!(left.iter().all(|name| !name.contains(".part") && !name.ends_with("clip.tin")), "{left:?}");
}

/// Where no disk can be mounted, a limit on the size of files is as good.
#[test]
fn a_file_that_may_not_grow_leaves_nothing() {
    let folder = Folder::new();
    folder.write("big.ppm", &ppm(300, 300));
    let script = format!(
        "trap '' XFSZ; ulimit -f 32; exec '{}' encode big.ppm -o out/big.tin --lossless --effort 1",
        env!("CARGO_BIN_EXE_tintype")
    );
    let output =
        Command::new("sh").args(["-c", &script]).current_dir(folder.folder_path()).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("out/big.tin") && message.contains("too large"), "{message}");
    assert!(names(&folder.path("out")).is_empty());
}

#[test]
fn files_that_cannot_be_read_are_named_and_the_rest_is_done() {
    let folder = Folder::with_photo("in/a.ppm");
    folder.photo("in/z.ppm");
    folder.write("in/cut.ppm", &ppm(60, 40)[..2000]);
    std::fs::create_dir(folder.path("in/folder.png")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path("in/gone.png")).unwrap();
    // Reading this file fails on Linux, whoever reads it.
    let fails = Path::new("/proc/self/mem").exists();
    if fails {
        std::os::unix::fs::symlink("/proc/self/mem", folder.path("in/error.png")).unwrap();
    }
    let message = folder.fails(1, &["encode", "in", "-o", "out", "--lossless"]);
    for name in ["cut.ppm", "gone.png"].iter().chain(fails.then_some(&"error.png")) {
        assert!(message.contains(name), "{name}: {message}");
    }
    for name in ["a", "z"] {
        folder.ok(&["verify", &format!("out/{name}.tin"), "--originals", &format!("in/{name}.ppm")]);
    }
    let left = names(&folder.path("out"));
    assert!(left.iter().all(|name| name.ends_with(".tin")), "{left:?}");
}

#[test]
fn two_programs_at_one_output_leave_one_whole_result() {
    let folder = Folder::new();
    folder.write("a.ppm", &ppm(120, 90));
    folder.write("b.ppm", &ppm(90, 120));
    let results = ["a", "b"].map(|name| {
        folder.ok(&["encode", &format!("{name}.ppm"), "--lossless"]);
        folder.read(&format!("{name}.tin"))
    });
    for round in 0..if is_nightly() { 40 } else { 6 } {
        let force: &[&str] = if round % 2 == 0 { &["--force"] } else { &[] };
        let children = ["a.ppm", "b.ppm"].map(|input| {
            let mut command = folder.command(&["encode", input, "-o", "out/x.tin", "--lossless"]);
            command.args(force).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        });
        let ended = children.map(|child| child.wait_with_output().unwrap());
        let done = ended.iter().filter(|output| output.status.success()).count();
        // Without --force the second finds the file of the first, names it, and fails.
        assert_eq!(done, if round % 2 == 0 { 2 } else { 1 }, "{ended:?}");
        assert!(results.contains(&folder.read("out/x.tin")), "{round}");
        assert_eq!(names(&folder.path("out")), ["x.tin"]);
        std::fs::remove_file(folder.path("out/x.tin")).unwrap();
    }
}

/// Times from before the epoch's first day and from the next century mean nothing to a batch.
#[test]
fn clocks_that_jump_change_nothing() {
    let folder = Folder::new();
    let times = [Duration::ZERO, Duration::from_secs(4_500_000_000)];
    for (name, time) in ["old", "new"].iter().zip(times) {
        let name = format!("in/{name}.ppm");
        folder.photo(&name);
        let file = std::fs::File::options().write(true).open(folder.path(&name)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + time).unwrap();
    }
    let encode = ["encode", "in", "-o", "out", "--lossless"];
    folder.ok(&encode);
    let first = folder.read("out/old.tin");
    // A leftover of tomorrow is one all the same.
    folder.write("out/.tintype-later.part", b"half");
    let later =
        std::fs::File::options().write(true).open(folder.path("out/.tintype-later.part")).unwrap();
    later.set_modified(SystemTime::now() + Duration::from_secs(86_400)).unwrap();
    drop(later);
    folder.ok(&[&encode[..], &["--resume"]].concat());
    folder.ok(&[&encode[..], &["--force"]].concat());
    assert_eq!(names(&folder.path("out")), ["new.tin", "old.tin"]);
    assert_eq!(folder.read("out/old.tin"), first);
    for (name, time) in ["old", "new"].iter().zip(times) {
        let kept =
            std::fs::metadata(folder.path(&format!("out/{name}.tin"))).unwrap().modified().unwrap();
        assert_eq!(kept, SystemTime::UNIX_EPOCH + time);
    }
    folder.ok(&["verify", "out", "--originals", "in"]);
}

#[test]
fn many_small_files_are_a_batch_like_another() {
    let folder = Folder::new();
    let count = if is_nightly() { 10_000 } else { 200 };
    for i in 0..count {
        folder.write(&format!("in/{:02}/{i:05}.ppm", i % 40), &ppm(1 + i % 9, 1 + i % 7));
    }
    folder.ok(&["encode", "in", "-o", "out", "--lossless", "--effort", "1"]);
    folder.ok(&["encode", "in", "-o", "out", "--lossless", "--effort", "1", "--resume"]);
    folder.ok(&["verify", "out", "--originals", "in"]);
    let files = |folder: PathBuf| names(&folder).len();
    let found: usize = (0..40).map(|i| files(folder.path(&format!("out/{i:02}")))).sum();
    assert_eq!(found, count);
}

/// A fit that is killed leaves a whole model or none, and a fit after it sweeps up.
#[test]
fn training_that_is_killed_leaves_no_half_model() {
    let folder = Folder::new();
    for i in 0..3 {
        folder.write(&format!("in/{i}.ppm"), &ppm(64 + 8 * i, 64));
    }
    let train = ["train", "in", "--codec", "cluster", "--no-report", "-o", "m/a.tinmodel"];
    let quick = ["leaves=8,8,4,4,4,2", "coded=2", "rounds=1", "refinements=1"].map(|set| ["--set", set]);
    let train = [&train[..], quick.as_flattened()].concat();
    let fit = || folder.command(&train).stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::fs::create_dir(folder.path("m")).unwrap();
    let start = std::time::Instant::now();
    assert!(fit().wait().unwrap().success());
    let whole = start.elapsed();
    let model = folder.read("m/a.tinmodel");
    let mut random = fastrand::Rng::with_seed(4);
    for kill in 0..if is_nightly() { 30 } else { 1 } {
        if kill % 2 == 0 {
            std::fs::remove_file(folder.path("m/a.tinmodel")).unwrap();
        }
        let mut child = fit();
        // The last moments are those in which the model is written.
        std::thread::sleep(whole.mul_f64(1.0 - random.f64().powi(2)));
        child.kill().unwrap();
        child.wait().unwrap();
        let left = folder.path("m/a.tinmodel");
        assert!(kill % 2 == 0 && !left.exists() || folder.read("m/a.tinmodel") == model, "kill {kill}");
        if !left.exists() {
            folder.write("m/a.tinmodel", &model);
        }
    }
    folder.write("m/.tintype-dead.part", b"half");
    folder.ok(&train);
    let left = names(&folder.path("m"));
    assert!(left.iter().all(|name| !name.ends_with(".part")), "{left:?}");
}
