//! A codec as the sweep sees it: programs with command lines, one line for encode and one for
//! decode.
//!
//! A command line is a template of words: `IN` and `OUT` stand for files, `Q` inside a word
//! for the setting, `RATIO` for the uncompressed bits per pixel by the setting (for programs
//! that want a compression ratio).

use crate::record::CodecRecord;
use std::path::Path;

/// In which kind of file a program takes or gives pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// PGM or PPM where the picture is gray or RGB, else PNG.
    Pnm,
    /// PNG.
    Png,
}

impl Carrier {
    /// The extension for a picture that is `plain`: gray or RGB without further planes.
    pub fn extension(self, plain: bool) -> &'static str {
        match self {
            Self::Pnm if plain => "ppm",
            _ => "png",
        }
    }
}

/// A codec that can be run.
#[derive(Clone, Debug)]
pub struct Codec {
    /// Its name in the sweep.
    pub name: String,
    /// Whether it is ours: then its results are never cached and its `--json` output is read.
    pub ours: bool,
    /// Version of its program.
    pub version: String,
    /// Extension of its files.
    pub extension: String,
    /// What the setting is.
    pub setting_kind: String,
    /// Settings of the sweep, from small files to large ones.
    pub ladder: Vec<String>,
    /// What the encoder takes.
    pub takes: Carrier,
    /// Encoder and its arguments.
    pub encode: Template,
    /// Decoder and its arguments; none where [`tintype_image::io`] reads the files.
    pub decode: Option<Template>,
    /// What the decoder gives.
    pub gives: Carrier,
    /// Whether its programs print their own time as JSON, which then counts instead of that of
    /// the process: for libraries called through Python, whose start takes longer than the
    /// work.
    pub times_itself: bool,
    /// Bytes of the model that it needs beside its files, and seconds that the fit of it took.
    pub model: (Option<u64>, Option<f64>),
}

/// A program and its arguments with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The program.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
}

impl Template {
    /// From a program and arguments separated by spaces.
    pub fn new(program: &str, arguments: &str) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.split_whitespace().map(String::from).collect(),
        }
    }

    /// A Python program in one line that takes an input, an output, and the setting where
    /// there is one.
    pub fn python(script: &str, arguments: &str) -> Self {
        let mut words = vec!["-c".to_string(), script.to_string()];
        words.extend(arguments.split_whitespace().map(String::from));
        Self { program: "python3".into(), arguments: words }
    }

    /// The arguments with the placeholders filled in. `raw_bpp` is the uncompressed size in
    /// bits per pixel.
    pub fn fill(&self, input: &Path, output: &Path, setting: &str, raw_bpp: f64) -> Vec<String> {
        let ratio = setting
            .parse::<f64>()
            .map_or_else(|_| setting.to_string(), |bpp| format!("{}", raw_bpp / bpp));
        let one = |word: &String| match word.as_str() {
            "IN" => input.display().to_string(),
            "OUT" => output.display().to_string(),
            "RATIO" => ratio.clone(),
            _ => match word.split_once('Q') {
                Some((before, after)) => format!("{before}{setting}{after}"),
                None => word.clone(),
            },
        };
        self.arguments.iter().map(one).collect()
    }

    /// Program and template as one line.
    pub fn line(&self) -> String {
        let program = Path::new(&self.program)
            .file_name()
            .map_or(self.program.clone(), |n| n.display().to_string());
        format!("{program} {}", self.arguments.join(" "))
    }
}

impl Codec {
    /// What the JSON says of it.
    pub fn record(&self) -> CodecRecord {
        CodecRecord {
            name: self.name.clone(),
            ours: self.ours,
            version: self.version.clone(),
            command: self.encode.line(),
            setting_kind: self.setting_kind.clone(),
            model_bytes: self.model.0,
            fit_s: self.model.1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled() {
        let template = Template::new("x", "-r RATIO -a level=Q -q Q IN OUT");
        let filled = template.fill(Path::new("a b.ppm"), Path::new("c"), "0.5", 24.0);
        assert_eq!(filled, ["-r", "48", "-a", "level=0.5", "-q", "0.5", "a b.ppm", "c"]);
    }
}
