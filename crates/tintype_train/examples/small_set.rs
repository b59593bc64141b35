//! Cuts a set of small pictures out of folders of photographs: `small_set OUT SIDE SHRINK DIR…`.
//!
//! Every picture is first reduced by means of `SHRINK` × `SHRINK` samples, then its central `SIDE` × `SIDE` pixels are
//! written as PNG; pictures that are smaller are passed over. Names are taken in sorted order; every eighth goes to
//! OUT/test, the others to OUT/train. The same folders give the same files.

use std::path::{Path, PathBuf};
use tintype_image::io::{PictureFormat, read_picture, write_picture};
use tintype_image::{Limits, Metadata, Picture, Planes, Region, Shape, planes_cropped};

/// Means of `factor` × `factor` samples, rounded.
fn shrunk(source: &Planes, factor: usize) -> Planes {
    let shape = Shape {
        width_px: source.shape.width_px / factor,
        height_px: source.shape.height_px / factor,
        ..source.shape.clone()
    };
    let mut out = Planes::new(shape);
    let area = (factor * factor) as u32;
    for (from, to) in source.planes.iter().zip(&mut out.planes) {
        for y in 0..to.height() {
            for (x, value) in to.row_mut(y).iter_mut().enumerate() {
                let rows =
                    (0..factor).flat_map(|dy| &from.row(y * factor + dy)[x * factor..][..factor]);
                *value = ((rows.map(|&v| u32::from(v)).sum::<u32>() + area / 2) / area) as u16;
            }
        }
    }
    out
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, out, side, factor, dirs @ ..] = args.as_slice() else {
        return Err("OUT SIDE SHRINK DIR…".into());
    };
    let (side, factor): (usize, usize) = (side.parse()?, factor.parse()?);
    let mut files: Vec<PathBuf> = Vec::new();
    for dir in dirs {
        for entry in std::fs::read_dir(dir)? {
            files.push(entry?.path());
        }
    }
    files.sort();
    for part in ["train", "test"] {
        std::fs::create_dir_all(Path::new(out).join(part))?;
    }
    let mut counts = [0usize; 2];
    for file in files {
        let Ok(picture) = read_picture(&std::fs::read(&file)?, &Limits::default()) else {
            continue;
        };
        let planes = shrunk(&picture.planes, factor.max(1));
        let (width, height) = (planes.shape.width_px, planes.shape.height_px);
        if width < side || height < side || planes.planes.len() != 3 {
            continue;
        }
        let region =
            Region { x: (width - side) / 2, y: (height - side) / 2, width: side, height: side };
        let planes = planes_cropped(&planes, region)?;
        let test = usize::from((counts[0] + counts[1]) % 8 == 7);
        counts[test] += 1;
        let name = file.file_stem().and_then(|s| s.to_str()).unwrap_or("picture");
        let path = Path::new(out).join(["train", "test"][test]).join(format!("{name}.png"));
        let bytes =
            write_picture(PictureFormat::Png, &Picture { planes, metadata: Metadata::default() })?;
        std::fs::write(path, bytes)?;
    }
    println!("{} train, {} test", counts[0], counts[1]);
    Ok(())
}
