//! What the service does with bytes: encode, decode, pack. No HTTP here but its refusals.
//!
//! In: the bytes of a file and the words of a query. Out: bytes and their media type.

use crate::refusal::Refusal;
use axum::http::StatusCode;
use std::collections::HashMap;
use std::io::Cursor;
use tintype::files::{PictureFormat, is_jpeg, write_picture};
use tintype::{DecodeOptions, Decoder, Encoder, Goal, Limits, Picture, Region, Warning, codec};
use tintype_image::planes_shrunk;

/// The media type of `.tin` files. None is registered.
pub const TIN: &str = "image/x-tintype";

/// The words of a query.
pub type Query = HashMap<String, String>;

/// What one answer may use.
#[derive(Clone, Copy, Debug)]
pub struct Means {
    /// Larger pictures are refused.
    pub limits: Limits,
    /// Threads for one picture.
    pub threads: usize,
}

/// Bytes, and what they are.
#[derive(Debug)]
pub struct Answer {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its media type.
    pub media: &'static str,
    /// What went less than perfectly.
    pub warnings: Vec<String>,
}

/// The word `name` of a query as a number.
fn number<T: std::str::FromStr>(query: &Query, name: &str) -> Result<Option<T>, Refusal> {
    let Some(text) = query.get(name) else { return Ok(None) };
    let wrong = || Refusal::misuse(format!("{name}={text} is not a number that fits"));
    text.parse().map(Some).map_err(|_| wrong())
}

/// Refuses words that are not among `known`: a misspelt one would do nothing.
fn only(query: &Query, known: &[&str]) -> Result<(), Refusal> {
    match query.keys().find(|word| !known.contains(&word.as_str())) {
        None => Ok(()),
        Some(word) => {
            Err(Refusal::misuse(format!("{word} is not known here ({} are)", known.join(", "))))
        }
    }
}

/// Refuses what is there of a damaged file, unless the query says `partial=true`; the other warnings as text.
fn told(warnings: &[Warning], query: &Query) -> Result<Vec<String>, Refusal> {
    let damage =
        |warning: &&Warning| matches!(warning, Warning::CutOff { .. } | Warning::DamagedFile { .. });
    match warnings.iter().find(damage) {
        Some(warning) if query.get("partial").is_none_or(|word| word != "true") => Err(Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("{warning} (partial=true takes what is there)"),
        )),
        _ => Ok(warnings.iter().map(ToString::to_string).collect()),
    }
}

/// The encoder that a query asks for: quality, size, exact, effort, codec.
///
/// # Errors
/// `400` for words that make no sense.
pub fn encoder_of(query: &Query, means: Means) -> Result<Encoder, Refusal> {
    let exact = query.get("exact").is_some_and(|word| word != "false");
    let goals = [
        exact.then_some(Goal::Lossless),
        number(query, "quality")?.map(Goal::Quality),
        number(query, "size")?.map(Goal::SizeBytes),
        number(query, "bpp")?.map(Goal::Bpp),
    ];
    let mut goals = goals.into_iter().flatten();
    let goal = goals.next().unwrap_or(Goal::Quality(75.0));
    if goals.next().is_some() {
        return Err(Refusal::misuse("of exact, quality, size and bpp only one can be asked for"));
    }
    let effort = number::<u8>(query, "effort")?.unwrap_or(5);
    if !(1..=9).contains(&effort) {
        return Err(Refusal::misuse(format!("effort={effort} (1 to 9 are possible)")));
    }
    let mut encoder =
        Encoder::new().goal(goal).effort(effort).threads(means.threads).limits(means.limits);
    if let Some(name) = query.get("codec").filter(|name| *name != "auto") {
        let id =
            codec::named(name).ok_or_else(|| Refusal::misuse(format!("codec {name} is not known")))?;
        encoder = encoder.codec(id);
    }
    Ok(encoder)
}

/// A picture file to a `.tin` file.
///
/// # Errors
/// `4xx` for a file of which none can be made.
pub fn encode(file: &[u8], query: &Query, means: Means) -> Result<Answer, Refusal> {
    only(query, &["quality", "size", "bpp", "exact", "effort", "codec", "partial"])?;
    let encoded = encoder_of(query, means)?.encode_file(file)?;
    let warnings = told(&encoded.warnings, query)?;
    Ok(Answer { bytes: encoded.bytes, media: TIN, warnings })
}

/// A JPEG file to a `.tin` file that gives it back byte for byte.
///
/// # Errors
/// `415` for a file that is no JPEG.
pub fn repack(file: &[u8], query: &Query, means: Means) -> Result<Answer, Refusal> {
    only(query, &["effort"])?;
    if !is_jpeg(file) {
        let what = "this is no JPEG file; /encode takes other pictures";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, what));
    }
    let packed = encoder_of(query, means)?.pack_jpeg(file)?;
    let warnings = told(&packed.warnings, query)?;
    Ok(Answer { bytes: packed.bytes, media: TIN, warnings })
}

/// What is asked of a `.tin` file.
const DECODE_WORDS: [&str; 6] = ["format", "scale", "region", "width", "quality", "partial"];

/// What pictures are made into.
const MADE: [PictureFormat; 2] = [PictureFormat::Png, PictureFormat::Jpeg];

/// Whether the query asks for anything but the whole picture as it is.
pub fn is_variant(query: &Query) -> bool {
    query.keys().any(|word| word != "format" && word != "partial")
}

/// A `.tin` file to a picture file: the JPEG file that is in it where nothing else is asked for.
///
/// # Errors
/// `4xx` for a file that does not decode, or a query that makes no sense.
pub fn decode(tin: &[u8], query: &Query, means: Means) -> Result<Answer, Refusal> {
    only(query, &DECODE_WORDS)?;
    let options = DecodeOptions::new().threads(means.threads).limits(means.limits);
    let decoder = || Decoder::with_options(Cursor::new(tin), options.clone());
    let format = match query.get("format") {
        None => None,
        Some(text) => Some(
            PictureFormat::from_extension(text)
                .filter(|format| MADE.contains(format))
                .ok_or_else(|| Refusal::misuse(format!("format={text} (png and jpg are possible)")))?,
        ),
    };
    if !is_variant(query) && format.is_none_or(|format| format == PictureFormat::Jpeg) {
        // Pictures that are no packed JPEG go on below.
        if let Some(bytes) = decoder()?.unpack_jpeg()? {
            return Ok(Answer { bytes, media: "image/jpeg", warnings: Vec::new() });
        }
    }
    let mut decoder = decoder()?;
    let full = decoder.info().shape.clone();
    let region = query.get("region").map(|text| region_of(text)).transpose()?;
    if let Some(region) = region {
        decoder = decoder.region(region);
    }
    let width = number::<usize>(query, "width")?;
    let scale = match (query.get("scale"), width) {
        (Some(_), Some(_)) => return Err(Refusal::misuse("scale and width cannot both be asked for")),
        (Some(text), None) => scale_of(text)?,
        // The smallest scale that still has enough; shrunk from there.
        (None, Some(width)) => {
            let of = region.map_or(full.width_px, |region| region.width);
            (1..=5)
                .map(|k| 1u32 << k)
                .take_while(|s| of.div_ceil(*s as usize) >= width.max(1))
                .last()
                .unwrap_or(1)
        }
        (None, None) => 1,
    };
    let decoded = decoder.scale(scale).decode()?;
    let warnings = told(&decoded.warnings, query)?;
    let mut picture = decoded.picture;
    if let Some(width) = width.filter(|width| *width < picture.width()) {
        let height = (picture.height() * width).div_ceil(picture.width()).max(1);
        picture.planes = planes_shrunk(&picture.planes, width, height)?;
    }
    let (bytes, media) = written(&picture, format.unwrap_or(PictureFormat::Png), query, means)?;
    Ok(Answer { bytes, media, warnings })
}

/// What each part of a `.tin` file was coded as: plane, column, row, side, choice, levels, bits, of 32 bits each, little-endian,
/// the last one a float. Nothing for codecs that do not tell.
///
/// # Errors
/// `4xx` for a file that does not decode.
pub fn explain(tin: &[u8], query: &Query, means: Means) -> Result<Answer, Refusal> {
    only(query, &[])?;
    let options = DecodeOptions::new().threads(means.threads).limits(means.limits);
    let mut bytes = Vec::new();
    for part in Decoder::with_options(Cursor::new(tin), options)?.explain()? {
        let numbers = [part.plane, part.x, part.y, part.side, part.choice, part.levels];
        numbers.iter().for_each(|number| bytes.extend((*number as u32).to_le_bytes()));
        bytes.extend(part.bits.to_le_bytes());
    }
    Ok(Answer { bytes, media: "application/octet-stream", warnings: Vec::new() })
}

fn written(
    picture: &Picture,
    format: PictureFormat,
    query: &Query,
    means: Means,
) -> Result<(Vec<u8>, &'static str), Refusal> {
    if format == PictureFormat::Png {
        return Ok((write_picture(format, picture)?, "image/png"));
    }
    let quality = number(query, "quality")?.unwrap_or(85.0);
    let encoder = Encoder::new().quality(quality).threads(means.threads).limits(means.limits);
    Ok((encoder.encode_jpeg(picture)?.bytes, "image/jpeg"))
}

/// `1/4` or `4`.
fn scale_of(text: &str) -> Result<u32, Refusal> {
    let number = text.strip_prefix("1/").unwrap_or(text);
    let wrong = || Refusal::misuse(format!("scale={text} (1/2, 1/4, … 1/32 are possible)"));
    number.parse().map_err(|_| wrong())
}

/// `x,y,width,height`.
fn region_of(text: &str) -> Result<Region, Refusal> {
    let numbers: Vec<usize> = text.split(',').map_while(|number| number.trim().parse().ok()).collect();
    match numbers[..] {
        [x, y, width, height] if text.split(',').count() == 4 => Ok(Region { x, y, width, height }),
        _ => Err(Refusal::misuse(format!("region={text} (x,y,width,height are needed)"))),
    }
}
