//! `tintype bench` as a user runs it: our own codecs alone, so that no other program is needed.

use std::process::{Command, Output};

/// A folder with one small picture: a slope with a step, 64 × 48 pixels.
fn folder_with_picture() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut file = b"P6\n64 48\n255\n".to_vec();
    for y in 0..48u32 {
        for x in 0..64u32 {
            let step = if x > 30 { 60 } else { 0 };
            file.extend([x * 2 + step, y * 3, (x + y) * 2].map(|v| v as u8));
        }
    }
    std::fs::write(folder.path().join("slope.ppm"), file).unwrap();
    folder
}

fn bench(arguments: &[&str]) -> Output {
    let folder = folder_with_picture();
    let program = env!("CARGO_BIN_EXE_tintype");
    Command::new(program).arg("bench").arg(folder.path()).args(arguments).output().unwrap()
}

#[test]
fn our_codec_is_measured_like_a_peer() {
    let output =
        bench(&["--codecs", "wavelet", "--peers", "none", "--qualities", "80,20,50", "--json", "-"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let points = json["points"].as_array().unwrap();
    assert_eq!(points.len(), 3);
    for pair in points.windows(2) {
        assert!(
            pair[0]["bytes"].as_u64() <= pair[1]["bytes"].as_u64(),
            "qualities are swept from small to large"
        );
    }
    for point in points {
        assert!(point["encode"]["peak_memory_bytes"].as_u64().unwrap() > 100_000, "{point}");
        assert!(point["encode_inside_ms"].as_f64().is_some(), "{point}");
        assert!(point["metrics"]["psnr"].as_f64().unwrap() > 20.0, "{point}");
    }
}

#[test]
fn exact_sweep_prints_a_table() {
    let output = bench(&["--lossless", "--codecs", "lossless", "--peers", "none"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("lossless"));
}

#[test]
fn wrong_usage_is_status_two() {
    for arguments in [["--codecs", "nonsense"], ["--peers", "nonsense"], ["--qualities", "101"]] {
        let output = bench(&arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
