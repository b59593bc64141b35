//! Models of the user's own, depth pairs, many planes, as the program handles them.

mod folder;

use folder::Folder;

#[test]
fn a_model_is_trained_used_and_asked_for_by_name() {
    let folder = Folder::new();
    for i in 0..10 {
        folder.photo(&format!("album/{i}.ppm"));
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
            folder.ok(&[&["train", "album", "--codec", "cluster", "-o", out], &small[..]].concat());
        assert!(said.contains("on 1 pictures that were held out"), "{said}");
    };
    train("own.tinmodel");
    train("again.tinmodel");
    assert_eq!(folder.read("own.tinmodel"), folder.read("again.tinmodel"));
    let card = String::from_utf8(folder.read("own.md")).unwrap();
    assert!(card.contains("| codec | cluster |") && card.contains("contents hash"), "{card}");
    folder.ok(&["encode", "album/0.ppm", "--model", "own.tinmodel", "-o", "0.tin"]);
    let message = folder.fails(1, &["decode", "0.tin"]);
    assert!(message.contains("--model"), "{message}");
    folder.ok(&["decode", "0.tin", "--model", "own.tinmodel", "-o", "a.ppm"]);
    folder.ok(&["encode", "album/0.ppm", "--model", "own.tinmodel", "--send-model", "-o", "0s.tin"]);
    assert!(folder.ok(&["info", "0.tin"]).contains("not built in: decode needs --model"));
    assert!(folder.ok(&["info", "0s.tin"]).contains(", in the file"));
    folder.ok(&["decode", "0s.tin", "-o", "b.ppm"]);
    assert_eq!(folder.read("a.ppm"), folder.read("b.ppm"));
    folder.fails(
        2,
        &["encode", "album/0.ppm", "--codec", "wavelet", "--model", "own.tinmodel", "-o", "1.tin"],
    );
    assert!(folder.ok(&["info", "own.tinmodel"]).contains("model for  cluster"));
    folder.ok(&["info", "own.tinmodel", "--tree", "tree.png"]);
    assert!(folder.read("tree.png").starts_with(b"\x89PNG"));
}

/// A drawn picture of 64 × 64: on white, discs of a few colours.
fn icon(number: usize) -> Vec<u8> {
    let mut bytes = b"P6\n64 64\n255\n".to_vec();
    let (cx, cy, radius) = (20 + number * 7 % 25, 20 + number * 11 % 25, 8 + number * 5 % 13);
    for y in 0..64usize {
        for x in 0..64usize {
            let far = x.abs_diff(cx).pow(2) + y.abs_diff(cy).pow(2);
            let bar = (x + number) % 16 < 4 && y > 50;
            let ink = if far < (radius / 2) * (radius / 2) {
                [250, 200, 40]
            } else if far < radius * radius {
                [200, 40, 40]
            } else if bar {
                [30, 60, 160]
            } else {
                [255; 3]
            };
            bytes.extend(ink);
        }
    }
    bytes
}

#[test]
fn without_a_codec_what_pays_is_learnt_and_else_nothing_is_written() {
    let folder = Folder::new();
    for number in 0..60 {
        folder.write(&format!("icons/{number:02}.ppm"), &icon(number));
    }
    let said = folder.ok(&["train", "icons", "-o", "own.tinmodel"]);
    assert!(said.contains("your pictures: ") && said.contains(" % smaller than with the"), "{said}");
    let model = folder.read("own.tinmodel");
    assert!(model.len() < 100_000, "stored as differences: {}", model.len());
    let card = String::from_utf8(folder.read("own.md")).unwrap();
    assert!(card.contains("| measured on | ") && card.contains("contexts taught"), "{card}");
    folder.ok(&["encode", "icons/07.ppm", "--model", "own.tinmodel", "-q", "50", "-o", "own.tin"]);
    folder.ok(&["decode", "own.tin", "--model", "own.tinmodel", "-o", "own.ppm"]);
    assert!(folder.fails(1, &["decode", "own.tin", "-o", "none.ppm"]).contains("--model"));
    assert!(folder.ok(&["info", "own.tinmodel"]).contains("model for  photo"));

    let output = folder.run(&["train", "icons/00.ppm", "icons/01.ppm", "-o", "few.tinmodel"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!folder.path("few.tinmodel").exists());
    // No time: nothing can be better.
    let output = folder.run(&["train", "icons", "--minutes", "0", "-o", "none.tinmodel"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("no gain: keep the built-in model"));
    assert!(!folder.path("none.tinmodel").exists());
    folder.fails(2, &["train", "icons", "--set", "pieces=1,1,1,1", "-o", "x.tinmodel"]);
}

/// A gray picture of 16 bits.
fn pgm(width: usize, height: usize, first: usize) -> Vec<u8> {
    let mut bytes = format!("P5\n{width} {height}\n65535\n").into_bytes();
    bytes.extend((0..width * height).flat_map(|i| ((first + i * 7) as u16).to_be_bytes()));
    bytes
}

#[test]
fn folders_of_pairs_are_paired_by_name() {
    let folder = Folder::new();
    for (name, first) in [("1", 100), ("2", 9000)] {
        folder.photo(&format!("rgb/{name}_color.ppm"));
        folder.write(&format!("d/{name}_depth.pgm"), &pgm(96, 64, first));
    }
    folder.ok(&["encode", "rgb", "--depth", "d", "-o", "out", "--lossless"]);
    folder.ok(&["decode", "out/2_color.tin", "-o", "b.ppm", "--depth", "b.pgm"]);
    assert_eq!(folder.read("b.pgm"), folder.read("d/2_depth.pgm"));
    folder.write("d/3_depth.pgm", &pgm(96, 64, 1));
    let message = folder.fails(2, &["encode", "rgb", "--depth", "d", "-o", "more"]);
    assert!(message.contains("3_depth.pgm") && !message.contains("2_depth.pgm"), "{message}");
    folder.write("small.pgm", &pgm(95, 64, 1));
    let message = folder.fails(1, &["encode", "rgb/1_color.ppm", "--depth", "small.pgm", "-o", "x.tin"]);
    assert!(message.contains("small.pgm") && message.contains("95 × 64"), "{message}");
}

/// `P7` of `planes` planes of 16 bits.
fn pam(planes: usize) -> Vec<u8> {
    let (width, height) = (40, 30);
    let head = format!("P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {planes}\nMAXVAL 65535\nENDHDR\n");
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
    let folder = Folder::new();
    let before = pam(32);
    folder.write("a.pam", &before);
    folder.ok(&["encode", "a.pam", "--lossless"]);
    folder.ok(&["decode", "a.tin", "-o", "b.tif"]);
    folder.ok(&["encode", "b.tif", "--lossless"]);
    folder.ok(&["decode", "b.tin", "-o", "c.pam"]);
    let samples = |file: &[u8]| file[file.len() - 32 * 1200 * 2..].to_vec();
    assert_eq!(samples(&folder.read("c.pam")), samples(&before));
    folder.ok(&["encode", "b.tif", "--max-error", "3", "-o", "near.tin"]);
    folder.ok(&["decode", "near.tin", "-o", "near.pam"]);
    let near = samples(&folder.read("near.pam"));
    let value = |pair: &[u8]| u16::from_be_bytes([pair[0], pair[1]]);
    let worst =
        near.chunks(2).zip(samples(&before).chunks(2)).map(|(a, b)| value(a).abs_diff(value(b))).max();
    assert!((1..=3).contains(&worst.unwrap()), "{worst:?}");
    folder.ok(&["encode", "b.tif", "-q", "40", "-o", "lossy.tin"]);
    folder.ok(&["decode", "lossy.tin", "-o", "lossy.tif"]);
    let compared = folder.json(&["compare", "b.tif", "lossy.tif", "--json"]);
    assert!(compared["mse"].as_f64().unwrap() > 0.0);
}

#[test]
fn bad_deep_files_say_what_is_wrong() {
    let folder = Folder::new();
    folder.write("a.pam", &pam(33));
    let message = folder.fails(1, &["encode", "a.pam"]);
    assert!(message.contains("planes") && message.contains("32"), "{message}");
    folder.write("b.pam", &pam(5));
    folder.ok(&["encode", "b.pam", "--lossless"]);
    folder.ok(&["decode", "b.tin", "-o", "b.tif"]);
    let whole = folder.read("b.tif");
    folder.write("cut.tif", &whole[..whole.len() / 2]);
    let message = folder.fails(1, &["encode", "cut.tif"]);
    assert!(message.contains("cut.tif"), "{message}");
    let mut dicom = vec![0; 128];
    dicom.extend(b"DICM\x02\0\x10\0UI\x14\x001.2.840.10008.1.2.5\0");
    folder.write("rle.dcm", &dicom);
    let message = folder.fails(1, &["encode", "rle.dcm"]);
    assert!(message.contains("RLE"), "{message}");
    folder.write("cut.dcm", &dicom[..140]);
    let message = folder.fails(1, &["encode", "cut.dcm"]);
    assert!(message.contains("ends early"), "{message}");
}
