//! Fits the probabilities that streams start from. Laboratory only: changing them changes the
//! format.

use super::encode::{code_tile, start_header, tile_symbols};
use super::layout::tiles;
use super::model::{KINDS, Model};
use tintype_codec::{CodecError, EncodeSettings, Exec, Target, Tune};
use tintype_entropy::stretch;
use tintype_image::{Planes, Region};

/// Weighted log-odds of a probability: sum and weight.
type Mean = (f64, f64);

/// Codes each picture at every quality by models that go on learning from picture to picture,
/// and averages their log-odds after each. Returns the bytes of `priors.bin`.
///
/// # Errors
/// As [`super::encode::encode`].
pub(crate) fn fit_priors(
    pictures: &[Planes],
    qualities: &[f32],
    exec: &Exec,
) -> Result<Vec<u8>, CodecError> {
    let mut models = vec![Model::flat(); KINDS];
    let mut means: Vec<Vec<Mean>> = vec![Vec::new(); KINDS];
    for picture in pictures {
        picture.shape.check(&exec.limits)?;
        for &quality in qualities {
            let target = Target::Quality(quality);
            let settings = EncodeSettings { target, tune: Tune::Psnr, effort: 5 };
            let header = start_header(picture, &settings);
            let grid = tiles((picture.shape.width_px, picture.shape.height_px), &header);
            let Some(tile): Option<Region> = grid.region(0) else { continue };
            let (mut layout, planes, centroids) = tile_symbols(picture, &header, &settings, exec, tile);
            code_tile(exec.level, &mut layout, &mut models, planes, centroids);
            for (model, means) in models.iter_mut().zip(&mut means) {
                add_log_odds(model, means);
            }
        }
    }

    let byte = |(sum, weight): Mean| ((sum / weight.max(1e-9) / 16.0).round() as i8) as u8;
    Ok(means.into_iter().flatten().map(byte).collect())
}

fn add_log_odds(model: &mut Model, means: &mut Vec<Mean>) {
    let mut index = 0;
    model.each(&mut |bit| {
        if means.len() <= index {
            means.push((0.0, 0.0));
        }
        // A probability counts for as much as it has seen; the 0.01 keeps unused ones defined.
        let weight = f64::from(bit.count()) + 0.01;
        means[index].0 += weight * f64::from(stretch(bit.p1()));
        means[index].1 += weight;
        index += 1;
    });
}
