//! Time that a piece of work takes.

use std::time::Instant;

/// Milliseconds of CPU time of this thread where the kernel tells it, and of wall time.
///
/// CPU time is disturbed less by other programs on the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Spent {
    pub cpu_ms: f64,
    pub wall_ms: f64,
}

impl Spent {
    /// Seconds of CPU time on one thread, of wall time on several.
    pub fn seconds(self, threads: usize) -> f64 {
        (if threads > 1 { self.wall_ms } else { self.cpu_ms }) / 1e3
    }
}

/// What `work` returns, and the time it took.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Spent) {
    let (start, cpu) = (Instant::now(), thread_cpu_ms());
    let made = work();
    let wall_ms = start.elapsed().as_secs_f64() * 1e3;
    let cpu_ms = match (cpu, thread_cpu_ms()) {
        (Some(before), Some(after)) => after - before,
        _ => wall_ms,
    };
    (made, Spent { cpu_ms, wall_ms })
}

/// What `work` returns, and the shortest of `times` times it took.
pub fn best_of<T>(times: usize, work: impl Fn() -> T) -> (T, Spent) {
    let mut best = timed(&work);
    for _ in 1..times {
        let next = timed(&work);
        if next.1.cpu_ms < best.1.cpu_ms {
            best = next;
        }
    }
    best
}

/// Seconds of one run of `work`: the best of three rounds of 80 ms or more, since the kernel
/// counts in ticks of a few milliseconds.
pub fn seconds_each(mut work: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let mut runs = 0;
        let mut spent = 0.0;
        while runs == 0 || spent < 0.08 {
            spent += timed(&mut work).1.cpu_ms / 1e3;
            runs += 1;
        }
        best = best.min(spent / f64::from(runs));
    }
    best
}

fn thread_cpu_ms() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse::<f64>().ok().map(|nanos| nanos / 1e6)
}
