//! Many pieces of work at once, results in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use tintype::Threads;

/// Threads for files at once, and for each of them.
pub fn split_threads(threads: Threads, files: usize) -> (usize, Threads) {
    let at_once = threads.count().min(files).max(1);
    (at_once, Threads::new(threads.count() / at_once))
}

/// Runs `work` on `0..count`, `at_once` at a time, and gives each result to `done` in order, on this thread, as soon as all
/// before it are there.
pub fn run_in_order<T: Send>(
    at_once: usize,
    count: usize,
    work: impl Fn(usize) -> T + Sync,
    mut done: impl FnMut(usize, T),
) {
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::sync_channel(at_once);
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            let sender = sender.clone();
            let (next, work) = (&next, &work);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count || sender.send((index, work(index))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut wanted = 0;
        for (index, result) in receiver {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&wanted) {
                done(wanted, result);
                wanted += 1;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_whatever_the_threads() {
        for at_once in [1, 3, 8] {
            let mut seen = Vec::new();
            run_in_order(at_once, 50, |i| i * i, |i, square| seen.push((i, square)));
            assert_eq!(seen, (0..50).map(|i| (i, i * i)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn threads_go_to_files_first() {
        let split = |threads, files| split_threads(Threads::new(threads), files);
        assert_eq!(split(8, 3), (3, Threads::new(2)));
        assert_eq!(split(2, 100), (2, Threads::ONE));
        assert_eq!(split(4, 1), (1, Threads::new(4)));
    }
}
