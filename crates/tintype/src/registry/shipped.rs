//! What the models that are built in weigh, and what their cards say.

use tintype_codec::CodecId;

/// A fitted or trained model that is built in.
#[derive(Clone, Copy, Debug)]
pub struct ShippedModel {
    /// Bytes of the model's file.
    pub bytes: u64,
    /// The model's card, Markdown.
    card: &'static str,
}

impl ShippedModel {
    /// Seconds that the fit took, as the card's row "fit time" says.
    pub fn fit_seconds(&self) -> Option<f64> {
        let row = self.card.lines().find_map(|line| line.strip_prefix("| fit time | "))?;
        let (number, _) = row.split_once(" s")?;
        number.parse().ok()
    }
}

/// The model that codec `id` has built in, if it has one.
pub fn shipped_model(id: CodecId) -> Option<ShippedModel> {
    macro_rules! model {
        ($file:literal, $card:literal) => {
            Some(ShippedModel {
                bytes: include_bytes!(concat!("../../../../models/", $file)).len() as u64,
                card: include_str!(concat!("../../../../models/", $card)),
            })
        };
    }
    match id {
        tintype_cluster::ID => model!("cluster-photo.tinmodel", "cluster-photo.md"),
        tintype_pca::ID => model!("pca-photo.tinmodel", "pca-photo.md"),
        tintype_sparse::ID => model!("sparse-photo.tinmodel", "sparse-photo.md"),
        #[cfg(feature = "photo-model")]
        tintype_neural::ID => model!("photo.model", "photo.md"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::shipped_model;
    use crate::registry::ALL;

    #[test]
    fn every_card_says_how_long_the_fit_took() {
        let with_models = ALL.into_iter().filter_map(|id| Some((id, shipped_model(id)?)));
        for (id, model) in with_models {
            assert!(model.fit_seconds().is_some_and(|seconds| seconds > 1.0), "{}", id.name());
        }
    }
}
