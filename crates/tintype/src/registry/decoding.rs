//! Codecs as this build has them: with what encodes, or, without the feature `encode`, without it.
//!
//! Nothing that is linked points to the encoders of a build that only decodes, and so they are not in it.

#[cfg(feature = "encode")]
mod has {
    /// A codec of this build.
    pub(crate) type Built<C> = C;

    /// The codec as this build has it.
    pub(crate) const fn built<C>(codec: C) -> Built<C> {
        codec
    }
}

#[cfg(not(feature = "encode"))]
mod has {
    use tintype_codec::{
        Capabilities, Codec, CodecError, CodecId, CodedPart, DecodeRequest, EncodeSettings, Exec,
        Payload, PayloadView, Result, SectionKey, StreamModel,
    };
    use tintype_image::{Planes, Shape};

    /// A codec of this build, which decodes.
    pub(crate) struct Built<C>(C);

    /// The codec as this build has it.
    pub(crate) const fn built<C>(codec: C) -> Built<C> {
        Built(codec)
    }

    impl<C: Codec> Codec for Built<C> {
        fn id(&self) -> CodecId {
            self.0.id()
        }

        fn capabilities(&self) -> Capabilities {
            self.0.capabilities()
        }

        fn encode(&self, _: &Planes, _: &EncodeSettings, _: &Exec) -> Result<Payload> {
            let what = format!("encoding with codec {}, since this build only decodes", self.id());
            Err(CodecError::Unsupported { what })
        }

        fn decode(
            &self,
            payload: &PayloadView<'_>,
            request: &DecodeRequest,
            exec: &Exec,
        ) -> Result<Planes> {
            self.0.decode(payload, request, exec)
        }

        fn wants(&self, shape: &Shape, header: &[u8], key: SectionKey, request: &DecodeRequest) -> bool {
            self.0.wants(shape, header, key, request)
        }

        fn keeps_all(&self, shape: &Shape, header: &[u8]) -> Option<bool> {
            self.0.keeps_all(shape, header)
        }

        fn explain(&self, payload: &PayloadView<'_>, exec: &Exec) -> Result<Vec<CodedPart>> {
            self.0.explain(payload, exec)
        }

        fn stream_model(&self, shape: &Shape, header: &[u8]) -> Option<StreamModel> {
            self.0.stream_model(shape, header)
        }

        fn holds_model(&self, header: &[u8]) -> bool {
            self.0.holds_model(header)
        }
    }
}

pub(crate) use has::{Built, built};
