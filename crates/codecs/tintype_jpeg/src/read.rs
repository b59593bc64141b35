//! A JPEG file into its coefficients, with the side information of its scans.
//!
//! In: file bytes. Out: [`JpegCoefficients`]. Bit-exact.

use super::arithmetic;
use super::coefficients::{ComponentBlocks, blocks_for_frame};
use super::frame::Process;
use super::scan_decode::decode_scan;
use super::scan_tables::ScanSideInfo;
use super::structure::{ScanData, Structure, structure_from_bytes};
use tintype_codec::CodecError;
use tintype_image::{Level, Limits};

/// Times that a file may visit each of its blocks, on average: real progressive files need about
/// ten.
const VISITS_MAX: u64 = 120;

/// A JPEG file taken apart.
#[derive(Clone, Debug)]
pub struct JpegCoefficients {
    /// Frame, scans, tables, application segments.
    pub structure: Structure,
    /// Quantised coefficients of each component.
    pub components: Vec<ComponentBlocks>,
    /// For each scan what its coefficients do not determine.
    pub side: Vec<ScanSideInfo>,
}

impl JpegCoefficients {
    /// Whether the file is whole and sound.
    pub fn complete(&self) -> bool {
        self.structure.ended && !self.structure.damaged && self.side.iter().all(|s| !s.damaged)
    }
}

/// [`coefficients_of`] the structure of `bytes`.
///
/// # Errors
/// As [`structure_from_bytes`] and [`coefficients_of`].
pub fn read_coefficients(
    bytes: &[u8],
    level: Level,
    limits: &Limits,
) -> Result<JpegCoefficients, CodecError> {
    coefficients_of(bytes, structure_from_bytes(bytes, ScanData::Present)?, level, limits)
}

/// Reads the coefficients of a file coded with the DCT.
///
/// The result is the same at every `level`. Damaged and missing data leave zero coefficients; see
/// [`JpegCoefficients::complete`].
///
/// # Errors
/// `Unsupported` for lossless frames, `Limit`.
pub fn coefficients_of(
    bytes: &[u8],
    structure: Structure,
    level: Level,
    limits: &Limits,
) -> Result<JpegCoefficients, CodecError> {
    let frame = &structure.frame;
    if frame.process == Process::Lossless {
        let what = "coefficients of a lossless JPEG, which has none".into();
        return Err(CodecError::Unsupported { what });
    }
    let data: usize = structure.scans.iter().map(|s| s.data.len()).sum();
    let mut components = blocks_for_frame(frame, data, limits)?;
    let blocks: u64 = components.iter().map(|c| c.blocks.len() as u64).sum();
    let mut visits = 0;
    let mut all = Vec::with_capacity(structure.scans.len());
    for scan in &structure.scans {
        limits.check_time()?;
        let side = if frame.arithmetic {
            arithmetic::decode_scan(bytes, frame, scan, &mut components)
        } else {
            decode_scan(bytes, frame, scan, level, &mut components)
        };
        visits += side.visited;
        all.push(side);
        if visits > VISITS_MAX * blocks {
            let what = "scans over the same JPEG blocks";
            return Err(CodecError::Limit { what, max: VISITS_MAX });
        }
    }
    Ok(JpegCoefficients { structure, components, side: all })
}
