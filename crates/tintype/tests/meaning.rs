//! What the samples of a picture mean comes back, and counts for quality.

use tintype::{Decoder, Encoder, Goal, Metadata, Picture, codec};
use tintype_image::Limits;
use tintype_image::io::{PictureFormat, read_picture, write_picture};

fn back(file: &[u8]) -> Picture {
    Decoder::from_stream(file).unwrap().decode().unwrap().picture
}

/// A soft scene of `width` × `height` samples below `2^bits`.
fn scene(width: usize, height: usize, bits: u32) -> Vec<u16> {
    let value = |at: usize| {
        let (x, y) = ((at % width) as f64, (at / width) as f64);
        let wave = (x / 9.0).sin() + (y / 7.0).cos() + (x * y / 300.0).sin() / 2.0;
        ((wave + 2.5) / 5.0 * f64::from((1u32 << bits) - 1)) as u16
    };
    (0..width * height).map(value).collect()
}

fn psnr(a: &[u16], b: &[u16], max: f64) -> f64 {
    let squares: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    10.0 * (max * max * a.len() as f64 / squares.max(1e-9)).log10()
}

#[test]
fn twelve_bits_in_sixteen_have_the_quality_of_twelve() {
    let samples = scene(96, 64, 12);
    let low = Picture::from_gray16(96, 64, &samples).unwrap();
    let high: Vec<u16> = samples.iter().map(|sample| sample << 4).collect();
    let high = Picture::from_gray16(96, 64, &high).unwrap();
    for (picture, unit) in [(&low, 1.0), (&high, 16.0)] {
        let tin = Encoder::new().quality(75.0).encode(picture).unwrap().bytes;
        let decoded = back(&tin);
        assert_eq!(decoded.planes.shape, picture.planes.shape);
        let [a, b] = [picture, &decoded].map(|p| p.to_gray16().unwrap());
        let reached = psnr(&a, &b, 4095.0 * unit);
        assert!(reached > 36.0, "{reached}");
        let info = Decoder::from_stream(&tin[..]).unwrap();
        assert_eq!(info.info().shape.planes[0].bit_depth, 16);
        assert_eq!(back(&Encoder::lossless().encode(picture).unwrap().bytes), *picture);
    }
}

#[test]
fn limited_range_comes_back_limited() {
    let luma: Vec<u8> = scene(48, 32, 7).iter().map(|sample| *sample as u8 + 40).collect();
    let chroma = [vec![100u8; 24 * 16], vec![150; 24 * 16]].concat();
    let head = b"YUV4MPEG2 W48 H32 F25:1 C420jpeg Ip A1:1 XCOLORRANGE=LIMITED\nFRAME\n";
    let file = [&head[..], &luma, &chroma].concat();
    let picture = read_picture(&file, &Limits::default()).unwrap();
    for encoder in [Encoder::lossless(), Encoder::new().quality(80.0)] {
        let lossless = encoder.encode(&picture).unwrap().bytes;
        let decoded = back(&lossless);
        assert!(decoded.metadata.is_limited_range());
        let y4m = write_picture(PictureFormat::Y4m, &decoded).unwrap();
        assert_eq!(y4m[..head.len()], head[..]);
        let off = y4m.iter().zip(&file).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(off.unwrap() <= 12, "{off:?}");
    }
    assert_eq!(
        write_picture(PictureFormat::Y4m, &back(&Encoder::lossless().encode(&picture).unwrap().bytes))
            .unwrap(),
        file
    );
}

#[test]
fn clear_and_opaque_stay_exact_at_any_quality() {
    let mut pixels = Vec::new();
    for at in 0..80 * 60usize {
        let (x, y) = (at % 80, at / 80);
        let far = x.abs_diff(40).pow(2) + y.abs_diff(30).pow(2);
        let alpha = if far < 400 {
            255
        } else if far < 430 {
            128
        } else {
            0
        };
        pixels.extend([(x * 3) as u8, (y * 4) as u8, (far % 251) as u8, alpha]);
    }
    let picture = Picture::from_rgba8(80, 60, &pixels).unwrap();
    for quality in [5.0, 75.0] {
        let tin = Encoder::new().quality(quality).encode(&picture).unwrap();
        let decoded = back(&tin.bytes);
        assert_eq!(decoded.planes.planes[3], picture.planes.planes[3], "{quality} by {}", tin.codec);
        let coarse = Encoder::new().quality(quality).alpha_quality(0).encode(&picture).unwrap();
        let alpha = &back(&coarse.bytes).planes.planes[3];
        for (before, after) in picture.planes.planes[3].rows().flatten().zip(alpha.rows().flatten()) {
            assert!(before == after || *before == 128, "{before} {after}");
        }
        assert!(coarse.bytes.len() <= tin.bytes.len());
    }
    // Colour that is not seen costs nothing, and is kept without loss.
    assert_eq!(back(&Encoder::lossless().encode(&picture).unwrap().bytes), picture);
}

#[test]
fn colour_signalling_costs_a_few_bytes() {
    let mut picture = Picture::from_rgb8(8, 8, &[90; 8 * 8 * 3]).unwrap();
    let encode = |picture: &Picture| Encoder::lossless().encode(picture).unwrap();
    let plain = encode(&picture).bytes.len();
    let primaries = [31_270u32, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000];
    picture.metadata.set("png:sRGB", vec![0]);
    picture.metadata.set("png:gAMA", 45_455u32.to_be_bytes().to_vec());
    picture.metadata.set("png:cHRM", primaries.iter().flat_map(|v| v.to_be_bytes()).collect());
    let signalled = encode(&picture);
    assert_eq!(back(&signalled.bytes), picture);
    assert_eq!(signalled.codec, codec::LOSSLESS);
    assert!(signalled.bytes.len() <= plain + 12, "{} {plain}", signalled.bytes.len());
    let contents = Decoder::from_stream(&signalled.bytes[..]).unwrap().contents().unwrap();
    assert_eq!(contents.metadata.len(), 3);
    assert_eq!(contents.metadata[1].name, "png:gAMA");
}

#[test]
fn a_metric_goal_counts_on_the_picture_own_scale() {
    let picture = Picture::from_gray16(96, 64, &scene(96, 64, 12)).unwrap();
    let tin = Encoder::new().goal(Goal::Psnr(60.0)).encode(&picture).unwrap().bytes;
    let [a, b] = [&picture, &back(&tin)].map(|p| p.to_gray16().unwrap());
    assert!(psnr(&a, &b, 65_535.0) >= 60.0 * 0.98);
    assert_eq!(Metadata::default().item("pnm:maxval"), None);
}
