//! What a head says, as JSON: a few numbers and names, none of which needs escaping but by its own rules.

use tintype::{ColourModel, Info, PlaneRole};

/// The text that `describe` gives.
pub fn of_info(info: &Info) -> String {
    let shape = &info.shape;
    let colour = match shape.colour {
        ColourModel::Gray => "gray",
        ColourModel::Rgb => "rgb",
        ColourModel::YCbCr(_) => "ycbcr",
        ColourModel::Bands => "bands",
    };
    let has = |role: PlaneRole| shape.planes.iter().any(|plane| plane.role == role);
    let bits = shape.planes.iter().map(|plane| plane.bit_depth).max().unwrap_or(8);
    let lossless = info.lossless.map_or("null".to_string(), |lossless| lossless.to_string());
    let model = match &info.model {
        Some(model) => format!("{{\"hash\":\"{}\",\"sent\":{}}}", model.hash, model.sent),
        None => "null".into(),
    };
    format!(
        "{{\"width\":{},\"height\":{},\"codec\":\"{}\",\"colour\":\"{colour}\",\"bits\":{bits},\"planes\":{},\"alpha\":{},\
         \"depth\":{},\"lossless\":{lossless},\"tiles\":{},\"layers\":{},\"dataBytes\":{},\"model\":{model}}}",
        shape.width_px,
        shape.height_px,
        info.codec.name(),
        shape.planes.len(),
        has(PlaneRole::Alpha),
        has(PlaneRole::Depth),
        info.tiles,
        info.layers,
        info.data_bytes,
    )
}
