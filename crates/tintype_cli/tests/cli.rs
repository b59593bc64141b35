//! The real program on real files: exit statuses, JSON fields, what is written and what is left alone.

use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// A folder for one test, with the program at hand.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// A picture of 96 × 64 pixels, smooth with some texture.
    fn photo(&self, name: &str) -> Vec<u8> {
        let bytes = ppm(96, 64);
        self.write(name, &bytes);
        bytes
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tintype"));
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// Runs and expects status 0; gives standard output.
    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs and expects `status`; gives standard error.
    fn fails(&self, status: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {message}");
        assert!(!message.is_empty());
        message
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(arguments)).unwrap()
    }

    /// Names of everything in the folder.
    fn names(&self) -> BTreeSet<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn with_input(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = self.piped(arguments);
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    }

    fn piped(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

fn ppm(width: usize, height: usize) -> Vec<u8> {
    let mut bytes = format!("P6\n{width} {height}\n255\n").into_bytes();
    let mut state = 7u32;
    for y in 0..height {
        for x in 0..width {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 27) as usize;
            bytes.extend(
                [x * 2 + noise, y * 3 + noise / 2, (x + y) + noise]
                    .map(|sample| sample.min(255) as u8),
            );
        }
    }
    bytes
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_lossless_picture_comes_back_to_the_byte() {
    let bench = Bench::new();
    let before = bench.photo("a.ppm");
    bench.ok(&["encode", "a.ppm", "--lossless"]);
    bench.ok(&["decode", "a.tin", "-o", "b.ppm"]);
    assert_eq!(bench.read("b.ppm"), before);
    assert!(bench.read("a.tin").len() < before.len());
    let same = bench.json(&["compare", "a.ppm", "a.tin", "--json"]);
    assert_eq!(
        (same["mse"].as_f64(), same["psnr"].is_null(), same["hamming"].as_u64()),
        (Some(0.0), true, Some(0))
    );
}

#[test]
fn names_follow_the_input_where_no_output_is_named() {
    let bench = Bench::new();
    bench.photo("deep/a.ppm");
    bench.ok(&["encode", "deep/a.ppm"]);
    bench.ok(&["decode", "deep/a.tin"]);
    assert!(bench.read("deep/a.png").starts_with(b"\x89PNG"));
}

#[test]
fn json_has_the_fields_of_the_contract() {
    let bench = Bench::new();
    bench.photo("a.ppm");
    let common = [
        "input",
        "output",
        "width",
        "height",
        "planes",
        "bit_depth",
        "codec",
        "model",
        "bytes",
        "bpp",
    ];
    let expected = |more: &[&'static str]| -> BTreeSet<&str> {
        common.iter().chain(["peak_memory_bytes"].iter()).chain(more).copied().collect()
    };
    let encoded = bench.json(&["encode", "a.ppm", "-o", "b.tin", "--json"]);
    assert_eq!(keys(&encoded), expected(&["encode_ms"]));
    let bytes = bench.read("b.tin").len() as u64;
    assert_eq!(
        (encoded["input"].as_str(), encoded["output"].as_str()),
        (Some("a.ppm"), Some("b.tin"))
    );
    assert_eq!((encoded["width"].as_u64(), encoded["height"].as_u64()), (Some(96), Some(64)));
    assert_eq!((encoded["planes"].as_u64(), encoded["bit_depth"].as_u64()), (Some(3), Some(8)));
    assert_eq!(encoded["bytes"].as_u64(), Some(bytes));
    assert_eq!(encoded["bpp"].as_f64(), Some(bytes as f64 * 8.0 / (96.0 * 64.0)));
    let decoded = bench.json(&["decode", "b.tin", "-o", "b.png", "--json"]);
    assert_eq!(keys(&decoded), expected(&["decode_ms"]));
    assert_eq!(decoded["bytes"].as_u64(), Some(bytes));
    let info = bench.json(&["info", "b.tin", "--json"]);
    assert!(keys(&info).is_superset(&expected(&[])));
    assert_eq!(
        (info["codec"].as_str(), info["output"].is_null()),
        (encoded["codec"].as_str(), true)
    );
    let compared = bench.json(&["compare", "a.ppm", "b.png", "--json"]);
    let metrics = [
        "mse",
        "mae",
        "psnr",
        "ssim",
        "ms_ssim",
        "ssimulacra2",
        "butteraugli",
        "hamming",
        "cosine",
    ];
    assert!(metrics.iter().all(|metric| compared.get(metric).is_some()), "{compared}");
}

#[test]
fn folders_keep_names_and_depth() {
    let bench = Bench::new();
    for name in ["in/a.ppm", "in/sub/b.ppm", "in/sub/notes.txt"] {
        bench.photo(name);
    }
    let lines = bench.ok(&["encode", "in", "-o", "out", "--json", "--threads", "2"]);
    let inputs: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        inputs.iter().map(|o| o["input"].as_str().unwrap()).collect::<Vec<_>>(),
        ["in/a.ppm", "in/sub/b.ppm"]
    );
    bench.ok(&["decode", "out", "-o", "back"]);
    assert!(bench.path("back/a.png").exists() && bench.path("back/sub/b.png").exists());
    bench.ok(&["encode", "in/*.ppm", "-o", "globbed/"]);
    assert!(bench.path("globbed/a.tin").exists());
}

#[test]
fn one_bad_file_does_not_stop_the_others() {
    let bench = Bench::new();
    bench.photo("a.ppm");
    bench.write("broken.png", b"\x89PNG\r\n\x1a\nnothing more");
    bench.photo("z.ppm");
    let message = bench.fails(1, &["encode", "a.ppm", "broken.png", "z.ppm", "-o", "out"]);
    assert!(message.contains("broken.png") && !message.contains("a.ppm"), "{message}");
    assert!(bench.path("out/a.tin").exists() && bench.path("out/z.tin").exists());
    assert!(!bench.path("out/broken.tin").exists());
}

#[test]
fn wrong_usage_is_status_two_and_writes_nothing() {
    let bench = Bench::new();
    bench.photo("a.ppm");
    bench.photo("a.pgm");
    let before = bench.names();
    let wrong: [&[&str]; 18] = [
        &[],
        &["encode"],
        &["encode", "a.ppm", "-q", "101"],
        &["encode", "a.ppm", "-q", "50", "--lossless"],
        &["encode", "a.ppm", "--bpp", "0"],
        &["encode", "a.ppm", "--effort", "10"],
        &["encode", "a.ppm", "--codec", "nonsense"],
        &["encode", "a.ppm", "--threads", "0"],
        &["encode", "a.ppm", "--denoise", "magic"],
        &["encode", "a.ppm", "--denoise", "median", "--lossless"],
        &["encode", "a.ppm", "a.pgm"],
        &["encode", "a.ppm", "-o", "a.ppm"],
        &["encode", "a.ppm", "-o", "a.png"],
        &["encode", "a.ppm", "-o", "a.jpg", "--size", "1000"],
        &["encode", "a.ppm", "-o", "-", "--json"],
        &["encode", "nowhere/*.png"],
        &["decode", "a.tin", "-o", "a.xyz"],
        &["decode", "a.tin", "--scale", "1/3"],
    ];
    for arguments in wrong {
        bench.fails(2, arguments);
    }
    assert_eq!(bench.names(), before);
}

#[test]
fn streams_work_as_files_do() {
    let bench = Bench::new();
    let photo = bench.photo("a.ppm");
    bench.ok(&["encode", "a.ppm", "-q", "60"]);
    let encoded = bench.with_input(&["encode", "-", "-o", "-", "-q", "60"], &photo);
    assert_eq!(encoded.status.code(), Some(0));
    assert_eq!(encoded.stdout, bench.read("a.tin"));
    bench.ok(&["decode", "a.tin", "-o", "a.png"]);
    let decoded = bench.with_input(&["decode", "-"], &encoded.stdout);
    assert_eq!(decoded.stdout, bench.read("a.png"));
}

#[test]
fn threads_do_not_change_the_file() {
    let bench = Bench::new();
    bench.photo("a.ppm");
    bench.ok(&["encode", "a.ppm", "-o", "one.tin", "--threads", "1"]);
    bench.ok(&["encode", "a.ppm", "-o", "three.tin", "--threads", "3"]);
    assert_eq!(bench.read("one.tin"), bench.read("three.tin"));
}

#[test]
fn goals_are_reached_within_two_per_cent() {
    let bench = Bench::new();
    bench.write("a.ppm", &ppm(256, 192));
    let pixels = 256.0 * 192.0;
    let encode =
        |goal: &[&str]| bench.json(&[&["encode", "a.ppm", "-o", "b.tin", "--json"], goal].concat());
    let size = encode(&["--size", "9000"])["bytes"].as_u64().unwrap();
    assert!((8_820..=9_000).contains(&size), "{size}");
    let bpp = encode(&["--bpp", "1.2"])["bytes"].as_f64().unwrap() * 8.0 / pixels;
    assert!(bpp <= 1.2 && bpp > 1.2 * 0.98, "{bpp}");
    for (flag, field, goal) in [("--psnr", "psnr", 34.0), ("--ssimulacra2", "ssimulacra2", 60.0)] {
        encode(&[flag, &goal.to_string()]);
        let reached = bench.json(&["compare", "a.ppm", "b.tin", "--json"])[field].as_f64().unwrap();
        assert!((reached - goal).abs() < goal * 0.02, "{flag} {reached} for {goal}");
    }
    let message = bench.fails(1, &["encode", "a.ppm", "-o", "c.tin", "--size", "20"]);
    assert!(message.contains("20 bytes") && !bench.path("c.tin").exists(), "{message}");
}

#[test]
fn scale_and_region_give_the_size_asked_for() {
    let bench = Bench::new();
    bench.photo("a.ppm");
    bench.ok(&["encode", "a.ppm"]);
    let small = bench.json(&["decode", "a.tin", "-o", "small.png", "--scale", "1/2", "--json"]);
    assert_eq!((small["width"].as_u64(), small["height"].as_u64()), (Some(48), Some(32)));
    bench.ok(&["encode", "a.ppm", "-o", "exact.tin", "--lossless"]);
    let part = [
        "decode",
        "exact.tin",
        "-o",
        "small.png",
        "--scale",
        "1/4",
        "--region",
        "5,5,9,2",
        "--json",
    ];
    let small = bench.json(&part);
    assert_eq!((small["width"].as_u64(), small["height"].as_u64()), (Some(3), Some(1)));
    bench.ok(&["decode", "a.tin", "-o", "whole.ppm"]);
    bench.ok(&["decode", "a.tin", "-o", "part.ppm", "--region", "10,20,30,7"]);
    let (whole, part) = (bench.read("whole.ppm"), bench.read("part.ppm"));
    let samples = |bytes: &[u8], header: &str| bytes[header.len()..].to_vec();
    let (whole, part) = (samples(&whole, "P6\n96 64\n255\n"), samples(&part, "P6\n30 7\n255\n"));
    for y in 0..7 {
        assert_eq!(part[y * 90..][..90], whole[((20 + y) * 96 + 10) * 3..][..90], "row {y}");
    }
    bench.fails(1, &["decode", "a.tin", "-o", "no.png", "--region", "90,0,10,10"]);
}

#[test]
fn damaged_files_are_refused_with_name_and_place() {
    let bench = Bench::new();
    bench.photo("a.ppm");
    bench.ok(&["encode", "a.ppm", "--lossless"]);
    let file = bench.read("a.tin");
    bench.write("b.png", b"the old one");
    for len in [0, 3, 7, 20, file.len() / 2, file.len() - 1] {
        bench.write("cut.tin", &file[..len]);
        let message = bench.fails(1, &["decode", "cut.tin", "-o", "b.png"]);
        assert!(
            message.contains("cut.tin") && message.contains(&format!("byte {len}")),
            "{len}: {message}"
        );
    }
    for place in [0, 4, 6, 10, file.len() / 2, file.len() - 1] {
        let mut flipped = file.clone();
        flipped[place] ^= 0x10;
        bench.write("flipped.tin", &flipped);
        let message = bench.fails(1, &["decode", "flipped.tin", "-o", "b.png"]);
        assert!(message.contains("flipped.tin"), "{place}: {message}");
    }
    assert!(bench.fails(1, &["decode", "a.ppm", "-o", "b.png"]).contains("byte 0"));
    assert!(bench.fails(1, &["decode", "missing.tin", "-o", "b.png"]).contains("missing.tin"));
    assert_eq!(bench.read("b.png"), b"the old one");
}

#[test]
fn a_wavelet_file_that_was_cut_off_is_decoded_as_far_as_it_goes() {
    let bench = Bench::new();
    bench.photo("a.ppm");
    bench.ok(&["encode", "a.ppm", "--codec", "wavelet", "-q", "90"]);
    let file = bench.read("a.tin");
    bench.write("cut.tin", &file[..file.len() * 2 / 3]);
    let message = bench.fails(1, &["decode", "cut.tin", "-o", "cut.png"]);
    assert!(message.contains("cut off at byte"), "{message}");
    let first = bench.read("cut.png");
    bench.ok(&["decode", "cut.tin", "-o", "cut.png", "--partial"]);
    assert_eq!(bench.read("cut.png"), first);
}

#[test]
fn an_input_is_never_overwritten_even_through_another_name() {
    let bench = Bench::new();
    let photo = bench.photo("a.ppm");
    std::fs::create_dir(bench.path("sub")).unwrap();
    bench.fails(2, &["encode", "a.ppm", "-o", "sub/../a.ppm"]);
    bench.fails(2, &["decode", "a.ppm", "-o", "./a.ppm"]);
    assert_eq!(bench.read("a.ppm"), photo);
}

#[test]
fn a_jpeg_that_was_cut_off_gives_what_is_there_and_says_so() {
    let bench = Bench::new();
    bench.photo("a.ppm");
    bench.ok(&["encode", "a.ppm", "-o", "a.jpg", "-q", "80"]);
    let file = bench.read("a.jpg");
    bench.write("cut.jpg", &file[..file.len() * 2 / 3]);
    let message = bench.fails(1, &["decode", "cut.jpg", "-o", "part.png"]);
    assert!(message.contains("cut.jpg: the file is damaged or cut off"), "{message}");
    assert!(bench.ok(&["info", "cut.jpg"]).contains("damaged"));
    let message = bench.fails(1, &["encode", "cut.jpg", "-q", "50", "-o", "cut.tin"]);
    assert!(message.contains("cut.jpg: the file is damaged or cut off"), "{message}");
    bench.ok(&["decode", "cut.tin", "-o", "cut.png"]);
    // Kept as a file it loses nothing; a picture made of that file lacks its end.
    bench.ok(&["encode", "cut.jpg", "-o", "kept.tin"]);
    bench.ok(&["decode", "kept.tin", "-o", "back.jpg"]);
    assert_eq!(bench.read("back.jpg"), file[..file.len() * 2 / 3]);
    let message = bench.fails(1, &["decode", "kept.tin", "-o", "kept.png"]);
    assert!(message.contains("kept.tin: the file is damaged or cut off"), "{message}");
    let record = bench.json(&["decode", "kept.tin", "-o", "kept.png", "--partial", "--json"]);
    assert_eq!(record["warnings"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_plain_jpeg_is_decoded_as_if_it_were_in_a_file_of_ours() {
    let bench = Bench::new();
    bench.photo("a.ppm");
    bench.ok(&["encode", "a.ppm", "-o", "a.jpg", "-q", "80"]);
    bench.ok(&["encode", "a.jpg", "-o", "a.tin"]);
    for more in [&[][..], &["--scale", "1/4"], &["--region", "5,3,20,17"]] {
        bench.ok(&[&["decode", "a.jpg", "-o", "b.ppm"], more].concat());
        bench.ok(&[&["decode", "a.tin", "-o", "c.ppm"], more].concat());
        assert_eq!(bench.read("b.ppm"), bench.read("c.ppm"), "{more:?}");
    }
    bench.fails(1, &["decode", "a.jpg", "-o", "b.ppm", "--region", "5,3,20000,17"]);
    bench.ok(&["decode", "a.jpg", "-o", "copy.jpg"]);
    assert_eq!(bench.read("copy.jpg"), bench.read("a.jpg"));
}

#[test]
fn a_real_jpeg_comes_out_where_one_is_asked_for() {
    let bench = Bench::new();
    bench.photo("a.ppm");
    let record = bench.json(&["encode", "a.ppm", "-o", "a.jpg", "-q", "80", "--json"]);
    assert_eq!(record["codec"].as_str(), Some("jpeg"));
    assert!(bench.read("a.jpg").starts_with(&[0xff, 0xd8, 0xff]));
    let psnr = bench.json(&["compare", "a.ppm", "a.jpg", "--json"])["psnr"].as_f64().unwrap();
    assert!(psnr > 25.0, "{psnr}");
}

#[test]
fn denoising_makes_a_noisy_picture_smaller() {
    let bench = Bench::new();
    bench.photo("a.ppm");
    let bytes = |more: &[&str]| {
        bench.json(&[&["encode", "a.ppm", "-o", "b.tin", "-q", "80", "--json"], more].concat())["bytes"]
            .as_u64()
            .unwrap()
    };
    assert!(bytes(&["--denoise", "median"]) < bytes(&[]));
    assert!(bytes(&["--denoise", "gaussian:2"]) < bytes(&["--denoise", "gaussian:0.5"]));
}

#[test]
fn a_jpeg_that_shall_lose_nothing_comes_back_as_the_same_file() {
    let bench = Bench::new();
    bench.write("p.ppm", &ppm(256, 192));
    bench.ok(&["encode", "p.ppm", "-o", "a.jpg", "-q", "85"]);
    let record = bench.json(&["encode", "a.jpg", "--lossless", "--json"]);
    assert_eq!(record["codec"].as_str(), Some("jpeg"));
    let (jpeg, packed) = (bench.read("a.jpg"), bench.read("a.tin"));
    assert!(packed.len() < jpeg.len(), "{} of {}", packed.len(), jpeg.len());
    bench.ok(&["decode", "a.tin", "-o", "back.jpg"]);
    assert_eq!(bench.read("back.jpg"), jpeg);
    let same = bench.json(&["compare", "a.jpg", "a.tin", "--json"]);
    assert_eq!(same["hamming"].as_u64(), Some(0));
    let small = bench.json(&[
        "decode",
        "a.tin",
        "-o",
        "small.png",
        "--scale",
        "1/2",
        "--region",
        "3,3,20,20",
        "--json",
    ]);
    assert_eq!(small["width"].as_u64(), Some(11));
    bench.write("cut.tin", &packed[..packed.len() / 2]);
    assert!(bench.fails(1, &["decode", "cut.tin", "-o", "c.jpg"]).contains("ends at byte"));
    assert!(
        bench.fails(1, &["encode", "p.ppm", "-o", "x.tin", "--codec", "jpeg"]).contains("OUT.jpg")
    );
}

#[test]
fn compare_writes_where_pictures_differ() {
    let bench = Bench::new();
    bench.photo("a.ppm");
    bench.ok(&["encode", "a.ppm", "-q", "20"]);
    let table = bench.ok(&["compare", "a.ppm", "a.tin", "--diff", "d.png"]);
    assert!(table.contains("PSNR") && table.contains("Butteraugli"), "{table}");
    assert!(bench.read("d.png").starts_with(b"\x89PNG"));
    bench.write("other.ppm", &ppm(95, 64));
    let message = bench.fails(1, &["compare", "a.ppm", "other.ppm"]);
    assert!(message.contains("a.ppm") && message.contains("other.ppm"), "{message}");
}

#[test]
fn completions_and_manual_are_printed() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(bench.ok(&["completions", shell]).contains("tintype"), "{shell}");
    }
    let page = bench.ok(&["man"]);
    assert!(
        page.contains(".TH") && page.contains("tintype-encode") && page.contains("ssimulacra2"),
        "{page}"
    );
}

#[test]
fn a_failed_write_leaves_the_old_file_and_nothing_beside_it() {
    let bench = Bench::new();
    bench.write("a.ppm", &ppm(400, 300));
    bench.write("out.tin", b"the old one");
    let before = bench.names();
    // The shell lets no file grow beyond one block of 512 or 1024 bytes, as a full disk would; the program sees an error.
    let line = format!(
        "trap '' XFSZ; ulimit -f 1; exec '{}' encode a.ppm -o out.tin --lossless",
        env!("CARGO_BIN_EXE_tintype")
    );
    let output =
        Command::new("sh").args(["-c", &line]).current_dir(bench.folder.path()).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("out.tin") && message.contains("as it was"), "{message}");
    assert_eq!(bench.read("out.tin"), b"the old one");
    assert_eq!(bench.names(), before);
}

#[test]
fn a_full_device_is_an_error() {
    let bench = Bench::new();
    bench.photo("a.ppm");
    if Path::new("/dev/full").exists() {
        assert!(bench.fails(1, &["encode", "a.ppm", "-o", "/dev/full"]).contains("/dev/full"));
    }
}

#[test]
fn an_interrupted_run_leaves_the_old_file() {
    let bench = Bench::new();
    let photo = bench.photo("a.ppm");
    bench.write("out.tin", b"the old one");
    let mut child = bench.piped(&["encode", "-", "-o", "out.tin"]);
    child.stdin.as_mut().unwrap().write_all(&photo[..photo.len() / 2]).unwrap();
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None);
    assert_eq!(bench.read("out.tin"), b"the old one");
}

#[cfg(unix)]
#[test]
fn permissions_and_links_of_an_old_file_stay() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    bench.photo("a.ppm");
    bench.write("real.tin", b"old");
    std::fs::set_permissions(bench.path("real.tin"), PermissionsExt::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real.tin", bench.path("link.tin")).unwrap();
    bench.ok(&["encode", "a.ppm", "-o", "link.tin"]);
    assert!(bench.path("link.tin").is_symlink());
    assert_eq!(
        std::fs::metadata(bench.path("real.tin")).unwrap().permissions().mode() & 0o777,
        0o640
    );
    assert!(bench.read("real.tin").starts_with(b"\x89TIN"));
}

#[test]
fn a_model_is_trained_used_and_asked_for_by_name() {
    let bench = Bench::new();
    for i in 0..10 {
        bench.photo(&format!("album/{i}.ppm"));
    }
    let small = [
        "--set",
        "leaves=8,8,4,4,4,2",
        "--set",
        "coded=2",
        "--set",
        "rounds=1",
        "--set",
        "refinements=1",
    ];
    let train = |out: &str| {
        let said =
            bench.ok(&[&["train", "album", "--codec", "cluster", "-o", out], &small[..]].concat());
        assert!(said.contains("on 1 pictures that were held out"), "{said}");
    };
    train("own.tinmodel");
    train("again.tinmodel");
    assert_eq!(bench.read("own.tinmodel"), bench.read("again.tinmodel"));
    let card = String::from_utf8(bench.read("own.md")).unwrap();
    assert!(card.contains("| codec | cluster |") && card.contains("contents hash"), "{card}");
    bench.ok(&["encode", "album/0.ppm", "--model", "own.tinmodel", "-o", "0.tin"]);
    let message = bench.fails(1, &["decode", "0.tin"]);
    assert!(message.contains("--model"), "{message}");
    bench.ok(&["decode", "0.tin", "--model", "own.tinmodel", "-o", "a.ppm"]);
    bench.ok(&["encode", "album/0.ppm", "--model", "own.tinmodel", "--send-model", "-o", "0s.tin"]);
    bench.ok(&["decode", "0s.tin", "-o", "b.ppm"]);
    assert_eq!(bench.read("a.ppm"), bench.read("b.ppm"));
    bench.fails(
        2,
        &["encode", "album/0.ppm", "--codec", "wavelet", "--model", "own.tinmodel", "-o", "1.tin"],
    );
    assert!(bench.ok(&["info", "own.tinmodel"]).contains("model for  cluster"));
    bench.ok(&["info", "own.tinmodel", "--tree", "tree.png"]);
    assert!(bench.read("tree.png").starts_with(b"\x89PNG"));
}

/// A gray picture of 16 bits.
fn pgm(width: usize, height: usize, first: usize) -> Vec<u8> {
    let mut bytes = format!("P5\n{width} {height}\n65535\n").into_bytes();
    bytes.extend((0..width * height).flat_map(|i| ((first + i * 7) as u16).to_be_bytes()));
    bytes
}

#[test]
fn folders_of_pairs_are_paired_by_name() {
    let bench = Bench::new();
    for (name, first) in [("1", 100), ("2", 9000)] {
        bench.photo(&format!("rgb/{name}_color.ppm"));
        bench.write(&format!("d/{name}_depth.pgm"), &pgm(96, 64, first));
    }
    bench.ok(&["encode", "rgb", "--depth", "d", "-o", "out", "--lossless"]);
    bench.ok(&["decode", "out/2_color.tin", "-o", "b.ppm", "--depth", "b.pgm"]);
    assert_eq!(bench.read("b.pgm"), bench.read("d/2_depth.pgm"));
    bench.write("d/3_depth.pgm", &pgm(96, 64, 1));
    let message = bench.fails(2, &["encode", "rgb", "--depth", "d", "-o", "more"]);
    assert!(message.contains("3_depth.pgm") && !message.contains("2_depth.pgm"), "{message}");
    bench.write("small.pgm", &pgm(95, 64, 1));
    let message =
        bench.fails(1, &["encode", "rgb/1_color.ppm", "--depth", "small.pgm", "-o", "x.tin"]);
    assert!(message.contains("small.pgm") && message.contains("95 × 64"), "{message}");
}

/// `P7` of `planes` planes of 16 bits.
fn pam(planes: usize) -> Vec<u8> {
    let (width, height) = (40, 30);
    let head =
        format!("P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {planes}\nMAXVAL 65535\nENDHDR\n");
    let mut bytes = head.into_bytes();
    for at in 0..width * height {
        bytes.extend(
            (0..planes).flat_map(|plane| ((at * 31 + plane * 900 + at % 13) as u16).to_be_bytes()),
        );
    }
    bytes
}

#[test]
fn thirty_two_deep_planes_go_through_tiff_and_back() {
    let bench = Bench::new();
    let before = pam(32);
    bench.write("a.pam", &before);
    bench.ok(&["encode", "a.pam", "--lossless"]);
    bench.ok(&["decode", "a.tin", "-o", "b.tif"]);
    bench.ok(&["encode", "b.tif", "--lossless"]);
    bench.ok(&["decode", "b.tin", "-o", "c.pam"]);
    let samples = |file: &[u8]| file[file.len() - 32 * 1200 * 2..].to_vec();
    assert_eq!(samples(&bench.read("c.pam")), samples(&before));
    bench.ok(&["encode", "b.tif", "--max-error", "3", "-o", "near.tin"]);
    bench.ok(&["decode", "near.tin", "-o", "near.pam"]);
    let near = samples(&bench.read("near.pam"));
    let value = |pair: &[u8]| u16::from_be_bytes([pair[0], pair[1]]);
    let worst = near
        .chunks(2)
        .zip(samples(&before).chunks(2))
        .map(|(a, b)| value(a).abs_diff(value(b)))
        .max();
    assert!((1..=3).contains(&worst.unwrap()), "{worst:?}");
    bench.ok(&["encode", "b.tif", "-q", "40", "-o", "lossy.tin"]);
    bench.ok(&["decode", "lossy.tin", "-o", "lossy.tif"]);
    let compared = bench.json(&["compare", "b.tif", "lossy.tif", "--json"]);
    assert!(compared["mse"].as_f64().unwrap() > 0.0);
}

#[test]
fn bad_deep_files_say_what_is_wrong() {
    let bench = Bench::new();
    bench.write("a.pam", &pam(33));
    let message = bench.fails(1, &["encode", "a.pam"]);
    assert!(message.contains("planes") && message.contains("32"), "{message}");
    bench.write("b.pam", &pam(5));
    bench.ok(&["encode", "b.pam", "--lossless"]);
    bench.ok(&["decode", "b.tin", "-o", "b.tif"]);
    let whole = bench.read("b.tif");
    bench.write("cut.tif", &whole[..whole.len() / 2]);
    let message = bench.fails(1, &["encode", "cut.tif"]);
    assert!(message.contains("cut.tif"), "{message}");
    let mut dicom = vec![0; 128];
    dicom.extend(b"DICM\x02\0\x10\0UI\x14\x001.2.840.10008.1.2.5\0");
    bench.write("rle.dcm", &dicom);
    let message = bench.fails(1, &["encode", "rle.dcm"]);
    assert!(message.contains("RLE"), "{message}");
    bench.write("cut.dcm", &dicom[..140]);
    let message = bench.fails(1, &["encode", "cut.dcm"]);
    assert!(message.contains("ends early"), "{message}");
}
