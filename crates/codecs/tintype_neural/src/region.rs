//! The part of a decoded picture that a request asks for.
//!
//! Bit-exact.

use tintype_codec::{CodecError, DecodeRequest};
use tintype_image::{Planes, Region, Shape};

/// The requested region in pixels.
pub(super) fn region_needed(shape: &Shape, request: &DecodeRequest) -> Result<Region, CodecError> {
    if request.scale_log2 != 0 {
        return Err(CodecError::Unsupported { what: "codec neural decodes at full size only".into() });
    }
    let whole = shape.region();
    let region = request.region.unwrap_or(whole);
    if !region.is_inside(whole) {
        return Err(CodecError::Misuse {
            what: format!("region of {region} outside the picture of {whole}"),
        });
    }
    Ok(region)
}

/// The part of `whole` in `region`; a subsampled plane gives the samples from the region's
/// corner on.
pub(super) fn cropped(whole: Planes, region: Region) -> Planes {
    if (region.width, region.height) == (whole.shape.width_px, whole.shape.height_px) {
        return whole;
    }
    let shape = whole.shape.with_size(region.width, region.height);
    let sizes = (0..shape.planes.len()).map(|i| shape.plane_size(i));
    let planes =
        whole.planes.iter().zip(sizes).zip(&shape.planes).map(|((plane, (width, height)), info)| {
            let (x, y) = (region.x >> info.subsample_x_log2, region.y >> info.subsample_y_log2);
            plane.crop(Region { x, y, width, height })
        });
    let planes = planes.collect();
    Planes { shape, planes }
}
