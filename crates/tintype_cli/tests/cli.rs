//! The real program on real files: exit statuses, JSON fields, what is written and what is left alone.

mod folder;

use folder::{Folder, ppm};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::Command;

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_lossless_picture_comes_back_to_the_byte() {
    let folder = Folder::new();
    let before = folder.photo("a.ppm");
    folder.ok(&["encode", "a.ppm", "--lossless"]);
    folder.ok(&["decode", "a.tin", "-o", "b.ppm"]);
    assert_eq!(folder.read("b.ppm"), before);
    assert!(folder.read("a.tin").len() < before.len());
    let same = folder.json(&["compare", "a.ppm", "a.tin", "--json"]);
    assert_eq!(
        (same["mse"].as_f64(), same["psnr"].is_null(), same["hamming"].as_u64()),
        (Some(0.0), true, Some(0))
    );
}

#[test]
fn names_follow_the_input_where_no_output_is_named() {
    let folder = Folder::new();
    folder.photo("deep/a.ppm");
    folder.ok(&["encode", "deep/a.ppm"]);
    folder.ok(&["decode", "deep/a.tin"]);
    assert!(folder.read("deep/a.png").starts_with(b"\x89PNG"));
}

#[test]
fn json_has_the_fields_of_the_contract() {
    let folder = Folder::with_photo("a.ppm");
    let common =
        ["input", "output", "width", "height", "planes", "bit_depth", "codec", "model", "bytes", "bpp"];
    let expected = |more: &[&'static str]| -> BTreeSet<&str> {
        common.iter().chain(["peak_memory_bytes"].iter()).chain(more).copied().collect()
    };
    let encoded = folder.json(&["encode", "a.ppm", "-o", "b.tin", "--json"]);
    assert_eq!(keys(&encoded), expected(&["encode_ms"]));
    let bytes = folder.read("b.tin").len() as u64;
    assert_eq!((encoded["input"].as_str(), encoded["output"].as_str()), (Some("a.ppm"), Some("b.tin")));
    assert_eq!((encoded["width"].as_u64(), encoded["height"].as_u64()), (Some(96), Some(64)));
    assert_eq!((encoded["planes"].as_u64(), encoded["bit_depth"].as_u64()), (Some(3), Some(8)));
    assert_eq!(encoded["bytes"].as_u64(), Some(bytes));
    assert_eq!(encoded["bpp"].as_f64(), Some(bytes as f64 * 8.0 / (96.0 * 64.0)));
    let decoded = folder.json(&["decode", "b.tin", "-o", "b.png", "--json"]);
    assert_eq!(keys(&decoded), expected(&["decode_ms"]));
    assert_eq!(decoded["bytes"].as_u64(), Some(bytes));
    let info = folder.json(&["info", "b.tin", "--json"]);
    assert!(keys(&info).is_superset(&expected(&[])));
    assert_eq!((info["codec"].as_str(), info["output"].is_null()), (encoded["codec"].as_str(), true));
    let compared = folder.json(&["compare", "a.ppm", "b.png", "--json"]);
    let metrics =
        ["mse", "mae", "psnr", "ssim", "ms_ssim", "ssimulacra2", "butteraugli", "hamming", "cosine"];
    assert!(metrics.iter().all(|metric| compared.get(metric).is_some()), "{compared}");
}

#[test]
fn folders_keep_names_and_depth() {
    let folder = Folder::new();
    for name in ["in/a.ppm", "in/sub/b.ppm", "in/sub/notes.txt"] {
        folder.photo(name);
    }
    let lines = folder.ok(&["encode", "in", "-o", "out", "--json", "--threads", "2"]);
    let inputs: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        inputs.iter().map(|o| o["input"].as_str().unwrap()).collect::<Vec<_>>(),
        ["in/a.ppm", "in/sub/b.ppm"]
    );
    folder.ok(&["decode", "out", "-o", "back"]);
    assert!(folder.path("back/a.png").exists() && folder.path("back/sub/b.png").exists());
    folder.ok(&["encode", "in/*.ppm", "-o", "globbed/"]);
    assert!(folder.path("globbed/a.tin").exists());
}

#[test]
fn one_bad_file_does_not_stop_the_others() {
    let folder = Folder::with_photo("a.ppm");
    folder.write("broken.png", b"\x89PNG\r\n\x1a\nnothing more");
    folder.photo("z.ppm");
    let message = folder.fails(1, &["encode", "a.ppm", "broken.png", "z.ppm", "-o", "out"]);
    assert!(message.contains("broken.png") && !message.contains("a.ppm"), "{message}");
    assert!(folder.path("out/a.tin").exists() && folder.path("out/z.tin").exists());
    assert!(!folder.path("out/broken.tin").exists());
}

#[test]
fn wrong_usage_is_status_two_and_writes_nothing() {
    let folder = Folder::with_photo("a.ppm");
    folder.photo("a.pgm");
    let before = folder.names();
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
        &["encode", "a.ppm", "-o", "a.avif"],
        &["encode", "a.ppm", "-o", "a.ppm"],
        &["encode", "a.ppm", "-o", "a.png"],
        &["encode", "a.ppm", "-o", "a.jpg", "--lossless"],
        &["encode", "a.ppm", "-o", "-", "--json"],
        &["encode", "nowhere/*.png"],
        &["decode", "a.tin", "-o", "a.xyz"],
        &["decode", "a.tin", "--scale", "1/3"],
    ];
    for arguments in wrong {
        folder.fails(2, arguments);
    }
    assert_eq!(folder.names(), before);
}

#[test]
fn streams_work_as_files_do() {
    let folder = Folder::new();
    let photo = folder.photo("a.ppm");
    folder.ok(&["encode", "a.ppm", "-q", "60"]);
    let encoded = folder.with_input(&["encode", "-", "-o", "-", "-q", "60"], &photo);
    assert_eq!(encoded.status.code(), Some(0));
    assert_eq!(encoded.stdout, folder.read("a.tin"));
    folder.ok(&["decode", "a.tin", "-o", "a.png"]);
    let decoded = folder.with_input(&["decode", "-"], &encoded.stdout);
    assert_eq!(decoded.stdout, folder.read("a.png"));
}

#[test]
fn threads_do_not_change_the_file() {
    let folder = Folder::with_photo("a.ppm");
    folder.ok(&["encode", "a.ppm", "-o", "one.tin", "--threads", "1"]);
    folder.ok(&["encode", "a.ppm", "-o", "three.tin", "--threads", "3"]);
    assert_eq!(folder.read("one.tin"), folder.read("three.tin"));
}

#[test]
fn goals_are_reached_within_two_per_cent() {
    let folder = Folder::new();
    folder.write("a.ppm", &ppm(256, 192));
    let pixels = 256.0 * 192.0;
    let encode = |goal: &[&str]| {
        folder.json(&[&["encode", "a.ppm", "-o", "b.tin", "--force", "--json"], goal].concat())
    };
    let size = encode(&["--size", "9000"])["bytes"].as_u64().unwrap();
    assert!((8_820..=9_000).contains(&size), "{size}");
    let bpp = encode(&["--bpp", "1.2"])["bytes"].as_f64().unwrap() * 8.0 / pixels;
    assert!(bpp <= 1.2 && bpp > 1.2 * 0.98, "{bpp}");
    let reached =
        |field: &str| folder.json(&["compare", "a.ppm", "b.tin", "--json"])[field].as_f64().unwrap();
    for (flag, field, goal) in [("--psnr", "psnr", 34.0), ("--ssimulacra2", "ssimulacra2", 75.0)] {
        encode(&[flag, &goal.to_string()]);
        assert!((reached(field) - goal).abs() < goal * 0.02, "{flag} {} for {goal}", reached(field));
    }
    // Here SSIMULACRA2 neither rises everywhere with the bytes, nor takes every value: what counts is
    // that no quality gives a much smaller file which is as good as asked. These have 140 to 150 bytes.
    let bytes = encode(&["--ssimulacra2", "60"])["bytes"].as_f64().unwrap();
    assert!(reached("ssimulacra2") > 60.0 * 0.98, "{}", reached("ssimulacra2"));
    for quality in (10..60).step_by(2) {
        let rival = encode(&["-q", &quality.to_string()])["bytes"].as_f64().unwrap();
        let enough = reached("ssimulacra2") >= 60.0 * 0.98;
        assert!(!enough || bytes <= rival * 1.02 + 4.0, "{bytes} bytes, -q {quality} has {rival}");
    }
    let message = folder.fails(1, &["encode", "a.ppm", "-o", "c.tin", "--size", "20"]);
    assert!(message.contains("20 bytes") && !folder.path("c.tin").exists(), "{message}");
}

#[test]
fn scale_and_region_give_the_size_asked_for() {
    let folder = Folder::with_photo("a.ppm");
    folder.ok(&["encode", "a.ppm"]);
    let small = folder.json(&["decode", "a.tin", "-o", "small.png", "--scale", "1/2", "--json"]);
    assert_eq!((small["width"].as_u64(), small["height"].as_u64()), (Some(48), Some(32)));
    folder.ok(&["encode", "a.ppm", "-o", "exact.tin", "--lossless"]);
    let part =
        ["decode", "exact.tin", "-o", "part.png", "--scale", "1/4", "--region", "5,5,9,2", "--json"];
    let small = folder.json(&part);
    assert_eq!((small["width"].as_u64(), small["height"].as_u64()), (Some(3), Some(1)));
    folder.ok(&["decode", "a.tin", "-o", "whole.ppm"]);
    folder.ok(&["decode", "a.tin", "-o", "part.ppm", "--region", "10,20,30,7"]);
    let (whole, part) = (folder.read("whole.ppm"), folder.read("part.ppm"));
    let samples = |bytes: &[u8], header: &str| bytes[header.len()..].to_vec();
    let (whole, part) = (samples(&whole, "P6\n96 64\n255\n"), samples(&part, "P6\n30 7\n255\n"));
    for y in 0..7 {
        assert_eq!(part[y * 90..][..90], whole[((20 + y) * 96 + 10) * 3..][..90], "row {y}");
    }
    folder.fails(1, &["decode", "a.tin", "-o", "no.png", "--region", "90,0,10,10"]);
}

#[test]
fn damaged_files_are_refused_with_name_and_place() {
    let folder = Folder::with_photo("a.ppm");
    folder.ok(&["encode", "a.ppm", "--lossless"]);
    let file = folder.read("a.tin");
    folder.write("b.png", b"the old one");
    for len in [0, 3, 7, 20, file.len() / 2, file.len() - 1] {
        folder.write("cut.tin", &file[..len]);
        let message = folder.fails(1, &["decode", "cut.tin", "-o", "b.png"]);
        assert!(
            message.contains("cut.tin") && message.contains(&format!("byte {len}")),
            "{len}: {message}"
        );
    }
    for place in [0, 4, 6, 10, file.len() / 2, file.len() - 1] {
        let mut flipped = file.clone();
        flipped[place] ^= 0x10;
        folder.write("flipped.tin", &flipped);
        let message = folder.fails(1, &["decode", "flipped.tin", "-o", "b.png"]);
        assert!(message.contains("flipped.tin"), "{place}: {message}");
    }
    assert!(folder.fails(1, &["decode", "a.ppm", "-o", "b.png"]).contains("byte 0"));
    assert!(folder.fails(1, &["decode", "missing.tin", "-o", "b.png"]).contains("missing.tin"));
    assert_eq!(folder.read("b.png"), b"the old one");
}

#[test]
fn a_wavelet_file_that_was_cut_off_is_decoded_as_far_as_it_goes() {
    let folder = Folder::with_photo("a.ppm");
    folder.ok(&["encode", "a.ppm", "--codec", "wavelet", "-q", "90"]);
    folder.write_cut("a.tin", "cut.tin");
    let message = folder.fails(1, &["decode", "cut.tin", "-o", "cut.png"]);
    assert!(message.contains("cut off at byte"), "{message}");
    let first = folder.read("cut.png");
    folder.ok(&["decode", "cut.tin", "-o", "cut.png", "--partial"]);
    assert_eq!(folder.read("cut.png"), first);
}

#[test]
fn an_input_is_never_overwritten_even_through_another_name() {
    let folder = Folder::new();
    let photo = folder.photo("a.ppm");
    std::fs::create_dir(folder.path("sub")).unwrap();
    folder.fails(2, &["encode", "a.ppm", "-o", "sub/../a.ppm"]);
    folder.fails(2, &["decode", "a.ppm", "-o", "./a.ppm"]);
    assert_eq!(folder.read("a.ppm"), photo);
}

#[test]
fn a_jpeg_that_was_cut_off_gives_what_is_there_and_says_so() {
    let folder = Folder::with_photo("a.ppm");
    folder.ok(&["encode", "a.ppm", "-o", "a.jpg", "-q", "80"]);
    let cut = folder.write_cut("a.jpg", "cut.jpg");
    let message = folder.fails(1, &["decode", "cut.jpg", "-o", "part.png"]);
    assert!(message.contains("cut.jpg: the file is damaged or cut off"), "{message}");
    assert!(folder.ok(&["info", "cut.jpg"]).contains("damaged"));
    let message = folder.fails(1, &["encode", "cut.jpg", "-q", "50", "-o", "cut.tin"]);
    assert!(message.contains("cut.jpg: the file is damaged or cut off"), "{message}");
    folder.ok(&["decode", "cut.tin", "-o", "cut.png"]);
    // Kept as a file it loses nothing; a picture made of that file lacks its end.
    folder.ok(&["encode", "cut.jpg", "-o", "kept.tin"]);
    folder.ok(&["decode", "kept.tin", "-o", "back.jpg"]);
    assert_eq!(folder.read("back.jpg"), cut);
    let message = folder.fails(1, &["decode", "kept.tin", "-o", "kept.png"]);
    assert!(message.contains("kept.tin: the file is damaged or cut off"), "{message}");
    let record = folder.json(&["decode", "kept.tin", "-o", "kept.png", "--partial", "--json"]);
    assert_eq!(record["warnings"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_plain_jpeg_is_decoded_as_if_it_were_in_a_file_of_ours() {
    let folder = Folder::with_photo("a.ppm");
    folder.ok(&["encode", "a.ppm", "-o", "a.jpg", "-q", "80"]);
    folder.ok(&["encode", "a.jpg", "-o", "a.tin"]);
    for more in [&[][..], &["--scale", "1/4"], &["--region", "5,3,20,17"]] {
        folder.ok(&[&["decode", "a.jpg", "-o", "b.ppm", "--force"], more].concat());
        folder.ok(&[&["decode", "a.tin", "-o", "c.ppm", "--force"], more].concat());
        assert_eq!(folder.read("b.ppm"), folder.read("c.ppm"), "{more:?}");
    }
    folder.fails(1, &["decode", "a.jpg", "-o", "b.ppm", "--region", "5,3,20000,17"]);
    folder.ok(&["decode", "a.jpg", "-o", "copy.jpg"]);
    assert_eq!(folder.read("copy.jpg"), folder.read("a.jpg"));
}

#[test]
fn a_real_jpeg_comes_out_where_one_is_asked_for() {
    let folder = Folder::with_photo("a.ppm");
    let record = folder.json(&["encode", "a.ppm", "-o", "a.jpg", "-q", "80", "--json"]);
    assert_eq!(record["codec"].as_str(), Some("jpeg"));
    assert!(folder.read("a.jpg").starts_with(&[0xff, 0xd8, 0xff]));
    let psnr = folder.json(&["compare", "a.ppm", "a.jpg", "--json"])["psnr"].as_f64().unwrap();
    assert!(psnr > 25.0, "{psnr}");
}

#[test]
fn denoising_makes_a_noisy_picture_smaller() {
    let folder = Folder::with_photo("a.ppm");
    let bytes = |more: &[&str]| {
        folder
            .json(&[&["encode", "a.ppm", "-o", "b.tin", "-q", "80", "--force", "--json"], more].concat())
            ["bytes"]
            .as_u64()
            .unwrap()
    };
    assert!(bytes(&["--denoise", "median"]) < bytes(&[]));
    assert!(bytes(&["--denoise", "gaussian:2"]) < bytes(&["--denoise", "gaussian:0.5"]));
}

#[test]
fn a_jpeg_that_shall_lose_nothing_comes_back_as_the_same_file() {
    let folder = Folder::new();
    folder.write("p.ppm", &ppm(256, 192));
    folder.ok(&["encode", "p.ppm", "-o", "a.jpg", "-q", "85"]);
    let record = folder.json(&["encode", "a.jpg", "--lossless", "--json"]);
    assert_eq!(record["codec"].as_str(), Some("jpeg"));
    let (jpeg, packed) = (folder.read("a.jpg"), folder.read("a.tin"));
    assert!(packed.len() < jpeg.len(), "{} of {}", packed.len(), jpeg.len());
    folder.ok(&["decode", "a.tin", "-o", "back.jpg"]);
    assert_eq!(folder.read("back.jpg"), jpeg);
    let same = folder.json(&["compare", "a.jpg", "a.tin", "--json"]);
    assert_eq!(same["hamming"].as_u64(), Some(0));
    let small = folder.json(&[
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
    folder.write("cut.tin", &packed[..packed.len() / 2]);
    assert!(folder.fails(1, &["decode", "cut.tin", "-o", "c.jpg"]).contains("ends at byte"));
    assert!(folder.fails(1, &["encode", "p.ppm", "-o", "x.tin", "--codec", "jpeg"]).contains("OUT.jpg"));
}

#[test]
fn info_tells_lossy_from_lossless() {
    let folder = Folder::with_photo("a.ppm");
    folder.ok(&["encode", "a.ppm", "-o", "a.tin", "--codec", "photo"]);
    let text = folder.ok(&["info", "a.tin"]);
    assert!(text.contains("photo, lossy") && text.contains("model      photo, built in"), "{text}");
    assert_eq!(folder.json(&["info", "a.tin", "--json"])["model"]["name"].as_str(), Some("photo"));
    folder.ok(&["encode", "a.ppm", "-o", "c.tin", "--codec", "wavelet", "-q", "30"]);
    let text = folder.ok(&["info", "c.tin"]);
    assert!(text.contains("wavelet, lossy") && !text.contains("model"), "{text}");
    folder.ok(&["encode", "a.ppm", "-o", "b.tin", "--codec", "lossless", "--lossless"]);
    assert!(folder.ok(&["info", "b.tin"]).contains("lossless, lossless"));
    assert_eq!(folder.json(&["info", "b.tin", "--json"])["lossless"].as_bool(), Some(true));
}

#[test]
fn compare_writes_where_pictures_differ() {
    let folder = Folder::with_photo("a.ppm");
    folder.ok(&["encode", "a.ppm", "-q", "20"]);
    let table = folder.ok(&["compare", "a.ppm", "a.tin", "--diff", "d.png"]);
    assert!(table.contains("PSNR") && table.contains("Butteraugli"), "{table}");
    assert!(folder.read("d.png").starts_with(b"\x89PNG"));
    folder.write("other.ppm", &ppm(95, 64));
    let message = folder.fails(1, &["compare", "a.ppm", "other.ppm"]);
    assert!(message.contains("a.ppm") && message.contains("other.ppm"), "{message}");
}

#[test]
fn completions_and_manual_are_printed() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = folder.ok(&["completions", shell]);
        assert!(script.contains("tintype"), "{shell}");
        // Of the shells that complete values, all know the codecs' names.
        let has_values = !["elvish", "powershell"].contains(&shell);
        assert!(!has_values || script.contains("wavelet"), "{shell}");
    }
    let page = folder.ok(&["man"]);
    assert!(
        page.contains(".TH") && page.contains("tintype-encode") && page.contains("ssimulacra2"),
        "{page}"
    );
}

#[test]
fn a_failed_write_leaves_the_old_file_and_nothing_beside_it() {
    let folder = Folder::new();
    folder.write("a.ppm", &ppm(400, 300));
    folder.write("out.tin", b"the old one");
    let before = folder.names();
    // The shell lets no file grow beyond one block of 512 or 1024 bytes, as a full disk would; the program sees an error.
    let line = format!(
        "trap '' XFSZ; ulimit -f 1; exec '{}' encode a.ppm -o out.tin --lossless",
        env!("CARGO_BIN_EXE_tintype")
    );
    let output =
        Command::new("sh").args(["-c", &line]).current_dir(folder.folder_path()).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("out.tin") && message.contains("is unchanged"), "{message}");
    assert_eq!(folder.read("out.tin"), b"the old one");
    assert_eq!(folder.names(), before);
}

#[test]
fn a_full_device_is_an_error() {
    let folder = Folder::with_photo("a.ppm");
    if Path::new("/dev/full").exists() {
        assert!(folder.fails(1, &["encode", "a.ppm", "-o", "/dev/full"]).contains("/dev/full"));
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = folder.command(&["encode", "a.ppm", "--json"]);
        let output = command.stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn an_interrupted_run_leaves_the_old_file() {
    let folder = Folder::new();
    let photo = folder.photo("a.ppm");
    folder.write("out.tin", b"the old one");
    let mut child = folder.piped(&["encode", "-", "-o", "out.tin"]);
    child.stdin.as_mut().unwrap().write_all(&photo[..photo.len() / 2]).unwrap();
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None);
    assert_eq!(folder.read("out.tin"), b"the old one");
}

#[cfg(unix)]
#[test]
fn permissions_and_links_of_an_old_file_stay() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::with_photo("a.ppm");
    folder.write("real.tin", b"old");
    std::fs::set_permissions(folder.path("real.tin"), PermissionsExt::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real.tin", folder.path("link.tin")).unwrap();
    folder.ok(&["encode", "a.ppm", "-o", "link.tin", "--force"]);
    assert!(folder.path("link.tin").is_symlink());
    assert_eq!(std::fs::metadata(folder.path("real.tin")).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(folder.read("real.tin").starts_with(b"\x89TIN"));
}
