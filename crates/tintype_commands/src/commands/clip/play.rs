//! `tintype play`: a clip in the terminal, two pixels a character.

use super::source::{Origin, origin_of, with_clip};
use crate::args::PlayArgs;
use crate::files::Place;
use crate::{Failure, Outcome, seal, terminal};
use std::fs::File;
use std::io::{BufReader, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};
use tintype::{ClipDecoder, DecodeOptions, Planes};

/// Runs the command.
pub fn run(args: &PlayArgs) -> Outcome {
    if !std::io::stdout().is_terminal() {
        let why =
            "play draws on a terminal, and standard output is none; decode writes y4m for other players";
        return Err(Failure::Usage(why.into()));
    }
    let failed = |error: String| Failure::Work(format!("{}: {error}", args.input.display()));
    let place = Place::File(args.input.clone());
    let keys = seal::keys(&args.keys, &[&place])?;
    let options = seal::with_keys(DecodeOptions::new(), &keys);
    loop {
        play((&place, &args.input), &options, args.speed, &mut std::io::stdout().lock())
            .map_err(failed)?;
        if !args.repeat {
            return Ok(true);
        }
    }
}

/// Draws the clip in a file on `out`.
fn play(
    (place, path): (&Place, &Path),
    options: &DecodeOptions,
    speed: f32,
    out: &mut dyn Write,
) -> Result<(), String> {
    let text = |error: tintype::Error| error.to_string();
    let mut screen = Screen::new(speed, out);
    if super::is_clip(place, options) {
        let file = File::open(path).map(BufReader::new).map_err(|error| error.to_string())?;
        let mut decoder = ClipDecoder::with_options(file, options.clone()).map_err(text)?;
        let rate = decoder.info().frame_rate;
        while let Some(planes) = decoder.next_picture().map_err(text)? {
            screen.show(&planes, decoder.ticks(), rate).map_err(|error| error.to_string())?;
        }
        return Ok(());
    }
    let bytes;
    let origin = match origin_of(path)? {
        Some(origin) => origin,
        None => {
            bytes = std::fs::read(path).map_err(|error| error.to_string())?;
            Origin::Animation(&bytes)
        }
    };
    with_clip(origin, false, |clip| {
        for picture in clip.pictures {
            let (planes, ticks) = picture?;
            screen.show(&planes, ticks, clip.info.frame_rate).map_err(|error| error.to_string())?;
        }
        Ok(())
    })
}

/// What is drawn on.
struct Screen<'a> {
    out: &'a mut dyn Write,
    speed: f32,
    start: Instant,
    /// When the next picture is due, from the start.
    due: Duration,
    /// Lines that the last picture took.
    lines: usize,
}

/// Pictures a second where a clip does not say.
const RATE: (u32, u32) = (25, 1);

impl<'a> Screen<'a> {
    fn new(speed: f32, out: &'a mut dyn Write) -> Self {
        Self { out, speed, start: Instant::now(), due: Duration::ZERO, lines: 0 }
    }

    /// Shows a picture when it is due; one whose time is over already is left out.
    fn show(&mut self, planes: &Planes, ticks: u32, (rate, per): (u32, u32)) -> std::io::Result<()> {
        let (rate, per) = if rate == 0 || per == 0 { RATE } else { (rate, per) };
        let seconds = f64::from(ticks) * f64::from(per) / f64::from(rate) / f64::from(self.speed);
        let begins = self.due;
        self.due += Duration::from_secs_f64(seconds.min(3600.0));
        let now = self.start.elapsed();
        if now > self.due && self.lines > 0 {
            return Ok(());
        }
        let drawn = terminal::picture(planes);
        std::thread::sleep(begins.saturating_sub(self.start.elapsed()));
        if self.lines > 0 {
            write!(self.out, "\x1b[{}A", self.lines)?;
        }
        self.lines = drawn.matches('\n').count();
        self.out.write_all(drawn.as_bytes())?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_replace_each_other_at_their_time() {
        let y4m =
            [&b"YUV4MPEG2 W4 H4 F50:1 Cmono\n"[..], &b"FRAME\n0123456789abcdef".repeat(5)].concat();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clip.y4m");
        std::fs::write(&path, y4m).unwrap();
        let (mut drawn, start) = (Vec::new(), Instant::now());
        play((&Place::File(path.clone()), &path), &DecodeOptions::new(), 0.5, &mut drawn).unwrap();
        assert!(
            start.elapsed() >= Duration::from_millis(160),
            "the fifth begins after four times 40 ms"
        );
        let drawn = String::from_utf8(drawn).unwrap();
        let shown = drawn.matches("\x1b[2A").count() + 1;
        assert!((2..=5).contains(&shown), "{shown} of five pictures, late ones left out");
        let path = Path::new("Cargo.toml");
        let place = Place::File(path.into());
        assert!(play((&place, path), &DecodeOptions::new(), 1.0, &mut Vec::new()).is_err());
    }
}
