//! `--limit-pixels`, `--limit-memory` and `--limit-time`.

mod folder;

use folder::Folder;

#[test]
fn pictures_beyond_the_limits_are_refused_by_every_command() {
    let folder = Folder::with_photo("a.ppm");
    folder.ok(&["encode", "a.ppm", "--lossless"]);
    let pixels = ["--limit-pixels", "6143"];
    let memory = ["--limit-memory", "48MiB"];
    for limit in [pixels, memory] {
        for command in [
            &["encode", "a.ppm", "-o", "b.tin"][..],
            &["decode", "a.tin", "-o", "b.ppm"],
            &["info", "a.tin"],
            &["verify", "a.tin"],
            &["compare", "a.ppm", "a.tin"],
        ] {
            let message = folder.fails(1, &[command, &limit].concat());
            assert!(message.contains("number of"), "{command:?} {limit:?}: {message}");
        }
    }
    // 96 × 64 pixels.
    folder.ok(&["decode", "a.tin", "-o", "b.ppm", "--limit-pixels", "6144", "--limit-memory", "60MB"]);
}

#[test]
fn a_file_that_takes_too_long_is_given_up() {
    let folder = Folder::with_photo("a.ppm");
    folder.ok(&["encode", "a.ppm", "--lossless"]);
    let mut clip = b"YUV4MPEG2 W24 H16 F25:1 Cmono\n".to_vec();
    for level in 0..5 {
        clip.extend(b"FRAME\n");
        clip.extend([level * 20; 24 * 16]);
    }
    folder.write("c.y4m", &clip);
    folder.ok(&["encode", "c.y4m", "--lossless"]);
    // A nanosecond is over before the first tile.
    let limit = ["--limit-time", "0.000000001"];
    let decoding = ["decode a.tin -o b.ppm", "decode c.tin -o b.y4m"];
    for command in decoding.into_iter().chain(["verify a.tin", "verify c.tin", "compare a.ppm a.tin"]) {
        let words: Vec<&str> = command.split(' ').chain(limit).collect();
        let message = folder.fails(1, &words);
        assert!(message.contains("milliseconds of work"), "{command}: {message}");
    }
    assert!(!folder.names().contains("b.ppm") && !folder.names().contains("b.y4m"));
    folder.ok(&["decode", "a.tin", "-o", "b.ppm", "--limit-time", "600"]);
    folder.fails(2, &["decode", "a.tin", "-o", "c.ppm", "--limit-time", "0"]);
}
