//! The codec's header: what every tile shares.
//!
//! ```text
//! byte 0     bit 0 lossless; bit 1 colour rotation or YCoCg-R over planes 0 to 2; bits 2 to 7 zero
//! byte 1     levels (low 4 bits), resolution groups (high 4 bits)
//! byte 2     bit-planes, 1 to 30 (0: every coefficient is zero)
//! byte 3     layers: 1 to bit-planes; the first has all planes that the others, one plane each, leave
//! byte 4, 5  tile width and height in units of 64 pixels, 0 for the whole picture
//! lossy:     byte 6 mantissa m and 7 exponent e: the step is (256 + m) · 2^(e - 24)
//!            byte 8, 9, 10 how far values 1, 2 and above lie below their integer, in 1/256 of a step
//! rotation:  4 bytes, signed: a quaternion
//! ```

use tintype_codec::CodecError;

/// What decode needs to know beyond the shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Header {
    pub lossless: bool,
    /// Planes 0 to 2 are mixed: by a rotation (lossy) or YCoCg-R (lossless).
    pub mixes_colour: bool,
    pub levels: u8,
    pub groups: u8,
    pub planes: u32,
    pub layers: u32,
    /// In units of 64 pixels; 0 for the whole side.
    pub tile_units: (u8, u8),
    /// Mantissa and exponent.
    pub step: (u8, u8),
    pub shrink: [u8; 3],
    pub rotation: [i8; 4],
}

/// More planes than any 16-bit picture needs.
pub(crate) const PLANES_MAX: u32 = 30;
impl Header {
    pub fn to_bytes(self) -> Vec<u8> {
        let flags = u8::from(self.lossless) | (u8::from(self.mixes_colour) << 1);
        let mut bytes = vec![
            flags,
            self.levels | (self.groups << 4),
            self.planes as u8,
            self.layers as u8,
            self.tile_units.0,
            self.tile_units.1,
        ];
        if !self.lossless {
            bytes.extend([self.step.0, self.step.1]);
            bytes.extend(self.shrink);
            if self.mixes_colour {
                bytes.extend(self.rotation.map(|r| r as u8));
            }
        }
        bytes
    }

    /// Reads what [`Header::to_bytes`] wrote.
    ///
    /// # Errors
    /// `Truncated`, `Malformed`, `Unsupported`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        let malformed =
            |what: &str, at: usize| CodecError::Malformed { what: what.into(), at: Some(at) };
        let byte = |at: usize| {
            bytes
                .get(at)
                .copied()
                .ok_or_else(|| CodecError::Truncated { needed: at + 1 - bytes.len() })
        };
        let flags = byte(0)?;
        if flags > 3 {
            return Err(CodecError::Unsupported { what: format!("wavelet flags {flags:#x}") });
        }
        let (lossless, mixes_colour) = (flags & 1 != 0, flags & 2 != 0);
        let (levels, groups) = (byte(1)? & 15, byte(1)? >> 4);
        let (planes, layers) = (u32::from(byte(2)?), u32::from(byte(3)?));
        if groups == 0 || planes > PLANES_MAX || layers == 0 || layers > planes.max(1) {
            return Err(malformed("wavelet groups, planes or layers", 1));
        }
        let mut header = Self {
            lossless,
            mixes_colour,
            levels,
            groups,
            planes,
            layers,
            tile_units: (byte(4)?, byte(5)?),
            step: (0, 24),
            shrink: [0; 3],
            rotation: [127, 0, 0, 0],
        };
        let mut expected = 6;
        if !lossless {
            header.step = (byte(6)?, byte(7)?);
            header.shrink = [byte(8)?, byte(9)?, byte(10)?];
            expected = 11;
            if header.step.1 > 60 {
                return Err(malformed("wavelet step", 7));
            }
            if mixes_colour {
                header.rotation =
                    [byte(11)? as i8, byte(12)? as i8, byte(13)? as i8, byte(14)? as i8];
                expected = 15;
                if header.rotation == [0; 4] {
                    return Err(malformed("colour rotation", 11));
                }
            }
        }
        if bytes.len() != expected {
            return Err(malformed("length of the wavelet header", expected.min(bytes.len())));
        }
        Ok(header)
    }

    /// The quantiser step for 8-bit samples.
    pub fn step_size(&self) -> f32 {
        // Powers of two are exact whichever way they are made.
        let mut step = 256.0 + f32::from(self.step.0);
        let exponent = i32::from(self.step.1) - 24;
        for _ in 0..exponent.unsigned_abs() {
            step *= if exponent < 0 { 0.5 } else { 2.0 };
        }
        step
    }

    /// The nearest step that can be written.
    pub fn step_from_size(step: f32) -> (u8, u8) {
        let mut mantissa = f64::from(step.clamp(1e-3, 1e6));
        let mut exponent = 24;
        while mantissa >= 511.5 {
            mantissa *= 0.5;
            exponent += 1;
        }
        while mantissa < 255.5 {
            mantissa *= 2.0;
            exponent -= 1;
        }
        ((mantissa.round() as i32 - 256).clamp(0, 255) as u8, exponent as u8)
    }

    /// Which resolution group a band of `level` belongs to; 0 is the coarsest.
    pub fn group_of_level(&self, level: u8) -> u8 {
        if level == 0 {
            self.groups - 1
        } else {
            self.groups.saturating_sub(level.min(self.levels))
        }
    }

    /// How many groups a decode at `1 / 2^scale_log2` needs.
    pub fn groups_for_scale(&self, scale_log2: u8) -> u8 {
        if self.levels == 0 {
            return self.groups;
        }
        let finest = (scale_log2 + 1).min(self.levels);
        self.group_of_level(finest) + 1
    }
}
