//! Everything but coefficients that it takes to write a JPEG file again.
//!
//! In: file and coefficients. Out: [`Recipe`], as bytes and back, and from it the file. Bit-exact.

use crate::bits::BitWriter;
use crate::coefficients::ComponentBlocks;
use crate::read::JpegCoefficients;
use crate::scan_encode::{ByteSink, ScanLayout, encode_scan};
use crate::scan_tables::{ScanSideInfo, tables_for_scan};
use crate::structure::{Scan, Structure};
use fearless_simd::{Simd, dispatch};
use tintype_codec::CodecError;
use tintype_image::Level;

/// How the bits up to a byte boundary are set.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Padding {
    Ones,
    Zeros,
    Listed(Vec<(u8, u8)>),
}

/// One scan beyond its coefficients.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ScanRecipe {
    padding: Padding,
    early_ends: Vec<u32>,
    /// Where the coder's bytes are cut and `tail` follows; none if they are the scan.
    cut: Option<(usize, Vec<u8>)>,
}

/// The file without coefficients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    scans: Vec<ScanRecipe>,
    /// The file's bytes outside of scans.
    pub rest: Vec<u8>,
}

fn malformed(what: &str) -> CodecError {
    CodecError::Malformed { what: what.into(), at: None }
}

/// The bytes of one scan.
fn scan_bytes(
    structure: &Structure,
    plan: &Scan,
    components: &[ComponentBlocks],
    recipe: &ScanRecipe,
    room: usize,
    level: Level,
) -> Vec<u8> {
    let tables = tables_for_scan(plan);
    let padding: &[(u8, u8)] = if let Padding::Listed(list) = &recipe.padding { list } else { &[] };
    let mut writer = BitWriter::default();
    writer.bytes.reserve(room);
    let default_padding = if recipe.padding == Padding::Zeros { 0 } else { 0x7f };
    let sink = ByteSink { writer, tables: &tables, padding, default_padding };
    let shape = ScanLayout {
        frame: &structure.frame,
        header: &plan.header,
        restart_interval: plan.tables.restart_interval,
        eob_run_breaks: &recipe.early_ends,
    };
    dispatch!(level, simd => simd.vectorize(#[inline(always)] || {
        let mut sink = sink;
        encode_scan(shape, components, &mut sink);
        sink.writer.bytes
    }))
}

fn padding_of(trace: &ScanSideInfo) -> Padding {
    let all = |ones: bool| {
        trace.padding.iter().all(|(v, n)| *v == if ones { ((1u16 << n) - 1) as u8 } else { 0 })
    };
    match () {
        () if all(true) => Padding::Ones,
        () if all(false) => Padding::Zeros,
        () => Padding::Listed(trace.padding.clone()),
    }
}

impl Recipe {
    /// Writes every scan again and notes where it differs from the file, but for scans that were read without meeting
    /// anything that a plain encoder would not have written.
    pub fn new(bytes: &[u8], file: &JpegCoefficients, level: Level) -> Self {
        let frame = &file.structure.frame;
        let visits = |c| {
            file.structure
                .scans
                .iter()
                .flat_map(|s| &s.header.components)
                .filter(|p| p.index == c)
                .count()
        };
        let once = (0..frame.components.len()).all(|c| visits(c) == 1);
        let scans = file.structure.scans.iter().zip(&file.side).map(|(plan, trace)| {
            let original = &bytes[plan.data.clone()];
            let mut recipe = ScanRecipe {
                padding: padding_of(trace),
                early_ends: trace.eob_run_breaks.clone(),
                cut: None,
            };
            if once && !trace.non_canonical && !trace.damaged && !cfg!(debug_assertions) {
                return recipe;
            }
            let again = scan_bytes(
                &file.structure,
                plan,
                &file.components,
                &recipe,
                original.len() + 64,
                level,
            );
            if again != original {
                debug_assert!(
                    !once || trace.non_canonical || trace.damaged,
                    "a plain scan comes out otherwise"
                );
                let same = again.iter().zip(original).take_while(|(a, b)| a == b).count();
                recipe.cut = Some((same, original[same..].to_vec()));
            }
            recipe
        });
        Self { scans: scans.collect(), rest: file.structure.without_scan_data(bytes) }
    }

    /// The file; `file_bytes` is its length.
    ///
    /// # Errors
    /// `Malformed`, `Mismatch` if the parts do not fit together.
    pub fn file(
        &self,
        structure: &Structure,
        components: &[ComponentBlocks],
        file_bytes: usize,
        level: Level,
    ) -> Result<Vec<u8>, CodecError> {
        if self.scans.len() != structure.scans.len() {
            return Err(malformed("repacked JPEG's number of scans"));
        }
        let mut out = Vec::with_capacity(file_bytes.min(1 << 30));
        let mut at = 0;
        for (plan, recipe) in structure.scans.iter().zip(&self.scans) {
            out.extend_from_slice(&self.rest[at..plan.data.start]);
            at = plan.data.start;
            let room =
                file_bytes.saturating_sub(out.len()).min(1 << 28) / structure.scans.len() + 64;
            let mut scan = scan_bytes(structure, plan, components, recipe, room, level);
            if let Some((kept, tail)) = &recipe.cut {
                scan.truncate(*kept);
                scan.extend_from_slice(tail);
            }
            out.extend_from_slice(&scan);
            if out.len() > file_bytes {
                break;
            }
        }
        out.extend_from_slice(&self.rest[at..]);
        if out.len() != file_bytes {
            return Err(CodecError::Mismatch {
                what: format!("JPEG of {} bytes, {file_bytes} announced", out.len()),
            });
        }
        Ok(out)
    }

    /// The recipe as bytes, for the byte model.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_number(&mut out, self.scans.len());
        for scan in &self.scans {
            let kind = match &scan.padding {
                Padding::Ones => 0,
                Padding::Zeros => 1,
                Padding::Listed(_) => 2,
            };
            out.push(
                kind | u8::from(!scan.early_ends.is_empty()) << 2
                    | u8::from(scan.cut.is_some()) << 3,
            );
            if let Padding::Listed(list) = &scan.padding {
                put_number(&mut out, list.len());
                out.extend(list.iter().map(|(value, count)| 1 << count | value));
            }
            if !scan.early_ends.is_empty() {
                put_number(&mut out, scan.early_ends.len());
                let mut before = 0;
                for end in &scan.early_ends {
                    put_number(&mut out, (*end - before) as usize);
                    before = *end;
                }
            }
            if let Some((kept, tail)) = &scan.cut {
                put_number(&mut out, *kept);
                put_number(&mut out, tail.len());
            }
        }
        out.extend_from_slice(&self.rest);
        for (_, tail) in self.scans.iter().filter_map(|s| s.cut.as_ref()) {
            out.extend_from_slice(tail);
        }
        out
    }

    /// Back from bytes.
    ///
    /// # Errors
    /// `Truncated`, `Malformed`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut input = bytes;
        let count = take_number(&mut input)?;
        if count > 1000 {
            return Err(malformed("repacked JPEG's number of scans"));
        }
        let mut scans = Vec::new();
        for _ in 0..count {
            let flags = take_byte(&mut input)?;
            let padding = match flags & 3 {
                0 => Padding::Ones,
                1 => Padding::Zeros,
                2 => Padding::Listed(take_padding(&mut input)?),
                _ => return Err(malformed("padding of kind 3")),
            };
            let early_ends = if flags & 4 != 0 { take_ends(&mut input)? } else { Vec::new() };
            let cut = if flags & 8 != 0 {
                let kept = take_number(&mut input)?;
                Some((kept, vec![0; take_number(&mut input)?.min(bytes.len())]))
            } else {
                None
            };
            scans.push(ScanRecipe { padding, early_ends, cut });
        }
        let tails: usize = scans.iter().filter_map(|s| s.cut.as_ref()).map(|c| c.1.len()).sum();
        let split =
            input.len().checked_sub(tails).ok_or(CodecError::Truncated { needed: tails })?;
        let (rest, mut ends) = input.split_at(split);
        for (_, tail) in scans.iter_mut().filter_map(|s| s.cut.as_mut()) {
            let (own, others) = ends.split_at(tail.len());
            tail.copy_from_slice(own);
            ends = others;
        }
        Ok(Self { scans, rest: rest.to_vec() })
    }
}

fn take_padding(input: &mut &[u8]) -> Result<Vec<(u8, u8)>, CodecError> {
    let count = take_number(input)?;
    let mut list = Vec::new();
    for _ in 0..count {
        let byte = take_byte(input)?;
        if byte == 0 {
            return Err(malformed("padding without a length"));
        }
        let length = byte.ilog2() as u8;
        list.push((byte & !(1 << length), length));
    }
    Ok(list)
}

fn take_ends(input: &mut &[u8]) -> Result<Vec<u32>, CodecError> {
    let count = take_number(input)?;
    let (mut list, mut before) = (Vec::new(), 0u32);
    for _ in 0..count {
        before = before.saturating_add(take_number(input)? as u32);
        list.push(before);
    }
    Ok(list)
}

/// Little-endian groups of seven bits; the top bit says that more follow.
fn put_number(out: &mut Vec<u8>, mut number: usize) {
    while number > 127 {
        out.push(number as u8 | 128);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take_byte(input: &mut &[u8]) -> Result<u8, CodecError> {
    let (first, rest) = input.split_first().ok_or(CodecError::Truncated { needed: 1 })?;
    *input = rest;
    Ok(*first)
}

fn take_number(input: &mut &[u8]) -> Result<usize, CodecError> {
    let mut number = 0usize;
    for shift in (0..35).step_by(7) {
        let byte = take_byte(input)?;
        number |= usize::from(byte & 127) << shift;
        if byte < 128 {
            return Ok(number);
        }
    }
    Err(malformed("number of more than 35 bits"))
}
