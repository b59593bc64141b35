//! What `tintype train` runs: the fit of every codec whose model is fitted or trained in the
//! plain build.
//!
//! In: a [`PictureList`](crate::PictureList) and a [`FitRequest`](crate::FitRequest). Out:
//! [`Fitted`](crate::Fitted), the bytes of a model file and what made it. A fit reads pictures
//! one at a time and keeps samples of them, so that memory does not grow with the folder. The
//! same list, request and program give the same bytes. To add a codec: implement [`Fit`] in a
//! folder of its own and add it to the table here.

use crate::Fit;
use tintype_codec::{CodecError, CodecId};
use tintype_model::ModelHead;

/// Every fit, with the codec it is for.
static FITS: [(CodecId, &dyn Fit); 4] = [
    (tintype_cluster::ID, &crate::cluster::ClusterFit),
    (tintype_photo::ID, &crate::photo::PhotoFit),
    (tintype_sparse::ID, &crate::sparse::SparseFit),
    (tintype_neural::ID, &crate::neural::NeuralFit),
];

/// The fit for a codec, if this build has one.
pub fn fitter(codec: CodecId) -> Option<&'static dyn Fit> {
    FITS.iter().find(|(id, _)| *id == codec).map(|(_, fit)| *fit)
}

/// The codecs that [`fitter`] has a fit for.
pub fn fitted_codecs() -> impl Iterator<Item = CodecId> {
    FITS.iter().map(|(id, _)| *id)
}

/// What a model file for `codec` is, as names and values.
///
/// # Errors
/// Those of the codec that the model is for.
pub fn describe_model(codec: CodecId, bytes: &[u8]) -> Result<Vec<(&'static str, String)>, CodecError> {
    let mut lines = vec![
        ("model for", codec.name().to_string()),
        ("size", format!("{} bytes", bytes.len())),
        ("hash", ModelHead::read(bytes)?.hash.to_string()),
    ];
    if let Some(fit) = fitter(codec) {
        lines.extend(fit.describe(bytes)?);
    }
    Ok(lines)
}
