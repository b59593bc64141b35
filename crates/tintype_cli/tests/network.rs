//! `tintype train --codec neural` on LibTorch; run by `cargo test -p tintype_cli --features network --test network`.
#![cfg(feature = "network")]

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const RECIPE: &str = r#"
name = "tiny"
seed = 5
[network]
latent = 16
hyper_latent = 8
context = 16
analysis8 = 16
analysis8_blocks = 1
analysis16 = 16
analysis16_blocks = 1
synthesis16 = 16
synthesis16_blocks = 1
synthesis8 = 16
synthesis8_blocks = 1
[rate]
anchors = 4
lambda_min = 0.0018
lambda_max = 0.18
balance = 0.35
[augment]
grain = 3.0
[schedule]
optimiser = "muon"
steps = 90
warm_up = 5
small_crop_steps = 10
small_crop_px = 64
crop_px = 64
batch = 8
rate_max = 1e-3
rate_min = 1e-5
shortcut_rate = 0.1
weight_decay = 0.01
clip_norm = 1.0
mean_decay = 0.99
validate_every = 30
rounding_steps = 10
checkpoint_seconds = 0
"#;

fn folder_of_pictures(below: &Path) -> PathBuf {
    let folder = below.join("pictures");
    std::fs::create_dir(&folder).unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pictures");
    for index in 0..20 {
        let name = ["photo_a.png", "photo_b.png"][index % 2];
        std::fs::copy(source.join(name), folder.join(format!("{index}.png"))).unwrap();
    }
    std::fs::write(below.join("tiny.toml"), RECIPE).unwrap();
    folder
}

fn start(below: &Path, name: &str, more: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tintype"));
    command.current_dir(below).args([
        "train",
        "pictures",
        "--codec",
        "neural",
        "--recipe",
        "tiny.toml",
        "-o",
    ]);
    command
        .arg(format!("{name}.tinmodel"))
        .args(more)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn finish(child: Child) -> String {
    let out = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{text}");
    text
}

/// Loss of every logged step and the curve of every validation; what was done twice counts as it was done last.
fn log(below: &Path, name: &str) -> BTreeMap<(String, u64), String> {
    let text = std::fs::read_to_string(below.join(format!("{name}.run/log.jsonl"))).unwrap_or_default();
    let mut out = BTreeMap::new();
    for line in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        for (kind, value) in [("step", "loss"), ("validation", "curve")] {
            if let Some(step) = line[kind].as_u64() {
                out.insert((kind.to_string(), step), line[value].to_string());
            }
        }
    }
    out
}

#[test]
fn a_run_repeats_itself_and_a_killed_one_goes_on_as_if_nothing_had_happened() {
    let place = tempfile::tempdir().unwrap();
    let below = place.path();
    folder_of_pictures(below);
    finish(start(below, "unbroken", &[]));
    finish(start(below, "again", &[]));
    let unbroken = log(below, "unbroken");
    assert_eq!(unbroken, log(below, "again"));
    assert!(
        (1..=50).all(|step| unbroken.contains_key(&("step".into(), step))),
        "each of the first fifty"
    );
    assert!(unbroken.contains_key(&("validation".into(), 90)));

    let mut killed = start(below, "killed", &[]);
    while !log(below, "killed").contains_key(&("step".into(), 40)) {
        assert!(killed.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(10));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let refused = start(below, "killed", &[]).wait_with_output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--resume"));
    finish(start(below, "killed", &["--resume"]));
    assert_eq!(unbroken, log(below, "killed"));

    let read = |name: &str| std::fs::read(below.join(name)).unwrap();
    assert_eq!(read("unbroken.tinmodel"), read("killed.tinmodel"));
    assert!(read("unbroken.run/report.html").len() > 10_000);
    // The model is of use: a picture goes through it and comes back.
    let tintype = |args: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_tintype")).current_dir(below).args(args).output()
    };
    let encode =
        ["encode", "pictures/0.png", "--codec", "neural", "--model", "killed.tinmodel", "-o", "0.tin"];
    assert!(tintype(&encode).unwrap().status.success());
    assert!(
        tintype(&["decode", "0.tin", "--model", "killed.tinmodel", "-o", "0.ppm"])
            .unwrap()
            .status
            .success()
    );
}
