//! The `sparse` fit as `tintype train` runs it.

use super::{Method, Report, SparseOptions, fit};
use crate::{Fit, FitError, FitJob, FitRequest, Fitted, PictureList, Progress, joined};
use tintype_image::Planes;
use tintype_sparse::SETS;

/// Fits a `sparse` model.
#[derive(Clone, Copy, Debug)]
pub struct SparseFit;

/// The most samples of all pictures together that are held in memory: more are cut out of their
/// middles.
const SAMPLES_MAX: usize = 96 << 20;

/// Six numbers within `1..=max`, separated by commas.
fn six(
    request: &FitRequest,
    name: &str,
    default: [usize; SETS],
    max: usize,
) -> Result<[usize; SETS], FitError> {
    let numbers = request.numbers(name, default)?;
    if numbers.iter().any(|number| !(1..=max).contains(number)) {
        return Err(FitError::Misuse {
            what: format!("setting {name}: numbers from 1 to {max} are possible"),
        });
    }
    Ok(numbers)
}

/// Reads the pictures; each gives at most its share of [`SAMPLES_MAX`], from its middle.
fn read(
    list: &PictureList,
    on_progress: &mut dyn FnMut(&Progress<'_>),
) -> Result<Vec<Planes>, FitError> {
    let share = SAMPLES_MAX / list.len().max(1);
    let mut pictures = Vec::with_capacity(list.len());
    for index in 0..list.len() {
        let planes = list.read(index)?.planes;
        let side = ((share / planes.planes.len().max(1)) as f64).sqrt() as usize & !31;
        let (width, height) = (planes.shape.width_px, planes.shape.height_px);
        let (wide, high) = (width.min(side.max(64)), height.min(side.max(64)));
        let middle = tintype_image::Region {
            x: ((width - wide) / 2) & !1,
            y: ((height - high) / 2) & !1,
            width: wide,
            height: high,
        };
        let cut = tintype_image::planes_cropped(&planes, middle);
        pictures
            .push(cut.map_err(|error| FitError::Picture { file: format!("picture {index}"), error })?);
        on_progress(&Progress {
            stage: "reading",
            done: 0.05 * index as f32 / list.len() as f32,
            objective: None,
        });
    }
    Ok(pictures)
}

/// The options of a request; defaults where it sets nothing.
fn options(request: &FitRequest) -> Result<SparseOptions, FitError> {
    request.check_settings(&[
        "clusters", "atoms", "blocks", "step", "rounds", "passes", "noise", "method", "pursuit",
    ])?;
    let default = SparseOptions { seed: request.seed, ..SparseOptions::default() };
    let method = request.choice("method", &[("ksvd", Method::Ksvd), ("online", Method::Online)])?;
    let lasso = request.choice("pursuit", &[("omp", false), ("lasso", true)])?;
    let options = SparseOptions {
        clusters: six(request, "clusters", default.clusters, 16)?,
        atoms: six(request, "atoms", default.atoms, 512)?,
        blocks: six(request, "blocks", default.blocks, 1 << 20)?,
        step: request.setting("step", default.step)?,
        rounds: request.setting("rounds", default.rounds)?,
        passes: request.setting("passes", default.passes)?,
        border_noise: request.setting("noise", default.border_noise)?,
        method,
        lasso,
        ..default
    };
    if !(1.0..=200.0).contains(&options.step) || !options.border_noise.is_finite() {
        return Err(FitError::Misuse {
            what: format!("setting step: {} (1 to 200 are possible)", options.step),
        });
    }
    Ok(options)
}

impl Fit for SparseFit {
    fn fit(&self, job: FitJob<'_>) -> Result<Fitted, FitError> {
        let FitJob { pictures, request, on_progress } = job;
        let options = options(request)?;
        let list = pictures.thinned(request.pictures_max);
        let planes = read(&list, on_progress)?;
        if planes.is_empty() {
            return Err(FitError::Misuse { what: "no pictures".into() });
        }
        let stages = ["luma 8", "luma 16", "luma 32", "chroma 8", "chroma 16", "chroma 32"];
        let (rounds, passes) = (options.rounds.max(1), options.passes.max(1));
        let bytes = fit(&planes, &options, |Report { pass, set, round, objective }| {
            let within = (set as f32 + (round + 1) as f32 / rounds as f32) / SETS as f32;
            let done = 0.05 + 0.9 * (pass as f32 + within) / passes as f32;
            on_progress(&Progress {
                stage: stages[set],
                done,
                objective: Some(("squared error and bits a sample", objective)),
            });
        });
        let parameters = [
            ("clusters (luma 8, 16, 32, chroma 8, 16, 32)", joined(&options.clusters)),
            ("atoms of each", joined(&options.atoms)),
            ("blocks drawn, at most", joined(&options.blocks)),
            ("step", options.step.to_string()),
            ("rounds and passes", format!("{rounds}, {passes}")),
            (
                "method, pursuit",
                format!("{:?}, {}", options.method, if options.lasso { "LASSO" } else { "OMP" }),
            ),
            ("noise assumed on borders", options.border_noise.to_string()),
        ];
        Ok(Fitted {
            bytes,
            parameters: parameters.map(|(name, value)| (name.to_string(), value)).to_vec(),
        })
    }
}
