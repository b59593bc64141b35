//! The codec of clips.

pub(crate) use tintype_video::{CutFinder, Format, Frame, GroupDecoder, GroupSettings, encode_frames};
