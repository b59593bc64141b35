//! The codec of clips.

use tintype_codec::Codec;
pub(crate) use tintype_video::{
    CutFinder, ExactDecoder, ExactEncoder, Format, Frame, GroupDecoder, GroupSettings, encode_frames,
};

/// What codes new parts of pictures of which every sample comes back.
pub(crate) fn still_codec() -> &'static dyn Codec {
    &tintype_lossless::Lossless
}
