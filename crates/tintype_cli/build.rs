//! Leaves the tables by which stacks are unwound out of the program as it is shipped: 4 % of its
//! bytes, which `panic = "abort"` has no use for, and which the standard library brings along; and packs its
//! table of relocations, another 1.4 %.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=no_unwind_tables.ld");
    let text = |name| std::env::var(name).unwrap_or_default();
    // The profile's name is nowhere else; profiles for tests and profilers keep the tables.
    let out = text("OUT_DIR");
    let release = Path::new(&out).components().any(|part| part.as_os_str() == "release");
    // What starts a program that is linked statically may refer to the tables.
    let dynamic = text("CARGO_CFG_TARGET_ENV") == "gnu"
        && !text("CARGO_CFG_TARGET_FEATURE").split(',').any(|feature| feature == "crt-static");
    if release && dynamic && text("CARGO_CFG_TARGET_OS") == "linux" {
        let script = Path::new(&text("CARGO_MANIFEST_DIR")).join("no_unwind_tables.ld");
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{}", script.display());
        if text("HOST") == text("TARGET") && loads_packed_relocations() {
            println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        }
    }
}

/// Whether the C library of this machine loads programs whose relocations are packed: glibc from 2.36 on.
fn loads_packed_relocations() -> bool {
    let Ok(output) = Command::new("getconf").arg("GNU_LIBC_VERSION").output() else { return false };
    let version = String::from_utf8_lossy(&output.stdout);
    let numbers = version.trim().strip_prefix("glibc ").and_then(|numbers| numbers.split_once('.'));
    let Some((major, minor)) = numbers else { return false };
    let parsed = (major.parse::<u32>(), minor.split('.').next().unwrap_or_default().parse::<u32>());
    matches!(parsed, (Ok(major), Ok(minor)) if (major, minor) >= (2, 36))
}
