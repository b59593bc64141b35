//! `cargo xtask results [BENCH.json…]`: files of `tintype bench --json` become
//! `results/<dataset>/<codec>/<preset>.json`, and from all that lies there the README's tables,
//! its picture and the pages of docs/results are written anew.
//!
//! A codec named `wavelet:psnr:e7` in a sweep is codec `wavelet`, preset `psnr-e7`; a plain
//! name has preset `default`.

use crate::codec_pages::pages;
use crate::results_page::{picture, tables};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- results: begin (written by `cargo xtask results`) -->";
const END: &str = "<!-- results: end -->";
/// Where the picture lies, from the root.
const PICTURE: &str = "docs/results.svg";

/// Takes in sweeps and writes the pages.
///
/// # Errors
/// Says which file could not be read or written, or that the README lacks the marks.
pub fn step(root: &Path, sweeps: &[String]) -> Result<String, String> {
    for sweep in sweeps {
        take_in(root, Path::new(sweep))?;
    }
    let written = generated(root)?;
    for (path, text) in &written {
        write(&root.join(path), text)?;
    }
    Ok(format!("results: took in {} sweeps; wrote {} files from results/", sweeps.len(), written.len()))
}

/// Says whether the README's tables, the picture and the pages are those that `results/` gives.
///
/// # Errors
/// Names what is out of date.
pub fn up_to_date(root: &Path) -> Result<String, String> {
    let mut stale = Vec::new();
    for (path, text) in generated(root)? {
        if read(&root.join(&path)).ok().as_ref() != Some(&text) {
            stale.push(path.display().to_string());
        }
    }
    if stale.is_empty() {
        return Ok("README.md and docs/results show what lies in results/".into());
    }
    Err(format!("{}: differs from results/; run `cargo xtask results`", stale.join(", ")))
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// The README with its tables made anew, the picture if there is anything to draw, and a page a codec: each
/// with its path from the root.
fn generated(root: &Path) -> Result<Vec<(PathBuf, String)>, String> {
    let results = all_results(&root.join("results"))?;
    let readme = read(&root.join("README.md"))?;
    let picture = picture(&results);
    let shown =
        picture.as_ref().map_or(String::new(), |_| format!("![Rate and quality]({PICTURE})\n\n"));
    let page = between_marks(&readme, &format!("\n{shown}{}", tables(&results)))?;

    let mut written = vec![(PathBuf::from("README.md"), page)];
    written.extend(picture.map(|picture| (PathBuf::from(PICTURE), picture)));
    written.extend(pages(root, &results));
    Ok(written)
}

fn between_marks(page: &str, text: &str) -> Result<String, String> {
    let missing = || format!("README.md lacks the lines `{BEGIN}` and `{END}`");
    let (before, rest) = page.split_once(BEGIN).ok_or_else(missing)?;
    let (_, after) = rest.split_once(END).ok_or_else(missing)?;
    Ok(format!("{before}{BEGIN}\n{text}\n{END}{after}"))
}

/// Codec and preset of a name in a sweep.
fn codec_and_preset(name: &str) -> (String, String) {
    match name.split_once(':') {
        Some((codec, preset)) => (codec.into(), preset.replace(':', "-")),
        None => (name.into(), "default".into()),
    }
}

fn take_in(root: &Path, sweep: &Path) -> Result<(), String> {
    let bench: Value =
        serde_json::from_str(&read(sweep)?).map_err(|error| format!("{}: {error}", sweep.display()))?;
    if bench["format"] != "tintype-bench" || bench["version"] != 1 {
        return Err(format!("{}: no JSON of `tintype bench`, or of another version", sweep.display()));
    }
    let dataset = bench["dataset"].as_str().unwrap_or("pictures").replace(['/', '\\'], "-");
    for codec in bench["codecs"].as_array().into_iter().flatten() {
        let name = codec["name"].as_str().unwrap_or_default();
        let (folder, preset) = codec_and_preset(name);
        let result = result_of(&bench, codec, name);
        let mut path = root.join("results").join(&dataset).join(folder);
        path.push(format!("{preset}{}.json", if bench["lossless"] == true { "-lossless" } else { "" }));
        write(&path, &in_lines(&result))?;
    }
    Ok(())
}

/// What is kept of one codec of a sweep.
fn result_of(bench: &Value, codec: &Value, name: &str) -> Value {
    let of_codec = |key: &str| -> Vec<Value> {
        let all = bench[key].as_array().into_iter().flatten();
        all.filter(|entry| entry["codec"] == name).cloned().collect()
    };
    json!({
        "dataset": bench["dataset"], "images": bench["images"].as_array().map_or(0, Vec::len), "codec": name,
        "ours": codec["ours"], "version": codec["version"], "command": codec["command"],
        "setting_kind": codec["setting_kind"], "model_bytes": codec["model_bytes"], "fit_s": codec["fit_s"], "machine": bench["machine"], "tintype": bench["tintype"],
        "lossless": bench["lossless"], "timed": bench["timed"], "repeats": bench["repeats"],
        "summary": of_codec("summary"), "bd_rate": of_codec("bd_rate"), "points": of_codec("points"),
    })
}

/// JSON with one line for each entry of a list, so that changes can be read.
fn in_lines(result: &Value) -> String {
    let mut fields = Vec::new();
    for (key, value) in result.as_object().into_iter().flatten() {
        let text = match value.as_array() {
            Some(list) if !list.is_empty() => {
                let lines: Vec<String> = list.iter().map(|entry| format!("    {entry}")).collect();
                format!("[\n{}\n  ]", lines.join(",\n"))
            }
            _ => value.to_string(),
        };
        fields.push(format!("  {}: {text}", Value::from(key.as_str())));
    }
    format!("{{\n{}\n}}\n", fields.join(",\n"))
}

/// Everything under `results/`, in the order of file names.
fn all_results(folder: &Path) -> Result<Vec<Value>, String> {
    let mut files = Vec::new();
    collect(folder, &mut files);
    files.sort();
    let parse = |path: &PathBuf| -> Result<Option<Value>, String> {
        let value: Value = serde_json::from_str(&read(path)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(value["summary"].is_array().then_some(value))
    };
    Ok(files.iter().map(parse).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_folders_and_presets() {
        assert_eq!(codec_and_preset("wavelet"), ("wavelet".into(), "default".into()));
        assert_eq!(codec_and_preset("wavelet:psnr:e7"), ("wavelet".into(), "psnr-e7".into()));
    }

    #[test]
    fn text_between_the_marks_is_replaced_and_nothing_else() {
        let page = format!("top\n{BEGIN}\nold\n{END}\nbottom");
        let new = between_marks(&page, "new").unwrap();
        assert_eq!(new, format!("top\n{BEGIN}\nnew\n{END}\nbottom"));
        assert_eq!(between_marks(&new, "new").unwrap(), new);
        assert!(between_marks("top", "new").is_err());
    }

    #[test]
    fn lines_are_json_again() {
        let value = json!({"a": [1, {"b": 2}], "c": "x", "d": []});
        assert_eq!(serde_json::from_str::<Value>(&in_lines(&value)).unwrap(), value);
    }
}
