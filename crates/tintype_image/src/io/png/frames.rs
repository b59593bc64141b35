//! Later frames of an animated PNG: each is drawn over what its predecessors left.
//!
//! Source: PNG third edition, 11.3.6 (acTL, fcTL, fdAT) and 12.9 (blending).

use super::{Expansion, header_shape};
use crate::io::interleave::{packed_len_bytes, unpack_row};
use crate::{ImageError, PlaneInfo, PlaneRole, Planes, Shape};
use png::{BlendOp, DisposeOp, FrameControl, Info, Reader};
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

/// The frames of an animation, each drawn over what its predecessors left.
pub(in crate::io) struct Frames<R: BufRead + Seek> {
    reader: Reader<R>,
    expand: Expansion,
    shape: Shape,
    has_alpha: bool,
    canvas: Canvas,
    packed: Vec<u8>,
    /// The frame that is shown, and what stood in its area before if that comes back.
    shown: Option<(FrameControl, Option<Vec<u16>>)>,
}

impl<R: BufRead + Seek> Frames<R> {
    /// `reader` stands before the first frame.
    ///
    /// # Errors
    /// `Misuse` for one that does not fit into memory.
    pub fn new(reader: Reader<R>) -> Result<Self, ImageError> {
        let info = reader.info();
        let expand = Expansion::of(info);
        let shape = header_shape(info, expand.adds_alpha());
        let has_alpha = shape.planes.last().is_some_and(|plane| plane.role == PlaneRole::Alpha);
        let channels = shape.planes.len() + usize::from(!has_alpha);
        let (width, height) = (shape.width_px, shape.height_px);
        let opaque = (1u64 << shape.planes[0].bit_depth) - 1;
        let canvas = Canvas { width, channels, opaque, samples: vec![0; width * height * channels] };
        let too_large = || ImageError::Misuse { what: "PNG too large".into() };
        let packed = vec![0; reader.output_buffer_size().ok_or_else(too_large)?];
        Ok(Self { reader, expand, shape, has_alpha, canvas, packed, shown: None })
    }

    /// What the file says of itself.
    pub fn info(&self) -> &Info<'_> {
        self.reader.info()
    }

    /// Draws the next frame: for how long it is shown, in seconds as a fraction; none for a default picture that is no
    /// part of the animation, which is not drawn under it.
    ///
    /// # Errors
    /// `Malformed`, `Truncated`, after the last frame as well.
    pub fn next(&mut self) -> Result<Option<(u16, u16)>, ImageError> {
        match self.shown.take() {
            Some((frame, _)) if frame.dispose_op == DisposeOp::Background => {
                (0..frame.height as usize).for_each(|y| self.canvas.row(&frame, y).fill(0));
            }
            Some((_, Some(before))) => self.canvas.samples = before,
            _ => {}
        }
        self.reader.next_frame(&mut self.packed)?;
        let control = self.reader.info().frame_control;
        let (width, height) = (self.shape.width_px as u32, self.shape.height_px as u32);
        // A default picture leaves nothing behind.
        let alone = FrameControl { dispose_op: DisposeOp::Background, ..FrameControl::default() };
        let frame = control.unwrap_or(FrameControl { width, height, ..alone });
        let before = (frame.dispose_op == DisposeOp::Previous).then(|| self.canvas.samples.clone());
        self.draw(&frame)?;
        self.shown = Some((frame, before));
        Ok(control.map(|frame| (frame.delay_num, frame.delay_den)))
    }

    fn draw(&mut self, frame: &FrameControl) -> Result<(), ImageError> {
        let info = self.reader.info();
        let (bits, stored) = (info.bit_depth as u8, info.color_type.samples());
        let (channels, opaque) = (self.canvas.channels, self.canvas.opaque as u16);
        let columns = frame.width as usize;
        let row_len = packed_len_bytes(columns * stored, bits);
        let (mut row, mut expanded) = (vec![0; columns * stored], Vec::new());
        for y in 0..frame.height as usize {
            unpack_row(&self.packed[y * row_len..][..row_len], bits, &mut row);
            let pixels = self.expand.row(&row, &mut expanded)?;
            if self.has_alpha {
                self.canvas.draw(frame, y, pixels);
            } else {
                let opaque_pixels: Vec<u16> = pixels
                    .chunks_exact(channels - 1)
                    .flat_map(|pixel| pixel.iter().copied().chain([opaque]))
                    .collect();
                self.canvas.draw(frame, y, &opaque_pixels);
            }
        }
        Ok(())
    }

    /// What is shown; with a plane of opacity if the file has one, or a pixel is not opaque.
    pub fn planes(&self) -> Planes {
        let channels = self.canvas.channels;
        let pixels = || self.canvas.samples.chunks_exact(channels);
        let mut shape = self.shape.clone();
        if !self.has_alpha && pixels().any(|pixel| u64::from(pixel[channels - 1]) != self.canvas.opaque)
        {
            shape.planes.push(PlaneInfo::new(PlaneRole::Alpha, shape.planes[0].bit_depth));
        }
        let mut planes = Planes::new(shape);
        for (slot, plane) in planes.planes.iter_mut().enumerate() {
            let mut values = pixels().map(|pixel| pixel[slot]);
            for y in 0..plane.height() {
                plane.row_mut(y).iter_mut().zip(&mut values).for_each(|(sample, value)| *sample = value);
            }
        }
        planes
    }
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
