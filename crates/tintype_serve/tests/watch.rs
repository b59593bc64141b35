//! A watched folder, with the program itself at work.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata");

/// The main program, which the watch looks for beside itself.
fn program() -> PathBuf {
    let beside = Path::new(env!("CARGO_BIN_EXE_tintype-watch")).with_file_name("tintype");
    assert!(beside.exists(), "{} is needed: `cargo build -p tintype_cli` first", beside.display());
    beside
}

fn start(from: &Path, to: &Path) -> Child {
    let watch = env!("CARGO_BIN_EXE_tintype-watch");
    Command::new(watch).args([from, to]).args(["--every", "0.1", "--", "--effort", "1"]).spawn().unwrap()
}

fn stop(mut child: Child) {
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    child.wait().unwrap();
}

fn appears(path: &Path) {
    let until = Instant::now() + Duration::from_secs(60);
    while !path.exists() {
        assert!(Instant::now() < until, "{} did not appear", path.display());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_lands_is_packed_also_after_a_restart_and_what_fails_stops_nothing() {
    let program = program();
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in"), folder.path().join("out"));
    std::fs::create_dir_all(from.join("sub")).unwrap();
    let jpeg = std::fs::read(format!("{TESTDATA}/jpeg/baseline_420.jpg")).unwrap();

    let watch = start(&from, &to);
    std::fs::write(from.join("broken.jpg"), b"no JPEG").unwrap();
    std::fs::write(from.join("sub/a.jpg"), &jpeg).unwrap();
    std::fs::write(from.join("notes.txt"), b"x").unwrap();
    appears(&to.join("sub/a.jpg.tin"));
    stop(watch);

    std::fs::copy(format!("{TESTDATA}/pictures/photo_a.png"), from.join("b.png")).unwrap();
    let made = std::fs::metadata(to.join("sub/a.jpg.tin")).unwrap().modified().unwrap();
    let watch = start(&from, &to);
    appears(&to.join("b.png.tin"));
    stop(watch);
    assert_eq!(std::fs::metadata(to.join("sub/a.jpg.tin")).unwrap().modified().unwrap(), made);
    assert!(!to.join("notes.txt.tin").exists());

    let back = folder.path().join("back.jpg");
    let decode =
        Command::new(program).arg("decode").arg(to.join("sub/a.jpg.tin")).arg("-o").arg(&back).status();
    assert!(decode.unwrap().success());
    assert_eq!(std::fs::read(back).unwrap(), jpeg);

    // `--once` packs what is there, and tells by its status that something was not.
    let once = Command::new(env!("CARGO_BIN_EXE_tintype-watch"))
        .args([&from, &to])
        .args(["--once", "--every", "0.1"])
        .status();
    assert_eq!(once.unwrap().code(), Some(1));
}

#[test]
fn the_main_program_starts_it() {
    let out = Command::new(program()).args(["watch", "--help"]).output().unwrap();
    assert!(out.status.success() && String::from_utf8_lossy(&out.stdout).contains("tintype watch"));
    let none = Command::new(program()).args(["wach", "x"]).output().unwrap();
    assert_eq!(none.status.code(), Some(2));
}
