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

/// Says on standard error what went wrong.
pub fn complain(message: &str) {
    let word = paint(Ink::Red, "error:", std::io::stderr().is_terminal());
    // Standard error may be closed; there is nowhere left to say so.
    let _ =
        std::io::Write::write_all(&mut std::io::stderr(), format!("{word} {message}\n").as_bytes());
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

#[cfg(test)]
mod tests {
    #[test]
    fn digits_stand_in_threes() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(super::grouped),
            ["0", "999", "1 000", "1 234 567"]
        );
    }
}
