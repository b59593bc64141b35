//! Programs that stay: `tintype-serve` answers over HTTP, `tintype-studio` shows pictures before and after in a browser,
//! `tintype-watch` packs what lands in a folder, `tintype-mount` shows a packed folder as the pictures that it holds.
//!
//! Each is a program of its own, which `tintype serve` and so on start, so that the main program stays small. In: requests, files.
//! Out: answers, files; words on standard error. The library does the work, on at most as many threads as are given.
#![forbid(unsafe_code)]

pub mod answers;
pub mod files;
pub mod http;
pub mod listen;
#[cfg(unix)]
pub mod mount;
pub mod peers;
pub mod refusal;
pub mod service;
pub mod studio;
pub mod watch;
