//! A program: layers in order over numbered registers, each holding a [`Map`].
//!
//! In: one map (register 0) and a quality level. Out: one map. Every step is exact, so a program run on a window that
//! is larger than the part wanted by [`Program::margin`] gives the same bits as one run on the whole picture, as long
//! as the window's corners lie on multiples of [`Program::grid`] and its edges are the picture's or beyond the margin.
//! Bit-exact. Source: our own decision.

use crate::{Dense, Depthwise, Map, NnError};
use fearless_simd::Level;

/// Most registers a program may use.
pub const REGISTERS_MAX: usize = 16;
/// Most steps a program may have.
pub const STEPS_MAX: usize = 512;
/// Most channels a map may have.
pub const CHANNELS_MAX: usize = 8192;
/// Most values that all registers together may hold for each input position.
pub const VALUES_MAX: usize = 1 << 15;

/// What a step does with its register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 1×1 convolution.
    Dense(Dense),
    /// Depthwise 3×3 convolution.
    Depthwise(Depthwise),
    /// Negative values become `value >> shift` (towards minus infinity), or 0 with a shift of 16.
    Leaky(u8),
    /// Each value goes through a table of 256 entries: `table[saturate8(value >> shift) + 128]`.
    Table(u8, Box<[i16; 256]>),
    /// Saturating sum with another register.
    Add(u8),
    /// The channels of another register after this one's.
    Concat(u8),
    /// Saturating sum with the quality level's vector, `[level][channel]`.
    Vary(Vec<i16>),
    /// `factor × factor` positions into one.
    Fold(u8),
    /// One position into `factor × factor`.
    Unfold(u8),
    /// One level of the 2×2 integer Haar transform: mean, horizontal, vertical, diagonal, each of all channels.
    HaarDown,
    /// Its inverse.
    HaarUp,
    /// `count` channels from `start` on.
    Pick {
        /// First channel.
        start: u16,
        /// How many.
        count: u16,
    },
}

/// One step: register `to` becomes what `kind` makes of register `from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Register read.
    pub from: u8,
    /// Register written.
    pub to: u8,
    /// What is done.
    pub kind: Kind,
}

/// Steps that were checked against each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    inputs: usize,
    outputs: usize,
    levels: usize,
    result: u8,
    steps: Vec<Step>,
    grid: usize,
    margin: usize,
    /// Size of a position of the result, in units of `1 / SCALE` input positions.
    size: usize,
}

/// What is known of a register before anything runs.
#[derive(Clone, Copy)]
struct Known {
    channels: usize,
    /// Size of a position in units of `1 / SCALE` input positions.
    size: usize,
    /// Reach beyond the wanted part, in the same units.
    reach: usize,
}

const SCALE: usize = 1 << 8;

impl Known {
    /// Values for each input position.
    fn values(&self) -> usize {
        (self.channels * SCALE).div_ceil(self.size) * SCALE / self.size
    }
}

impl Program {
    /// A program of `steps` on `inputs` channels whose result is register `result`.
    ///
    /// # Errors
    /// `Misuse` if a step reads what is not there or does not fit, `Limit` for too many steps, registers or channels.
    pub fn new(
        inputs: usize,
        levels: usize,
        steps: Vec<Step>,
        result: u8,
    ) -> Result<Self, NnError> {
        if steps.len() > STEPS_MAX {
            return Err(NnError::Limit { what: "steps of a program", max: STEPS_MAX as u64 });
        }
        if inputs == 0 || inputs > CHANNELS_MAX {
            return Err(NnError::Limit { what: "channels of a map", max: CHANNELS_MAX as u64 });
        }
        let mut known: [Option<Known>; REGISTERS_MAX] = [None; REGISTERS_MAX];
        known[0] = Some(Known { channels: inputs, size: SCALE, reach: 0 });
        let mut grid = SCALE;
        for (index, step) in steps.iter().enumerate() {
            let read = |r: u8| {
                let value = known.get(usize::from(r)).copied().flatten();
                value.ok_or_else(|| NnError::Misuse {
                    what: format!("step {index} reads the empty register {r}"),
                })
            };
            let other = match step.kind {
                Kind::Add(r) | Kind::Concat(r) => Some(read(r)?),
                _ => None,
            };
            let made = follow(&step.kind, read(step.from)?, other, levels)
                .map_err(|what| NnError::Misuse { what: format!("step {index}: {what}") })?;
            grid = grid.max(made.size);
            let to = known.get_mut(usize::from(step.to));
            *to.ok_or(NnError::Limit { what: "registers", max: REGISTERS_MAX as u64 })? =
                Some(made);
            if known.iter().flatten().map(Known::values).sum::<usize>() > VALUES_MAX {
                return Err(NnError::Limit {
                    what: "values of a program for each input position",
                    max: VALUES_MAX as u64,
                });
            }
        }
        let last = known.get(usize::from(result)).copied().flatten();
        let last = last.ok_or_else(|| NnError::Misuse {
            what: format!("the result register {result} is empty"),
        })?;
        let grid = grid / SCALE;
        let margin = last.reach.div_ceil(SCALE).next_multiple_of(grid);
        Ok(Self {
            inputs,
            outputs: last.channels,
            levels,
            result,
            steps,
            grid,
            margin,
            size: last.size,
        })
    }

    /// Channels of the input.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Channels of the result.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Quality levels, 0 if no step varies.
    pub fn levels(&self) -> usize {
        self.levels
    }

    /// The register that is the result.
    pub fn result(&self) -> u8 {
        self.result
    }

    /// The steps.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Windows must start and end on multiples of this many input positions.
    pub fn grid(&self) -> usize {
        self.grid
    }

    /// How far a window must reach beyond the wanted part, in input positions; a multiple of the grid.
    pub fn margin(&self) -> usize {
        self.margin
    }

    /// Whether the result has `out` positions for every `of` of the input, along each side.
    pub fn gives(&self, out: usize, of: usize) -> bool {
        self.size * out == SCALE * of
    }

    /// Runs the program.
    ///
    /// # Errors
    /// `Misuse` if `input` or `quality` does not fit.
    pub fn run(&self, level: Level, input: Map, quality: usize) -> Result<Map, NnError> {
        self.run_heard(level, input, quality, &mut |_| {})
    }

    /// Runs the program; `hear` gets what every step makes.
    pub(crate) fn run_heard(
        &self,
        level: Level,
        input: Map,
        quality: usize,
        hear: &mut dyn FnMut(&Map),
    ) -> Result<Map, NnError> {
        if input.channels != self.inputs || (self.levels > 0 && quality >= self.levels) {
            let what = format!("{} channels at level {quality} of {}", input.channels, self.levels);
            return Err(NnError::Misuse { what });
        }
        let mut registers: [Map; REGISTERS_MAX] = Default::default();
        registers[0] = input;
        for step in &self.steps {
            let source = usize::from(step.from);
            if let Kind::Add(other) = step.kind
                && step.to == step.from
                && other != step.from
            {
                let mut sum = std::mem::take(&mut registers[source]);
                add(&mut sum, &registers[usize::from(other)])?;
                registers[source] = sum;
                hear(&registers[source]);
                continue;
            }
            let made = apply(level, &step.kind, &registers[source], &registers, quality)?;
            hear(&made);
            registers[usize::from(step.to)] = made;
        }
        Ok(std::mem::take(&mut registers[usize::from(self.result)]))
    }
}

/// What a step makes of what is known.
fn follow(kind: &Kind, from: Known, other: Option<Known>, levels: usize) -> Result<Known, String> {
    let fits = |wanted: usize| {
        let what = format!("{} channels where {wanted} are wanted", from.channels);
        if from.channels == wanted { Ok(()) } else { Err(what) }
    };
    let made = |channels: usize| Known { channels, ..from };
    let spread = |factor: usize| {
        if !(2..=8).contains(&factor) || !factor.is_power_of_two() {
            return Err(format!("a factor of {factor} (2, 4, 8 are possible)"));
        }
        if !from.channels.is_multiple_of(factor * factor) || from.size / factor == 0 {
            return Err(format!("{} channels cannot be unfolded by {factor}", from.channels));
        }
        // A fine position beyond the wanted part needs the whole coarse one it came from.
        let size = from.size / factor;
        Ok(Known {
            channels: from.channels / (factor * factor),
            size,
            reach: from.reach + from.size - size,
        })
    };
    let gathered = |factor: usize| {
        if !(2..=8).contains(&factor) || !factor.is_power_of_two() {
            return Err(format!("a factor of {factor} (2, 4, 8 are possible)"));
        }
        Ok(Known {
            channels: from.channels * factor * factor,
            size: from.size * factor,
            reach: from.reach,
        })
    };
    let known = match kind {
        Kind::Dense(layer) => fits(layer.inputs()).map(|()| made(layer.outputs()))?,
        Kind::Depthwise(layer) => {
            fits(layer.channels())?;
            Known { reach: from.reach + from.size, ..from }
        }
        Kind::Leaky(shift) if *shift <= 16 => from,
        Kind::Table(shift, _) if *shift <= 15 => from,
        Kind::Leaky(shift) | Kind::Table(shift, _) => return Err(format!("a shift of {shift}")),
        Kind::Add(_) | Kind::Concat(_) => {
            let other = other.ok_or("no second register")?;
            if other.size != from.size
                || (matches!(kind, Kind::Add(_)) && other.channels != from.channels)
            {
                return Err("registers of different shapes".into());
            }
            let channels = if matches!(kind, Kind::Add(_)) {
                from.channels
            } else {
                from.channels + other.channels
            };
            Known { channels, size: from.size, reach: from.reach.max(other.reach) }
        }
        Kind::Vary(table) if levels > 0 && table.len() == levels * from.channels => from,
        Kind::Vary(table) => return Err(format!("{} values for {levels} levels", table.len())),
        Kind::Fold(factor) => gathered(usize::from(*factor))?,
        Kind::Unfold(factor) => spread(usize::from(*factor))?,
        Kind::HaarDown => gathered(2)?,
        Kind::HaarUp => spread(2)?,
        Kind::Pick { start, count } => {
            if *count == 0 || usize::from(*start) + usize::from(*count) > from.channels {
                return Err(format!("channels {start} and {count} more of {}", from.channels));
            }
            made(usize::from(*count))
        }
    };
    let fine = known.channels <= CHANNELS_MAX
        && known.size <= SCALE * SCALE
        && known.reach <= SCALE * 4096;
    if fine { Ok(known) } else { Err("a map that is too large".into()) }
}

fn apply(
    level: Level,
    kind: &Kind,
    from: &Map,
    registers: &[Map],
    quality: usize,
) -> Result<Map, NnError> {
    match kind {
        Kind::Dense(layer) => layer.run(level, from),
        Kind::Depthwise(layer) => layer.run(level, from),
        Kind::Leaky(shift) => {
            Ok(each(from, |v| if *shift == 16 { v.max(0) } else { v.max(v >> shift) }))
        }
        Kind::Table(shift, table) => {
            Ok(each(from, |v| table[((i32::from(v) >> shift).clamp(-128, 127) + 128) as usize]))
        }
        Kind::Add(other) => {
            let mut sum = from.clone();
            add(&mut sum, &registers[usize::from(*other)])?;
            Ok(sum)
        }
        Kind::Concat(other) => concat(from, &registers[usize::from(*other)]),
        Kind::Vary(table) => {
            let vector = &table[quality * from.channels..][..from.channels];
            let mut out = from.clone();
            for row in out.values.chunks_exact_mut(from.channels) {
                row.iter_mut().zip(vector).for_each(|(v, &by)| *v = v.saturating_add(by));
            }
            Ok(out)
        }
        Kind::Fold(factor) => from.fold(usize::from(*factor)),
        Kind::Unfold(factor) => from.unfold(usize::from(*factor)),
        Kind::HaarDown => Ok(haar(from.fold(2)?, haar_down)),
        Kind::HaarUp => haar(from.clone(), haar_up).unfold(2),
        Kind::Pick { start, count } => {
            let (start, count) = (usize::from(*start), usize::from(*count));
            let rows = from.values.chunks_exact(from.channels);
            let values = rows.flat_map(|row| row[start..start + count].iter().copied()).collect();
            Ok(Map { channels: count, values, ..*from })
        }
    }
}

fn each(from: &Map, work: impl Fn(i16) -> i16) -> Map {
    Map { values: from.values.iter().map(|&v| work(v)).collect(), ..*from }
}

fn same_grid(a: &Map, b: &Map) -> Result<(), NnError> {
    if (a.height, a.width) == (b.height, b.width) {
        return Ok(());
    }
    let what =
        format!("maps of {} × {} and {} × {} positions", a.width, a.height, b.width, b.height);
    Err(NnError::Misuse { what })
}

fn add(sum: &mut Map, other: &Map) -> Result<(), NnError> {
    same_grid(sum, other)?;
    sum.values.iter_mut().zip(&other.values).for_each(|(a, &b)| *a = a.saturating_add(b));
    Ok(())
}

fn concat(first: &Map, second: &Map) -> Result<Map, NnError> {
    same_grid(first, second)?;
    let rows =
        first.values.chunks_exact(first.channels).zip(second.values.chunks_exact(second.channels));
    let values = rows.flat_map(|(a, b)| a.iter().chain(b).copied()).collect();
    Ok(Map { channels: first.channels + second.channels, values, ..*first })
}

/// Applies `work` to the four values of each group, which stand a quarter of the channels apart.
fn haar(mut map: Map, work: fn([i32; 4]) -> [i32; 4]) -> Map {
    let quarter = map.channels / 4;
    for row in map.values.chunks_exact_mut(map.channels.max(1)) {
        for c in 0..quarter {
            let made = work([0, 1, 2, 3].map(|k| i32::from(row[k * quarter + c])));
            for (k, value) in made.into_iter().enumerate() {
                row[k * quarter + c] = value.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
            }
        }
    }
    map
}

/// Half-sums and half-differences, rounding towards minus infinity.
fn haar_down([a, b, c, d]: [i32; 4]) -> [i32; 4] {
    [(a + b + c + d) >> 1, (a - b + c - d) >> 1, (a + b - c - d) >> 1, (a - b - c + d) >> 1]
}

fn haar_up(parts: [i32; 4]) -> [i32; 4] {
    haar_down(parts)
}
