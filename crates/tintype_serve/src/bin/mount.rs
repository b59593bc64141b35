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
    use clap::{ArgAction, Parser, ValueEnum};
    use fuser::{BackgroundSession, Config, MountOption, SessionACL};
    use rustix::fs::FlockOperation;
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use std::fs::File;
    use std::path::{Path, PathBuf};
    use std::sync::{Arc, Mutex, mpsc};
    use std::time::Duration;
    use tintype::files::PictureFormat;
    use tintype_serve::mount::{Access, Options, PackedFolder, Tree, work};

    /// Shows a folder of .tin files as the pictures that they hold: packed JPEG files byte for byte under their old names, others as
    /// PNG or JPEG. With --write, pictures that are copied into it are packed.
    #[derive(Parser, Debug)]
    #[command(name = "tintype mount", bin_name = "tintype mount", version, max_term_width = 110)]
    pub struct Args {
        /// Folder of .tin files
        packed: PathBuf,
        /// Empty folder at which the pictures are shown
        at: PathBuf,
        /// Files can be written, renamed and removed; JPEG and PNG files are packed once they are closed, without loss
        #[arg(short, long)]
        write: bool,
        /// How pictures that are no packed JPEG files are shown; what JPEG cannot hold is PNG all the same
        #[arg(long, value_name = "FORMAT", value_enum, default_value_t = As::Png)]
        others_as: As,
        /// Leave PNG files that are written as they are; else they come back with the same samples and metadata, in other bytes
        #[arg(long, requires = "write", action = ArgAction::SetTrue)]
        keep_png: bool,
        /// How hard to pack
        #[arg(long, value_name = "1-9", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=9))]
        effort: u8,
        /// Memory for decoded files, in bytes
        #[arg(long, value_name = "BYTES", default_value_t = 256 << 20)]
        cache: usize,
        /// Let other users read it too, and write where permissions let them
        #[arg(long)]
        allow_other: bool,
    }

    #[derive(Clone, Copy, Debug, ValueEnum)]
    enum As {
        Png,
        #[value(alias = "jpg")]
        Jpeg,
    }

    /// Mounts, and unmounts when told to stop; what waits to be packed then is packed before this returns.
    pub fn run(args: Args) -> Result<(), String> {
        let failed = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
        let packed = args.packed.canonicalize().map_err(|error| failed(&args.packed, error))?;
        let at = args.at.canonicalize().map_err(|error| failed(&args.at, error))?;
        if !packed.is_dir() || !at.is_dir() {
            return Err("two folders are needed: one of .tin files, and an empty one".into());
        }
        if packed.starts_with(&at) || at.starts_with(&packed) {
            return Err("the folders must not lie in each other".into());
        }
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        let options = Options {
            others_as: match args.others_as {
                As::Png => PictureFormat::Png,
                As::Jpeg => PictureFormat::Jpeg,
            },
            cache_bytes_max: args.cache,
            access: if args.write { Access::Write } else { Access::Read },
            packs_png: !args.keep_png,
            effort: args.effort,
        };
        let (jobs, list) = mpsc::channel();
        let tree = Arc::new(Tree::new(packed.clone(), options, args.write.then_some(jobs)));
        let list = Arc::new(Mutex::new(list));
        // Held until the end.
        let _only_writer = if args.write { Some(begin(&packed, &tree)?) } else { None };
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(|error| error.to_string())?;
        let session = mounted(&args, tree.clone(), &at, cores)?;
        let packers: Vec<_> = (0..if args.write { cores } else { 0 })
            .map(|_| {
                let (tree, list) = (tree.clone(), list.clone());
                std::thread::spawn(move || work(&tree, &list))
            })
            .collect();
        eprintln!("tintype mount: {} shows the pictures (Ctrl-C ends it)", at.display());
        // Somebody else may unmount it, too.
        while signals.pending().next().is_none() && !session.guard.is_finished() {
            std::thread::sleep(Duration::from_millis(50));
        }
        let ended = match session.guard.is_finished() {
            true => session.join().map_err(|error| failed(&at, error)),
            false => session.umount_and_join().map_err(|error| failed(&at, error)),
        };
        tree.close();
        while packers.iter().any(|packer| !packer.is_finished()) {
            if signals.pending().next().is_some() {
                return Err(
                    "stopped; what was written is whole, and the next mount packs the rest".into()
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        ended
    }

    /// Makes sure that nobody else writes to the folder by a mount, and goes on where one was killed.
    fn begin(packed: &Path, tree: &Tree) -> Result<File, String> {
        let failed = |error: std::io::Error| format!("{}: {error}", packed.display());
        let folder = File::open(packed).map_err(failed)?;
        rustix::fs::flock(&folder, FlockOperation::NonBlockingLockExclusive).map_err(|error| {
            format!(
                "{}: another `tintype mount --write` has it ({error}); end that first",
                packed.display()
            )
        })?;
        let removed = tree.recover().map_err(failed)?;
        if removed > 0 {
            eprintln!(
                "tintype mount: {removed} files that were being written when an earlier mount was killed are removed; none of them \
                 had been closed"
            );
        }
        Ok(folder)
    }

    fn mounted(
        args: &Args,
        tree: Arc<Tree>,
        at: &Path,
        threads: usize,
    ) -> Result<BackgroundSession, String> {
        let access = if args.write { Access::Write } else { Access::Read };
        let mut config = Config::default();
        config.mount_options = vec![
            if args.write { MountOption::RW } else { MountOption::RO },
            MountOption::FSName("tintype".into()),
            MountOption::NoDev,
            MountOption::NoSuid,
            MountOption::DefaultPermissions,
        ];
        config.n_threads = Some(threads);
        if args.allow_other {
            config.acl = SessionACL::All;
        }
        fuser::spawn_mount(PackedFolder::new(tree, access), at, &config).map_err(|error| {
            format!(
                "{}: cannot be mounted: {error}; is FUSE installed (Debian: fuse3), and may you use it?",
                at.display()
            )
        })
    }
}
