//! Curves of a run in the terminal, redrawn in place; nothing where standard error is no
//! terminal.

use std::io::{IsTerminal, Write};

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Columns of a curve.
const WIDTH: usize = 60;

pub(super) struct Dashboard {
    name: String,
    steps: u64,
    losses: Vec<f64>,
    scores: Vec<f64>,
    live: bool,
    drawn: bool,
}

impl Dashboard {
    pub(super) fn new(name: &str, steps: u64) -> Self {
        let live = std::io::stderr().is_terminal();
        Self { name: name.into(), steps, losses: Vec::new(), scores: Vec::new(), live, drawn: false }
    }

    /// A step's loss, bits a pixel and squared error.
    pub(super) fn step(&mut self, step: u64, seconds: f64, [loss, bpp, mse]: [f64; 3]) {
        self.losses.push(loss);
        if !self.live {
            return;
        }
        let left = (self.steps.saturating_sub(step)) as f64 * seconds / step.max(1) as f64;
        let up = if self.drawn { "\x1b[3A" } else { "" };
        self.drawn = true;
        let score = self.scores.last().map(|s| format!("{s:.2}")).unwrap_or_default();
        let text = format!(
            "{up}\x1b[2K{} step {step} of {}, {:.0} min left, loss {loss:.3}, {bpp:.3} bpp, squared error {mse:.1}\n\
             \x1b[2K  loss       {}\n\x1b[2K  validation {} {score}\n",
            self.name,
            self.steps,
            left / 60.0,
            curve(&self.losses),
            curve(&self.scores),
        );
        let _ = std::io::stderr().write_all(text.as_bytes());
    }

    /// A validation's result.
    pub(super) fn validated(&mut self, score: f64) {
        self.scores.push(score);
        // A line was printed below the curves.
        self.drawn = false;
    }
}

/// Means of equal stretches as bars.
fn curve(values: &[f64]) -> String {
    let columns = WIDTH.min(values.len());
    let mean = |i: usize| {
        let part = &values[i * values.len() / columns..(i + 1) * values.len() / columns];
        part.iter().sum::<f64>() / part.len() as f64
    };
    let means: Vec<f64> = (0..columns).map(mean).collect();
    let least = means.iter().copied().fold(f64::INFINITY, f64::min);
    let most = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let bar =
        |v: &f64| BARS[((v - least) / (most - least).max(1e-12) * 7.0).round().clamp(0.0, 7.0) as usize];
    means.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_falling_curve_falls() {
        assert_eq!(super::curve(&[2.0, 1.0]), "█▁");
        assert_eq!(super::curve(&[]), "");
        assert_eq!(super::curve(&vec![1.0; 500]).chars().count(), super::WIDTH);
    }
}
