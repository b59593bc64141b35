//! JPEG files that we write at several settings, read by other decoders.

use super::others::{decoded_by, difference, is_on_path};
use crate::pictures::read;
use std::path::{Path, PathBuf};
use tintype::Tune;
use tintype_image::io::read_picture;
use tintype_image::{Limits, Picture};
use tintype_jpeg::{Decoder, Encoder, Sampling};

/// A larger mean difference is a wrong picture; a smaller one is other rounding and other
/// chroma upsampling.
const MEAN_MAX: f64 = 6.0;

/// Tuning, effort, quality, chroma sampling and restart interval of each file.
const SETTINGS: [(Tune, u8, f32, Sampling, u16); 5] = [
    (Tune::Visual, 5, 75.0, Sampling::Auto, 0),
    (Tune::Visual, 9, 50.0, Sampling::Auto, 0),
    (Tune::Psnr, 7, 90.0, Sampling::HalfWidth, 0),
    (Tune::Psnr, 5, 97.0, Sampling::Full, 5),
    (Tune::Visual, 6, 10.0, Sampling::Half, 3),
];

/// Other decoders beside zune-jpeg, which is linked.
const PROGRAMS: [&str; 2] = ["djpeg", "ffmpeg"];

#[derive(Default)]
struct Counts {
    written: usize,
    unread: usize,
    far: usize,
}

/// Checks every picture; how many files a decoder does not read, or reads otherwise.
pub fn check(files: &[PathBuf]) -> usize {
    let mut counts = Counts::default();
    for program in PROGRAMS.iter().filter(|program| !is_on_path(program)) {
        println!("{program} is not on PATH and left out");
    }
    for file in files {
        match read(file, None) {
            Ok(picture) => check_one(file, &picture, &mut counts),
            Err(error) => println!("{error}"),
        }
    }
    println!(
        "{} files written, each given to the decoders at hand: {} not read, {} read otherwise",
        counts.written, counts.unread, counts.far
    );
    counts.unread + counts.far
}

fn check_one(file: &Path, picture: &Picture, counts: &mut Counts) {
    for (tune, effort, quality, sampling, restart) in SETTINGS {
        let place = format!("{} at effort {effort}, quality {quality}", file.display());
        let encoder = Encoder::new()
            .quality(quality)
            .tune(tune)
            .effort(effort)
            .sampling(sampling)
            .restart_interval(restart)
            .metadata(&picture.metadata);
        let written = encoder.encode(&picture.planes);
        let Ok(jpeg) = written else {
            println!("{place}: cannot be written as JPEG");
            continue;
        };
        counts.written += 1;
        compare_with_others(&place, &jpeg, counts);
    }
}

fn compare_with_others(place: &str, jpeg: &[u8], counts: &mut Counts) {
    let Ok(ours) = Decoder::new(jpeg).and_then(|decoder| decoder.decode()) else {
        counts.unread += 1;
        println!("{place}: we do not read it");
        return;
    };
    let ffmpeg = ["-v", "error", "-f", "jpeg_pipe", "-i", "-", "-f", "image2", "-c:v", "ppm", "-"];
    let zune = read_picture(jpeg, &Limits::default()).ok().map(|picture| picture.planes);
    let others = [
        ("djpeg", decoded_by("djpeg", &["-pnm"], jpeg)),
        ("ffmpeg", decoded_by("ffmpeg", &ffmpeg, jpeg)),
        ("zune-jpeg", zune),
    ];
    for (name, theirs) in others {
        if PROGRAMS.contains(&name) && !is_on_path(name) {
            continue;
        }
        match theirs.and_then(|theirs| difference(&ours.planes, &theirs)) {
            None => {
                counts.unread += 1;
                println!("{place}: {name} does not read it, or as another size");
            }
            Some(found) if found.mean > MEAN_MAX => {
                counts.far += 1;
                println!("{place}: {name} differs by {}, mean {:.2}", found.most, found.mean);
            }
            Some(_) => {}
        }
    }
}
