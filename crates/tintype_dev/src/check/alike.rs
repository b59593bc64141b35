//! One codec: equal files and samples at every SIMD level and number of threads, and exactness
//! of lossless files.

use crate::Failure;
use crate::args::CodecArgs;
use crate::pictures::{collect, read};
use crate::subject::{Subject, levels};
use std::path::Path;
use tintype::Goal;
use tintype_image::{Level, Picture};

/// Checks every picture at every setting; how many failed.
///
/// # Errors
/// A codec or model that is none.
pub fn check(args: &CodecArgs) -> Result<usize, Failure> {
    let subject = Subject::from_args(args)?;
    let (mut checked, mut failed, mut bytes) = (0, 0, 0);
    for file in collect(&args.files) {
        let picture = read(&file, args.crop)?;
        for (setting, goal) in args.goals() {
            checked += 1;
            match check_one(&subject, args, &picture, goal) {
                Ok(len) => bytes += len,
                Err(error) => {
                    failed += 1;
                    report(&file, &setting, &error);
                }
            }
        }
    }
    println!("{checked} files of {bytes} bytes checked, {failed} failed");
    Ok(failed)
}

fn report(file: &Path, setting: &str, error: &Failure) {
    println!("{} at {setting}: {error}", file.display());
}

/// Bytes of the file, if all is as it must be.
fn check_one(
    subject: &Subject,
    args: &CodecArgs,
    picture: &Picture,
    goal: Goal,
) -> Result<usize, Failure> {
    let coded = subject.encode(picture, goal, args, Level::new())?;
    let reference = subject.decode(&coded, args, Level::fallback())?;
    if goal == Goal::Lossless && args.layers.is_none() && reference != picture.planes {
        return Err("decoded samples differ from the source".into());
    }
    for (name, level) in levels() {
        for threads in [1, 3] {
            let args = CodecArgs { threads, ..args.clone() };
            if subject.decode(&coded, &args, level)? != reference {
                return Err(format!("decodes differently at {name} on {threads} threads").into());
            }
            if subject.encode(picture, goal, &args, level)? != coded {
                return Err(format!("encodes differently at {name} on {threads} threads").into());
            }
        }
    }
    Ok(coded.len())
}
