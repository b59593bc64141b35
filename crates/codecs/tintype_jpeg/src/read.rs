//! A JPEG file into its coefficients, with everything that is known of its scans.
//!
//! In: file bytes. Out: [`JpegCoefficients`]. Bit-exact.

use super::arithmetic;
use super::coefficients::{ComponentBlocks, blocks_for_frame};
use super::markers::Process;
use super::scan_decode::{ScanTrace, decode_scan};
use super::structure::{ScanData, Structure, structure_from_bytes};
use tintype_codec::CodecError;
use tintype_image::{Level, Limits};

/// Times that a file may visit each of its blocks, on average; real progressive files need about ten.
const VISITS_MAX: u64 = 120;

/// A JPEG file taken apart.
#[derive(Clone, Debug)]
pub struct JpegCoefficients {
    /// Frame, scans, tables, notes.
    pub structure: Structure,
    /// Quantised coefficients of each component.
    pub components: Vec<ComponentBlocks>,
    /// For each scan what its coefficients do not tell.
    pub traces: Vec<ScanTrace>,
}

impl JpegCoefficients {
    /// Whether all that the headers promise was there.
    pub fn complete(&self) -> bool {
        self.structure.ended && !self.structure.damaged && self.traces.iter().all(|t| !t.damaged)
    }
}

/// Reads the coefficients of a file coded with the DCT.
///
/// `level`: the instructions to do it with; the result is the same at every level.
/// Damaged and missing data leave zero coefficients; see [`JpegCoefficients::complete`].
///
/// # Errors
/// `Malformed`, `Truncated`, `Unsupported` (lossless frames too), `Limit`.
pub fn read_coefficients(
    bytes: &[u8],
    level: Level,
    limits: &Limits,
) -> Result<JpegCoefficients, CodecError> {
    let structure = structure_from_bytes(bytes, ScanData::Present)?;
    if structure.frame.process == Process::Lossless {
        return Err(CodecError::Unsupported { what: "coefficients of a lossless JPEG".into() });
    }
    let data: usize = structure.scans.iter().map(|s| s.data.len()).sum();
    let mut components = blocks_for_frame(&structure.frame, data, limits)?;
    let blocks: u64 = components.iter().map(|c| c.blocks.len() as u64).sum();
    let mut visits = 0;
    let mut traces = Vec::with_capacity(structure.scans.len());
    for plan in &structure.scans {
        let trace = if structure.frame.arithmetic {
            arithmetic::decode_scan(bytes, &structure.frame, plan, &mut components)
        } else {
            decode_scan(bytes, &structure.frame, plan, level, &mut components)
        };
        visits += trace.visited;
        traces.push(trace);
        if visits > VISITS_MAX * blocks {
            return Err(CodecError::Limit {
                what: "scans over the same JPEG blocks",
                max: VISITS_MAX,
            });
        }
    }
    Ok(JpegCoefficients { structure, components, traces })
}
