//! A run as one HTML file: curves, reconstructions, latent maps, and what each latent channel
//! contributes.
//!
//! In: a run's folder and held-out pictures. Out: text of a file that needs nothing beside it.
//! Pictures are PNG in base64, curves SVG.

use super::data::PictureSet;
use super::model::{Model, Pass, Tensors, Weights};
use super::{Checkpoint, Failure};
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;
use tch::{Kind, Tensor};
use tintype_image::io::{PictureFormat, write_picture};
use tintype_image::{Metadata, Picture, Planes, Shape};

/// Latent channels shown as maps, and taken away one by one.
const MAPS: usize = 16;
const ABLATED: i64 = 48;
/// Pictures that are ablated: side of the crop in their middle.
const CROP_PX: i64 = 256;

/// Writes the report of the run in `folder`.
///
/// # Errors
/// If the run has no checkpoint or its log cannot be read.
pub fn write_report(folder: &Path, held_out: &PictureSet) -> Result<String, Failure> {
    let (state, tensors) = Checkpoint::new(folder).read_mean()?;
    let model = Model::new(&state.recipe);
    let log = std::fs::read_to_string(folder.join("log.jsonl"))?;
    let lines: Vec<Value> = log.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let mut out = format!(
        "<!doctype html><meta charset=utf-8><title>{name}</title><style>body{{font:15px sans-serif;max-width:70em;\
         margin:2em auto}}svg{{background:#f6f6f6}}table{{border-collapse:collapse}}td,th{{padding:.2em .7em;text-align:right}}\
         img{{image-rendering:pixelated;margin:2px}}</style><h1>{name}</h1><p>{} steps, {:.1} hours of training.</p>",
        state.step,
        state.seconds / 3600.0,
        name = state.recipe.name
    );
    for (title, key, of) in
        [("Loss", "loss", "step"), ("Bits a pixel", "bpp", "step"), ("Squared error", "mse", "step")]
    {
        let _ = write!(out, "<h2>{title}</h2>{}", curve(&points(&lines, of, key), true));
    }
    let scores = points(&lines, "validation", "bd_rate");
    if !scores.is_empty() {
        let _ =
            write!(out, "<h2>Validation: BD-rate against the anchor, %</h2>{}", curve(&scores, false));
    }
    pictures(&mut out, &model, &tensors, held_out, state.recipe.rate.anchors)?;
    let _ = write!(out, "<h2>Recipe</h2><pre>{}</pre>", serde_json::to_string_pretty(&state.recipe)?);
    Ok(out)
}

fn points(lines: &[Value], x: &str, y: &str) -> Vec<(f64, f64)> {
    lines.iter().filter_map(|line| Some((line[x].as_f64()?, line[y].as_f64()?))).collect()
}

/// A curve, of means of up to 300 stretches where it is noisy.
fn curve(points: &[(f64, f64)], smooth: bool) -> String {
    let columns = if smooth { 300.min(points.len()) } else { points.len() };
    let mean = |i: usize| {
        let part = &points[i * points.len() / columns..(i + 1) * points.len() / columns];
        let sum = part.iter().fold((0.0, 0.0), |s, p| (s.0 + p.0, s.1 + p.1));
        (sum.0 / part.len() as f64, sum.1 / part.len() as f64)
    };
    let means: Vec<(f64, f64)> = (0..columns).map(mean).collect();
    let Some(last) = means.last() else { return "<p>nothing yet</p>".into() };
    let least = means.iter().fold(f64::INFINITY, |m, p| m.min(p.1));
    let most = means.iter().fold(f64::NEG_INFINITY, |m, p| m.max(p.1));
    let at = |p: &(f64, f64)| {
        let down = 1.0 - (p.1 - least) / (most - least).max(1e-12);
        format!("{:.1},{:.1}", 60.0 + 720.0 * p.0 / last.0.max(1.0), 10.0 + 180.0 * down)
    };
    let line: Vec<String> = means.iter().map(at).collect();
    format!(
        "<svg width=800 height=220><polyline fill=none stroke=#05a stroke-width=1.5 points='{}'/><text x=2 y=18>{most:.4}</text>\
         <text x=2 y=195>{least:.4}</text><text x=700 y=212>step {:.0}</text></svg>",
        line.join(" "),
        last.0
    )
}

fn pictures(
    out: &mut String,
    model: &Model,
    tensors: &Tensors,
    held_out: &PictureSet,
    anchors: i64,
) -> Result<(), Failure> {
    let weights = Weights::new(tensors);
    let picture = held_out.pictures.first().ok_or("no held-out picture")?;
    let whole = picture.tensor(64);
    let crop = |size: i64| (CROP_PX.min(size), (size - CROP_PX.min(size)) / 2);
    let ((h, top), (w, left)) = (crop(whole.size()[1]), crop(whole.size()[2]));
    let samples = whole.narrow(1, top, h).narrow(2, left, w).contiguous();
    let _ = write!(out, "<h2>Reconstructions of {}</h2><p>{}", picture.name, image(&samples)?);
    for part in [0.1, 0.5, 0.9] {
        let quality = Tensor::from_slice(&[(part * (anchors - 1) as f64) as f32]);
        let made = tch::no_grad(|| model.pass(&weights, &samples, &quality, Pass::Measure));
        let bits = (&made.latent_bits + &made.hyper_bits).double_value(&[0]) / (h * w) as f64;
        let _ = write!(
            out,
            "{} {bits:.2} bpp, {:.1} dB",
            image(&made.samples)?,
            psnr(&made.samples, &samples)
        );
    }
    let _ = write!(out, "</p><h2>Latents</h2><p>Each channel over its spread, grey is zero:<br>");
    let latents = tch::no_grad(|| model.latents(&weights, &samples));
    for channel in 0..MAPS.min(latents.size()[3] as usize) {
        let map = latents.narrow(3, channel as i64, 1) * 40.0 + 127.5;
        let large = map.repeat_interleave_self_int(4, 1, None::<i64>).repeat_interleave_self_int(
            4,
            2,
            None::<i64>,
        );
        out.push_str(&image(&large.repeat([1, 1, 1, 3]))?);
    }
    let _ = write!(
        out,
        "</p><h2>What a channel contributes</h2><p>The channel is set to its mean prediction (its residual is not sent), middle \
         quality, same crop; the {ABLATED} first channels, by loss of PSNR.</p><table><tr><th>channel<th>bits saved, %<th>PSNR lost, dB</tr>"
    );
    let quality = Tensor::from_slice(&[0.5 * (anchors - 1) as f32]);
    let with = |without: Option<i64>| {
        let made = tch::no_grad(|| model.pass_without(&weights, &samples, &quality, without));
        (
            made.latent_bits.double_value(&[0]) + made.hyper_bits.double_value(&[0]),
            psnr(&made.samples, &samples),
        )
    };
    let base = with(None);
    let mut rows: Vec<(i64, f64, f64)> = (0..ABLATED.min(latents.size()[3]))
        .map(|channel| {
            let own = with(Some(channel));
            (channel, 100.0 * (1.0 - own.0 / base.0), base.1 - own.1)
        })
        .collect();
    rows.sort_by(|a, b| b.2.total_cmp(&a.2));
    for (channel, bits, lost) in rows {
        let _ = write!(out, "<tr><td>{channel}<td>{bits:.2}<td>{lost:.3}</tr>");
    }
    out.push_str("</table>");
    Ok(())
}

fn psnr(made: &Tensor, truth: &Tensor) -> f64 {
    let mse = (made.round().clamp(0.0, 255.0) - truth).square().mean(Kind::Double).double_value(&[]);
    10.0 * (255.0 * 255.0 / mse.max(1e-10)).log10()
}

/// The first of samples `[N, H, W, 3]` as an image element.
fn image(samples: &Tensor) -> Result<String, Failure> {
    let (_, height, width, _) = samples.size4()?;
    let flat =
        samples.narrow(0, 0, 1).round().clamp(0.0, 255.0).to_kind(Kind::Uint8).contiguous().view([-1]);
    let values = Vec::<u8>::try_from(flat)?;
    let (width, height) = (width as usize, height as usize);
    let mut planes = Planes::new(Shape::rgb(width, height, 8));
    for (c, plane) in planes.planes.iter_mut().enumerate() {
        for y in 0..height {
            let row = &values[y * width * 3..][..width * 3];
            plane
                .row_mut(y)
                .iter_mut()
                .zip(row.chunks_exact(3))
                .for_each(|(out, rgb)| *out = rgb[c].into());
        }
    }
    let png = write_picture(PictureFormat::Png, &Picture { planes, metadata: Metadata::default() })?;
    Ok(format!("<img src='data:image/png;base64,{}'>", base64(&png)))
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for part in bytes.chunks(3) {
        let word = part.iter().fold(0u32, |w, &b| (w << 8) | u32::from(b)) << (8 * (3 - part.len()));
        for i in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * i)) as usize & 63];
            out.push(if i > part.len() { '=' } else { char::from(letter) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_is_that_of_the_standard() {
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(super::base64(plain.as_bytes()), coded);
        }
    }
}
