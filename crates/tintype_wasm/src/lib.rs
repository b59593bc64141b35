//! Tintype in the browser: what `web/worker.js` calls, built as a WebAssembly module that imports nothing.
//!
//! In: bytes that the page wrote at [`allocate`]d places. Out: pixels, files and text at places that it reads. One file at
//! a time is open, a worker having one module each. Models are not inside: the page fetches what a file
//! names. Statuses: 1 there is something new, 0 there is not, -1 an error whose words [`text_at`] and [`text_len`] point to.
//!
//! Pixels are red, green, blue and opacity, 8 bits, in sRGB or Display P3 as [`colours`] says.
#![deny(unsafe_code)]

mod colour;
mod json;
mod session;

use session::{Session, with};
use tintype::Region;
#[cfg(feature = "encode")]
use tintype::{Encoder, Goal, Picture, codec};

const ERROR: i32 = -1;

/// A place for `len` bytes; 0 if there is none. It is free again with [`release`].
#[allow(unsafe_code)] // Exporting a name is unsafe: two crates could choose the same.
#[unsafe(no_mangle)]
pub extern "C" fn allocate(len: usize) -> usize {
    with(|session| session.allocate(len))
}

/// Frees a place.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn release(place: usize) {
    with(|session| session.release(place));
}

/// Takes the model file at `place` for all files that follow.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn add_model(place: usize) -> i32 {
    with(|session| {
        let file = session.take(place);
        session.add_model(&file)
    })
}

/// Starts a file, of which the part and scale given will be decoded; a width of 0 stands for all of it.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn start(scale: u32, x: u32, y: u32, width: u32, height: u32) {
    let [x, y, width, height] = [x, y, width, height].map(|n| n as usize);
    let region = (width > 0).then_some(Region { x, y, width, height });
    with(|session| session.start(scale, region));
}

/// Takes the next bytes of the file, which are at `place`; 1 if [`pixels_at`] points to a better picture.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn push(place: usize) -> i32 {
    with(|session| {
        let bytes = session.take(place);
        session.push(&bytes)
    })
}

/// Says that no more bytes come; 1 for a picture of a file that was cut off, an error if nothing can be shown.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn finish() -> i32 {
    with(Session::finish)
}

/// What the head of the file that begins at `place` says, as JSON text; 0 while it is not whole. No file needs to be open.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn describe(place: usize) -> i32 {
    with(|session| {
        let bytes = session.take(place);
        session.describe(&bytes)
    })
}

/// Encodes the pixels at `place` (RGBA, 8 bits); 1 if [`pixels_at`] points to the file. `codec` is the number of a codec, 0 for
/// the one that fits; a quality above 100 asks for every sample.
#[cfg(feature = "encode")]
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn encode(
    place: usize,
    width: usize,
    height: usize,
    quality: f32,
    effort: u32,
    codec: u32,
) -> i32 {
    with(|session| {
        let pixels = session.take(place);
        let made = encoded((width, height), &pixels, quality, (effort, codec));
        session.give(made)
    })
}

/// Tells of the file at `place` what each part was coded as; 1 if [`pixels_at`] points to the parts: plane, column, row, side, choice,
/// levels, bits, of 32 bits each, little-endian, the last one a float.
#[cfg(feature = "encode")]
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn explain(place: usize) -> i32 {
    with(|session| {
        let file = session.take(place);
        let parts = session::decoder(&file).and_then(tintype::Decoder::explain);
        session.give(parts.map(|parts| parts.iter().flat_map(record).collect()))
    })
}

#[cfg(feature = "encode")]
fn record(part: &tintype::CodedPart) -> [u8; 28] {
    let numbers = [part.plane, part.x, part.y, part.side, part.choice, part.levels].map(|n| n as u32);
    let mut bytes = [0; 28];
    let words = numbers.into_iter().chain([part.bits.to_bits()]);
    bytes.as_chunks_mut::<4>().0.iter_mut().zip(words).for_each(|(to, word)| *to = word.to_le_bytes());
    bytes
}

#[cfg(feature = "encode")]
fn encoded(
    (width, height): (usize, usize),
    pixels: &[u8],
    quality: f32,
    (effort, number): (u32, u32),
) -> Result<Vec<u8>, tintype::Error> {
    let opaque = pixels.as_chunks::<4>().0.iter().all(|[.., alpha]| *alpha == 255);
    let picture = if opaque {
        let rgb =
            pixels.as_chunks::<4>().0.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue]);
        Picture::from_rgb8(width, height, &rgb.collect::<Vec<u8>>())?
    } else {
        Picture::from_rgba8(width, height, pixels)?
    };
    let goal = if quality > 100.0 { Goal::Lossless } else { Goal::Quality(quality) };
    let mut encoder =
        session::with_models(Encoder::new().goal(goal).effort(effort.min(9) as u8).threads(1));
    if let Some(id) = codec::built_in().find(|id| u32::from(id.number()) == number) {
        encoder = encoder.codec(id);
    }
    Ok(encoder.encode(&picture)?.bytes)
}

/// Where the last result lies.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn pixels_at() -> usize {
    with(|session| session.result().as_ptr() as usize)
}

/// How many bytes the last result has.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn pixels_len() -> usize {
    with(|session| session.result().len())
}

/// Width of the last picture.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn width() -> usize {
    with(|session| session.size().0)
}

/// Height of the last picture.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn height() -> usize {
    with(|session| session.size().1)
}

/// Colours of the last picture: 0 sRGB, 1 Display P3, 2 a profile that is shown as sRGB.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn colours() -> i32 {
    with(|session| session.colours() as i32)
}

/// Hash of the samples of the last picture as decoded, before they became colours of the screen: that which
/// native decoders give.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn samples_hash() -> u64 {
    with(|session| session.samples_hash())
}

/// Where the last words lie: of an error, a warning, or what [`describe`] says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn text_at() -> usize {
    with(|session| session.text().as_ptr() as usize)
}

/// How many bytes the last words have.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn text_len() -> usize {
    with(|session| session.text().len())
}
