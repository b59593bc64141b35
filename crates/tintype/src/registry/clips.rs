//! The codec of clips.

pub(crate) use tintype_video::{Format, Frame, GroupDecoder, GroupSettings, encode_frames};
