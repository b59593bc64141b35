//! Pictures in memory and random crops from them; every crop follows from seed and step alone.

use super::Failure;
use crate::recipe::AugmentRecipe;
use std::path::{Path, PathBuf};
use tch::{Kind, Tensor};
use tintype_image::{ColourModel, Limits, Threads, io};

/// Small generator of 64-bit numbers (SplitMix64: Steele, Lea, Flood 2014).
pub(super) struct Random(u64);

impl Random {
    /// A generator for one step of one run.
    pub(super) fn new(seed: u64, step: u64) -> Self {
        let mut random = Self(seed ^ step.wrapping_mul(0xd134_2543_de82_ef95));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A whole number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// A number in `0.0..1.0`.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// One picture: interleaved RGB, 8 bits.
pub(super) struct Rgb {
    pub(super) name: String,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) samples: Vec<u8>,
}

impl Rgb {
    /// `[1, height, width, 3]`, 0 to 255, cut to multiples of `multiple`.
    pub(super) fn tensor(&self, multiple: usize) -> Tensor {
        let all = Tensor::from_slice(&self.samples).view([1, self.height as i64, self.width as i64, 3]);
        let height = (self.height / multiple * multiple) as i64;
        let width = (self.width / multiple * multiple) as i64;
        all.narrow(1, 0, height).narrow(2, 0, width).to_kind(Kind::Float)
    }
}

/// What is kept of pictures in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Whole pictures as long as all of them fit into the cache; of larger ones tiles from
    /// random places, as many as their share of the cache holds. For training.
    Tiles,
    /// The middle of each, up to 1024 × 1024 pixels. For validation.
    Middle,
}

/// Bytes of samples kept for training.
const TILE_CACHE_BYTES: usize = 2 << 30;
/// Side of the tiles kept of large pictures.
const TILE_PX: usize = 512;
/// Smallest side of a picture: one position of the hyper-latents.
const LEAST_PX: usize = 64;
/// Largest side of pictures to validate on.
const MIDDLE_PX: usize = 1024;

/// A set of pictures held in memory.
pub struct PictureSet {
    pub(super) pictures: Vec<Rgb>,
}

impl PictureSet {
    /// Reads every picture below `folders`, in the order of their paths; see [`PictureSet::of`].
    ///
    /// # Errors
    /// If a folder cannot be read or nothing is found.
    pub fn read(folders: &[PathBuf], keep: Keep) -> Result<Self, Failure> {
        let mut paths = Vec::new();
        for folder in folders {
            collect(folder, &mut paths)?;
        }
        paths.sort();
        Self::of(&paths, keep)
    }

    /// Reads the pictures `paths`, on two threads, and keeps of each what `keep` says. What is
    /// no picture is skipped and named.
    ///
    /// # Errors
    /// If nothing is left.
    pub fn of(paths: &[PathBuf], keep: Keep) -> Result<Self, Failure> {
        let share = TILE_CACHE_BYTES / paths.len().max(1);
        let kept = |i: usize| {
            let picture = read_rgb(&paths[i])?;
            if picture.width.min(picture.height) < LEAST_PX {
                return Err(format!("smaller than {LEAST_PX} × {LEAST_PX}").into());
            }
            Ok::<_, Failure>(match keep {
                Keep::Tiles => tiles(picture, share, i as u64),
                Keep::Middle => vec![middle(&picture)],
            })
        };
        let read = tintype_codec::map_indexed(Threads::new(2), paths.len(), kept);
        let mut pictures = Vec::new();
        for (path, result) in paths.iter().zip(read) {
            match result {
                Ok(parts) => pictures.extend(parts),
                Err(error) => eprintln!("skipped {}: {error}", path.display()),
            }
        }
        if pictures.is_empty() {
            return Err("no picture found; name folders with PNG or JPEG files".into());
        }
        Ok(Self { pictures })
    }

    /// `count` pictures of noise, for tests.
    #[cfg(test)]
    pub(super) fn of_noise(width: usize, height: usize, count: usize) -> Self {
        let mut random = Random::new(7, 7);
        let mut noise = || (0..width * height * 3).map(|_| random.below(256) as u8).collect();
        let picture = |i: usize| Rgb { name: format!("noise {i}"), width, height, samples: noise() };
        Self { pictures: (0..count).map(picture).collect() }
    }

    /// Number of pictures.
    pub fn count(&self) -> usize {
        self.pictures.len()
    }

    /// Whether a crop of `side` fits into some picture.
    pub(super) fn holds(&self, side: i64) -> bool {
        self.pictures.iter().any(|p| p.width.min(p.height) as i64 >= side)
    }

    /// `count` crops `[count, side, side, 3]` of samples 0 to 255, mirrored and turned at
    /// random and changed as `augment` says.
    pub(super) fn crops(
        &self,
        random: &mut Random,
        count: i64,
        side: i64,
        augment: &AugmentRecipe,
    ) -> Tensor {
        let side_px = side as usize;
        let fitting: Vec<&Rgb> =
            self.pictures.iter().filter(|p| p.width.min(p.height) >= side_px).collect();
        let mut samples = Vec::with_capacity((count * side * side * 3) as usize);
        for _ in 0..count {
            let picture = fitting[random.below(fitting.len())];
            if augment.scale > 0.0 || augment.rotation_degrees > 0.0 {
                turned_crop(picture, random, side_px, augment, &mut samples);
            } else {
                straight_crop(picture, random, side_px, &mut samples);
            }
            if augment.jitter > 0.0 {
                let own = samples.len() - side_px * side_px * 3;
                jitter(&mut samples[own..], random, augment.jitter);
            }
            if augment.grain > 0.0 && random.below(2) == 0 {
                let own = samples.len() - side_px * side_px * 3;
                grain(&mut samples[own..], random, augment.grain);
            }
        }
        Tensor::from_slice(&samples).view([count, side, side, 3]).to_kind(Kind::Float)
    }
}

fn straight_crop(picture: &Rgb, random: &mut Random, side: usize, samples: &mut Vec<u8>) {
    let left = random.below(picture.width - side + 1);
    let top = random.below(picture.height - side + 1);
    let turn = random.below(8);
    for y in 0..side {
        for x in 0..side {
            let (mut u, mut v) = if turn & 1 == 0 { (x, y) } else { (y, x) };
            u = if turn & 2 == 0 { u } else { side - 1 - u };
            v = if turn & 4 == 0 { v } else { side - 1 - v };
            let at = ((top + v) * picture.width + left + u) * 3;
            samples.extend_from_slice(&picture.samples[at..at + 3]);
        }
    }
}

/// A crop scaled down and turned about its centre, bilinear; what lies outside the picture
/// repeats its edge.
fn turned_crop(
    picture: &Rgb,
    random: &mut Random,
    side: usize,
    augment: &AugmentRecipe,
    samples: &mut Vec<u8>,
) {
    let factor = 1.0 + augment.scale * random.unit();
    let angle = (augment.rotation_degrees * (2.0 * random.unit() - 1.0)).to_radians();
    let mirror = if random.below(2) == 0 { 1.0 } else { -1.0 };
    let half = side as f64 / 2.0;
    let mut centre = |size: usize| {
        let free = (size as f64 - 2.0 * half * factor).max(0.0);
        (size as f64 - free) / 2.0 + free * random.unit()
    };
    let (cx, cy) = (centre(picture.width), centre(picture.height));
    let (sin, cos) = (angle.sin() * factor, angle.cos() * factor);
    for y in 0..side {
        for x in 0..side {
            let (u, v) = ((x as f64 + 0.5 - half) * mirror, y as f64 + 0.5 - half);
            let px = (cx + u * cos - v * sin - 0.5).clamp(0.0, picture.width as f64 - 1.001);
            let py = (cy + u * sin + v * cos - 0.5).clamp(0.0, picture.height as f64 - 1.001);
            let (ix, iy) = (px as usize, py as usize);
            let (fx, fy) = (px - ix as f64, py - iy as f64);
            for c in 0..3 {
                let at = |dx: usize, dy: usize| {
                    f64::from(picture.samples[((iy + dy) * picture.width + ix + dx) * 3 + c])
                };
                let upper = at(0, 0) * (1.0 - fx) + at(1, 0) * fx;
                let lower = at(0, 1) * (1.0 - fx) + at(1, 1) * fx;
                samples.push((upper * (1.0 - fy) + lower * fy).round() as u8);
            }
        }
    }
}

fn jitter(samples: &mut [u8], random: &mut Random, most: f64) {
    let mut draw = || most * (2.0 * random.unit() - 1.0);
    let change = [0; 3].map(|_| (1.0 + draw(), 64.0 * draw()));
    for pixel in samples.chunks_exact_mut(3) {
        for (sample, (contrast, brightness)) in pixel.iter_mut().zip(change) {
            *sample = ((f64::from(*sample) - 127.5) * contrast + 127.5 + brightness)
                .round()
                .clamp(0.0, 255.0) as u8;
        }
    }
}

/// Adds noise that is half common to the three channels, as grain and sensors make it; nearly
/// normal, from sums of uniform bytes.
fn grain(samples: &mut [u8], random: &mut Random, most: f64) {
    let deviation = most * random.unit();
    // The sum of four bytes less its mean, each uniform over 0 to 255: its deviation is 147.8.
    let by = (deviation / std::f64::consts::SQRT_2 / 147.8) as f32;
    let sum = |bits: u32| bits.to_le_bytes().iter().map(|&b| f32::from(b)).sum::<f32>() - 510.0;
    for pixel in samples.chunks_exact_mut(3) {
        let (one, two) = (random.next(), random.next());
        let common = sum(one as u32);
        let own = [sum((one >> 32) as u32), sum(two as u32), sum((two >> 32) as u32)];
        for (sample, own) in pixel.iter_mut().zip(own) {
            *sample = (f32::from(*sample) + (common + own) * by).round().clamp(0.0, 255.0) as u8;
        }
    }
}

/// The input of the network for `samples`: noise added, pixels missing.
pub(super) fn augmented(samples: &Tensor, augment: &AugmentRecipe) -> Tensor {
    let mut seen = samples.shallow_clone();
    if augment.noise > 0.0 {
        seen = (&seen + seen.randn_like() * augment.noise).clamp(0.0, 255.0);
    }
    if augment.missing > 0.0 {
        let missing = seen.narrow(3, 0, 1).rand_like().lt(augment.missing).to_kind(Kind::Float);
        seen = &seen * (-&missing + 1.0) + missing * 127.5;
    }
    seen
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("folder {}: {e}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else if path
            .extension()
            .and_then(|e| e.to_str())
            .and_then(io::PictureFormat::from_extension)
            .is_some()
        {
            paths.push(path);
        }
    }
    Ok(())
}

/// Colour planes as 8-bit RGB: gray three times, deeper samples by their leading bits.
fn read_rgb(path: &Path) -> Result<Rgb, Failure> {
    let picture = io::read_picture(&std::fs::read(path)?, &Limits::default())?;
    let shape = &picture.planes.shape;
    let colours = match shape.colour {
        ColourModel::Gray => [0; 3],
        ColourModel::Rgb => [0, 1, 2],
        _ => return Err("neither gray nor RGB".into()),
    };
    let (width, height) = (shape.width_px, shape.height_px);
    let depths = colours.map(|c| shape.planes[c].bit_depth);
    let mut samples = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        let rows = colours.map(|c| picture.planes.planes[c].row(y));
        for x in 0..width {
            samples.extend([0, 1, 2].map(|c| eight_bits(rows[c][x], depths[c])));
        }
    }
    Ok(Rgb {
        name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        width,
        height,
        samples,
    })
}

fn eight_bits(sample: u16, depth: u8) -> u8 {
    let most = (1u32 << depth) - 1;
    ((u32::from(sample) * 255 + most / 2) / most) as u8
}

/// The picture itself if it has at most `share` bytes, else tiles of it that have, at least one.
fn tiles(picture: Rgb, share: usize, seed: u64) -> Vec<Rgb> {
    if picture.samples.len() <= share {
        return vec![picture];
    }
    let (width, height) = (picture.width.min(TILE_PX), picture.height.min(TILE_PX));
    let count = (share / (width * height * 3)).max(1);
    let mut random = Random::new(seed, 0);
    let mut tile = |_| {
        let (left, top) =
            (random.below(picture.width - width + 1), random.below(picture.height - height + 1));
        part(&picture, [left, top, width, height])
    };
    (0..count).map(&mut tile).collect()
}

fn middle(picture: &Rgb) -> Rgb {
    let (width, height) = (picture.width.min(MIDDLE_PX), picture.height.min(MIDDLE_PX));
    part(picture, [(picture.width - width) / 2, (picture.height - height) / 2, width, height])
}

fn part(picture: &Rgb, [left, top, width, height]: [usize; 4]) -> Rgb {
    let mut samples = Vec::with_capacity(width * height * 3);
    for y in top..top + height {
        samples.extend_from_slice(&picture.samples[(y * picture.width + left) * 3..][..width * 3]);
    }
    Rgb { name: picture.name.clone(), width, height, samples }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pictures_are_kept_as_tiles_within_their_share() {
        let (width, height) = (1500, 700);
        let samples: Vec<u8> = (0..width * height)
            .flat_map(|i| [(i % width / 10) as u8, (i / width / 4) as u8, 9])
            .collect();
        let picture = || Rgb { name: "large".into(), width, height, samples: samples.clone() };
        assert_eq!(tiles(picture(), usize::MAX, 1).len(), 1);
        let parts = tiles(picture(), 2 * TILE_PX * TILE_PX * 3 + 5, 1);
        assert_eq!(parts.len(), 2);
        for tile in &parts {
            let at = |x: usize, y: usize| &tile.samples[(y * TILE_PX + x) * 3..][..3];
            assert!(
                at(TILE_PX - 1, 0)[0] - at(0, 0)[0] >= 50 && at(0, TILE_PX - 1)[1] - at(0, 0)[1] >= 127
            );
        }
        assert_eq!(tiles(picture(), 10, 1).len(), 1);
        let kept = middle(&picture());
        assert_eq!((kept.width, kept.height, &kept.samples[..3]), (1024, 700, &[23, 0, 9][..]));
    }

    #[test]
    fn deep_samples_keep_their_ends() {
        assert_eq!(
            [eight_bits(0, 16), eight_bits(65_535, 16), eight_bits(1, 1), eight_bits(255, 8)],
            [0, 255, 255, 255]
        );
    }
}
