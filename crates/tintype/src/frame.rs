//! Between a codec's payload and the container: sections, metadata, limits.
//!
//! In: a payload with its shape and metadata; out: the bytes of a file; and the pieces of a
//! file as codecs see them.

use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::head::bytes_from_head;
use crate::items;
use std::io::Write;
use tintype_codec::{CodecId, Payload, SectionKey as CodecKey, SectionView};
use tintype_container::{
    ContainerLimits, MetadataItem, PackedItem, Parts, SHORT_HEAD_BYTES_MAX, SHORT_SECTION_BYTES_MAX,
    SectionKey, SectionRead, SectionRef, write_file, write_short_file,
};
use tintype_image::{Limits, Metadata, Shape};
use tintype_metadata::{known_profile, profile_number};

/// Bytes of further items that share a chunk; more of them stand in a chunk each.
const PACKED_MAX: usize = 1 << 20;

/// Bytes of compressed data that a file may have for each sample; no codec needs more.
const BYTES_PER_SAMPLE_MAX: u64 = 4;

/// The container's limits that follow from ours.
pub(crate) fn container_limits(limits: &Limits) -> ContainerLimits {
    ContainerLimits {
        data_bytes_max: limits.samples_max.saturating_mul(BYTES_PER_SAMPLE_MAX),
        metadata_bytes_max: limits.metadata_bytes_max,
        sections_max: limits.sections_max,
        chunks_max: limits.chunks_max,
        ..ContainerLimits::default()
    }
}

/// How a payload is framed.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    /// The codec that the head names.
    pub(crate) codec: CodecId,
    /// Whether the container's short form is taken where the payload fits it.
    pub(crate) short: bool,
    /// What the picture's own samples are.
    pub(crate) facts: Facts,
    /// The number of the picture's ICC profile, which is then not among the metadata.
    pub(crate) profile: Option<u8>,
}

/// Writes the file that holds `payload`.
pub(crate) fn write_payload(
    out: &mut impl Write,
    frame: Frame,
    shape: &Shape,
    payload: &Payload,
    metadata: &[PackedItem],
) -> Result<()> {
    let head = bytes_from_head(frame.codec, shape, (frame.facts, frame.profile), &payload.header);

    // Codecs for small pictures, where every byte of the frame counts.
    if let (true, [section], []) = (frame.short, payload.sections.as_slice(), metadata)
        && (section.key.tile, section.key.layer) == (0, 0)
        && (1..=SHORT_SECTION_BYTES_MAX).contains(&section.bytes.len())
        && head.len() <= SHORT_HEAD_BYTES_MAX
    {
        return Ok(write_short_file(out, &head, &section.bytes)?);
    }

    let sections = payload.sections.iter().map(|section| SectionRef {
        key: SectionKey { tile: section.key.tile, layer: section.key.layer },
        bytes: &section.bytes,
    });
    let parts = Parts { head: &head, sections: sections.collect(), metadata, unknown: &[] };
    Ok(write_file(out, &parts)?)
}

/// Bytes that [`write_payload`] writes.
pub(crate) fn payload_bytes(
    frame: Frame,
    shape: &Shape,
    payload: &Payload,
    metadata: &[PackedItem],
) -> Result<u64> {
    let mut counter = Counter(0);
    write_payload(&mut counter, frame, shape, payload, metadata)?;
    Ok(counter.0)
}

/// Counts what is written.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A section's key as codecs know it.
pub(crate) fn codec_key(key: SectionKey) -> CodecKey {
    CodecKey { tile: key.tile, layer: key.layer }
}

/// The container's sections as codecs see them.
pub(crate) fn sections_of(sections: &[SectionRead]) -> Vec<SectionView<'_>> {
    let mut views = Vec::with_capacity(sections.len());
    for section in sections {
        let (bytes, complete) = (&section.bytes[..], section.complete);
        views.push(SectionView { key: codec_key(section.key), bytes, complete });
    }
    views
}

/// The metadata as the container stores it; a known ICC profile is left out, and its number given.
///
/// # Errors
/// `Limit` for an item that a reader with the same limits would refuse.
pub(crate) fn items_from_metadata(
    metadata: &Metadata,
    limits: &Limits,
) -> Result<(Vec<PackedItem>, Option<u8>)> {
    use tintype_container::Metadata as Kind;

    let mut items = Vec::new();
    let number = metadata.icc.as_deref().and_then(profile_number);
    let icc = if number.is_some() { &None } else { &metadata.icc };
    let known = [(Kind::Icc, icc), (Kind::Exif, &metadata.exif), (Kind::Xmp, &metadata.xmp)];
    for (kind, bytes) in known {
        if let Some(bytes) = bytes {
            items.push(MetadataItem { kind, bytes: bytes.clone() });
        }
    }
    let packed = items::bytes_from_items(&metadata.other).filter(|packed| packed.len() <= PACKED_MAX);
    match packed {
        Some(bytes) if !bytes.is_empty() => {
            items.push(MetadataItem { kind: Kind::Named(items::NAME.into()), bytes });
        }
        _ => {
            for (name, bytes) in &metadata.other {
                items.push(MetadataItem { kind: Kind::Named(name.clone()), bytes: bytes.clone() });
            }
        }
    }
    let max = limits.metadata_bytes_max;
    if items.iter().any(|item| item.bytes.len() as u64 > max) {
        return Err(Error::Limit { what: "bytes of one metadata item", max });
    }
    let packed = items.iter().map(PackedItem::new).collect::<std::result::Result<_, _>>()?;
    Ok((packed, number))
}

/// The metadata that a container holds, with the ICC profile that its head names.
pub(crate) fn metadata_from_items(items: &[MetadataItem], profile: Option<u8>) -> Metadata {
    use tintype_container::Metadata as Kind;

    let icc = profile.and_then(known_profile).map(<[u8]>::to_vec);
    let mut metadata = Metadata { icc, ..Metadata::default() };
    for item in items {
        let bytes = item.bytes.clone();
        match &item.kind {
            Kind::Icc => metadata.icc = Some(bytes),
            Kind::Exif => metadata.exif = Some(bytes),
            Kind::Xmp => metadata.xmp = Some(bytes),
            Kind::Named(name) if name == items::NAME => match items::items_from_bytes(&bytes) {
                Some(items) => metadata.other.extend(items),
                // A newer writer's: kept as it is.
                None => metadata.other.push((name.clone(), bytes)),
            },
            Kind::Named(name) => metadata.other.push((name.clone(), bytes)),
        }
    }
    metadata
}
