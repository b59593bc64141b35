//! `encode --replace`, and a batch that is killed at any moment.

mod folder;

use folder::{Folder, ppm};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

fn test_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(name)
}

#[test]
fn originals_go_when_their_results_are_known_to_hold_them() {
    let folder = Folder::new();
    folder.photo("in/a.ppm");
    std::fs::copy(test_file("jpeg/baseline_420.jpg"), folder.path("in/b.jpg")).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    std::fs::File::options()
        .write(true)
        .open(folder.path("in/b.jpg"))
        .unwrap()
        .set_modified(time)
        .unwrap();
    let (a, b) = (folder.read("in/a.ppm"), folder.read("in/b.jpg"));
    let lines = folder.ok(&["encode", "in", "--replace", "--lossless", "--json"]);
    assert_eq!(lines.matches("\"replaced\":true").count(), 2);
    assert!(!folder.path("in/a.ppm").exists() && !folder.path("in/b.jpg").exists());
    let kept = std::fs::metadata(folder.path("in/b.tin")).unwrap().modified().unwrap();
    assert_eq!(kept, time);
    folder.ok(&["decode", "in/a.tin", "-o", "a.ppm"]);
    folder.ok(&["decode", "in/b.tin", "-o", "b.jpg"]);
    assert_eq!((folder.read("a.ppm"), folder.read("b.jpg")), (a, b));
}

#[test]
fn a_loss_is_refused_unless_it_is_agreed_to() {
    let folder = Folder::with_photo("a.ppm");
    std::fs::copy(test_file("odd/thumbnail_and_gain_map.jpg"), folder.path("b.jpg")).unwrap();
    for more in [&["-q", "80"][..], &["--lossless", "--strip"], &["--lossless", "--resize", "50%"], &[]]
    {
        let message = folder.fails(1, &[&["encode", "a.ppm", "--replace"][..], more].concat());
        assert!(message.contains("--yes"), "{more:?}: {message}");
        assert!(folder.path("a.ppm").exists() && !folder.path("a.tin").exists(), "{more:?}");
    }
    let message = folder.fails(1, &["encode", "b.jpg", "--replace", "--strip"]);
    assert!(message.contains("--yes") && folder.path("b.jpg").exists(), "{message}");
    folder.ok(&["encode", "a.ppm", "--replace", "--yes", "-q", "80"]);
    assert!(!folder.path("a.ppm").exists() && folder.path("a.tin").exists());
    folder.fails(2, &["encode", "b.jpg", "--yes"]);
}

#[test]
fn what_the_result_lacks_keeps_the_original() {
    let folder = Folder::new();
    // Three frames, of which one is read.
    std::fs::copy(test_file("odd/frames.gif"), folder.path("a.gif")).unwrap();
    let one = ["encode", "a.gif", "--replace", "--lossless", "--codec", "lossless"];
    let message = folder.fails(1, &one);
    assert!(message.contains("the original stays"), "{message}");
    std::fs::remove_file(folder.path("a.tin")).unwrap();
    // As a clip it has all frames, and not how often they are repeated.
    let message = folder.fails(1, &one[..4]);
    assert!(message.contains("--yes"), "{message}");
    assert!(folder.path("a.gif").exists() && !folder.path("a.tin").exists());
    folder.ok(&[&one[..4], &["--yes"]].concat());
    assert!(!folder.path("a.gif").exists());
}

/// Eight gray pictures of 24 × 16, each another.
fn y4m() -> Vec<u8> {
    let mut file = b"YUV4MPEG2 W24 H16 F25:1 Cmono\n".to_vec();
    for time in 0..8u8 {
        file.extend(b"FRAME\n");
        file.extend((0..24 * 16).map(|i| (i / 24 * 9 + i % 24 * 3) as u8 ^ time));
    }
    file
}

#[test]
fn clips_are_replaced_when_every_picture_comes_back() {
    let folder = Folder::new();
    folder.write("a.y4m", &y4m());
    let message = folder.fails(1, &["encode", "a.y4m", "--replace"]);
    assert!(message.contains("--yes") && !folder.path("a.tin").exists(), "{message}");
    let line = folder.ok(&["encode", "a.y4m", "--replace", "--lossless", "--json"]);
    assert!(line.contains("\"replaced\":true") && !folder.path("a.y4m").exists(), "{line}");
    folder.ok(&["decode", "a.tin", "-o", "b.y4m"]);
    assert_eq!(folder.read("b.y4m"), y4m());

    // A run that was killed after it wrote the result: the same command goes on, sealed or not.
    let key = test_file("seal/age-key.pub").display().to_string();
    for seal in [&[][..], &["--recipients-file", &key]] {
        let exact = [&["encode", "b.y4m", "-o", "b.tin", "--lossless"][..], seal].concat();
        folder.ok(&[&exact[..], &["--force"]].concat());
        let before = folder.read("b.tin");
        folder.ok(&[&exact[..], &["--replace"]].concat());
        // A new lock does not open what another one sealed: then the clip is sealed anew.
        assert!(!folder.path("b.y4m").exists() && (folder.read("b.tin") == before || !seal.is_empty()));
        folder.write("b.y4m", &y4m());
    }
    // A clip that ends in the middle of a picture is in the original only.
    folder.write("cut.y4m", &y4m()[..2000]);
    let message = folder.fails(1, &["encode", "cut.y4m", "--replace", "--lossless"]);
    assert!(message.contains("the original stays"), "{message}");
    assert!(folder.path("cut.y4m").exists());
    folder.ok(&["encode", "b.y4m", "-o", "c.tin", "--replace", "--yes", "-q", "70"]);
    assert!(!folder.path("b.y4m").exists());
}

#[cfg(unix)]
#[test]
fn a_link_is_no_original() {
    let folder = Folder::with_photo("real.ppm");
    std::os::unix::fs::symlink(folder.path("real.ppm"), folder.path("link.ppm")).unwrap();
    let message = folder.fails(1, &["encode", "link.ppm", "--replace", "--lossless"]);
    assert!(message.contains("no plain file"), "{message}");
    assert!(folder.path("real.ppm").exists() && folder.path("link.ppm").exists());
}

#[test]
fn sealed_results_are_checked_too() {
    let folder = Folder::with_photo("a.ppm");
    let before = folder.read("a.ppm");
    let key = test_file("seal/age-key.pub").display().to_string();
    folder.ok(&["encode", "a.ppm", "--replace", "--lossless", "--recipients-file", &key]);
    assert!(!folder.path("a.ppm").exists());
    let secret = test_file("seal/age-key.txt").display().to_string();
    folder.ok(&["decode", "a.tin", "-o", "b.ppm", "-i", &secret]);
    assert_eq!(folder.read("b.ppm"), before);
}

#[test]
fn leftovers_of_a_killed_program_go_and_files_in_work_stay() {
    let folder = Folder::with_photo("a.ppm");
    folder.write(".tintype-dead.part", b"half");
    folder.write(".tintype-busy.part", b"half");
    let busy = std::fs::File::options().write(true).open(folder.path(".tintype-busy.part")).unwrap();
    busy.lock().unwrap();
    folder.ok(&["encode", "a.ppm", "-o", "a.tin"]);
    let names = folder.names();
    assert!(!names.contains(".tintype-dead.part") && names.contains(".tintype-busy.part"), "{names:?}");
}

/// How many times batches are killed: enough to be quick, or as many as the variable says.
fn kills() -> usize {
    std::env::var("TINTYPE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(12)
}

/// The pictures of a batch, by name, a hundred of them where kills are many; sizes differ, so that every moment is
/// met.
fn originals() -> BTreeMap<String, Vec<u8>> {
    let picture = |i: usize| (format!("p{i:02}.ppm"), ppm(40 + 8 * (i % 7), 30 + 5 * (i % 5)));
    let count = if kills() < 100 { 17 } else { 98 };
    let mut all: BTreeMap<_, _> = (0..count).map(picture).collect();
    all.insert("clip.y4m".into(), y4m());
    // One stem twice: the names of their results must not depend on what is left.
    all.insert("p03.jpg".into(), std::fs::read(test_file("jpeg/baseline_420.jpg")).unwrap());
    all
}

const BATCH: [&str; 4] = ["encode", "in", "--lossless", "--threads"];

fn batch(replace: bool) -> Vec<&'static str> {
    [&BATCH[..], &["2"], if replace { &["--replace"] } else { &["--resume"] }].concat()
}

/// Whether the picture `name` is there in a whole form: itself, or in its `.tin` file.
fn is_whole(folder: &Folder, name: &str, original: &[u8]) -> bool {
    let path = folder.path(&format!("in/{name}"));
    if path.exists() {
        return std::fs::read(path).unwrap() == original;
    }
    let stem = name.split('.').next().unwrap();
    let tin = [format!("in/{name}.tin"), format!("in/{stem}.tin")];
    let tin =
        tin.iter().find(|tin| folder.path(tin).exists()).unwrap_or_else(|| panic!("{name} is lost"));
    let back = format!("back.{}", name.split('.').next_back().unwrap());
    folder.ok(&["decode", tin, "-o", &back, "--force"]);
    folder.read(&back) == original
}

/// The files of `in`, by name.
fn files(folder: &Folder) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder.path("in")).unwrap();
    let entries = entries.map(|entry| entry.unwrap());
    entries.map(|e| (e.file_name().into_string().unwrap(), std::fs::read(e.path()).unwrap())).collect()
}

fn fresh(originals: &BTreeMap<String, Vec<u8>>) -> Folder {
    let folder = Folder::new();
    originals.iter().for_each(|(name, bytes)| folder.write(&format!("in/{name}"), bytes));
    folder
}

/// Kills a batch at random moments, again and again until it is done; every picture is whole at every
/// moment, and the end is that of a batch which nobody killed.
fn killed_at_random_moments(replace: bool, seed: u64) {
    let originals = originals();
    let unbroken = fresh(&originals);
    let start = std::time::Instant::now();
    unbroken.ok(&batch(replace));
    let whole_run = start.elapsed();
    let expected = files(&unbroken);
    assert_eq!(expected.len(), if replace { originals.len() } else { 2 * originals.len() });

    let mut random = fastrand::Rng::with_seed(seed);
    let mut killed = 0;
    while killed < kills() {
        let folder = fresh(&originals);
        loop {
            let mut child = folder
                .command(&batch(replace))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(whole_run.mul_f64(random.f64() * 0.9));
            // On Unix this is SIGKILL.
            child.kill().unwrap();
            let ended_itself = child.wait().unwrap().success();
            for (name, original) in &originals {
                assert!(is_whole(&folder, name, original), "{name} after {killed} kills");
            }
            killed += 1;
            if ended_itself || random.u8(..3) == 0 {
                break;
            }
        }
        folder.ok(&batch(replace));
        let end = files(&folder);
        assert!(end.keys().eq(expected.keys()), "{:?}", end.keys());
        assert!(end == expected, "the bytes of a resumed batch differ");
    }
}

#[test]
fn a_replacing_batch_that_is_killed_loses_nothing() {
    killed_at_random_moments(true, 11);
}

#[test]
fn a_batch_that_is_killed_is_resumed_to_the_same_bytes() {
    killed_at_random_moments(false, 12);
}
