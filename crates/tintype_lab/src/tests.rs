//! Whole sweeps with codecs made of small programs that every Unix has.

use crate::codec::{Carrier, Codec, Template};
use crate::run::run_codecs;
use crate::schema::faults;
use crate::*;
use serde_json::Value;
use std::path::Path;
use tintype_image::io::{PictureFormat, write_picture};
use tintype_image::{Metadata, Picture, Planes, Shape};

/// A codec that copies the file; `decode` may be another shell line with `$0` and `$1` for the
/// files.
fn copying(name: &str, decode: &str) -> Codec {
    let shell = |line: &str| Template {
        program: "sh".into(),
        arguments: ["-c", line, "IN", "OUT"].map(String::from).to_vec(),
    };
    Codec {
        name: name.into(),
        ours: false,
        version: "1".into(),
        extension: "copy".into(),
        setting_kind: "number".into(),
        ladder: vec!["1".into(), "2".into()],
        takes: Carrier::Pnm,
        encode: shell("cp \"$0\" \"$1\""),
        decode: Some(shell(decode)),
        gives: Carrier::Pnm,
        times_itself: false,
        model: (None, None),
    }
}

const COPY: &str = "cp \"$0\" \"$1\"";
/// Sets one sample to another value: the last byte of the file.
const SPOIL: &str = "head -c -1 \"$0\" > \"$1\"; printf '\\001' >> \"$1\"";

fn write_pictures(folder: &Path) {
    for (name, width) in [("a.png", 40), ("b.png", 33)] {
        let mut planes = Planes::new(Shape::rgb(width, 24, 8));
        for (index, plane) in planes.planes.iter_mut().enumerate() {
            for y in 0..24 {
                for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                    *sample = ((x * 5 + y * 3 + index * 40) % 256) as u16;
                }
            }
        }
        let picture = Picture { planes, metadata: Metadata::default() };
        std::fs::write(folder.join(name), write_picture(PictureFormat::Png, &picture).unwrap()).unwrap();
    }
}

fn sweep(lossless: bool, codecs: &[Codec], cache: Option<&Path>) -> BenchRun {
    let folder = tempfile::tempdir().unwrap();
    write_pictures(folder.path());
    let options = BenchOptions {
        inputs: vec![folder.path().to_path_buf()],
        dataset: Some("two </script> pictures".into()),
        lossless,
        running: Running { cache: cache.map(Path::to_path_buf), ..Running::default() },
        ..BenchOptions::default()
    };
    let missing = vec![Missing { codec: "other".into(), why: "not on PATH".into() }];
    run_codecs(&options, codecs, missing, &|_| {}).unwrap()
}

/// Faults of `bench` against the schema in the docs.
fn schema_faults(json: &str) -> Vec<String> {
    let schema = include_str!("../../../docs/format/bench.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    faults(&schema, &serde_json::from_str(json).unwrap())
}

#[test]
fn json_of_a_lossy_sweep_keeps_the_schema() {
    let run = sweep(false, &[copying("copy", COPY), copying("spoil", SPOIL)], None);
    assert_eq!((run.bench.points.len(), run.bench.failures.len()), (8, 0), "{:?}", run.bench.failures);
    let json = json_from_bench(&run.bench).unwrap();
    assert_eq!(schema_faults(&json), Vec::<String>::new());
    let broken = json.replacen("\"bpp\"", "\"bpq\"", 1);
    assert!(!schema_faults(&broken).is_empty(), "the schema must notice an unknown field");
}

#[test]
fn rate_and_quality_are_those_of_the_files() {
    let run = sweep(false, &[copying("copy", COPY), copying("spoil", SPOIL)], None);
    let copied = run.bench.points.iter().find(|p| p.codec == "copy" && p.image == "a.png").unwrap();
    let header_bytes = copied.bytes - 40 * 24 * 3;
    assert!((7..40).contains(&header_bytes), "a PPM file of 40 × 24 pixels has {} bytes", copied.bytes);
    assert!((copied.bpp - 8.0 * copied.bytes as f64 / 960.0).abs() < 1e-9);
    assert_eq!(copied.metrics.unwrap().psnr, 100.0);
    let spoiled = run.bench.points.iter().find(|p| p.codec == "spoil" && p.image == "a.png").unwrap();
    let last = (39 * 5 + 23 * 3 + 80) % 256;
    let mse = f64::from(last - 1).powi(2) / (40.0 * 24.0 * 3.0);
    assert!((spoiled.metrics.unwrap().mse - mse).abs() < 1e-6, "{:?}", spoiled.metrics);
}

#[test]
fn lossless_sweep_refuses_what_is_not_exact() {
    let run = sweep(true, &[copying("copy", COPY), copying("spoil", SPOIL)], None);
    assert!(run.bench.points.iter().all(|p| p.codec == "copy" && p.metrics.is_none()));
    assert_eq!(run.bench.failures.len(), 4);
    assert!(run.bench.failures.iter().all(|f| f.codec == "spoil" && f.reason.contains("not lossless")));
    assert_eq!(schema_faults(&json_from_bench(&run.bench).unwrap()), Vec::<String>::new());
}

#[test]
fn peers_results_are_kept_and_ours_are_not() {
    let cache = tempfile::tempdir().unwrap();
    let ours = Codec { ours: true, ..copying("ours", COPY) };
    let codecs = [copying("copy", COPY), ours];
    let first = sweep(false, &codecs, Some(cache.path()));
    let second = sweep(false, &codecs, Some(cache.path()));
    assert!(first.bench.points.iter().all(|p| !p.cached));
    for point in &second.bench.points {
        assert_eq!(point.cached, point.codec == "copy", "{}", point.codec);
    }
    let other = Codec { version: "2".into(), ..copying("copy", COPY) };
    let third = sweep(false, &[other], Some(cache.path()));
    assert!(third.bench.points.iter().all(|p| !p.cached), "another version is another codec");
}

#[test]
fn failing_programs_are_recorded_and_the_sweep_goes_on() {
    let run =
        sweep(false, &[copying("broken", "echo no such luck >&2; exit 1"), copying("copy", COPY)], None);
    assert_eq!(run.bench.points.len(), 4);
    assert_eq!(run.bench.failures.len(), 4);
    assert!(run.bench.failures[0].reason.contains("no such luck"), "{:?}", run.bench.failures[0]);
}

#[test]
fn report_is_one_file_without_addresses() {
    let run = sweep(false, &[copying("copy", COPY)], None);
    let html = html_from_run(&run).unwrap();
    assert!(!html.contains("{{"), "a placeholder was left");
    let without_svg_name = html.replace("http://www.w3.org/2000/svg", "");
    assert!(!without_svg_name.contains("http"), "the page must load nothing");
    assert_eq!(html.matches("</script>").count(), 2, "a name must not end the script");
}

#[test]
fn options_that_cannot_work_are_refused() {
    let cases = [
        BenchOptions { peers: vec!["nonsense".into()], ..BenchOptions::default() },
        BenchOptions { peers: vec!["none".into()], ..BenchOptions::default() },
        BenchOptions { effort: 0, ..BenchOptions::default() },
    ];
    for options in cases {
        assert!(matches!(run(&options, &|_| {}), Err(LabError::Misuse { .. })), "{options:?}");
    }
}
