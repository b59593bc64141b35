//! The ways in which reading a model file fails.

use crate::ModelHash;
use tintype_codec::{CodecError, CodecId};

tintype_error::errors! {
    /// What went wrong with a model file.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum ModelError of "model file", text String
}

tintype_error::same_words!(ModelError => CodecError);

/// The error of a stream of `codec` that needs another model than the one at hand.
pub fn model_mismatch(codec: CodecId, needed: ModelHash, loaded: ModelHash) -> CodecError {
    // A short header names the first four bytes.
    let needed = needed.to_string();
    let needed = needed.strip_suffix("00000000").unwrap_or(&needed);
    CodecError::Mismatch {
        what: format!(
            "the file needs the {codec} model {needed}, and {loaded} is loaded; name the other with --model"
        ),
    }
}
