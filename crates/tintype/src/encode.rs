//! Picture to file: the order of the steps, over any registry of codecs.
//!
//! In: a picture that has been checked, and what was asked for. Out: the bytes of a file. The
//! result depends on neither threads nor SIMD level.

use crate::error::{Error, Result, Step};
use crate::frame::{Frame, items_from_metadata, payload_bytes, write_payload};
use crate::goal::Goal;
use crate::metric::Measure;
use crate::rate::Search;
use crate::registry::built_in::other_door;
use crate::registry::{Candidates, candidates};
use crate::warning::Warning;
use tintype_codec::{Codec, CodecId, Exec, Payload, Tune};
use tintype_container::MetadataItem;
use tintype_image::filter::{Denoise, denoised};
use tintype_image::{Metadata, Picture, Planes};

/// What the user asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EncodeOptions {
    /// A codec, or `None`: the one that fits the picture.
    pub(crate) codec: Option<CodecId>,
    /// What to reach.
    pub(crate) goal: Goal,
    /// Good in which sense.
    pub(crate) tune: Tune,
    /// 1 (fast) to 9 (dense).
    pub(crate) effort: u8,
    /// Filters noise away first. Goals that measure quality then measure against the filtered
    /// picture.
    pub(crate) denoise: Option<Denoise>,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        let goal = Goal::Quality(75.0);
        Self { codec: None, goal, tune: Tune::Visual, effort: 5, denoise: None }
    }
}

impl EncodeOptions {
    /// Refuses what contradicts itself or is out of range.
    pub(crate) fn check(&self) -> Result<()> {
        if !(1..=9).contains(&self.effort) {
            let what = format!("effort {} (1 to 9 are possible)", self.effort);
            return Err(Error::Misuse { what });
        }
        if self.denoise.is_some() && self.goal == Goal::Lossless {
            let what = "lossless and denoise contradict each other".into();
            return Err(Error::Misuse { what });
        }
        self.goal.check()
    }
}

/// A file, and what made it.
///
/// ```
/// use tintype::{Encoder, Picture, codec};
///
/// let picture = Picture::from_gray8(2, 2, &[1, 2, 3, 4])?;
/// let tin = Encoder::lossless().encode(&picture)?;
/// assert_eq!(tin.codec, codec::LOSSLESS);
/// assert!(tin.bytes.starts_with(&tintype::MAGIC) && tin.warnings.is_empty());
/// # Ok::<(), tintype::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoded {
    /// The whole file.
    pub bytes: Vec<u8>,
    /// The codec, chosen or given.
    pub codec: CodecId,
    /// What the result lacks.
    pub warnings: Vec<Warning>,
}

impl Encoded {
    pub(crate) fn new(bytes: Vec<u8>, codec: CodecId) -> Self {
        Self { bytes, codec, warnings: Vec::new() }
    }

    /// The whole file.
    ///
    /// ```
    /// use tintype::{Encoder, Picture};
    ///
    /// let file: Vec<u8> =
    ///     Encoder::lossless().encode(&Picture::from_gray8(1, 1, &[9])?)?.into_bytes();
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl AsRef<[u8]> for Encoded {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Finds a codec by its number.
pub(crate) type Registry<'a> = &'a dyn Fn(CodecId) -> Option<&'a dyn Codec>;

/// What an encode works with.
#[derive(Clone, Copy)]
pub(crate) struct Tools<'a> {
    pub(crate) registry: Registry<'a>,
    pub(crate) measure: Option<&'a dyn Measure>,
    pub(crate) exec: &'a Exec,
}

/// Encodes `picture`, which is checked first.
pub(crate) fn encode_with(
    tools: &Tools<'_>,
    picture: &Picture,
    options: &EncodeOptions,
) -> Result<Encoded> {
    options.check()?;
    picture.planes.check(&tools.exec.limits)?;
    match options.denoise {
        None => encode_planes(tools, &picture.planes, &picture.metadata, options),
        Some(filter) => {
            let planes = denoised(&picture.planes, filter, tools.exec.threads)?;
            encode_planes(tools, &planes, &picture.metadata, options)
        }
    }
}

fn encode_planes(
    tools: &Tools<'_>,
    planes: &Planes,
    metadata: &Metadata,
    options: &EncodeOptions,
) -> Result<Encoded> {
    let (wanted, first_will_do) = match options.codec {
        Some(codec) => (vec![codec], true),
        None => match candidates(planes, options.goal) {
            Candidates::First(codecs) => (codecs, true),
            Candidates::Smallest(codecs) => (codecs, false),
        },
    };
    let codecs = codecs_of(tools.registry, &wanted)?;

    let mut best: Option<Encoded> = None;
    let mut failure = None;
    for codec in codecs {
        match encode_by(codec, tools, planes, metadata, options) {
            Ok(encoded) if first_will_do => return Ok(encoded),
            Ok(encoded) => {
                if best.as_ref().is_none_or(|best| encoded.bytes.len() < best.bytes.len()) {
                    best = Some(encoded);
                }
            }
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    best.ok_or_else(|| {
        failure.unwrap_or(Error::Unsupported { what: "no codec for this picture".into() })
    })
}

/// Those of `wanted` that there are.
fn codecs_of<'a>(registry: Registry<'a>, wanted: &[CodecId]) -> Result<Vec<&'a dyn Codec>> {
    let codecs: Vec<&dyn Codec> = wanted.iter().filter_map(|id| registry(*id)).collect();
    if !codecs.is_empty() {
        return Ok(codecs);
    }
    if let Some(what) = wanted.iter().find_map(|id| other_door(*id)) {
        return Err(Error::Misuse { what: what.into() });
    }
    let names: Vec<&str> = wanted.iter().map(|id| id.name()).collect();
    let what = format!("codec {} is not in this build", names.join(" or "));
    Err(Error::Unsupported { what })
}

/// Encodes with one codec.
fn encode_by(
    codec: &dyn Codec,
    tools: &Tools<'_>,
    planes: &Planes,
    metadata: &Metadata,
    options: &EncodeOptions,
) -> Result<Encoded> {
    let frame = Frame { codec: codec.id(), short: codec.capabilities().short_frame };
    let metadata = items_from_metadata(metadata, &tools.exec.limits)?;
    let length = |payload: &Payload, metadata: &[MetadataItem]| {
        payload_bytes(frame, &planes.shape, payload, metadata)
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
        exec: tools.exec,
        measure: tools.measure,
        file_bytes: &file_bytes,
    };
    let payload = search
        .encode(options.goal)
        .map_err(|error| Error::Codec { step: Step::Encode(codec.id()), error })?;

    let mut bytes = Vec::new();
    write_payload(&mut bytes, frame, &planes.shape, &payload, &metadata)?;
    Ok(Encoded::new(bytes, codec.id()))
}
