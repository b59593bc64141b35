//! JPEG files packed without loss: bytes saved and speed.

use crate::Failure;
use crate::clock::best_seconds;
use crate::pictures::{collect, pixels};
use clap::Args;
use std::path::{Path, PathBuf};
use tintype_codec::Exec;
use tintype_image::Threads;
use tintype_jpeg::{Decoder, Verify, pack, unpack};

/// A packed file may be larger than its JPEG file by so many bytes: a header for what cannot
/// be modelled.
const ALLOWANCE_BYTES: usize = 64;

/// Options of `speed packing`.
#[derive(Args)]
pub struct PackingArgs {
    /// 1 (fast) to 9 (dense).
    #[arg(long, default_value_t = 5)]
    effort: u8,
    /// The best of so many rounds of 80 ms or more of each file counts.
    #[arg(long, default_value_t = 1)]
    repeat: usize,
    /// Prints a line for each file.
    #[arg(long)]
    each: bool,
    /// JPEG files, or folders of them.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// One file's figures, or the sums of many.
#[derive(Default)]
struct Figures {
    before: usize,
    after: usize,
    wrong: usize,
    larger: usize,
    megapixels: f64,
    pack_s: f64,
    unpack_s: f64,
    decode_s: f64,
    rows_s: f64,
}

/// Runs the command.
///
/// # Errors
/// None today; files that are no JPEG are left out.
pub fn run(args: &PackingArgs) -> Result<(), Failure> {
    let mut all = Figures::default();
    for file in collect(&args.files) {
        let Ok(bytes) = std::fs::read(&file) else { continue };
        if bytes.starts_with(&[0xff, 0xd8]) {
            all.add(&measure(args, &file, &bytes));
        }
    }
    all.print();
    Ok(())
}

fn measure(args: &PackingArgs, file: &Path, bytes: &[u8]) -> Figures {
    let exec = Exec { threads: Threads::ONE, ..Exec::default() };
    let (payload, pack_s) = best_seconds(args.repeat, 1, || pack(bytes, args.effort, Verify::No, &exec));
    let (again, unpack_s) =
        best_seconds(args.repeat, 1, || unpack(&payload.header, &payload.section_views(), &exec));
    let sections: usize = payload.sections.iter().map(|section| section.bytes.len()).sum();
    let after = payload.header.len() + sections;
    let same = again.is_ok_and(|again| again == bytes);
    let mut figures = Figures {
        before: bytes.len(),
        after,
        wrong: usize::from(!same),
        larger: usize::from(after > bytes.len() + ALLOWANCE_BYTES),
        pack_s,
        unpack_s,
        ..Figures::default()
    };

    let (decoded, decode_s) = best_seconds(args.repeat, 1, || Decoder::new(bytes)?.exec(&exec).decode());
    let mut note = String::new();
    match &decoded {
        Ok(decoded) => {
            figures.megapixels = pixels(&decoded.planes) / 1e6;
            figures.decode_s = decode_s;
            // Files that do not decode by rows are decoded whole.
            let (by_rows, rows_s) = best_seconds(args.repeat, 1, || read_rows(bytes, &exec));
            figures.rows_s = if by_rows.is_some() { rows_s } else { decode_s };
        }
        Err(error) => note = error.to_string(),
    }
    if args.each || !same {
        let word = if same { "same" } else { "WRONG" };
        println!("{} {} -> {after} {word} {note}", file.display(), bytes.len());
    }
    figures
}

/// Reads all rows of a file that streams.
fn read_rows(bytes: &[u8], exec: &Exec) -> Option<()> {
    let decoder = Decoder::new(bytes).ok()?.exec(exec);
    let mut reader = decoder.rows().ok().filter(|reader| reader.streams())?;
    while let Some(rows) = reader.next_rows().ok()? {
        std::hint::black_box(rows);
    }
    Some(())
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.before += other.before;
        self.after += other.after;
        self.wrong += other.wrong;
        self.larger += other.larger;
        self.megapixels += other.megapixels;
        self.pack_s += other.pack_s;
        self.unpack_s += other.unpack_s;
        self.decode_s += other.decode_s;
        self.rows_s += other.rows_s;
    }

    fn print(&self) {
        let saved = 100.0 * (1.0 - self.after as f64 / self.before.max(1) as f64);
        let megabytes = self.before as f64 / 1e6;
        println!(
            "{} -> {} bytes: {saved:.2} % saved; {} wrong, {} larger by more than {ALLOWANCE_BYTES} bytes",
            self.before, self.after, self.wrong, self.larger
        );
        println!(
            "pack {:.1} MB/s, unpack {:.1} MB/s, decode {:.1} MP/s, by rows where possible {:.1} MP/s",
            megabytes / self.pack_s,
            megabytes / self.unpack_s,
            self.megapixels / self.decode_s,
            self.megapixels / self.rows_s
        );
    }
}
