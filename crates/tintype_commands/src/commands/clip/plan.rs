//! How clips are encoded.

use crate::output::Existing;
use crate::seal::Sealing;
use tintype::Goal;

/// How clips are encoded.
#[derive(Clone, Debug)]
pub struct ClipPlan {
    /// An option that does not go with clips: why a clip is refused.
    pub refused: Option<&'static str>,
    /// Whether a file may be replaced.
    pub existing: Existing,
    /// What was asked for.
    pub goal: Goal,
    /// Pictures of a group, if that was asked for.
    pub group: Option<usize>,
    /// 1 to 9.
    pub effort: u8,
    /// Thousands of bits a second.
    pub bitrate: Option<f32>,
    /// How clips are sealed, if they are.
    pub sealing: Sealing,
    /// Whether originals are deleted, and then whether a loss is agreed to.
    pub replace: Option<bool>,
    /// Whether times and permissions are kept.
    pub preserve: bool,
    /// Whether JSON is asked for.
    pub json: bool,
}
