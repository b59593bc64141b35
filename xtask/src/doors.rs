//! `cargo xtask doors`: the tests of the doors that are not Rust, each in its own language, on what users install.
//!
//! What a machine lacks (a C compiler, Python) makes its door a skipped one, with a sentence. The doors are built with
//! the profile `door`, in one go. `doors NAME…` tests some of them.

use crate::tally::{Counts, ONE_FAILED, run_one};
use crate::{desktop, shell, web};
use std::path::{Path, PathBuf};

/// What drives the browser; it brings none of its own.
const PLAYWRIGHT: &str = "playwright-core@1.64.1";

/// A door's name and its test.
type Door = (&'static str, fn(&Path) -> Result<Counts, String>);

const DOORS: [Door; 5] =
    [("c", c), ("desktop", desktop), ("python", python), ("ray", ray), ("page", page)];

/// `cargo xtask doors [NAME…]`.
///
/// # Errors
/// The counts if a test failed; a name that there is not.
pub fn step(root: &Path, names: &[String]) -> Result<String, String> {
    if let Some(unknown) = names.iter().find(|name| !DOORS.iter().any(|(door, _)| door == name)) {
        let known = DOORS.map(|(door, _)| door).join(", ");
        return Err(format!("door {unknown} is not known; there are {known}"));
    }
    let chosen = DOORS.iter().filter(|(door, _)| names.is_empty() || names.iter().any(|n| n == door));
    let counts: Counts = chosen.map(|door| test_one(root, door)).sum();
    let line = format!("{} passed, {} failed", counts.passed, counts.failed);
    if counts.failed == 0 { Ok(line) } else { Err(line) }
}

/// Tests them all.
pub fn test_all(root: &Path) -> Counts {
    let (before, after) = DOORS.split_at(3);
    let counts: Counts = before.iter().map(|door| test_one(root, door)).sum();
    // A cluster waits most of the time; the page is built and tested meanwhile.
    std::thread::scope(|scope| {
        let threads: Vec<_> = after.iter().map(|door| scope.spawn(|| test_one(root, door))).collect();
        let lost = |_| ONE_FAILED;
        counts + threads.into_iter().map(|thread| thread.join().unwrap_or_else(lost)).sum()
    })
}

fn test_one(root: &Path, (name, test): &Door) -> Counts {
    println!("-- door {name}");
    test(root).unwrap_or_else(|message| {
        eprintln!("door {name}: {message}");
        ONE_FAILED
    })
}

fn skipped(name: &str, why: &str) -> Result<Counts, String> {
    println!("door {name}: skipped, {why}");
    Ok(Counts::default())
}

/// Where Cargo builds.
fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into)
}

/// The page in headless Chromium. Its vectors are written by the Python door, which is tested before.
fn page(root: &Path) -> Result<Counts, String> {
    let Some(chromium) = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| shell::starts(root, name, &["--version"]))
    else {
        return skipped("page", "there is no Chromium (Debian: `apt-get install chromium`)");
    };
    if !shell::starts(root, "npm", &["--version"]) {
        return skipped("page", "there is no npm");
    }
    let python = venv_python(root);
    if !shell::starts(root, &python, &["-c", "import tintype"]) {
        return skipped("page", "the Python door, which writes its vectors, is not built");
    }
    let site = match web::assemble(root) {
        Ok(site) => site.display().to_string(),
        Err(why) if why.starts_with("there is no compiler") => return skipped("page", &why),
        Err(error) => return Err(error),
    };
    let place = |name: &str| target(root).join("doors").join(name).display().to_string();
    let (vectors, pictures, node) = (place("vectors"), place("screenshots"), place("node"));
    std::fs::create_dir_all(&node).map_err(|error| format!("{node}: {error}"))?;
    shell::run(root, &python, &["web/test/vectors.py", &vectors], &[])?;
    shell::run(root, "npm", &["install", "--silent", "--prefix", &node, PLAYWRIGHT], &[])?;
    let program = shell::output(root, "sh", &["-c", &format!("command -v {chromium}")])?;
    let words = ["web/test/page.mjs", program.trim(), &site, &vectors, &pictures, &node];
    let package = ["web/test/package.mjs", &site, &place("npm")];
    Ok(run_one(root, "node", &words, &[]) + run_one(root, "node", &package, &[]))
}

/// The header, the shared library and the example, through the C compiler; under valgrind where it is.
fn c(root: &Path) -> Result<Counts, String> {
    if !shell::starts(root, "cc", &["--version"]) {
        return skipped("c", "there is no C compiler `cc`");
    }
    let build = ["build", "--quiet", "--locked", "--profile", "door", "-p", "tintype_c"];
    shell::run(root, "cargo", &build, &[])?;
    let (library, out) = (target(root).join("door"), target(root).join("doors/c"));
    std::fs::create_dir_all(&out).map_err(|error| format!("{}: {error}", out.display()))?;
    let path = |path: &Path| path.display().to_string();
    let library = path(&library);
    let include = path(&root.join("crates/tintype_c/include"));
    let compile = |source: &str, name: &str| {
        let program = path(&out.join(name));
        let run_path = format!("-Wl,-rpath,{library}");
        let flags = [
            "-std=c99",
            "-D_POSIX_C_SOURCE=200809L",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-pedantic",
            "-O1",
            "-I",
            &include,
            source,
            "-o",
            &program,
            "-L",
            &library,
            "-ltintype_c",
            &run_path,
            "-pthread",
        ];
        shell::run(root, "cc", &flags, &[]).map(|_| program)
    };
    let test = compile("crates/tintype_c/tests/test.c", "test")?;
    let example = compile("crates/tintype_c/examples/example.c", "example")?;
    if shell::starts(root, "c++", &["--version"]) {
        let header = format!("{include}/tintype.h");
        shell::run(root, "c++", &["-fsyntax-only", "-Wall", "-Werror", "-x", "c++", &header], &[])?;
    }
    let jpeg = "testdata/jpeg/baseline_420.jpg";
    let out_text = path(&out);
    let mut counts = run_one(root, &test, &[jpeg, &out_text], &[]);
    counts = counts + example_shows(root, &example, &out_text)?;
    if shell::starts(root, "valgrind", &["--version"]) {
        let arguments = ["-q", "--leak-check=full", "--error-exitcode=3", &test, jpeg, &out_text];
        counts = counts + run_one(root, "valgrind", &arguments, &[]);
    } else {
        println!("door c: not under valgrind, which is not installed");
    }
    Ok(counts)
}

/// The loader of GTK's programs.
fn desktop(root: &Path) -> Result<Counts, String> {
    if let Some(why) = desktop::missing(root) {
        return skipped("desktop", why);
    }
    let build = ["build", "--quiet", "--locked", "--profile", "door", "-p", "tintype_c"];
    shell::run(root, "cargo", &build, &[])?;
    desktop::test(root, &target(root).join("door"), &target(root).join("doors/desktop"))
}

/// Whether the example makes the PPM file of the `.tin` file that the test wrote both of.
fn example_shows(root: &Path, example: &str, out: &str) -> Result<Counts, String> {
    let (tin, expected, ppm) =
        (format!("{out}/x.tin"), format!("{out}/x.ppm"), format!("{out}/own.ppm"));
    shell::run(root, example, &[&tin, &ppm], &[])?;
    let read = |path: &str| std::fs::read(path).map_err(|error| format!("{path}: {error}"));
    let equal = read(&ppm)? == read(&expected)?;
    println!("the example decodes what the test encoded: {equal}");
    Ok(Counts { passed: equal.into(), failed: (!equal).into() })
}

/// The wheel, built by maturin and installed by pip into a virtual environment; then pytest.
fn python(root: &Path) -> Result<Counts, String> {
    if !shell::starts(root, "python3", &["-c", "import sys, venv; assert sys.version_info >= (3, 11)"]) {
        return skipped("python", "there is no Python 3.11 with venv");
    }
    let venv = target(root).join("doors/venv");
    let program = |name: &str| venv.join("bin").join(name).display().to_string();
    let wheels = target(root).join("doors/wheels").display().to_string();
    if !Path::new(&program("python")).exists() {
        shell::run(root, "python3", &["-m", "venv", &venv.display().to_string()], &[])?;
    }
    let install = |what: &[&str]| pip_install(root, what);
    install(&["-r", "python/tests/requirements.txt"])?;
    let _ = std::fs::remove_dir_all(&wheels);
    let python = root.join("python");
    let build = ["build", "--quiet", "--locked", "--profile", "door", "--out", &wheels];
    shell::run(&python, &program("maturin"), &build, &[])?;
    install(&["--force-reinstall", "--no-deps", "--no-index", "--find-links", &wheels, "tintype"])?;
    // -P: the installed package is tested, not the folder beside the tests. Ray's and Daft's tests are a
    // door of their own, and must not begin here where it is installed already.
    let words = [
        "-P",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--ignore=tests/test_ray.py",
        "--ignore=tests/test_daft.py",
    ];
    Ok(run_one(&python, &program("python"), &words, &[]))
}

/// Installs into the virtual environment.
fn pip_install(root: &Path, what: &[&str]) -> Result<String, String> {
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-virtualenv"];
    shell::run(root, &venv_python(root), &[&pip, what].concat(), &[])
}

fn venv_python(root: &Path) -> String {
    target(root).join("doors/venv/bin/python").display().to_string()
}

/// A cluster of two workers on this machine, one of which is killed; with the wheel that the Python door installed.
fn ray(root: &Path) -> Result<Counts, String> {
    let python = venv_python(root);
    if !shell::starts(root, &python, &["-c", "import tintype"]) {
        return skipped("ray", "the Python door, which installs the package, is not built");
    }
    pip_install(root, &["-r", "python/tests/requirements-ray.txt"])?;
    // Workers look for modules where the driver was started: not where the package's sources lie.
    let tests = root.join("python/tests");
    let words = ["-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_ray.py", "test_daft.py"];
    Ok(run_one(&tests, &python, &words, &[("RAY_USAGE_STATS_ENABLED", "0")]))
}
