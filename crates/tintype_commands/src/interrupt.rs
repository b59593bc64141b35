//! Ctrl-C and termination: unfinished files are removed before the program ends.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whether the work that runs ends by itself, with what it has, at the first signal.
static ENDS_ITSELF: AtomicBool = AtomicBool::new(false);
/// Whether that signal came.
static TO_END: AtomicBool = AtomicBool::new(false);

/// From now on the first interrupt only makes [`is_to_end`] true; the second ends the program.
pub fn end_yourself() {
    ENDS_ITSELF.store(true, Ordering::Relaxed);
}

/// Whether work that ends by itself is to end.
pub fn is_to_end() -> bool {
    TO_END.load(Ordering::Relaxed)
}

/// Files that are being written and have no name of their own yet.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn unfinished() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lists a file as unfinished for as long as this value lives.
pub struct Unfinished(PathBuf);

impl Unfinished {
    /// Lists `path`.
    pub fn new(path: &Path) -> Self {
        unfinished().insert(path.into());
        Self(path.into())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        unfinished().remove(&self.0);
    }
}

/// From now on an interrupt or a request to end removes the unfinished files first.
#[cfg(unix)]
pub fn clean_up_on_signals() {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        let ends_program = |signal: &i32| {
            let waits = *signal == SIGINT && ENDS_ITSELF.swap(false, Ordering::Relaxed);
            TO_END.store(waits, Ordering::Relaxed);
            !waits
        };
        let Some(signal) = signals.forever().find(ends_program) else { return };
        for path in unfinished().iter() {
            let _ = std::fs::remove_file(path);
        }
        // The parent sees a program that the signal ended.
        let _ = signal_hook::low_level::emulate_default_handler(signal);
        std::process::exit(128 + signal);
    });
}

/// Other systems end the program as they do by default.
#[cfg(not(unix))]
pub fn clean_up_on_signals() {}
