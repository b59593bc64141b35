//! Which pictures are nearly the same, and which are held out: near-duplicates stay on one side.
//!
//! In: pictures. Out: lists of files. A picture is compared as 16 × 16 means of its first plane,
//! less their mean, by correlation. Not bit-exact.

use crate::{FitError, PictureList};
use tintype_codec::map_indexed;
use tintype_image::{Planes, Threads};

/// Sides of the small picture that is compared.
const SIDE: usize = 16;
/// Correlations from which two pictures count as the same, tried in turn until no group has more
/// than a quarter of the pictures: on plain walls everything is alike. Not measured.
const ALIKE: [f32; 4] = [0.97, 0.985, 0.993, 0.998];
/// One picture of so many is held out.
const SHARE: usize = 5;
/// The most pictures that are held out.
const HELD_OUT_MAX: usize = 40;

/// What is known of each picture before a fit.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Means of parts of the first plane less their mean, of length 1; all 0 for a flat picture.
    likeness: Vec<f32>,
    /// Width and height in pixels.
    pub size: (usize, usize),
}

impl Seen {
    /// What is to be known of `planes`.
    pub fn of(planes: &Planes) -> Self {
        let plane = &planes.planes[0];
        let (width, height) = (plane.width(), plane.height());
        let mut means = vec![0f32; SIDE * SIDE];
        let mut counts = vec![0f32; SIDE * SIDE];
        for y in 0..height {
            let row = plane.row(y);
            for (x, &sample) in row.iter().enumerate() {
                let part = y * SIDE / height * SIDE + x * SIDE / width;
                means[part] += f32::from(sample);
                counts[part] += 1.0;
            }
        }
        means.iter_mut().zip(&counts).for_each(|(mean, count)| *mean /= count.max(1.0));
        let mean = means.iter().sum::<f32>() / means.len() as f32;
        means.iter_mut().for_each(|v| *v -= mean);
        let length = means.iter().map(|v| v * v).sum::<f32>().sqrt();
        let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
        means.iter_mut().for_each(|v| *v *= scale);
        Self { likeness: means, size: (planes.shape.width_px, planes.shape.height_px) }
    }

    fn is_flat(&self) -> bool {
        self.likeness.iter().all(|&v| v == 0.0)
    }

    fn likeness(&self, other: &Self) -> f32 {
        if self.is_flat() && other.is_flat() {
            return 1.0;
        }
        self.likeness.iter().zip(&other.likeness).map(|(a, b)| a * b).sum()
    }
}

/// Reads all pictures of `list`; those that cannot be read are named, not kept.
pub fn look(list: &PictureList) -> (PictureList, Vec<Seen>, Vec<FitError>) {
    let seen = map_indexed(Threads::available(), list.len(), |index| {
        list.read(index).map(|picture| Seen::of(&picture.planes))
    });
    let (mut files, mut kept, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for (file, seen) in list.files().iter().zip(seen) {
        match seen {
            Ok(seen) => {
                files.push(file.clone());
                kept.push(seen);
            }
            Err(error) => failed.push(error),
        }
    }
    (PictureList::new(files), kept, failed)
}

/// The group of each picture: near-duplicates have the same number.
pub fn groups(pictures: &[Seen]) -> Vec<usize> {
    for alike in ALIKE {
        let groups = groups_at(pictures, alike);
        let mut sizes = vec![0; pictures.len()];
        groups.iter().for_each(|&group| sizes[group] += 1);
        if sizes.iter().all(|&size| size <= pictures.len().div_ceil(4)) {
            return groups;
        }
    }
    // All are alike: neighbours by name are held together.
    let run = pictures.len().div_ceil(SHARE).max(1);
    (0..pictures.len()).map(|index| index / run).collect()
}

fn groups_at(pictures: &[Seen], alike: f32) -> Vec<usize> {
    let mut groups: Vec<usize> = (0..pictures.len()).collect();
    for i in 0..pictures.len() {
        for j in 0..i {
            if groups[i] != groups[j] && pictures[i].likeness(&pictures[j]) >= alike {
                let (from, to) = (groups[i].max(groups[j]), groups[i].min(groups[j]));
                groups.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
            }
        }
    }
    groups
}

/// Two lists, to fit to and to measure on: one in [`SHARE`] is held out, at least one, whole groups
/// of `groups` only, spread over the list.
pub fn split(list: &PictureList, groups: &[usize]) -> (PictureList, PictureList) {
    let wanted = (list.len() / SHARE).clamp(1, HELD_OUT_MAX);
    let mut order: Vec<usize> = groups.to_vec();
    order.sort_unstable();
    order.dedup();
    // Groups in an order that jumps about the list, so that every part of it is measured.
    let stride = (order.len() as f32 * 0.618_034) as usize | 1;
    let mut held = vec![false; list.len()];
    let mut count = 0;
    let mut taken = vec![false; order.len()];
    let mut place = order.len() / 2;
    for _ in 0..order.len() {
        while taken[place % order.len()] {
            place += 1;
        }
        let index = place % order.len();
        taken[index] = true;
        place += stride;
        let size = groups.iter().filter(|&&group| group == order[index]).count();
        // A group that is more than what is wanted goes to the fit, unless nothing is held out else.
        if count + size > wanted.max(size.min(list.len() / 2)).min(wanted + wanted / 2).max(1) {
            continue;
        }
        groups
            .iter()
            .enumerate()
            .filter(|(_, group)| **group == order[index])
            .for_each(|(i, _)| held[i] = true);
        count += size;
        if count >= wanted {
            break;
        }
    }
    let of = |side: bool| {
        let files = list.files().iter().zip(&held).filter(|(_, held)| **held == side);
        PictureList::new(files.map(|(file, _)| file.clone()).collect())
    };
    (of(false), of(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use tintype_image::Shape;

    fn picture(of: impl Fn(usize, usize) -> u16) -> Seen {
        let mut planes = Planes::new(Shape::gray(32, 32, 8));
        for y in 0..32 {
            planes.planes[0].row_mut(y).iter_mut().enumerate().for_each(|(x, v)| *v = of(x, y));
        }
        Seen::of(&planes)
    }

    #[test]
    fn copies_are_one_group_and_stay_on_one_side() {
        let mut pictures = Vec::new();
        for i in 0..20usize {
            let wave = move |x: usize, y: usize| {
                ((x / 4 * (i * 7 % 11 + 1) + y / 4 * (i * 5 % 13 + 1)) * 37 % 97) as u16
            };
            pictures.push(picture(wave));
            // Brighter, with a little noise.
            pictures.push(picture(move |x, y| wave(x, y) + 40 + ((x * 3 + y) % 2) as u16));
        }
        let groups = groups(&pictures);
        assert!((0..20).all(|i| groups[2 * i] == groups[2 * i + 1]));
        assert_ne!(groups[0], groups[2]);
        let list = PictureList::new((0..40).map(|i| PathBuf::from(format!("{i:02}"))).collect());
        let (fit, held_out) = split(&list, &groups);
        assert!((6..=12).contains(&held_out.len()), "{}", held_out.len());
        assert_eq!(fit.len() + held_out.len(), 40);
        for file in held_out.files() {
            let index = list.files().iter().position(|own| own == file).unwrap();
            assert!(held_out.files().contains(&list.files()[index ^ 1]));
        }
    }

    #[test]
    fn pictures_that_are_all_alike_are_held_together_by_name() {
        let same: Vec<Seen> = (0..20).map(|_| picture(|x, _| x as u16)).collect();
        let groups = groups(&same);
        assert_eq!(groups.iter().max(), Some(&4));
        let list = PictureList::new((0..20).map(|i| PathBuf::from(format!("{i:02}"))).collect());
        assert_eq!(split(&list, &groups).1.len(), 4);
        let three = PictureList::new((0..3).map(|i| PathBuf::from(format!("{i}"))).collect());
        assert_eq!(split(&three, &[0, 1, 2]).1.len(), 1);
    }
}
