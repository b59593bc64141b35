//! The report: one page that holds its data, its pictures and its code, and needs no network.
//!
//! In: figures and crops. Out: HTML. The page's look is `page/report.css`, its behaviour
//! `page/report.js`.

use crate::LabError;
use crate::crops::CropSet;
use crate::run::BenchRun;
use serde_json::{Value, json};

/// Crops beyond this many bytes of HTML are left out, pictures of the end first.
const CROP_BYTES_MAX: usize = 8_000_000;

/// The page for `run`.
///
/// # Errors
/// `Malformed` for a figure that JSON cannot hold.
pub fn html_from_run(run: &BenchRun) -> Result<String, LabError> {
    let mut data = serde_json::to_value(&run.bench)
        .map_err(|error| LabError::Malformed { what: error.to_string() })?;
    data["crops"] = json!(crops_as_json(&run.crops));
    // `<` would let a file name end the script.
    let data = data.to_string().replace('<', "\\u003c");
    let title = run.bench.dataset.replace('&', "&amp;").replace('<', "&lt;");
    let page = include_str!("page/report.html");
    let page = page.replace("{{title}}", &title).replace("{{style}}", include_str!("page/report.css"));
    Ok(page.replace("{{script}}", include_str!("page/report.js")).replace("{{data}}", &data))
}

fn crops_as_json(sets: &[CropSet]) -> Vec<Value> {
    let mut bytes = 0;
    let mut all = Vec::new();
    for set in sets {
        let crops: Vec<Value> = set
            .crops
            .iter()
            .map(|crop| {
                json!({
                    "codec": crop.codec, "setting": crop.setting, "bytes": crop.bytes,
                    "psnr": crop.psnr, "ssimulacra2": crop.ssimulacra2, "png": base64(&crop.png),
                })
            })
            .collect();
        bytes +=
            (set.crops.iter().map(|crop| crop.png.len()).sum::<usize>() + set.source_png.len()) * 4 / 3;
        if bytes > CROP_BYTES_MAX {
            break;
        }
        all.push(json!({
            "image": set.image, "target_bpp": set.target_bpp, "width": set.size.0, "height": set.size.1,
            "source": base64(&set.source_png), "crops": crops,
        }));
    }
    all
}

/// Base 64 with padding. Source: RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |word, &byte| word << 8 | u32::from(byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = ALPHABET[(word >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_of_the_rfc() {
        let cases = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, coded) in cases {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
