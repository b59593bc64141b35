//! `tintype sign`: signatures beside files, `photo.tin.sig` for `photo.tin`.

use crate::args::SignArgs;
use crate::files::{Job, Place, find_inputs};
use crate::leftovers::remove_leftovers_beside;
use crate::output::{Existing, print_line, write_result};
use crate::seal;
use crate::style::complain;
use crate::{Failure, Outcome};
use std::path::Path;

/// Runs the command.
pub fn run(args: &SignArgs) -> Outcome {
    let key = seal::signing_key(&args.key, args.key_passphrase_file.as_deref())?;
    let takes = |path: &Path| path.extension().is_some_and(|e| e.eq_ignore_ascii_case("tin"));
    let (inputs, mut all_done) = find_inputs(&args.inputs, &takes)?.inputs_or_complain();
    remove_leftovers_beside(inputs.iter().filter_map(|input| match &input.place {
        Place::File(path) => Some(path.as_path()),
        Place::Standard => None,
    }));
    for input in inputs {
        let Place::File(path) = &input.place else {
            return Err(Failure::Usage("a signature stands beside a file; name one".into()));
        };
        let output = seal::signature_path(path);
        let job =
            Job { input: input.place.clone(), output: Place::File(output.clone()), otherwise: None };
        let signed = seal::sign(&key, path).and_then(|text| {
            write_result(&job, Existing::from_force(args.force), |out| {
                Ok(out.write_all(text.as_bytes())?)
            })
        });
        match signed {
            Ok(_) => print_line(&format!("{} → {}", path.display(), output.display())),
            Err(message) => {
                complain(&format!("{}: {message}", path.display()));
                all_done = false;
            }
        }
    }
    Ok(all_done)
}
