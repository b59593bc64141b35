//! Our codecs as the sweep runs them: the program `tintype` itself, so that its time and
//! memory are measured just as those of the peers.

use crate::LabError;
use crate::codec::{Carrier, Codec, Template};
use std::path::Path;

/// Settings of `-q` where none are given.
pub const QUALITIES: [f32; 8] = [5.0, 15.0, 30.0, 45.0, 60.0, 72.0, 82.0, 90.0];

/// What is swept over one of our codecs.
pub struct OursSettings<'a> {
    /// The program `tintype`.
    pub program: &'a Path,
    /// Values of `-q`, from small files to large ones.
    pub qualities: &'a [f32],
    /// Whether to compare exact coding instead.
    pub lossless: bool,
    /// Effort where the codec's own text names none, 1 to 9.
    pub effort: u8,
}

/// The codec that `text` names: a codec's name, and after colons a tuning (`psnr`, `visual`)
/// and an effort (`e1` to `e9`): `wavelet`, `wavelet:psnr`, `lossless:e9`.
///
/// # Errors
/// `Misuse` for an unknown codec, tuning or effort.
pub fn codec_from_text(text: &str, settings: &OursSettings<'_>) -> Result<Codec, LabError> {
    let mut words = text.split(':');
    let name = words.next().unwrap_or_default();
    let known: Vec<&str> = tintype::codec::built_in().map(|id| id.name()).collect();
    if !known.contains(&name) {
        let known = known.join(", ");
        return Err(LabError::misuse(format!("no codec `{name}` is built in; there are: {known}")));
    }
    let mut tune = None;
    let mut effort = settings.effort;
    for word in words {
        match word {
            "psnr" | "visual" => tune = Some(word),
            _ => {
                let number = word.strip_prefix('e').and_then(|digits| digits.parse().ok());
                effort = number.filter(|e| (1..=9).contains(e)).ok_or_else(|| {
                    LabError::misuse(format!(
                        "`{word}` in `{text}` is neither psnr, visual, nor an effort e1 to e9"
                    ))
                })?;
            }
        }
    }
    let tune = tune.map_or(String::new(), |tune| format!("--tune {tune}"));
    let target = if settings.lossless {
        "--lossless --effort Q".into()
    } else {
        format!("-q Q --effort {effort}")
    };
    let ladder = if settings.lossless {
        vec![effort.to_string()]
    } else {
        settings.qualities.iter().map(|q| q.to_string()).collect()
    };
    let program = settings.program.display().to_string();
    let model = tintype::codec::built_in().find(|id| id.name() == name).and_then(tintype::shipped_model);
    Ok(Codec {
        name: text.into(),
        ours: true,
        version: concat!("tintype ", env!("CARGO_PKG_VERSION")).into(),
        extension: "tin".into(),
        setting_kind: if settings.lossless { "effort" } else { "quality" }.into(),
        ladder,
        takes: Carrier::Pnm,
        encode: Template::new(
            &program,
            &format!("encode IN -o OUT --codec {name} {target} {tune} --threads 1 --json"),
        ),
        decode: Some(Template::new(&program, "decode IN -o OUT --threads 1 --json")),
        gives: Carrier::Pnm,
        times_itself: false,
        model: (model.map(|model| model.bytes), model.and_then(|model| model.fit_seconds())),
    })
}

/// The time in milliseconds that a program printed as JSON under `key`.
pub fn inside_ms(stdout: &str, key: &str) -> Option<f64> {
    let object: serde_json::Value = stdout.lines().find_map(|line| serde_json::from_str(line).ok())?;
    object.get(key)?.as_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(lossless: bool) -> OursSettings<'static> {
        OursSettings { program: Path::new("tintype"), qualities: &QUALITIES, lossless, effort: 5 }
    }

    #[test]
    fn unknown_names_are_refused() {
        for text in ["nonsense", ""] {
            assert!(
                matches!(codec_from_text(text, &settings(false)), Err(LabError::Misuse { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn tuning_and_effort_reach_the_command_line() {
        let codec = codec_from_text("wavelet:psnr:e3", &settings(false)).unwrap();
        let line = codec.encode.line();
        assert!(line.contains("--codec wavelet -q Q") && line.contains("--tune psnr"), "{line}");
        assert!(line.contains("--effort 3"), "{line}");
        assert_eq!(codec.model, (None, None));
        assert!(
            codec_from_text("cluster", &settings(false))
                .unwrap()
                .model
                .0
                .is_some_and(|bytes| bytes > 100_000)
        );
        assert!(codec_from_text("wavelet:e10", &settings(false)).is_err());
    }

    #[test]
    fn time_inside_is_read_from_json() {
        assert_eq!(inside_ms("{\"input\":\"a\",\"encode_ms\":12.5}\n", "encode_ms"), Some(12.5));
        assert_eq!(inside_ms("encoded a", "encode_ms"), None);
    }
}
