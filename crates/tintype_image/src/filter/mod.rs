//! Denoising before encoding: median, Gaussian, non-local means.
//!
//! In: planes of `0..2^bit_depth`; out: planes of the same shape. Colour planes and bands are
//! filtered; alpha and depth pass unchanged. Edges are replicated. Bands of rows are filtered by
//! several threads; the result does not depend on how many. Never part of decoding.

mod gaussian;
mod median;
mod non_local_means;

use crate::{ImageError, Plane, PlaneRole, Planes, Threads};

/// Which filter, with its parameters.
///
/// ```
/// use tintype_image::filter::{Denoise, denoised};
/// use tintype_image::{Planes, Shape, Threads};
///
/// let planes = Planes::new(Shape::gray(8, 8, 8));
/// assert_eq!(denoised(&planes, Denoise::Median3, Threads::ONE)?, planes);
/// # Ok::<(), tintype_image::ImageError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Denoise {
    /// Median of 3×3 samples.
    Median3,
    /// Median of 5×5 samples.
    Median5,
    /// Gaussian blur.
    Gaussian {
        /// Standard deviation in samples, above 0 and at most 50.
        sigma_px: f32,
    },
    /// Non-local means.
    NonLocalMeans {
        /// Side of the patches compared: 3, 5 or 7.
        patch_px: usize,
        /// Side of the window searched: odd, 3 to 41.
        window_px: usize,
        /// Filter strength h as a share of the largest sample, above 0 and at most 1; about the
        /// noise's deviation.
        strength: f32,
    },
}

impl Denoise {
    fn check(self) -> Result<(), ImageError> {
        let wrong = |what: String| Err(ImageError::Misuse { what });
        match self {
            Self::Gaussian { sigma_px } if !(sigma_px > 0.0 && sigma_px <= 50.0) => {
                wrong(format!("Gaussian blur with a deviation of {sigma_px}; above 0 to 50 pixels"))
            }
            Self::NonLocalMeans { patch_px, .. } if !matches!(patch_px, 3 | 5 | 7) => {
                wrong(format!("non-local means with patches of {patch_px} pixels; 3, 5 or 7"))
            }
            Self::NonLocalMeans { window_px, .. }
                if window_px % 2 == 0 || !(3..=41).contains(&window_px) =>
            {
                wrong(format!("non-local means with a window of {window_px}; odd, 3 to 41 pixels"))
            }
            Self::NonLocalMeans { strength, .. } if !(strength > 0.0 && strength <= 1.0) => {
                wrong(format!("non-local means of strength {strength}; above 0 to 1"))
            }
            _ => Ok(()),
        }
    }
}

/// Filters the colour planes and bands of `source`.
///
/// # Errors
/// `Misuse` for parameters outside their ranges.
pub fn denoised(source: &Planes, filter: Denoise, threads: Threads) -> Result<Planes, ImageError> {
    filter.check()?;
    let mut out = source.clone();
    for (plane, info) in out.planes.iter_mut().zip(&source.shape.planes) {
        if matches!(info.role, PlaneRole::Alpha | PlaneRole::Depth) {
            continue;
        }
        *plane = match filter {
            Denoise::Median3 => by_rows(plane, threads, median::median_3x3),
            Denoise::Median5 => by_rows(plane, threads, median::median_5x5),
            Denoise::Gaussian { sigma_px } => gaussian::blurred(plane, sigma_px, threads),
            Denoise::NonLocalMeans { patch_px, window_px, strength } => {
                let h = strength * f32::from(info.sample_max());
                by_rows(plane, threads, |source, y, out| {
                    non_local_means::rows(source, (patch_px, window_px), h, y, out);
                })
            }
        };
    }
    Ok(out)
}

/// Rows of one unit of work. Small enough to balance threads, large enough that margins are
/// cheap; not measured.
const BAND_ROWS: usize = 64;

/// Fills a plane in bands of rows: `work(source, first row, rows to fill)`.
fn by_rows<T, U>(
    source: &Plane<T>,
    threads: Threads,
    work: impl Fn(&Plane<T>, usize, &mut [U]) + Sync,
) -> Plane<U>
where
    T: Copy + Default + Sync,
    U: Copy + Default + Send,
{
    let mut out = Plane::new(source.width(), source.height());
    let width = source.width().max(1);
    let rows = out.as_mut_slice().expect("a new plane has no gaps");
    let bands: Vec<_> = rows.chunks_mut(BAND_ROWS * width).map(std::sync::Mutex::new).collect();
    threads.for_each(bands.len(), &|index| {
        let mut band = bands[index].lock().expect("each band is locked once");
        work(source, index * BAND_ROWS, &mut band);
    });
    out
}

/// Row `y + offset`, or the nearest there is.
fn row_near<T: Copy + Default>(plane: &Plane<T>, y: usize, offset: isize) -> &[T] {
    plane.row(y.saturating_add_signed(offset).min(plane.height() - 1))
}

/// `row` with `margin` copies of its first and last sample around it.
fn widened<T: Copy>(row: &[T], margin: usize, out: &mut Vec<T>) {
    out.clear();
    out.extend(std::iter::repeat_n(row[0], margin));
    out.extend_from_slice(row);
    out.extend(std::iter::repeat_n(row[row.len() - 1], margin));
}

#[cfg(test)]
mod tests;
