//! The real program and sealed files: passphrases, public keys, previews, damage.

mod folder;

use folder::Folder;
use std::path::Path;

fn test_key(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/seal").join(name);
    path.canonicalize().unwrap().display().to_string()
}

/// The least work that the program takes for a new passphrase, so that tests are quick.
const LITTLE: [&str; 2] = ["--passphrase-work", "10"];

fn sealed_with_passphrase() -> Folder {
    let folder = Folder::with_photo("a.ppm");
    folder.write("word", b"correct horse\n");
    folder.write("wrong", b"correct hose\n");
    let encode = ["encode", "a.ppm", "-o", "a.tin", "--lossless", "--passphrase-file", "word"];
    folder.ok(&[&encode[..], &LITTLE].concat());
    folder
}

#[test]
fn a_passphrase_seals_and_opens() {
    let folder = sealed_with_passphrase();
    assert_eq!(folder.read("a.tin")[4], 3);
    folder.ok(&["decode", "a.tin", "-o", "b.ppm", "--passphrase-file", "word"]);
    assert_eq!(folder.read("b.ppm"), folder.read("a.ppm"));
    let wrong = folder.fails(1, &["decode", "a.tin", "-o", "c.ppm", "--passphrase-file", "wrong"]);
    assert!(wrong.contains("a.tin: wrong passphrase"), "{wrong}");
    let without = folder.fails(1, &["decode", "a.tin", "-o", "c.ppm"]);
    assert!(without.contains("a passphrase opens it"), "{without}");
    assert!(!folder.names().contains("c.ppm"));
    let output = folder
        .command(&["compare", "a.ppm", "a.tin"])
        .env("TINTYPE_PASSPHRASE", "correct horse")
        .output();
    assert!(output.unwrap().status.success());
    // Without a terminal nobody is asked, and nothing is taken from standard input.
    let message = folder.fails(2, &["encode", "a.ppm", "-o", "d.tin", "--seal"]);
    assert!(message.contains("TINTYPE_PASSPHRASE"), "{message}");
}

#[test]
fn public_keys_of_age_and_ssh_open_by_their_secret_keys() {
    let folder = Folder::with_photo("a.ppm");
    let age = std::fs::read_to_string(test_key("age-key.pub")).unwrap();
    let ssh = test_key("ssh-key.pub");
    folder.ok(&["encode", "a.ppm", "--lossless", "--recipient", age.trim(), "--recipients-file", &ssh]);
    for key in ["age-key.txt", "ssh-key"] {
        folder.ok(&["decode", "a.tin", "-o", "b.ppm", "-i", &test_key(key), "--force"]);
        assert_eq!(folder.read("b.ppm"), folder.read("a.ppm"), "{key}");
    }
    let info = folder.json(&["info", "a.tin", "--json"]);
    assert_eq!((info["sealed"]["recipients"].as_u64(), info["width"].as_u64()), (Some(2), None));
    let info = folder.json(&["info", "a.tin", "--json", "-i", &test_key("ssh-key")]);
    assert_eq!((info["sealed"]["open"].as_bool(), info["width"].as_u64()), (Some(true), Some(96)));
    let wrong = folder.fails(2, &["encode", "a.ppm", "-o", "c.tin", "--recipient", "age1nobody"]);
    assert!(wrong.contains("age1nobody"), "{wrong}");
}

/// A folder with `file` of testdata as `name`, sealed to the public key `key` with an open preview of
/// `scale`.
fn sealed_with_preview(file: &str, name: &str, key: &str, scale: &str) -> Folder {
    let folder = Folder::new();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(file);
    folder.write(name, &std::fs::read(file).unwrap());
    folder.ok(&["encode", name, "--recipients-file", &test_key(key), "--open-preview", scale]);
    folder
}

#[test]
fn a_preview_is_open_and_the_picture_with_its_metadata_is_not() {
    let folder = sealed_with_preview("pngsuite/exif2c08.png", "a.png", "age-key.pub", "1/4");
    let key = test_key("age-key.txt");
    let sealed = folder.json(&["info", "a.tin", "--json"]);
    assert_eq!((sealed["width"].as_u64(), sealed["sealed"]["open"].as_bool()), (Some(8), Some(false)));
    assert_eq!(sealed["metadata"].as_array().map(Vec::len), Some(0), "{sealed}");
    let opened = folder.json(&["info", "a.tin", "--json", "-i", &key]);
    assert!(opened["metadata"].to_string().contains("exif"), "{opened}");
    // What was asked for is no loss; less than that is told.
    folder.ok(&["decode", "a.tin", "-o", "small.png", "--scale", "1/4"]);
    let told = folder.fails(1, &["decode", "a.tin", "-o", "preview.png"]);
    assert!(told.contains("preview of 1/4"), "{told}");
    assert_eq!(folder.read("small.png"), folder.read("preview.png"));
    let part = folder.fails(1, &["decode", "a.tin", "-o", "part.png", "--region", "0,0,4,4"]);
    assert!(part.contains("give its key"), "{part}");
    folder.ok(&["decode", "a.tin", "-o", "part.png", "--region", "0,0,4,4", "-i", &key]);
    // A wrong key does not pass for none.
    let other = folder.fails(1, &["decode", "a.tin", "-o", "no.png", "-i", &test_key("ssh-key")]);
    assert!(other.contains("not sealed to any of the given secret keys"), "{other}");
}

#[test]
fn a_jpeg_comes_back_to_the_byte_from_a_sealed_file() {
    let folder = sealed_with_preview("jpeg/baseline_420.jpg", "a.jpg", "ssh-key.pub", "1/8");
    let key = test_key("ssh-key");
    folder.ok(&["decode", "a.tin", "-o", "back.jpg", "-i", &key]);
    assert_eq!(folder.read("back.jpg"), folder.read("a.jpg"));
    folder.ok(&["verify", "a.tin", "--originals", "a.jpg", "-i", &key]);
}

#[test]
fn a_size_is_that_of_the_sealed_file() {
    let folder = Folder::with_photo("a.ppm");
    let key = test_key("age-key.pub");
    let to =
        ["encode", "a.ppm", "-o", "a.tin", "--recipients-file", &key, "--open-preview", "1/4", "--size"];
    folder.ok(&[&to[..], &["3000"]].concat());
    let len = folder.read("a.tin").len();
    assert!((2_700..=3_000).contains(&len), "{len}");
    let message = folder.fails(1, &[&to[..], &["200", "--force"]].concat());
    assert!(message.contains("envelope and preview take"), "{message}");
}

#[test]
fn verify_notices_damage_in_any_part_and_bytes_behind() {
    let folder = Folder::with_photo("a.ppm");
    let key = test_key("age-key.txt");
    folder.ok(&[
        "encode",
        "a.ppm",
        "--recipients-file",
        &test_key("age-key.pub"),
        "--open-preview",
        "1/2",
    ]);
    folder.ok(&["verify", "a.tin", "-i", &key]);
    let file = folder.read("a.tin");
    let parts = folder.json(&["info", "a.tin", "--json"])["sealed"]["parts"].clone();
    let stored = |part: usize| parts[part]["bytes"].as_u64().unwrap() as usize;
    let front = file.len() - stored(0) - stored(1);
    let damaged = [
        (front / 2, "checksum of its front"),
        (front + stored(0) / 2, "another hash"),
        (front + stored(0) + 5, "does not belong"),
        (file.len() - 5, "chunk at byte"),
    ];
    for (place, what) in damaged {
        let mut changed = file.clone();
        changed[place] ^= 4;
        folder.write("b.tin", &changed);
        let message = folder.fails(1, &["verify", "b.tin", "-i", &key]);
        assert!(message.contains(what), "{place}: {message}");
    }
    let longer = [folder.read("a.tin"), b"more".to_vec()].concat();
    folder.write("c.tin", &longer);
    assert!(folder.fails(1, &["verify", "c.tin", "-i", &key]).contains("4 bytes stand behind"));
    folder.write_cut("a.tin", "d.tin");
    folder.fails(1, &["decode", "d.tin", "-o", "d.png", "-i", &key]);
    assert!(!folder.names().contains("d.png"));
}

#[test]
fn signatures_are_checked_with_archives() {
    let folder = Folder::with_two_encoded("in", "out");
    let (key, public) = (test_key("ssh-key"), test_key("ssh-key.pub"));
    folder.ok(&["sign", "out", "--key", &key]);
    let told = folder.ok(&["verify", "out", "--signer", &public, "--originals", "in", "--json"]);
    assert_eq!(told.matches("\"signed_by\":\"ssh-ed25519 AAAA").count(), 2, "{told}");
    let other = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    assert!(folder.fails(1, &["verify", "out", "--signer", other]).contains("none of --signer"));
    std::fs::remove_file(folder.path("out/a.tin.sig")).unwrap();
    assert!(folder.fails(1, &["verify", "out", "--signer", &public]).contains("not signed"));
    folder.ok(&["verify", "out"]);
    // Another whole file under a signed name.
    folder.write("out/b.tin", &folder.read("out/a.tin"));
    folder.photo("in/c.ppm");
    folder.ok(&["encode", "in/c.ppm", "-q", "30", "-o", "out/b.tin", "--force"]);
    assert!(folder.fails(1, &["verify", "out"]).contains("does not fit"));
}

#[test]
fn a_batch_is_sealed_and_opened_on_all_cores() {
    let folder = Folder::new();
    folder.photo("in/a.ppm");
    folder.photo("in/b.ppm");
    folder.write("word", b"correct horse");
    let word = ["--passphrase-file", "word"];
    folder.ok(&[&["encode", "in", "-o", "out", "--lossless"][..], &word, &LITTLE].concat());
    folder.ok(&[&["decode", "out", "-o", "back", "--format", "pnm"][..], &word].concat());
    folder.ok(&[&["verify", "out", "--originals", "in"][..], &word].concat());
    let info = folder.ok(&["info", "out", "--json"]);
    assert_eq!(info.lines().filter(|line| line.contains("\"passphrase\":true")).count(), 2);
}

#[test]
fn a_clip_is_refused_rather_than_left_open() {
    let folder = Folder::new();
    let frame = [&b"FRAME\n"[..], &[90; 32 * 32 * 3 / 2]].concat();
    let clip = [&b"YUV4MPEG2 W32 H32 F30:1 C420jpeg\n"[..], &frame, &frame].concat();
    folder.write("a.y4m", &clip);
    let key = test_key("age-key.pub");
    let sealed = folder.fails(1, &["encode", "a.y4m", "--recipients-file", &key]);
    assert!(sealed.contains("clips are not sealed"), "{sealed}");
    let replaced = folder.fails(1, &["encode", "a.y4m", "--replace", "--yes"]);
    assert!(replaced.contains("does not compare"), "{replaced}");
    assert_eq!(folder.names().into_iter().collect::<Vec<_>>(), ["a.y4m"]);
}
