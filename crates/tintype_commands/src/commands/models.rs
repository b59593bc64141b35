//! `tintype info` on model files: what a model holds, in lines and as a picture.

use crate::args::InfoArgs;
use crate::files::{Place, find_inputs};
use crate::output::{print_line, write_output};
use crate::style::{Ink, paint};
use crate::{Failure, Outcome};
use std::io::IsTerminal;
use std::path::Path;
use tintype::{Models, Picture};
use tintype_image::io::{PictureFormat, write_picture};
use tintype_train::cluster::tree_picture;
use tintype_train::photo::{basis_picture, explained_variance};
use tintype_train::{PictureList, describe_model};

/// Draws what a model holds; other inputs are pictures to measure it on.
pub fn draw(args: &InfoArgs, out: &Path) -> Outcome {
    let failed = |error: &dyn std::fmt::Display| Failure::Work(error.to_string());
    let known = |path: &Path| {
        path.extension().and_then(|e| e.to_str()).and_then(PictureFormat::from_extension).is_some()
    };
    let (mut model, mut pictures) = (None, Vec::new());
    for input in find_inputs(&args.inputs, &known)?.inputs {
        let Place::File(path) = input.place else { continue };
        if known(&path) {
            pictures.push(path);
        } else {
            model = Some(path);
        }
    }
    let model = model.ok_or_else(|| {
        Failure::Usage("name a model file, such as models/cluster-photo.tinmodel".into())
    })?;
    let bytes =
        std::fs::read(&model).map_err(|error| failed(&format!("{}: {error}", model.display())))?;
    let bytes =
        Models::to_plain(&bytes).map_err(|error| failed(&format!("{}: {error}", model.display())))?;
    let planes = if args.tree.is_some() { tree_picture(&bytes) } else { basis_picture(&bytes) };
    let planes = planes.map_err(|error| failed(&format!("{}: {error}", model.display())))?;
    let picture = Picture::new(planes);
    let format = out.extension().and_then(|e| e.to_str()).and_then(PictureFormat::from_extension);
    let file =
        write_picture(format.unwrap_or(PictureFormat::Png), &picture).map_err(|error| failed(&error))?;
    write_output(&Place::File(out.into()), &file).map_err(Failure::Work)?;
    let shape = &picture.planes.shape;
    print_line(&format!("{}: {} × {} pixels", out.display(), shape.width_px, shape.height_px));
    if args.basis.is_some() && !pictures.is_empty() {
        let list = PictureList::new(pictures);
        print_line(&explained_variance(&bytes, &list).map_err(|error| failed(&error))?);
    }
    Ok(true)
}

/// What the model file at `path` is, in lines; `None` for other files.
pub fn text_from_file(path: &Path) -> Option<String> {
    let bytes = std::fs::read(path).ok()?;
    let codec = Models::codec_of(&bytes).ok()?;
    let plain = Models::to_plain(&bytes).ok()?;
    let mut lines = describe_model(codec, &plain).ok()?;
    if bytes.len() < plain.len() {
        let stored = format!("{} bytes: differences to the model in the program", bytes.len());
        lines.push(("stored in", stored));
    }
    let terminal = std::io::stdout().is_terminal();
    let mut text = paint(Ink::Bold, &path.display().to_string(), terminal);
    for (what, value) in lines {
        text += &format!("\n  {what:<10} {value}");
    }
    Some(text)
}
