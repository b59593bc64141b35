//! What file managers do with the files of packaging/desktop, and what the Debian package installs.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command;
use tintype::{DecodeOptions, Encoder, codec, files};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn a_file(folder: &Path) -> PathBuf {
    let photo = std::fs::read(format!("{ROOT}/testdata/pictures/bear.png")).unwrap();
    let tin = Encoder::new().codec(codec::WAVELET).effort(1).encode_file(&photo).unwrap();
    let path = folder.join("a bear.tin");
    std::fs::write(&path, tin).unwrap();
    path
}

/// Runs the line of the thumbnailer entry as a file manager does, with programs from `programs`.
fn thumbnail(entry: &Path, programs: &Path, input: &Path, output: &Path, size: &str) -> bool {
    let text = std::fs::read_to_string(entry).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("Exec=")).unwrap();
    let mut words = line.split(' ').map(|word| match word {
        "%i" => input.display().to_string(),
        "%o" => output.display().to_string(),
        "%s" => size.to_string(),
        word => word.to_string(),
    });
    let program = programs.join(words.next().unwrap());
    Command::new(program).args(words).status().unwrap().success()
}

fn size_of(png: &Path) -> (usize, usize) {
    let read = files::read_picture(&std::fs::read(png).unwrap(), &DecodeOptions::new()).unwrap();
    (read.picture.width(), read.picture.height())
}

#[test]
fn thumbnails() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (a_file(folder.path()), folder.path().join("out.png"));
    let entry = Path::new(ROOT).join("packaging/desktop/tintype.thumbnailer");
    let programs = Path::new(env!("CARGO_BIN_EXE_tintype-thumbnail")).parent().unwrap();
    for (size, expected) in [("128", (128, 91)), ("256", (256, 182)), ("2000", (896, 640))] {
        assert!(thumbnail(&entry, programs, &input, &output, size));
        assert_eq!(size_of(&output), expected);
    }
    let broken = folder.path().join("broken.tin");
    std::fs::write(&broken, b"no such file").unwrap();
    assert!(!thumbnail(&entry, programs, &broken, &output, "128"));
}

#[test]
fn the_package_installs_what_it_says() {
    let programs = Path::new(env!("CARGO_BIN_EXE_tintype-thumbnail")).parent().unwrap();
    assert!(programs.join("tintype").exists(), "`cargo build -p tintype_cli` comes first");
    if Command::new("dpkg-deb").arg("--version").output().is_err() {
        println!("skipped: there is no dpkg-deb");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // The programs, and a loader beside them.
    let built = folder.path().join("built");
    std::fs::create_dir(&built).unwrap();
    for name in ["", "-serve", "-studio", "-watch", "-mount", "-thumbnail"] {
        let name = format!("tintype{name}");
        std::os::unix::fs::symlink(programs.join(&name), built.join(&name)).unwrap();
    }
    std::fs::write(built.join("libpixbufloader-tintype.so"), b"a loader").unwrap();
    let (package, root) = (folder.path().join("tintype.deb"), folder.path().join("root"));
    let script = Path::new(ROOT).join("packaging/deb.sh");
    let made =
        Command::new(script).args([&built, &package]).env("DEB_COMPRESSION", "none").output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert!(Command::new("dpkg-deb").arg("-x").args([&package, &root]).status().unwrap().success());
    for (file, words) in [
        ("usr/share/bash-completion/completions/tintype", "encode"),
        ("usr/share/zsh/vendor-completions/_tintype", "encode"),
        ("usr/share/fish/vendor_completions.d/tintype.fish", "encode"),
        ("usr/share/doc/tintype/copyright", "Apache"),
        ("usr/share/thumbnailers/tintype.thumbnailer", "image/x-tintype"),
    ] {
        assert!(std::fs::read_to_string(root.join(file)).unwrap().contains(words), "{file}");
    }
    assert!(root.join("usr/share/man/man1/tintype.1.gz").exists());
    let libraries = std::fs::read_dir(root.join("usr/lib")).unwrap().next().unwrap().unwrap().path();
    let loader = libraries.join("gdk-pixbuf-2.0/2.10.0/loaders/libpixbufloader-tintype.so");
    assert_eq!(std::fs::read(loader).unwrap(), b"a loader");

    let bin = root.join("usr/bin");
    let (input, output) = (a_file(folder.path()), folder.path().join("out.png"));
    assert!(thumbnail(
        &root.join("usr/share/thumbnailers/tintype.thumbnailer"),
        &bin,
        &input,
        &output,
        "64"
    ));
    assert_eq!(size_of(&output).0, 64);
    let help = Command::new(bin.join("tintype")).args(["serve", "--help"]).output().unwrap();
    assert!(String::from_utf8_lossy(&help.stdout).contains("--token-file"));

    // The MIME type, as the desktop's own tools see it.
    let mime = root.join("usr/share/mime");
    if Command::new("update-mime-database").arg(&mime).output().is_err() {
        println!("the MIME type was not looked at: there is no update-mime-database");
        return;
    }
    let globs = std::fs::read_to_string(mime.join("globs2")).unwrap();
    assert!(globs.contains("image/x-tintype:*.tin"), "{globs}");
    let nameless = folder.path().join("nameless");
    std::fs::copy(&input, &nameless).unwrap();
    for file in [&input, &nameless] {
        let gio = Command::new("gio")
            .args(["info", "-a", "standard::content-type"])
            .arg(file)
            .env("XDG_DATA_DIRS", root.join("usr/share"))
            .env("XDG_DATA_HOME", folder.path())
            .output();
        let Ok(gio) = gio else {
            println!("gio, which asks by name and by first bytes, is not installed");
            return;
        };
        let text = String::from_utf8_lossy(&gio.stdout).into_owned();
        assert!(text.contains("image/x-tintype"), "{}: {text}", file.display());
    }
}
