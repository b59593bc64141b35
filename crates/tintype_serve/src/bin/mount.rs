//! `tintype mount`: a packed folder as the pictures that it holds.
#![forbid(unsafe_code)]

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    use clap::Parser;

    match unix::run(unix::Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("tintype mount: {message}");
            ExitCode::from(1)
        }
    }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("tintype mount: file systems are mounted on Linux, macOS and the BSDs only");
    ExitCode::from(1)
}

#[cfg(unix)]
mod unix {
    use clap::Parser;
    use fuser::{Config, MountOption, SessionACL};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use std::path::PathBuf;
    use tintype_serve::mount::PackedFolder;

    /// Shows a folder of .tin files as the pictures that they hold, read only: packed JPEG files byte for byte under their old
    /// names, others as PNG.
    #[derive(Parser, Debug)]
    #[command(name = "tintype mount", bin_name = "tintype mount", version, max_term_width = 110)]
    pub struct Args {
        /// Folder of .tin files
        packed: PathBuf,
        /// Empty folder at which the pictures are shown
        at: PathBuf,
        /// Memory for decoded files, in bytes
        #[arg(long, value_name = "BYTES", default_value_t = 256 << 20)]
        cache: usize,
        /// Let other users read it too
        #[arg(long)]
        allow_other: bool,
    }

    /// Mounts, and unmounts when told to stop.
    pub fn run(args: Args) -> Result<(), String> {
        let failed = |path: &PathBuf, error: std::io::Error| format!("{}: {error}", path.display());
        let packed = args.packed.canonicalize().map_err(|error| failed(&args.packed, error))?;
        let at = args.at.canonicalize().map_err(|error| failed(&args.at, error))?;
        if !packed.is_dir() || !at.is_dir() {
            return Err("two folders are needed: one of .tin files, and an empty one".into());
        }
        if packed.starts_with(&at) || at.starts_with(&packed) {
            return Err("the folders must not lie in each other".into());
        }
        let mut config = Config::default();
        config.mount_options = vec![
            MountOption::RO,
            MountOption::FSName("tintype".into()),
            MountOption::NoDev,
            MountOption::NoSuid,
        ];
        config.n_threads = Some(std::thread::available_parallelism().map_or(1, |n| n.get()));
        if args.allow_other {
            config.acl = SessionACL::All;
        }
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(|error| error.to_string())?;
        let session = fuser::spawn_mount(PackedFolder::new(packed, args.cache), &at, &config);
        let session = session.map_err(|error| {
            format!(
                "{}: cannot be mounted: {error}; is FUSE installed (Debian: fuse3), and may you use it?",
                at.display()
            )
        })?;
        eprintln!("tintype mount: {} shows the pictures (Ctrl-C ends it)", at.display());
        signals.forever().next();
        session.umount_and_join().map_err(|error| failed(&at, error))
    }
}
