//! The encoder: pictures to JPEG files.

mod encoder;
mod forward_dct;
mod layout;
mod params;
mod quantise;
mod scan_script;
mod single_pass;
mod trellis;
mod write;

pub use encoder::Encoder;
pub use params::{EncoderParams, Sampling};
