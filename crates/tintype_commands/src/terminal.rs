//! Pictures in a terminal: two pixels a character, the upper half block in one colour on another.
//!
//! Where standard output is no terminal nothing is drawn.

use std::io::IsTerminal;
use tintype::{ColourModel, Level, Planes};
use tintype_image::colour::{Sampling, Upsampling, planes_at_depth, planes_at_sampling, rgb_from_ycbcr};

/// The pictures side by side, each under its title, as wide as the terminal allows; ends with a line break.
pub fn side_by_side(pictures: &[(&str, &Planes)]) -> String {
    if !std::io::stdout().is_terminal() || pictures.is_empty() {
        return String::new();
    }
    let (columns, lines) =
        terminal_size::terminal_size().map_or((80, 24), |(w, h)| (w.0 as usize, h.0 as usize));
    let columns_each = (columns / pictures.len()).saturating_sub(1).clamp(8, 100);
    draw(pictures, columns_each, lines.saturating_sub(4).clamp(8, 60))
}

/// One picture as large as the terminal allows; ends with a line break.
pub fn picture(planes: &Planes) -> String {
    let (columns, lines) =
        terminal_size::terminal_size().map_or((80, 24), |(w, h)| (w.0 as usize, h.0 as usize));
    draw(&[("", planes)], columns.saturating_sub(1).max(8), lines.saturating_sub(1).max(4))
}

fn draw(pictures: &[(&str, &Planes)], columns_each: usize, lines_max: usize) -> String {
    let thumbs: Vec<Thumb> =
        pictures.iter().map(|(_, planes)| Thumb::new(planes, columns_each, lines_max * 2)).collect();
    let mut out = String::new();
    if pictures.iter().any(|(title, _)| !title.is_empty()) {
        let titles =
            pictures.iter().zip(&thumbs).map(|((title, _), thumb)| format!("{title:<0$} ", thumb.width));
        out += &(titles.collect::<String>() + "\n");
    }
    let height = thumbs.iter().map(|thumb| thumb.height).max().unwrap_or(0);
    for y in (0..height).step_by(2) {
        for thumb in &thumbs {
            for x in 0..thumb.width {
                out += &match (thumb.pixel(x, y), thumb.pixel(x, y + 1)) {
                    (Some([r, g, b]), Some([s, h, c])) => {
                        format!("\x1b[38;2;{r};{g};{b};48;2;{s};{h};{c}m▀")
                    }
                    (Some([r, g, b]), None) => format!("\x1b[0;38;2;{r};{g};{b}m▀"),
                    _ => "\x1b[0m ".into(),
                };
            }
            out += "\x1b[0m ";
        }
        out.push('\n');
    }
    out
}

/// A small copy of a picture, 8-bit RGB.
struct Thumb {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 3]>,
}

impl Thumb {
    /// Fits into `width_max` × `height_max` and keeps proportions; every pixel is the mean of those it stands for.
    fn new(planes: &Planes, width_max: usize, height_max: usize) -> Self {
        let planes = planes_at_depth(&shown_as_rgb(planes), 8);
        let (full_width, full_height) = (planes.planes[0].width(), planes.planes[0].height());
        let fit =
            (width_max as f64 / full_width as f64).min(height_max as f64 / full_height as f64).min(1.0);
        let side = |full: usize| ((full as f64 * fit).round() as usize).clamp(1, full);
        let (width, height) = (side(full_width), side(full_height));
        let colours = if planes.planes.len() >= 3 { [0, 1, 2] } else { [0, 0, 0] };
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let across = x * full_width / width..((x + 1) * full_width / width);
                let down = y * full_height / height..((y + 1) * full_height / height);
                pixels.push(colours.map(|index| {
                    let plane = &planes.planes[index];
                    let rows = down.clone().map(|row| &plane.row(row)[across.clone()]);
                    let sum: u64 = rows.flatten().map(|sample| u64::from(*sample)).sum();
                    (sum / (across.len() * down.len()).max(1) as u64) as u8
                }));
            }
        }
        Self { width, height, pixels }
    }

    fn pixel(&self, x: usize, y: usize) -> Option<[u8; 3]> {
        (y < self.height).then(|| self.pixels[y * self.width + x])
    }
}

/// The planes as RGB where they can be, else as they are.
fn shown_as_rgb(planes: &Planes) -> Planes {
    if !matches!(planes.shape.colour, ColourModel::YCbCr(_)) {
        return planes.clone();
    }
    let full = planes_at_sampling(planes, Sampling::S444, Upsampling::Triangle);
    full.and_then(|full| rgb_from_ycbcr(&full, Level::new())).unwrap_or_else(|_| planes.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tintype::Shape;

    #[test]
    fn a_thumb_keeps_proportions_and_means() {
        let mut planes = Planes::new(Shape::gray(40, 20, 8));
        for y in 0..20 {
            planes.planes[0].row_mut(y)[20..].fill(200);
        }
        let thumb = Thumb::new(&planes, 10, 100);
        assert_eq!((thumb.width, thumb.height), (10, 5));
        assert_eq!(
            (thumb.pixel(0, 0), thumb.pixel(9, 4), thumb.pixel(0, 5)),
            (Some([0; 3]), Some([200; 3]), None)
        );
    }

    #[test]
    fn odd_heights_end_in_a_half_line() {
        let planes = Planes::new(Shape::gray(3, 3, 8));
        let drawn = draw(&[("t", &planes)], 10, 10);
        assert_eq!(drawn.lines().count(), 3);
        assert_eq!(drawn.matches('▀').count(), 6);
    }
}
