//! BMP: 1, 4, 8, 16, 24 and 32 bits a pixel without compression, read as RGB of 8 bits, with
//! alpha where the file names a mask for it. Run lengths and embedded JPEG or PNG are refused by
//! name. Not written.
//!
//! Source: Microsoft, "BITMAPINFOHEADER", "BITMAPV4HEADER" and "BITMAPV5HEADER" structures.

use super::bytes::Bytes;
use super::interleave::{put_row, unpack_row};
use crate::{ImageError, Limits, Metadata, Picture, PlaneInfo, PlaneRole, Planes, Shape};

/// Reads a BMP file.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Picture, ImageError> {
    let header = Header::read(bytes)?;
    let mut shape = Shape::rgb(header.width, header.height, 8);
    if header.masks[3] != 0 {
        shape.planes.push(PlaneInfo::new(PlaneRole::Alpha, 8));
    }
    shape.check(limits)?;

    let row_len = (header.width * usize::from(header.bits)).div_ceil(32) * 4;
    let mut file = Bytes::new(bytes, header.samples_at);
    let mut planes = Planes::new(shape);
    let mut indices = vec![0; header.width];
    let mut samples = Vec::new();
    for y in 0..header.height {
        let row = file.take(row_len)?;
        samples.clear();
        match header.bits {
            24 => {
                for pixel in row.as_chunks::<3>().0.iter().take(header.width) {
                    samples.extend(pixel.iter().rev().map(|&byte| u16::from(byte)));
                }
            }
            16 | 32 => {
                let pixel_len = usize::from(header.bits / 8);
                for pixel in row.chunks_exact(pixel_len).take(header.width) {
                    let word = pixel.iter().rev().fold(0, |sum, &byte| sum << 8 | u32::from(byte));
                    let masks = &header.masks[..planes.planes.len()];
                    samples.extend(masks.iter().map(|&mask| masked(word, mask)));
                }
            }
            bits => {
                unpack_row(row, bits as u8, &mut indices);
                for &index in &indices {
                    let Some(colour) = header.palette.get(usize::from(index)) else {
                        return Err(malformed("a colour outside the palette", file.at - row_len));
                    };
                    samples.extend(colour.iter().map(|&byte| u16::from(byte)));
                }
            }
        }
        let target = if header.top_down { y } else { header.height - 1 - y };
        put_row(&mut planes, target, &samples);
    }
    Ok(Picture { planes, metadata: Metadata::default() })
}

fn malformed(what: &str, at: usize) -> ImageError {
    ImageError::Malformed { what: format!("BMP: {what}"), at: Some(at) }
}

/// The bits of `word` under `mask` on a scale of 8 bits; 0 for an empty mask.
fn masked(word: u32, mask: u32) -> u16 {
    if mask == 0 {
        return 0;
    }
    let shift = mask.trailing_zeros();
    let (value, max) = (u64::from((word & mask) >> shift), u64::from(mask >> shift));
    ((value * 255 + max / 2) / max) as u16
}

struct Header {
    width: usize,
    height: usize,
    top_down: bool,
    bits: u16,
    /// Red, green, blue, alpha of 16 and 32 bits; alpha 0 if there is none.
    masks: [u32; 4],
    /// Red, green, blue.
    palette: Vec<[u8; 3]>,
    samples_at: usize,
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, ImageError> {
        let mut file = Bytes::new(bytes, 10);
        let samples_at = file.u32()? as usize;
        let header_len = file.u32()? as usize;
        let core = header_len == 12;
        if !core && !(40..=256).contains(&header_len) {
            return Err(malformed("a header of unknown length", 14));
        }
        let (width, height) = if core {
            (i64::from(file.u16()?), i64::from(file.u16()?))
        } else {
            (i64::from(file.u32()? as i32), i64::from(file.u32()? as i32))
        };
        file.take(2)?;
        let bits = file.u16()?;
        let compression = if core { 0 } else { file.u32()? };
        if !core {
            file.take(12)?;
        }
        let colours = if core { 0 } else { file.u32()? as usize };
        if !core {
            file.take(4)?;
        }
        if width <= 0 || height == 0 {
            return Err(malformed("a picture without pixels", 18));
        }
        let name = match (compression, bits) {
            (0, 1 | 4 | 8 | 16 | 24 | 32) | (3 | 6, 16 | 32) => "",
            (1 | 2, _) => "run lengths",
            (4 | 5, _) => "an embedded JPEG or PNG",
            _ => "an unknown compression or depth",
        };
        if !name.is_empty() {
            let what = format!("BMP with {name}; convert to PNG first");
            return Err(ImageError::Unsupported { what });
        }

        let mut masks = match bits {
            16 => [0x7c00, 0x03e0, 0x001f, 0],
            _ => [0x00ff_0000, 0x0000_ff00, 0x0000_00ff, 0],
        };
        if matches!(compression, 3 | 6) {
            // Behind a header of 40 bytes or inside a longer one, at the same place.
            for mask in &mut masks[..3] {
                *mask = file.u32()?;
            }
            if header_len >= 56 || compression == 6 {
                masks[3] = file.u32()?;
            }
        }
        let mut palette = Vec::new();
        if bits <= 8 {
            let most = 1usize << bits;
            let count = if colours == 0 { most } else { colours.min(most) };
            let entry_len = if core { 3 } else { 4 };
            let entries = Bytes::new(bytes, 14 + header_len).take(count * entry_len)?;
            palette.extend(entries.chunks_exact(entry_len).map(|e| [e[2], e[1], e[0]]));
        }
        Ok(Self {
            width: width as usize,
            height: height.unsigned_abs() as usize,
            top_down: height < 0,
            bits,
            masks,
            palette,
            samples_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::read_picture;
    use super::*;

    fn file(
        (width, height): (i32, i32),
        bits: u16,
        compression: u32,
        between: &[u8],
        samples: &[u8],
    ) -> Vec<u8> {
        let mut out = b"BM\0\0\0\0\0\0\0\0".to_vec();
        out.extend((54 + between.len() as u32).to_le_bytes());
        out.extend(40u32.to_le_bytes());
        out.extend(width.to_le_bytes());
        out.extend(height.to_le_bytes());
        out.extend([1, 0]);
        out.extend(bits.to_le_bytes());
        out.extend(compression.to_le_bytes());
        out.extend([0; 20]);
        out.extend(between);
        out.extend(samples);
        out
    }

    fn rows(file: &[u8], plane: usize) -> Vec<u16> {
        let picture = read_picture(file, &Limits::default()).unwrap();
        picture.planes.planes[plane].rows().flatten().copied().collect()
    }

    #[test]
    fn twenty_four_bits_from_the_bottom_and_from_the_top() {
        // Blue, green, red; rows of 3 bytes padded to 4.
        let samples = [1, 2, 3, 0, 4, 5, 6, 0];
        assert_eq!(rows(&file((1, 2), 24, 0, &[], &samples), 0), [6, 3]);
        assert_eq!(rows(&file((1, -2), 24, 0, &[], &samples), 0), [3, 6]);
        assert_eq!(rows(&file((1, -2), 24, 0, &[], &samples), 2), [1, 4]);
    }

    #[test]
    fn palettes_of_one_four_and_eight_bits() {
        let palette: Vec<u8> = (0..=255u8).flat_map(|i| [i, 0, 255 - i, 0]).collect();
        let one = file((9, 1), 1, 0, &palette[..8], &[0b0100_0000, 0b1000_0000, 0, 0]);
        assert_eq!(rows(&one, 2), [0, 1, 0, 0, 0, 0, 0, 0, 1]);
        let four = file((3, 1), 4, 0, &palette[..64], &[0x0f, 0x70, 0, 0]);
        assert_eq!(rows(&four, 0), [255, 240, 248]);
        let eight = file((2, 1), 8, 0, &palette, &[200, 7, 0, 0]);
        assert_eq!(rows(&eight, 2), [200, 7]);
    }

    #[test]
    fn sixteen_and_thirty_two_bits_under_masks() {
        let five = file((2, 1), 16, 0, &[], &[0xff, 0x7f, 0x10, 0x00]);
        assert_eq!((rows(&five, 0), rows(&five, 2)), (vec![255, 0], vec![255, 132]));
        let masks: Vec<u8> =
            [0xff00_0000u32, 0xff_0000, 0xff00, 0xff].iter().flat_map(|m| m.to_le_bytes()).collect();
        let wide = file((1, 1), 32, 6, &masks, &[40, 30, 20, 10]);
        assert_eq!([0, 1, 2, 3].map(|plane| rows(&wide, plane)[0]), [10, 20, 30, 40]);
    }

    #[test]
    fn run_lengths_are_refused_by_name_and_cut_files_are_truncated() {
        let error = read_picture(&file((1, 1), 8, 1, &[0; 1024], &[]), &Limits::default());
        assert!(error.unwrap_err().to_string().contains("run lengths"));
        let whole = file((5, 5), 24, 0, &[], &[9; 80]);
        for len in 2..whole.len() {
            let cut = read_picture(&whole[..len], &Limits::default());
            assert!(matches!(cut, Err(ImageError::Truncated { .. })), "{len}");
        }
        assert!(read_picture(&whole, &Limits::default()).is_ok());
    }
}
