//! The options of the header, and what is done with them. No pointers are followed here.

use crate::memory::Image;
use crate::status::Failure;
use std::ffi::c_char;
use std::io::Cursor;
use tintype::{
    CodecId, ColourModel, Decoder, Encoder, Goal, Limits, Picture, PlaneRole, Region, Shape, codec,
};

/// `tin_encode_options`.
#[repr(C)]
pub struct EncodeOptions {
    pub struct_bytes: u32,
    pub goal: u32,
    pub goal_value: f64,
    pub codec: *const c_char,
    pub effort: u32,
    pub threads: u32,
}

impl EncodeOptions {
    /// What they mean, `codec` being the text that they point to.
    pub fn with_codec(&self, codec: Option<&str>) -> Result<Encode, Failure> {
        check_size(self.struct_bytes, size_of::<Self>(), "tin_encode_options")?;
        let value = self.goal_value;
        let goal = match self.goal {
            0 => Goal::Quality(value as f32),
            1 => Goal::Lossless,
            2 => Goal::Bpp(value as f32),
            3 => Goal::SizeBytes(value as u64),
            4 => Goal::Psnr(value as f32),
            5 => Goal::Ssimulacra2(value as f32),
            other => return Err(Failure::misuse(format!("goal {other} (0 to 5 are possible)"))),
        };
        let effort = u8::try_from(self.effort).ok().filter(|effort| (1..=9).contains(effort));
        let effort = effort
            .ok_or_else(|| Failure::misuse(format!("effort {} (1 to 9 are possible)", self.effort)))?;
        let unknown = |name: &str| Failure::misuse(format!("codec {name} is not known"));
        let codec = codec.filter(|name| *name != "auto");
        let codec = codec.map(|name| codec::named(name).ok_or_else(|| unknown(name))).transpose()?;
        Ok(Encode { goal, codec, effort, threads: self.threads })
    }
}

/// What an encode shall do.
pub struct Encode {
    goal: Goal,
    codec: Option<CodecId>,
    effort: u8,
    threads: u32,
}

impl Default for Encode {
    fn default() -> Self {
        Self { goal: Goal::Quality(75.0), codec: None, effort: 5, threads: 0 }
    }
}

impl Encode {
    pub fn encoder(&self) -> Result<Encoder, Failure> {
        let mut encoder = Encoder::new().goal(self.goal).effort(self.effort);
        if let Some(codec) = self.codec {
            encoder = encoder.codec(codec);
        }
        if self.threads > 0 {
            encoder = encoder.threads(self.threads as usize);
        }
        Ok(encoder)
    }
}

/// Where the samples of a picture lie.
pub struct Pixels {
    pub width: u32,
    pub height: u32,
    pub channels: u32,
    pub bits: u32,
    pub stride_bytes: usize,
}

impl Pixels {
    fn row_bytes(&self) -> usize {
        self.width as usize * self.channels as usize * self.bits.div_ceil(8) as usize
    }

    /// Bytes from the first sample to the end of the last.
    pub fn len_bytes(&self) -> Result<usize, Failure> {
        if !matches!((self.channels, self.bits), (1 | 3 | 4, 8 | 16)) {
            let what = format!(
                "{} channels of {} bits (1, 3 and 4 channels of 8 and 16 bits are possible)",
                self.channels, self.bits
            );
            return Err(Failure::misuse(what));
        }
        let item = self.bits as usize / 8;
        if self.stride() < self.row_bytes() || !self.stride().is_multiple_of(item) {
            let what = format!("a stride of {} bytes for rows of {}", self.stride(), self.row_bytes());
            return Err(Failure::misuse(what));
        }
        let rows = (self.height as usize).saturating_sub(1);
        let len = rows.checked_mul(self.stride()).and_then(|len| len.checked_add(self.row_bytes()));
        len.ok_or_else(|| Failure::misuse("a picture larger than memory"))
    }

    fn stride(&self) -> usize {
        if self.stride_bytes == 0 { self.row_bytes() } else { self.stride_bytes }
    }

    /// The picture whose samples are `bytes`.
    pub fn picture(&self, bytes: &[u8]) -> Result<Picture, Failure> {
        let (width, height) = (self.width as usize, self.height as usize);
        if self.bits == 8 {
            let make = match self.channels {
                1 => Picture::from_gray8_strided,
                3 => Picture::from_rgb8_strided,
                _ => Picture::from_rgba8_strided,
            };
            return Ok(make(width, height, self.stride(), bytes)?);
        }
        let samples: Vec<u16> =
            bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_ne_bytes(*pair)).collect();
        let make = match self.channels {
            1 => Picture::from_gray16_strided,
            3 => Picture::from_rgb16_strided,
            _ => Picture::from_rgba16_strided,
        };
        Ok(make(width, height, self.stride() / 2, &samples)?)
    }
}

/// `tin_decode_options`.
#[repr(C)]
#[derive(Clone)]
pub struct DecodeOptions {
    pub struct_bytes: u32,
    pub scale: u32,
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
    pub channels: u32,
    pub bits: u32,
    pub threads: u32,
    pub pixels_max: u64,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        let struct_bytes = size_of::<Self>() as u32;
        Self {
            struct_bytes,
            scale: 1,
            x: 0,
            y: 0,
            width: 0,
            height: 0,
            channels: 0,
            bits: 0,
            threads: 0,
            pixels_max: 0,
        }
    }
}

impl DecodeOptions {
    /// Themselves, if the caller's structure is this one and its numbers make sense.
    pub fn checked(&self) -> Result<Self, Failure> {
        check_size(self.struct_bytes, size_of::<Self>(), "tin_decode_options")?;
        if !matches!(self.channels, 0 | 1 | 3 | 4) || !matches!(self.bits, 0 | 8 | 16) {
            let what = format!(
                "{} channels of {} bits (0, 1, 3 and 4 channels of 0, 8 and 16 bits are possible)",
                self.channels, self.bits
            );
            return Err(Failure::misuse(what));
        }
        Ok(self.clone())
    }

    /// Decodes into `out`; words if the file was cut off.
    pub fn decode(&self, tin: &[u8], out: &mut Image) -> Result<Option<String>, Failure> {
        let mut options = tintype::DecodeOptions::new().scale(self.scale);
        if (self.x, self.y, self.width, self.height) != (0, 0, 0, 0) {
            let [x, y, width, height] = [self.x, self.y, self.width, self.height].map(|n| n as usize);
            options = options.region(Region { x, y, width, height });
        }
        if self.threads > 0 {
            options = options.threads(self.threads as usize);
        }
        if self.pixels_max > 0 {
            options = options.limits(Limits { pixels_max: self.pixels_max, ..Limits::default() });
        }
        let decoded = Decoder::with_options(Cursor::new(tin), options)?.decode()?;
        let picture = &decoded.picture;
        let shape = &picture.planes.shape;
        let channels = match (self.channels, channels_of(shape)) {
            // Gray with opacity has no form of its own here.
            (0, 2) => 4,
            (0, own) => own,
            (asked, _) => asked,
        };
        let bits = match self.bits {
            0 if depth_of(shape) <= 8 => 8,
            0 => 16,
            bits => bits,
        };
        let bytes = |samples: Vec<u16>| samples.into_iter().flat_map(u16::to_ne_bytes).collect();
        let pixels = match (channels, bits) {
            (1, 8) => picture.to_gray8()?,
            (1, _) => bytes(picture.to_gray16()?),
            (4, 8) => picture.to_rgba8()?,
            (4, _) => bytes(picture.to_rgba16()?),
            (_, 8) => picture.to_rgb8()?,
            (..) => bytes(picture.to_rgb16()?),
        };
        // Bands have no colours; the conversion said so.
        let size = (shape.width_px as u32, shape.height_px as u32);
        out.fill(size, (channels, bits), pixels);
        let cut_off = decoded.cut_off_at().and_then(|_| decoded.warnings.first());
        Ok(cut_off.map(ToString::to_string))
    }
}

/// `tin_info`.
#[repr(C)]
pub struct Info {
    pub width: u32,
    pub height: u32,
    pub planes: u32,
    pub channels: u32,
    pub bit_depth: u32,
    pub lossless: i32,
    pub codec: [u8; 16],
}

impl Info {
    pub fn read(tin: &[u8]) -> Result<Self, Failure> {
        let decoder = Decoder::new(Cursor::new(tin))?;
        let info = decoder.info();
        let shape = &info.shape;
        let mut codec = [0; 16];
        // The last byte stays 0.
        codec[..15].iter_mut().zip(info.codec.name().bytes()).for_each(|(to, from)| *to = from);
        Ok(Self {
            width: shape.width_px as u32,
            height: shape.height_px as u32,
            planes: shape.planes.len() as u32,
            channels: channels_of(shape),
            bit_depth: depth_of(shape).into(),
            lossless: info.lossless.map_or(-1, i32::from),
            codec,
        })
    }
}

/// How a picture is to be turned, 1 to 8. Its metadata comes with its samples, of which as few as possible are decoded.
pub fn orientation(tin: &[u8]) -> Result<u32, Failure> {
    let options = tintype::DecodeOptions::new().scale(32).threads(1);
    let exif = Decoder::with_options(Cursor::new(tin), options)?.decode()?.picture.metadata.exif;
    let orientation = exif.and_then(|exif| tintype_image::io::orientation_of(&exif));
    Ok(orientation.map_or(1, u32::from))
}

/// Colours and opacity; 0 for bands.
fn channels_of(shape: &Shape) -> u32 {
    let alpha = shape.planes.iter().any(|plane| plane.role == PlaneRole::Alpha);
    match shape.colour {
        ColourModel::Gray => 1 + u32::from(alpha),
        ColourModel::Bands => 0,
        _ => 3 + u32::from(alpha),
    }
}

fn depth_of(shape: &Shape) -> u8 {
    let shown = shape.planes.iter().filter(|plane| plane.role != PlaneRole::Depth);
    shown.map(|plane| plane.bit_depth).max().unwrap_or(8)
}

/// Refuses a structure of another size: the caller was compiled with the header of another version.
fn check_size(given: u32, own: usize, name: &str) -> Result<(), Failure> {
    if given as usize == own {
        return Ok(());
    }
    let what = format!(
        "{name} of {given} bytes where {own} are expected: initialise it with the macro of tintype.h, and compile with \
         the header of this version"
    );
    Err(Failure::misuse(what))
}
