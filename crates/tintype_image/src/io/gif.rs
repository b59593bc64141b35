//! GIF: one frame of a file, the first unless another is asked for, read as RGB of 8 bits, with
//! alpha where pixels are transparent.
//!
//! In: palettes of up to 256 colours, interlaced or not. Frames are drawn on a transparent canvas,
//! each over what its predecessors left there. Comments and application blocks are left out. Not
//! written.
//!
//! Source: CompuServe, "Graphics Interchange Format, version 89a" (1990).

use super::bytes::Bytes;
use super::reading::Reading;
use crate::{ImageError, Limits, Metadata, Picture, PlaneInfo, PlaneRole, Planes, Shape};
use weezl::{BitOrder, LzwStatus, decode::Decoder};

/// Interlaced rows: first row and distance of each of the four passes.
const PASSES: [(usize, usize); 4] = [(0, 8), (4, 8), (2, 4), (1, 2)];

/// Reads a frame of a GIF file.
pub(super) fn read(bytes: &[u8], limits: &Limits, reading: &mut Reading) -> Result<Picture, ImageError> {
    let mut frames = Frames::new(bytes, limits)?;
    let first = frames.file.at;
    let count = frame_count(&mut frames.file);
    frames.file.at = first;
    let wanted = reading.choose(0, count.max(1), "frame")?;
    for _ in 0..=wanted {
        if frames.next(reading)?.is_none() {
            return Err(malformed("no picture in it", frames.file.at));
        }
    }
    Ok(Picture { planes: frames.planes(), metadata: Metadata::default() })
}

/// The frames of a file, each drawn over what its predecessors left.
pub(super) struct Frames<'a> {
    file: Bytes<'a>,
    global: Vec<[u8; 3]>,
    canvas: Canvas,
    height: usize,
    shown: Option<Drawn>,
}

/// A frame that is shown.
struct Drawn {
    frame: Frame,
    /// What becomes of its area.
    disposal: u8,
    /// What stood there before, if that comes back.
    before: Option<Vec<[u8; 4]>>,
}

impl<'a> Frames<'a> {
    /// Of a GIF file.
    ///
    /// # Errors
    /// `Truncated`, `Limit`.
    pub fn new(bytes: &'a [u8], limits: &Limits) -> Result<Self, ImageError> {
        let mut file = Bytes::new(bytes, 6);
        let (width, height) = (usize::from(file.u16()?), usize::from(file.u16()?));
        let flags = file.u8()?;
        file.take(2)?;
        let global = palette(&mut file, flags)?;
        Shape::rgb(width, height, 8).check(limits)?;
        let canvas = Canvas { width, pixels: vec![CLEAR; width * height] };
        Ok(Self { file, global, canvas, height, shown: None })
    }

    /// The same; none for a file of one frame.
    ///
    /// # Errors
    /// As [`Frames::new`].
    pub fn several(bytes: &'a [u8], limits: &Limits) -> Result<Option<Self>, ImageError> {
        let mut frames = Self::new(bytes, limits)?;
        let first = frames.file.at;
        let count = frame_count(&mut frames.file);
        frames.file.at = first;
        Ok((count > 1).then_some(frames))
    }

    /// Goes to the next frame: for how many hundredths of a second it is shown; none after the last.
    ///
    /// # Errors
    /// `Malformed`, `Truncated`.
    pub fn next(&mut self, reading: &mut Reading) -> Result<Option<u32>, ImageError> {
        match self.shown.take() {
            Some(Drawn { frame, disposal: RESTORE_CLEAR, .. }) => self.canvas.wipe(&frame),
            Some(Drawn { before: Some(before), .. }) => self.canvas.pixels = before,
            _ => {}
        }
        let file = &mut self.file;
        let Some(control) = next_frame(file)? else { return Ok(None) };
        let frame = Frame::read(file)?;
        if frame.left + frame.width > self.canvas.width || frame.top + frame.height > self.height {
            return Err(malformed("a frame that leaves the canvas", file.at));
        }
        let indices = indices(file, frame.width * frame.height, reading)?;
        let before = (control.disposal == RESTORE_PREVIOUS).then(|| self.canvas.pixels.clone());
        let colours = if frame.palette.is_empty() { &self.global } else { &frame.palette };
        if !self.canvas.draw(&frame, &indices, colours, control.clear) {
            return Err(malformed("a colour outside the palette", file.at));
        }
        self.shown = Some(Drawn { frame, disposal: control.disposal, before });
        Ok(Some(control.delay.into()))
    }

    /// What is shown.
    pub fn planes(&self) -> Planes {
        self.canvas.planes(self.height)
    }
}

/// What the disposal field says: the frame's area becomes clear, or what it was before.
const RESTORE_CLEAR: u8 = 2;
const RESTORE_PREVIOUS: u8 = 3;

/// A pixel that nothing was drawn on.
const CLEAR: [u8; 4] = [0; 4];

/// What a player shows: red, green, blue and opacity.
struct Canvas {
    width: usize,
    pixels: Vec<[u8; 4]>,
}

impl Canvas {
    /// Draws a frame; `false` for an index outside the palette.
    fn draw(&mut self, frame: &Frame, indices: &[u8], colours: &[[u8; 3]], clear: Option<u8>) -> bool {
        let rows = row_order(frame.height, frame.interlaced);
        for (y, row) in rows.into_iter().zip(indices.chunks_exact(frame.width)) {
            let start = (frame.top + y) * self.width + frame.left;
            for (pixel, &index) in self.pixels[start..][..frame.width].iter_mut().zip(row) {
                let Some(&[r, g, b]) = colours.get(usize::from(index)) else { return false };
                if clear != Some(index) {
                    *pixel = [r, g, b, 255];
                } else if pixel[3] == 0 {
                    *pixel = [r, g, b, 0];
                }
            }
        }
        true
    }

    fn wipe(&mut self, frame: &Frame) {
        for y in frame.top..frame.top + frame.height {
            self.pixels[y * self.width + frame.left..][..frame.width].fill(CLEAR);
        }
    }

    fn planes(&self, height: usize) -> Planes {
        let mut shape = Shape::rgb(self.width, height, 8);
        if self.pixels.iter().any(|pixel| pixel[3] != 255) {
            shape.planes.push(PlaneInfo::new(PlaneRole::Alpha, 8));
        }
        let mut planes = Planes::new(shape);
        for (slot, plane) in planes.planes.iter_mut().enumerate() {
            for (y, pixels) in self.pixels.chunks_exact(self.width).enumerate() {
                let row = plane.row_mut(y).iter_mut();
                row.zip(pixels).for_each(|(sample, pixel)| *sample = u16::from(pixel[slot]));
            }
        }
        planes
    }
}

/// Number of frames from here on, as far as the file is sound.
fn frame_count(file: &mut Bytes<'_>) -> usize {
    let mut count = 0;
    while let Ok(Some(_)) = next_frame(file) {
        count += 1;
        let passed = Frame::read(file).and_then(|_| file.u8()).and_then(|_| sub_blocks(file));
        if passed.is_err() {
            break;
        }
    }
    count
}

fn malformed(what: &str, at: usize) -> ImageError {
    ImageError::Malformed { what: format!("GIF: {what}"), at: Some(at) }
}

/// The palette that `flags` announces; empty if there is none.
fn palette(file: &mut Bytes<'_>, flags: u8) -> Result<Vec<[u8; 3]>, ImageError> {
    if flags & 0x80 == 0 {
        return Ok(Vec::new());
    }
    let entries = file.take(3 * (2 << (flags & 7)))?;
    Ok(entries.as_chunks::<3>().0.to_vec())
}

/// What is said of a frame before it.
#[derive(Clone, Copy, Default)]
struct Control {
    /// The transparent colour, if there is one.
    clear: Option<u8>,
    /// What becomes of the frame's area before the next frame.
    disposal: u8,
    /// Hundredths of a second.
    delay: u16,
}

/// Passes over extensions to the next frame, whose descriptor follows; `None` at the end of the
/// file.
fn next_frame(file: &mut Bytes<'_>) -> Result<Option<Control>, ImageError> {
    let mut control = Control::default();
    loop {
        match file.u8()? {
            0x2c => return Ok(Some(control)),
            0x3b => return Ok(None),
            0x21 => {
                let is_control = file.u8()? == 0xf9;
                let data = sub_blocks(file)?;
                if is_control && let &[flags, low, high, index, ..] = &data[..] {
                    let clear = (flags & 1 != 0).then_some(index);
                    let delay = u16::from_le_bytes([low, high]);
                    control = Control { clear, disposal: flags >> 2 & 7, delay };
                }
            }
            // Some writers leave zeros between blocks.
            0 => {}
            _ => return Err(malformed("an unknown block", file.at - 1)),
        }
    }
}

fn sub_blocks(file: &mut Bytes<'_>) -> Result<Vec<u8>, ImageError> {
    let mut data = Vec::new();
    loop {
        match file.u8()? {
            0 => return Ok(data),
            len => data.extend_from_slice(file.take(usize::from(len))?),
        }
    }
}

struct Frame {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    interlaced: bool,
    /// Empty if the frame uses the global palette.
    palette: Vec<[u8; 3]>,
}

impl Frame {
    fn read(file: &mut Bytes<'_>) -> Result<Self, ImageError> {
        let (left, top) = (usize::from(file.u16()?), usize::from(file.u16()?));
        let (width, height) = (usize::from(file.u16()?), usize::from(file.u16()?));
        let flags = file.u8()?;
        if width == 0 || height == 0 {
            return Err(malformed("a frame without pixels", file.at));
        }
        let palette = palette(file, flags)?;
        Ok(Self { left, top, width, height, interlaced: flags & 0x40 != 0, palette })
    }
}

/// The palette indices of a frame. If the file ends early, the missing ones are 0.
fn indices(file: &mut Bytes<'_>, count: usize, reading: &mut Reading) -> Result<Vec<u8>, ImageError> {
    let at = file.at;
    let code_bits = file.u8()?;
    if !(2..=8).contains(&code_bits) {
        return Err(malformed("codes of a length other than 2 to 8 bits", at));
    }
    let start = file.at;
    let data = match sub_blocks(file) {
        Ok(data) => data,
        Err(error) => {
            reading.damaged(error, "what was decoded is kept")?;
            // Whole blocks that are there.
            let mut rest = Bytes::new(file.all(), start);
            let mut data = Vec::new();
            while let Ok(len @ 1..) = rest.u8()
                && let Ok(block) = rest.take(usize::from(len))
            {
                data.extend_from_slice(block);
            }
            data
        }
    };
    let mut indices = vec![0; count];
    let mut decoder = Decoder::new(BitOrder::Lsb, code_bits);
    let (mut read, mut done) = (0, 0);
    while done < count {
        // A call may end early, at a clear code for example.
        let result = decoder.decode_bytes(&data[read..], &mut indices[done..]);
        read += result.consumed_in;
        done += result.consumed_out;
        let stuck = result.consumed_in == 0 && result.consumed_out == 0;
        if stuck || !matches!(result.status, Ok(LzwStatus::Ok)) {
            break;
        }
    }
    if done < count {
        let error = ImageError::Truncated { needed: count - done };
        reading.damaged(error, &format!("{done} pixels of {count} are kept"))?;
    }
    Ok(indices)
}

/// The row of the frame that each stored row is.
fn row_order(height: usize, interlaced: bool) -> Vec<usize> {
    if !interlaced {
        return (0..height).collect();
    }
    PASSES.into_iter().flat_map(|(first, step)| (first..height).step_by(step)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{read_page, read_picture, read_picture_with_warnings};
    use super::*;

    /// 3 × 2 pixels of four colours: 0 1 2, 3 3 1; codes of 3 bits, clear code 4, end 5.
    fn file(control: &[u8], frame: [u8; 9], end: &[u8]) -> Vec<u8> {
        let head = b"GIF89a\x03\0\x02\0\x81\0\0";
        let palette = [[0, 0, 0], [255, 0, 0], [0, 255, 0], [9, 8, 7]].concat();
        // Codes have 3 bits, and 4 bits from the fifth on.
        let mut bits = 0u64;
        let mut at = 0;
        for (code, len) in [(4, 3), (0, 3), (1, 3), (2, 3), (3, 4), (3, 4), (1, 4), (5, 4)] {
            bits |= code << at;
            at += len;
        }
        let data = [&[2, 4][..], &bits.to_le_bytes()[..4], &[0]].concat();
        [&head[..], &palette, control, &[0x2c], &frame, &data, end].concat()
    }

    const WHOLE: [u8; 9] = [0, 0, 0, 0, 3, 0, 2, 0, 0];

    #[test]
    fn colours_come_from_the_palette() {
        let picture = read_picture(&file(&[], WHOLE, &[0x3b]), &Limits::default()).unwrap();
        let row = |plane: usize, y: usize| picture.planes.planes[plane].row(y).to_vec();
        assert_eq!(picture.planes.shape, Shape::rgb(3, 2, 8));
        assert_eq!((row(0, 0), row(1, 0)), (vec![0, 255, 0], vec![0, 0, 255]));
        assert_eq!((row(0, 1), row(2, 1)), (vec![9, 9, 255], vec![7, 7, 0]));
    }

    #[test]
    fn a_transparent_colour_and_a_small_frame_give_alpha() {
        let control = [0x21, 0xf9, 4, 1, 0, 0, 3, 0];
        let picture = read_picture(&file(&control, WHOLE, &[0x3b]), &Limits::default()).unwrap();
        assert_eq!(picture.planes.planes[3].row(0), [255, 255, 255]);
        assert_eq!(picture.planes.planes[3].row(1), [0, 0, 255]);

        let mut small = file(&[], WHOLE, &[0x3b]);
        small[6] = 5;
        let picture = read_picture(&small, &Limits::default()).unwrap();
        assert_eq!(picture.planes.planes[3].row(1), [255, 255, 255, 0, 0]);
    }

    #[test]
    fn interlaced_rows_are_put_in_order() {
        assert_eq!(row_order(10, true), [0, 8, 4, 2, 6, 1, 3, 5, 7, 9]);
        let frame = [0, 0, 0, 0, 3, 0, 2, 0, 0x40];
        let picture = read_picture(&file(&[], frame, &[0x3b]), &Limits::default()).unwrap();
        assert_eq!(picture.planes.planes[0].row(1), [9, 9, 255]);
    }

    #[test]
    fn further_frames_and_a_missing_end_are_warnings() {
        let more = [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0];
        let (_, warnings) =
            read_picture_with_warnings(&file(&[], WHOLE, &more), &Limits::default()).unwrap();
        assert_eq!(warnings.len(), 1);
        assert_eq!(warnings[0].to_string(), "frame 1 of 2 is read, the others are left out");

        let whole = file(&[], WHOLE, &[0x3b]);
        for len in 0..whole.len() - 1 {
            let cut = &whole[..len];
            assert!(read_picture(cut, &Limits::default()).is_err(), "{len}");
            if let Ok((_, warnings)) = read_picture_with_warnings(cut, &Limits::default()) {
                assert!(!warnings.is_empty(), "{len}");
            }
        }
    }

    #[test]
    fn a_later_frame_is_drawn_over_what_the_earlier_ones_left() {
        // The second frame is one pixel of colour 1, at (1, 0); code 1, end code 5, of 3 bits.
        let second = |left: u8| [0x2c, left, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4c, 0x01, 0];
        let shown = |disposal: u8, page: usize| {
            let control = [0x21, 0xf9, 4, disposal << 2, 0, 0, 0, 0];
            let rest = [&second(1)[..], &control, &second(2), &[0x3b]].concat();
            let bytes = file(&control, WHOLE, &rest);
            let (picture, warnings) = read_page(&bytes, page, &Limits::default()).unwrap();
            assert!(warnings.is_empty());
            let planes = &picture.planes.planes;
            (planes[0].row(0).to_vec(), planes.get(3).map(|alpha| alpha.row(0).to_vec()))
        };
        assert_eq!(shown(1, 1), (vec![0, 255, 0], None));
        assert_eq!(shown(1, 2), (vec![0, 255, 0], None));
        assert_eq!(shown(1, 3), (vec![0, 255, 255], None));
        // Each frame is cleared, or undone, before the next.
        assert_eq!(shown(2, 2), (vec![0, 255, 0], Some(vec![0, 255, 0])));
        assert_eq!(shown(3, 2), (vec![0, 255, 0], Some(vec![0, 255, 0])));
        let none = read_page(&file(&[], WHOLE, &[0x3b]), 2, &Limits::default()).unwrap_err();
        assert_eq!(none.to_string(), "frame 2 was asked for; the file has 1 frame");
    }

    #[test]
    fn frames_outside_the_canvas_are_refused() {
        let frame = [1, 0, 0, 0, 3, 0, 2, 0, 0];
        assert!(read_picture(&file(&[], frame, &[0x3b]), &Limits::default()).is_err());
    }
}
