//! Later frames of an animated PNG: each is drawn over what its predecessors left.
//!
//! Source: PNG third edition, 11.3.6 (acTL, fcTL, fdAT) and 12.9 (blending).

use super::{Expansion, header_shape};
use crate::io::interleave::{packed_len_bytes, unpack_row};
use crate::{ImageError, PlaneInfo, PlaneRole, Planes};
use png::{BlendOp, DisposeOp, FrameControl, Reader};
use std::io::{BufRead, Seek};

/// Pixels of colours and opacity, in rows.
struct Canvas {
    width: usize,
    channels: usize,
    opaque: u64,
    samples: Vec<u16>,
}

impl Canvas {
    /// The samples of row `y` of the frame's area.
    fn row(&mut self, frame: &FrameControl, y: usize) -> &mut [u16] {
        let start = (frame.y_offset as usize + y) * self.width + frame.x_offset as usize;
        &mut self.samples[start * self.channels..][..frame.width as usize * self.channels]
    }

    /// Draws pixels that have opacity as their last sample.
    fn draw(&mut self, frame: &FrameControl, y: usize, pixels: &[u16]) {
        let (channels, opaque) = (self.channels, self.opaque);
        let over = frame.blend_op == BlendOp::Over;
        let row = self.row(frame, y);
        for (below, above) in row.chunks_exact_mut(channels).zip(pixels.chunks_exact(channels)) {
            let alpha = u64::from(above[channels - 1]);
            if !over || alpha == opaque || below[channels - 1] == 0 {
                below.copy_from_slice(above);
            } else if alpha > 0 {
                // In units of opaque squared.
                let behind = (opaque - alpha) * u64::from(below[channels - 1]);
                let sum = alpha * opaque + behind;
                for (sample, new) in below[..channels - 1].iter_mut().zip(above) {
                    let mixed = u64::from(*new) * alpha * opaque + u64::from(*sample) * behind;
                    *sample = ((mixed + sum / 2) / sum) as u16;
                }
                below[channels - 1] = ((sum + opaque / 2) / opaque) as u16;
            }
        }
    }
}

/// Frame `wanted`, from 0, as a player shows it. `reader` stands before the first frame.
pub(super) fn read<R: BufRead + Seek>(
    reader: &mut Reader<R>,
    wanted: usize,
) -> Result<Planes, ImageError> {
    let info = reader.info();
    let expand = Expansion::of(info);
    let (bits, stored) = (info.bit_depth as u8, info.color_type.samples());
    let mut shape = header_shape(info, expand.adds_alpha());
    let has_alpha = shape.planes.last().is_some_and(|plane| plane.role == PlaneRole::Alpha);
    let depth = shape.planes[0].bit_depth;
    let channels = shape.planes.len() + usize::from(!has_alpha);
    let opaque = (1u64 << depth) - 1;
    let (width, height) = (shape.width_px, shape.height_px);
    let samples = vec![0; width * height * channels];
    let mut canvas = Canvas { width, channels, opaque, samples };

    let too_large = || ImageError::Misuse { what: "PNG too large".into() };
    let mut packed = vec![0; reader.output_buffer_size().ok_or_else(too_large)?];
    for index in 0..=wanted {
        reader.next_frame(&mut packed)?;
        // A default picture that is no part of the animation is not drawn under it.
        let frame = reader.info().frame_control;
        if frame.is_none() && index < wanted {
            continue;
        }
        let whole =
            FrameControl { width: width as u32, height: height as u32, ..FrameControl::default() };
        let frame = frame.unwrap_or(whole);
        let before =
            (index < wanted && frame.dispose_op == DisposeOp::Previous).then(|| canvas.samples.clone());
        let columns = frame.width as usize;
        let row_len = packed_len_bytes(columns * stored, bits);
        let (mut row, mut expanded) = (vec![0; columns * stored], Vec::new());
        for y in 0..frame.height as usize {
            unpack_row(&packed[y * row_len..][..row_len], bits, &mut row);
            let pixels = expand.row(&row, &mut expanded)?;
            if has_alpha {
                canvas.draw(&frame, y, pixels);
            } else {
                let opaque_pixels: Vec<u16> = pixels
                    .chunks_exact(channels - 1)
                    .flat_map(|pixel| pixel.iter().copied().chain([opaque as u16]))
                    .collect();
                canvas.draw(&frame, y, &opaque_pixels);
            }
        }
        if index < wanted && frame.dispose_op == DisposeOp::Background {
            (0..frame.height as usize).for_each(|y| canvas.row(&frame, y).fill(0));
        }
        if let Some(before) = before {
            canvas.samples = before;
        }
    }

    let pixels = || canvas.samples.chunks_exact(channels);
    if !has_alpha && pixels().any(|pixel| u64::from(pixel[channels - 1]) != opaque) {
        shape.planes.push(PlaneInfo::new(PlaneRole::Alpha, depth));
    }
    let mut planes = Planes::new(shape);
    for (slot, plane) in planes.planes.iter_mut().enumerate() {
        let mut values = pixels().map(|pixel| pixel[slot]);
        for y in 0..height {
            plane.row_mut(y).iter_mut().zip(&mut values).for_each(|(sample, value)| *sample = value);
        }
    }
    Ok(planes)
}

#[cfg(test)]
mod tests {
    use crate::Limits;
    use crate::io::{read_page, read_picture_with_warnings};
    use png::{BitDepth, BlendOp, ColorType, DisposeOp, Encoder};

    /// Three frames on 3 × 1 pixels: all red; one half-clear blue pixel at 1; one green at 2.
    fn file(dispose: DisposeOp) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 3, 1);
        encoder.set_color(ColorType::Rgba);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_animated(3, 0).unwrap();
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&[200, 0, 0, 255].repeat(3)).unwrap();
        writer.set_frame_dimension(1, 1).unwrap();
        writer.set_frame_position(1, 0).unwrap();
        writer.set_blend_op(BlendOp::Over).unwrap();
        writer.set_dispose_op(dispose).unwrap();
        writer.write_image_data(&[0, 0, 100, 51]).unwrap();
        writer.set_frame_position(2, 0).unwrap();
        writer.set_blend_op(BlendOp::Source).unwrap();
        writer.write_image_data(&[0, 90, 0, 255]).unwrap();
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn frames_are_blended_and_disposed_of() {
        let shown = |dispose, page: usize| {
            let (picture, warnings) = read_page(&file(dispose), page, &Limits::default()).unwrap();
            assert!(warnings.is_empty());
            picture.to_rgba8().unwrap()
        };
        let red = [200, 0, 0, 255];
        let mixed = [160, 0, 20, 255];
        let green = [0, 90, 0, 255];
        assert_eq!(shown(DisposeOp::None, 1), [red; 3].concat());
        assert_eq!(shown(DisposeOp::None, 2), [red, mixed, red].concat());
        assert_eq!(shown(DisposeOp::None, 3), [red, mixed, green].concat());
        assert_eq!(shown(DisposeOp::Background, 3), [red, [0; 4], green].concat());
        assert_eq!(shown(DisposeOp::Previous, 3), [red, red, green].concat());
        assert!(read_page(&file(DisposeOp::None), 4, &Limits::default()).is_err());
        let bytes = file(DisposeOp::None);
        let (_, warnings) = read_picture_with_warnings(&bytes, &Limits::default()).unwrap();
        assert_eq!(warnings[0].to_string(), "frame 1 of 3 is read, the others are left out");
    }
}
