//! The list of values that a depth plane uses. Bit-exact.

use tintype_codec::CodecError;
use tintype_entropy::{AdaptiveBit, BitWalk, IntModel};
use tintype_image::Plane;

/// Codes the values that the plane uses, rising, 0 always among them: each as the gap to the
/// one before.
///
/// # Errors
/// `Malformed` for a value beyond `bits`.
pub(super) fn code_values<W: BitWalk>(
    walk: &mut W,
    plane: &Plane<u16>,
    bits: u32,
) -> Result<Vec<u16>, CodecError> {
    let mut values = vec![0u16];
    if !W::READS {
        let mut used = vec![false; 1 << bits];
        plane.rows().flatten().for_each(|&v| used[usize::from(v)] = true);
        values.extend((1..used.len()).filter(|&v| used[v]).map(|v| v as u16));
    }
    let count = walk.bits(values.len() as u32 - 1, bits) as usize + 1;
    let mut same = [AdaptiveBit::default(); 2];
    let mut gaps = IntModel::<8>::new(60);
    let (mut value, mut gap, mut repeated) = (0u32, 1u32, 0usize);
    let mut read = vec![0u16];
    for k in 1..count {
        let wanted = values.get(k).map_or(1, |&v| u32::from(v).wrapping_sub(value));
        let repeats = same[repeated].code(walk, wanted == gap, 255);
        if !repeats {
            gap = gaps.code(walk, wanted.wrapping_sub(1)).saturating_add(1);
        }
        repeated = usize::from(repeats);
        value = value.saturating_add(gap);
        if value >> bits != 0 {
            return Err(CodecError::Malformed {
                what: format!("the list of depths reaches {value}, beyond {bits} bits"),
                at: None,
            });
        }
        read.push(value as u16);
    }
    Ok(read)
}
