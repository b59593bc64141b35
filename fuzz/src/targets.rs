//! What must take any bytes: one target for each reader.

use crate::seeds::{by_codec, clips, files, packed, test_data};
use std::io::{Cursor, Read};
use std::sync::OnceLock;
use tintype::files::read_picture;
use tintype::{
    ClipDecoder, CodecId, DecodeOptions, Decoder, Encoder, Front, Identity, Keys, Limits, Lock, Models,
    Passphrase, Picture, ProgressiveDecoder, Recipient, Region, Seal, Signature, Signer, SigningKey,
    codec,
};
use tintype_container::{ContainerLimits, Reader};
use tintype_image::io::Animation;
use tintype_image::io::y4m::Y4mReader;
use tintype_train::Recipe;

/// A reader, and sound inputs for it.
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Sound inputs.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Takes any bytes.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "container", seeds: || by_codec(codec::LOSSLESS), run: container },
    Target { name: "lossless", seeds: || by_codec(codec::LOSSLESS), run: decode },
    Target { name: "wavelet", seeds: || by_codec(codec::WAVELET), run: decode },
    Target { name: "photo", seeds: || by_codec(codec::PHOTO), run: decode },
    Target { name: "cluster", seeds: || by_codec(codec::CLUSTER), run: decode },
    Target { name: "sparse", seeds: || by_codec(codec::SPARSE), run: decode },
    Target { name: "neural", seeds: || by_codec(codec::NEURAL), run: decode },
    Target { name: "planes", seeds: || by_codec(codec::PLANES), run: decode },
    Target { name: "clip", seeds: || clips(false), run: clip },
    Target { name: "exact-clip", seeds: || clips(true), run: clip },
    Target { name: "packed-jpeg", seeds: packed, run: decode },
    Target { name: "progressive", seeds: || by_codec(codec::WAVELET), run: progressive },
    Target { name: "jpeg", seeds: || files("jpeg"), run: jpeg },
    Target { name: "pictures", seeds: picture_files, run: pictures },
    Target { name: "animation", seeds: || files("odd"), run: animation },
    Target { name: "model", seeds: models, run: model },
    Target { name: "recipe", seeds: || files("../recipes"), run: recipe },
    Target { name: "sealed", seeds: sealed_files, run: sealed },
    Target { name: "keys", seeds: || files("seal"), run: keys },
    Target { name: "round-trip", seeds: || files("pngsuite"), run: round_trip },
];

/// What a target may take: a megapixel or so.
fn limits() -> Limits {
    Limits { samples_max: 1 << 20, metadata_bytes_max: 1 << 20, ..Limits::default() }
}

fn options() -> DecodeOptions {
    DecodeOptions::new().threads(1).limits(limits())
}

fn container(bytes: &[u8]) {
    let limits = ContainerLimits { metadata_bytes_max: 1 << 20, ..ContainerLimits::default() };
    if let Ok(mut reader) = Reader::seek(Cursor::new(bytes), limits) {
        let _ = reader.sections(|key| key.tile % 2 == 0);
        let _ = reader.finish();
    }
}

fn decode(bytes: &[u8]) {
    let Ok(decoder) = Decoder::with_options(Cursor::new(bytes), options()) else { return };
    let shape = decoder.info().shape.clone();
    let whole = decoder.decode();
    // A part of a picture is that part of the whole, for damaged files as well.
    let region = Region {
        x: shape.width_px / 3,
        y: shape.height_px / 2,
        width: 1,
        height: shape.height_px.div_ceil(4),
    };
    let part = Decoder::with_options(Cursor::new(bytes), options()).map(|d| d.region(region).decode());
    drop((whole, part));
    let _ =
        Decoder::with_options(Cursor::new(bytes), options().partial(true)).map(|d| d.scale(4).decode());
    let _ = Decoder::from_stream_with_options(bytes, options()).map(Decoder::contents);
}

fn clip(bytes: &[u8]) {
    if let Ok(mut decoder) = ClipDecoder::with_options(bytes, options()) {
        while let Ok(Some(_)) = decoder.next_picture() {}
    }
    let Ok(mut decoder) = ClipDecoder::with_options(Cursor::new(bytes), options()) else { return };
    let _ = decoder.pictures();
    if decoder.seek(4).is_ok() {
        let _ = decoder.next_picture();
    }
}

fn animation(bytes: &[u8]) {
    if let Ok(Some(animation)) = Animation::open(bytes, &limits()) {
        animation.take(50).for_each(drop);
    }
    if let Ok(reader) = Y4mReader::new(bytes, &limits()) {
        reader.take(50).for_each(drop);
    }
}

fn recipe(bytes: &[u8]) {
    let _ = Recipe::parse(&String::from_utf8_lossy(bytes));
}

fn progressive(bytes: &[u8]) {
    let mut decoder = ProgressiveDecoder::with_options(options());
    for piece in bytes.chunks(bytes.len() / 5 + 1) {
        if decoder.push(piece).is_err() {
            return;
        }
    }
}

fn jpeg(bytes: &[u8]) {
    let _ = read_picture(bytes, &options());
    let _ = tintype::files::read_jpeg_rows(bytes, &options(), &mut |_, _| {});
    let _ = tintype::files::jpeg_inside(bytes);
    // What is packed comes back, whatever it is.
    if let Ok(tin) = Encoder::new().threads(1).limits(limits()).pack_jpeg(bytes) {
        let back = Decoder::from_stream_with_options(&tin.bytes[..], options());
        match back.and_then(Decoder::unpack_jpeg) {
            Ok(back) => assert!(back.as_deref() == Some(bytes), "a packed file came back changed"),
            Err(error) => panic!("a packed file did not come back: {error}"),
        }
    }
}

fn picture_files() -> Vec<Vec<u8>> {
    [files("odd"), files("pngsuite")].concat()
}

fn pictures(bytes: &[u8]) {
    let _ = read_picture(bytes, &options());
    let _ = read_picture(bytes, &options().page(2));
}

/// The smallest shipped models; the largest would take most of the time to copy.
fn models() -> Vec<Vec<u8>> {
    let file = |name| std::fs::read(test_data().join("../models").join(name)).ok();
    ["cluster-photo.tinmodel", "sparse-photo.tinmodel"].into_iter().filter_map(file).collect()
}

/// A model that is taken codes a picture, which comes back as one.
fn model(bytes: &[u8]) {
    let _ = Models::codec_of(bytes);
    let mut models = Models::default();
    let Ok(id) = models.add(bytes) else { return };
    let picture = Picture::from_gray8(24, 18, &[90; 24 * 18]);
    let encoder = Encoder::new().codec(id).models(models.clone()).effort(1).threads(1);
    if let Some(Ok(tin)) = picture.ok().map(|picture| encoder.encode(&picture)) {
        let options = options().models(models);
        let _ = Decoder::from_stream_with_options(&tin.bytes[..], options).map(Decoder::decode);
    }
}

const WORD: &str = "correct horse";

fn passphrase() -> Option<Passphrase> {
    Passphrase::new(WORD).ok()
}

fn identity() -> Option<Identity> {
    Identity::parse_list(include_str!("../../testdata/seal/age-key.txt")).ok()?.pop()
}

/// Seals to the key of [`identity`].
fn seal() -> Option<Seal> {
    static LOCK: OnceLock<Option<Lock>> = OnceLock::new();
    let lock = || Lock::for_recipients(&[identity()?.recipient().ok()?]).ok();
    LOCK.get_or_init(lock).clone().map(Seal::new)
}

fn sealed_files() -> Vec<Vec<u8>> {
    let locks = [
        passphrase().and_then(|word| Lock::for_passphrase(&word, 1).ok()),
        identity().and_then(|identity| Lock::for_recipients(&[identity.recipient().ok()?]).ok()),
    ];
    let picture = Picture::from_rgb8(24, 18, &[90; 24 * 18 * 3]);
    let mut files = Vec::new();
    for (lock, picture) in locks.into_iter().flatten().zip(std::iter::repeat(picture.ok())) {
        let seal = Seal::new(lock).open_preview(4);
        let encoder = Encoder::lossless().seal(seal).effort(1).threads(1);
        files.extend(picture.and_then(|picture| encoder.encode(&picture).ok()).map(|e| e.bytes));
    }
    files
}

fn sealed(bytes: &[u8]) {
    let mut keys = Keys::new().work_max(4).identities(identity());
    if let Some(word) = passphrase() {
        keys = keys.passphrase(word);
    }
    decode(bytes);
    let _ = Decoder::with_options(Cursor::new(bytes), options().keys(keys.clone())).map(Decoder::decode);
    // Whoever has a public key can seal anything to it.
    if let Some(Ok(file)) = seal().map(|seal| Encoder::new().seal(seal).close(bytes, None)) {
        let options = || options().keys(keys.clone());
        let _ = Decoder::with_options(Cursor::new(&file), options()).map(Decoder::decode);
        let _ = ClipDecoder::with_options(&file[..], options()).map(|mut clip| clip.next_picture());
    }
    let Ok(front) = Front::read(&mut &bytes[..]) else { return };
    for (index, part) in front.parts().iter().enumerate() {
        let rest = usize::try_from(part.at).ok().and_then(|at| bytes.get(at..));
        if let Some(Ok(mut opened)) = rest.map(|rest| front.open(index, &keys, rest)) {
            let _ = opened.read_to_end(&mut Vec::new());
        }
    }
}

fn keys(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = (Recipient::parse_list(&text), Identity::parse_list(&text));
    let _ = (Signature::parse(&text), Signer::parse(&text), SigningKey::parse(&text));
}

/// Any picture that can be read is coded without loss and comes back.
fn round_trip(bytes: &[u8]) {
    let Ok(read) = read_picture(bytes, &options()) else { return };
    let shape = &read.picture.planes.shape;
    if shape.width_px * shape.height_px > 1 << 14 {
        return;
    }
    let choices: [Option<CodecId>; 2] = [None, Some(codec::WAVELET)];
    for choice in choices {
        let mut encoder = Encoder::lossless().effort(1).threads(1).limits(limits());
        if let Some(id) = choice {
            encoder = encoder.codec(id);
        }
        let Ok(tin) = encoder.encode(&read.picture) else { continue };
        let back =
            Decoder::from_stream_with_options(&tin.bytes[..], options()).and_then(Decoder::decode);
        match back {
            Ok(back) => assert!(back.picture.planes == read.picture.planes, "samples came back changed"),
            Err(error) => panic!("an exact file did not decode: {error}"),
        }
    }
}
