//! `cargo xtask web`: the page as it is served or published: `web/`, its WebAssembly modules, and the models.
//!
//! WebAssembly is built with the ordinary target where rustup has it (`rustup target add wasm32-unknown-unknown`), else
//! with Debian's packages, whose compiler builds the standard library too: from the folder that
//! `TINTYPE_CROSS_TOOLS` names, or fetched by `apt-get download` and unpacked beneath `target`.

use crate::shell;
use std::path::{Path, PathBuf};

const TARGET: &str = "wasm32-unknown-unknown";
const SIMD: &str = "-C target-feature=+simd128";
const DEBIAN: [&str; 6] = [
    "rustc-web",
    "libstd-rust-web-1.96",
    "libstd-rust-web-dev",
    "rust-web-src",
    "libllvm22",
    "binaryen",
];
/// What is copied of `web/`; its tests are not.
const FILES: [&str; 6] =
    ["tintype.js", "tintype.d.ts", "tin-img.js", "worker.js", "package.json", "README.md"];
const MODELS: [&str; 4] = ["photo", "cluster-photo", "sparse-photo", "neural-photo"];

/// Each module, its features, and what it may weigh packed by gzip. A page that shows pictures fetches the first; the second, too, if there
/// are files of codec `neural` or packed JPEG files; the third to encode.
const MODULES: [(&str, &str, u64); 3] = [
    ("tintype.wasm", "base", 350_000),
    ("tintype-more.wasm", "jpeg,neural", 750_000),
    ("tintype-encode.wasm", "base,encode,neural", 620_000),
];

/// What pages that decode every file may weigh, both modules together. 900 000 is what was wanted; of the second module 460 000
/// are the priors of packed JPEG files, which nothing packs further.
const DECODERS_BYTES_MAX: u64 = 1_060_000;

/// What the optimiser is told. Of instructions beyond the first set the modules use these; it
/// adds none.
const OPTIMISE: [&str; 7] = [
    "-Oz",
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
];

/// Runs the step.
///
/// # Errors
/// If there is no compiler for WebAssembly, or the page is too heavy.
pub fn step(root: &Path) -> Result<String, String> {
    let site = assemble(root)?;
    let packed = |name: &str| gzip_bytes(root, &site.join(name));
    let mut words = Vec::new();
    let mut is_light = packed(MODULES[0].0)? + packed(MODULES[1].0)? <= DECODERS_BYTES_MAX;
    for (name, _, bytes_max) in MODULES {
        let bytes = packed(name)?;
        is_light &= bytes <= bytes_max;
        words.push(format!("{name} {bytes} (at most {bytes_max})"));
    }
    for name in MODELS {
        words.push(format!("model {name} {}", packed(&format!("models/{name}.tinmodel"))?));
    }
    let line = format!("web: {} holds the page; bytes by gzip: {}", site.display(), words.join(", "));
    if is_light { Ok(line) } else { Err(line) }
}

fn gzip_bytes(root: &Path, file: &Path) -> Result<u64, String> {
    let line = format!("gzip -9 -c '{}' | wc -c", file.display());
    let text = shell::output(root, "sh", &["-c", &line])?;
    text.trim().parse().map_err(|_| format!("`{line}` printed {text}"))
}

/// Builds the page; the folder that it lies in.
///
/// # Errors
/// If there is no compiler for WebAssembly, or a file cannot be written.
pub fn assemble(root: &Path) -> Result<PathBuf, String> {
    let compiler = Compiler::find(root)?;
    let site = compiler.target.join("site");
    let failed = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    for folder in [site.join("models"), site.join("studio")] {
        std::fs::create_dir_all(&folder).map_err(|error| failed(&folder, error))?;
    }
    let copy = |from: PathBuf, to: PathBuf| {
        std::fs::copy(&from, &to).map(drop).map_err(|error| failed(&from, error))
    };
    for name in FILES {
        copy(root.join("web").join(name), site.join(name))?;
    }
    for entry in std::fs::read_dir(root.join("web/studio")).into_iter().flatten().flatten() {
        copy(entry.path(), site.join("studio").join(entry.file_name()))?;
    }
    for name in MODELS {
        let name = format!("{name}.tinmodel");
        copy(root.join("models").join(&name), site.join("models").join(&name))?;
    }
    for (name, features, _) in MODULES {
        compiler.optimise(root, &compiler.module(root, features)?, &site.join(name))?;
    }
    Ok(site)
}

/// A compiler for WebAssembly, as variables and arguments of Cargo.
struct Compiler {
    env: Vec<(&'static str, String)>,
    arguments: &'static [&'static str],
    /// Where it builds.
    target: PathBuf,
    /// Where Debian's packages are unpacked, if they are what builds.
    tools: Option<PathBuf>,
}

impl Compiler {
    fn find(root: &Path) -> Result<Self, String> {
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let target = target.join("web");
        let folder = target.display().to_string();
        let mut env = vec![("CARGO_TARGET_DIR", folder), ("RUSTFLAGS", SIMD.to_string())];
        let installed = shell::output(root, "rustup", &["target", "list", "--installed"]);
        if installed.is_ok_and(|list| list.lines().any(|line| line.trim() == TARGET)) {
            return Ok(Self { env, arguments: &[], target, tools: None });
        }
        let tools = debian_tools(root, &target)?;
        let sysroot = shell::output(root, "rustc", &["--print", "sysroot"])?;
        let host = shell::output(root, "rustc", &["--print", "host-tuple"])?;
        let linker = format!("{}/lib/rustlib/{}/bin/rust-lld", sysroot.trim(), host.trim());
        env.extend([
            ("RUSTC", tools.join("usr/bin/rustc").display().to_string()),
            ("RUSTC_BOOTSTRAP", "1".into()),
            ("LD_LIBRARY_PATH", tools.join("usr/lib/x86_64-linux-gnu").display().to_string()),
            // That compiler comes without the linker; the toolchain at hand has one.
            ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker),
        ]);
        Ok(Self { env, arguments: &["-Zbuild-std=std,panic_abort"], target, tools: Some(tools) })
    }

    /// Makes a module smaller by `wasm-opt` (Debian's `binaryen`); without it the module is as the compiler made it, 10 % larger.
    fn optimise(&self, root: &Path, module: &Path, out: &Path) -> Result<(), String> {
        let own = self.tools.as_ref().map(|tools| tools.join("usr/bin/wasm-opt").display().to_string());
        let libraries = self.env.iter().find(|(name, _)| *name == "LD_LIBRARY_PATH");
        let libraries: Vec<(&str, &str)> =
            libraries.iter().map(|(name, path)| (*name, path.as_str())).collect();
        let programs =
            own.iter().map(|own| (own.as_str(), &libraries[..])).chain([("wasm-opt", &[][..])]);
        let (from, to) = (module.display().to_string(), out.display().to_string());
        for (program, env) in programs {
            if Path::new(program).is_absolute() && !Path::new(program).exists() {
                continue;
            }
            if Path::new(program).is_absolute() || shell::starts(root, program, &["--version"]) {
                let words = [&OPTIMISE[..], &[&from, "-o", &to]].concat();
                return shell::run(root, program, &words, env).map(drop);
            }
        }
        println!("web: there is no wasm-opt; the modules are larger than they need to be");
        std::fs::copy(module, out).map(drop).map_err(|error| format!("{to}: {error}"))
    }

    /// Builds a module with `features`.
    fn module(&self, root: &Path, features: &str) -> Result<PathBuf, String> {
        let what =
            ["rustc", "--quiet", "--locked", "--profile", "web", "--lib", "--crate-type", "cdylib"];
        let which =
            ["-p", "tintype_wasm", "--no-default-features", "--features", features, "--target", TARGET];
        let env: Vec<(&str, &str)> =
            self.env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        shell::run(root, "cargo", &[&what[..], &which, self.arguments].concat(), &env)?;
        Ok(self.target.join(TARGET).join("web/tintype_wasm.wasm"))
    }
}

/// A folder laid out like `/` with Debian's compiler in it.
fn debian_tools(root: &Path, target: &Path) -> Result<PathBuf, String> {
    let has_compiler = |folder: &Path| folder.join("usr/bin/rustc").exists();
    if let Some(tools) = std::env::var_os("TINTYPE_CROSS_TOOLS").map(PathBuf::from)
        && has_compiler(&tools)
    {
        return Ok(tools);
    }
    let (packages, tools) = (target.join("packages"), target.join("tools"));
    if has_compiler(&tools) {
        return Ok(tools);
    }
    let hint = format!(
        "there is no compiler for WebAssembly: `rustup target add {TARGET}`, or unpack Debian's {} with `dpkg -x` into a \
         folder that TINTYPE_CROSS_TOOLS names",
        DEBIAN.join(", ")
    );
    if !shell::starts(root, "apt-get", &["--version"]) || !cfg!(target_arch = "x86_64") {
        return Err(hint);
    }
    std::fs::create_dir_all(&packages).map_err(|error| format!("{}: {error}", packages.display()))?;
    let fetched = shell::run(&packages, "apt-get", &[&["-qq", "download"], &DEBIAN[..]].concat(), &[]);
    fetched.map_err(|error| format!("{hint} ({error})"))?;
    let unpack = format!(
        "for file in *.deb; do dpkg -x \"$file\" '{}' || exit 1; done; rm *.deb",
        tools.display()
    );
    shell::run(&packages, "sh", &["-c", &unpack], &[])?;
    Ok(tools)
}
