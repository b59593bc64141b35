//! Pixels for each unit of length, as PNG (`pHYs`) and TIFF (tags 282, 283, 296) state them, one
//! from the other.
//!
//! Source: ISO/IEC 15948 (PNG), 11.3.5.3; TIFF Revision 6.0, section 8 (XResolution).

use crate::Metadata;

const X: &str = "tiff:282:5";
const Y: &str = "tiff:283:5";
const UNIT: &str = "tiff:296:3";

/// Whether the TIFF tag and type `item` is part of a resolution.
pub(super) fn is_part(item: &str) -> bool {
    [X, Y, UNIT].iter().any(|name| name.strip_prefix("tiff:") == Some(item))
}

/// The `pHYs` chunk of a picture: its own, or what its TIFF tags say.
pub(super) fn phys_of(metadata: &Metadata) -> Option<Vec<u8>> {
    if let Some(phys) = metadata.item("png:pHYs") {
        return Some(phys.to_vec());
    }
    // 1: no unit, 2: inches, 3: centimetres.
    let unit = metadata.item(UNIT).map_or(2, |unit| unit.first().copied().unwrap_or(2));
    let per_metre = match unit {
        2 => 1.0 / 0.0254,
        3 => 100.0,
        _ => 1.0,
    };
    let value = |name: &str| {
        let (number, per) = metadata.item(name)?.split_first_chunk::<4>()?;
        let (number, per) = (u32::from_le_bytes(*number), u32::from_le_bytes(*per.first_chunk()?));
        let value = (f64::from(number) / f64::from(per) * per_metre).round();
        (value >= 1.0 && value <= f64::from(u32::MAX >> 1)).then_some(value as u32)
    };
    let (x, y) = (value(X)?, value(Y)?);
    Some([&x.to_be_bytes()[..], &y.to_be_bytes(), &[u8::from(unit != 1)]].concat())
}

/// The TIFF items that a `pHYs` chunk stands for, values little-endian.
pub(super) fn tiff_items(phys: &[u8]) -> Option<Vec<(u16, u16, Vec<u8>)>> {
    let (x, rest) = phys.split_first_chunk::<4>()?;
    let (y, unit) = rest.split_first_chunk::<4>()?;
    let metres = unit == [1];
    // Pixels a metre are hundredths of pixels a centimetre.
    let ratio = |value: &[u8; 4]| {
        let per = if metres { 100u32 } else { 1 };
        [u32::from_be_bytes(*value).to_le_bytes(), per.to_le_bytes()].concat()
    };
    Some(vec![(282, 5, ratio(x)), (283, 5, ratio(y)), (296, 3, vec![if metres { 3 } else { 1 }, 0])])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inches_and_metres_agree() {
        let mut metadata = Metadata::default();
        metadata.set(X, [300u32.to_le_bytes(), 1u32.to_le_bytes()].concat());
        metadata.set(Y, [600u32.to_le_bytes(), 2u32.to_le_bytes()].concat());
        let phys = phys_of(&metadata).unwrap();
        assert_eq!(phys, [0, 0, 0x2e, 0x23, 0, 0, 0x2e, 0x23, 1]);
        let mut back = Metadata::default();
        for (tag, kind, bytes) in tiff_items(&phys).unwrap() {
            back.set(&format!("tiff:{tag}:{kind}"), bytes);
        }
        assert_eq!(phys_of(&back), Some(phys));
        assert_eq!(phys_of(&Metadata::default()), None);
    }
}
