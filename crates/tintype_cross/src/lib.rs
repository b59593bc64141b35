//! The same files decoded on every kind of machine: what they give must be equal to the last bit.
//!
//! In: `.tin` files of every codec that is built in, made from a small picture by [`samples`].
//! Out: a hash of what each decodes to ([`fingerprint`]). The program `tintype_cross` writes
//! the files and prints hashes; built for WASM, the functions below [`room`] do the same for a
//! host. `cargo xtask cross` compares them all.

use std::io::Cursor;
use std::sync::Mutex;
use tintype::{CodecId, DecodeOptions, Decoder, Encoder, Error, Goal, Level, Region, codec, files};
use tintype_image::{Picture, Plane, PlaneInfo, PlaneRole, sample_hash};

/// A file and its name.
pub struct Sample {
    /// Codec and quality.
    pub name: String,
    /// The `.tin` file.
    pub file: Vec<u8>,
}

static PHOTO: &[u8] = include_bytes!("../../../testdata/pictures/photo_a.png");
static JPEG: &[u8] = include_bytes!("../../../testdata/jpeg/progressive_444.jpg");

/// A file of every codec at several qualities, a kept JPEG, and one with transparency, odd in
/// size.
///
/// # Errors
/// If an encoder fails.
pub fn samples() -> Result<Vec<Sample>, Error> {
    let photo = files::read_picture(PHOTO, &DecodeOptions::new())?.picture;
    let mut list = Vec::new();
    let mut add = |name: String, picture: &Picture, codec: CodecId, goal: Goal| {
        let encoder = Encoder::new().codec(codec).goal(goal).threads(1);
        let file = encoder.encode(picture)?.bytes;
        list.push(Sample { name, file });
        Ok::<(), Error>(())
    };
    for id in codec::built_in() {
        if id == codec::LOSSLESS {
            add("lossless".into(), &photo, id, Goal::Lossless)?;
            continue;
        }
        for quality in [20.0, 80.0] {
            add(format!("{}-{quality}", id.name()), &photo, id, Goal::Quality(quality))?;
        }
    }
    add("neural-alpha".into(), &with_alpha(&photo), codec::NEURAL, Goal::Quality(60.0))?;
    let packed = Encoder::lossless().threads(1).encode_file(JPEG)?;
    list.push(Sample { name: "jpeg".into(), file: packed.bytes });
    Ok(list)
}

/// An odd part of `photo` with a transparency that falls to the right.
fn with_alpha(photo: &Picture) -> Picture {
    let (width, height) = (67, 45);
    let mut part = photo.clone();
    let shape = &mut part.planes.shape;
    (shape.width_px, shape.height_px) = (width, height);
    shape.planes.push(PlaneInfo::new(PlaneRole::Alpha, 8));
    let region = Region { x: 3, y: 5, width, height };
    part.planes.planes = photo.planes.planes.iter().map(|plane| plane.crop(region)).collect();
    let mut alpha = Plane::new(width, height);
    for y in 0..height {
        for (x, sample) in alpha.row_mut(y).iter_mut().enumerate() {
            *sample = (255 - x * 2 - y) as u16;
        }
    }
    part.planes.planes.push(alpha);
    part
}

/// What to decode, and with what.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// SIMD level.
    pub level: Level,
    /// Threads.
    pub threads: usize,
    /// In four parts that are put together again instead of as a whole.
    pub parts: bool,
}

/// A 64-bit hash of the samples that `file` decodes to.
///
/// # Errors
/// If it does not decode.
pub fn fingerprint(file: &[u8], way: Way) -> Result<u64, Error> {
    let options = DecodeOptions::new().threads(way.threads).level(way.level);
    let decode = |region: Option<Region>| {
        let mut decoder = Decoder::with_options(Cursor::new(file), options.clone())?;
        if let Some(region) = region {
            decoder = decoder.region(region);
        }
        Ok::<Picture, Error>(decoder.decode()?.picture)
    };
    let whole = decode(None)?;
    if !way.parts {
        return Ok(sample_hash(&whole.planes));
    }
    let shape = &whole.planes.shape;
    let (width, height) = (shape.width_px, shape.height_px);
    let (middle, centre) = (width / 2 / 2 * 2, height / 2 / 2 * 2);
    let mut together = whole.clone();
    together.planes.planes.iter_mut().for_each(|plane| {
        let rows = plane.height();
        (0..rows).for_each(|y| plane.row_mut(y).fill(0));
    });
    for (x, w) in [(0, middle), (middle, width - middle)] {
        for (y, h) in [(0, centre), (centre, height - centre)] {
            let part = decode(Some(Region { x, y, width: w, height: h }))?;
            for (index, plane) in part.planes.planes.iter().enumerate() {
                let info = &shape.planes[index];
                let (left, top) = (x >> info.subsample_x_log2, y >> info.subsample_y_log2);
                for row in 0..plane.height() {
                    together.planes.planes[index].row_mut(top + row)[left..left + plane.width()]
                        .copy_from_slice(plane.row(row));
                }
            }
        }
    }
    Ok(sample_hash(&together.planes))
}

/// Every level that this machine has, scalar first, by name.
pub fn levels() -> Vec<(&'static str, Level)> {
    let plain = vec![("scalar", Level::fallback()), ("best", Level::new())];
    #[cfg(target_arch = "x86_64")]
    let named = [
        Level::new().as_sse2().map(|level| ("sse2", Level::Sse2(level))),
        Level::new().as_avx2().map(|level| ("avx2", Level::Avx2(level))),
        Level::new().as_avx512().map(|level| ("avx512", Level::Avx512(level))),
    ];
    #[cfg(target_arch = "aarch64")]
    let named = [Level::new().as_neon().map(|level| ("neon", Level::Neon(level)))];
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let named: [Option<(&str, Level)>; 0] = [];
    plain.into_iter().chain(named.into_iter().flatten()).collect()
}

/// The file that a host without files has put here.
static FILE: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Makes room for a file of `len` bytes and says where it is.
// The attribute is what WASM hosts find functions by; the names are ours alone.
#[unsafe(no_mangle)]
pub extern "C" fn room(len: usize) -> *const u8 {
    let Ok(mut file) = FILE.lock() else { return std::ptr::null() };
    *file = vec![0; len];
    file.as_ptr()
}

/// The hash of what the file decodes to, with SIMD or, at 0, without; 0 if it does not decode.
#[unsafe(no_mangle)]
pub extern "C" fn check(simd: u32) -> u64 {
    let Ok(file) = FILE.lock() else { return 0 };
    let level = if simd == 0 { Level::fallback() } else { Level::new() };
    fingerprint(&file, Way { level, threads: 1, parts: false }).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_thread_count_and_tiling_decodes_alike() {
        for sample in samples().unwrap() {
            let plain = Way { level: Level::fallback(), threads: 1, parts: false };
            let expected = fingerprint(&sample.file, plain).unwrap();
            for (name, level) in levels() {
                for threads in [1, 2] {
                    for parts in [false, true] {
                        let found = fingerprint(&sample.file, Way { level, threads, parts }).unwrap();
                        assert_eq!(
                            found, expected,
                            "{}: {name}, {threads} threads, parts {parts}",
                            sample.name
                        );
                    }
                }
            }
        }
    }
}
