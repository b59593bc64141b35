//! `tintype info`: describes a file.

use crate::Outcome;
use crate::args::InfoArgs;
#[cfg(feature = "train")]
use crate::commands::models;
use crate::commands::texts_of;
use crate::files::{Input, Job, Place, find_inputs, read_input};
use crate::output::print_line;
use crate::parts;
use crate::record::Record;
use crate::seal::{self, Keys, SealedFacts, sealed_lines};
use crate::shape_text::colour_text;
use crate::style::{Ink, complain, counted, grouped, paint, size_text};
use serde::Serialize;
#[cfg(feature = "video")]
use std::io::Seek;
use std::io::{Cursor, IsTerminal};
use tintype::{DecodeOptions, Decoder, Limits, Metadata, ModelName, Shape, Warning, codec, files};
use tintype_image::io::PictureFormat;

/// The contract's fields, and what only `info` knows.
#[derive(Serialize)]
struct InfoRecord {
    #[serde(flatten)]
    record: Record,
    colour: String,
    /// Whether every sample is kept; none where only decoding would tell.
    lossless: Option<bool>,
    model: Option<ModelItem>,
    tiles: Option<usize>,
    layers: Option<usize>,
    data_bytes: Option<u64>,
    metadata: Vec<Item>,
    /// What lies inside a JPEG file beside its picture.
    inside: Vec<String>,
    cut_off_at: Option<u64>,
    /// Of a sealed file; the other fields are those of the part that was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<SealedFacts>,
}

/// A sealed file of which no part is open.
#[derive(Serialize)]
struct Closed {
    input: String,
    bytes: u64,
    sealed: SealedFacts,
}

/// What there is to say of a file.
enum Told {
    Open(Box<InfoRecord>),
    Closed(Closed),
}

#[derive(Serialize)]
struct Item {
    name: String,
    bytes: u64,
}

#[derive(Serialize)]
struct ModelItem {
    /// The name of a model that is built in.
    name: Option<&'static str>,
    hash: String,
    /// The file carries it.
    sent: bool,
}

impl From<ModelName> for ModelItem {
    fn from(model: ModelName) -> Self {
        Self { name: model.name, hash: model.hash, sent: model.sent }
    }
}

/// Runs the command.
pub fn run(args: &InfoArgs) -> Outcome {
    #[cfg(feature = "train")]
    if let Some(out) = args.tree.as_ref().or(args.basis.as_ref()) {
        return models::draw(args, out);
    }
    let known = |path: &std::path::Path| {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        extension.eq_ignore_ascii_case("tin") || PictureFormat::from_extension(extension).is_some()
    };
    let (inputs, mut all_done) = find_inputs(&args.inputs, &known)?.inputs_or_complain();
    let places: Vec<&Place> = inputs.iter().map(|input| &input.place).collect();
    let keys = seal::keys(&args.read.keys, &places)?;
    for input in inputs {
        #[cfg(feature = "train")]
        if let Place::File(path) = &input.place
            && !args.read.json
            && !known(path)
            && let Some(text) = models::text_from_file(path)
        {
            print_line(&text);
            continue;
        }
        #[cfg(feature = "video")]
        if let Some(told) = clip_info(&input.place, &keys, args) {
            match told {
                Ok(text) => print_line(&text),
                Err(message) => {
                    complain(&format!("{}: {message}", input.place.name()));
                    all_done = false;
                }
            }
            continue;
        }
        match info_of(&input, (&keys, args.read.limits.limits())) {
            Ok(Told::Open(info)) if args.read.json => {
                print_line(&serde_json::to_string(&info).unwrap_or_default());
            }
            Ok(Told::Open(info)) => print_line(&text_from_info(&info)),
            Ok(Told::Closed(closed)) if args.read.json => {
                print_line(&serde_json::to_string(&closed).unwrap_or_default());
            }
            Ok(Told::Closed(closed)) => print_line(&text_from_closed(&closed)),
            Err(message) => {
                complain(&format!("{}: {message}", input.place.name()));
                all_done = false;
            }
        }
    }
    Ok(all_done)
}

/// Describes the clip at `place`, if one is there that `keys` open.
#[cfg(feature = "video")]
fn clip_info(place: &Place, keys: &Keys, args: &InfoArgs) -> Option<Result<String, String>> {
    let Place::File(path) = place else { return None };
    let options = seal::with_keys(DecodeOptions::new(), keys).limits(args.read.limits.limits());
    if !super::clip::is_clip(place, &options) {
        return None;
    }
    let told = || {
        let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
        let bytes = file.metadata().map_or(0, |data| data.len());
        let mut file = std::io::BufReader::new(file);
        let sealed = seal::facts_of((&mut file, bytes), keys)?;
        let size = (bytes, sealed.as_ref());
        file.rewind().map_err(|error| error.to_string())?;
        super::clip::info(&place.name(), file, size, options, args.read.json)
    };
    Some(told())
}

fn info_of(input: &Input, (keys, limits): (&Keys, Limits)) -> Result<Told, String> {
    let bytes = read_input(&input.place)?;
    let sealed = seal::facts_of((&mut &bytes[..], bytes.len() as u64), keys)?;
    if let Some(sealed) = sealed.as_ref().filter(|facts| !facts.open)
        && sealed.parts.iter().all(|part| part.sealed)
    {
        let (input, bytes) = (input.place.name(), bytes.len() as u64);
        return Ok(Told::Closed(Closed { input, bytes, sealed: sealed.clone() }));
    }
    let options = seal::with_keys(DecodeOptions::new(), keys).limits(limits);
    open_info(input, &bytes, sealed, &options).map(|info| Told::Open(Box::new(info)))
}

/// Describes a file that is open, or a part of a sealed one.
fn open_info(
    input: &Input,
    bytes: &[u8],
    sealed: Option<SealedFacts>,
    options: &DecodeOptions,
) -> Result<InfoRecord, String> {
    let options = || options.clone();
    let record = |shape: &Shape, codec: &str| {
        let job = Job { input: input.place.clone(), output: Place::Standard, otherwise: None };
        let pixels = shape.width_px as f64 * shape.height_px as f64;
        Record { output: None, ..Record::new(&job, shape, codec, bytes.len() as u64, pixels) }
    };
    if !bytes.starts_with(&tintype::MAGIC) {
        let read = files::read_picture(bytes, &options()).map_err(|error| error.to_string())?;
        // Nothing is lost by looking.
        let told = |warning: &Warning| !matches!(warning, Warning::MetadataLeftOut { .. });
        let (picture, mut told_of) = (read.picture, read.warnings);
        told_of.retain(told);
        let warnings = texts_of(&told_of);
        let format = PictureFormat::detect(bytes).map_or("picture", PictureFormat::name);
        let shape = &picture.planes.shape;
        return Ok(InfoRecord {
            record: Record { warnings, ..record(shape, format) },
            colour: colour_text(shape),
            lossless: None,
            model: None,
            tiles: None,
            layers: None,
            data_bytes: None,
            metadata: items_from_metadata(&picture.metadata),
            inside: if files::is_jpeg(bytes) { parts::jpeg_inside(bytes) } else { Vec::new() },
            cut_off_at: None,
            sealed,
        });
    }
    let decoder =
        Decoder::with_options(Cursor::new(bytes), options()).map_err(|error| error.to_string())?;
    let info = decoder.info().clone();
    let contents = decoder.contents().map_err(|error| error.to_string())?;
    let again = || Decoder::with_options(Cursor::new(bytes), options()).ok();
    let packed = (info.codec == codec::JPEG).then(again).flatten();
    let file = packed.and_then(|decoder| parts::unpack_jpeg(decoder).ok().flatten());
    let inside = file.map_or_else(Vec::new, |file| parts::jpeg_inside(&file));
    Ok(InfoRecord {
        record: record(&info.shape, info.codec.name()),
        colour: colour_text(&info.shape),
        lossless: info.lossless,
        model: info.model.map(ModelItem::from),
        tiles: Some(info.tiles),
        layers: Some(info.layers),
        data_bytes: Some(info.data_bytes),
        metadata: contents
            .metadata
            .into_iter()
            .map(|item| Item { name: item.name, bytes: item.bytes })
            .collect(),
        inside,
        cut_off_at: contents.cut_off_at,
        sealed,
    })
}

fn items_from_metadata(metadata: &Metadata) -> Vec<Item> {
    let known = [("icc", &metadata.icc), ("exif", &metadata.exif), ("xmp", &metadata.xmp)];
    let known =
        known.into_iter().filter_map(|(name, bytes)| Some((name.to_string(), bytes.as_ref()?.len())));
    let other = metadata.other.iter().map(|(name, bytes)| (name.clone(), bytes.len()));
    known.chain(other).map(|(name, bytes)| Item { name, bytes: bytes as u64 }).collect()
}

fn text_from_closed(closed: &Closed) -> String {
    let terminal = std::io::stdout().is_terminal();
    let mut lines = vec![paint(Ink::Bold, &closed.input, terminal)];
    let size = ("size", format!("{} bytes", grouped(closed.bytes)));
    for (name, value) in sealed_lines(&closed.sealed).into_iter().chain([size]) {
        lines.push(format!("  {name:<10} {value}"));
    }
    lines.join("\n")
}

fn text_from_info(info: &InfoRecord) -> String {
    let terminal = std::io::stdout().is_terminal();
    let record = &info.record;
    let mut lines = vec![paint(Ink::Bold, &record.input, terminal)];
    let mut line = |name: &str, value: String| lines.push(format!("  {name:<10} {value}"));
    if let Some(facts) = &info.sealed {
        sealed_lines(facts).into_iter().for_each(|(name, value)| line(name, value));
    }
    line(
        "picture",
        format!("{} × {}, {}, {} bits", record.width, record.height, info.colour, record.bit_depth),
    );
    let loss = match info.lossless {
        Some(true) => ", lossless",
        Some(false) => ", lossy",
        None => "",
    };
    line("codec", format!("{}{loss}", record.codec));
    if let Some(model) = &info.model {
        let (name, place) = match (model.name, model.sent) {
            (name, true) => (name, ", in the file"),
            (Some(name), false) => (Some(name), ", built in"),
            (None, false) => (None, ", not built in: decode needs --model FILE"),
        };
        line("model", format!("{}{place}", name.unwrap_or(&model.hash)));
    }
    line("size", format!("{} bytes, {:.3} bits per pixel", grouped(record.bytes), record.bpp));
    if let (Some(tiles), Some(layers), Some(data)) = (info.tiles, info.layers, info.data_bytes) {
        let parts = format!("{}, {}", counted(tiles, "tile"), counted(layers, "layer"));
        line("data", format!("{} bytes in {parts}", grouped(data)));
    }
    for item in &info.metadata {
        line("metadata", format!("{}, {}", item.name, size_text(item.bytes)));
    }
    info.inside.iter().for_each(|part| line("inside", part.clone()));
    if let Some(at) = info.cut_off_at {
        line("cut off", format!("at byte {at}; fetch the file again for the rest"));
    }
    info.record.warnings.iter().for_each(|warning| line("warning", warning.clone()));
    lines.join("\n")
}
