//! A progress bar on a terminal, nothing elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Mutex;

/// The bar that is on the screen, so that a question can be asked without it.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Runs `ask` while no bar is drawn. One caller at a time.
pub fn pause<T>(ask: impl FnOnce() -> T) -> T {
    let shown = SHOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    match &*shown {
        Some(bar) => bar.suspend(ask),
        None => ask(),
    }
}

/// A bar over `count` files; hidden for one file and where standard error is no terminal.
pub fn over_files(count: usize) -> ProgressBar {
    let bar = ProgressBar::new(count as u64);
    if count < 2 || !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len} files, {eta} left") {
        bar.set_style(style);
    }
    *SHOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(bar.clone());
    bar
}
