use super::*;
use crate::{Metadata, PlaneInfo, PlaneRole, Shape, YCbCrMatrix};

/// A picture of `shape` with every bit of every sample in use.
pub(super) fn patterned(shape: Shape) -> Picture {
    let mut planes = Planes::new(shape);
    for (index, plane) in planes.planes.iter_mut().enumerate() {
        let max = planes.shape.planes[index].sample_max();
        for y in 0..plane.height() {
            for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                let mixed = (x as u32 * 40_503) ^ (y as u32 * 30_011) ^ (index as u32 * 9_973);
                *sample = (mixed ^ (mixed >> 7)) as u16 & max;
            }
        }
    }
    Picture { planes, metadata: Metadata::default() }
}

pub(super) fn with_alpha(mut shape: Shape) -> Shape {
    let bits = shape.planes[0].bit_depth;
    shape.planes.push(PlaneInfo::new(PlaneRole::Alpha, bits));
    shape
}

fn round_trip(format: PictureFormat, picture: &Picture) -> Picture {
    let bytes = write_picture(format, picture).unwrap();
    assert_eq!(PictureFormat::detect(&bytes), Some(format));
    read_picture(&bytes, &Limits::default()).unwrap()
}

#[test]
fn png_keeps_gray_of_native_depths_and_nine_to_sixteen_bits() {
    for bits in [1, 2, 4, 8, 9, 10, 11, 12, 13, 14, 15, 16] {
        for (width, height) in [(1, 1), (7, 3), (64, 48)] {
            let picture = patterned(Shape::gray(width, height, bits));
            assert_eq!(
                round_trip(PictureFormat::Png, &picture),
                picture,
                "{bits} bits {width}x{height}"
            );
        }
    }
}

#[test]
fn png_keeps_colour_and_alpha() {
    for bits in [8, 10, 16] {
        for shape in [
            Shape::rgb(13, 5, bits),
            with_alpha(Shape::rgb(13, 5, bits)),
            with_alpha(Shape::gray(9, 2, bits)),
        ] {
            let picture = patterned(shape);
            assert_eq!(round_trip(PictureFormat::Png, &picture), picture);
        }
    }
}

#[test]
fn png_and_jpeg_carry_metadata() {
    let mut picture = patterned(Shape::rgb(8, 8, 8));
    picture.metadata.icc = Some((0..70_000u32).map(|i| (i.wrapping_mul(i) >> 3) as u8).collect());
    picture.metadata.exif = Some(b"II*\0\x08\0\0\0\0\0\0\0\0\0".to_vec());
    picture.metadata.xmp = Some("<x:xmpmeta>é</x:xmpmeta>".as_bytes().to_vec());
    for format in [PictureFormat::Png, PictureFormat::Jpeg, PictureFormat::WebP] {
        assert_eq!(round_trip(format, &picture).metadata, picture.metadata, "{format:?}");
    }
}

#[test]
fn jpeg_comes_back_close() {
    for shape in [Shape::gray(33, 17, 8), Shape::rgb(33, 17, 8)] {
        let mut picture = patterned(shape);
        for plane in &mut picture.planes.planes {
            for y in 0..17 {
                plane.row_mut(y).iter_mut().enumerate().for_each(|(x, s)| *s = (x * 3 + y * 5) as u16);
            }
        }
        let back = round_trip(PictureFormat::Jpeg, &picture);
        assert_eq!(back.planes.shape, picture.planes.shape);
        for (a, b) in back.planes.planes.iter().zip(&picture.planes.planes) {
            let worst = a.rows().flatten().zip(b.rows().flatten()).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(worst <= Some(12), "{worst:?}");
        }
    }
}

#[test]
fn pnm_and_pam_keep_every_depth() {
    for bits in 1..=16 {
        for picture in [patterned(Shape::gray(11, 3, bits)), patterned(Shape::rgb(5, 4, bits))] {
            assert_eq!(round_trip(PictureFormat::Pnm, &picture), picture, "PNM {bits} bits");
            assert_eq!(round_trip(PictureFormat::Pam, &picture), picture, "PAM {bits} bits");
        }
        let picture = patterned(with_alpha(Shape::rgb(5, 4, bits)));
        assert_eq!(round_trip(PictureFormat::Pam, &picture), picture, "PAM alpha {bits} bits");
    }
    let mut bands = Shape { width_px: 6, height_px: 5, colour: ColourModel::Bands, planes: Vec::new() };
    bands.planes.resize(32, PlaneInfo::new(PlaneRole::Band, 12));
    let picture = patterned(bands);
    assert_eq!(round_trip(PictureFormat::Pam, &picture), picture);
}

#[test]
fn plain_pnm_with_comments_and_odd_maximum() {
    let read = |bytes: &[u8]| read_picture(bytes, &Limits::default()).unwrap().planes;
    let bitmap = read(b"P1 # a comment\n3 2\n101\n0 1 0\n");
    assert_eq!(bitmap.planes[0].as_slice().unwrap(), [0, 1, 0, 1, 0, 1]);
    let gray = read(b"P2\n2 1\n# more\n200\n0 200\n");
    assert_eq!((gray.shape.planes[0].bit_depth, gray.planes[0].as_slice().unwrap()), (8, &[0, 255][..]));
    let rgb = read(b"P3 1 1 1023 1 2 1023");
    assert_eq!((rgb.shape.planes[0].bit_depth, rgb.planes[2].row(0)[0]), (10, 1023));
}

/// The formats that are written, except DICOM, which needs a head that was read; it has its own
/// tests.
fn written_formats() -> impl Iterator<Item = PictureFormat> {
    let written = |format: &PictureFormat| format.is_written() && *format != PictureFormat::Dicom;
    PictureFormat::ALL.into_iter().filter(written)
}

#[test]
fn limits_hold_before_samples_are_allocated() {
    let limits = Limits { samples_max: 1000, ..Limits::default() };
    let small = Limits { side_px_max: 40, ..Limits::default() };
    for format in written_formats() {
        let bytes = write_picture(format, &patterned(Shape::gray(64, 48, 8))).unwrap();
        for limits in [limits, small] {
            let error = read_picture(&bytes, &limits).unwrap_err();
            assert!(
                matches!(error, ImageError::Limit { .. } | ImageError::Malformed { .. }),
                "{format:?} {error}"
            );
        }
    }
    let huge = b"P5 65535 65535 255 x";
    assert!(matches!(read_picture(huge, &Limits::default()), Err(ImageError::Limit { .. })));
    assert!(matches!(
        read_picture(b"P5 9999 9999 255 x", &Limits::default()),
        Err(ImageError::Truncated { .. })
    ));
}

#[test]
fn cut_and_flipped_files_never_panic() {
    let mut picture = patterned(with_alpha(Shape::rgb(19, 11, 8)));
    picture.metadata.icc = Some(vec![7; 300]);
    let limits = Limits { samples_max: 1 << 20, ..Limits::default() };
    for format in written_formats() {
        if matches!(format, PictureFormat::Pnm | PictureFormat::Y4m) && picture.planes.planes.len() == 4
        {
            picture.planes.shape.planes.pop();
            picture.planes.planes.pop();
        }
        let bytes = write_picture(format, &picture).unwrap();
        for len in (0..bytes.len()).step_by(1 + bytes.len() / 200) {
            let cut = read_picture(&bytes[..len], &limits);
            assert!(
                format == PictureFormat::Jpeg || cut.is_err(),
                "{format:?} cut to {len} of {}",
                bytes.len()
            );
        }
        for bit in (0..bytes.len() * 8).step_by(1 + bytes.len() / 60) {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let _ = read_picture(&flipped, &limits);
        }
    }
}

#[test]
fn tiff_keeps_many_bands_and_tags() {
    for bits in [8, 16] {
        let mut shapes = vec![Shape::gray(70, 31, bits), Shape::rgb(70, 31, bits)];
        shapes.push(with_alpha(Shape::rgb(5, 4, bits)));
        shapes.push(with_alpha(Shape::gray(5, 4, bits)));
        for count in [2, 4, 13, 32] {
            let planes = vec![PlaneInfo::new(PlaneRole::Band, bits); count];
            shapes.push(Shape { width_px: 300, height_px: 90, colour: ColourModel::Bands, planes });
        }
        let mut infrared = Shape::rgb(21, 9, bits);
        infrared
            .planes
            .extend([PlaneInfo::new(PlaneRole::Band, bits), PlaneInfo::new(PlaneRole::Alpha, bits)]);
        shapes.push(infrared);
        for shape in shapes {
            let mut picture = patterned(shape);
            picture.metadata.icc = Some(vec![1, 2, 3, 4, 5]);
            picture.metadata.xmp = Some(b"<x/>".to_vec());
            picture.metadata.exif = Some(orientation::exif_with_orientation(6));
            let scale: Vec<u8> = [0.5f64, 0.25, 0.0].iter().flat_map(|v| v.to_le_bytes()).collect();
            picture.metadata.other =
                vec![("tiff:33550:12".into(), scale), ("tiff:42113:2".into(), b"-99\0".to_vec())];
            assert_eq!(round_trip(PictureFormat::Tiff, &picture), picture);
        }
    }
}

#[test]
fn webp_keeps_colour_and_alpha() {
    for shape in [Shape::rgb(13, 5, 8), with_alpha(Shape::rgb(13, 5, 8))] {
        let picture = patterned(shape);
        assert_eq!(round_trip(PictureFormat::WebP, &picture), picture);
    }
}

#[test]
fn y4m_keeps_frames_of_every_sampling_and_depth() {
    for bits in [8, 10, 12, 16] {
        for (x, y) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            let mut shape = Shape::rgb(7, 5, bits);
            shape.colour = ColourModel::YCbCr(YCbCrMatrix::Bt601);
            shape.planes[1..].iter_mut().for_each(|p| (p.subsample_x_log2, p.subsample_y_log2) = (x, y));
            let picture = patterned(shape);
            assert_eq!(round_trip(PictureFormat::Y4m, &picture), picture);
            let bytes = write_picture(PictureFormat::Png, &picture).unwrap();
            let rgb = read_picture(&bytes, &Limits::default()).unwrap().planes;
            assert_eq!((rgb.shape.colour, rgb.planes[2].width()), (ColourModel::Rgb, 7));
        }
    }
    let gray = patterned(Shape::gray(7, 5, 9));
    assert_eq!(round_trip(PictureFormat::Y4m, &gray), gray);
    let header = y4m::Y4mHeader::new(gray.planes.shape.clone(), (30_000, 1001)).unwrap();
    let mut writer = y4m::Y4mWriter::new(Vec::new(), header.clone()).unwrap();
    (0..3).for_each(|_| writer.write(&gray.planes).unwrap());
    let mut bytes = writer.into_inner();
    let reader = y4m::Y4mReader::new(&bytes[..], &Limits::default()).unwrap();
    assert_eq!(reader.header(), &header);
    assert_eq!(reader.map(|f| f.unwrap()).collect::<Vec<_>>(), vec![gray.planes; 3]);
    bytes.pop();
    let cut: Vec<_> = y4m::Y4mReader::new(&bytes[..], &Limits::default()).unwrap().collect();
    assert!(cut.len() == 3 && cut[2].is_err());
}

#[test]
fn floating_point_tiff_is_refused_by_name() {
    let mut bytes = b"II*\0\x08\0\0\0\x09\0".to_vec();
    #[rustfmt::skip]
    let entries: [(u16, u16, u32); 9] = [
        (256, 3, 1), (257, 3, 1), (258, 3, 32),
        (259, 3, 1), (262, 3, 1), (273, 4, 8),
        (277, 3, 1), (279, 4, 4), (339, 3, 3),
    ];
    for (tag, kind, value) in entries {
        bytes.extend(
            [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &1u32.to_le_bytes(), &value.to_le_bytes()]
                .concat(),
        );
    }
    bytes.extend([0; 4]);
    let error = read_picture(&bytes, &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("floating-point"), "{error}");
}

/// Name, depths and fingerprint of each kept PngSuite file. When these were taken, the samples
/// equalled those Pillow reads, as far as its 8 bits tell for colour of 16.
const PNGSUITE: &str = "
basi2c16.png 16,16,16 1ca8146e2a12febd
basi3p02.png 8,8,8 d5f5f67976a0561d
basn0g01.png 1 64be3ad8eed2211c
basn0g02.png 2 4d0ae0b680601e97
basn0g04.png 4 9a7aa141f6d65ab1
basn0g16.png 16 8a45b48d0b9bd69d
basn3p01.png 8,8,8 08895ae1af0cc21d
basn3p04.png 8,8,8 16e1d107372e469d
basn3p08.png 8,8,8 12fe0c20cefd6d5d
basn4a16.png 16,16 f639e0c058008d85
basn6a08.png 8,8,8,8 5e37cc3a381d8085
cs3n2c16.png 13,13,13 b711f31fedda3f78
exif2c08.png 8,8,8 dbb7b6a161cda687
s07i3p02.png 8,8,8 948da3c009ef619d
tbbn3p08.png 8,8,8,8 8bece960d9f16663
tbrn2c08.png 8,8,8,8 261c80de89336156
tm3n3p02.png 8,8,8,8 1ca5c1925a0bb685
tp1n3p08.png 8,8,8,8 8bece960d9f16663
xcsn0g01.png error
xd0n2c08.png error
xdtn0g01.png error
xhdn0g08.png error
xs1n0g01.png error
";

#[test]
fn pngsuite_reads_as_other_decoders_read_it() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pngsuite");
    let mut seen = 0;
    for line in PNGSUITE.trim().lines() {
        let (name, expected) = line.split_once(' ').unwrap();
        let result = read_picture(&std::fs::read(folder.join(name)).unwrap(), &Limits::default());
        let found = match result {
            Err(_) => "error".to_owned(),
            Ok(picture) => {
                let depths: Vec<String> =
                    picture.planes.shape.planes.iter().map(|p| p.bit_depth.to_string()).collect();
                format!("{} {:016x}", depths.join(","), crate::sample_hash(&picture.planes))
            }
        };
        assert_eq!(found, expected, "{name}");
        seen += 1;
    }
    assert_eq!(seen, std::fs::read_dir(folder).unwrap().filter(is_png).count());
}

fn is_png(entry: &std::io::Result<std::fs::DirEntry>) -> bool {
    entry.as_ref().is_ok_and(|e| e.path().extension().is_some_and(|e| e == "png"))
}

#[test]
fn stray_bytes_between_jpeg_segments_are_stepped_over() {
    let picture = patterned(Shape::gray(16, 16, 8));
    let bytes = write_picture(PictureFormat::Jpeg, &picture).unwrap();
    let first = 4 + usize::from(u16::from_be_bytes([bytes[4], bytes[5]]));
    let stray = [&bytes[..first], &[0, 0, 0][..], &bytes[first..]].concat();
    let read = |b: &[u8]| read_picture(b, &Limits::default()).unwrap().planes;
    assert_eq!(read(&stray), read(&bytes));
}

#[test]
fn pnm_by_rows_is_pnm_as_a_whole() {
    for shape in
        [Shape::gray(7, 5, 8), Shape::gray(7, 5, 12), Shape::rgb(40, 900, 8), Shape::rgb(7, 5, 12)]
    {
        let picture = patterned(shape.clone());
        let mut by_rows = Vec::new();
        let mut writer = PnmWriter::new(&mut by_rows, &shape).unwrap();
        for y in 0..shape.height_px {
            let rows: Vec<&[u16]> = picture.planes.planes.iter().map(|plane| plane.row(y)).collect();
            writer.write(&rows).unwrap();
        }
        assert!(writer.write(&[]).is_err());
        writer.finish().unwrap();
        assert_eq!(by_rows, write_picture(PictureFormat::Pnm, &picture).unwrap());
    }
    assert!(PnmWriter::new(&mut Vec::new(), &Shape::gray(7, 5, 1)).is_err());
}

#[test]
fn a_maximal_value_between_powers_of_two_is_kept() {
    let file = b"P5\n3 2\n1000\n\x00\x00\x03\xe8\x01\xf4\x00\x01\x00\x02\x03\xe7";
    let picture = read_picture(file, &Limits::default()).unwrap();
    assert_eq!(picture.planes.planes[0].row(0), [0, 1023, 512]);
    assert_eq!(write_picture(PictureFormat::Pnm, &picture).unwrap(), file);

    // Every sample of every maximal value up to 11 bits, in PNM and in PAM.
    for maxval in (2u16..2048).step_by(7) {
        let mut plain = format!("P2 {} 1 {maxval}", maxval + 1);
        (0..=maxval).for_each(|sample| plain += &format!(" {sample}"));
        let picture = read_picture(plain.as_bytes(), &Limits::default()).unwrap();
        for format in [PictureFormat::Pnm, PictureFormat::Pam] {
            let bytes = write_picture(format, &picture).unwrap();
            let words = if maxval > 255 { 2 } else { 1 };
            let raw = &bytes[bytes.len() - words * (usize::from(maxval) + 1)..];
            let samples: Vec<u16> = match words {
                1 => raw.iter().map(|&byte| byte.into()).collect(),
                _ => raw.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect(),
            };
            assert!(samples.iter().copied().eq(0..=maxval), "{format:?} {maxval}");
            assert_eq!(read_picture(&bytes, &Limits::default()).unwrap(), picture);
        }
    }
}

#[test]
fn y4m_of_quarter_chroma_comes_back() {
    for (sampling, chroma) in [("411", 3 * 5), ("410", 3 * 2)] {
        let head = format!("YUV4MPEG2 W9 H5 F30:1 C{sampling} Ip A10:11 XCOLORRANGE=LIMITED\nFRAME\n");
        let samples = (16..16 + 45 + 2 * chroma).map(|value| value as u8);
        let file: Vec<u8> = head.bytes().chain(samples).collect();
        let picture = read_picture(&file, &Limits::default()).unwrap();
        assert_eq!(picture.planes.planes[1].row(0), [61, 61, 62, 62, 63]);
        assert_eq!(write_picture(PictureFormat::Y4m, &picture).unwrap(), file);
    }
}

#[test]
fn y4m_of_limited_range_is_shown_at_full_range() {
    let file =
        b"YUV4MPEG2 W2 H1 F25:1 C444 Ip A1:1 XCOLORRANGE=LIMITED\nFRAME\n\x10\xeb\x80\x80\x80\x80";
    let picture = read_picture(file, &Limits::default()).unwrap();
    assert_eq!(picture.to_rgb8().unwrap(), [0, 0, 0, 255, 255, 255]);
    assert_eq!(picture.to_gray8().unwrap(), [0, 255]);
    for format in [PictureFormat::Png, PictureFormat::Pnm, PictureFormat::Tiff] {
        let bytes = write_picture(format, &picture).unwrap();
        let back = read_picture(&bytes, &Limits::default()).unwrap();
        assert_eq!(back.to_rgb8().unwrap(), [0, 0, 0, 255, 255, 255], "{format:?}");
    }
    // The samples themselves stay as they are, and so does the header.
    assert_eq!(picture.planes.planes[0].row(0), [16, 235]);
    assert_eq!(write_picture(PictureFormat::Y4m, &picture).unwrap(), file);

    // Without a range the header stays without, and samples count as full range.
    let file = b"YUV4MPEG2 W1 H1 F25:1 C420mpeg2 Ip A1:1\nFRAME\n\x10\x80\x80";
    let picture = read_picture(file, &Limits::default()).unwrap();
    assert_eq!(picture.to_gray8().unwrap(), [16]);
    assert_eq!(write_picture(PictureFormat::Y4m, &picture).unwrap(), file);
    // What we make says that it is of full range.
    let ours = write_picture(PictureFormat::Y4m, &Picture::from_gray8(1, 1, &[7]).unwrap()).unwrap();
    assert!(ours.starts_with(b"YUV4MPEG2 W1 H1 F25:1 Cmono Ip A1:1 XCOLORRANGE=FULL\n"));
}

#[test]
fn pages_are_read_by_number_and_further_ones_are_named() {
    let two = b"P5 1 1 255 \x07\nP5 2 1 255 \x08\x09";
    let (first, warnings) = read_picture_with_warnings(two, &Limits::default()).unwrap();
    assert_eq!(
        (first.width(), warnings[0].to_string()),
        (1, "picture 1 of 2 is read, the others are left out".into())
    );
    let (second, warnings) = read_page(two, 2, &Limits::default()).unwrap();
    assert_eq!((second.planes.planes[0].row(0), warnings.len()), (&[8, 9][..], 0));
    assert!(read_page(two, 3, &Limits::default()).unwrap_err().to_string().contains("2 pictures"));
    assert!(read_page(two, 0, &Limits::default()).is_err());
}

#[test]
fn a_truncated_png_keeps_its_rows_with_a_warning() {
    let picture = patterned(Shape::rgb(40, 200, 8));
    let bytes = write_picture(PictureFormat::Png, &picture).unwrap();
    let read = |len: usize| read_picture_with_warnings(&bytes[..len], &Limits::default());

    let (whole, warnings) = read(bytes.len()).unwrap();
    assert_eq!((whole, warnings.len()), (picture.clone(), 0));

    let (without_end, warnings) = read(bytes.len() - 12).unwrap();
    assert_eq!((&without_end, warnings.len()), (&picture, 1));

    let (half, warnings) = read(bytes.len() / 2).unwrap();
    assert_eq!(half.planes.shape, picture.planes.shape);
    assert_eq!(half.planes.planes[1].row(20), picture.planes.planes[1].row(20));
    assert!(warnings.len() == 1 && warnings[0].to_string().contains("of 200 are kept"), "{warnings:?}");
}

#[test]
fn the_largest_page_of_a_tiff_is_read_with_a_warning() {
    use ::tiff::encoder::{TiffEncoder, colortype::Gray8};
    let mut file = std::io::Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut file).unwrap();
    encoder.write_image::<Gray8>(4, 3, &[7; 12]).unwrap();
    encoder.write_image::<Gray8>(20, 10, &[9; 200]).unwrap();
    encoder.write_image::<Gray8>(20, 10, &[8; 200]).unwrap();
    let (picture, warnings) = read_picture_with_warnings(file.get_ref(), &Limits::default()).unwrap();
    assert_eq!(picture.planes.planes[0].row(9), [9; 20]);
    assert_eq!(warnings[0].to_string(), "page 2 of 3 is read, the others are left out");
    let (third, warnings) = read_page(file.get_ref(), 3, &Limits::default()).unwrap();
    assert_eq!((third.planes.planes[0].row(9), warnings.len()), (&[8; 20][..], 0));
}

#[test]
fn tiff_keeps_inks_and_premultiplied_alpha() {
    let mut inks = Shape { colour: ColourModel::Bands, ..Shape::gray(9, 7, 8) };
    inks.planes = ["cyan", "magenta", "yellow", "black"]
        .map(|name| PlaneInfo { name: name.into(), ..PlaneInfo::new(PlaneRole::Band, 8) })
        .to_vec();
    let mut alpha = with_alpha(Shape::rgb(9, 7, 8));
    alpha.planes[3].name = "premultiplied alpha".into();
    for shape in [inks, alpha] {
        let picture = patterned(shape);
        assert_eq!(round_trip(PictureFormat::Tiff, &picture), picture);
    }
}

/// A little-endian TIFF of one page with these tags, LONG for places and lengths, else SHORT, and
/// `data` at byte 8.
fn tiff_file(tags: &[(u16, &[u32])], data: &[u8]) -> Vec<u8> {
    let directory_len = 2 + 12 * tags.len() + 4;
    let mut far = Vec::new();
    let mut directory = (tags.len() as u16).to_le_bytes().to_vec();
    for (tag, values) in tags {
        let (kind, len) = if matches!(tag, 324 | 325) { (4u16, 4) } else { (3, 2) };
        let bytes: Vec<u8> =
            values.iter().flat_map(|value| value.to_le_bytes().into_iter().take(len)).collect();
        directory.extend(tag.to_le_bytes());
        directory.extend(kind.to_le_bytes());
        directory.extend((values.len() as u32).to_le_bytes());
        if bytes.len() <= 4 {
            directory.extend(bytes.iter().chain(&[0; 4]).take(4));
        } else {
            let at = 8 + data.len() + directory_len + far.len();
            directory.extend((at as u32).to_le_bytes());
            far.extend(bytes);
        }
    }
    directory.extend([0; 4]);
    let start = (8 + data.len() as u32).to_le_bytes();
    [&b"II*\0"[..], &start, data, &directory, &far].concat()
}

/// The layout of GDAL's `INTERLEAVE=BAND`: separate planes, tiles, a last row that is cut.
#[test]
fn tiff_in_separate_planes_and_tiles_is_read() {
    let sample = |plane: usize, x: usize, y: usize| (plane * 90 + y * 20 + x) as u8 ^ 0x55;
    let (mut data, mut offsets) = (Vec::new(), Vec::new());
    for plane in 0..2 {
        for tile in 0..4 {
            offsets.push(8 + data.len() as u32);
            let (left, top) = (tile % 2 * 16, tile / 2 * 16);
            let places = (0..16).flat_map(|y| (0..16).map(move |x| (left + x, top + y)));
            data.extend(places.map(|(x, y)| sample(plane, x, y)));
        }
    }
    let file = tiff_file(
        &[
            (256, &[20]),
            (257, &[19]),
            (258, &[8, 8]),
            (259, &[1]),
            (262, &[1]),
            (277, &[2]),
            (284, &[2]),
            (322, &[16]),
            (323, &[16]),
            (324, &offsets),
            (325, &[256; 8]),
            (338, &[0]),
        ],
        &data,
    );
    let planes = read_picture(&file, &Limits::default()).unwrap().planes;
    assert_eq!((planes.shape.width_px, planes.shape.height_px, planes.planes.len()), (20, 19, 2));
    for (index, plane) in planes.planes.iter().enumerate() {
        for (y, row) in plane.rows().enumerate() {
            for (x, &found) in row.iter().enumerate() {
                assert_eq!(found, u16::from(sample(index, x, y)), "plane {index} at {x}, {y}");
            }
        }
    }
}

#[test]
fn files_of_other_formats_are_named() {
    for (bytes, name) in [
        (&b"\0\0\0\x1cftypavif"[..], "AVIF"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\xff\x0a", "JPEG XL"),
        (b"hello", "PNG, JPEG, PNM"),
    ] {
        let error = read_picture(bytes, &Limits::default()).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn exif_goes_into_tiff_and_back() {
    let entry = |tag: u16, kind: u16, bytes: &[u8]| exif::Entry { tag, kind, bytes: bytes.to_vec() };
    for little_endian in [false, true] {
        let exposure = if little_endian { [1, 0, 0, 0, 60, 0, 0, 0] } else { [0, 0, 0, 1, 0, 0, 0, 60] };
        let turned = if little_endian { [8, 0] } else { [0, 8] };
        let block = exif::Exif {
            little_endian,
            main: vec![entry(271, 2, b"Camera\0"), entry(274, 3, &turned)],
            camera: vec![entry(33_434, 5, &exposure), entry(36_867, 2, b"2026:11:28 01:02:03\0")],
            gps: vec![entry(1, 2, b"N\0")],
        };
        let mut picture = patterned(Shape::rgb(5, 4, 8));
        picture.metadata.exif = Some(block.to_bytes());
        let file = write_picture(PictureFormat::Tiff, &picture).unwrap();
        let back = read_picture(&file, &Limits::default()).unwrap();
        assert_eq!(back.planes, picture.planes);
        assert_eq!(back.metadata.item("tiff:271:2"), Some(&b"Camera\0"[..]));
        let exif = exif::parse(back.metadata.exif.as_deref().unwrap(), 0).unwrap();
        let values = |exif: &exif::Exif, of: &[exif::Entry]| -> Vec<(u16, Vec<u8>)> {
            of.iter().map(|entry| (entry.tag, exif.in_order(entry, true))).collect()
        };
        assert_eq!(values(&exif, &exif.camera), values(&block, &block.camera));
        assert_eq!(values(&exif, &exif.gps), values(&block, &block.gps));
        assert_eq!(orientation_of(&back.metadata.exif.clone().unwrap()), Some(8));
        // A second time nothing changes.
        let again = write_picture(PictureFormat::Tiff, &back).unwrap();
        assert_eq!(read_picture(&again, &Limits::default()).unwrap(), back);
    }
}

#[test]
fn premultiplied_colours_are_divided_where_alpha_is_unassociated() {
    let mut picture = Picture::from_rgba8(2, 1, &[100, 50, 0, 128, 9, 8, 7, 255]).unwrap();
    picture.planes.shape.planes[3].name = colour::PREMULTIPLIED.into();
    let png = write_picture(PictureFormat::Png, &picture).unwrap();
    let back = read_picture(&png, &Limits::default()).unwrap();
    assert_eq!(back.to_rgba8().unwrap(), [199, 100, 0, 128, 9, 8, 7, 255]);
    let tiff = write_picture(PictureFormat::Tiff, &picture).unwrap();
    assert_eq!(read_picture(&tiff, &Limits::default()).unwrap(), picture);
}

#[test]
fn an_orientation_is_applied_where_a_format_cannot_carry_it() {
    let mut picture = Picture::from_gray8(3, 1, &[1, 2, 3]).unwrap();
    picture.metadata.exif = Some(exif_with_orientation(6));
    let turned = write_picture(PictureFormat::Pnm, &picture).unwrap();
    assert_eq!(turned, b"P5\n1 3\n255\n\x01\x02\x03");
    let png = write_picture(PictureFormat::Png, &picture).unwrap();
    assert_eq!(read_picture(&png, &Limits::default()).unwrap(), picture);
}

#[test]
fn tiff_with_signed_samples_comes_back_signed() {
    use ::tiff::encoder::{TiffEncoder, colortype::GrayI16};
    let mut file = std::io::Cursor::new(Vec::new());
    let samples: [i16; 6] = [-32_768, -1, 0, 1, 300, 32_767];
    TiffEncoder::new(&mut file).unwrap().write_image::<GrayI16>(3, 2, &samples).unwrap();
    let picture = read_picture(file.get_ref(), &Limits::default()).unwrap();
    let expected: Vec<u16> = samples.iter().map(|sample| (i32::from(*sample) + 32_768) as u16).collect();
    assert_eq!(picture.to_gray16().unwrap(), expected);
    let again = write_picture(PictureFormat::Tiff, &picture).unwrap();
    let mut decoder = ::tiff::decoder::Decoder::new(std::io::Cursor::new(&again)).unwrap();
    let ::tiff::decoder::DecodingResult::I16(back) = decoder.read_image().unwrap() else {
        panic!("not signed")
    };
    assert_eq!(back, samples);
    assert_eq!(read_picture(&again, &Limits::default()).unwrap(), picture);
    assert!(left_out_by(PictureFormat::Png, &picture)[0].to_string().contains("sign of samples"));
}

#[test]
fn tiff_with_a_palette_is_read_as_colours() {
    // Three pixels of 8 bits: indices 1, 0, 2; the map has 256 reds, greens and blues.
    let mut bytes = b"II*\0\x08\0\0\0\x0a\0".to_vec();
    let end = 8 + 2 + 12 * 10 + 4;
    let entries: [(u16, u16, u32, u32); 10] = [
        (256, 3, 1, 3),
        (257, 3, 1, 1),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 3),
        (273, 4, 1, end),
        (277, 3, 1, 1),
        (278, 3, 1, 1),
        (279, 4, 1, 3),
        (320, 3, 768, end + 4),
    ];
    for (tag, kind, count, value) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes.extend([1, 0, 2, 0]);
    let mut map = vec![0u16; 768];
    for (at, value) in [(1, 0xffff), (2, 0x0909), (256, 0x8080), (512 + 2, 0x0707)] {
        map[at] = value;
    }
    bytes.extend(map.iter().flat_map(|value| value.to_le_bytes()));
    let picture = read_picture(&bytes, &Limits::default()).unwrap();
    assert_eq!(picture.to_rgb8().unwrap(), [255, 0, 0, 0, 128, 0, 9, 0, 7]);
}

#[test]
fn gray_of_few_bits_beside_opacity_comes_back() {
    let mut shape = Shape::gray(9, 3, 4);
    shape.planes.push(PlaneInfo::new(PlaneRole::Alpha, 4));
    let picture = patterned(shape);
    assert_eq!(round_trip(PictureFormat::Png, &picture), picture);
}
