//! Clips as a user handles them: y4m in and out, pipes, parts, sizes, damage.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A clip of 4:2:0 in which a slope moves.
fn y4m(width: usize, height: usize, count: usize) -> Vec<u8> {
    let mut file = format!("YUV4MPEG2 W{width} H{height} F25:1 C420mpeg2 Ip A1:1 XCOLORRANGE=LIMITED\n")
        .into_bytes();
    for time in 0..count {
        file.extend(b"FRAME\n");
        for y in 0..height {
            file.extend((0..width).map(|x| (60 + (x + 3 * time) * 5 % 90 + y % 17) as u8));
        }
        file.extend(std::iter::repeat_n(120, 2 * width.div_ceil(2) * height.div_ceil(2)));
    }
    file
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tintype")).current_dir(folder).args(arguments).output().unwrap()
}

fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A folder that holds `clip` as clip.y4m.
fn folder_with(clip: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("clip.y4m"), clip).unwrap();
    folder
}

#[test]
fn a_clip_goes_there_and_back_and_parts_are_its_parts() {
    let folder = tempfile::tempdir().unwrap();
    let (at, source) = (folder.path(), y4m(96, 64, 11));
    fs::write(at.join("clip.y4m"), &source).unwrap();
    done(at, &["encode", "clip.y4m", "-q", "60", "--group", "4", "--effort", "3"]);
    done(at, &["decode", "clip.tin", "-o", "back.y4m"]);
    let back = fs::read(at.join("back.y4m")).unwrap();
    assert_eq!(back.len(), source.len());
    let head = source.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    assert_eq!(back[..head], source[..head], "the header comes back");

    done(at, &["decode", "clip.tin", "-o", "part.y4m", "--frames", "5..7"]);
    let frame = (source.len() - head) / 11;
    assert_eq!(fs::read(at.join("part.y4m")).unwrap()[head..], back[head + 5 * frame..head + 7 * frame]);
    let info = done(at, &["info", "clip.tin"]);
    assert!(info.contains("96 × 64") && info.contains("11, 0.44 s"), "{info}");
    assert!(done(at, &["verify", "clip.tin"]).contains("whole"));
}

#[test]
fn pipes_carry_clips() {
    let folder = tempfile::tempdir().unwrap();
    let source = y4m(64, 48, 6);
    let piped = |arguments: &[&str], input: &[u8]| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tintype"))
            .current_dir(folder.path())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        assert!(output.status.success());
        output.stdout
    };
    let tin = piped(&["encode", "-", "-o", "-"], &source);
    assert!(tintype_start(&tin));
    assert_eq!(piped(&["decode", "-", "-o", "-"], &tin).len(), source.len());
    // One picture is a picture, not a clip.
    assert!(!tintype_start(&piped(&["encode", "-", "-o", "-"], &y4m(64, 48, 1))));
}

fn tintype_start(file: &[u8]) -> bool {
    file.starts_with(b"\x89TIN\x04")
}

#[test]
fn sizes_are_kept_and_other_goals_refused() {
    let folder = folder_with(&y4m(96, 64, 5));
    let at = folder.path();
    done(at, &["encode", "clip.y4m", "--size", "480", "--effort", "2"]);
    let len = fs::metadata(at.join("clip.tin")).unwrap().len();
    assert!((200..=480).contains(&len), "{len}");
    for option in [&["--psnr", "40"][..], &["--seal"], &["--compare"], &["--replace"]] {
        let output = run(at, &[&["encode", "clip.y4m", "-o", "other.tin"], option].concat());
        assert_ne!(output.status.code(), Some(0), "{option:?}");
        assert!(!at.join("other.tin").exists(), "{option:?}");
    }
}

#[test]
fn damage_is_said_and_costs_its_group() {
    let folder = folder_with(&y4m(96, 64, 12));
    let at = folder.path();
    done(at, &["encode", "clip.y4m", "--group", "4", "--effort", "2"]);
    let mut file = fs::read(at.join("clip.tin")).unwrap();
    let middle = file.len() / 2;
    file[middle] ^= 0x10;
    fs::write(at.join("bad.tin"), &file).unwrap();
    let output = run(at, &["decode", "bad.tin", "-o", "bad.y4m"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("damaged or missing"), "{said}");
    assert_eq!(
        fs::metadata(at.join("bad.y4m")).unwrap().len(),
        fs::metadata(at.join("clip.y4m")).unwrap().len()
    );
    assert_eq!(run(at, &["verify", "bad.tin"]).status.code(), Some(1));

    fs::write(at.join("cut.tin"), &file[..middle - 200]).unwrap();
    let output = run(at, &["decode", "cut.tin", "-o", "cut.y4m"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cut off"));
}

/// A PGM or PPM file in which a bar stands at `time`.
fn picture(time: usize, colours: usize) -> Vec<u8> {
    let mut file = format!("P{} 48 32 255\n", if colours == 1 { 5 } else { 6 }).into_bytes();
    for i in 0..48 * 32 {
        let bar = (i % 48) / 4 == time % 12;
        file.extend((0..colours).map(|c| (if bar { 220 } else { 40 + i / 48 } + 9 * c) as u8));
    }
    file
}

#[test]
fn what_a_clip_has_no_place_for_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let profile = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/odd/srgb_profile.png");
    for name in ["a1.png", "a2.png"] {
        fs::copy(profile, at.join(name)).unwrap();
    }
    let output = run(at, &["encode", "a*.png", "--clip", "-o", "clip.tin", "--effort", "1"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("a1.png has an ICC profile"), "{said}");
    assert!(at.join("clip.tin").exists());
}

#[test]
fn numbered_pictures_become_a_clip_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::create_dir(at.join("frames")).unwrap();
    for time in 0..12 {
        fs::write(at.join(format!("frames/shot{time}.ppm")), picture(time, 3)).unwrap();
    }
    done(at, &["encode", "frames", "--clip", "--fps", "12.5", "--lossless"]);
    let info = done(at, &["info", "frames.tin"]);
    assert!(info.contains("12, 0.96 s") && info.contains("every sample"), "{info}");
    done(at, &["decode", "frames.tin", "-o", "back/%03d.ppm"]);
    for time in 0..12 {
        assert_eq!(
            fs::read(at.join(format!("back/{time:03}.ppm"))).unwrap()[13..],
            picture(time, 3)[13..]
        );
    }
    // RGB has no place in y4m: the output is an animated PNG, which is a clip again.
    assert_eq!(run(at, &["decode", "frames.tin", "-o", "frames.y4m"]).status.code(), Some(1));
    done(at, &["decode", "frames.tin"]);
    done(at, &["encode", "frames.png", "--lossless", "-o", "again.tin"]);
    assert!(done(at, &["info", "again.tin"]).contains("12, 0.96 s"));
    done(at, &["decode", "again.tin", "-o", "again/%d.ppm", "--frames", "9..12"]);
    assert_eq!(fs::read(at.join("again/11.ppm")).unwrap()[13..], picture(11, 3)[13..]);
    assert!(!at.join("again/8.ppm").exists());

    // With loss; a picture that differs is named.
    done(
        at,
        &["encode", "frames/*.ppm", "--clip", "-o", "lossy.tin", "--effort", "1", "--size", "3000"],
    );
    assert!(fs::metadata(at.join("lossy.tin")).unwrap().len() <= 3000);
    done(at, &["decode", "lossy.tin"]);
    assert!(at.join("lossy.y4m").exists());
    fs::write(at.join("frames/shot5.ppm"), picture(5, 1)).unwrap();
    let output = run(at, &["encode", "frames", "--clip", "-o", "other.tin", "--effort", "1"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("shot5.ppm"), "{said}");
    assert_eq!(run(at, &["encode", "frames/*.ppm", "--clip"]).status.code(), Some(2));
}

#[test]
fn colour_and_depth_become_a_clip() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for name in ["rgb", "depth"] {
        fs::create_dir(at.join(name)).unwrap();
    }
    for time in 0..5 {
        fs::write(at.join(format!("rgb/{time}.ppm")), picture(time, 3)).unwrap();
        fs::write(at.join(format!("depth/{time}.pgm")), picture(time + 3, 1)).unwrap();
    }
    done(at, &["encode", "rgb", "--depth", "depth", "--clip", "-o", "rgbd.tin", "--effort", "1"]);
    done(at, &["decode", "rgbd.tin", "-o", "out/%d.ppm"]);
    for time in 0..5 {
        let depth = fs::read(at.join(format!("out/{time}.depth.pnm"))).unwrap();
        assert_eq!(depth[13..], picture(time + 3, 1)[13..], "depth comes back exactly");
        assert!(at.join(format!("out/{time}.ppm")).exists());
    }
}

#[test]
fn animations_are_clips_with_their_times() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let frames = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/odd/frames.gif");
    fs::copy(frames, at.join("a.gif")).unwrap();
    done(at, &["encode", "a.gif", "--lossless"]);
    done(at, &["decode", "a.tin", "-o", "a.png"]);
    done(at, &["encode", "a.png", "--lossless", "-o", "b.tin"]);
    let whole = |name: &str| fs::read(at.join(name)).unwrap();
    assert!(tintype_start(&whole("a.tin")) && tintype_start(&whole("b.tin")));
    for number in ["1", "2"] {
        // What a page of the animation shows is what the clip shows.
        done(at, &["encode", "a.gif", "--page", number, "--lossless", "-o", "page.tin", "--force"]);
        done(at, &["decode", "page.tin", "-o", "page.ppm", "--force"]);
        for clip in ["a.tin", "b.tin"] {
            done(at, &["decode", clip, "-o", "shown/%d.ppm", "--force"]);
            let shown = whole(&format!("shown/{}.ppm", number.parse::<usize>().unwrap() - 1));
            assert!(shown == whole("page.ppm"), "page {number} of {clip}");
        }
    }
    // On a terminal only.
    assert_eq!(run(at, &["play", "a.tin"]).status.code(), Some(2));
}
