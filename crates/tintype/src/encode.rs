//! Picture to file: the order of the steps, over any registry of codecs.
//!
//! In: a picture that has been checked, and what was asked for. Out: the bytes of a file. The
//! result depends on neither threads nor SIMD level.

use crate::error::{Error, Result, Step};
use crate::facts::{Facts, to_code};
use crate::frame::{Frame, items_from_metadata, payload_bytes, write_payload};
use crate::goal::Goal;
use crate::metric::Measure;
use crate::opacity::{with_clear_filled, with_fewer_levels};
use crate::rate::{Missed, NEARLY_LOSSLESS, Search};
use crate::registry::built_in::{beside_opacity, other_door};
use crate::registry::{Candidates, candidates, has_alpha, loses_opacity, takes};
use crate::warning::Warning;
use std::borrow::Cow;
use tintype_codec::{Codec, CodecError, CodecId, Exec, Payload, Tune};
use tintype_container::PackedItem;
use tintype_image::filter::{Denoise, denoised};
use tintype_image::{Picture, Planes};

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
    /// Levels of opacity that are kept, 0 (two) to 100 (all).
    pub(crate) alpha_quality: u8,
    /// What stands behind clear pixels in a JPEG file: red, green, blue.
    pub(crate) background: Option<[u8; 3]>,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        let goal = Goal::Quality(75.0);
        Self {
            codec: None,
            goal,
            tune: Tune::Visual,
            effort: 5,
            denoise: None,
            alpha_quality: 100,
            background: None,
        }
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
        if self.alpha_quality > 100 {
            let what = format!("alpha quality {} (0 to 100 are possible)", self.alpha_quality);
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
    let planes = prepared(&picture.planes, options, tools.exec)?;
    let limited = options.goal != Goal::Lossless && picture.metadata.is_limited_range();
    let (coded, facts) = to_code(&planes, limited);
    let (metadata, profile) = items_from_metadata(&picture.metadata, &tools.exec.limits)?;
    let job = Job { coded: &coded, facts, profile, metadata: &metadata };
    encode_planes(tools, &job, options)
}

/// The planes that the result shall show: filtered, and free where nothing is seen.
fn prepared<'a>(planes: &'a Planes, options: &EncodeOptions, exec: &Exec) -> Result<Cow<'a, Planes>> {
    let mut out = Cow::Borrowed(planes);
    if let Some(filter) = options.denoise {
        out = Cow::Owned(denoised(&out, filter, exec.threads)?);
    }
    // Goals that measure the result measure colour that is not seen, too.
    let unmeasured = matches!(options.goal, Goal::Quality(_) | Goal::SizeBytes(_) | Goal::Bpp(_));
    if unmeasured && let Some(filled) = with_clear_filled(&out) {
        out = Cow::Owned(filled);
    }
    if options.goal != Goal::Lossless
        && let Some(fewer) = with_fewer_levels(&out, options.alpha_quality)
    {
        out = Cow::Owned(fewer);
    }
    Ok(out)
}

/// What is to be coded.
#[derive(Clone, Copy)]
struct Job<'a> {
    /// The planes that codecs get.
    coded: &'a Planes,
    facts: Facts,
    profile: Option<u8>,
    metadata: &'a [PackedItem],
}

/// The share of the bytes of the samples from which on exact coding may be the smaller. Exact files
/// of photographs have 0.3 of them and more.
const EXACT_SHARE: f64 = 0.25;

/// Encodes with the codec that was asked for, or with the best of those that fit.
fn encode_planes(tools: &Tools<'_>, job: &Job<'_>, options: &EncodeOptions) -> Result<Encoded> {
    let goal = options.goal;
    if let Some(codec) = options.codec {
        if !takes(codec, &job.coded.shape) {
            let what = format!(
                "RGB with planes of several sizes under codec {}; wavelet and lossless take it",
                codec.name()
            );
            return Err(Error::Unsupported { what });
        }
        let codecs = codecs_of(tools.registry, &[codec])?;
        return encode_as_asked(codecs[0], tools, job, options);
    }
    let (wanted, first_will_do) = match candidates(job.coded, goal) {
        Candidates::First(codecs) => (codecs, true),
        Candidates::Smallest(codecs) => (codecs, false),
    };
    let wanted: Vec<CodecId> = wanted.into_iter().filter(|id| takes(*id, &job.coded.shape)).collect();
    let codecs = codecs_of(tools.registry, &wanted)?;
    // A metric is reached by all that can; the smallest file wins. Within a size the first file is
    // taken, or an exact one.
    let compares = !first_will_do || matches!(goal, Goal::Psnr(_) | Goal::Ssimulacra2(_));
    let sized = matches!(goal, Goal::SizeBytes(_) | Goal::Bpp(_));
    let bits: u64 = job.coded.shape.planes.iter().map(|plane| u64::from(plane.bit_depth)).sum();
    let raw_bytes = job.coded.shape.samples() * bits / (8 * job.coded.shape.planes.len() as u64);

    let mut best: Option<Encoded> = None;
    let mut missed = Vec::new();
    for codec in codecs {
        let enough = best.as_ref().is_some_and(|best| {
            let exact_only = !codec.capabilities().lossy;
            let nearly = matches!(goal, Goal::Quality(quality) if quality >= NEARLY_LOSSLESS);
            let may_win = best.bytes.len() as f64 >= EXACT_SHARE * raw_bytes as f64;
            match (first_will_do, exact_only) {
                (false, _) => false,
                (true, true) => !((compares || nearly || sized) && may_win),
                (true, false) => !compares,
            }
        });
        if enough {
            continue;
        }
        match encode_by(codec, tools, job, options) {
            Ok(encoded) => {
                // Within a size nothing is better than an exact file.
                let better = best.as_ref().is_none_or(|best| match sized {
                    true => !codec.capabilities().lossy,
                    false => encoded.bytes.len() < best.bytes.len(),
                });
                if better {
                    best = Some(encoded);
                }
            }
            Err(error) => missed.push((codec, error)),
        }
    }
    best.ok_or_else(|| first_failure(missed, goal))
}

/// Encodes with the codec that was asked for; opacity beside lossy colours stays exact where another
/// codec can code it, or its loss is named.
fn encode_as_asked(
    codec: &dyn Codec,
    tools: &Tools<'_>,
    job: &Job<'_>,
    options: &EncodeOptions,
) -> Result<Encoded> {
    let lossy = options.goal != Goal::Lossless && has_alpha(job.coded) && loses_opacity(codec.id());
    if let Some(beside) = beside_opacity(codec).filter(|_| lossy) {
        match encode_by(beside, tools, job, options) {
            Ok(encoded) => return Ok(encoded),
            // A small size may leave no other way.
            Err(Missed::Size { .. }) => {}
            Err(missed) => return Err(failed(codec, missed, options.goal)),
        }
    }
    let mut encoded =
        encode_by(codec, tools, job, options).map_err(|missed| failed(codec, missed, options.goal))?;
    if lossy {
        encoded.warnings.push(Warning::OpacityCodedWithLoss { codec: codec.id().name() });
    }
    Ok(encoded)
}

/// Of all codecs' failures the one to report: for a size, the one that came nearest.
fn first_failure(missed: Vec<(&dyn Codec, Missed)>, goal: Goal) -> Error {
    let smallest = |missed: &Missed| match missed {
        Missed::Size { smallest } => *smallest,
        _ => u64::MAX,
    };
    match missed.into_iter().min_by_key(|(_, missed)| smallest(missed)) {
        Some((codec, missed)) => failed(codec, missed, goal),
        None => Error::Unsupported { what: "no codec for this picture".into() },
    }
}

fn failed(codec: &dyn Codec, missed: Missed, goal: Goal) -> Error {
    Error::Codec { step: Step::Encode(codec.id()), error: missed.into_error(goal) }
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
    job: &Job<'_>,
    options: &EncodeOptions,
) -> std::result::Result<Encoded, Missed> {
    let short = codec.capabilities().short_frame;
    let frame = Frame { codec: codec.id(), short, facts: job.facts, profile: job.profile };
    let length = |payload: &Payload, metadata: &[PackedItem]| {
        payload_bytes(frame, &job.coded.shape, payload, metadata).unwrap_or(0)
    };
    let empty = Payload::default();
    let metadata_bytes = length(&empty, job.metadata) - length(&empty, &[]);
    // Keys of a codec are in range; were they not, the real write below says so.
    let file_bytes = |payload: &Payload| match frame.short {
        // Whether the short form is taken depends on the metadata.
        true => length(payload, job.metadata),
        false => length(payload, &[]) + metadata_bytes,
    };

    let restored = |planes| job.facts.restored_for_metrics(planes);
    let picture = match job.facts.is_narrowed() {
        true => Cow::Owned(restored(job.coded.clone())),
        false => Cow::Borrowed(job.coded),
    };
    let search = Search {
        codec,
        source: job.coded,
        tune: options.tune,
        effort: options.effort,
        exec: tools.exec,
        measure: tools.measure,
        file_bytes: &file_bytes,
        picture: &picture,
        restored: &restored,
    };
    let payload = search.encode(options.goal)?;

    let mut bytes = Vec::new();
    write_payload(&mut bytes, frame, &job.coded.shape, &payload, job.metadata)
        .map_err(|error| CodecError::Misuse { what: error.to_string() })?;
    Ok(Encoded::new(bytes, codec.id()))
}
