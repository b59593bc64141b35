//! A set of small pictures, cut out of folders of photographs. The same folders give the same
//! files.

use crate::Failure;
use crate::pictures::{collect, middle, name, read};
use clap::Args;
use std::path::PathBuf;
use tintype_image::io::{PictureFormat, write_picture};
use tintype_image::{Metadata, Picture, Planes, Shape};

/// Of so many pictures one goes to the test set.
const TEST_EVERY: usize = 8;

/// Options of `set`.
#[derive(Args)]
pub struct SetArgs {
    /// The folder to write; its folders `train` and `test` hold the pictures.
    #[arg(short, long)]
    output: PathBuf,
    /// Side of the small pictures in pixels. Smaller photographs are left out.
    #[arg(long, default_value_t = 128)]
    side: usize,
    /// First replaces N × N pixels by their mean.
    #[arg(long, value_name = "N", default_value_t = 1)]
    shrink: usize,
    /// Folders of photographs.
    #[arg(required = true)]
    folders: Vec<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// Files that cannot be written.
pub fn run(args: &SetArgs) -> Result<(), Failure> {
    let folders = ["train", "test"].map(|part| args.output.join(part));
    for folder in &folders {
        std::fs::create_dir_all(folder)?;
    }
    let mut counts = [0usize; 2];
    let mut files = collect(&args.folders);
    files.sort();
    for file in files {
        let Ok(picture) = read(&file, None) else { continue };
        let planes = shrunk(&picture.planes, args.shrink.max(1));
        let (width, height) = (planes.shape.width_px, planes.shape.height_px);
        if width < args.side || height < args.side || planes.planes.len() != 3 {
            continue;
        }
        let part = usize::from((counts[0] + counts[1]) % TEST_EVERY == TEST_EVERY - 1);
        counts[part] += 1;
        let planes = middle(&planes, args.side)?;
        let picture = Picture { planes, metadata: Metadata::default() };
        let path = folders[part].join(name(&file)).with_extension("png");
        std::fs::write(path, write_picture(PictureFormat::Png, &picture)?)?;
    }
    println!("{} train, {} test", counts[0], counts[1]);
    Ok(())
}

/// Means of `factor` × `factor` samples, rounded.
fn shrunk(source: &Planes, factor: usize) -> Planes {
    let mut out = Planes::new(Shape {
        width_px: source.shape.width_px / factor,
        height_px: source.shape.height_px / factor,
        ..source.shape.clone()
    });
    let area = (factor * factor) as u32;
    for (from, to) in source.planes.iter().zip(&mut out.planes) {
        for y in 0..to.height() {
            for (x, value) in to.row_mut(y).iter_mut().enumerate() {
                let mut sum = 0;
                for row in y * factor..(y + 1) * factor {
                    let samples = &from.row(row)[x * factor..][..factor];
                    sum += samples.iter().map(|sample| u32::from(*sample)).sum::<u32>();
                }
                *value = ((sum + area / 2) / area) as u16;
            }
        }
    }
    out
}
