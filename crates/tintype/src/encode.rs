//! Picture to file.

use crate::head::bytes_from_head;
use crate::rate::Search;
use crate::registry::{Candidates, candidates};
use crate::registry::{JPEG, built_in};
use crate::repack::{keeps_file, pack_jpeg, read_picture};
use crate::{Error, Models, Step};
use std::io::Write;
use tintype_codec::{Codec, CodecError, CodecId, ExecOptions, Payload, Tune};
use tintype_container::{
    MetadataItem, Parts, SHORT_HEAD_BYTES_MAX, SHORT_SECTION_BYTES_MAX, SectionKey, SectionRef,
    write_file, write_short_file,
};
use tintype_image::filter::{Denoise, denoised};
use tintype_image::{Metadata, Picture, Shape};
use tintype_jpeg::Verify;

/// What an encode shall reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// 0 to 100: the SSIMULACRA2 a typical photo reaches.
    Quality(f32),
    /// Every sample comes back.
    Lossless,
    /// Bits of file for each pixel; the file is no larger.
    Bpp(f32),
    /// Bytes of file; the file is no larger.
    SizeBytes(u64),
    /// Peak signal-to-noise ratio in dB.
    Psnr(f32),
    /// SSIMULACRA2, at most 100.
    Ssimulacra2(f32),
}

/// What the user asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct EncodeOptions {
    /// A codec, or `None`: the one that fits the picture.
    pub codec: Option<CodecId>,
    /// What to reach.
    pub goal: Goal,
    /// Good in which sense.
    pub tune: Tune,
    /// 1 (fast) to 9 (dense).
    pub effort: u8,
    /// Filter noise away first. Goals that measure quality then measure against the filtered picture.
    pub denoise: Option<Denoise>,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self {
            codec: None,
            goal: Goal::Quality(75.0),
            tune: Tune::Visual,
            effort: 5,
            denoise: None,
        }
    }
}

/// A file, and what made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The whole file.
    pub bytes: Vec<u8>,
    /// The codec, chosen or given.
    pub codec: CodecId,
}

/// Encodes the picture file `file` (PNG, JPEG, TIFF, …). A JPEG that shall lose nothing is kept as the file it is, in
/// fewer bytes, and comes back byte for byte in [`crate::Decoded::jpeg_file`].
///
/// # Errors
/// As [`encode`], and `Picture` for a file that cannot be read.
pub fn encode_file(
    file: &[u8],
    options: &EncodeOptions,
    exec: &ExecOptions,
) -> Result<Encoded, Error> {
    check_options(options)?;
    if keeps_file(file, options) {
        return pack_jpeg(file, options.effort, Verify::Yes, exec);
    }
    encode(&read_picture(file, exec)?, options, exec)
}

/// Encodes `picture`. The result depends on neither `exec.threads` nor `exec.level`.
///
/// # Errors
/// `Misuse` for options out of range or a goal that cannot be reached, `Unsupported` for a codec that is not built in,
/// `Codec` where the codec fails, `Picture` for a shape outside the limits.
pub fn encode(
    picture: &Picture,
    options: &EncodeOptions,
    exec: &ExecOptions,
) -> Result<Encoded, Error> {
    encode_with(&built_in, picture, options, exec)
}

/// As [`encode`], with `models` before those that are built in.
///
/// # Errors
/// As [`encode`].
pub fn encode_with_models(
    picture: &Picture,
    options: &EncodeOptions,
    models: &Models,
    exec: &ExecOptions,
) -> Result<Encoded, Error> {
    encode_with(&|id| models.to_encode(id), picture, options, exec)
}

/// Finds a codec by its number.
pub(crate) type Registry<'a> = &'a dyn Fn(CodecId) -> Option<&'a dyn Codec>;

pub(crate) fn encode_with(
    registry: Registry<'_>,
    picture: &Picture,
    options: &EncodeOptions,
    exec: &ExecOptions,
) -> Result<Encoded, Error> {
    check_options(options)?;
    picture.planes.shape.check(&exec.limits)?;
    if let Some(filter) = options.denoise {
        let planes = denoised(&picture.planes, filter, exec.threads)?;
        let filtered = Picture { planes, metadata: picture.metadata.clone() };
        return encode_with(
            registry,
            &filtered,
            &EncodeOptions { denoise: None, ..options.clone() },
            exec,
        );
    }
    let (wanted, first_will_do) = match options.codec {
        Some(codec) => (vec![codec], true),
        None => match candidates(&picture.planes, options.goal) {
            Candidates::First(codecs) => (codecs, true),
            Candidates::Smallest(codecs) => (codecs, false),
        },
    };
    let codecs: Vec<&dyn Codec> = wanted.iter().filter_map(|id| registry(*id)).collect();
    if options.codec == Some(JPEG) && codecs.is_empty() {
        let what = "codec jpeg keeps JPEG files without loss in a .tin file; of other pictures it makes OUT.jpg".into();
        return Err(Error::Misuse { what });
    }
    if codecs.is_empty() {
        let names: Vec<&str> = wanted.iter().map(|id| id.name()).collect();
        return Err(Error::Unsupported {
            what: format!("codec {} is not in this build", names.join(" or ")),
        });
    }
    let mut best: Option<Encoded> = None;
    let mut failure = None;
    for codec in codecs {
        match encode_by(codec, picture, options, exec) {
            Ok(encoded) if first_will_do => return Ok(encoded),
            Ok(encoded)
                if best.as_ref().is_some_and(|best| best.bytes.len() <= encoded.bytes.len()) => {}
            Ok(encoded) => best = Some(encoded),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    best.ok_or_else(|| {
        failure.unwrap_or(Error::Unsupported { what: "no codec for this picture".into() })
    })
}

fn check_options(options: &EncodeOptions) -> Result<(), Error> {
    let misuse = |what: String| Err(Error::Misuse { what });
    if !(1..=9).contains(&options.effort) {
        return misuse(format!("effort {} (1 to 9 are possible)", options.effort));
    }
    if options.denoise.is_some() && options.goal == Goal::Lossless {
        return misuse("lossless and denoise contradict each other".into());
    }
    match options.goal {
        Goal::Quality(q) if !(0.0..=100.0).contains(&q) => {
            misuse(format!("quality {q} (0 to 100 are possible)"))
        }
        Goal::Bpp(bpp) if !(bpp > 0.0 && bpp.is_finite()) => {
            misuse(format!("{bpp} bits per pixel (more than 0 needed)"))
        }
        Goal::SizeBytes(0) => misuse("a file of 0 bytes".into()),
        Goal::Psnr(db) if !db.is_finite() => misuse(format!("PSNR {db}; ask for lossless instead")),
        Goal::Ssimulacra2(s) if !(s <= 100.0 && s.is_finite()) => {
            misuse(format!("SSIMULACRA2 {s} (100 is equal)"))
        }
        _ => Ok(()),
    }
}

/// Encodes with one codec.
fn encode_by(
    codec: &dyn Codec,
    picture: &Picture,
    options: &EncodeOptions,
    exec: &ExecOptions,
) -> Result<Encoded, Error> {
    let planes = &picture.planes;
    let frame = Frame { codec: codec.id(), short: codec.capabilities().short_frame };
    let metadata = items_from_metadata(&picture.metadata);
    let length = |payload: &Payload, metadata: &[MetadataItem]| {
        let mut counter = Counter(0);
        write_payload(&mut counter, frame, &planes.shape, payload, metadata).map(|()| counter.0)
    };
    let empty = Payload::default();
    let metadata_bytes = length(&empty, &metadata)? - length(&empty, &[])?;
    // Keys of a codec are in range; were they not, the real write below says so.
    let file_bytes = |payload: &Payload| match frame.short {
        // Whether the short form is taken depends on the metadata.
        true => length(payload, &metadata).unwrap_or(0),
        false => length(payload, &[]).unwrap_or(0) + metadata_bytes,
    };
    let search = Search {
        codec,
        source: planes,
        tune: options.tune,
        effort: options.effort,
        exec,
        file_bytes: &file_bytes,
    };
    let failed = |error: CodecError| Error::Codec { step: Step::Encode(codec.id()), error };
    let payload = search.encode(options.goal).map_err(failed)?;
    let mut bytes = Vec::new();
    write_payload(&mut bytes, frame, &planes.shape, &payload, &metadata)?;
    Ok(Encoded { bytes, codec: codec.id() })
}

/// How a payload is framed.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    /// The codec that the head names.
    pub(crate) codec: CodecId,
    /// Whether the container's short form is taken where the payload fits it.
    pub(crate) short: bool,
}

/// Writes the file that holds `payload`.
pub(crate) fn write_payload(
    out: &mut impl Write,
    frame: Frame,
    shape: &Shape,
    payload: &Payload,
    metadata: &[MetadataItem],
) -> Result<(), Error> {
    let head = bytes_from_head(frame.codec, shape, &payload.header);
    // Codecs for small pictures, where every byte of the frame counts.
    if let (true, [section], []) = (frame.short, payload.sections.as_slice(), metadata)
        && (section.key.tile, section.key.layer) == (0, 0)
        && (1..=SHORT_SECTION_BYTES_MAX).contains(&section.bytes.len())
        && head.len() <= SHORT_HEAD_BYTES_MAX
    {
        return Ok(write_short_file(out, &head, &section.bytes)?);
    }
    let sections = payload.sections.iter().map(|section| SectionRef {
        key: SectionKey { tile: section.key.tile, layer: section.key.layer },
        bytes: &section.bytes,
    });
    let parts = Parts { head: &head, sections: sections.collect(), metadata, unknown: &[] };
    Ok(write_file(out, &parts)?)
}

/// Counts what is written.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn items_from_metadata(metadata: &Metadata) -> Vec<MetadataItem> {
    use tintype_container::Metadata as Kind;
    let known =
        [(Kind::Icc, &metadata.icc), (Kind::Exif, &metadata.exif), (Kind::Xmp, &metadata.xmp)];
    let known = known
        .into_iter()
        .filter_map(|(kind, bytes)| Some(MetadataItem { kind, bytes: bytes.clone()? }));
    let other = metadata.other.iter().map(|(name, bytes)| MetadataItem {
        kind: Kind::Named(name.clone()),
        bytes: bytes.clone(),
    });
    known.chain(other).collect()
}
