//! Pictures with opacity before lossy coding: colour where nothing of it is seen, and fewer levels
//! of opacity.
//!
//! In and out: planes of one shape. Colour under clear pixels is free: it is replaced by a smooth
//! continuation of what is seen, which costs few bits. Opacity itself is coded without loss; with
//! fewer levels it takes fewer bytes, and clear and opaque stay what they are.
//!
//! Source: P. Burt, "Moment images, polynomial fit filters, and the problem of surface
//! interpolation", 1988 (filling by a pyramid of means). Not bit-exact: an encoder's choice.

use tintype_image::{Plane, PlaneRole, Planes};

/// The place of the only alpha plane of a picture with colours.
fn alpha_of(planes: &Planes) -> Option<usize> {
    let shape = &planes.shape;
    let mut alphas = (0..shape.planes.len()).filter(|i| shape.planes[*i].role == PlaneRole::Alpha);
    alphas.next().filter(|_| alphas.next().is_none() && shape.colour_planes() > 0)
}

/// Continues colour under clear pixels; `None` if no pixel is clear, or none is not.
pub(crate) fn with_clear_filled(planes: &Planes) -> Option<Planes> {
    let alpha = &planes.planes[alpha_of(planes)?];
    let clear = alpha.rows().flatten().filter(|sample| **sample == 0).count();
    if clear == 0 || clear == alpha.width() * alpha.height() {
        return None;
    }
    let mut out = planes.clone();
    for (plane, info) in out.planes.iter_mut().zip(&planes.shape.planes) {
        if info.role == PlaneRole::Colour {
            let (x_log2, y_log2) = (info.subsample_x_log2, info.subsample_y_log2);
            fill(plane, &seen(alpha, (x_log2, y_log2), (plane.width(), plane.height())));
        }
    }
    Some(out)
}

/// For each sample of a plane with these ratios whether a pixel of it is not clear.
fn seen(alpha: &Plane<u16>, (x_log2, y_log2): (u8, u8), (width, height): (usize, usize)) -> Vec<bool> {
    let mut seen = vec![false; width * height];
    for (y, row) in alpha.rows().enumerate() {
        let target = &mut seen[(y >> y_log2) * width..][..width];
        for (x, sample) in row.iter().enumerate() {
            target[x >> x_log2] |= *sample > 0;
        }
    }
    seen
}

/// One step of the pyramid: means of known samples, 0 where there is none.
struct Level {
    width: usize,
    height: usize,
    /// Value and whether it is known.
    samples: Vec<(u16, bool)>,
}

impl Level {
    fn halved(&self) -> Self {
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let mut samples = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let rows = 2 * y..(2 * y + 2).min(self.height);
                let columns = 2 * x..(2 * x + 2).min(self.width);
                let cells =
                    rows.flat_map(|y| columns.clone().map(move |x| self.samples[y * self.width + x]));
                let known = cells.filter(|(_, known)| *known);
                let (sum, count) =
                    known.fold((0u32, 0), |(sum, count), (v, _)| (sum + u32::from(v), count + 1));
                samples.push((((sum + count / 2) / count.max(1)) as u16, count > 0));
            }
        }
        Self { width, height, samples }
    }

    /// Fills unknown samples from the next coarser level, whose samples are all known: a quarter
    /// of the way to the neighbours.
    fn fill_from(&mut self, coarse: &Self) {
        for y in 0..self.height {
            for x in 0..self.width {
                let sample = &mut self.samples[y * self.width + x];
                if sample.1 {
                    continue;
                }
                let near = |at: usize, len: usize| {
                    let side =
                        if at.is_multiple_of(2) { (at / 2).saturating_sub(1) } else { at / 2 + 1 };
                    (at / 2, side.min(len - 1))
                };
                let ((x0, x1), (y0, y1)) = (near(x, coarse.width), near(y, coarse.height));
                let at = |x: usize, y: usize| u32::from(coarse.samples[y * coarse.width + x].0);
                let sum = 9 * at(x0, y0) + 3 * at(x1, y0) + 3 * at(x0, y1) + at(x1, y1);
                *sample = (((sum + 8) / 16) as u16, true);
            }
        }
    }
}

fn fill(plane: &mut Plane<u16>, seen: &[bool]) {
    let (width, height) = (plane.width(), plane.height());
    let values = plane.rows().flatten().copied();
    let mut levels = vec![Level { width, height, samples: values.zip(seen.iter().copied()).collect() }];
    while let Some(last) = levels.last()
        && last.samples.iter().any(|(_, known)| !known)
        && last.samples.len() > 1
    {
        let next = last.halved();
        levels.push(next);
    }
    while let (Some(coarse), Some(fine)) = (levels.pop(), levels.last_mut()) {
        fine.fill_from(&coarse);
        if levels.len() == 1 {
            break;
        }
    }
    let Some(filled) = levels.first() else { return };
    for (y, row) in filled.samples.chunks_exact(width).enumerate() {
        plane.row_mut(y).iter_mut().zip(row).for_each(|(sample, (value, _))| *sample = *value);
    }
}

/// Fewer levels of opacity for a quality of 0 to 100: 2 at 0, 16 at 70, all at 100.
pub(crate) fn with_fewer_levels(planes: &Planes, quality: u8) -> Option<Planes> {
    let index = alpha_of(planes)?;
    let steps = match quality {
        0..=70 => 1 + u32::from(quality) / 5,
        71..=99 => 15 + 8 * (u32::from(quality) - 70),
        _ => return None,
    };
    let max = u32::from(planes.shape.planes[index].sample_max());
    if steps >= max {
        return None;
    }
    let mut out = planes.clone();
    let plane = &mut out.planes[index];
    for y in 0..plane.height() {
        for sample in plane.row_mut(y) {
            let step = (u32::from(*sample) * steps + max / 2) / max;
            *sample = ((step * max + steps / 2) / steps) as u16;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tintype_image::{PlaneInfo, Shape};

    fn disc() -> Planes {
        let mut shape = Shape::rgb(33, 20, 8);
        shape.planes.push(PlaneInfo::new(PlaneRole::Alpha, 8));
        let mut planes = Planes::new(shape);
        for y in 0..20usize {
            for x in 0..33usize {
                let far = x.abs_diff(16).pow(2) + y.abs_diff(10).pow(2);
                planes.planes[3].row_mut(y)[x] = if far < 36 { 255 } else { 0 };
                planes.planes[1].row_mut(y)[x] = if far < 36 { 100 } else { 255 };
            }
        }
        planes
    }

    #[test]
    fn what_is_seen_stays_and_the_rest_continues_it() {
        let planes = disc();
        let filled = with_clear_filled(&planes).unwrap();
        assert_eq!(filled.planes[3], planes.planes[3]);
        assert!(filled.planes[1].rows().flatten().all(|sample| *sample == 100));
        let mut opaque = planes.clone();
        (0..20).for_each(|y| opaque.planes[3].row_mut(y).fill(1));
        assert_eq!(with_clear_filled(&opaque), None);
        // A clear half-size sample has no pixel that is seen.
        let mut half = planes.clone();
        half.shape.planes[1].subsample_x_log2 = 1;
        half.planes[1] = Plane::new(17, 20);
        assert!(with_clear_filled(&half).is_some());
    }

    #[test]
    fn fewer_levels_keep_clear_and_opaque() {
        let mut planes = disc();
        (0..33).for_each(|x| planes.planes[3].row_mut(0)[x] = (x * 8) as u16);
        planes.planes[3].row_mut(0)[32] = 255;
        let levels = |quality: u8| {
            let fewer = with_fewer_levels(&planes, quality)?;
            let mut values: Vec<u16> = fewer.planes[3].rows().flatten().copied().collect();
            values.sort_unstable();
            values.dedup();
            Some(values)
        };
        assert_eq!(levels(0).unwrap(), [0, 255]);
        assert_eq!(levels(10).unwrap(), [0, 85, 170, 255]);
        assert_eq!(levels(70).unwrap().len(), 16);
        assert_eq!(levels(100), None);
    }
}
