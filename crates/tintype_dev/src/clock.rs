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

/// What `work` returns, and the seconds of one run: the best of `rounds` rounds of 80 ms or more,
/// since the kernel counts CPU time in ticks of a few milliseconds.
///
/// On one thread CPU time counts, on several wall time.
pub fn best_seconds<T>(rounds: usize, threads: usize, mut work: impl FnMut() -> T) -> (T, f64) {
    let mut made = work();
    let mut best = f64::INFINITY;
    for _ in 0..rounds.max(1) {
        let mut runs = 0;
        let mut spent = 0.0;
        while spent < 0.08 {
            let (next, time) = timed(&mut work);
            made = next;
            spent += time.seconds(threads);
            runs += 1;
        }
        best = best.min(spent / f64::from(runs));
    }
    (made, best)
}

/// Seconds of one run of `work` on this thread, the best of three rounds.
pub fn seconds_each(work: impl FnMut()) -> f64 {
    best_seconds(3, 1, work).1
}

fn thread_cpu_ms() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse::<f64>().ok().map(|nanos| nanos / 1e6)
}
