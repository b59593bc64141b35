//! Model files: named programs and arrays, sealed with a hash. The format is in docs/format/model.md.
//!
//! In and out: bytes. Reading checks the hash, every limit and every layer's bound on sums before anything runs; any
//! bytes give `Ok` or `Err`. Bit-exact. Source: our own decision.

use crate::{Dense, Depthwise, Hash, Kind, NnError, Program, Step, hash};
use std::collections::BTreeMap;

const MAGIC: &[u8; 4] = b"TTNN";
const VERSION: u16 = 1;

/// Numbers that belong to a model beside its layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Array {
    /// 16-bit values.
    I16(Vec<i16>),
    /// 32-bit values.
    I32(Vec<i32>),
}

/// What a reader accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelLimits {
    /// Largest file in bytes.
    pub bytes_max: u64,
    /// Most programs, and most arrays.
    pub parts_max: u64,
}

impl Default for ModelLimits {
    /// 256 MiB, 256 parts.
    fn default() -> Self {
        Self { bytes_max: 256 << 20, parts_max: 256 }
    }
}

/// A trained model, ready to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFile {
    /// Its name for people.
    pub name: String,
    /// Its programs.
    pub programs: BTreeMap<String, Program>,
    /// Its arrays.
    pub arrays: BTreeMap<String, Array>,
}

impl ModelFile {
    /// The file and its hash. The hash is the last 32 bytes of the file, of all bytes before.
    pub fn write(&self) -> (Vec<u8>, Hash) {
        let mut out = MAGIC.to_vec();
        out.extend(VERSION.to_le_bytes());
        write_text(&mut out, &self.name);
        out.extend((self.programs.len() as u16).to_le_bytes());
        out.extend((self.arrays.len() as u16).to_le_bytes());
        for (name, program) in &self.programs {
            write_text(&mut out, name);
            write_program(&mut out, program);
        }
        for (name, array) in &self.arrays {
            write_text(&mut out, name);
            match array {
                Array::I16(list) => {
                    out.push(1);
                    out.extend((list.len() as u32).to_le_bytes());
                    list.iter().for_each(|v| out.extend(v.to_le_bytes()));
                }
                Array::I32(list) => {
                    out.push(2);
                    out.extend((list.len() as u32).to_le_bytes());
                    list.iter().for_each(|v| out.extend(v.to_le_bytes()));
                }
            }
        }
        let seal = hash(&out);
        out.extend(seal);
        (out, seal)
    }

    /// Reads a file; returns the model and its hash.
    ///
    /// # Errors
    /// `Truncated`, `Malformed`, `Mismatch` for a wrong hash, `Limit`, `Unsupported` for another version.
    pub fn read(bytes: &[u8], limits: &ModelLimits) -> Result<(Self, Hash), NnError> {
        match bytes.split_last_chunk::<32>() {
            Some((body, seal))
                if bytes.len() as u64 <= limits.bytes_max
                    && body.starts_with(MAGIC)
                    && hash(body) != *seal =>
            {
                Err(NnError::Mismatch { what: "the file's hash (damaged or cut off)".into() })
            }
            _ => Self::read_trusting(bytes, limits),
        }
    }

    /// Reads a file that is known to be whole, such as one inside the program: the hash it ends with is taken as it stands. Nothing
    /// else is trusted.
    ///
    /// # Errors
    /// As [`ModelFile::read`], but for the hash.
    pub fn read_trusting(bytes: &[u8], limits: &ModelLimits) -> Result<(Self, Hash), NnError> {
        if bytes.len() as u64 > limits.bytes_max {
            return Err(NnError::Limit { what: "model file in bytes", max: limits.bytes_max });
        }
        let Some((body, seal)) = bytes.split_last_chunk::<32>() else {
            return Err(NnError::Truncated { needed: 32 - bytes.len().min(31) });
        };
        if !body.starts_with(MAGIC) {
            return Err(NnError::Malformed { what: "this is no model file".into(), at: None });
        }
        let mut reader = Reader { bytes: body, at: 4 };
        let version = reader.u16()?;
        if version != VERSION {
            return Err(NnError::Unsupported {
                what: format!("model file version {version} (this program reads 1)"),
            });
        }
        let name = reader.text()?;
        let (programs, arrays) = (u64::from(reader.u16()?), u64::from(reader.u16()?));
        if programs.max(arrays) > limits.parts_max {
            return Err(NnError::Limit { what: "programs or arrays", max: limits.parts_max });
        }
        let mut model = Self { name, programs: BTreeMap::new(), arrays: BTreeMap::new() };
        for _ in 0..programs {
            model.programs.insert(reader.text()?, read_program(&mut reader)?);
        }
        for _ in 0..arrays {
            model.arrays.insert(reader.text()?, read_array(&mut reader)?);
        }
        if reader.at != body.len() {
            return Err(reader.malformed("bytes after the last array"));
        }
        Ok((model, *seal))
    }

    /// The program called `name`.
    ///
    /// # Errors
    /// `Misuse` if there is none.
    pub fn program(&self, name: &str) -> Result<&Program, NnError> {
        self.programs
            .get(name)
            .ok_or_else(|| NnError::Misuse { what: format!("the model has no program {name:?}") })
    }

    /// The 16-bit array called `name`, which must have `count` values.
    ///
    /// # Errors
    /// `Misuse` if there is none of that kind and size.
    pub fn array_i16(&self, name: &str, count: usize) -> Result<&[i16], NnError> {
        match self.arrays.get(name) {
            Some(Array::I16(list)) if list.len() == count => Ok(list),
            _ => Err(NnError::Misuse {
                what: format!("the model has no array {name:?} of {count} 16-bit values"),
            }),
        }
    }

    /// The 32-bit array called `name`, which must have `count` values.
    ///
    /// # Errors
    /// `Misuse` if there is none of that kind and size.
    pub fn array_i32(&self, name: &str, count: usize) -> Result<&[i32], NnError> {
        match self.arrays.get(name) {
            Some(Array::I32(list)) if list.len() == count => Ok(list),
            _ => Err(NnError::Misuse {
                what: format!("the model has no array {name:?} of {count} 32-bit values"),
            }),
        }
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(text.len().min(255) as u8);
    out.extend(&text.as_bytes()[..text.len().min(255)]);
}

fn write_program(out: &mut Vec<u8>, program: &Program) {
    out.extend((program.inputs() as u16).to_le_bytes());
    out.extend((program.levels() as u16).to_le_bytes());
    out.push(program.result());
    out.extend((program.steps().len() as u16).to_le_bytes());
    for step in program.steps() {
        out.extend([step.from, step.to]);
        write_kind(out, &step.kind);
    }
}

fn write_kind(out: &mut Vec<u8>, kind: &Kind) {
    match kind {
        Kind::Dense(layer) => {
            out.extend([1, u8::from(layer.rectified())]);
            out.extend((layer.inputs() as u16).to_le_bytes());
            out.extend((layer.outputs() as u16).to_le_bytes());
            write_layer(out, &layer.weights(), layer.bias(), layer.shift());
        }
        Kind::Depthwise(layer) => {
            out.push(2);
            out.extend((layer.channels() as u16).to_le_bytes());
            write_layer(out, &layer.weights(), layer.bias(), layer.shift());
        }
        Kind::Leaky(shift) => out.extend([3, *shift]),
        Kind::Table(shift, table) => {
            out.extend([4, *shift]);
            table.iter().for_each(|v| out.extend(v.to_le_bytes()));
        }
        Kind::Add(register) => out.extend([5, *register]),
        Kind::Concat(register) => out.extend([6, *register]),
        Kind::Vary(table) => {
            out.push(7);
            out.extend((table.len() as u32).to_le_bytes());
            table.iter().for_each(|v| out.extend(v.to_le_bytes()));
        }
        Kind::Fold(factor) => out.extend([8, *factor]),
        Kind::Unfold(factor) => out.extend([9, *factor]),
        Kind::HaarDown => out.push(10),
        Kind::HaarUp => out.push(11),
        Kind::Pick { start, count } => {
            out.push(12);
            out.extend(start.to_le_bytes());
            out.extend(count.to_le_bytes());
        }
    }
}

fn write_layer(out: &mut Vec<u8>, weights: &[i16], bias: &[i32], shift: &[u32]) {
    shift.iter().for_each(|&s| out.push(s as u8));
    bias.iter().for_each(|b| out.extend(b.to_le_bytes()));
    weights.iter().for_each(|w| out.extend(w.to_le_bytes()));
}

fn read_program(reader: &mut Reader<'_>) -> Result<Program, NnError> {
    let (inputs, levels, result) = (reader.u16()?, reader.u16()?, reader.u8()?);
    let count = reader.u16()?;
    let mut steps = Vec::new();
    for _ in 0..count {
        let (from, to) = (reader.u8()?, reader.u8()?);
        steps.push(Step { from, to, kind: read_kind(reader)? });
    }
    Program::new(usize::from(inputs), usize::from(levels), steps, result)
}

fn read_kind(reader: &mut Reader<'_>) -> Result<Kind, NnError> {
    Ok(match reader.u8()? {
        1 => {
            let rectified = match reader.u8()? {
                0 => false,
                1 => true,
                _ => return Err(reader.malformed("a flag that is neither 0 nor 1")),
            };
            let (inputs, outputs) = (usize::from(reader.u16()?), usize::from(reader.u16()?));
            let (weights, bias, shift) = read_layer(reader, inputs, outputs)?;
            Kind::Dense(Dense::new(inputs, &weights, &bias, &shift, rectified)?)
        }
        2 => {
            let channels = usize::from(reader.u16()?);
            let (weights, bias, shift) = read_layer(reader, 9, channels)?;
            Kind::Depthwise(Depthwise::new(&weights, &bias, &shift)?)
        }
        3 => Kind::Leaky(reader.u8()?),
        4 => {
            let shift = reader.u8()?;
            let list = reader.i16s(256)?;
            Kind::Table(shift, Box::new(std::array::from_fn(|i| list[i])))
        }
        5 => Kind::Add(reader.u8()?),
        6 => Kind::Concat(reader.u8()?),
        7 => {
            let count = reader.u32()? as usize;
            Kind::Vary(reader.i16s(count)?)
        }
        8 => Kind::Fold(reader.u8()?),
        9 => Kind::Unfold(reader.u8()?),
        10 => Kind::HaarDown,
        11 => Kind::HaarUp,
        12 => Kind::Pick { start: reader.u16()?, count: reader.u16()? },
        other => return Err(NnError::Unsupported { what: format!("layer kind {other}") }),
    })
}

type Layer = (Vec<i16>, Vec<i32>, Vec<u8>);

fn read_layer(reader: &mut Reader<'_>, inputs: usize, outputs: usize) -> Result<Layer, NnError> {
    let shift = reader.take(outputs)?.to_vec();
    let bias = reader.i32s(outputs)?;
    Ok((reader.i16s(inputs * outputs)?, bias, shift))
}

fn read_array(reader: &mut Reader<'_>) -> Result<Array, NnError> {
    let kind = reader.u8()?;
    let count = reader.u32()? as usize;
    match kind {
        1 => Ok(Array::I16(reader.i16s(count)?)),
        2 => Ok(Array::I32(reader.i32s(count)?)),
        _ => Err(NnError::Unsupported { what: format!("array kind {kind}") }),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn malformed(&self, what: &str) -> NnError {
        NnError::Malformed { what: what.into(), at: Some(self.at) }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], NnError> {
        let rest = &self.bytes[self.at..];
        let part = rest
            .get(..count)
            .ok_or(NnError::Truncated { needed: count - rest.len().min(count) })?;
        self.at += count;
        Ok(part)
    }

    fn u8(&mut self) -> Result<u8, NnError> {
        Ok(self.take(1)?[0])
    }

    fn u16(&mut self) -> Result<u16, NnError> {
        let b = self.take(2)?;
        Ok(u16::from_le_bytes([b[0], b[1]]))
    }

    fn u32(&mut self) -> Result<u32, NnError> {
        let b = self.take(4)?;
        Ok(u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }

    fn text(&mut self) -> Result<String, NnError> {
        let length = usize::from(self.u8()?);
        let bytes = self.take(length)?.to_vec();
        String::from_utf8(bytes).map_err(|_| self.malformed("a name that is not UTF-8"))
    }

    fn i16s(&mut self, count: usize) -> Result<Vec<i16>, NnError> {
        let bytes = self.take(count.saturating_mul(2))?;
        Ok(bytes.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect())
    }

    fn i32s(&mut self, count: usize) -> Result<Vec<i32>, NnError> {
        let bytes = self.take(count.saturating_mul(4))?;
        Ok(bytes.chunks_exact(4).map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }
}
