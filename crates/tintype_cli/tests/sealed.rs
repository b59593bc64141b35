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
fn secret_keys_with_passphrases_of_their_own_open_and_sign() {
    let folder = Folder::with_photo("a.ppm");
    let (age, ssh) = (test_key("age-key.pub"), test_key("ssh-key.pub"));
    let both = ["--recipients-file", &age, "--recipients-file", &ssh];
    folder.ok(&[&["encode", "a.ppm", "--lossless"][..], &both].concat());
    folder.write("word", b"correct horse\n");
    folder.write("wrong", b"correct hose\n");
    for key in ["age-key-locked.age", "ssh-key-locked"] {
        let key = test_key(key);
        let decode = ["decode", "a.tin", "-o", "b.ppm", "--force", "-i", &key];
        folder.ok(&[&decode[..], &["--key-passphrase-file", "word"]].concat());
        assert_eq!(folder.read("b.ppm"), folder.read("a.ppm"), "{key}");
        std::fs::remove_file(folder.path("b.ppm")).unwrap();
        let wrong = folder.fails(2, &[&decode[..], &["--key-passphrase-file", "wrong"]].concat());
        assert!(wrong.contains(&key) && wrong.contains("wrong passphrase of the secret key"), "{wrong}");
        let none = folder.fails(2, &decode);
        assert!(none.contains("TINTYPE_KEY_PASSPHRASE"), "{none}");
        assert!(!folder.path("b.ppm").exists());
    }
    for (key, public) in [("ssh-key-locked", "ssh-key.pub"), ("minisign-locked.key", "minisign.pub")] {
        let mut sign = folder.command(&["sign", "a.tin", "--key", &test_key(key), "--force"]);
        let output = sign.env("TINTYPE_KEY_PASSPHRASE", "correct horse").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let signer = test_key(public);
        folder.ok(&["verify", "a.tin", "-i", &test_key("ssh-key"), "--signer", &signer]);
        folder.fails(2, &["sign", "a.tin", "--key", &test_key(key), "--force"]);
    }
}

/// Ten gray pictures of 40 × 32, each another.
fn y4m() -> Vec<u8> {
    let mut file = b"YUV4MPEG2 W40 H32 F25:1 Cmono\n".to_vec();
    for time in 0..10 {
        file.extend(b"FRAME\n");
        file.extend((0..40 * 32).map(|i| (i / 40 * 5 + (i % 40 + 2 * time) * 4) as u8));
    }
    file
}

#[test]
fn clips_are_sealed_with_an_open_picture_beside_them() {
    let (folder, key) = (Folder::new(), test_key("age-key.txt"));
    folder.write("a.y4m", &y4m());
    let seal = ["--recipients-file", &test_key("age-key.pub"), "--open-preview", "1/4"];
    folder.ok(&[&["encode", "a.y4m", "--lossless", "--group", "3"][..], &seal].concat());
    assert_eq!(folder.read("a.tin")[4], 3);

    let closed = folder.json(&["info", "a.tin", "--json"]);
    assert_eq!((closed["width"].as_u64(), closed["sealed"]["open"].as_bool()), (Some(10), Some(false)));
    assert_eq!(closed["sealed"]["parts"][1]["clip"].as_bool(), Some(true), "{closed}");
    let info = folder.json(&["info", "a.tin", "--json", "-i", &key]);
    assert_eq!((info["frames"].as_u64(), info["sealed"]["open"].as_bool()), (Some(10), Some(true)));
    let text = folder.ok(&["info", "a.tin", "-i", &key]);
    assert!(text.contains("sealed, opened") && text.contains("40 × 32"), "{text}");

    // Without a key there is the first picture, small; with it all of them, from a file and a pipe.
    let small = folder.run(&["decode", "a.tin", "-o", "small.pgm"]);
    assert!(folder.read("small.pgm").starts_with(b"P5\n10 8\n"), "{small:?}");
    folder.ok(&["decode", "a.tin", "-i", &key]);
    assert_eq!(folder.read("a.y4m"), y4m());
    let piped = folder.with_input(&["decode", "-", "-i", &key], &folder.read("a.tin"));
    assert!(piped.stdout == y4m(), "{}", String::from_utf8_lossy(&piped.stderr));
    folder.ok(&["decode", "a.tin", "-o", "part.y4m", "--frames", "7..9", "-i", &key]);
    let head = 30;
    assert_eq!(folder.read("part.y4m")[head..], y4m()[head + 7 * 1286..head + 9 * 1286]);
    folder.ok(&["verify", "a.tin", "-i", &key]);
    let wrong = folder.fails(1, &["decode", "a.tin", "-o", "b.y4m", "-i", &test_key("ssh-key")]);
    assert!(wrong.contains("not sealed to any"), "{wrong}");

    // What was changed, cut or made longer is refused whole, and leaves nothing behind.
    let whole = folder.read("a.tin");
    folder.write_damaged("a.tin", 9, "bad.tin");
    folder.write("cut.tin", &whole[..whole.len() - 20]);
    folder.write("long.tin", &[&whole[..], b"more"].concat());
    for name in ["bad.tin", "cut.tin", "long.tin"] {
        for command in [&["decode", name, "-o", "c.y4m", "-i", &key][..], &["verify", name, "-i", &key]]
        {
            let message = folder.fails(1, command);
            assert!(message.contains("damaged or changed"), "{command:?}: {message}");
        }
        assert!(!folder.path("c.y4m").exists());
    }
}

#[test]
fn sealed_clips_are_as_small_as_asked_for_and_signed() {
    let folder = Folder::new();
    folder.write("a.y4m", &y4m());
    let recipients = ["--recipients-file", &test_key("age-key.pub")];
    folder.ok(&[&["encode", "a.y4m", "--size", "3000"][..], &recipients].concat());
    assert!(folder.read("a.tin").len() <= 3000);
    folder.ok(&["sign", "a.tin", "--key", &test_key("ssh-key")]);
    let (key, signer) = (test_key("age-key.txt"), test_key("ssh-key.pub"));
    folder.ok(&["verify", "a.tin", "-i", &key, "--signer", &signer]);
    // Numbered pictures are a clip like others.
    folder.ok(&["decode", "a.tin", "-o", "in/%02d.png", "-i", &key]);
    folder.ok(&[&["encode", "in", "--clip", "-o", "b.tin", "--lossless"][..], &recipients].concat());
    assert_eq!(folder.json(&["info", "b.tin", "--json", "-i", &key])["frames"].as_u64(), Some(10));
}
