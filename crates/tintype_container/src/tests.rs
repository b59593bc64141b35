//! What comes back, what is refused, what a damaged file may do. The slow part is every flip
//! of every bit.

use super::*;
use crate::checksum::chunk_checksum;
use proptest::prelude::*;
use std::io::Cursor;

fn key(tile: u32, layer: u32) -> SectionKey {
    SectionKey { tile, layer }
}

fn item(kind: Metadata, bytes: &[u8]) -> MetadataItem {
    MetadataItem { kind, bytes: bytes.to_vec() }
}

/// An owned file, so that what was written can be compared with what was read.
#[derive(Clone, Debug, Default, PartialEq)]
struct Content {
    head: Vec<u8>,
    sections: Vec<(SectionKey, Vec<u8>)>,
    metadata: Vec<MetadataItem>,
    unknown: Vec<UnknownChunk>,
}

impl Content {
    fn parts<'a>(&'a self, metadata: &'a [PackedItem]) -> Parts<'a> {
        let sections =
            self.sections.iter().map(|(key, bytes)| SectionRef { key: *key, bytes }).collect();
        Parts { head: &self.head, sections, metadata, unknown: &self.unknown }
    }

    fn file(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write_file(&mut out, &self.parts(&self.packed())).unwrap();
        out
    }

    fn packed(&self) -> Vec<PackedItem> {
        self.metadata.iter().map(|item| PackedItem::new(item).unwrap()).collect()
    }
}

/// Reads everything; the flags say whether data and file are whole.
fn read_all<R: std::io::Read>(
    reader: Result<Reader<R>, ContainerError>,
) -> Result<(Content, bool, bool), ContainerError> {
    let mut reader = reader?;
    let data = reader.sections(|_| true)?;
    let whole = reader.finish()?;
    let complete = data.sections.iter().all(|s| s.complete);
    assert!(complete || data.cut_off);
    let content = Content {
        head: reader.head().to_vec(),
        sections: data.sections.into_iter().map(|s| (s.key, s.bytes)).collect(),
        metadata: reader.metadata().to_vec(),
        unknown: reader.unknown().to_vec(),
    };
    Ok((content, !data.cut_off, whole))
}

fn stream(bytes: &[u8]) -> Result<(Content, bool, bool), ContainerError> {
    read_all(Reader::stream(bytes, ContainerLimits::default()))
}

fn small() -> Content {
    Content {
        head: vec![2, 8, 6, 1, 7],
        sections: vec![
            (key(0, 0), b"first".to_vec()),
            (key(0, 1), vec![]),
            (key(1, 0), vec![7; 40]),
            (key(1, 1), vec![1]),
        ],
        metadata: vec![
            item(Metadata::Icc, &[9; 50]),
            item(Metadata::Exif, b"II*\0"),
            item(Metadata::Named("geotiff".into()), b"x"),
        ],
        unknown: vec![UnknownChunk { kind: 31, bytes: b"later".to_vec() }],
    }
}

#[test]
fn everything_comes_back_from_a_stream_and_by_seeking() {
    let long = Content { sections: vec![(key(0, 0), vec![3; 5000])], ..Content::default() };
    let borders =
        [4095, 4096, 4097].map(|len| Content { sections: vec![(key(0, 0), vec![5; len])], ..small() });
    let none = Content { head: vec![1], ..Content::default() };
    let one_empty = Content { sections: vec![(key(0, 0), vec![])], ..Content::default() };
    for content in [small(), long, none, one_empty].into_iter().chain(borders) {
        let file = content.file();
        assert_eq!(stream(&file).unwrap(), (content.clone(), true, true));
        let by_seeking = read_all(Reader::seek(Cursor::new(&file), ContainerLimits::default()));
        assert_eq!(by_seeking.unwrap(), (content, true, true));
    }
}

#[test]
fn a_single_section_costs_at_most_nineteen_bytes_beside_head_and_data() {
    let content =
        Content { head: vec![0; 20], sections: vec![(key(0, 0), vec![0; 4000])], ..Content::default() };
    assert_eq!(content.file().len(), 4000 + 20 + 16);
    let content = Content {
        head: vec![0; 20],
        sections: vec![(key(0, 0), vec![0; 20_000])],
        ..Content::default()
    };
    assert_eq!(content.file().len(), 20_000 + 20 + 19);
}

#[test]
fn order_of_sections_is_kept_and_grids_need_no_keys() {
    let tiles_outer: Vec<_> = (0..4).flat_map(|t| (0..3).map(move |l| key(t, l))).collect();
    let layers_outer: Vec<_> = (0..3).flat_map(|l| (0..4).map(move |t| key(t, l))).collect();
    let mut listed = layers_outer.clone();
    listed.swap(2, 7);
    let size = |keys: &[SectionKey]| {
        let sections = keys.iter().map(|k| (*k, vec![k.tile as u8; 2])).collect();
        let content = Content { sections, ..Content::default() };
        let file = content.file();
        assert_eq!(stream(&file).unwrap().0, content);
        file.len()
    };
    assert_eq!(size(&tiles_outer), size(&layers_outer));
    assert_eq!(size(&listed), size(&tiles_outer) + 2 * 12 - 1);
}

#[test]
fn unwanted_sections_are_left_out_on_stream_and_seek() {
    let file = small().file();
    let wants = |key: SectionKey| key.tile == 1;
    let mut streamed = Reader::stream(&file[..], ContainerLimits::default()).unwrap();
    let mut sought = Reader::seek(Cursor::new(&file), ContainerLimits::default()).unwrap();
    let data = streamed.sections(wants).unwrap();
    assert_eq!(data, sought.sections(wants).unwrap());
    assert_eq!(data.sections.iter().map(|s| s.key).collect::<Vec<_>>(), [key(1, 0), key(1, 1)]);
    assert!(streamed.finish().unwrap() && sought.finish().unwrap());
    assert_eq!(streamed.metadata(), small().metadata);
}

#[test]
fn every_truncation_gives_a_prefix_or_an_error() {
    let content = small();
    let file = content.file();
    let start = Reader::stream(&file[..], ContainerLimits::default()).unwrap().index()[0].at as usize;
    for len in 0..file.len() {
        for result in [
            stream(&file[..len]),
            read_all(Reader::seek(Cursor::new(&file[..len]), ContainerLimits::default())),
        ] {
            if len < start {
                assert!(
                    matches!(result, Err(ContainerError::Truncated { needed: 1.., .. })),
                    "{len}: {result:?}"
                );
                continue;
            }
            let (got, data_whole, file_whole) = result.unwrap();
            assert!(!file_whole, "{len}");
            let count = got.sections.len();
            for (i, (got, sent)) in got.sections.iter().zip(&content.sections).enumerate() {
                assert_eq!(got.0, sent.0);
                assert!(sent.1.starts_with(&got.1), "{len}");
                assert!(got.1 == sent.1 || i + 1 == count && !data_whole, "{len}");
            }
            assert!(content.metadata.starts_with(&got.metadata));
            assert!(data_whole == (count == content.sections.len()) || count == content.sections.len());
        }
    }
}

#[test]
fn a_cut_is_noticed_even_where_nothing_is_wanted() {
    let content = Content { metadata: vec![], unknown: vec![], ..small() };
    let file = content.file();
    let cut = &file[..file.len() - 1];
    assert!(!Reader::stream(cut, ContainerLimits::default()).unwrap().finish().unwrap());
    let mut reader = Reader::seek(Cursor::new(cut), ContainerLimits::default()).unwrap();
    assert!(!reader.finish().unwrap());
    assert_eq!(reader.position(), cut.len() as u64);
}

#[test]
fn every_flipped_bit_is_noticed() {
    let file = small().file();
    for bit in 0..file.len() * 8 {
        let mut bytes = file.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        match stream(&bytes) {
            Err(ContainerError::Io(error)) => panic!("{error}"),
            Err(_) => {}
            Ok((_, data_whole, file_whole)) => {
                assert!(!data_whole || !file_whole, "bit {bit} went unnoticed")
            }
        }
    }
}

#[test]
fn a_flip_in_a_section_names_it_and_its_place() {
    let mut file = small().file();
    let entry = Reader::stream(&file[..], ContainerLimits::default()).unwrap().index()[2];
    file[entry.at as usize + 3] ^= 4;
    let error = stream(&file).unwrap_err();
    assert!(matches!(&error, ContainerError::Mismatch { at, .. } if *at == entry.at));
    assert!(error.to_string().contains("tile 1, layer 0"), "{error}");
}

/// A file of raw chunks with right checksums.
fn raw(chunks: &[(u8, &[u8])]) -> Vec<u8> {
    let mut file = [&MAGIC[..], &[VERSION]].concat();
    for (tag, payload) in chunks {
        let mut front = vec![*tag];
        write_varint(&mut front, payload.len() as u64);
        file.extend_from_slice(&front);
        file.extend_from_slice(payload);
        if tag & 0x9f != 0x82 {
            file.extend_from_slice(&chunk_checksum(&front, payload));
        }
    }
    file
}

#[test]
fn chunks_that_must_not_be_are_refused_by_name() {
    let says = |chunks: &[(u8, &[u8])]| stream(&raw(chunks)).unwrap_err().to_string();
    assert!(says(&[(0x80, b"h"), (0x9e, b"?"), (0xc2, b"")]).contains("unknown kind 30"));
    assert!(says(&[(0x80, b"h"), (0xa0, b"?"), (0xc2, b"")]).contains("reserved bit"));
    assert!(says(&[(0x80, b"h"), (0x00, b"?"), (0xc2, b"")]).contains("critical bit on the HEAD"));
    assert!(says(&[(0x80, b"h"), (0x80, b"h"), (0xc2, b"")]).contains("HEAD chunk again"));
    assert!(says(&[(0x82, b""), (0xc0, b"h")]).contains("first chunk is not HEAD"));
    assert!(says(&[(0x80, b"h"), (0x82, b""), (0xc2, b"")]).contains("after the data"));
    assert!(says(&[(0xc0, b"h")]).contains("no DATA"));
    assert!(says(&[(0x80, b"h"), (0xc2, b"a")]).contains("sections take 0"));
    assert!(says(&[(0x80, b"h"), (0x81, &[1, 1, 2, 0]), (0xc2, b"")]).contains("index"));
    assert!(says(&[(0x80, b"h"), (0x81, &[0, 2, 5, 5, 5, 5, 0, 0]), (0xc2, b"")]).contains("one key"));
    assert!(says(&[(0x80, b"h"), (0x81, &[1, 1, 0x81, 0x00, 0]), (0xc2, b"")]).contains("index"));
    assert!(says(&[(0x80, b"h"), (0x81, &[9]), (0xc2, b"")]).contains("section order 9"));
    assert!(says(&[(0x80, b"h"), (0x03, &[7]), (0xc2, b"")]).contains("metadata packing 7"));
    assert!(says(&[(0x80, b"h"), (0x06, &[0, 0]), (0xc2, b"")]).contains("empty metadata name"));
}

#[test]
fn unknown_chunks_that_may_be_skipped_are_kept() {
    let content = stream(&raw(&[(0x80, b"h"), (0x1e, b"?"), (0xc2, b"")])).unwrap().0;
    assert_eq!(content.unknown, [UnknownChunk { kind: 30, bytes: b"?".to_vec() }]);
    let moved = Content { sections: vec![], ..content };
    assert_eq!(stream(&moved.file()).unwrap().0.unknown, moved.unknown);
}

#[test]
fn huge_lengths_are_refused_without_memory() {
    let huge = [0xff; 8].iter().copied().chain([0x7f]).collect::<Vec<u8>>();
    for tag in [0x80, 0x81, 0x82, 0x03, 0x1e] {
        let mut file = raw(&[(0x80, b"h")]);
        file.push(tag);
        file.extend_from_slice(&huge);
        file.extend_from_slice(b"little");
        let result = stream(&file);
        assert!(
            matches!(result, Err(ContainerError::Limit { .. } | ContainerError::Malformed { .. })),
            "{result:?}"
        );
    }
    let grid = [&[1][..], &[0xff, 0xff, 0xff, 0x07, 0xff, 0x1f]].concat();
    let result = stream(&raw(&[(0x80, b"h"), (0x81, &grid), (0xc2, b"")]));
    assert!(matches!(result, Err(ContainerError::Limit { .. })), "{result:?}");
}

#[test]
fn limits_hold_for_each_thing_they_name() {
    let content = Content {
        metadata: vec![item(Metadata::Exif, &[0; 1000]), item(Metadata::Xmp, b"x")],
        ..small()
    };
    let file = content.file();
    let roomy = ContainerLimits::default();
    let limits = [
        ContainerLimits { head_bytes_max: 4, ..roomy },
        ContainerLimits { sections_max: 3, ..roomy },
        ContainerLimits { data_bytes_max: 45, ..roomy },
        ContainerLimits { metadata_bytes_max: 999, ..roomy },
        ContainerLimits { chunks_max: 2, ..roomy },
    ];
    for limits in limits {
        let result = read_all(Reader::stream(&file[..], limits));
        assert!(matches!(result, Err(ContainerError::Limit { .. })), "{limits:?}: {result:?}");
    }
}

#[test]
fn wrong_use_is_refused() {
    let double =
        Content { sections: vec![(key(0, 0), vec![]), (key(0, 0), vec![])], ..Content::default() };
    let far = Content { sections: vec![(key(1 << 24, 0), vec![])], ..Content::default() };
    let nameless = PackedItem::new(&item(Metadata::Named(String::new()), b""));
    assert!(matches!(nameless, Err(ContainerError::Misuse { .. })));
    let known = Content { unknown: vec![UnknownChunk { kind: 2, bytes: vec![] }], ..Content::default() };
    for content in [double, far, known] {
        let result = write_file(&mut Vec::new(), &content.parts(&[]));
        assert!(matches!(result, Err(ContainerError::Misuse { .. })), "{content:?}");
    }
    let file = small().file();
    let mut reader = Reader::stream(&file[..], ContainerLimits::default()).unwrap();
    reader.sections(|_| true).unwrap();
    assert!(matches!(reader.sections(|_| true), Err(ContainerError::Misuse { .. })));
}

/// The worked example of docs/format/container.md, byte for byte.
#[test]
fn the_worked_example_of_the_format_document() {
    let document = include_str!("../../../docs/format/container.md");
    let block = document.split("```hex\n").nth(1).unwrap().split("```").next().unwrap();
    let words = block.lines().flat_map(|line| line.split('#').next().unwrap().split_whitespace());
    let documented: Vec<u8> = words.map(|word| u8::from_str_radix(word, 16).unwrap()).collect();
    let content = Content {
        head: vec![2, 0x80, 6, 0x80, 4, 1, 7],
        sections: vec![(key(0, 0), b"coarse".to_vec()), (key(0, 1), b"fine".to_vec())],
        metadata: vec![item(Metadata::Exif, b"II*\0")],
        unknown: vec![],
    };
    assert_eq!(content.file(), documented, "{:02x?}", content.file());
    assert_eq!(stream(&documented).unwrap(), (content, true, true));
}

fn contents() -> impl Strategy<Value = Content> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..60);
    let keys = proptest::collection::btree_map((0u32..9, 0u32..5), bytes(), 0..20);
    let named = ("[a-z]{1,9}", bytes())
        .prop_map(|(name, bytes)| MetadataItem { kind: Metadata::Named(name), bytes });
    let unknown = (7u8..32, bytes()).prop_map(|(kind, bytes)| UnknownChunk { kind, bytes });
    let lists = (proptest::collection::vec(named, 0..3), proptest::collection::vec(unknown, 0..3));
    (bytes(), keys.prop_shuffle_map(), lists).prop_map(|(head, sections, (metadata, unknown))| Content {
        head,
        sections: sections.into_iter().map(|((tile, layer), bytes)| (key(tile, layer), bytes)).collect(),
        metadata,
        unknown,
    })
}

/// A map's entries in any order.
trait ShuffleMap<K, V> {
    fn prop_shuffle_map(self) -> BoxedStrategy<Vec<(K, V)>>;
}

impl<K: Clone + std::fmt::Debug + Ord + 'static, V: Clone + std::fmt::Debug + 'static, S>
    ShuffleMap<K, V> for S
where
    S: Strategy<Value = std::collections::BTreeMap<K, V>> + 'static,
{
    fn prop_shuffle_map(self) -> BoxedStrategy<Vec<(K, V)>> {
        self.prop_map(|map| map.into_iter().collect::<Vec<_>>()).prop_shuffle().boxed()
    }
}

proptest! {
    #[test]
    fn any_content_comes_back(content in contents()) {
        prop_assert_eq!(stream(&content.file()).unwrap(), (content, true, true));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = stream(&bytes);
        let _ = stream(&[&MAGIC[..], &[VERSION], &bytes].concat());
        let head = raw(&[(0x80, b"h")]);
        let _ = stream(&[&head[..], &bytes].concat());
        // An index with a right checksum that says anything, then data.
        let _ = stream(&raw(&[(0x80, b"h"), (0x81, &bytes), (0xc2, &bytes)]));
        let _ = stream(&raw(&[(0x80, b"h"), (0x06, &bytes), (0xc2, &bytes)]));
    }

    #[test]
    fn damage_at_two_places_never_panics(content in contents(), a in any::<(usize, u8)>(), b in any::<(usize, u8)>()) {
        let mut file = content.file();
        for (place, with) in [a, b] {
            let len = file.len();
            file[place % len] ^= with;
        }
        let _ = stream(&file);
    }
}
