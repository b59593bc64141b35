//! What a fit takes and gives: [`FitRequest`], [`FitJob`], [`Progress`], [`Fitted`], and the
//! trait [`Fit`].

use crate::{FitError, PictureList};
use tintype_codec::CodecError;

/// What a fit may be asked for beside the pictures.
#[derive(Clone, Debug)]
pub struct FitRequest {
    /// Seed of everything drawn.
    pub seed: u64,
    /// At most this many pictures are read; the list is thinned evenly.
    pub pictures_max: usize,
    /// Settings of the codec's own, as `name=value`; each fit names those it knows and refuses
    /// others.
    pub settings: Vec<(String, String)>,
}

impl Default for FitRequest {
    fn default() -> Self {
        Self { seed: 1, pictures_max: 700, settings: Vec::new() }
    }
}

impl FitRequest {
    /// Refuses settings that are not in `known`.
    ///
    /// # Errors
    /// `Misuse` with the names that there are.
    pub fn check_settings(&self, known: &[&str]) -> Result<(), FitError> {
        match self.settings.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, _)) => {
                let what = format!("there is no setting `{name}`; there are: {}", known.join(", "));
                Err(FitError::Misuse { what })
            }
        }
    }

    /// The `N` numbers of setting `name`, separated by commas, or `default`.
    ///
    /// # Errors
    /// `Misuse` for another count, or for words that are no numbers.
    pub fn numbers<const N: usize>(
        &self,
        name: &str,
        default: [usize; N],
    ) -> Result<[usize; N], FitError> {
        let text = self.setting(name, joined(&default))?;
        let numbers: Result<Vec<usize>, _> = text.split(',').map(|n| n.trim().parse()).collect();
        numbers.ok().and_then(|numbers| numbers.try_into().ok()).ok_or_else(|| FitError::Misuse {
            what: format!("setting {name}: {N} numbers are needed, such as {}", joined(&default)),
        })
    }

    /// The value of setting `name`, or `default`.
    ///
    /// # Errors
    /// `Misuse` for a value that does not parse.
    pub fn setting<T: std::str::FromStr>(&self, name: &str, default: T) -> Result<T, FitError> {
        let Some((_, value)) = self.settings.iter().rev().find(|(own, _)| own == name) else {
            return Ok(default);
        };
        value.parse().map_err(|_| FitError::Misuse {
            what: format!("setting {name}: `{value}` is no value of it"),
        })
    }

    /// What the value of setting `name` stands for among `choices`; the first if it is not set.
    ///
    /// # Errors
    /// `Misuse` for a value that is not among them.
    pub fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<T, FitError> {
        let value = self.setting(name, choices[0].0.to_string())?;
        let chosen = choices.iter().find(|(own, _)| *own == value);
        chosen.map(|(_, choice)| *choice).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(own, _)| *own).collect();
            FitError::Misuse { what: format!("{name} {value}: there are {}", names.join(", ")) }
        })
    }
}

/// Values with commas between them, as [`FitRequest::numbers`] reads them.
pub fn joined<T: ToString>(values: &[T]) -> String {
    values.iter().map(T::to_string).collect::<Vec<_>>().join(",")
}

/// How far a fit is.
#[derive(Clone, Debug)]
pub struct Progress<'a> {
    /// What is being done.
    pub stage: &'a str,
    /// How much of the whole fit is done, 0 to 1.
    pub done: f32,
    /// What the fit makes smaller, if this stage has such a figure, with its unit: `("bits a
    /// sample", 1.25)`.
    pub objective: Option<(&'a str, f32)>,
}

/// One fit: the pictures, the request, and the callback for progress.
pub struct FitJob<'a> {
    /// The pictures to fit to.
    pub pictures: &'a PictureList,
    /// What the user asked for.
    pub request: &'a FitRequest,
    /// Called with how far the fit is.
    pub on_progress: &'a mut dyn FnMut(&Progress<'_>),
}

impl<'a> FitJob<'a> {
    /// A fit to `pictures` as `request` says.
    pub fn new(
        pictures: &'a PictureList,
        request: &'a FitRequest,
        on_progress: &'a mut dyn FnMut(&Progress<'_>),
    ) -> Self {
        Self { pictures, request, on_progress }
    }
}

/// A model and what made it.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The model file.
    pub bytes: Vec<u8>,
    /// Name and value of all that was set or counted, for the model's card.
    pub parameters: Vec<(String, String)>,
}

/// Files that share a model: what its bytes cost is weighed against what it saves on so many.
pub const FILES: f64 = 1000.0;

/// What [`Fit::adapt`] has at hand.
pub trait Adapting {
    /// The pictures to adapt to.
    fn pictures(&self) -> &PictureList;

    /// Seed of everything drawn.
    fn seed(&self) -> u64;

    /// Says what is being done and how much of it is, 0 to 1; gives whether to go on.
    fn goes_on(&mut self, stage: &str, done: f32) -> bool;

    /// Begins something that is to be measured.
    fn begin(&mut self);

    /// Measures a model, which is kept if it is the best.
    ///
    /// # Errors
    /// Those of coding the held-out pictures.
    fn measure(&mut self, what: &str, model: Vec<u8>) -> Result<(), FitError>;
}

/// Fits one codec's model, and describes it.
pub trait Fit: Sync {
    /// Fits a model.
    ///
    /// # Errors
    /// `Misuse` for settings or a folder that cannot be fitted to, `Picture` and `Io` for a
    /// picture that cannot be read.
    fn fit(&self, job: FitJob<'_>) -> Result<Fitted, FitError>;

    /// Adapts the `shipped` model to pictures in steps, each of which is measured; nothing for codecs
    /// that have no such way.
    ///
    /// # Errors
    /// Those of the model, of pictures and of measuring.
    fn adapt(&self, shipped: &[u8], run: &mut dyn Adapting) -> Result<(), FitError> {
        let _ = (shipped, run);
        Ok(())
    }

    /// Whether this is a training run with checkpoints in a folder, from a recipe that names
    /// its own seed.
    fn is_training_run(&self) -> bool {
        false
    }

    /// What `model` is, as names and values beside its size.
    ///
    /// # Errors
    /// The codec's own for bytes that are no whole model.
    fn describe(&self, model: &[u8]) -> Result<Vec<(&'static str, String)>, CodecError> {
        let _ = model;
        Ok(Vec::new())
    }
}
