//! What sealing adds to encoding: a picture encoded on one thread, its file sealed to a public key and opened
//! again. The passphrase's work is left out; it is needed once for a batch.

use crate::Failure;
use crate::clock::{best_seconds, timed};
use clap::Args;
use std::io::Read;
use std::path::PathBuf;
use tintype::{DecodeOptions, Encoder, Front, Identity, Lock, Seal, files};

/// Options of `speed sealing`.
#[derive(Args)]
pub struct SealingArgs {
    /// Pictures.
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    /// Quality.
    #[arg(short, long, default_value_t = 75.0)]
    quality: f32,
    /// Efforts at which encoding is timed.
    #[arg(long, value_delimiter = ',', default_value = "1,5")]
    efforts: Vec<u8>,
}

/// Runs the command.
///
/// # Errors
/// The first picture that fails.
pub fn run(args: &SealingArgs) -> Result<(), Failure> {
    let identity = Identity::generate()?;
    let lock = Lock::for_recipients(&[identity.recipient()?])?;
    let keys = tintype::Keys::new().identities([identity]);
    println!("file,megapixels,effort,bytes,encode_s,seal_s,open_s,seal_percent");
    for path in &args.inputs {
        let read = files::read_picture(&std::fs::read(path)?, &DecodeOptions::new())?;
        let megapixels = (read.picture.width() * read.picture.height()) as f64 / 1e6;
        for &effort in &args.efforts {
            let encoder = Encoder::new().quality(args.quality).effort(effort).threads(1);
            let (tin, encode) = timed(|| encoder.encode(&read.picture));
            let (tin, encode) = (tin?.bytes, encode.seconds(1));
            let sealing = encoder.seal(Seal::new(lock.clone()));
            let (sealed, seal) = best_seconds(3, 1, || sealing.close(&tin, None));
            let sealed = sealed?;
            let (plain, open) = best_seconds(3, 1, || {
                let front = Front::read(&mut &sealed[..])?;
                let at = usize::try_from(front.parts()[0].at).unwrap_or(usize::MAX);
                let mut plain = Vec::new();
                front.open(0, &keys, &sealed[at..])?.read_to_end(&mut plain)?;
                Ok::<_, Failure>(plain)
            });
            if plain? != tin {
                return Err("what was sealed did not come back".into());
            }
            println!(
                "{},{megapixels:.1},{effort},{},{encode:.3},{seal:.4},{open:.4},{:.3}",
                path.display(),
                tin.len(),
                100.0 * seal / encode
            );
        }
    }
    Ok(())
}
