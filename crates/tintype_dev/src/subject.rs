//! What is measured: something that turns a picture into the bytes of a file, and back.

use crate::Failure;
use crate::args::CodecArgs;
use crate::peers::Peer;
use std::io::Cursor;
use tintype::{CodecId, DecodeOptions, Decoder, Encoder, Goal, Models, codec};
use tintype_codec::{EncodeSettings, Exec, Target};
use tintype_image::{Level, Picture, Planes, Threads};
use tintype_jpeg::{Decoder as JpegDecoder, Encoder as JpegEncoder, EncoderParams, Sampling};

/// A codec under test.
pub enum Subject {
    /// A codec of ours, in whole `.tin` files.
    Tintype { codec: CodecId, models: Models },
    /// Real JPEG files.
    Jpeg,
    /// Somebody else's programs.
    Peer(Peer),
}

impl Subject {
    /// The subject that the options name.
    ///
    /// # Errors
    /// An unknown codec, or a model that is none.
    pub fn from_args(args: &CodecArgs) -> Result<Self, Failure> {
        if args.codec == "jpeg" {
            return Ok(Self::Jpeg);
        }
        if let Some(peer) = Peer::named(&args.codec) {
            return Ok(Self::Peer(peer));
        }
        let unknown = || format!("there is no codec `{}`", args.codec);
        let codec = codec::named(&args.codec).ok_or_else(unknown)?;
        let mut models = Models::default();
        if let Some(path) = &args.model {
            models.add(&std::fs::read(path)?)?;
        }
        Ok(Self::Tintype { codec, models })
    }

    /// The bytes of the file that holds `picture`.
    ///
    /// # Errors
    /// The encoder's.
    pub fn encode(
        &self,
        picture: &Picture,
        goal: Goal,
        args: &CodecArgs,
        level: Level,
    ) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Tintype { codec, models } => {
                let encoder = Encoder::new()
                    .codec(*codec)
                    .goal(goal)
                    .tune(args.tune())
                    .effort(args.effort)
                    .models(models.clone())
                    .threads(args.threads)
                    .level(level);
                Ok(encoder.encode(picture)?.bytes)
            }
            Self::Jpeg => {
                let encoder = JpegEncoder::new()
                    .params(jpeg_params(goal, args)?)
                    .metadata(&picture.metadata)
                    .exec(&exec(args, level));
                Ok(encoder.encode(&picture.planes)?)
            }
            Self::Peer(peer) => peer.encode(picture, goal),
        }
    }

    /// The samples of a file.
    ///
    /// # Errors
    /// The decoder's.
    pub fn decode(&self, file: &[u8], args: &CodecArgs, level: Level) -> Result<Planes, Failure> {
        match self {
            Self::Tintype { models, .. } => {
                let mut options = DecodeOptions::new().threads(args.threads).level(level);
                if let Some(layers) = args.layers {
                    options = options.layers(layers);
                }
                let decoder = Decoder::with_options(Cursor::new(file), options)?;
                Ok(decoder.models(models.clone()).decode()?.picture.planes)
            }
            Self::Jpeg => Ok(JpegDecoder::new(file)?.exec(&exec(args, level)).decode()?.planes),
            Self::Peer(peer) => peer.decode(file),
        }
    }
}

fn exec(args: &CodecArgs, level: Level) -> Exec {
    Exec { threads: Threads::new(args.threads), level, ..Exec::default() }
}

/// The parameters of the JPEG encoder, with the fields that the options set.
fn jpeg_params(goal: Goal, args: &CodecArgs) -> Result<EncoderParams, Failure> {
    let Goal::Quality(quality) = goal else {
        return Err("codec jpeg takes --quality only".into());
    };
    let settings =
        EncodeSettings { target: Target::Quality(quality), tune: args.tune(), effort: args.effort };
    let mut params = EncoderParams::from_settings(&settings)?;
    for field in &args.fields {
        let (name, value) = field.split_once('=').ok_or("--set wants FIELD=VALUE")?;
        set_field(&mut params, name, value.parse()?)?;
    }
    Ok(params)
}

fn set_field(params: &mut EncoderParams, name: &str, value: f32) -> Result<(), Failure> {
    const SAMPLINGS: [Sampling; 4] =
        [Sampling::Auto, Sampling::Full, Sampling::HalfWidth, Sampling::Half];
    match name {
        "step" => params.step = value,
        "luma_shape" => params.luma_shape = value,
        "chroma_shape" => params.chroma_shape = value,
        "chroma_full" => params.chroma_step[0] = value,
        "chroma_half" => params.chroma_step[1] = value,
        "high_frequency_rise" => params.high_frequency_rise = value,
        "low_frequency_dip" => params.low_frequency_dip = value,
        "dc_step" => params.dc_step = value,
        "lambda" => params.lambda = value,
        "chroma_lambda" => params.chroma_lambda = value,
        "dc_lambda" => params.dc_lambda = value,
        "masking" => params.masking = value,
        "rounding" => params.rounding = value,
        "passes" => params.passes = value as u32,
        "single_pass" => params.single_pass = value > 0.0,
        "wide" => params.wide_script = value > 0.0,
        "progressive" => params.progressive = value > 0.0,
        "search" => params.search_sampling = value > 0.0,
        "full_below" => params.full_chroma_below = value,
        "sampling" => params.sampling = SAMPLINGS[value as usize & 3],
        _ => return Err(format!("the JPEG encoder has no parameter `{name}`").into()),
    }
    Ok(())
}

/// The SIMD levels of this machine by name; `best` is the one that programs take.
pub fn levels() -> Vec<(&'static str, Level)> {
    let best = Level::new();
    let mut levels = vec![("scalar", Level::fallback())];
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    {
        levels.extend(best.as_sse2().map(|level| ("sse2", Level::Sse2(level))));
        levels.extend(best.as_sse4_2().map(|level| ("sse4.2", Level::Sse4_2(level))));
        levels.extend(best.as_avx2().map(|level| ("avx2", Level::Avx2(level))));
    }
    levels.push(("best", best));
    levels
}
