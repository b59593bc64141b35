//! What goes in comes out, or is named with exit status 1.

mod folder;

use folder::Folder;

/// A PNG of `width` × 1 gray pixels of 8 bits with these chunks before its samples; stored without
/// packing.
fn png(width: u32, colour: u8, samples: &[u8], extra: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let chunk = |name: &[u8; 4], data: &[u8]| {
        let body = [&name[..], data].concat();
        [&(data.len() as u32).to_be_bytes()[..], &body, &crc32(&body).to_be_bytes()].concat()
    };
    let header = [&width.to_be_bytes()[..], &1u32.to_be_bytes(), &[8, colour, 0, 0, 0]].concat();
    let row = [&[0], samples].concat();
    let len = (row.len() as u16).to_le_bytes();
    let inverse = (!(row.len() as u16)).to_le_bytes();
    let (a, b) = row.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    let sum = (b << 16 | a).to_be_bytes();
    let zlib = [&[0x78, 1, 1][..], &len, &inverse, &row, &sum].concat();
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    out.extend(chunk(b"IHDR", &header));
    extra.iter().for_each(|(name, data)| out.extend(chunk(name, data)));
    out.extend(chunk(b"IDAT", &zlib));
    out.extend(chunk(b"IEND", &[]));
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ (0xedb8_8320 * (crc & 1)))
    })
}

#[test]
fn further_frames_are_named_and_can_be_chosen() {
    let folder = Folder::new();
    folder.write("two.y4m", b"YUV4MPEG2 W2 H1 F25:1 Cmono Ip A1:1\nFRAME\n\x01\x02FRAME\n\x03\x04");
    folder.write("two.pgm", b"P5\n2 1\n255\n\x01\x02P5\n2 1\n255\n\x03\x04");
    let message = folder.fails(1, &["encode", "two.pgm", "--lossless"]);
    assert!(message.contains("picture 1 of 2") && message.contains("--page"), "{message}");
    // Frames of y4m are a clip, an exact one here.
    folder.ok(&["encode", "two.y4m", "--lossless", "-o", "clip.tin"]);
    folder.ok(&["decode", "clip.tin", "-o", "clip.y4m"]);
    assert!(folder.read("clip.y4m").ends_with(b"FRAME\n\x01\x02FRAME\n\x03\x04"));
    folder.ok(&["encode", "two.y4m", "--lossless", "--page", "2", "-o", "second.tin"]);
    folder.ok(&["decode", "second.tin", "-o", "second.pgm"]);
    assert_eq!(folder.read("second.pgm"), b"P5\n2 1\n255\n\x03\x04");
    let message = folder.fails(1, &["encode", "two.y4m", "--page", "3", "-o", "third.tin"]);
    assert!(message.contains("the file has 2 frames"), "{message}");
}

#[test]
fn colour_signalling_comes_back_or_is_named() {
    let folder = Folder::new();
    let chunks: [(&[u8; 4], &[u8]); 3] = [
        (b"cICP", &[9, 16, 0, 1]),
        (b"pHYs", &[0, 0, 0x2e, 0x23, 0, 0, 0x2e, 0x23, 1]),
        (b"tEXt", b"Title\0x"),
    ];
    folder.write("hdr.png", &png(3, 2, &[1, 2, 3, 4, 5, 6, 7, 8, 9], &chunks));
    folder.ok(&["encode", "hdr.png", "--lossless"]);
    folder.ok(&["decode", "hdr.tin", "-o", "back.png"]);
    let back = folder.read("back.png");
    for (name, data) in chunks {
        let expected = [&name[..], data].concat();
        assert!(back.windows(expected.len()).any(|part| part == expected), "{name:?}");
    }
    let message = folder.fails(1, &["decode", "hdr.tin", "-o", "back.ppm"]);
    for part in ["colour signalling", "the resolution", "text"] {
        assert!(message.contains(part), "{part} in {message}");
    }
    // Left out on request is no loss.
    folder.ok(&["decode", "hdr.tin", "-o", "bare.ppm", "--keep", "none"]);
    folder.ok(&["encode", "hdr.png", "--lossless", "--strip", "-o", "strip.tin"]);
    folder.ok(&["decode", "strip.tin", "-o", "strip.png"]);
    let stripped = folder.read("strip.png");
    assert!(stripped.windows(4).any(|part| part == b"cICP"));
    assert!(!stripped.windows(4).any(|part| part == b"tEXt"));
}

#[test]
fn hidden_colours_are_never_shown() {
    let folder = Folder::new();
    let pixels: Vec<u8> = (0..64).flat_map(|at| [200, 0, 0, if at < 32 { 255 } else { 0 }]).collect();
    folder.write("half.png", &png(64, 6, &pixels, &[]));
    let message = folder.fails(1, &["encode", "half.png", "-o", "half.jpg", "-q", "95"]);
    assert!(message.contains("opacity") && message.contains("--background"), "{message}");
    folder.ok(&["decode", "half.jpg", "-o", "white.ppm"]);
    folder.ok(&["encode", "half.png", "-o", "black.jpg", "-q", "95", "--background", "black"]);
    folder.ok(&["decode", "black.jpg", "-o", "black.ppm"]);
    folder.ok(&["encode", "half.png", "--lossless"]);
    folder.ok(&["decode", "half.tin", "-o", "other.jpg", "--background", "00ff00"]);
    folder.ok(&["decode", "other.jpg", "-o", "green.ppm"]);
    for (name, behind) in
        [("white.ppm", [255, 255, 255]), ("black.ppm", [0; 3]), ("green.ppm", [0, 255, 0])]
    {
        let file = folder.read(name);
        let last = &file[file.len() - 3..];
        let off = last.iter().zip(behind).map(|(a, b): (&u8, u8)| a.abs_diff(b)).max().unwrap();
        assert!(off < 30, "{name}: {last:?}");
    }
}

#[test]
fn a_jpeg_reaches_sizes_and_metrics() {
    let folder = Folder::new();
    folder.photo("a.ppm");
    folder.ok(&["encode", "a.ppm", "-o", "small.jpg", "--size", "3kB"]);
    let len = folder.read("small.jpg").len();
    assert!(len <= 3000 && len > 2700, "{len}");
    folder.ok(&["encode", "a.ppm", "-o", "good.jpg", "--psnr", "34"]);
    let report = folder.json(&["compare", "a.ppm", "good.jpg", "--json"]);
    let psnr = report["psnr"].as_f64().unwrap();
    assert!((33.5..36.0).contains(&psnr), "{psnr}");
    let message = folder.fails(1, &["encode", "a.ppm", "-o", "tiny.jpg", "--size", "50"]);
    assert!(message.contains("the smallest takes"), "{message}");
}

#[test]
fn time_and_permissions_are_kept() {
    let folder = Folder::new();
    folder.photo("a.ppm");
    let past = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let file = std::fs::OpenOptions::new().write(true).open(folder.path("a.ppm")).unwrap();
    file.set_times(std::fs::FileTimes::new().set_modified(past)).unwrap();
    folder.ok(&["encode", "a.ppm"]);
    folder.ok(&["encode", "a.ppm", "--no-preserve", "-o", "now.tin"]);
    let modified = |name: &str| std::fs::metadata(folder.path(name)).unwrap().modified().unwrap();
    assert_eq!(modified("a.tin"), past);
    assert!(modified("now.tin") > past);
}

#[test]
fn verify_decodes_and_compares() {
    let folder = Folder::with_two_encoded("in", "out");
    let text = folder.ok(&["verify", "out", "--originals", "in"]);
    assert_eq!(text.matches("exactly its original").count(), 2, "{text}");
    let text = folder.ok(&["verify", "out", "in"]);
    assert_eq!(text.matches("exactly its original").count(), 2, "{text}");
    assert!(folder.ok(&["verify", "out/a.tin", "in/a.ppm"]).contains("exactly its original"));
    folder.write("in/b.ppm", &folder::ppm(40, 30));
    folder.fails(1, &["verify", "out", "--originals", "in"]);
    folder.write_damaged("out/a.tin", 5, "out/a.tin");
    let message = folder.fails(1, &["verify", "out"]);
    assert!(message.contains("a.tin") && message.contains("checksum"), "{message}");
}

#[test]
fn a_folder_with_many_bands_becomes_tiff_where_png_has_no_place() {
    let folder = Folder::new();
    let bands: Vec<u8> = (0..5 * 12).collect();
    let pam =
        [b"P7\nWIDTH 4\nHEIGHT 3\nDEPTH 5\nMAXVAL 255\nTUPLTYPE BANDS\nENDHDR\n", &bands[..]].concat();
    folder.write("in/bands.pam", &pam);
    folder.photo("in/photo.ppm");
    folder.ok(&["encode", "in", "-o", "out", "--lossless"]);
    let message = folder.fails(1, &["decode", "out", "-o", "back"]);
    assert!(message.contains("bands.tif was written"), "{message}");
    assert!(folder.path("back/photo.png").exists() && folder.path("back/bands.tif").exists());
    folder.ok(&["decode", "out", "-o", "all", "--format", "tif"]);
    assert!(folder.path("all/photo.tif").exists() && folder.path("all/bands.tif").exists());
}

#[test]
fn layers_before_damage_decode_with_partial() {
    let folder = Folder::new();
    folder.photo("a.ppm");
    folder.ok(&["encode", "a.ppm", "--codec", "wavelet", "-q", "90"]);
    folder.write_damaged("a.tin", 9, "b.tin");
    folder.fails(1, &["decode", "b.tin", "-o", "no.ppm"]);
    folder.ok(&["decode", "b.tin", "-o", "part.ppm", "--partial"]);
    let report = folder.json(&["compare", "a.ppm", "part.ppm", "--json"]);
    assert!(report["psnr"].as_f64().unwrap() > 20.0, "{report}");
}

#[test]
fn folders_are_compared_picture_by_picture() {
    let folder = Folder::with_two_encoded("a", "b");
    let text = folder.ok(&["compare", "a", "b"]);
    assert_eq!(text.matches("equal").count(), 2, "{text}");
    std::fs::remove_file(folder.path("b/b.tin")).unwrap();
    let message = folder.fails(1, &["compare", "a", "b"]);
    assert!(message.contains("b.ppm"), "{message}");
}

#[test]
fn a_packed_jpeg_file_comes_back_on_standard_output() {
    let folder = Folder::new();
    let file = include_bytes!("../../../testdata/odd/thumbnail_and_gain_map.jpg");
    folder.write("a.jpg", file);
    folder.ok(&["encode", "a.jpg"]);
    assert_eq!(folder.run(&["decode", "a.tin", "-o", "-"]).stdout, file);
    assert_eq!(folder.with_input(&["decode", "-", "-o", "-"], &folder.read("a.tin")).stdout, file);
    assert!(
        folder.run(&["decode", "a.tin", "-o", "-", "--format", "png"]).stdout.starts_with(b"\x89PNG")
    );
    for name in ["a.jpg", "a.tin"] {
        let text = folder.ok(&["info", name]);
        for part in ["thumbnail, 24 × 16", "gain map, 24 × 16"] {
            assert!(text.contains(part), "{name}: {text}");
        }
    }
}

#[test]
fn clear_and_opaque_pixels_stay_exact_under_a_codec_that_is_named() {
    let folder = Folder::new();
    let opacity = |at: u8| if at < 20 { 0 } else { 255 };
    let pixels: Vec<u8> = (0..64u8).flat_map(|at| [at * 3, 90, 200 - at, opacity(at)]).collect();
    folder.write("mask.png", &png(64, 6, &pixels, &[]));
    for codec in ["photo", "wavelet"] {
        folder.ok(&["encode", "mask.png", "-o", "m.tin", "--codec", codec, "-q", "30", "--force"]);
        folder.ok(&["decode", "m.tin", "-o", "m.pam", "--force"]);
        let decoded = folder.read("m.pam");
        let samples = &decoded[decoded.len() - 256..];
        let kept = samples.chunks_exact(4).zip(0..).all(|(pixel, at)| pixel[3] == opacity(at));
        assert!(kept, "{codec}: {samples:?}");
    }
    let message = folder.fails(1, &["encode", "mask.png", "-o", "c.tin", "--codec", "cluster"]);
    assert!(message.contains("opacity is coded with loss by codec cluster"), "{message}");
}

#[test]
fn info_says_whether_samples_are_lost() {
    let folder = Folder::with_photo("a.ppm");
    let lossless = |arguments: &[&str]| {
        folder.ok(&[&["encode", "a.ppm", "-o", "a.tin", "--force"], arguments].concat());
        folder.json(&["info", "a.tin", "--json"])["lossless"].clone()
    };
    assert_eq!(lossless(&["--lossless"]), true);
    assert_eq!(lossless(&["-q", "60"]), false);
    assert_eq!(lossless(&["-q", "60", "--codec", "wavelet"]), false);
    assert_eq!(lossless(&["--lossless", "--codec", "planes"]), true);
    // Its stream may have been cut.
    assert!(lossless(&["--lossless", "--codec", "wavelet"]).is_null());
}

#[test]
fn a_tune_that_a_codec_does_not_heed_is_named() {
    let folder = Folder::with_photo("a.ppm");
    let visual = |codec| ["encode", "a.ppm", "--codec", codec, "--tune", "visual", "--force"];
    let message = folder.fails(1, &visual("wavelet"));
    assert!(message.contains("--tune visual does not change codec wavelet"), "{message}");
    folder.ok(&visual("photo"));
    folder.ok(&["encode", "a.ppm", "--codec", "wavelet", "--tune", "psnr", "--force"]);
    folder.ok(&["encode", "a.ppm", "--codec", "wavelet", "--force"]);
}

#[test]
fn positions_alone_can_be_left_out() {
    let folder = Folder::new();
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/jpeg/baseline_420.jpg");
    let plain = std::fs::read(path).unwrap();
    // EXIF with an orientation of 1 and a directory of positions that holds one entry.
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0".to_vec();
    exif.extend([0x12, 1, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
    exif.extend([0x25, 0x88, 4, 0, 1, 0, 0, 0, 38, 0, 0, 0]);
    exif.extend([0; 4]);
    exif.extend([1, 0, 1, 0, 2, 0, 3, 0, 0, 0, b'N', b'E', b'W', 0]);
    let xmp =
        b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta exif:GPSLatitude='52N' dc:t='kept'></x:xmpmeta>";
    let segment = |body: &[u8]| [&[0xff, 0xe1, 0, (body.len() + 2) as u8][..], body].concat();
    let jpeg = [&plain[..2], &segment(&exif), &segment(xmp), &plain[2..]].concat();
    folder.write("a.jpg", &jpeg);
    folder.ok(&["encode", "a.jpg", "--strip=gps"]);
    folder.ok(&["decode", "a.tin", "-o", "b.jpg"]);
    let back = folder.read("b.jpg");
    let has = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(has(&jpeg, b"NEW\0") && !has(&back, b"NEW\0") && !has(&back, b"GPS"));
    assert!(has(&back, b"dc:t='kept'") && back.len() == jpeg.len());
    // The same for pictures that are coded anew.
    folder.ok(&["encode", "a.jpg", "--strip=gps", "-q", "60", "-o", "c.tin"]);
    folder.ok(&["decode", "c.tin", "-o", "c.png"]);
    let png = folder.read("c.png");
    assert!(!has(&png, b"GPS") && has(&png, b"dc:t='kept'"));
    folder.fails(2, &["encode", "a.jpg", "--strip=nothing"]);
}
