//! A network with coarser weights, which takes fewer bytes.
//!
//! In: a model of `neural`. Out: one whose layers have the same shifts, biases and weights,
//! each output's divided by a power of two and rounded.

use crate::Failure;
use clap::Args;
use std::path::PathBuf;
use tintype_neural::NeuralModel;
use tintype_nn::{Depthwise, Kind, Pointwise, Program, Step};

/// Options of `coarser`.
#[derive(Args)]
pub struct CoarserArgs {
    /// Root mean square, in steps, that the weights of each output keep at least.
    #[arg(long, default_value_t = 64.0)]
    rms: f64,
    /// Another root mean square for a program's layers, or for one of its steps, as `synthesis=512`
    /// or `synthesis.3=512`; may be repeated, the last that fits counts.
    #[arg(long = "for", value_name = "PROGRAM[.STEP]=RMS")]
    own: Vec<String>,
    /// The model file to write.
    #[arg(short, long)]
    output: PathBuf,
    /// A model of `neural`.
    model: PathBuf,
}

impl CoarserArgs {
    fn rms_for(&self, program: &str, step: usize) -> Result<f64, Failure> {
        let mut rms = self.rms;
        for own in &self.own {
            let (place, value) = own.split_once('=').ok_or("--for takes PROGRAM=RMS")?;
            if place == program || place == format!("{program}.{step}") {
                rms = value.parse()?;
            }
        }
        Ok(rms)
    }
}

/// Runs the command.
///
/// # Errors
/// Files that cannot be read or written.
pub fn run(args: &CoarserArgs) -> Result<(), Failure> {
    let bytes = std::fs::read(&args.model)?;
    let mut network = NeuralModel::network(&bytes)?;
    for (name, program) in &mut network.programs {
        let mut steps = program.steps().to_vec();
        for (number, Step { kind, .. }) in steps.iter_mut().enumerate() {
            let rms = args.rms_for(name, number)?;
            match kind {
                Kind::Pointwise(layer) => {
                    let mut numbers =
                        Numbers::new(layer.weights(), layer.bias(), layer.shift(), layer.inputs());
                    numbers.coarsen(rms);
                    println!("{name}.{number}: {} weights", numbers.weights.len());
                    let Numbers { weights, bias, shift, inputs } = &numbers;
                    *layer = Pointwise::new(*inputs, weights, bias, shift, layer.rectified())?;
                }
                Kind::Depthwise(layer) => {
                    let mut numbers = Numbers::new(layer.weights(), layer.bias(), layer.shift(), 9);
                    numbers.coarsen(rms);
                    println!("{name}.{number}: {} weights", numbers.weights.len());
                    *layer = Depthwise::new(&numbers.weights, &numbers.bias, &numbers.shift)?;
                }
                _ => {}
            }
        }
        *program = Program::new(program.inputs(), program.levels(), steps, program.result())?;
    }
    let file = NeuralModel::file_of(&network);
    let coarse = file.to_bytes();
    println!("{} -> {} bytes, model {}", bytes.len(), coarse.len(), file.hash());
    std::fs::write(&args.output, coarse)?;
    Ok(())
}

/// The numbers of a layer: a row of weights, a bias and a shift for each output.
struct Numbers {
    weights: Vec<i16>,
    bias: Vec<i32>,
    shift: Vec<u8>,
    /// Weights in a row.
    inputs: usize,
}

impl Numbers {
    fn new(weights: Vec<i16>, bias: &[i32], shift: &[u32], inputs: usize) -> Self {
        let shift = shift.iter().map(|&s| s as u8).collect();
        Self { weights, bias: bias.to_vec(), shift, inputs }
    }

    fn coarsen(&mut self, rms: f64) {
        let rows = self.weights.chunks_exact_mut(self.inputs).zip(&mut self.bias).zip(&mut self.shift);
        for ((row, bias), shift) in rows {
            let squares: f64 = row.iter().map(|&w| f64::from(w).powi(2)).sum();
            let own = (squares / row.len() as f64).sqrt();
            let less = (own / rms).log2().floor().clamp(0.0, f64::from(*shift));
            let scale = (-less).exp2();
            row.iter_mut().for_each(|w| *w = (f64::from(*w) * scale).round() as i16);
            *bias = (f64::from(*bias) * scale).round() as i32;
            *shift -= less as u8;
        }
    }
}
