//! The one file that a module works on, and the places at which bytes are exchanged.

use crate::ERROR;
use crate::colour::{Colours, to_screen};
use crate::json;
use std::cell::RefCell;
use std::collections::BTreeMap;
#[cfg(feature = "encode")]
use tintype::Encoder;
use tintype::{
    DecodeOptions, Decoded, Decoder, Error, ErrorKind, Limits, Models, ProgressiveDecoder, Region,
};
use tintype_image::sample_hash;

thread_local! {
    static SESSION: RefCell<Session> = RefCell::default();
    static MODELS: RefCell<Models> = RefCell::default();
}

/// Runs `work` on the session of this module.
pub fn with<T>(work: impl FnOnce(&mut Session) -> T) -> T {
    SESSION.with_borrow_mut(work)
}

/// The encoder with the models that were added.
#[cfg(feature = "encode")]
pub fn with_models(encoder: Encoder) -> Encoder {
    MODELS.with_borrow(|models| encoder.models(models.clone()))
}

/// A decoder of `file` with the models that were added.
#[cfg(feature = "encode")]
pub fn decoder(file: &[u8]) -> Result<Decoder<&[u8]>, Error> {
    let options = DecodeOptions::new().threads(1).models(MODELS.with_borrow(Clone::clone));
    Decoder::from_stream_with_options(file, options)
}

/// A file being decoded, the last result, the last words.
#[derive(Default)]
pub struct Session {
    places: BTreeMap<usize, Vec<u8>>,
    decoder: ProgressiveDecoder,
    options: DecodeOptions,
    /// The file so far, for decoding what there is of a cut one.
    file: Vec<u8>,
    shown: bool,
    result: Vec<u8>,
    size: (usize, usize),
    colours: Colours,
    samples_hash: u64,
    text: String,
}

impl Session {
    pub fn allocate(&mut self, len: usize) -> usize {
        let place = vec![0; len.max(1)];
        let at = place.as_ptr() as usize;
        self.places.insert(at, place);
        at
    }

    pub fn release(&mut self, place: usize) {
        self.places.remove(&place);
    }

    /// The bytes at a place, which is free then; none for a place that there is not.
    pub fn take(&mut self, place: usize) -> Vec<u8> {
        self.places.remove(&place).unwrap_or_default()
    }

    pub fn add_model(&mut self, file: &[u8]) -> i32 {
        match MODELS.with_borrow_mut(|models| models.add(file)) {
            Ok(_) => 1,
            Err(error) => self.fail(&error),
        }
    }

    pub fn start(&mut self, scale: u32, region: Option<Region>) {
        // A page of a phone: 64 million samples are 256 MB of planes and pixels.
        let limits = Limits { samples_max: 1 << 28, ..Limits::default() };
        let models = MODELS.with_borrow(Clone::clone);
        self.options = DecodeOptions::new().scale(scale).threads(1).limits(limits).models(models);
        if let Some(region) = region {
            self.options = self.options.clone().region(region);
        }
        self.decoder = ProgressiveDecoder::with_options(self.options.clone());
        self.file.clear();
        self.shown = false;
        self.result.clear();
    }

    pub fn push(&mut self, bytes: &[u8]) -> i32 {
        self.file.extend_from_slice(bytes);
        match self.decoder.push(bytes) {
            Ok(Some(decoded)) => self.show(&decoded),
            Ok(None) => 0,
            Err(error) => self.fail(&error),
        }
    }

    pub fn finish(&mut self) -> i32 {
        if self.shown {
            return 0;
        }
        let decoded = Decoder::from_stream_with_options(&self.file[..], self.options.clone())
            .and_then(Decoder::decode);
        match decoded {
            Ok(decoded) => self.show(&decoded),
            Err(error) => self.fail(&error),
        }
    }

    pub fn describe(&mut self, file: &[u8]) -> i32 {
        match Decoder::from_stream(file) {
            Ok(decoder) => {
                self.text = json::of_info(decoder.info());
                1
            }
            Err(error) if error.kind() == ErrorKind::Truncated => {
                self.text = error.to_string();
                0
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Takes over a result that is no picture.
    #[cfg(feature = "encode")]
    pub fn give(&mut self, made: Result<Vec<u8>, Error>) -> i32 {
        match made {
            Ok(bytes) => {
                self.result = bytes;
                1
            }
            Err(error) => self.fail(&error),
        }
    }

    fn show(&mut self, decoded: &Decoded) -> i32 {
        self.samples_hash = sample_hash(&decoded.picture.planes);
        self.size = (decoded.picture.width(), decoded.picture.height());
        let warnings: Vec<String> = decoded.warnings.iter().map(ToString::to_string).collect();
        self.text = warnings.join("; ");
        match to_screen(&decoded.picture) {
            Ok((pixels, colours)) => {
                (self.result, self.colours, self.shown) = (pixels, colours, true);
                1
            }
            Err(error) => self.fail(&error.into()),
        }
    }

    fn fail(&mut self, error: &Error) -> i32 {
        self.text = error.to_string();
        ERROR
    }

    pub fn result(&self) -> &[u8] {
        &self.result
    }

    pub fn size(&self) -> (usize, usize) {
        self.size
    }

    pub fn colours(&self) -> Colours {
        self.colours
    }

    pub fn samples_hash(&self) -> u64 {
        self.samples_hash
    }

    pub fn text(&self) -> &str {
        &self.text
    }
}
