//! Every metric of two pictures.

use crate::errors::misuse;
use crate::picture::Picture;
use crate::samples::{Layout, picture_from_buffer};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Samples, or a picture.
#[derive(FromPyObject)]
enum Side<'py> {
    Picture(Bound<'py, Picture>),
    Samples(Bound<'py, PyAny>, (String, bool, u8)),
}

impl Side<'_> {
    fn planes(self, py: Python<'_>) -> PyResult<tintype::Planes> {
        match self {
            Self::Picture(picture) => Ok(picture.get().inner.full_range().into_owned()),
            Self::Samples(samples, (colour, alpha, bit_depth)) => {
                let layout = Layout { colour: &colour, alpha, bit_depth };
                Ok(picture_from_buffer(py, &samples, layout)?.planes)
            }
        }
    }
}

/// Metrics of two pictures of one size and kind; `None` for those that such pictures have not.
#[pyfunction]
pub fn compare<'py>(
    py: Python<'py>,
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    let (a, b) = (a.extract::<Side<'_>>()?.planes(py)?, b.extract::<Side<'_>>()?.planes(py)?);
    let report =
        py.detach(|| tintype_metrics::compare(&a, &b)).map_err(|error| misuse(error.to_string()))?;
    let dict = PyDict::new(py);
    for (name, value) in report.entries() {
        dict.set_item(name, value)?;
    }
    Ok(dict)
}
