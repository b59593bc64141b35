//! Changed inputs: bytes, blocks, and the parts of a `.tin` file under right checksums.

use fastrand::Rng;
use tintype_container::{
    ContainerLimits, PackedItem, Parts, Reader, SectionKey, SectionRef, crc_32c, read_varint, write_file,
};

/// Values at which arithmetic often goes wrong.
const EDGES: [u8; 9] = [0, 1, 2, 0x3f, 0x7f, 0x80, 0x81, 0xfe, 0xff];
/// No input is longer.
const LEN_MAX: usize = 1 << 20;

/// One of `seeds`, changed.
pub fn mutated(seeds: &[Vec<u8>], random: &mut Rng) -> Vec<u8> {
    let Some(seed) = seeds.get(random.usize(..seeds.len().max(1))) else { return Vec::new() };
    let other = &seeds[random.usize(..seeds.len())];
    let in_parts = random.u8(..4) > 0;
    match in_parts.then(|| tin_in_parts(seed, other, random).or_else(|| sealed_front(seed, random))) {
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
