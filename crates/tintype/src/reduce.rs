//! Smaller pictures for codecs that decode at full size only.
//!
//! In: planes at full size, whose left top corner lies on a multiple of `2^scale_log2`; out:
//! planes of `ceil(size / 2^scale_log2)`, every sample the mean of its block, halves rounded
//! up; blocks at the right and lower edge are smaller. Bit-exact: integers.

use tintype_codec::DecodeRequest;
#[cfg(any(feature = "files", feature = "jpeg"))]
use tintype_image::{ImageError, Picture};
use tintype_image::{Planes, Region, Shape};

/// What to decode at full size for `request`: its region with whole blocks, as far as the
/// picture goes.
pub(crate) fn full_size_request(request: &DecodeRequest, shape: &Shape) -> DecodeRequest {
    let block = 1usize << request.scale_log2;
    // Subsampled planes need an even corner, which every block of two or more has.
    let widened = |at: usize, len: usize, end: usize| {
        let start = at / block * block;
        (start, (at + len).next_multiple_of(block).min(end) - start)
    };
    let region = request.region.map(|region| {
        let (x, width) = widened(region.x, region.width, shape.width_px);
        let (y, height) = widened(region.y, region.height, shape.height_px);
        Region { x, y, width, height }
    });
    DecodeRequest { scale_log2: 0, region, layers: request.layers }
}

/// `source` at `1 / 2^scale_log2`.
pub(crate) fn reduced(source: &Planes, scale_log2: u8) -> Planes {
    let block = 1usize << scale_log2;
    let mut out = Planes::new(source.shape.reduced(scale_log2));
    for (plane, full) in out.planes.iter_mut().zip(&source.planes) {
        let mut sums = vec![0u32; plane.width()];
        for y in 0..plane.height() {
            let rows = y * block..((y + 1) * block).min(full.height());
            sums.fill(0);
            for row in rows.clone() {
                for (sum, samples) in sums.iter_mut().zip(full.row(row).chunks(block)) {
                    *sum += samples.iter().map(|sample| u32::from(*sample)).sum::<u32>();
                }
            }
            for (x, (sample, sum)) in plane.row_mut(y).iter_mut().zip(&sums).enumerate() {
                let columns = block.min(full.width() - x * block);
                let count = (columns * rows.len()) as u32;
                *sample = ((sum + count / 2) / count) as u16;
            }
        }
    }
    out
}

/// Cuts and reduces a whole picture to what `request` asks for.
#[cfg(any(feature = "files", feature = "jpeg"))]
pub(crate) fn reduce_to(request: &DecodeRequest, picture: &mut Picture) -> Result<(), ImageError> {
    if let Some(region) = full_size_request(request, &picture.planes.shape).region {
        picture.planes = tintype_image::planes_cropped(&picture.planes, region)?;
    }
    if request.scale_log2 > 0 {
        picture.planes = reduced(&picture.planes, request.scale_log2);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tintype_image::Plane;

    #[test]
    fn samples_are_means_of_blocks_that_end_with_the_picture() {
        let mut planes = Planes::new(Shape::gray(5, 3, 8));
        let samples = vec![1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        planes.planes[0] = Plane::from_vec(5, 3, samples).unwrap();
        let half = reduced(&planes, 1);
        assert_eq!((half.shape.width_px, half.shape.height_px), (3, 2));
        assert_eq!(half.planes[0].as_slice().unwrap(), [4, 6, 8, 12, 14, 15]);
        assert_eq!(reduced(&planes, 5).planes[0].as_slice().unwrap(), [8]);
    }

    #[test]
    fn regions_grow_to_whole_blocks_within_the_picture() {
        let region = Some(Region { x: 5, y: 8, width: 3, height: 1 });
        let request = DecodeRequest { scale_log2: 2, region, layers: None };
        let full = full_size_request(&request, &Shape::gray(61, 10, 8));
        assert_eq!(full.region, Some(Region { x: 4, y: 8, width: 4, height: 2 }));
        assert_eq!(full.scale_log2, 0);
    }
}
