//! The layers of the filter as they stand in a model file.
//!
//! Bytes: number of blocks (`u8`, 1 to 8), then the layers in the order in which they run. A
//! layer: for each output its shift (`u8`) and its bias (`i32`); then its weights (`i16`), output
//! by output; all little endian. The first layer's weights stand row, column, input.
//! Bit-exact.

use super::{BLOCKS_MAX, CHANNELS, HIDDEN, INPUTS, OUTPUTS};
use tintype_block::RowReader;
use tintype_codec::CodecError;
use tintype_nn::{Depthwise, NnError, Pointwise};

/// One block: `map + narrow(widen(depthwise(map)))`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockLayers {
    /// 3×3, each channel by itself.
    pub depthwise: Depthwise,
    /// To [`HIDDEN`] channels, rectified.
    pub widen: Pointwise,
    /// Back to [`CHANNELS`].
    pub narrow: Pointwise,
}

/// The filter of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// 3×3 from [`INPUTS`] to [`CHANNELS`], rectified, as a pointwise layer of nine positions.
    pub first: Pointwise,
    /// The blocks in order.
    pub blocks: Vec<BlockLayers>,
    /// To [`OUTPUTS`] corrections.
    pub last: Pointwise,
}

impl Filter {
    /// Reads the bytes of a filter.
    ///
    /// # Errors
    /// `Truncated`; `Malformed` for a number of blocks out of range, bytes left over, and layers whose sums
    /// could overflow.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut reader = Reader(RowReader { bytes, at: 0 });
        let blocks = usize::from(reader.0.take(1)?[0]);
        if !(1..=BLOCKS_MAX).contains(&blocks) {
            let what = format!("photo filter: {blocks} blocks; 1 to {BLOCKS_MAX} are possible");
            return Err(CodecError::Malformed { what, at: Some(0) });
        }
        let first = reader.pointwise(9 * INPUTS, CHANNELS, true)?;
        let block = |reader: &mut Reader<'_>| {
            Ok(BlockLayers {
                depthwise: reader.depthwise()?,
                widen: reader.pointwise(CHANNELS, HIDDEN, true)?,
                narrow: reader.pointwise(HIDDEN, CHANNELS, false)?,
            })
        };
        let blocks = (0..blocks).map(|_| block(&mut reader)).collect::<Result<_, CodecError>>()?;
        let last = reader.pointwise(CHANNELS, OUTPUTS, false)?;
        if reader.0.at != bytes.len() {
            let what = "photo filter: bytes after the last layer".into();
            return Err(CodecError::Malformed { what, at: Some(reader.0.at) });
        }
        Ok(Self { first, blocks, last })
    }

    /// The bytes that [`Filter::from_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![self.blocks.len() as u8];
        let mut write = |shift: &[u32], bias: &[i32], weights: Vec<i16>| {
            out.extend(shift.iter().map(|&s| s as u8));
            bias.iter().for_each(|b| out.extend(b.to_le_bytes()));
            weights.iter().for_each(|w| out.extend(w.to_le_bytes()));
        };
        write(self.first.shift(), self.first.bias(), self.first.weights());
        for BlockLayers { depthwise, widen, narrow } in &self.blocks {
            write(depthwise.shift(), depthwise.bias(), depthwise.weights());
            write(widen.shift(), widen.bias(), widen.weights());
            write(narrow.shift(), narrow.bias(), narrow.weights());
        }
        write(self.last.shift(), self.last.bias(), self.last.weights());
        out
    }
}

/// A layer's shifts, biases and weights.
type Numbers = (Vec<u8>, Vec<i32>, Vec<i16>);

struct Reader<'a>(RowReader<'a>);

impl Reader<'_> {
    fn layer(&mut self, weights: usize, outputs: usize) -> Result<Numbers, CodecError> {
        let shift = self.0.take(outputs)?.to_vec();
        let bias =
            self.0.take(4 * outputs)?.as_chunks().0.iter().map(|b| i32::from_le_bytes(*b)).collect();
        let weights =
            self.0.take(2 * weights)?.as_chunks().0.iter().map(|w| i16::from_le_bytes(*w)).collect();
        Ok((shift, bias, weights))
    }

    fn refused(&self, error: &NnError) -> CodecError {
        CodecError::Malformed { what: format!("photo filter: {error}"), at: Some(self.0.at) }
    }

    fn pointwise(
        &mut self,
        inputs: usize,
        outputs: usize,
        rectified: bool,
    ) -> Result<Pointwise, CodecError> {
        let (shift, bias, weights) = self.layer(inputs * outputs, outputs)?;
        Pointwise::new(inputs, &weights, &bias, &shift, rectified).map_err(|e| self.refused(&e))
    }

    fn depthwise(&mut self) -> Result<Depthwise, CodecError> {
        let (shift, bias, weights) = self.layer(9 * CHANNELS, CHANNELS)?;
        Depthwise::new(&weights, &bias, &shift).map_err(|e| self.refused(&e))
    }
}
