//! What the samples of a picture mean beside their shape, and the samples that are coded in their
//! place.
//!
//! In: planes as the picture has them. Out: planes on their own scale, which the codec gets, and
//! [`Facts`], which the head keeps and by which the samples come back. Samples of 16 bits of which
//! fewer are used are coded with those that are: 12 bits in the low part of 16, in the high part,
//! or spread over the range. For lossy coding, luma and chroma of limited range are coded at full
//! range. Narrowing loses nothing; the range costs samples outside the nominal one.
//!
//! Byte table: docs/format/container.md, "HEAD". Bit-exact.

use crate::error::Error;
use std::borrow::Cow;
use tintype_image::colour::{full_from_limited, limited_from_full, scaled_sample};
use tintype_image::{Planes, Shape};

/// Where the coded bits stand in a sample of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alignment {
    /// The picture's samples are the coded ones.
    Low = 1,
    /// They are shifted up, the bits below are 0.
    High = 2,
    /// They are scaled so that the largest is the largest.
    Spread = 3,
}

/// What the head keeps of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Depth of all planes of the picture, and how the coded samples lie in it.
    stored: Option<(u8, Alignment)>,
    /// The picture's luma and chroma are of limited range, the coded ones of full range.
    limited: bool,
}

/// The depth of pictures whose unused bits are looked for: files have 8 or 16.
const WIDE: u8 = 16;
/// Fewer bits are coded as this many; codecs are made for 8 bits and more.
const BITS_MIN: u8 = 8;

impl Facts {
    /// Nothing to keep.
    #[cfg(any(test, feature = "jpeg"))]
    pub(crate) const PLAIN: Self = Self { stored: None, limited: false };

    /// Whether there is nothing to keep.
    pub(crate) fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// As the byte in the head.
    pub(crate) fn byte(&self) -> u8 {
        let stored = self.stored.map_or(0, |(bits, how)| (bits - 1) << 4 | how as u8);
        stored | u8::from(self.limited) << 2
    }

    /// From the byte in the head of a picture that is coded in `shape`.
    pub(crate) fn from_byte(byte: u8, shape: &Shape) -> Result<Self, Error> {
        let malformed = || {
            let what = format!("meaning {byte:#04x} of samples that have none");
            Err(Error::Malformed { what, at: None })
        };
        let bits = (byte >> 4) + 1;
        let stored = match byte & 3 {
            1 => Some((bits, Alignment::Low)),
            2 => Some((bits, Alignment::High)),
            3 => Some((bits, Alignment::Spread)),
            _ if bits == 1 => None,
            _ => return malformed(),
        };
        let facts = Self { stored, limited: byte & 4 != 0 };
        let depth = shape.planes.first().map_or(0, |plane| plane.bit_depth);
        let even = shape.planes.iter().all(|plane| plane.bit_depth == depth);
        let widens = stored.is_none_or(|(bits, _)| even && depth < bits);
        let ranged = !facts.limited || shape.planes.iter().all(|plane| plane.bit_depth >= 8);
        if byte & 8 != 0 || facts.is_plain() || !widens || !ranged {
            return malformed();
        }
        Ok(facts)
    }

    /// The picture's shape, of that of the coded planes.
    pub(crate) fn picture_shape(&self, coded: &Shape) -> Shape {
        let mut shape = coded.clone();
        if let Some((bits, _)) = self.stored {
            shape.planes.iter_mut().for_each(|plane| plane.bit_depth = bits);
        }
        shape
    }

    /// Whether codecs get fewer bits than the picture's samples have.
    pub(crate) fn is_narrowed(&self) -> bool {
        self.stored.is_some()
    }

    /// Decoded planes as metrics compare them: at the picture's depth, at full range.
    pub(crate) fn restored_for_metrics(&self, planes: Planes) -> Planes {
        Self { limited: false, ..*self }.restored(planes)
    }

    /// The picture's planes, of decoded ones.
    pub(crate) fn restored(&self, mut planes: Planes) -> Planes {
        if self.limited {
            let depth = planes.shape.planes[0].bit_depth;
            planes = limited_from_full(&planes, depth);
        }
        if let Some((bits, how)) = self.stored {
            mapped(&mut planes, bits, |sample, from, to| match how {
                Alignment::Low => sample,
                Alignment::High => sample << (to - from),
                Alignment::Spread => scaled_sample(sample, from, to),
            });
        }
        planes
    }
}

/// Every sample through `map`, which gets its depth and the new one.
fn mapped(planes: &mut Planes, bits: u8, map: impl Fn(u16, u8, u8) -> u16) {
    for (plane, info) in planes.planes.iter_mut().zip(&mut planes.shape.planes) {
        let from = std::mem::replace(&mut info.bit_depth, bits);
        for y in 0..plane.height() {
            plane.row_mut(y).iter_mut().for_each(|sample| *sample = map(*sample, from, bits));
        }
    }
}

/// The planes to code, and what they mean. `limited`: they are of limited range, and coding may
/// lose.
pub(crate) fn to_code(planes: &Planes, limited: bool) -> (Cow<'_, Planes>, Facts) {
    let (mut coded, mut facts) = (Cow::Borrowed(planes), Facts::default());
    if let Some((bits, how)) = used_bits(planes) {
        facts.stored = Some((WIDE, how));
        mapped(coded.to_mut(), bits, |sample, from, to| match how {
            Alignment::Low => sample,
            Alignment::High => sample >> (from - to),
            Alignment::Spread => scaled_sample(sample, from, to),
        });
    }
    let depth = coded.shape.planes[0].bit_depth;
    let ranged = coded.shape.planes.iter().all(|plane| plane.bit_depth == depth && depth >= 8);
    if limited && ranged {
        facts.limited = true;
        coded = Cow::Owned(full_from_limited(&coded, depth));
    }
    (coded, facts)
}

/// The bits that samples of 16 bits need, and where they lie; `None` if they need all.
fn used_bits(planes: &Planes) -> Option<(u8, Alignment)> {
    if planes.shape.planes.iter().any(|plane| plane.bit_depth != WIDE) {
        return None;
    }
    let samples = || planes.planes.iter().flat_map(|plane| plane.rows().flatten().copied());
    let used = samples().fold(0, |used, sample| used | sample);
    let low = (u16::BITS - used.leading_zeros()) as u8;
    let high = (u16::BITS - used.trailing_zeros().min(u16::BITS)) as u8;
    if used == 0 {
        return None;
    }
    // A few samples tell most pictures that use all bits from those that are spread.
    let spread = (BITS_MIN..WIDE).find(|&bits| {
        samples().all(|sample| scaled_sample(scaled_sample(sample, WIDE, bits), bits, WIDE) == sample)
    });
    let found = [(low, Alignment::Low), (high, Alignment::High)];
    let all = found.into_iter().chain(spread.map(|bits| (bits, Alignment::Spread)));
    let (bits, how) = all.min_by_key(|(bits, _)| *bits)?;
    let bits = bits.max(BITS_MIN);
    (bits < WIDE).then_some((bits, how))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tintype_image::{ColourModel, Picture, YCbCrMatrix};

    fn wide(samples: &[u16]) -> Planes {
        Picture::from_gray16(samples.len(), 1, samples).unwrap().planes
    }

    #[test]
    fn unused_bits_are_not_coded_and_come_back() {
        let twelve = [0, 1, 4095, 2048, 77];
        let cases: [(Vec<u16>, u8); 5] = [
            (twelve.to_vec(), 12),
            (twelve.map(|sample| sample << 4).to_vec(), 12),
            (twelve.map(|sample| scaled_sample(sample, 12, 16)).to_vec(), 12),
            ([0, 7, 255].map(|sample| sample * 257).to_vec(), 8),
            (vec![3, 0, 1], 8),
        ];
        for (samples, bits) in cases {
            let planes = wide(&samples);
            let (coded, facts) = to_code(&planes, false);
            assert_eq!(coded.shape.planes[0].bit_depth, bits, "{samples:?}");
            assert_eq!(facts, Facts::from_byte(facts.byte(), &coded.shape).unwrap());
            assert_eq!(facts.picture_shape(&coded.shape), planes.shape);
            assert_eq!(facts.restored(coded.into_owned()), planes);
        }
        for samples in [vec![0, 65_535, 1], vec![0, 0]] {
            let planes = wide(&samples);
            assert!(to_code(&planes, true).1.stored.is_none(), "{samples:?}");
        }
    }

    #[test]
    fn limited_range_is_coded_at_full_range() {
        let mut shape = Shape::rgb(2, 1, 8);
        shape.colour = ColourModel::YCbCr(YCbCrMatrix::Bt601);
        let mut planes = Planes::new(shape);
        for (plane, row) in planes.planes.iter_mut().zip([[16, 235], [128, 240], [128, 16]]) {
            plane.row_mut(0).copy_from_slice(&row);
        }
        let (coded, facts) = to_code(&planes, true);
        assert_eq!(coded.planes[0].row(0), [0, 255]);
        assert_eq!((facts.byte(), facts.restored(coded.clone().into_owned())), (4, planes.clone()));
        assert!(to_code(&planes, false).1.is_plain());
    }

    #[test]
    fn meanings_that_no_writer_gives_are_refused() {
        let shape = Shape::gray(1, 1, 12);
        let known: Vec<u8> = (0..=255).filter(|byte| Facts::from_byte(*byte, &shape).is_ok()).collect();
        let wide = (12..16).flat_map(|bits| (0..8).map(move |low| bits << 4 | low));
        let expected: Vec<u8> = std::iter::once(4).chain(wide.filter(|byte| byte & 3 != 0)).collect();
        assert_eq!(known, expected);
    }
}
