//! The program `tintype`; what it does is in `tintype_commands`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    tintype_commands::main()
}
