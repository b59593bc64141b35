//! `--limit-pixels` and `--limit-memory`.

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
