//! The door `desktop`: the GdkPixbuf loader, built and loaded as GTK's programs do.

use crate::shell;
use crate::tally::{Counts, run_one};
use std::path::Path;

/// What is missing to build and test it, in words; nothing if all is there.
pub fn missing(root: &Path) -> Option<&'static str> {
    if !shell::starts(root, "cc", &["--version"]) {
        return Some("there is no C compiler `cc`");
    }
    if !shell::starts(root, "pkg-config", &["--exists", "gdk-pixbuf-2.0", "gmodule-2.0"]) {
        return Some("there is no GdkPixbuf to build against (Debian: libgdk-pixbuf-2.0-dev)");
    }
    let has = shell::starts(root, "update-mime-database", &["-v"]);
    (!has).then_some("there is no update-mime-database (Debian: shared-mime-info)")
}

/// Builds the loader from the C library in `library`, and tests it in `out`.
///
/// # Errors
/// Says what could not be built.
pub fn test(root: &Path, library: &Path, out: &Path) -> Result<Counts, String> {
    std::fs::create_dir_all(out).map_err(|error| format!("{}: {error}", out.display()))?;
    let text = |path: &Path| path.display().to_string();
    let (library, folder) = (text(library), text(out));
    let [loader, cache, test] =
        ["libpixbufloader-tintype.so", "loaders.cache", "test"].map(|name| text(&out.join(name)));
    shell::run(root, "packaging/gdk_pixbuf/build.sh", &[&library, &loader], &[])?;
    let query = ["--variable=gdk_pixbuf_query_loaders", "gdk-pixbuf-2.0"];
    let query = shell::output(root, "pkg-config", &query)?;
    // Those of the machine, and ours.
    let known =
        shell::output(root, query.trim(), &[])? + &shell::output(root, query.trim(), &[&loader])?;
    std::fs::write(&cache, known).map_err(|error| format!("{cache}: {error}"))?;
    let compile = format!(
        "cc -std=c99 -Wall -Wextra -Werror -o '{test}' packaging/gdk_pixbuf/test.c -I crates/tintype_c/include -I crates/tintype_c/tests \
         '{library}/libtintype_c.a' $(pkg-config --cflags --libs gdk-pixbuf-2.0) -lpthread -ldl -lm"
    );
    shell::run(root, "sh", &["-c", &compile], &[])?;
    // GdkPixbuf asks the list of MIME types what a file is; the package installs ours.
    let mime = out.join("share/mime");
    let install = format!(
        "install -D packaging/desktop/tintype.xml '{0}/packages/tintype.xml' && update-mime-database '{0}'",
        mime.display()
    );
    shell::run(root, "sh", &["-c", &install], &[])?;
    let shares = format!("{}:/usr/local/share:/usr/share", out.join("share").display());
    let env = [("GDK_PIXBUF_MODULE_FILE", cache.as_str()), ("XDG_DATA_DIRS", &shares)];
    let counts = run_one(root, &test, &["testdata/jpeg/baseline_420.jpg", &folder], &env);
    Ok(counts + thumbnails(root, out, &env))
}

/// What a file manager does: a small PNG of the file that the test left; a file that is none is refused.
fn thumbnails(root: &Path, out: &Path, env: &[(&str, &str)]) -> Counts {
    const PROGRAM: &str = "gdk-pixbuf-thumbnailer";
    if !shell::starts(root, PROGRAM, &["--version"]) && !shell::starts(root, PROGRAM, &["--help"]) {
        println!("door desktop: no {PROGRAM}, so no thumbnails");
        return Counts::default();
    }
    let text = |name: &str| out.join(name).display().to_string();
    let (tin, png, broken) = (text("loader.tin"), text("thumbnail.png"), text("broken.tin"));
    let _ = std::fs::remove_file(&png);
    let made = shell::run(root, PROGRAM, &["-s", "64", &tin, &png], env);
    // Width and height are in the first chunk.
    let size = std::fs::read(&png).ok().and_then(|png| png.get(16..24).map(<[u8]>::to_vec));
    let is_right = made.is_ok() && size == Some([64u32.to_be_bytes(), 41u32.to_be_bytes()].concat());
    let refused = std::fs::write(&broken, b"\x89TIN no more").is_ok()
        && shell::run(root, PROGRAM, &["-s", "64", &broken, &text("none.png")], env).is_err();
    println!("a thumbnail of the right size: {is_right}; a broken file refused: {refused}");
    let passed = usize::from(is_right) + usize::from(refused);
    Counts { passed: passed as _, failed: (2 - passed) as _ }
}
