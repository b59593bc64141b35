//! The tests that every codec passes.
//!
//! [`check`] encodes a list of small generated pictures (odd sizes, one pixel, one row, 1 to 16
//! bits, gray, alpha, depth, subsampled, many planes) and checks what [`Codec`] promises:
//!
//! * lossless decoding restores every sample; lossy decoding is near, and within the range of
//!   each plane;
//! * bytes and samples are the same for every number of threads and every SIMD level;
//! * a region is the crop of the whole picture, also at smaller scales;
//! * a smaller scale has its size rounded up;
//! * truncated payloads give a picture or `Truncated`, embedded ones always a picture;
//! * damaged, missing, repeated and unknown sections give a picture of the right shape or an
//!   error, never a panic.

use crate::{
    Codec, CodecError, DecodeRequest, EncodeSettings, Exec, Payload, PayloadView, SectionView, Target,
};
use tintype_image::{
    ColourModel, Level, PlaneInfo, PlaneRole, Planes, Region, Shape, Threads, YCbCrMatrix,
    planes_cropped,
};

/// Sum of the squared errors over all planes.
pub fn squared_error(a: &Planes, b: &Planes) -> f64 {
    let mut sum = 0.0;
    for (a, b) in a.planes.iter().zip(&b.planes) {
        let pairs = a.rows().flatten().zip(b.rows().flatten());
        sum += pairs.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>();
    }
    sum
}

/// What `codec` makes of `source` at `quality`, on one thread with little effort.
pub fn encoded(codec: &dyn Codec, source: &Planes, quality: f32) -> Payload {
    let target = Target::Quality(quality);
    let settings = EncodeSettings { target, effort: 3, ..EncodeSettings::default() };
    codec.encode(source, &settings, &Exec { threads: Threads::ONE, ..Exec::default() }).unwrap()
}

/// A lossy codec needs more bytes for a higher quality, and comes nearer.
pub fn check_rising_quality(codec: &dyn Codec) {
    let source = picture(Shape::rgb(96, 96, 8));
    let exec = Exec { threads: Threads::ONE, ..Exec::default() };
    let mut last = (0, f64::INFINITY);
    for quality in [20.0, 50.0, 75.0, 90.0] {
        let payload = encoded(codec, &source, quality);
        let view = payload.view(&source.shape);
        let back = codec.decode(&view, &DecodeRequest::default(), &exec).unwrap();
        let bytes: usize = payload.sections.iter().map(|s| s.bytes.len()).sum();
        let now = (bytes, squared_error(&source, &back));
        assert!(now.0 > last.0 && now.1 < last.1, "{now:?} after {last:?}");
        last = now;
    }
}

/// Fills all planes: `sample` gets plane, column, row and eight random bits, and gives a value
/// of which `range` stands for the largest sample.
pub fn fill(planes: &mut Planes, range: u32, sample: impl Fn(u32, u32, u32, u32) -> u32) {
    let mut state = 12_345u32;
    for (index, plane) in planes.planes.iter_mut().enumerate() {
        let max = u32::from(planes.shape.planes[index].sample_max());
        for y in 0..plane.height() {
            for (x, value) in plane.row_mut(y).iter_mut().enumerate() {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let level = sample(index as u32, x as u32, y as u32, state >> 24);
                *value = (level * max / range).min(max) as u16;
            }
        }
    }
}

/// Waves, an edge and a little noise: the same samples in every build.
pub fn picture(shape: Shape) -> Planes {
    let mut planes = Planes::new(shape);
    fill(&mut planes, 233, |index, x, y, noise| {
        let wave = (x * (5 + index) + y * 3) % 97 + (x * x / 29 + y * 7) % 61;
        let edge = if x * 2 > y + 19 { 60 } else { 0 };
        wave + edge + (noise >> 4)
    });
    planes
}

/// RGB with one more plane.
fn rgb_and(width: usize, height: usize, role: PlaneRole, bit_depth: u8) -> Shape {
    let mut shape = Shape::rgb(width, height, 8);
    shape.planes.push(PlaneInfo::new(role, bit_depth));
    shape
}

/// Luma and chroma; `halves` says whether chroma has half the columns and half the rows (0 or 1
/// each).
fn ycbcr(width: usize, height: usize, halves: (u8, u8)) -> Shape {
    let mut shape = Shape::rgb(width, height, 8);
    shape.colour = ColourModel::YCbCr(YCbCrMatrix::Bt601);
    for plane in &mut shape.planes[1..] {
        (plane.subsample_x_log2, plane.subsample_y_log2) = halves;
    }
    shape
}

fn bands(width: usize, height: usize, count: usize, bit_depth: u8) -> Shape {
    let planes = vec![PlaneInfo::new(PlaneRole::Band, bit_depth); count];
    Shape { colour: ColourModel::Bands, planes, ..Shape::gray(width, height, bit_depth) }
}

/// The pictures of the contract, by name.
pub fn pictures() -> Vec<(&'static str, Planes)> {
    let shapes = [
        ("pixel", Shape::rgb(1, 1, 8)),
        ("column", Shape::gray(1, 77, 8)),
        ("row", Shape::rgb(131, 1, 8)),
        ("odd", Shape::rgb(67, 45, 8)),
        ("gray", Shape::gray(70, 50, 8)),
        ("bilevel", Shape::gray(40, 33, 1)),
        ("gray16", Shape::gray(65, 43, 16)),
        ("rgb10", Shape::rgb(50, 41, 10)),
        ("rgb16", Shape::rgb(37, 52, 16)),
        ("alpha", rgb_and(53, 39, PlaneRole::Alpha, 8)),
        ("depth", rgb_and(48, 40, PlaneRole::Depth, 16)),
        ("ycbcr444", ycbcr(45, 37, (0, 0))),
        ("ycbcr420", ycbcr(45, 37, (1, 1))),
        ("ycbcr422", ycbcr(46, 38, (1, 0))),
        ("bands5", bands(35, 34, 5, 12)),
        ("bands32", bands(9, 8, 32, 16)),
        ("wide", Shape::gray(1_100, 20, 8)),
    ];
    shapes.into_iter().map(|(name, shape)| (name, picture(shape))).collect()
}

/// Largest mean absolute error at quality 90, in shares of a plane's range. Measured on these
/// noisy pictures: 0.005 to 0.075, the most where noise stands in for chroma; a wrong plane,
/// shift or colour gives 0.2 and more.
const ERROR_MAX: f64 = 0.12;

/// Runs the contract over every picture but those in `refused`, which `codec` must decline as
/// `Unsupported`.
///
/// # Panics
/// Where the contract is broken; the message names codec, picture and promise.
pub fn check(codec: &dyn Codec, refused: &[&str]) {
    let capabilities = codec.capabilities();
    assert!(capabilities.lossy || capabilities.lossless, "{} can do nothing", codec.id());
    let targets = [
        (Target::Quality(25.0), capabilities.lossy),
        (Target::Quality(90.0), capabilities.lossy),
        (Target::Lossless, capabilities.lossless),
    ];
    for (name, source) in pictures() {
        for (target, supported) in targets {
            let case = Case { codec, name, source: &source, target };
            if supported && !refused.contains(&name) {
                case.check();
            } else {
                let result = codec.encode(&source, &case.settings(), &one_thread());
                let declined = matches!(result, Err(CodecError::Unsupported { .. }));
                assert!(declined, "{case}: not declined as Unsupported");
            }
        }
    }
}

fn one_thread() -> Exec {
    Exec { threads: Threads::ONE, ..Exec::default() }
}

/// Three threads and no SIMD.
fn other_exec() -> Exec {
    Exec { threads: Threads::new(3), level: Level::fallback(), ..Exec::default() }
}

/// One picture under one target.
struct Case<'a> {
    codec: &'a dyn Codec,
    name: &'static str,
    source: &'a Planes,
    target: Target,
}

impl std::fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {} at {:?}", self.codec.id(), self.name, self.target)
    }
}

impl Case<'_> {
    fn settings(&self) -> EncodeSettings {
        EncodeSettings { target: self.target, effort: 2, ..EncodeSettings::default() }
    }

    fn check(&self) {
        let payload = self.codec.encode(self.source, &self.settings(), &one_thread());
        let payload = payload.unwrap_or_else(|error| panic!("{self}: {error}"));
        let again = self.codec.encode(self.source, &self.settings(), &other_exec()).expect("as before");
        assert!(payload == again, "{self}: bytes depend on threads or SIMD level");
        assert!(self.codec.holds_model(&payload.header), "{self}: does not know its own model");
        let whole = self.decode(&payload.view(&self.source.shape), &DecodeRequest::default());
        let whole = whole.unwrap_or_else(|error| panic!("{self}: {error}"));
        self.check_samples(&whole);
        self.check_regions(&payload, &whole);
        self.check_scales(&payload);
        self.check_layers(&payload);
        self.check_prefixes(&payload);
        self.check_damage(&payload);
        self.check_sections(&payload);
    }

    fn decode(&self, view: &PayloadView<'_>, request: &DecodeRequest) -> Result<Planes, CodecError> {
        let one = self.codec.decode(view, request, &one_thread());
        let other = self.codec.decode(view, request, &other_exec());
        assert!(one == other, "{self}: samples or errors depend on threads or SIMD level, {request:?}");
        one
    }

    /// Every sample under a lossless target; else near, and within its range.
    fn check_samples(&self, whole: &Planes) {
        assert!(whole.shape == self.source.shape, "{self}: another shape");
        if self.target == Target::Lossless {
            assert!(whole == self.source, "{self}: samples differ");
            return;
        }
        for (index, (a, b)) in self.source.planes.iter().zip(&whole.planes).enumerate() {
            let max = whole.shape.planes[index].sample_max();
            assert!(
                b.rows().flatten().all(|&sample| sample <= max),
                "{self}: sample above {max} in plane {index}"
            );
            let distances =
                a.rows().flatten().zip(b.rows().flatten()).map(|(a, b)| f64::from(a.abs_diff(*b)));
            let mean = distances.sum::<f64>() / (a.width() * a.height()) as f64 / f64::from(max);
            // One bit holds 0 and 1 only: an error is the whole range.
            let fine = whole.shape.planes[index].bit_depth > 1 && self.target == Target::Quality(90.0);
            assert!(!fine || mean <= ERROR_MAX, "{self}: mean error {mean:.3} in plane {index}");
        }
    }

    /// A region is the crop of the whole, and needs no section that the codec did not want.
    fn check_regions(&self, payload: &Payload, whole: &Planes) {
        let shape = &self.source.shape;
        let (width, height) = (shape.width_px, shape.height_px);
        let (x, y) = (width / 3 / 2 * 2, height / 2 / 2 * 2);
        for region in [
            Region { x, y, width: width - x, height: height - y },
            Region { x: 0, y, width: 1, height: 1 },
            Region { x, y: 0, width: (width - x).div_ceil(2), height: height.div_ceil(3) },
        ] {
            let request = DecodeRequest { region: Some(region), ..DecodeRequest::default() };
            let mut view = payload.view(shape);
            view.sections.retain(|s| self.codec.wants(shape, &payload.header, s.key, &request));
            let part =
                self.decode(&view, &request).unwrap_or_else(|error| panic!("{self}: {region}: {error}"));
            let expected = planes_cropped(whole, region).expect("a region inside");
            assert!(part == expected, "{self}: {region} is not the crop of the whole");
        }
        let outside = Region { x: width, y: 0, width: 1, height: 1 };
        let request = DecodeRequest { region: Some(outside), ..DecodeRequest::default() };
        let result = self.decode(&payload.view(shape), &request);
        assert!(
            matches!(result, Err(CodecError::Misuse { .. })),
            "{self}: a region outside is not refused"
        );
    }

    /// A smaller scale has its size rounded up, and a region of it is its crop. A codec without the
    /// capability declines.
    fn check_scales(&self, payload: &Payload) {
        let shape = &self.source.shape;
        for scale_log2 in [1, 3] {
            let request = DecodeRequest { scale_log2, ..DecodeRequest::default() };
            let result = self.decode(&payload.view(shape), &request);
            if !self.codec.capabilities().scales {
                let declined = matches!(result, Err(CodecError::Unsupported { .. }));
                assert!(declined, "{self}: 1/{} is not declined as Unsupported", 1 << scale_log2);
                continue;
            }
            let small = result.unwrap_or_else(|error| panic!("{self}: 1/{}: {error}", 1 << scale_log2));
            let expected = shape.reduced(scale_log2);
            assert!(small.shape == expected, "{self}: 1/{} has another shape", 1 << scale_log2);

            // A corner on whole samples of a halved plane at this scale.
            let unit = 2usize << scale_log2;
            let (x, y) = (shape.width_px / 2 / unit * unit, shape.height_px / 3 / unit * unit);
            let region = Region { x, y, width: shape.width_px - x, height: shape.height_px - y };
            let request = DecodeRequest { region: Some(region), ..request };
            let part = self.decode(&payload.view(shape), &request);
            let part = part.unwrap_or_else(|error| panic!("{self}: {region}: {error}"));
            let expected = planes_cropped(&small, region.reduced(scale_log2, scale_log2));
            assert!(
                part == expected.expect("a region inside"),
                "{self}: {region} at 1/{} is not the crop of the scaled picture",
                1 << scale_log2
            );
        }
    }

    /// One layer gives a picture of the same shape, or is declined.
    fn check_layers(&self, payload: &Payload) {
        let request = DecodeRequest { layers: Some(1), ..DecodeRequest::default() };
        match self.decode(&payload.view(&self.source.shape), &request) {
            Ok(planes) => assert!(planes.shape == self.source.shape, "{self}: another shape"),
            Err(CodecError::Unsupported { .. }) => {}
            Err(error) => panic!("{self}: one layer: {error}"),
        }
    }

    /// A truncated payload gives a picture or `Truncated`; an embedded one always a picture.
    fn check_prefixes(&self, payload: &Payload) {
        let total: usize = payload.sections.iter().map(|s| s.bytes.len()).sum();
        let embedded = self.codec.capabilities().embedded;
        for bytes in [0, 1, total / 3, total * 4 / 5, total.saturating_sub(1)] {
            let result =
                self.decode(&prefix(payload, &self.source.shape, bytes), &DecodeRequest::default());
            match &result {
                Ok(planes) => {
                    assert!(planes.shape == self.source.shape, "{self}: cut at {bytes}: another shape")
                }
                Err(CodecError::Truncated { .. }) => {
                    assert!(!embedded, "{self}: cut at {bytes} does not decode")
                }
                Err(error) => panic!("{self}: cut at {bytes}: {error}"),
            }
            let Some(cut) = self.codec.truncate(payload, bytes) else {
                assert!(!embedded, "{self}: is embedded and does not truncate");
                continue;
            };
            let left: usize = cut.sections.iter().map(|s| s.bytes.len()).sum();
            assert!(embedded && left <= bytes, "{self}: {left} bytes left of {bytes}");
            let planes = self.decode(&cut.view(&self.source.shape), &DecodeRequest::default());
            assert!(planes == result, "{self}: truncated to {bytes} bytes it is another picture");
        }
    }

    /// Any bytes give a picture of the right shape or an error.
    fn check_damage(&self, payload: &Payload) {
        let shape = &self.source.shape;
        let decodes = |damaged: &Payload| {
            if let Ok(planes) =
                self.codec.decode(&damaged.view(shape), &DecodeRequest::default(), &one_thread())
            {
                assert!(planes.shape == *shape, "{self}: damaged bytes give another shape");
            }
        };
        for len in 0..payload.header.len() {
            let header = payload.header[..len].to_vec();
            decodes(&Payload { header, sections: payload.sections.clone() });
        }
        let mut state = 99u32;
        for round in 0..12 {
            let mut damaged = payload.clone();
            let place = round % (damaged.sections.len() + 1);
            let bytes = match place {
                0 => &mut damaged.header,
                _ => &mut damaged.sections[place - 1].bytes,
            };
            if bytes.is_empty() {
                continue;
            }
            for _ in 0..=round / 4 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let bit = state as usize / 256 % (bytes.len() * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            decodes(&damaged);
        }
        decodes(&Payload { header: payload.header.clone(), sections: Vec::new() });
        let mut garbage = payload.clone();
        garbage.sections.iter_mut().for_each(|section| section.bytes.fill(0xa5));
        decodes(&garbage);
    }

    /// Repeated, reordered and unknown sections give a picture of the right shape or an error.
    fn check_sections(&self, payload: &Payload) {
        let mut variants = vec![payload.clone(); 4];
        variants[0].sections.reverse();
        variants[1].sections.extend(payload.sections.iter().cloned());
        variants[2].sections.iter_mut().for_each(|section| section.key.tile += 1_000);
        variants[3].sections.iter_mut().for_each(|section| section.key.layer += 100);
        for variant in variants {
            let view = variant.view(&self.source.shape);
            if let Ok(planes) = self.codec.decode(&view, &DecodeRequest::default(), &one_thread()) {
                assert!(planes.shape == self.source.shape, "{self}: odd sections, another shape");
            }
            for section in &variant.sections {
                let request = DecodeRequest::default();
                self.codec.wants(&self.source.shape, &variant.header, section.key, &request);
            }
        }
    }
}

/// The view of `payload` in a file that was truncated after `bytes` bytes of sections.
fn prefix<'a>(payload: &'a Payload, shape: &'a Shape, bytes: usize) -> PayloadView<'a> {
    let mut left = bytes;
    let mut sections = Vec::new();
    for section in &payload.sections {
        let len = section.bytes.len().min(left);
        left -= len;
        let complete = len == section.bytes.len();
        sections.push(SectionView { key: section.key, bytes: &section.bytes[..len], complete });
        if !complete {
            break;
        }
    }
    PayloadView { shape, header: &payload.header, sections, cut_off: true }
}
