//! The bytes of a network, which are the payload of a `neural` model file. Format:
//! docs/format/model.md.
//!
//! Reading checks every limit and every layer's bound on sums before anything runs; any bytes
//! give `Ok` or `Err`. Every list of 16- and 32-bit values begins at an even offset, so that a
//! packer sees whole words. Bit-exact. Source: our own decision.

use crate::{Array, Depthwise, Kind, Network, NnError, Pointwise, Program, Step};
use std::collections::BTreeMap;

/// Most programs, and most arrays.
const PARTS_MAX: usize = 256;

impl Network {
    /// The bytes of the network.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
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
                    write_i16s(&mut out, list);
                }
                Array::I32(list) => {
                    out.push(2);
                    out.extend((list.len() as u32).to_le_bytes());
                    write_i32s(&mut out, list);
                }
            }
        }
        out
    }

    /// Reads the bytes of a network.
    ///
    /// # Errors
    /// `Truncated`, `Malformed`, `Limit`, `Unsupported` for an unknown kind of step or array.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NnError> {
        let mut reader = Reader { bytes, at: 0 };
        let name = reader.text()?;
        let (programs, arrays) = (usize::from(reader.u16()?), usize::from(reader.u16()?));
        if programs.max(arrays) > PARTS_MAX {
            return Err(NnError::Limit { what: "programs or arrays", max: PARTS_MAX as u64 });
        }

        let mut network = Self { name, programs: BTreeMap::new(), arrays: BTreeMap::new() };
        for _ in 0..programs {
            network.programs.insert(reader.text()?, read_program(&mut reader)?);
        }
        for _ in 0..arrays {
            network.arrays.insert(reader.text()?, read_array(&mut reader)?);
        }
        if reader.at != bytes.len() {
            return Err(reader.malformed("bytes after the last array"));
        }
        Ok(network)
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(text.len().min(255) as u8);
    out.extend(&text.as_bytes()[..text.len().min(255)]);
}

fn write_i16s(out: &mut Vec<u8>, list: &[i16]) {
    align(out);
    list.iter().for_each(|value| out.extend(value.to_le_bytes()));
}

fn write_i32s(out: &mut Vec<u8>, list: &[i32]) {
    align(out);
    list.iter().for_each(|value| out.extend(value.to_le_bytes()));
}

/// A zero byte where a list would begin at an odd offset.
fn align(out: &mut Vec<u8>) {
    if out.len() % 2 == 1 {
        out.push(0);
    }
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
        Kind::Pointwise(layer) => {
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
            write_i16s(out, &table[..]);
        }
        Kind::Add(register) => out.extend([5, *register]),
        Kind::Concat(register) => out.extend([6, *register]),
        Kind::LevelBias(table) => {
            out.push(7);
            out.extend((table.len() as u32).to_le_bytes());
            write_i16s(out, table);
        }
        Kind::SpaceToDepth(factor) => out.extend([8, *factor]),
        Kind::DepthToSpace(factor) => out.extend([9, *factor]),
        Kind::HaarDown => out.push(10),
        Kind::HaarUp => out.push(11),
        Kind::Slice { start, count } => {
            out.push(12);
            out.extend(start.to_le_bytes());
            out.extend(count.to_le_bytes());
        }
    }
}

fn write_layer(out: &mut Vec<u8>, weights: &[i16], bias: &[i32], shift: &[u32]) {
    shift.iter().for_each(|&shift| out.push(shift as u8));
    write_i32s(out, bias);
    write_i16s(out, weights);
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
            Kind::Pointwise(Pointwise::new(inputs, &weights, &bias, &shift, rectified)?)
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
            Kind::LevelBias(reader.i16s(count)?)
        }
        8 => Kind::SpaceToDepth(reader.u8()?),
        9 => Kind::DepthToSpace(reader.u8()?),
        10 => Kind::HaarDown,
        11 => Kind::HaarUp,
        12 => Kind::Slice { start: reader.u16()?, count: reader.u16()? },
        other => return Err(NnError::Unsupported { what: format!("step kind {other}") }),
    })
}

/// Weights, biases, shifts.
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
        let part =
            rest.get(..count).ok_or(NnError::Truncated { needed: count - rest.len().min(count) })?;
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

    /// Skips to an even offset.
    fn align(&mut self) -> Result<(), NnError> {
        if self.at % 2 == 1 && self.u8()? != 0 {
            return Err(self.malformed("padding that is not zero"));
        }
        Ok(())
    }

    fn i16s(&mut self, count: usize) -> Result<Vec<i16>, NnError> {
        self.align()?;
        let bytes = self.take(count.saturating_mul(2))?;
        Ok(bytes.as_chunks().0.iter().map(|value| i16::from_le_bytes(*value)).collect())
    }

    fn i32s(&mut self, count: usize) -> Result<Vec<i32>, NnError> {
        self.align()?;
        let bytes = self.take(count.saturating_mul(4))?;
        Ok(bytes.as_chunks().0.iter().map(|value| i32::from_le_bytes(*value)).collect())
    }
}
