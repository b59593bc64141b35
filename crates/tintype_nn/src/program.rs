//! A program: layers in order over numbered registers, each holding a [`FeatureMap`].
//!
//! In: one map (register 0) and a quality level. Out: one map. Every step is exact, so a
//! program run on a window that is larger than the part wanted by [`Program::margin`] gives
//! the same bits as one run on the whole picture, as long as the window's corners lie on
//! multiples of [`Program::grid`] and its edges are the picture's or beyond the margin.
//! Bit-exact. Source: our own decision.

use crate::apply::{add, apply};
use crate::{FeatureMap, Kind, NnError, Step};
use fearless_simd::Level;

/// Most registers a program may use.
pub const REGISTERS_MAX: usize = 16;
/// Most steps a program may have.
pub const STEPS_MAX: usize = 512;
/// Most channels a map may have.
pub const CHANNELS_MAX: usize = 8192;
/// Most values that all registers together may hold for each input position.
pub const VALUES_MAX: usize = 1 << 15;

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

/// The shape of a register, which is known before anything runs.
#[derive(Clone, Copy)]
struct RegisterShape {
    channels: usize,
    /// Size of a position in units of `1 / SCALE` input positions.
    size: usize,
    /// Reach beyond the wanted part, in the same units.
    reach: usize,
}

const SCALE: usize = 1 << 8;

impl RegisterShape {
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
    pub fn new(inputs: usize, levels: usize, steps: Vec<Step>, result: u8) -> Result<Self, NnError> {
        if steps.len() > STEPS_MAX {
            return Err(NnError::Limit { what: "steps of a program", max: STEPS_MAX as u64 });
        }
        if inputs == 0 || inputs > CHANNELS_MAX {
            return Err(NnError::Limit { what: "channels of a map", max: CHANNELS_MAX as u64 });
        }
        let mut shapes: [Option<RegisterShape>; REGISTERS_MAX] = [None; REGISTERS_MAX];
        shapes[0] = Some(RegisterShape { channels: inputs, size: SCALE, reach: 0 });
        let mut grid = SCALE;
        for (index, step) in steps.iter().enumerate() {
            let read = |r: u8| {
                let value = shapes.get(usize::from(r)).copied().flatten();
                value.ok_or_else(|| NnError::Misuse {
                    what: format!("step {index} reads the empty register {r}"),
                })
            };
            let other = match step.kind {
                Kind::Add(r) | Kind::Concat(r) => Some(read(r)?),
                _ => None,
            };
            let made = infer(&step.kind, read(step.from)?, other, levels)
                .map_err(|what| NnError::Misuse { what: format!("step {index}: {what}") })?;
            grid = grid.max(made.size);
            let to = shapes.get_mut(usize::from(step.to));
            *to.ok_or(NnError::Limit { what: "registers", max: REGISTERS_MAX as u64 })? = Some(made);
            if shapes.iter().flatten().map(RegisterShape::values).sum::<usize>() > VALUES_MAX {
                return Err(NnError::Limit {
                    what: "values of a program for each input position",
                    max: VALUES_MAX as u64,
                });
            }
        }
        let last = shapes.get(usize::from(result)).copied().flatten();
        let last = last
            .ok_or_else(|| NnError::Misuse { what: format!("the result register {result} is empty") })?;
        let grid = grid / SCALE;
        let margin = last.reach.div_ceil(SCALE).next_multiple_of(grid);
        Ok(Self { inputs, outputs: last.channels, levels, result, steps, grid, margin, size: last.size })
    }

    /// Channels of the input.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Channels of the result.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Quality levels, 0 if no step depends on them.
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

    /// How far a window must reach beyond the wanted part, in input positions; a multiple of
    /// the grid.
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
    pub fn run(&self, level: Level, input: FeatureMap, quality: usize) -> Result<FeatureMap, NnError> {
        self.run_with_observer(level, input, quality, &mut |_| {})
    }

    /// Runs the program; `observe` gets what every step makes.
    pub(crate) fn run_with_observer(
        &self,
        level: Level,
        input: FeatureMap,
        quality: usize,
        observe: &mut dyn FnMut(&FeatureMap),
    ) -> Result<FeatureMap, NnError> {
        if input.channels != self.inputs || (self.levels > 0 && quality >= self.levels) {
            let what = format!("{} channels at level {quality} of {}", input.channels, self.levels);
            return Err(NnError::Misuse { what });
        }
        let mut registers: [FeatureMap; REGISTERS_MAX] = Default::default();
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
                observe(&registers[source]);
                continue;
            }
            let made = apply(level, &step.kind, &registers[source], &registers, quality)?;
            observe(&made);
            registers[usize::from(step.to)] = made;
        }
        Ok(std::mem::take(&mut registers[usize::from(self.result)]))
    }
}

/// The shape of what a step makes, from the shapes of the registers it reads.
fn infer(
    kind: &Kind,
    from: RegisterShape,
    other: Option<RegisterShape>,
    levels: usize,
) -> Result<RegisterShape, String> {
    let fits = |wanted: usize| {
        let what = format!("{} channels where {wanted} are wanted", from.channels);
        if from.channels == wanted { Ok(()) } else { Err(what) }
    };
    let made = |channels: usize| RegisterShape { channels, ..from };
    let depth_to_space = |factor: usize| {
        if !(2..=8).contains(&factor) || !factor.is_power_of_two() {
            return Err(format!("a factor of {factor} (2, 4, 8 are possible)"));
        }
        if !from.channels.is_multiple_of(factor * factor) || from.size / factor == 0 {
            return Err(format!("{} channels are not a multiple of {factor}²", from.channels));
        }
        // A fine position beyond the wanted part needs the whole coarse one it came from.
        let size = from.size / factor;
        Ok(RegisterShape {
            channels: from.channels / (factor * factor),
            size,
            reach: from.reach + from.size - size,
        })
    };
    let space_to_depth = |factor: usize| {
        if !(2..=8).contains(&factor) || !factor.is_power_of_two() {
            return Err(format!("a factor of {factor} (2, 4, 8 are possible)"));
        }
        Ok(RegisterShape {
            channels: from.channels * factor * factor,
            size: from.size * factor,
            reach: from.reach,
        })
    };
    let shape = match kind {
        Kind::Pointwise(layer) => fits(layer.inputs()).map(|()| made(layer.outputs()))?,
        Kind::Depthwise(layer) => {
            fits(layer.channels())?;
            RegisterShape { reach: from.reach + from.size, ..from }
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
            RegisterShape { channels, size: from.size, reach: from.reach.max(other.reach) }
        }
        Kind::LevelBias(table) if levels > 0 && table.len() == levels * from.channels => from,
        Kind::LevelBias(table) => {
            return Err(format!("{} values for {levels} levels", table.len()));
        }
        Kind::SpaceToDepth(factor) => space_to_depth(usize::from(*factor))?,
        Kind::DepthToSpace(factor) => depth_to_space(usize::from(*factor))?,
        Kind::HaarDown => space_to_depth(2)?,
        Kind::HaarUp => depth_to_space(2)?,
        Kind::Slice { start, count } => {
            if *count == 0 || usize::from(*start) + usize::from(*count) > from.channels {
                return Err(format!("channels {start} and {count} more of {}", from.channels));
            }
            made(usize::from(*count))
        }
    };
    let fits =
        shape.channels <= CHANNELS_MAX && shape.size <= SCALE * SCALE && shape.reach <= SCALE * 4096;
    if fits { Ok(shape) } else { Err("a map that is too large".into()) }
}
