//! The fitted model: clusters with predictor and dictionary for three block sizes, luma and
//! chroma, and starting contexts.
//!
//! In: a model file. Out: predictors and atoms as `i16` with 12 fractional bits. Bit-exact:
//! integers only.
//!
//! Payload of the model file, version 1: for each of the six sets (luma 8, 16, 32, chroma 8, 16, 32):
//! `clusters u8` (1 to 16), `atoms u16` little endian (1 to 512), then each cluster: predictor
//! rows (21), atoms; each row a `u16` step (little endian, 16 fractional bits) and one signed
//! byte for each cell of the grid (64 or 256); then the starting contexts to the end, perhaps
//! none.

use tintype_block::{BORDER_INPUTS, Predictor, RowReader};
use tintype_codec::{CodecError, CodecId};
use tintype_model::{Model, ModelHash};

/// Number of sets: three sizes for luma, three for chroma.
pub const SETS: usize = 6;
/// The most clusters of a set.
pub const CLUSTERS_MAX: usize = 16;
/// The most atoms of a dictionary.
pub const ATOMS_MAX: usize = 512;

/// One cluster in integers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Of a block's cells from its border.
    pub predictor: Predictor,
    /// `atoms × cells`, nearly of unit length.
    pub atoms: Vec<i16>,
}

/// Clusters for one block size and kind of plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSet {
    /// Cells of the grid.
    pub cells: usize,
    /// Atoms of each dictionary.
    pub atoms: usize,
    /// The clusters.
    pub clusters: Vec<Cluster>,
}

/// All that is fitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SparseModel {
    /// Luma 8, 16, 32, chroma 8, 16, 32.
    pub sets: [ClusterSet; SETS],
    /// Starting state of the contexts, perhaps empty.
    pub contexts: Vec<u8>,
    /// The name of the model.
    pub hash: ModelHash,
}

impl Model for SparseModel {
    const CODEC: CodecId = crate::ID;
    const VERSION: u8 = 1;

    fn from_payload(bytes: &[u8], hash: ModelHash) -> Result<Self, CodecError> {
        let mut reader = RowReader { bytes, at: 0 };
        let mut sets = Vec::with_capacity(SETS);
        for set in 0..SETS {
            let cells = if set % 3 == 0 { 64 } else { 256 };
            let head = reader.take(3)?;
            let (count, atoms) =
                (usize::from(head[0]), usize::from(u16::from_le_bytes([head[1], head[2]])));
            if !(1..=CLUSTERS_MAX).contains(&count) || !(1..=ATOMS_MAX).contains(&atoms) {
                let what = format!("sparse model: set {set} has {count} clusters of {atoms} atoms");
                return Err(CodecError::Malformed { what, at: Some(reader.at) });
            }
            let cluster = |reader: &mut RowReader<'_>| {
                let rows = reader.rows(BORDER_INPUTS, cells)?;
                let predictor = Predictor::from_rows(&rows, cells);
                Ok(Cluster { predictor, atoms: reader.rows(atoms, cells)? })
            };
            let clusters =
                (0..count).map(|_| cluster(&mut reader)).collect::<Result<Vec<_>, CodecError>>()?;
            sets.push(ClusterSet { cells, atoms, clusters });
        }
        let contexts = bytes[reader.at..].to_vec();
        let sets = sets.try_into().map_err(|_| CodecError::Misuse { what: "six sets".into() })?;
        Ok(Self { sets, contexts, hash })
    }

    fn hash(&self) -> ModelHash {
        self.hash
    }
}
