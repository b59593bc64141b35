//! What a `cluster` fit is asked to do.

use super::{Distance, Linkage};
use crate::{FitError, FitRequest, joined};
use tintype_cluster::SETS;

/// What to fit; arrays are luma 4, 8, 16, chroma 4, 8, 16.
#[derive(Clone, Debug)]
pub struct ClusterOptions {
    /// Leaves of each tree.
    pub leaves: [usize; SETS],
    /// Vectors clustered at most, for each tree.
    pub vectors: [usize; SETS],
    /// Groups that vectors are condensed to, for each leaf.
    pub groups_per_leaf: usize,
    /// Rounds of clustering; from the second on, what the coder with the trees so far codes.
    pub rounds: usize,
    /// Rounds of refinement after each clustering.
    pub refinements: usize,
    /// Pictures coded in each round.
    pub coded: usize,
    /// Luma steps, 8-bit units, that coded pictures take in turn.
    pub steps: Vec<f32>,
    /// By what vectors are compared.
    pub distance: Distance,
    /// How near clusters are.
    pub linkage: Linkage,
    /// Seed of all that is drawn.
    pub seed: u64,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            leaves: [512, 2048, 512, 256, 512, 64],
            vectors: [60_000, 200_000, 60_000, 30_000, 80_000, 20_000],
            groups_per_leaf: 3,
            rounds: 2,
            refinements: 3,
            coded: 200,
            steps: vec![32.0, 72.0, 48.0, 110.0, 24.0],
            distance: Distance::Cosine,
            linkage: Linkage::Ward,
            seed: 1,
        }
    }
}

impl ClusterOptions {
    /// The options of a request; defaults where it sets nothing.
    ///
    /// # Errors
    /// `Misuse` for settings that do not exist or make no sense.
    pub fn from_request(request: &FitRequest) -> Result<Self, FitError> {
        request.check_settings(&[
            "leaves",
            "vectors",
            "groups",
            "rounds",
            "refinements",
            "coded",
            "steps",
            "distance",
            "linkage",
        ])?;
        let own = Self { seed: request.seed, ..Self::default() };
        let distances = [
            ("cosine", Distance::Cosine),
            ("euclidean", Distance::Euclidean),
            ("hamming", Distance::Hamming),
        ];
        let distance = request.choice("distance", &distances)?;
        let linkages = [("ward", Linkage::Ward), ("average", Linkage::Average)];
        let linkage = request.choice("linkage", &linkages)?;
        let options = Self {
            leaves: request.numbers("leaves", own.leaves)?,
            vectors: request.numbers("vectors", own.vectors)?,
            groups_per_leaf: request.setting("groups", own.groups_per_leaf)?.clamp(1, 20),
            rounds: request.setting("rounds", own.rounds)?.clamp(1, 20),
            refinements: request.setting("refinements", own.refinements)?.min(50),
            coded: request.setting("coded", own.coded)?.max(1),
            steps: steps(request, &own.steps)?,
            distance,
            linkage,
            seed: own.seed,
        };
        if options.leaves.iter().any(|l| !(2..=16_000).contains(l))
            || options.steps.iter().any(|s| !(1.0..=2000.0).contains(s))
        {
            return Err(misuse("2 to 16000 leaves and steps of 1 to 2000 are possible".into()));
        }
        Ok(options)
    }
}

pub(super) fn misuse(what: String) -> FitError {
    FitError::Misuse { what }
}

/// Luma steps, separated by commas.
fn steps(request: &FitRequest, default: &[f32]) -> Result<Vec<f32>, FitError> {
    let text = request.setting("steps", joined(default))?;
    let values: Result<Vec<f32>, _> = text.split(',').map(|n| n.trim().parse()).collect();
    let values = values.ok().filter(|values| !values.is_empty());
    values.ok_or_else(|| misuse(format!("setting steps: `{text}` are no numbers")))
}
