//! The encoder's intermediate results for fitting: latents, symbols, tables and the samples
//! they stand for.

use super::colour::{groups, rgb_of, values_of};
use super::encode::{TileSymbols, analyse, choose, tile_area};
use super::rdo::RdoQuantiser;
use super::{Neural, NeuralModel};
use tintype_codec::{CodecError, Exec};
use tintype_image::Planes;
use tintype_nn::FeatureMap;

/// One tile at one level.
#[derive(Debug)]
pub struct Trace {
    /// Samples in blocks of 8 × 8, `[position][192]`: the target of the synthesis.
    pub values: FeatureMap,
    /// The symbols, and the latents and tables that they go with.
    pub symbols: TileSymbols,
}

impl Neural {
    /// The first tile of the colour planes of `source` at `level`.
    ///
    /// # Errors
    /// As [`Neural::encode_at_level`]; `Misuse` for a picture without colour planes.
    pub fn trace(&self, source: &Planes, level: usize, exec: &Exec) -> Result<Trace, CodecError> {
        let model: &NeuralModel = self.model();
        let group =
            groups(&source.shape).into_iter().next().filter(|group| group.lossy && level < model.levels);
        let group = group
            .ok_or_else(|| CodecError::Misuse { what: "no colour planes, or no such level".into() })?;
        let rgb = rgb_of(source, &group, exec.level)?;
        let area = tile_area(&group, (0, 0));
        let [x, y, width, height] = area;
        let analysed = analyse(model, &rgb, &group, area, exec.level)?;
        let symbols = choose(model, analysed, &RdoQuantiser::new(model, level), level, exec.level)?;
        Ok(Trace { values: values_of(&rgb, x, y, width, height), symbols })
    }
}
