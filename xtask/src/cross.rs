//! `cargo xtask cross`: the same `.tin` files decoded on this machine, on AArch64 and in WASM,
//! and compared.
//!
//! Tools that are missing make their part a skipped one, with a sentence on how to get them.
//! What `TINTYPE_CROSS_TOOLS` names is a folder laid out like `/`, into which Debian packages
//! were unpacked.

use crate::shell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const WASM_SIMD: &str = "-C target-feature=+simd128";
const HINT: &str = "unpack rustc-web, libstd-rust-web-1.96, libstd-rust-web-dev, rust-web-src, libllvm22 (for both) and qemu-user, libcapstone4, \
gcc-12-aarch64-linux-gnu, binutils-aarch64-linux-gnu, libc6-dev-arm64-cross, libc6-arm64-cross, libgcc-12-dev-arm64-cross, \
libgcc-s1-arm64-cross (AArch64) with `dpkg -x` into a folder that TINTYPE_CROSS_TOOLS names; WASM also needs `node`";

/// Runs the step.
///
/// # Errors
/// If a machine decodes something else, or a build fails.
pub fn step(root: &Path) -> Result<String, String> {
    let folder = root.join("target/cross/files");
    let folder_text = folder.display().to_string();
    let _ = std::fs::remove_dir_all(&folder);
    let native = ["run", "--quiet", "--profile", "quick", "-p", "tintype_cross", "--"];
    shell::run(root, "cargo", &[&native[..], &["write", &folder_text]].concat(), &[])?;
    let lines = shell::output(root, "cargo", &[&native[..], &["read", &folder_text]].concat())?;
    let expected = first_hashes(&lines);
    let mut ways = compare(&expected, &lines, "this machine")?;
    let mut skipped = Vec::new();
    let tools = std::env::var_os("TINTYPE_CROSS_TOOLS")
        .map(PathBuf::from)
        .filter(|t| t.join("usr/bin/rustc").exists());
    let Some(tools) = tools else {
        return Ok(format!(
            "cross: {} files alike in {}; AArch64 and WASM skipped: {HINT}",
            expected.len(),
            ways.join(", ")
        ));
    };
    let tools = Tools::new(root, &tools);
    if tools.place.join("usr/bin/qemu-aarch64").exists()
        && tools.place.join("usr/bin/aarch64-linux-gnu-gcc-12").exists()
    {
        ways.extend(compare(&expected, &tools.aarch64(&folder_text)?, "AArch64")?);
    } else {
        skipped.push("AArch64");
    }
    if shell::starts(root, "node", &["--version"]) {
        ways.extend(compare(&expected, &tools.wasm(&folder_text)?, "WASM")?);
    } else {
        skipped.push("WASM");
    }
    let skipped = if skipped.is_empty() {
        String::new()
    } else {
        format!("; skipped {}: {HINT}", skipped.join(", "))
    };
    Ok(format!("cross: {} files alike in {}{skipped}", expected.len(), ways.join(", ")))
}

/// The first hash of each file.
fn first_hashes(lines: &str) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    for line in lines.lines() {
        if let [name, hash, ..] = line.split(' ').collect::<Vec<_>>().as_slice() {
            map.entry((*name).to_string()).or_insert_with(|| (*hash).to_string());
        }
    }
    map
}

/// Refuses hashes that differ, or are missing; the ways in which files were decoded.
fn compare(
    expected: &BTreeMap<String, String>,
    lines: &str,
    machine: &str,
) -> Result<Vec<String>, String> {
    let mut ways = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for line in lines.lines() {
        let [name, hash, level, threads] = line.split(' ').collect::<Vec<_>>()[..] else {
            continue;
        };
        if expected.get(name).is_none_or(|wanted| wanted != hash) {
            return Err(format!(
                "cross: {name} decodes differently on {machine} at {level} with {threads} threads: {hash}"
            ));
        }
        seen.insert(name);
        let way = format!("{machine} {level} on {threads}");
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    if seen.len() != expected.len() {
        return Err(format!("cross: {machine} decoded {} of {} files", seen.len(), expected.len()));
    }
    Ok(ways)
}

struct Tools<'a> {
    root: &'a Path,
    place: PathBuf,
    /// Where that compiler's own libraries and the cross tools' are.
    libraries: String,
    target: String,
}

impl<'a> Tools<'a> {
    fn new(root: &'a Path, place: &Path) -> Self {
        let libraries = place.join("usr/lib/x86_64-linux-gnu").display().to_string();
        Self {
            root,
            place: place.to_path_buf(),
            libraries,
            target: root.join("target/cross").display().to_string(),
        }
    }

    fn tool(&self, name: &str) -> String {
        self.place.join("usr/bin").join(name).display().to_string()
    }

    fn build(
        &self,
        target: &str,
        flags: &str,
        folder: &str,
        extra: &[(&str, &str)],
    ) -> Result<(), String> {
        let rustc = self.tool("rustc");
        let folder = format!("{}/{folder}", self.target);
        let mut env = vec![
            ("RUSTC", rustc.as_str()),
            ("RUSTC_BOOTSTRAP", "1"),
            ("LD_LIBRARY_PATH", self.libraries.as_str()),
            ("RUSTFLAGS", flags),
            ("CARGO_TARGET_DIR", folder.as_str()),
            ("CARGO_PROFILE_QUICK_PANIC", "abort"),
        ];
        env.extend(extra);
        // Only a host of WASM needs a library that stands alone.
        let what: &[&str] = if target.starts_with("wasm") {
            &["rustc", "--lib", "--crate-type", "cdylib"]
        } else {
            &["build", "--bins"]
        };
        let line = ["--quiet", "--profile", "quick", "-Zbuild-std=std,panic_abort", "--target", target];
        shell::run(self.root, "cargo", &[what, &["-p", "tintype_cross"], &line].concat(), &env)?;
        Ok(())
    }

    fn aarch64(&self, files: &str) -> Result<String, String> {
        let target = "aarch64-unknown-linux-gnu";
        let linker = self.tool("aarch64-linux-gnu-gcc-12");
        let sysroot = self.place.join("usr/aarch64-linux-gnu").display().to_string();
        let flags = format!(
            "-C link-arg=--sysroot={place} -C link-arg=-B{tools} -C link-arg=-B{sysroot}/lib -C link-arg=-L{sysroot}/lib",
            place = self.place.display(),
            tools = self.tool("aarch64-linux-gnu-"),
        );
        self.build(
            target,
            &flags,
            "aarch64",
            &[("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", &linker)],
        )?;
        let program = format!("{}/aarch64/{target}/quick/tintype_cross", self.target);
        let arguments = ["-L", &sysroot, &program, "read", files];
        let line = format!(
            "{}={} {} {}",
            "LD_LIBRARY_PATH",
            self.libraries,
            self.tool("qemu-aarch64"),
            arguments.join(" ")
        );
        shell::output(self.root, "sh", &["-c", &line])
    }

    fn wasm(&self, files: &str) -> Result<String, String> {
        let target = "wasm32-unknown-unknown";
        // That compiler comes without the linker; the toolchain at hand has one.
        let sysroot = shell::output(self.root, "rustc", &["--print", "sysroot"])?;
        let linker = format!("{}/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld", sysroot.trim());
        self.build(
            target,
            WASM_SIMD,
            "wasm",
            &[("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", &linker)],
        )?;
        let module = format!("{}/wasm/{target}/quick/tintype_cross.wasm", self.target);
        let script = format!(
            "const fs=require('fs');const m=new WebAssembly.Module(fs.readFileSync('{module}'));\
             const e=new WebAssembly.Instance(m,{{}}).exports;\
             for(const f of fs.readdirSync('{files}').sort()){{const b=fs.readFileSync('{files}/'+f);\
             const p=e.room(b.length);new Uint8Array(e.memory.buffer,p,b.length).set(b);\
             for(const [simd,name] of [[0,'scalar'],[1,'simd128']]){{\
             const h=BigInt.asUintN(64,e.check(simd));\
             console.log(f.replace('.tin','')+' '+h.toString(16).padStart(16,'0')+' '+name+' 1');}}}}",
        );
        shell::output(self.root, "node", &["-e", &script])
    }
}
