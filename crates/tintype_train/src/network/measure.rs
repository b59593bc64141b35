//! Real files of an exported model against the float model's estimates.

use super::data::{PictureSet, Rgb};
use super::export::quality_of_level;
use super::{Anchor, Failure, ValidationPoint};
use serde_json::json;
use std::time::Instant;
use tintype_codec::{Codec, DecodeRequest, EncodeSettings, Exec};
use tintype_image::{Planes, Shape, Threads};
use tintype_metrics::{Wanted, compare_with};
use tintype_model::Model;
use tintype_neural::{Neural, NeuralModel, rounds_of_effort};
use tintype_nn::Array;

/// Codes every picture at every level for real, with `rounds` of refinement; prints one line a
/// picture and level, then the sums.
///
/// # Errors
/// If the codec fails.
pub fn measure(
    bytes: &[u8],
    pictures: &PictureSet,
    levels: &[usize],
    rounds: usize,
    anchor: Option<&Anchor>,
) -> Result<(), Failure> {
    let codec = Neural::new(NeuralModel::from_bytes(bytes)?);
    let exec = Exec { threads: Threads::ONE, ..Exec::default() };
    let (mut points, mut pixels, mut seconds) = (Vec::new(), 0.0, [0.0; 2]);
    // The largest distance between a file and its estimate, beyond 64 bytes, in shares of the
    // estimate.
    let mut apart = 0f64;
    for picture in &pictures.pictures {
        let source = planes_of(picture);
        for &level in levels {
            let begun = Instant::now();
            let payload = codec.encode_at_level(&source, level, rounds, &exec)?;
            let coded = Instant::now();
            let back = codec.decode(&source.shape, &payload.view(), &DecodeRequest::default(), &exec)?;
            seconds[0] += (coded - begun).as_secs_f64();
            seconds[1] += coded.elapsed().as_secs_f64();
            let size: usize =
                payload.header.len() + payload.sections.iter().map(|s| s.bytes.len()).sum::<usize>();
            let estimated = codec.estimated_bits(&source, level, rounds, &exec)? / 8.0;
            apart = apart.max(((size as f64 - estimated).abs() - 64.0).max(0.0) / estimated);
            let count = (picture.width * picture.height) as f64;
            pixels += count;
            points.push(ValidationPoint {
                picture: picture.name.clone(),
                quality: quality_of_level(level),
                bpp: size as f64 * 8.0 / count,
                hyper_bpp: 0.0,
                psnr: compare_with(&source, &back, Wanted::POINTWISE)?.psnr,
            });
        }
    }
    for point in &points {
        println!("{}", serde_json::to_string(point)?);
    }
    let bd_rate = anchor.and_then(|a| a.bd_rate(&points));
    let speed = seconds.map(|s| pixels / 1e6 / s);
    println!(
        "{}",
        json!({"bd_rate": bd_rate, "encode_megapixels_per_second": speed[0],
        "decode_megapixels_per_second": speed[1], "estimate_apart_beyond_64_bytes": apart})
    );
    Ok(())
}

/// The model file with the qualities its levels reach: mean SSIMULACRA2 of `pictures`, rising,
/// in hundredths.
///
/// # Errors
/// If the model cannot be read or the codec fails.
pub fn with_qualities(bytes: &[u8], pictures: &PictureSet) -> Result<Vec<u8>, Failure> {
    let codec = Neural::new(NeuralModel::from_bytes(bytes)?);
    let exec = Exec { threads: Threads::ONE, ..Exec::default() };
    let wanted = Wanted { ssimulacra2: true, ..Wanted::POINTWISE };
    let levels = codec.model().levels;
    let rounds = rounds_of_effort(EncodeSettings::default().effort);
    let stations: Vec<usize> = (0..levels).step_by(6).collect();
    let mut means = Vec::new();
    for &level in &stations {
        let mut sum = 0.0;
        for picture in &pictures.pictures {
            let source = planes_of(picture);
            let payload = codec.encode_at_level(&source, level, rounds, &exec)?;
            let back = codec.decode(&source.shape, &payload.view(), &DecodeRequest::default(), &exec)?;
            sum += compare_with(&source, &back, wanted)?
                .ssimulacra2
                .ok_or("pictures too small for SSIMULACRA2")?;
        }
        means.push(sum / pictures.pictures.len() as f64);
    }
    let at = |level: usize| {
        let low = (level / 6).min(stations.len() - 2);
        means[low] + (means[low + 1] - means[low]) * (level - 6 * low) as f64 / 6.0
    };
    let mut least = 0.0f64;
    let qualities = (0..levels).map(|level| {
        least = least.max(at(level));
        (least * 100.0).round() as i16
    });
    let mut network = NeuralModel::network(bytes)?;
    network.arrays.insert("qualities".into(), Array::I16(qualities.collect()));
    Ok(NeuralModel::file_of(&network).to_bytes())
}

fn planes_of(picture: &Rgb) -> Planes {
    let mut planes = Planes::new(Shape::rgb(picture.width, picture.height, 8));
    for (c, plane) in planes.planes.iter_mut().enumerate() {
        for y in 0..picture.height {
            let row = &picture.samples[y * picture.width * 3..][..picture.width * 3];
            plane
                .row_mut(y)
                .iter_mut()
                .zip(row.chunks_exact(3))
                .for_each(|(out, rgb)| *out = rgb[c].into());
        }
    }
    planes
}
