//! The pictures that tests of all codecs share: real ones from testdata, and made ones of odd sizes, depths and planes.

use tintype_image::io::read_picture;
use tintype_image::{ColourModel, Limits, Plane, PlaneInfo, PlaneRole, Planes, Region, Shape, YCbCrMatrix};

/// A picture, and how hard its encoder tries.
pub struct Sample {
    /// What it shows or is made to test.
    pub name: &'static str,
    /// Its samples.
    pub planes: Planes,
    /// 1 to 9.
    pub effort: u8,
}

static PHOTO: &[u8] = include_bytes!("../../../../testdata/pictures/photo_a.png");
static SCREEN: &[u8] = include_bytes!("../../../../testdata/pictures/screen_a.png");

fn file(bytes: &[u8]) -> Planes {
    read_picture(bytes, &Limits::default()).expect("pictures in testdata are sound").planes
}

/// Waves, an edge and a little noise, the same in every build.
fn made(shape: Shape) -> Planes {
    let mut planes = Planes::new(shape);
    let mut state = 12_345u32;
    for (index, plane) in planes.planes.iter_mut().enumerate() {
        let max = u32::from(planes.shape.planes[index].sample_max());
        for y in 0..plane.height() {
            for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let (x, y) = (x as u32, y as u32);
                let wave = (x * (5 + index as u32) + y * 3) % 97 + (x * x / 29 + y * 7) % 61;
                let edge = if x * 2 > y + 19 { 60 } else { 0 };
                let level = wave + edge + (state >> 28);
                *sample = (level * max / 233).min(max) as u16;
            }
        }
    }
    planes
}

/// Red, green and blue with planes behind them.
fn rgb_and(width: usize, height: usize, bit_depth: u8, further: &[(PlaneRole, u8)]) -> Planes {
    let mut shape = Shape::rgb(width, height, bit_depth);
    shape.planes.extend(further.iter().map(|&(role, depth)| PlaneInfo::new(role, depth)));
    made(shape)
}

fn ycbcr(width: usize, height: usize, halves: (u8, u8)) -> Planes {
    let mut shape = Shape::rgb(width, height, 8);
    shape.colour = ColourModel::YCbCr(YCbCrMatrix::Bt601);
    for plane in &mut shape.planes[1..] {
        (plane.subsample_x_log2, plane.subsample_y_log2) = halves;
    }
    made(shape)
}

fn bands(width: usize, height: usize, count: usize, bit_depth: u8) -> Planes {
    let planes = vec![PlaneInfo::new(PlaneRole::Band, bit_depth); count];
    made(Shape { colour: ColourModel::Bands, planes, ..Shape::gray(width, height, bit_depth) })
}

/// All of them.
pub fn samples() -> Vec<Sample> {
    let photo = file(PHOTO);
    let region = Region { x: 11, y: 7, width: 93, height: 71 };
    let crop = Planes {
        shape: Shape { width_px: 93, height_px: 71, ..photo.shape.clone() },
        planes: photo.planes.iter().map(|plane: &Plane<u16>| plane.crop(region)).collect(),
    };
    let at = |name, effort, planes| Sample { name, planes, effort };
    vec![
        at("photo", 5, photo.clone()),
        at("photo-crop", 1, crop.clone()),
        at("photo-crop", 8, crop),
        at("screen", 5, file(SCREEN)),
        at("pixel", 5, made(Shape::rgb(1, 1, 8))),
        at("column", 5, made(Shape::gray(1, 77, 8))),
        at("row", 5, made(Shape::rgb(131, 1, 8))),
        at("odd", 5, made(Shape::rgb(67, 45, 8))),
        at("gray", 5, made(Shape::gray(70, 50, 8))),
        at("bilevel", 5, made(Shape::gray(40, 33, 1))),
        at("gray16", 5, made(Shape::gray(65, 43, 16))),
        at("rgb10", 5, made(Shape::rgb(50, 41, 10))),
        at("rgb16", 5, made(Shape::rgb(37, 52, 16))),
        at("alpha", 5, rgb_and(53, 39, 8, &[(PlaneRole::Alpha, 8)])),
        at("depth", 5, rgb_and(48, 40, 8, &[(PlaneRole::Depth, 16)])),
        at("ycbcr444", 5, ycbcr(45, 37, (0, 0))),
        at("ycbcr420", 5, ycbcr(45, 37, (1, 1))),
        at("ycbcr422", 5, ycbcr(46, 38, (1, 0))),
        at("bands5", 5, bands(35, 34, 5, 12)),
        at("bands32", 5, bands(9, 8, 32, 16)),
        at("wide", 5, made(Shape::gray(1_100, 20, 8))),
    ]
}
