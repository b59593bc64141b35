//! A fitted model packed to be sent with its picture. Bit-exact.
//!
//! The model's bytes under two adaptive tables a byte (upper and lower half), in the range
//! coder: small trees of flat vectors shrink by a third.

use fearless_simd::Fallback;
use tintype_codec::CodecError;
use tintype_entropy::symbols::{AdaptiveNibble, NibbleSource};
use tintype_entropy::{BitDecoder, BitEncoder, BitWalk, SymbolWalk};

/// Largest model that is sent, in bytes.
const LEN_MAX: u32 = 1 << 21;
const RATE: u32 = 5;

fn code<W: SymbolWalk>(walk: &mut W, bytes: &mut Vec<u8>) {
    let simd = Fallback::new();
    let len = walk.bits(bytes.len() as u32, 22).min(LEN_MAX) as usize;
    let (mut high, mut low) =
        (AdaptiveNibble::<4>::default(), [AdaptiveNibble::<4>::default(); 16]);
    for i in 0..len {
        let byte = if W::READS { 0 } else { bytes[i] };
        let upper = walk.symbol((byte >> 4).into(), &NibbleSource { simd, table: &high });
        high.update(simd, upper, RATE);
        let table = &mut low[upper as usize & 15];
        let lower = walk.symbol((byte & 15).into(), &NibbleSource { simd, table });
        table.update(simd, lower, RATE);
        if W::READS {
            bytes.push((upper << 4 | lower) as u8);
        }
        if walk.exhausted() {
            break;
        }
    }
}

/// The packed bytes.
///
/// # Errors
/// `Limit` for a model that is too large to be sent.
pub fn packed(model: &[u8]) -> Result<Vec<u8>, CodecError> {
    if model.len() > LEN_MAX as usize {
        return Err(CodecError::Limit {
            what: "bytes of a model sent with its picture",
            max: LEN_MAX.into(),
        });
    }
    let mut encoder = BitEncoder::new();
    code(&mut encoder, &mut model.to_vec());
    Ok(encoder.finish_determined())
}

/// The model's bytes.
///
/// # Errors
/// `Truncated` if bytes are missing.
pub fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
    let mut decoder = BitDecoder::cut(bytes);
    let mut model = Vec::new();
    code(&mut decoder, &mut model);
    if decoder.exhausted() {
        return Err(CodecError::Truncated { needed: 1 });
    }
    Ok(model)
}
