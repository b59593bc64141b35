//! Independent pieces of work over threads; the result does not depend on how many.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tintype_image::Threads;

/// Runs `work(0) .. work(count - 1)` on up to `threads` threads, the caller's included, and returns the results in order.
pub fn map_indexed<T: Send>(
    threads: Threads,
    count: usize,
    work: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let workers = threads.count().min(count);
    if workers <= 1 {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let slots: Vec<Mutex<Option<T>>> = (0..count).map(|_| Mutex::new(None)).collect();
    let drain = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(slot) = slots.get(index) else { break };
            let result = work(index);
            *slot.lock().expect("no worker panics while it holds the lock") = Some(result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(drain);
        }
        drain();
    });
    let take = |slot: Mutex<Option<T>>| {
        slot.into_inner().expect("as above").expect("every index was drained")
    };
    slots.into_iter().map(take).collect()
}

/// As [`map_indexed`], with an item for each call.
pub fn map_items<I: Send, T: Send>(
    threads: Threads,
    items: Vec<I>,
    work: impl Fn(usize, I) -> T + Sync,
) -> Vec<T> {
    let items: Vec<Mutex<Option<I>>> =
        items.into_iter().map(|item| Mutex::new(Some(item))).collect();
    map_indexed(threads, items.len(), |index| {
        let item =
            items[index].lock().expect("locked once").take().expect("every index is drained once");
        work(index, item)
    })
}
