//! The README's tables and picture, made of result files.
//!
//! In: the values of `results/**.json`. Out: Markdown, and an SVG with two plots: PSNR and
//! SSIMULACRA2 over rate.

use serde_json::Value;
use std::collections::BTreeSet;

/// The codec that rates are given against.
const ANCHOR: &str = "libjpeg-turbo";
/// Colours of the curves; ours come first and are drawn thicker.
const COLOURS: [&str; 12] = [
    "#c2571a", "#2e8b57", "#a03ea0", "#2f6db3", "#b8860b", "#148f9c", "#c0397a", "#6b6fd1", "#7a8b1e",
    "#8a5a44", "#5f6b76", "#d1483f",
];

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// Tables for every set of pictures: lossy codecs by BD-rate, exact ones by bytes.
pub fn tables(results: &[Value]) -> String {
    let datasets: BTreeSet<&str> = results.iter().map(|result| text(result, "dataset")).collect();
    let mut page = String::new();
    for dataset in datasets {
        for lossless in [false, true] {
            let of_set =
                |r: &&Value| text(r, "dataset") == dataset && (r["lossless"] == true) == lossless;
            let mut rows: Vec<&Value> = results.iter().filter(of_set).collect();
            if rows.is_empty() {
                continue;
            }
            let images = rows.iter().filter_map(|r| r["images"].as_u64()).max().unwrap_or(0);
            if lossless {
                rows.sort_by_key(|r| r["summary"][0]["bytes"].as_u64());
                page +=
                    &format!("\n**{dataset}, lossless, {images} pictures**\n\n{}", exact_table(&rows));
            } else {
                rows.sort_by(|a, b| sort_key(a).total_cmp(&sort_key(b)));
                page += &format!("\n**{dataset}, lossy, {images} pictures**\n\n{}", lossy_table(&rows));
            }
        }
    }
    if page.is_empty() {
        return "Nothing is measured yet.\n".into();
    }
    page += "\nBD-rate: mean of the pictures' figures, in per cent of bytes at equal quality; \
             negative is smaller. Speeds are megapixels a second of processor time on one thread, \
             start of the program and file access included.";
    page += &note_on_python(results);
    page + "\n"
}

/// Which codecs were timed inside a script, whose start would take longer than the work.
fn note_on_python(results: &[Value]) -> String {
    let in_python = results.iter().filter(|result| text(result, "command").starts_with("python3 "));
    let names: BTreeSet<&str> = in_python.map(|result| text(result, "codec")).collect();
    if names.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = names.into_iter().collect();
    format!(
        " Libraries called through Python ({}) are timed without its start and file access.",
        names.join(", ")
    )
}

fn sort_key(result: &Value) -> f64 {
    if text(result, "codec") == ANCHOR { 0.0 } else { bd(result, "psnr").unwrap_or(f64::MAX) }
}

/// BD-rate against the anchor, mean over pictures.
fn bd(result: &Value, metric: &str) -> Option<f64> {
    let rates = result["bd_rate"].as_array()?;
    let entry = rates.iter().find(|rate| rate["anchor"] == ANCHOR && rate["metric"] == metric)?;
    entry["mean_of_images"].as_f64()
}

/// The codec's name, bold if ours.
fn name(result: &Value) -> String {
    let name = text(result, "codec");
    if result["ours"] == true { format!("**{name}**") } else { name.into() }
}

fn or_dash(value: Option<f64>, digits: usize) -> String {
    value.map_or("–".into(), |value| format!("{value:.digits$}"))
}

/// The mean over all settings of a figure of the summary.
fn mean(result: &Value, key: &str) -> Option<f64> {
    let values: Vec<f64> =
        result["summary"].as_array()?.iter().filter_map(|s| s[key].as_f64()).collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn largest(result: &Value, key: &str) -> Option<f64> {
    result["summary"].as_array()?.iter().filter_map(|s| s[key].as_f64()).reduce(f64::max)
}

fn lossy_table(rows: &[&Value]) -> String {
    let mut table = format!(
        "| codec | BD-rate PSNR | MS-SSIM | SSIMULACRA2 | encode MP/s | decode MP/s | encode MB | decode MB | model MB | fit s |\n|{}\n",
        "---|".repeat(10)
    );
    for row in rows {
        let rate = |metric| match text(row, "codec") == ANCHOR {
            true => "0".into(),
            false => {
                bd(row, metric).map_or("–".into(), |value| format!("{value:+.1} %").replace('-', "−"))
            }
        };
        table += &format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
            name(row),
            rate("psnr"),
            rate("ms_ssim"),
            rate("ssimulacra2"),
            or_dash(mean(row, "encode_mp_per_s"), 2),
            or_dash(mean(row, "decode_mp_per_s"), 2),
            or_dash(largest(row, "encode_peak_bytes").map(|bytes| bytes / 1e6), 0),
            or_dash(largest(row, "decode_peak_bytes").map(|bytes| bytes / 1e6), 0),
            or_dash(row["model_bytes"].as_f64().map(|bytes| bytes / 1e6), 2),
            or_dash(row["fit_s"].as_f64(), 0),
        );
    }
    table
}

fn exact_table(rows: &[&Value]) -> String {
    let mut table =
        format!("| codec | bytes | ratio | encode MP/s | decode MP/s |\n|{}\n", "---|".repeat(5));
    for row in rows {
        let summary = &row["summary"][0];
        let bytes = summary["bytes"].as_u64().map_or("–".into(), grouped);
        table += &format!(
            "| {} | {bytes} | {} | {} | {} |\n",
            name(row),
            or_dash(summary["ratio"].as_f64(), 3),
            or_dash(summary["encode_mp_per_s"].as_f64(), 2),
            or_dash(summary["decode_mp_per_s"].as_f64(), 2),
        );
    }
    table
}

/// Digits in groups of three.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = (0..digits.len())
        .filter(|i| (digits.len() - i).is_multiple_of(3) || *i == 0)
        .map(|i| {
            let end = (i + 1..=digits.len())
                .find(|e| (digits.len() - e).is_multiple_of(3))
                .unwrap_or(digits.len());
            &digits[i..end]
        })
        .collect();
    groups.join(" ")
}

/// One curve: name, colour, thickness, points.
struct Curve {
    name: String,
    colour: &'static str,
    thick: bool,
    points: Vec<(f64, f64)>,
}

/// Rate–quality plots of the lossy results of the set with the most pictures; none if there
/// are no such results.
pub fn picture(results: &[Value]) -> Option<String> {
    let lossy = || results.iter().filter(|result| result["lossless"] == false);
    let dataset = text(lossy().max_by_key(|result| result["images"].as_u64())?, "dataset");
    let mut shown: Vec<&Value> = lossy().filter(|result| text(result, "dataset") == dataset).collect();
    shown.sort_by_key(|result| (result["ours"] != true, text(result, "codec")));
    let curves = |value: &dyn Fn(&Value) -> Option<f64>| -> Vec<Curve> {
        let curve = |(index, result): (usize, &&Value)| {
            let summary = result["summary"].as_array().into_iter().flatten();
            let mut points: Vec<(f64, f64)> =
                summary.filter_map(|s| Some((s["bpp"].as_f64()?, value(s)?))).collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            let colour = COLOURS[index % COLOURS.len()];
            Curve { name: text(result, "codec").into(), colour, thick: result["ours"] == true, points }
        };
        shown.iter().enumerate().map(curve).collect()
    };
    let psnr = curves(&|s| s["metrics"]["psnr"].as_f64());
    let ssimulacra2 = curves(&|s| s["metrics"]["ssimulacra2"].as_f64());
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 980 440\" font-family=\"DejaVu Sans, sans-serif\" \
         font-size=\"12\">\n<rect width=\"980\" height=\"440\" fill=\"#fbfaf7\"/>\n",
    );
    svg += &plot(&psnr, 60.0, &format!("PSNR in dB, {dataset}"), (24.0, 46.0), 2.0);
    svg += &plot(&ssimulacra2, 510.0, &format!("SSIMULACRA2, {dataset}"), (0.0, 95.0), 10.0);
    svg += &legend(&psnr);
    Some(svg + "</svg>\n")
}

/// Width and height of a plot, and its upper edge, in pixels.
const PLOT: (f64, f64, f64) = (420.0, 310.0, 34.0);
/// Rates shown, in bits per pixel, and those with a line.
const RATE: (f64, f64) = (0.05, 3.0);
const RATE_TICKS: [f64; 6] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.0];

fn plot(curves: &[Curve], left: f64, title: &str, (low, high): (f64, f64), step: f64) -> String {
    let (width, height, top) = PLOT;
    let x = |rate: f64| left + width * (rate / RATE.0).ln() / (RATE.1 / RATE.0).ln();
    let y = |quality: f64| top + height * (high - quality) / (high - low);
    let mut svg =
        format!("<text x=\"{left}\" y=\"20\" font-weight=\"bold\" fill=\"#23211d\">{title}</text>\n");
    svg += &format!(
        "<clipPath id=\"c{left}\"><rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"/></clipPath>\n"
    );
    for rate in RATE_TICKS {
        let at = x(rate);
        svg += &format!("<path d=\"M{at:.1} {top}v{height}\" stroke=\"#ddd8cd\"/>");
        svg += &format!(
            "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#6d685f\">{rate}</text>\n",
            top + height + 16.0
        );
    }
    let count = ((high - low) / step) as usize;
    for quality in (0..=count).map(|i| low + step * i as f64) {
        let at = y(quality);
        svg += &format!("<path d=\"M{left} {at:.1}h{width}\" stroke=\"#ddd8cd\"/>");
        svg += &format!(
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#6d685f\">{quality}</text>\n",
            left - 6.0,
            at + 4.0
        );
    }
    for curve in curves {
        let points: Vec<String> =
            curve.points.iter().map(|(r, q)| format!("{:.1},{:.1}", x(*r), y(*q))).collect();
        let width = if curve.thick { 3.0 } else { 1.6 };
        svg += &format!(
            "<polyline clip-path=\"url(#c{left})\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\" points=\"{}\"/>\n",
            curve.colour,
            points.join(" ")
        );
    }
    svg + &format!(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"#6d685f\">bits per pixel</text>\n",
        left + width / 2.0,
        top + height + 32.0
    )
}

fn legend(curves: &[Curve]) -> String {
    let mut svg = String::new();
    let (mut x, mut y) = (60.0, 400.0);
    for curve in curves {
        let width = 40.0 + 7.6 * curve.name.len() as f64;
        if x + width > 970.0 {
            (x, y) = (60.0, y + 20.0);
        }
        let weight = if curve.thick { "bold" } else { "normal" };
        svg += &format!("<path d=\"M{x} {y}h20\" stroke=\"{}\" stroke-width=\"3\"/>", curve.colour);
        let (tx, ty) = (x + 26.0, y + 4.0);
        svg += &format!(
            "<text x=\"{tx}\" y=\"{ty}\" font-weight=\"{weight}\" fill=\"#23211d\">{}</text>\n",
            curve.name
        );
        x += width;
    }
    svg
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn result(codec: &str, ours: bool, lossless: bool, bd: f64) -> Value {
        json!({
            "dataset": "kodak", "images": 24, "codec": codec, "ours": ours, "lossless": lossless,
            "summary": [{"bytes": 1234567, "bpp": 0.5, "ratio": 2.5, "encode_mp_per_s": 4.0, "decode_mp_per_s": null,
                "encode_peak_bytes": 8e6, "metrics": {"psnr": 33.0, "ssimulacra2": 60.0}}],
            "bd_rate": [{"anchor": "libjpeg-turbo", "metric": "psnr", "mean_of_images": bd}],
        })
    }

    #[test]
    fn the_smaller_codec_stands_first_and_ours_is_bold() {
        let page =
            tables(&[result("webp", false, false, -30.0), result("wavelet", true, false, -50.04)]);
        let (ours, other) =
            (page.find("| **wavelet** | −50.0 %").unwrap(), page.find("| webp | −30.0 %").unwrap());
        assert!(ours < other);
    }

    #[test]
    fn exact_codecs_are_listed_by_bytes() {
        let page = tables(&[result("lossless", true, true, 0.0)]);
        assert!(page.contains("| **lossless** | 1 234 567 | 2.500 | 4.00 | – |"), "{page}");
    }

    #[test]
    fn libraries_called_through_python_are_named() {
        let mut avif = result("avif", false, false, -40.0);
        assert!(!tables(&[avif.clone()]).contains("Python"));
        avif["command"] = "python3 -c … IN OUT Q".into();
        assert!(tables(&[avif]).contains("Python (avif)"));
    }

    #[test]
    fn digits_are_grouped() {
        assert_eq!([0, 12, 123, 1234, 1_234_567].map(grouped), ["0", "12", "123", "1 234", "1 234 567"]);
    }

    #[test]
    fn picture_needs_lossy_results() {
        assert_eq!(picture(&[result("lossless", true, true, 0.0)]), None);
        let svg = picture(&[result("webp", false, false, 0.0)]).unwrap();
        assert_eq!(svg.matches("<polyline").count(), 2);
    }
}
