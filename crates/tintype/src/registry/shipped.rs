//! What the models that are built in weigh, and what their cards say.

#[cfg(any(feature = "models", feature = "neural-model"))]
use super::ids;
use tintype_codec::CodecId;

/// A fitted or trained model that is built in.
///
/// ```
/// use tintype::{codec, shipped_model};
///
/// let model = shipped_model(codec::PHOTO).expect("the feature `models` is on");
/// println!("{} bytes, fitted in {:?} s", model.bytes, model.fit_seconds());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ShippedModel {
    /// Its name.
    pub name: &'static str,
    /// Bytes of the model's file.
    pub bytes: u64,
    file: &'static [u8],
    /// The model's card, Markdown.
    card: &'static str,
}

impl ShippedModel {
    /// The hash that streams name it by, as its file says.
    pub(crate) fn hash(&self) -> Option<[u8; 8]> {
        #[cfg(feature = "model-files")]
        return Some(tintype_model::ModelHead::read(self.file).ok()?.hash.0);
        #[cfg(not(feature = "model-files"))]
        None
    }

    /// The model's file.
    ///
    /// ```
    /// let model = tintype::shipped_model(tintype::codec::PHOTO).expect("models are built in");
    /// assert_eq!(tintype::Models::codec_of(model.file())?, tintype::codec::PHOTO);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn file(&self) -> &'static [u8] {
        self.file
    }

    /// Seconds that the fit took, as the card's row "fit time" says.
    ///
    /// ```
    /// let model = tintype::shipped_model(tintype::codec::CLUSTER).expect("models are built in");
    /// assert!(model.fit_seconds().is_some_and(|seconds| seconds > 1.0));
    /// ```
    pub fn fit_seconds(&self) -> Option<f64> {
        let row = self.card.lines().find_map(|line| line.strip_prefix("| fit time | "))?;
        let (number, _) = row.split_once(" s")?;
        number.parse().ok()
    }
}

/// The model that codec `id` has built in, if it has one.
///
/// ```
/// assert!(tintype::shipped_model(tintype::codec::WAVELET).is_none());
/// ```
pub fn shipped_model(id: CodecId) -> Option<ShippedModel> {
    #[cfg(any(feature = "models", feature = "neural-model"))]
    macro_rules! model {
        ($name:literal) => {{
            let file = include_bytes!(concat!("../../../../models/", $name, ".tinmodel"));
            let card = include_str!(concat!("../../../../models/", $name, ".md"));
            Some(ShippedModel { name: $name, bytes: file.len() as u64, file, card })
        }};
    }
    match id {
        #[cfg(all(feature = "cluster", feature = "models"))]
        ids::CLUSTER => model!("cluster-photo"),
        #[cfg(all(feature = "photo", feature = "models"))]
        ids::PHOTO => model!("photo"),
        #[cfg(all(feature = "sparse", feature = "models"))]
        ids::SPARSE => model!("sparse-photo"),
        #[cfg(feature = "neural-model")]
        ids::NEURAL => model!("neural-photo"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::shipped_model;
    use crate::registry::ids::ALL;

    #[test]
    fn every_card_says_how_long_the_fit_took() {
        let with_models = ALL.iter().filter_map(|&id| Some((id, shipped_model(id)?)));
        for (id, model) in with_models {
            assert!(model.fit_seconds().is_some_and(|seconds| seconds > 1.0), "{}", id.name());
        }
    }
}
