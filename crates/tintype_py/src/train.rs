//! Fitting models to the user's own pictures.

use crate::errors::{exception, misuse};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::path::PathBuf;
use tintype::{CodecError, ErrorKind, codec};
use tintype_train::{FitError, FitJob, FitRequest, PictureList, Progress, fitted_codecs, fitter};

/// Seed, number of pictures that are read at most, settings of the codec's own.
type Request = (u64, usize, Vec<(String, String)>);

/// Fits a model for `codec` to picture files; the bytes of the model file. `progress` is called with what is being done, and how much of all
/// is done, 0 to 1; what it raises is raised once the fit ends.
#[pyfunction]
pub fn train<'py>(
    py: Python<'py>,
    files: Vec<PathBuf>,
    codec: &str,
    request: Request,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let fit = codec::named(codec).and_then(fitter).ok_or_else(|| {
        let names: Vec<&str> = fitted_codecs().map(|id| id.name()).collect();
        misuse(format!("codec {codec:?} has no model that is fitted; {} have", names.join(", ")))
    })?;
    let (seed, pictures_max, settings) = request;
    let request = FitRequest { seed, pictures_max, settings };
    let pictures = PictureList::new(files);
    let mut raised_by = None;
    let fitted = py.detach(|| {
        let mut on_progress = |progress_now: &Progress<'_>| {
            let Some(progress) = &progress else { return };
            if raised_by.is_none() {
                let told =
                    Python::attach(|py| progress.call1(py, (progress_now.stage, progress_now.done)));
                raised_by = told.err();
            }
        };
        fit.fit(FitJob::new(&pictures, &request, &mut on_progress))
    });
    if let Some(error) = raised_by {
        return Err(error);
    }
    Ok(PyBytes::new(py, &fitted.map_err(told)?.bytes))
}

fn told(error: FitError) -> PyErr {
    let text = error.to_string();
    let kind = match error {
        FitError::Io { .. } => ErrorKind::Io,
        FitError::Codec(CodecError::Malformed { .. }) => ErrorKind::Malformed,
        FitError::Codec(CodecError::Limit { .. }) => ErrorKind::Limit,
        FitError::Codec(CodecError::Unsupported { .. }) => ErrorKind::Unsupported,
        FitError::Picture { error, .. } => tintype::Error::from(error).kind(),
        _ => ErrorKind::Misuse,
    };
    exception(kind, text)
}
