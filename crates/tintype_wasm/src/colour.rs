//! Pixels for the screen: the picture's colours, by its ICC profile, as sRGB or Display P3.
//!
//! In: a picture. Out: red, green, blue and opacity, 8 bits. Profiles of a matrix and three curves are converted (ICC.1:2022,
//! clauses 10.6, 10.18 and 8.3.3); those with the primaries of Display P3 and the curve of sRGB are left as they are and
//! named. Others, such as those of printers, are shown as sRGB and named. This is no part of what must be bit-exact.

use tintype::{ImageError, Picture};

/// What the colours of the pixels are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    #[default]
    Srgb = 0,
    DisplayP3 = 1,
    /// A profile that is not understood, shown as if it were sRGB.
    Unknown = 2,
}

/// Columns: where red, green and blue lie in XYZ under D50. sRGB, as its ICC profile has them.
const SRGB: [[f64; 3]; 3] =
    [[0.436_07, 0.385_15, 0.143_07], [0.222_49, 0.716_87, 0.060_61], [0.013_92, 0.097_08, 0.714_10]];
/// The same of Display P3.
const DISPLAY_P3: [[f64; 3]; 3] =
    [[0.515_12, 0.291_98, 0.157_10], [0.241_20, 0.692_25, 0.066_57], [-0.001_05, 0.041_89, 0.784_07]];

/// The pixels of `picture` and what their colours are.
///
/// # Errors
/// As [`Picture::to_rgba8`]; bands of no colour are shown by their first, in gray.
pub fn to_screen(picture: &Picture) -> Result<(Vec<u8>, Colours), ImageError> {
    if picture.planes.shape.colour == tintype::ColourModel::Bands {
        let mut first = tintype::Planes::new(tintype::Shape {
            colour: tintype::ColourModel::Gray,
            planes: vec![tintype::PlaneInfo::new(
                tintype::PlaneRole::Colour,
                picture.planes.shape.planes[0].bit_depth,
            )],
            ..picture.planes.shape.clone()
        });
        first.planes[0] = picture.planes.planes[0].clone();
        return Ok((Picture::new(first).to_rgba8()?, Colours::Srgb));
    }
    let mut pixels = picture.to_rgba8()?;
    let Some(icc) = &picture.metadata.icc else { return Ok((pixels, Colours::Srgb)) };
    let Some(profile) = Profile::read(icc) else { return Ok((pixels, Colours::Unknown)) };
    if profile.is_close_to(&SRGB) {
        return Ok((pixels, Colours::Srgb));
    }
    if profile.is_close_to(&DISPLAY_P3) {
        return Ok((pixels, Colours::DisplayP3));
    }
    profile.convert(&mut pixels);
    Ok((pixels, Colours::Srgb))
}

/// A profile of a matrix and curves, or of one curve of gray.
struct Profile {
    /// XYZ under D50 of red, green and blue, in columns.
    matrix: [[f64; 3]; 3],
    /// Light of each of 256 samples.
    curves: [[f64; 256]; 3],
}

impl Profile {
    fn read(icc: &[u8]) -> Option<Self> {
        let tag = |name: &[u8; 4]| {
            let count = word(icc, 128)? as usize;
            let entry = (0..count.min(100)).map(|i| 132 + 12 * i);
            let at = entry.clone().find(|at| icc.get(*at..at + 4) == Some(&name[..]))?;
            let (start, len) = (word(icc, at + 4)? as usize, word(icc, at + 8)? as usize);
            icc.get(start..start.checked_add(len)?)
        };
        if icc.get(16..20) == Some(b"GRAY") {
            return Some(Self { matrix: SRGB, curves: [curve(tag(b"kTRC")?)?; 3] });
        }
        let columns = [tag(b"rXYZ")?, tag(b"gXYZ")?, tag(b"bXYZ")?];
        let mut matrix = [[0.0; 3]; 3];
        for (column, xyz) in columns.iter().enumerate() {
            for (row, line) in matrix.iter_mut().enumerate() {
                line[column] = fixed(xyz, 8 + 4 * row)?;
            }
        }
        let curves = [curve(tag(b"rTRC")?)?, curve(tag(b"gTRC")?)?, curve(tag(b"bTRC")?)?];
        Some(Self { matrix, curves })
    }

    /// Whether what it says is what `matrix` and the curve of sRGB say, as far as 8 bits show it.
    fn is_close_to(&self, matrix: &[[f64; 3]; 3]) -> bool {
        let near = |a: f64, b: f64| (a - b).abs() < 0.003;
        let entries = self.matrix.iter().flatten().zip(matrix.iter().flatten());
        let curves = self.curves.iter().flat_map(|curve| curve.iter().enumerate());
        entries.into_iter().all(|(a, b)| near(*a, *b))
            && curves
                .into_iter()
                .all(|(sample, light)| near(*light, light_of_srgb(sample as f64 / 255.0)))
    }

    fn convert(&self, pixels: &mut [u8]) {
        let to_linear = product(&inverse(&SRGB), &self.matrix);
        // 4096 steps of light; the curve is steepest at black, where a step is 0.8 of a sample.
        let samples: Vec<u8> = (0..=4095)
            .map(|step| (255.0 * srgb_of_light(f64::from(step) / 4095.0)).round() as u8)
            .collect();
        for pixel in pixels.as_chunks_mut::<4>().0 {
            let light: [f64; 3] = std::array::from_fn(|c| self.curves[c][usize::from(pixel[c])]);
            for (row, sample) in to_linear.iter().zip(pixel.iter_mut()) {
                let value = row[0] * light[0] + row[1] * light[1] + row[2] * light[2];
                *sample = samples[(value.clamp(0.0, 1.0) * 4095.0).round() as usize];
            }
        }
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// An `s15Fixed16Number`.
fn fixed(bytes: &[u8], at: usize) -> Option<f64> {
    Some(f64::from(word(bytes, at)? as i32) / 65_536.0)
}

/// A `curveType` or `parametricCurveType` at 256 places.
fn curve(tag: &[u8]) -> Option<[f64; 256]> {
    let at: Box<dyn Fn(f64) -> f64> = match tag.get(..4)? {
        b"curv" => {
            let count = word(tag, 8)? as usize;
            let entries: Vec<f64> = tag
                .get(12..)?
                .as_chunks::<2>()
                .0
                .iter()
                .take(count)
                .map(|pair| f64::from(u16::from_be_bytes(*pair)))
                .collect();
            match entries[..] {
                [] if count == 0 => Box::new(|x| x),
                [gamma] => Box::new(move |x| x.powf(gamma / 256.0)),
                _ if entries.len() == count => Box::new(move |x| between(&entries, x) / 65_535.0),
                _ => return None,
            }
        }
        b"para" => {
            let kind = usize::from(u16::from_be_bytes(tag.get(8..10)?.try_into().ok()?));
            let count = *[1, 3, 4, 5, 7].get(kind)?;
            let mut p = [0.0; 7];
            for (index, number) in p.iter_mut().enumerate().take(count) {
                *number = fixed(tag, 12 + 4 * index)?;
            }
            let [g, a, b, c, d, e, f] = p;
            Box::new(move |x| match kind {
                0 => x.powf(g),
                1 if x >= -b / a => (a * x + b).powf(g),
                1 => 0.0,
                2 if x >= -b / a => (a * x + b).powf(g) + c,
                2 => c,
                3 if x >= d => (a * x + b).powf(g),
                3 => c * x,
                _ if x >= d => (a * x + b).powf(g) + e,
                _ => c * x + f,
            })
        }
        _ => return None,
    };
    Some(std::array::from_fn(|sample| at(sample as f64 / 255.0)))
}

/// The value between two entries.
fn between(entries: &[f64], x: f64) -> f64 {
    let place = x * (entries.len() - 1) as f64;
    let low = (place as usize).min(entries.len() - 2);
    entries[low] + (entries[low + 1] - entries[low]) * (place - low as f64)
}

/// IEC 61966-2-1.
fn light_of_srgb(sample: f64) -> f64 {
    if sample <= 0.040_45 { sample / 12.92 } else { ((sample + 0.055) / 1.055).powf(2.4) }
}

fn srgb_of_light(light: f64) -> f64 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

fn product(a: &[[f64; 3]; 3], b: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    std::array::from_fn(|y| std::array::from_fn(|x| (0..3).map(|k| a[y][k] * b[k][x]).sum()))
}

/// By cofactors.
fn inverse(m: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let cofactor = |y: usize, x: usize| {
        let (y1, y2, x1, x2) = ((y + 1) % 3, (y + 2) % 3, (x + 1) % 3, (x + 2) % 3);
        m[y1][x1] * m[y2][x2] - m[y1][x2] * m[y2][x1]
    };
    let determinant: f64 = (0..3).map(|x| m[0][x] * cofactor(0, x)).sum();
    std::array::from_fn(|y| std::array::from_fn(|x| cofactor(x, y) / determinant))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A profile of `matrix` and one gamma.
    fn profile(matrix: &[[f64; 3]; 3], gamma: f64) -> Vec<u8> {
        let mut icc = vec![0; 128];
        icc[16..20].copy_from_slice(b"RGB ");
        icc.extend(6u32.to_be_bytes());
        let xyz = 132 + 6 * 12;
        let curve = xyz + 3 * 20;
        for (index, name) in [b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"].iter().enumerate() {
            let (at, len) = if index < 3 { (xyz + 20 * index, 20u32) } else { (curve, 14) };
            icc.extend(*name);
            icc.extend((at as u32).to_be_bytes());
            icc.extend(len.to_be_bytes());
        }
        for column in 0..3 {
            icc.extend(b"XYZ \0\0\0\0");
            for row in matrix {
                icc.extend(((row[column] * 65_536.0).round() as i32).to_be_bytes());
            }
        }
        icc.extend(b"curv\0\0\0\0\0\0\0\x01");
        icc.extend(((gamma * 256.0) as u16).to_be_bytes());
        icc
    }

    fn shown(icc: Option<Vec<u8>>) -> (Vec<u8>, Colours) {
        let mut picture = Picture::from_rgb8(2, 1, &[200, 30, 90, 128, 128, 128]).unwrap();
        picture.metadata.icc = icc;
        to_screen(&picture).unwrap()
    }

    #[test]
    fn pictures_without_a_profile_are_srgb() {
        assert_eq!(shown(None), (vec![200, 30, 90, 255, 128, 128, 128, 255], Colours::Srgb));
    }

    #[test]
    fn another_gamma_is_converted() {
        let (pixels, colours) = shown(Some(profile(&SRGB, 1.0)));
        assert_eq!(colours, Colours::Srgb);
        // Half of the light is sample 188 of sRGB.
        assert_eq!(pixels[4..], [188, 188, 188, 255]);
    }

    #[test]
    fn wide_gamuts_of_another_curve_become_srgb_and_gray_stays_gray() {
        let (pixels, colours) = shown(Some(profile(&DISPLAY_P3, 2.2)));
        assert_eq!(colours, Colours::Srgb);
        assert!(pixels[0] > 205 && pixels[1] < 30, "{pixels:?}");
        assert!(pixels[4..7].iter().all(|sample| sample.abs_diff(128) <= 1), "{pixels:?}");
    }

    #[test]
    fn profiles_that_are_not_understood_are_named() {
        assert_eq!(shown(Some(b"printer".to_vec())).1, Colours::Unknown);
        assert_eq!(shown(Some(vec![0; 200])).1, Colours::Unknown);
    }

    #[test]
    fn any_bytes_give_a_profile_or_none() {
        let whole = profile(&SRGB, 2.2);
        for len in 0..whole.len() {
            Profile::read(&whole[..len]);
        }
        let mut hurt = whole.clone();
        for at in 0..hurt.len() {
            hurt[at] ^= 0xff;
            Profile::read(&hurt);
            hurt[at] ^= 0xff;
        }
    }
}
