//! The codec's header: what every tile shares.
//!
//! ```text
//! byte 0     bit 0 lossless; bit 1 colour rotation or YCoCg-R over planes 0 to 2; bits 2 to 7 zero
//! byte 1     levels (low 4 bits), resolution groups (high 4 bits)
//! byte 2     bit-planes, 0 to 30 (0: every coefficient is zero)
//! byte 3     layers, 1 to bit-planes: the first has all planes but the lowest `layers - 1`, the
//!            others have one plane each
//! byte 4, 5  tile width and height in units of 64 pixels, 0 for the whole side
//! lossy:     byte 6 mantissa m and 7 exponent e: the step is (256 + m) · 2^(e - 24)
//!            byte 8, 9, 10 how far magnitudes 1, 2 and above lie below their integer on average,
//!            in 1/256 of a step
//! rotation:  byte 11 to 14, signed: a quaternion
//! ```

use tintype_codec::CodecError;
use tintype_transform::dwt::{Band, Orientation};

/// What decode needs to know beyond the shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Header {
    pub lossless: bool,
    /// Planes 0 to 2 are mixed: by a rotation (lossy) or YCoCg-R (lossless).
    pub mixes_colour: bool,
    pub levels: u8,
    pub groups: u8,
    /// Bit-planes: the most of any tile.
    pub planes: u32,
    pub layers: u32,
    /// In units of 64 pixels; 0 for the whole side.
    pub tile_units: (u8, u8),
    /// Mantissa and exponent of the quantiser step.
    pub step: (u8, u8),
    /// Reconstruction offsets of magnitudes 1, 2 and above, in 1/256 of a step.
    pub offsets: [u8; 3],
    /// Quaternion of the colour rotation.
    pub rotation: [i8; 4],
}

/// More bit-planes than any 16-bit picture needs.
pub(crate) const PLANES_MAX: u32 = 30;

/// The largest exponent of a step; no picture needs a step of 2^44.
const EXPONENT_MAX: u8 = 60;

impl Header {
    /// A header without lossy parameters.
    pub fn new(lossless: bool, mixes_colour: bool) -> Self {
        Self {
            lossless,
            mixes_colour,
            levels: 0,
            groups: 3,
            planes: PLANES_MAX,
            layers: 1,
            tile_units: (0, 0),
            step: (0, 24),
            offsets: [0; 3],
            rotation: [127, 0, 0, 0],
        }
    }

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
            bytes.extend(self.offsets);
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
        let flags = byte(bytes, 0)?;
        if flags > 3 {
            let what = format!("wavelet header with flags {flags:#04x} (0 to 3 are known)");
            return Err(CodecError::Unsupported { what });
        }
        let mut header = Self::new(flags & 1 != 0, flags & 2 != 0);
        (header.levels, header.groups) = (byte(bytes, 1)? & 15, byte(bytes, 1)? >> 4);
        (header.planes, header.layers) = (byte(bytes, 2)?.into(), byte(bytes, 3)?.into());
        header.tile_units = (byte(bytes, 4)?, byte(bytes, 5)?);

        if header.groups == 0 {
            return Err(malformed("wavelet header without resolution groups".into(), 1));
        }
        if header.planes > PLANES_MAX {
            let what = format!("{} bit-planes (at most {PLANES_MAX})", header.planes);
            return Err(malformed(what, 2));
        }
        if header.layers == 0 || header.layers > header.planes.max(1) {
            let what = format!("{} layers of {} bit-planes", header.layers, header.planes);
            return Err(malformed(what, 3));
        }
        let expected = header.read_lossy(bytes)?;
        if bytes.len() != expected {
            let what = format!("wavelet header of {} bytes instead of {expected}", bytes.len());
            return Err(malformed(what, expected.min(bytes.len())));
        }
        Ok(header)
    }

    /// Reads what only a lossy header has; returns the header's length.
    fn read_lossy(&mut self, bytes: &[u8]) -> Result<usize, CodecError> {
        if self.lossless {
            return Ok(6);
        }
        self.step = (byte(bytes, 6)?, byte(bytes, 7)?);
        self.offsets = [byte(bytes, 8)?, byte(bytes, 9)?, byte(bytes, 10)?];
        if self.step.1 > EXPONENT_MAX {
            let what = format!("exponent {} of the step (at most {EXPONENT_MAX})", self.step.1);
            return Err(malformed(what, 7));
        }
        if !self.mixes_colour {
            return Ok(11);
        }
        for (index, part) in self.rotation.iter_mut().enumerate() {
            *part = byte(bytes, 11 + index)? as i8;
        }
        if self.rotation == [0; 4] {
            return Err(malformed("colour rotation of length 0".into(), 11));
        }
        Ok(15)
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

    /// Which resolution group a band belongs to; 0 is the coarsest.
    pub fn group_of(&self, band: Band) -> u8 {
        if band.orientation == Orientation::LowLow {
            return 0;
        }
        self.groups.saturating_sub(band.level.min(self.levels))
    }

    /// How many groups a decode at `1 / 2^scale_log2` needs.
    pub fn groups_for_scale(&self, scale_log2: u8) -> u8 {
        if self.levels == 0 {
            return self.groups;
        }
        let level = (scale_log2 + 1).min(self.levels);
        self.group_of(Band { level, orientation: Orientation::HighHigh }) + 1
    }
}

fn byte(bytes: &[u8], at: usize) -> Result<u8, CodecError> {
    let missing = CodecError::Truncated { needed: (at + 1).saturating_sub(bytes.len()) };
    bytes.get(at).copied().ok_or(missing)
}

fn malformed(what: String, at: usize) -> CodecError {
    CodecError::Malformed { what, at: Some(at) }
}
