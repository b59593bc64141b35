//! The shape of a picture in words.

use tintype::{ColourModel, PlaneRole, Shape, YCbCrMatrix};

/// Colour model, sampling and further planes in a few words: `YCbCr BT.601 4:2:0 + alpha`.
pub fn colour_text(shape: &Shape) -> String {
    let mut text = match shape.colour {
        ColourModel::Gray => "gray".to_string(),
        ColourModel::Rgb => "RGB".to_string(),
        ColourModel::YCbCr(YCbCrMatrix::Bt601) => "YCbCr BT.601".to_string(),
        ColourModel::YCbCr(YCbCrMatrix::Bt709) => "YCbCr BT.709".to_string(),
        ColourModel::Bands => format!("{} bands", shape.planes.len()),
    };
    let chroma = shape.planes.get(1).filter(|plane| plane.role == PlaneRole::Colour);
    text += match chroma.map(|plane| (plane.subsample_x_log2, plane.subsample_y_log2)) {
        Some((1, 0)) => " 4:2:2",
        Some((1, 1)) => " 4:2:0",
        Some((0, 1)) => " 4:4:0",
        _ => "",
    };
    if shape.colour != ColourModel::Bands {
        for plane in shape.planes.iter().skip(shape.colour_planes()) {
            text += match plane.role {
                PlaneRole::Alpha => " + alpha",
                PlaneRole::Depth => " + depth",
                _ => " + band",
            };
        }
    }
    text
}
