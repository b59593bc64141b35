//! The pictures that tests of all codecs share: real ones from testdata, and those of the contract.

use tintype_codec::contract;
use tintype_image::io::read_picture;
use tintype_image::{Limits, Plane, Planes, Region, Shape};

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

/// All of them.
pub fn samples() -> Vec<Sample> {
    let photo = file(PHOTO);
    let region = Region { x: 11, y: 7, width: 93, height: 71 };
    let crop = Planes {
        shape: Shape { width_px: 93, height_px: 71, ..photo.shape.clone() },
        planes: photo.planes.iter().map(|plane: &Plane<u16>| plane.crop(region)).collect(),
    };
    let at = |name, effort, planes| Sample { name, planes, effort };
    let mut list = vec![
        at("photo", 5, photo.clone()),
        at("photo-crop", 1, crop.clone()),
        at("photo-crop", 8, crop),
        at("screen", 5, file(SCREEN)),
    ];
    list.extend(contract::pictures().into_iter().map(|(name, planes)| at(name, 5, planes)));
    list
}
