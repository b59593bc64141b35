//! The photo model that ships with the program.

use super::{Neural, NeuralModel};
use std::sync::OnceLock;
use tintype_model::Model;

/// See models/neural-photo.md.
static PHOTO: &[u8] = include_bytes!("../../../../models/neural-photo.tinmodel");

/// The model file itself.
pub fn photo_bytes() -> &'static [u8] {
    PHOTO
}

/// The codec on the built-in photo model, read at first use.
pub fn photo() -> &'static Neural {
    static CODEC: OnceLock<Neural> = OnceLock::new();
    CODEC.get_or_init(|| Neural::new(NeuralModel::built_in(PHOTO)))
}

#[cfg(test)]
mod tests {
    use super::{Model, NeuralModel, photo, photo_bytes};
    use tintype_codec::{Codec, DecodeRequest, EncodeSettings, Exec, Target};
    use tintype_image::{Planes, Shape};

    #[test]
    fn the_file_inside_the_program_is_whole() {
        let read = NeuralModel::from_bytes(photo_bytes()).unwrap();
        assert_eq!(read.hash, photo().model().hash);
    }

    #[test]
    fn a_smooth_picture_comes_back_close_and_small() {
        let mut source = Planes::new(Shape::rgb(150, 130, 8));
        for (c, plane) in source.planes.iter_mut().enumerate() {
            for y in 0..130 {
                for (x, s) in plane.row_mut(y).iter_mut().enumerate() {
                    *s = (40 + x / 2 + y * (c + 1) / 3) as u16;
                }
            }
        }
        let mut sizes = Vec::new();
        for quality in [30.0, 90.0] {
            let settings =
                EncodeSettings { target: Target::Quality(quality), ..EncodeSettings::default() };
            let payload = photo().encode(&source, &settings, &Exec::default()).unwrap();
            let back = photo()
                .decode(&payload.view(&source.shape), &DecodeRequest::default(), &Exec::default())
                .unwrap();
            let differences = source.planes.iter().zip(&back.planes).flat_map(|(a, b)| {
                a.rows()
                    .flatten()
                    .zip(b.rows().flatten())
                    .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
            });
            let mse = differences.sum::<f64>() / (150.0 * 130.0 * 3.0);
            assert!(mse < 40.0, "squared error {mse} at quality {quality}");
            sizes.push(payload.sections[0].bytes.len());
        }
        assert!(sizes[0] < sizes[1] && sizes[1] < 150 * 130 * 3 / 8, "{sizes:?}");
    }
}
