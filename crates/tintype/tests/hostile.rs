//! Files that ask for far more than they hold are refused at once.

use std::io::Cursor;
use std::time::{Duration, Instant};
use tintype::{Decoder, Error, ImageError, Limits};
use tintype_container::{
    Metadata, MetadataItem, PackedItem, Parts, SectionKey, SectionRef, crc_32c, write_file, write_varint,
};

/// Refusing takes microseconds; a busy machine may stop a thread for longer than that.
const AT_ONCE: Duration = Duration::from_millis(250);

/// A file of about 200 bytes that says it holds such a picture by this codec.
fn bomb(codec: u8, (width, height): (u64, u64), planes: &[u8], header: u8) -> Vec<u8> {
    let mut head = vec![codec];
    write_varint(&mut head, width);
    write_varint(&mut head, height);
    head.extend_from_slice(planes);
    head.extend([header; 40]);
    let key = SectionKey { tile: 0, layer: 0 };
    let data = [header; 100];
    let sections = vec![SectionRef { key, bytes: &data }];
    let mut file = Vec::new();
    write_file(&mut file, &Parts { head: &head, sections, ..Parts::default() }).unwrap();
    file
}

#[test]
fn a_picture_that_is_too_large_is_refused_by_every_codec_before_it_is_decoded() {
    // Gray, RGB of 16 bits with opacity, and 32 bands of 16 bits.
    let bands = [&[0x44, 32][..], &[0xf3, 0].repeat(32)].concat();
    for codec in 1..=8 {
        for header in [0, 1, 0x7f, 0xff] {
            for planes in [&[0, 7][..], &[0x09, 15], &bands] {
                let file = bomb(codec, (65_535, 65_535), planes, header);
                assert!(file.len() < 400);
                let start = Instant::now();
                let opened = Decoder::new(Cursor::new(&file));
                assert!(
                    matches!(opened, Err(Error::Picture(ImageError::Limit { .. }))),
                    "codec {codec}: {opened:?}"
                );
                assert!(start.elapsed() < AT_ONCE, "codec {codec}: {:?}", start.elapsed());
            }
        }
    }
}

#[test]
fn limits_of_pixels_and_memory_hold_for_heads() {
    let file = bomb(3, (2_000, 1_000), &[0, 7], 0);
    let open = |limits| {
        let options = tintype::DecodeOptions::new().limits(limits);
        Decoder::with_options(Cursor::new(&file), options).map(|_| ())
    };
    assert!(open(Limits { pixels_max: 2_000_000, ..Limits::default() }).is_ok());
    let refused = open(Limits { pixels_max: 1_999_999, ..Limits::default() }).unwrap_err();
    assert!(refused.to_string().contains("number of pixels"), "{refused}");
    assert!(open(Limits::within_memory(100 << 20)).is_ok());
    assert!(open(Limits::within_memory(70 << 20)).is_err());
}

/// `file` with chunks of `tag` and `payload` put in after its magic and form.
fn with_chunks(chunks: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut file = b"\x89TIN\x01".to_vec();
    for (tag, payload) in chunks {
        let mut front = vec![*tag];
        write_varint(&mut front, payload.len() as u64);
        file.extend_from_slice(&front);
        file.extend_from_slice(payload);
        file.extend(crc_32c(&[&front[..], payload].concat()).to_le_bytes());
    }
    file
}

#[test]
fn millions_of_tiles_chunks_and_promised_bytes_are_refused() {
    let head = vec![3, 8, 8, 0, 7];
    let mut tiles = vec![1];
    write_varint(&mut tiles, (1 << 24) - 1);
    write_varint(&mut tiles, 1 << 12);
    let many_chunks = [vec![(0x80, head.clone())], vec![(0x1e, vec![]); 100_000]].concat();
    // 20 million bytes of zeros, deflated to a thousandth.
    let zeros = MetadataItem { kind: Metadata::Icc, bytes: vec![0; 20_000_000] };
    let zeros = [PackedItem::new(&zeros).unwrap()];
    let mut deflated = Vec::new();
    write_file(&mut deflated, &Parts { head: &head, metadata: &zeros, ..Parts::default() }).unwrap();
    assert!(deflated.len() < 40_000);
    let files = [
        with_chunks(&[(0x80, head.clone()), (0x81, tiles)]),
        with_chunks(&many_chunks),
        [with_chunks(&[(0x80, head.clone())]), vec![0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]]
            .concat(),
        [with_chunks(&[(0x80, vec![0; 1 << 21])]), vec![0xc2, 0]].concat(),
        deflated,
    ];
    for (i, file) in files.iter().enumerate() {
        let limits = Limits { metadata_bytes_max: 1 << 20, ..Limits::default() };
        let options = tintype::DecodeOptions::new().limits(limits);
        let start = Instant::now();
        let decoded = Decoder::with_options(Cursor::new(file), options).and_then(Decoder::decode);
        assert!(decoded.is_err(), "{i}");
        assert!(start.elapsed() < AT_ONCE, "{i}: {:?}", start.elapsed());
    }
}

/// Found by fuzzing: codecs that mix the planes of RGB indexed smaller ones beyond their ends.
#[test]
fn rgb_with_planes_of_several_sizes_is_taken_or_refused() {
    use tintype::{Encoder, Picture, Planes, Shape, codec};

    let mut shape = Shape::rgb(40, 20, 8);
    shape.planes[1].subsample_x_log2 = 1;
    shape.planes[2].subsample_x_log2 = 1;
    let picture = Picture::new(Planes::new(shape));
    for id in [codec::PHOTO, codec::CLUSTER, codec::SPARSE, codec::PLANES, codec::NEURAL] {
        let refused = Encoder::new().codec(id).encode(&picture).unwrap_err();
        assert!(refused.to_string().contains("several sizes"), "{refused}");
    }
    for encoder in [Encoder::new(), Encoder::lossless(), Encoder::new().codec(codec::WAVELET)] {
        let tin = encoder.encode(&picture).unwrap();
        assert_eq!(Decoder::new(Cursor::new(&tin)).unwrap().decode().unwrap().picture, picture);
    }
}

/// The head of a clip of gray pictures, timed or not, exact or not.
fn clip_head((width, height): (u64, u64), layout: u8) -> Vec<u8> {
    let mut head = Vec::new();
    write_varint(&mut head, width);
    write_varint(&mut head, height);
    head.extend([layout, 7]);
    [25, 1, 0].into_iter().for_each(|number| write_varint(&mut head, number));
    head
}

/// A clip of few bytes with this head and one group.
fn clip_bomb(head: &[u8], count: u32, group: &[u8]) -> Vec<u8> {
    let mut writer = tintype_container::ClipWriter::new(Vec::new(), head).unwrap();
    writer.group(count, group).unwrap();
    writer.finish().unwrap()
}

#[test]
fn clips_that_ask_for_much_are_refused_at_once() {
    use tintype::ClipDecoder;

    let (exact, timed) = (1 << 6, 1 << 7);
    for layout in [0, exact, timed, exact | timed] {
        let file = clip_bomb(&clip_head((65_535, 65_535), layout), 256, &[0xff; 60]);
        assert!(file.len() < 250);
        let start = Instant::now();
        let refused = ClipDecoder::new(&file[..]).map(|_| ()).unwrap_err();
        assert!(refused.to_string().contains("number of"), "{refused}");
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        // A group of more pictures than there may be, of nothing, of pictures that would not fit.
        for (size, count) in [((64, 48), u32::MAX), ((64, 48), 256), ((8_000, 8_000), 256)] {
            for group in [&[][..], &[0; 60], &[0xff; 60]] {
                let file = clip_bomb(&clip_head(size, layout), count, group);
                let start = Instant::now();
                let mut decoder = ClipDecoder::with_threads(&file[..], 1).unwrap();
                // What stands for pictures that cannot be decoded is not made for nothing.
                let _ = decoder.next_picture().map(|picture| picture.map(|planes| planes.shape));
                let time = start.elapsed();
                // 64 million samples that stand for a picture are filled in, which is no more than they are.
                let most = if size.0 > 1000 { 4 * AT_ONCE } else { AT_ONCE };
                assert!(time < most, "{layout} {size:?} {count} {}: {time:?}", group.len());
            }
        }
    }
    // A record that says it has 4 GB.
    let mut file = clip_bomb(&clip_head((64, 48), 0), 1, &[1; 10]);
    let at = file.windows(4).rposition(|mark| mark == b"\x89REC").unwrap();
    file.truncate(at);
    let mut head = b"\x89REC\x01\xff\xff\xff\xff\0\0\0\0\x01\0\0\0".to_vec();
    head.extend(crc_32c(&head).to_le_bytes());
    file.extend(head);
    let start = Instant::now();
    let mut decoder = ClipDecoder::new(&file[..]).unwrap();
    while decoder.next_picture().is_ok_and(|picture| picture.is_some()) {}
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
}

/// A file that says it has many tiles of one picture, in the worst order.
#[test]
fn tiles_in_any_order_are_found_in_little_time() {
    use tintype::{Encoder, Picture, codec};

    let picture = Picture::from_gray8(64, 64, &[90; 64 * 64]).unwrap();
    let one = Encoder::lossless().codec(codec::LOSSLESS).effort(1).encode(&picture).unwrap();
    assert!(Decoder::new(Cursor::new(&one.bytes)).unwrap().decode().is_ok());
    // Codec 2 with tiles of 64 pixels: 100 × 100 of them.
    let mut head = vec![2];
    write_varint(&mut head, 6_400);
    write_varint(&mut head, 6_400);
    head.extend([0, 7, 6, 0]);
    let data = [0u8; 8];
    for reversed in [false, true] {
        let mut keys: Vec<u32> = (0..10_000).collect();
        if reversed {
            keys.reverse();
        }
        let section = |&tile: &u32| SectionRef { key: SectionKey { tile, layer: 0 }, bytes: &data };
        let sections = keys.iter().map(section).collect();
        let mut file = Vec::new();
        write_file(&mut file, &Parts { head: &head, sections, ..Parts::default() }).unwrap();
        let start = Instant::now();
        let _ = Decoder::new(Cursor::new(&file)).and_then(Decoder::decode);
        assert!(start.elapsed() < 8 * AT_ONCE, "{reversed}: {:?}", start.elapsed());
    }
}

/// Models whose layouts say that they are larger than anything, under right hashes.
#[test]
fn models_of_absurd_shapes_are_refused_at_once() {
    use tintype::Models;
    use tintype_model::ModelFile;

    for codec in 1..=9 {
        for version in 0..=6 {
            for payload in
                [&[][..], &[0; 40], &[0xff; 40], &[0x7f; 200], &[0xff, 0xff, 0xff, 0x7f, 1, 1, 1, 1]]
            {
                let file = ModelFile::new(codec, version, payload.to_vec()).to_bytes();
                let start = Instant::now();
                assert!(Models::default().add(&file).is_err(), "codec {codec}, version {version}");
                assert!(start.elapsed() < AT_ONCE, "codec {codec}: {:?}", start.elapsed());
            }
        }
    }
}
