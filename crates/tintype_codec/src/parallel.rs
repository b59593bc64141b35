//! Parallel maps: independent pieces of work on several threads, results in order.
//!
//! The result does not depend on the number of threads. Threads take the next index when they are
//! free, so that pieces of unequal cost balance; they are scoped and end before the call returns.

use std::sync::Mutex;
use tintype_image::Threads;

/// Runs `work(0) .. work(count - 1)` on up to `threads` threads, the caller's included, and
/// returns the results in order.
///
/// ```
/// use tintype_codec::map_indexed;
/// use tintype_image::Threads;
/// let squares = map_indexed(Threads::new(3), 5, |i| i * i);
/// assert_eq!(squares, [0, 1, 4, 9, 16]);
/// ```
///
/// # Panics
/// If `work` panics.
pub fn map_indexed<T: Send>(threads: Threads, count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let slots: Vec<Mutex<Option<T>>> = (0..count).map(|_| Mutex::new(None)).collect();
    threads.for_each(count, &|index| {
        let result = work(index);
        *slots[index].lock().expect("stores do not panic") = Some(result);
    });
    let take =
        |slot: Mutex<Option<T>>| slot.into_inner().expect("as above").expect("every index was drained");
    slots.into_iter().map(take).collect()
}

/// [`map_indexed`] over owned items: `work(index, item)`.
///
/// ```
/// use tintype_codec::map_items;
/// use tintype_image::Threads;
/// let words = vec![String::from("a"), String::from("b")];
/// let named = map_items(Threads::new(2), words, |i, word| format!("{i}{word}"));
/// assert_eq!(named, ["0a", "1b"]);
/// ```
///
/// # Panics
/// If `work` panics.
pub fn map_items<I: Send, T: Send>(
    threads: Threads,
    items: Vec<I>,
    work: impl Fn(usize, I) -> T + Sync,
) -> Vec<T> {
    let items: Vec<Mutex<Option<I>>> = items.into_iter().map(|item| Mutex::new(Some(item))).collect();
    map_indexed(threads, items.len(), |index| {
        let item =
            items[index].lock().expect("locked once").take().expect("every index is drained once");
        work(index, item)
    })
}
