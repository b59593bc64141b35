//! The result for each file: one JSON object, or one line for people.

use crate::files::Job;
use crate::style::{Ink, paint, ratio_text, size_text, time_text};
use serde::Serialize;
use tintype::Shape;

/// The fields of `--json`; scripts rely on their names.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    pub input: String,
    pub output: Option<String>,
    pub width: usize,
    pub height: usize,
    pub planes: usize,
    pub bit_depth: u8,
    pub codec: String,
    pub model: Option<String>,
    pub bytes: u64,
    pub bpp: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encode_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decode_ms: Option<f64>,
    pub peak_memory_bytes: Option<u64>,
    /// The original was deleted (`--replace`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced: Option<bool>,
    /// Pictures of a clip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames: Option<u64>,
    /// What is wrong with the JPEG that was read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl Record {
    /// A record without times. `pixels` are those of the whole picture that `bytes` hold.
    pub fn new(job: &Job, shape: &Shape, codec: &str, bytes: u64, pixels: f64) -> Self {
        Self {
            input: job.input.name(),
            output: Some(job.output.name()),
            width: shape.width_px,
            height: shape.height_px,
            planes: shape.planes.len(),
            bit_depth: shape.planes.iter().map(|plane| plane.bit_depth).max().unwrap_or(0),
            codec: codec.into(),
            model: None,
            bytes,
            bpp: bytes as f64 * 8.0 / pixels,
            encode_ms: None,
            decode_ms: None,
            peak_memory_bytes: crate::memory::peak_bytes(),
            replaced: None,
            frames: None,
            warnings: Vec::new(),
        }
    }

    /// As JSON in one line.
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// For people, after an encode of `input_bytes`.
    pub fn encoded_line(&self, input_bytes: u64, terminal: bool) -> String {
        let sizes = format!("{} → {}", size_text(input_bytes), size_text(self.bytes));
        let how = format!("({}, {})", self.codec, time_text(self.encode_ms.unwrap_or(0.0)));
        format!(
            "{}  {}, {}  {}",
            self.names(terminal),
            paint(Ink::Green, &sizes, terminal),
            ratio_text(input_bytes, self.bytes),
            paint(Ink::Dim, &how, terminal),
        )
    }

    /// For people, after a decode.
    pub fn decoded_line(&self, terminal: bool) -> String {
        let size = format!("{} × {}", self.width, self.height);
        let how = format!("({}, {})", self.codec, time_text(self.decode_ms.unwrap_or(0.0)));
        format!(
            "{}  {}  {}",
            self.names(terminal),
            paint(Ink::Green, &size, terminal),
            paint(Ink::Dim, &how, terminal),
        )
    }

    /// Input and output.
    pub fn names(&self, terminal: bool) -> String {
        format!(
            "{} → {}",
            paint(Ink::Bold, &self.input, terminal),
            paint(Ink::Bold, self.output.as_deref().unwrap_or("-"), terminal)
        )
    }
}
