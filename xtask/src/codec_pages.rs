//! A page of results for each of our codecs: `docs/results/<codec>.md`.
//!
//! In: the values of `results/**.json`. Out: the path and the text of each page, its table first, then the
//! command, then the link to the lab notes. Written by `cargo xtask results`; not to be edited by hand.

use crate::results_page::grouped;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The pages, by their path from the root.
pub fn pages(root: &Path, results: &[Value]) -> Vec<(PathBuf, String)> {
    let mut of_codec: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for result in results.iter().filter(|result| result["ours"] == true) {
        let name = result["codec"].as_str().unwrap_or_default();
        let codec = name.split(':').next().unwrap_or(name);
        of_codec.entry(codec).or_default().push(result);
    }
    let mut pages = Vec::new();
    for (codec, results) in of_codec {
        let path = PathBuf::from(format!("docs/results/{codec}.md"));
        let has_notes = root.join(format!("docs/lab/{codec}.md")).exists();
        pages.push((path, page(codec, &results, has_notes)));
    }
    pages
}

fn page(codec: &str, results: &[&Value], has_notes: bool) -> String {
    let mut page = format!("# Results: {codec}\n");
    for result in results {
        page += &section(result);
    }
    page += "\nBytes are those of whole files, all pictures together. Quality is measured on decoded files, mean of\n\
             the pictures. Speeds are megapixels a second of processor time of the whole program on one thread.\n";
    if has_notes {
        page += &format!("\nExperiments and history: [lab notes](../lab/{codec}.md).\n");
    }
    page + "\nThis page is written by `cargo xtask results` from `results/`.\n"
}

fn section(result: &Value) -> String {
    let text = |key: &str| result[key].as_str().unwrap_or_default();
    let images = result["images"].as_u64().unwrap_or(0);
    let lossless = result["lossless"] == true;
    let kind = if lossless { "lossless" } else { "lossy" };
    let mut page =
        format!("\n## {}, {kind}, {images} pictures, `{}`\n\n", text("dataset"), text("codec"));
    page += &if lossless { lossless_table(result) } else { lossy_table(result) };
    page += &bd_rate_table(result);
    page + &format!(
        "\nMeasured by `tintype bench`, which ran:\n\n    {}\n    tintype decode IN -o OUT\n",
        text("command")
    )
}

fn figure(value: &Value, digits: usize) -> String {
    value.as_f64().map_or("–".into(), |value| format!("{value:.digits$}"))
}

fn lossy_table(result: &Value) -> String {
    let kind = result["setting_kind"].as_str().unwrap_or("setting");
    let mut table = format!(
        "| {kind} | bytes | bpp | PSNR | MS-SSIM | SSIMULACRA2 | encode MP/s | decode MP/s |\n|{}\n",
        "---|".repeat(8)
    );
    for row in result["summary"].as_array().into_iter().flatten() {
        let metrics = &row["metrics"];
        table += &format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} |\n",
            row["setting"].as_str().unwrap_or_default(),
            grouped(row["bytes"].as_u64().unwrap_or(0)),
            figure(&row["bpp"], 3),
            figure(&metrics["psnr"], 2),
            figure(&metrics["ms_ssim"], 4),
            figure(&metrics["ssimulacra2"], 2),
            figure(&row["encode_mp_per_s"], 2),
            figure(&row["decode_mp_per_s"], 2),
        );
    }
    table
}

fn lossless_table(result: &Value) -> String {
    let mut table = format!("| bytes | ratio | encode MP/s | decode MP/s |\n|{}\n", "---|".repeat(4));
    for row in result["summary"].as_array().into_iter().flatten() {
        table += &format!(
            "| {} | {} | {} | {} |\n",
            grouped(row["bytes"].as_u64().unwrap_or(0)),
            figure(&row["ratio"], 3),
            figure(&row["encode_mp_per_s"], 2),
            figure(&row["decode_mp_per_s"], 2),
        );
    }
    table
}

/// Bytes at equal quality against other codecs of the same run; empty if there are none.
fn bd_rate_table(result: &Value) -> String {
    let mut anchors: BTreeMap<&str, [String; 3]> = BTreeMap::new();
    for entry in result["bd_rate"].as_array().into_iter().flatten() {
        let Some(column) = ["psnr", "ms_ssim", "ssimulacra2"].iter().position(|m| entry["metric"] == *m)
        else {
            continue;
        };
        let dashes = || ["–"; 3].map(String::from);
        let row = anchors.entry(entry["anchor"].as_str().unwrap_or_default()).or_insert_with(dashes);
        if let Some(rate) = entry["mean_of_images"].as_f64() {
            row[column] = format!("{rate:+.1} %").replace('-', "−");
        }
    }
    if anchors.is_empty() {
        return String::new();
    }
    let mut table =
        format!("\n| BD-rate against | PSNR | MS-SSIM | SSIMULACRA2 |\n|{}\n", "---|".repeat(4));
    for (anchor, row) in anchors {
        table += &format!("| {anchor} | {} |\n", row.join(" | "));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_page_starts_with_its_table() {
        let result = json!({
            "codec": "photo:psnr", "ours": true, "dataset": "kodak", "images": 24, "lossless": false,
            "setting_kind": "quality", "command": "tintype encode IN -o OUT",
            "summary": [{ "setting": "50", "bytes": 12345, "bpp": 0.5, "metrics": { "psnr": 30.0 } }],
            "bd_rate": [{ "anchor": "webp", "metric": "psnr", "mean_of_images": -12.34 }],
        });
        let pages = pages(Path::new("nowhere"), &[result]);
        assert_eq!(pages.len(), 1);
        let (path, text) = &pages[0];
        assert_eq!(path, Path::new("docs/results/photo.md"));
        assert!(text.contains("| 50 | 12 345 | 0.500 | 30.00 | – | – | – | – |"), "{text}");
        assert!(text.contains("| webp | −12.3 % | – | – |"), "{text}");
        assert!(text.find("| 50 |") < text.find("tintype encode IN"));
    }
}
