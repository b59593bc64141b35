//! Changed inputs: bytes, blocks, and the parts of a `.tin` file under right checksums.

use fastrand::Rng;
use tintype_container::{
    ClipReader, ClipWriter, ContainerLimits, PackedItem, Parts, Reader, SectionKey, SectionRef, crc_32c,
    read_varint, write_file,
};
use tintype_model::{ModelFile, ModelLimits};

/// Values at which arithmetic often goes wrong.
const EDGES: [u8; 9] = [0, 1, 2, 0x3f, 0x7f, 0x80, 0x81, 0xfe, 0xff];
/// No input is longer.
const LEN_MAX: usize = 1 << 20;

/// One of `seeds`, changed.
pub fn mutated(seeds: &[Vec<u8>], random: &mut Rng) -> Vec<u8> {
    let Some(seed) = seeds.get(random.usize(..seeds.len().max(1))) else { return Vec::new() };
    let other = &seeds[random.usize(..seeds.len())];
    let in_parts = random.u8(..4) > 0;
    let parts = || {
        tin_in_parts(seed, other, random)
            .or_else(|| sealed_front(seed, random))
            .or_else(|| clip_in_parts(seed, other, random))
            .or_else(|| png_chunks(seed, other, random))
            .or_else(|| model_payload(seed, random))
    };
    match in_parts.then(parts) {
        Some(Some(file)) => file,
        _ => {
            let mut bytes = seed.clone();
            change(&mut bytes, other, random);
            bytes
        }
    }
}

/// Changes `bytes` one to six times.
fn change(bytes: &mut Vec<u8>, other: &[u8], random: &mut Rng) {
    for _ in 0..random.usize(1..7) {
        let at = random.usize(..bytes.len() + 1);
        let len_max = random.usize(1..40).min(bytes.len() - at + 1);
        let len = random.usize(..len_max);
        match random.u8(..9) {
            0 | 1 if at < bytes.len() => bytes[at] ^= 1 << random.u8(..8),
            2 if at < bytes.len() => bytes[at] = EDGES[random.usize(..EDGES.len())],
            3 if at < bytes.len() => bytes[at] = random.u8(..),
            4 => drop(bytes.drain(at..at + len)),
            5 => bytes.truncate(at),
            6 => {
                let block: Vec<u8> = (0..random.usize(..20)).map(|_| random.u8(..)).collect();
                bytes.splice(at..at + len, block);
            }
            7 => {
                let block = bytes[at..at + len].to_vec();
                let to = random.usize(..bytes.len() + 1);
                bytes.splice(to..to, block);
            }
            _ if !other.is_empty() => {
                let from = random.usize(..other.len());
                let block = other[from..other.len().min(from + random.usize(1..200))].to_vec();
                bytes.splice(at..at + len, block);
            }
            _ => {}
        }
        bytes.truncate(LEN_MAX);
    }
}

/// A `.tin` file taken apart.
struct Tin {
    head: Vec<u8>,
    sections: Vec<(SectionKey, Vec<u8>)>,
    metadata: Vec<PackedItem>,
}

fn taken_apart(file: &[u8]) -> Option<Tin> {
    let mut reader = Reader::stream(file, ContainerLimits::default()).ok()?;
    let head = reader.head().to_vec();
    let data = reader.sections(|_| true).ok()?;
    reader.finish().ok()?;
    let sections = data.sections.into_iter().map(|section| (section.key, section.bytes)).collect();
    let metadata = reader.metadata().iter().map(PackedItem::new).collect::<Result<_, _>>().ok()?;
    Some(Tin { head, sections, metadata })
}

/// `seed` with changed head, sections and metadata, put together with right checksums.
fn tin_in_parts(seed: &[u8], other: &[u8], random: &mut Rng) -> Option<Vec<u8>> {
    let mut tin = taken_apart(seed)?;
    let second = taken_apart(other).unwrap_or(Tin { head: vec![], sections: vec![], metadata: vec![] });
    if random.u8(..3) == 0 {
        change(&mut tin.head, &second.head, random);
    }
    for _ in 0..random.usize(1..4) {
        let count = tin.sections.len();
        match (random.u8(..8), count) {
            (0, 1..) => drop(tin.sections.swap_remove(random.usize(..count))),
            (1, 1..) => {
                let from = tin.sections[random.usize(..count)].1.clone();
                let key = SectionKey { tile: random.u32(..9), layer: random.u32(..9) };
                tin.sections.push((key, from));
            }
            (2, _) => tin.metadata.extend(second.metadata.iter().cloned()),
            (3, 1..) if !second.sections.is_empty() => {
                let from = &second.sections[random.usize(..second.sections.len())].1;
                tin.sections[random.usize(..count)].1.clone_from(from);
            }
            (_, 1..) => change(&mut tin.sections[random.usize(..count)].1, &[], random),
            _ => {}
        }
    }
    let sections = tin.sections.iter().map(|(key, bytes)| SectionRef { key: *key, bytes });
    let parts =
        Parts { head: &tin.head, sections: sections.collect(), metadata: &tin.metadata, unknown: &[] };
    let mut out = Vec::new();
    write_file(&mut out, &parts).ok()?;
    Some(out)
}

/// A sealed file with a changed front, whose checksum is right.
fn sealed_front(seed: &[u8], random: &mut Rng) -> Option<Vec<u8>> {
    let mut rest = seed.strip_prefix(b"\x89TIN\x03")?;
    let len = usize::try_from(read_varint(&mut rest, 5).ok()?).ok()?;
    let at = seed.len() - rest.len();
    let mut front = seed.get(..at + len)?.to_vec();
    let place = random.usize(at..front.len());
    front[place] = if random.bool() { EDGES[random.usize(..EDGES.len())] } else { random.u8(..) };
    front.extend(crc_32c(&front).to_le_bytes());
    front.extend_from_slice(seed.get(at + len + 4..)?);
    Some(front)
}

/// A clip with changed head and groups, under right checksums.
fn clip_in_parts(seed: &[u8], other: &[u8], random: &mut Rng) -> Option<Vec<u8>> {
    let mut reader = ClipReader::new(seed, ContainerLimits::default()).ok()?;
    let mut head = reader.head().to_vec();
    let mut groups = Vec::new();
    while let Some(group) = reader.next_group().ok()? {
        groups.push((group.count, group.bytes));
    }
    if random.u8(..4) == 0 {
        change(&mut head, &[], random);
    }
    for _ in 0..random.usize(1..3) {
        let at = random.usize(..groups.len().max(1));
        let Some((count, bytes)) = groups.get_mut(at) else { break };
        match random.u8(..8) {
            0 => *count = u32::from(EDGES[random.usize(..EDGES.len())]),
            1 => *count = random.u32(..300),
            _ => change(bytes, other, random),
        }
    }
    let mut writer = ClipWriter::new(Vec::new(), &head).ok()?;
    groups.iter().try_for_each(|(count, bytes)| writer.group(*count, bytes)).ok()?;
    writer.finish().ok()
}

/// A PNG file with changed chunks, whose checksums are right.
fn png_chunks(seed: &[u8], other: &[u8], random: &mut Rng) -> Option<Vec<u8>> {
    let mut rest = seed.strip_prefix(b"\x89PNG\r\n\x1a\n")?;
    let mut chunks = Vec::new();
    while let Some((len, after)) = rest.split_first_chunk::<4>() {
        let end = u32::from_be_bytes(*len) as usize + 4;
        let Some(chunk) = after.get(..end) else { break };
        chunks.push(chunk.to_vec());
        rest = after.get(end + 4..).unwrap_or_default();
    }
    let count = chunks.len();
    for _ in 0..random.usize(1..4) {
        let at = random.usize(..count.max(1));
        match chunks.get_mut(at) {
            // The four bytes of its name stay.
            Some(chunk) if chunk.len() > 4 && random.u8(..6) > 0 => {
                let mut body = chunk.split_off(4);
                change(&mut body, other, random);
                chunk.extend(body);
            }
            Some(_) => chunks.swap(at, random.usize(..count)),
            None => return None,
        }
    }
    let mut out = seed[..8].to_vec();
    for chunk in chunks.iter().filter(|chunk| chunk.len() >= 4) {
        out.extend((chunk.len() as u32 - 4).to_be_bytes());
        out.extend_from_slice(chunk);
        out.extend(crc_32(chunk).to_be_bytes());
    }
    Some(out)
}

/// A model file with a changed payload, whose hash and checksum are right.
fn model_payload(seed: &[u8], random: &mut Rng) -> Option<Vec<u8>> {
    let file = ModelFile::read(seed, &ModelLimits::default()).ok()?;
    let mut payload = file.payload().to_vec();
    // Shapes stand in front.
    let front = random.usize(..payload.len().min(64) + 1);
    let split = if random.bool() { front } else { payload.len() };
    let rest = payload.split_off(split);
    change(&mut payload, &[], random);
    payload.extend(rest);
    Some(ModelFile::new(file.codec(), seed[6], payload).to_bytes())
}

/// The checksum of PNG, bit by bit.
fn crc_32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8)
            .fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}
