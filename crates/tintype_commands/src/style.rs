//! Colour where a person reads, plain text where a program does.

use std::io::IsTerminal;

/// What to stress.
#[derive(Clone, Copy, Debug)]
pub enum Ink {
    /// Names.
    Bold,
    /// The number that matters.
    Green,
    /// Beside the point.
    Dim,
    /// Trouble.
    Red,
}

/// `text` in colour if `terminal` and the user has not switched colours off (NO_COLOR).
pub fn paint(ink: Ink, text: &str, terminal: bool) -> String {
    if !terminal || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return text.into();
    }
    let code = match ink {
        Ink::Bold => 1,
        Ink::Green => 32,
        Ink::Dim => 2,
        Ink::Red => 31,
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// Says on standard error what the user should know although nothing failed.
pub fn note(message: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{message}\n").as_bytes());
}

/// Says on standard error what went wrong.
pub fn complain(message: &str) {
    let word = paint(Ink::Red, "error:", std::io::stderr().is_terminal());
    // Standard error may be closed; there is nowhere left to say so.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{word} {message}\n").as_bytes());
}

/// `number` with thin groups of three digits: 12 345 678.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// A size of a file in the unit that suits it, with three digits: 812 bytes, 53.1 kB, 4.02 MB.
pub fn size_text(bytes: u64) -> String {
    let scaled = bytes as f64;
    let (value, unit) = match bytes {
        1 => return "1 byte".into(),
        0..1_000 => return format!("{bytes} bytes"),
        1_000..999_500 => (scaled / 1e3, "kB"),
        999_500..999_500_000 => (scaled / 1e6, "MB"),
        _ => (scaled / 1e9, "GB"),
    };
    let digits = if value < 9.995 {
        2
    } else if value < 99.95 {
        1
    } else {
        0
    };
    format!("{value:.digits$} {unit}")
}

/// How many times smaller, or larger, a file became.
pub fn ratio_text(before: u64, after: u64) -> String {
    let (before, after) = (before.max(1) as f64, after.max(1) as f64);
    let ratio = before / after;
    if (0.995..1.005).contains(&ratio) {
        "the same size".into()
    } else if ratio > 1.0 {
        format!("{} times smaller", times_text(ratio))
    } else {
        format!("{} times larger", times_text(1.0 / ratio))
    }
}

/// A ratio of 1 or more: two decimals where it is small, one below a hundred.
pub fn times_text(ratio: f64) -> String {
    let digits = if ratio < 1.995 {
        2
    } else if ratio < 99.95 {
        1
    } else {
        0
    };
    format!("{ratio:.digits$}")
}

/// How long something took: 85 ms, 1.3 s.
pub fn time_text(ms: f64) -> String {
    if ms < 999.5 { format!("{ms:.0} ms") } else { format!("{:.1} s", ms / 1000.0) }
}

/// `1 tile`, `12 tiles`.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_have_units_and_three_digits() {
        let texts = [0, 812, 1_000, 53_123, 999_499, 999_500, 4_020_000, 12_345_678, 2_000_000_000];
        assert_eq!(
            texts.map(super::size_text),
            [
                "0 bytes",
                "812 bytes",
                "1.00 kB",
                "53.1 kB",
                "999 kB",
                "1.00 MB",
                "4.02 MB",
                "12.3 MB",
                "2.00 GB"
            ]
        );
    }

    #[test]
    fn ratios_compare_the_files() {
        assert_eq!(super::ratio_text(668_741, 53_123), "12.6 times smaller");
        assert_eq!(super::ratio_text(100, 123), "1.23 times larger");
        assert_eq!(super::ratio_text(1000, 1001), "the same size");
        assert_eq!(super::ratio_text(0, 0), "the same size");
    }

    #[test]
    fn digits_stand_in_threes() {
        assert_eq!([0, 999, 1000, 1_234_567].map(super::grouped), ["0", "999", "1 000", "1 234 567"]);
    }
}
