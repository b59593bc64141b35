//! Speed of each transform, quantiser and search at each SIMD level.

use crate::clock::seconds_each;
use crate::subject::levels;
use fearless_simd::Level;
use std::hint::black_box;
use tintype_transform::dct::{Direction, Points, Sample, transform_blocks};
use tintype_transform::klt::{Basis, LiftedBasis, principal_axes};
use tintype_transform::nearest::{Codebook, nearest_hamming};
use tintype_transform::quantise::DeadZone;

/// Samples transformed in one run.
const SAMPLES: usize = 1 << 18;

/// Prints nanoseconds an item and millions of items a second.
fn time(name: &str, items: usize, work: impl FnMut()) {
    let seconds = seconds_each(work);
    println!(
        "{name:44} {:9.3} ns {:9.1} M/s",
        seconds * 1e9 / items as f64,
        items as f64 / seconds / 1e6
    );
}

fn measure_dct<T: Sample>(name: &str, level: Level, samples: &mut [T]) {
    for points in Points::ALL {
        for direction in [Direction::Forward, Direction::Inverse] {
            let name = format!("dct {} {direction:?} {name}", points.count());
            time(&name, samples.len(), || {
                transform_blocks(level, points, direction, black_box(&mut *samples))
            });
        }
    }
}

/// Prints a line for each transform and level.
pub fn run() {
    for (name, level) in levels() {
        println!("\n{name}: a sample");
        let mut floats: Vec<f32> = (0..SAMPLES).map(|i| ((i * 7919) % 511) as f32 - 255.0).collect();
        let mut whole: Vec<i32> = floats.iter().map(|&x| x as i32).collect();
        measure_dct("f32", level, &mut floats);
        measure_dct("i32", level, &mut whole);
        floats.iter_mut().zip(&whole).for_each(|(f, &w)| *f = w as f32);
        let zone = DeadZone { step: 3.0, threshold: 0.6, shift: -0.1 };
        time("quantise", SAMPLES, || zone.quantise(level, black_box(&floats), &mut whole));
        time("dequantise", SAMPLES, || zone.dequantise(level, black_box(&whole), &mut floats));
        let matrix: Vec<f64> = (0..256).map(|i: i32| 0.9f64.powi((i / 16 - i % 16).abs())).collect();
        let axes = principal_axes(&matrix, 16);
        let basis = Basis::new(axes.rows.iter().map(|&x| x as f32).collect(), 16).unwrap();
        let lifted = LiftedBasis::from_rows(&axes.rows, 16).unwrap();
        let mut out = vec![0.0; 16384];
        time("klt 16 bands", 16384, || basis.forward(level, black_box(&floats[..16384]), &mut out));
        time("klt 16 bands, whole", 16384, || lifted.forward(level, black_box(&mut whole[..16384])));
        println!("{name}: a search");
        let book = Codebook::new(&floats[..1024 * 16], 16);
        time("nearest of 1024 codes of 16", 1000, || {
            _ = black_box(book.nearest_of_each(level, &floats[..16000]))
        });
        let codes: Vec<u64> = (0..4096u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        time("nearest of 1024 strings of 256 bits", 100, || {
            codes
                .chunks_exact(4)
                .take(100)
                .for_each(|words| _ = black_box(nearest_hamming(level, &codes, words)));
        });
    }
}
