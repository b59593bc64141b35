//! The Rust sources of the workspace as text without comments, strings and unit tests.

use std::path::{Path, PathBuf};

/// Every Rust file below `folder`, sorted, `target` folders apart.
pub fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(folder, &mut files);
    files.sort();
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                collect(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Folders of the workspace's crates, sorted.
pub fn crate_folders(root: &Path) -> Vec<PathBuf> {
    let mut folders = vec![root.join("xtask")];
    for parent in ["crates", "crates/codecs"] {
        for entry in std::fs::read_dir(root.join(parent)).into_iter().flatten().flatten() {
            if entry.path().join("Cargo.toml").exists() {
                folders.push(entry.path());
            }
        }
    }
    folders.sort();
    folders
}

/// Whether a file holds tests only: `tests.rs`, or anything in a folder `tests`, `benches` or
/// `contract`.
pub fn is_test_file(path: &Path) -> bool {
    let in_folder = |name: &str| path.iter().any(|part| part == name);
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name == "tests.rs" || name.ends_with("_tests.rs") || in_folder("tests") || in_folder("benches")
}

/// One token of Rust source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A name or keyword.
    Word(String),
    /// The content of a string literal.
    Text(String),
    /// `::`.
    Path,
    /// Any other character that is not white space.
    Mark(char),
}

/// The tokens of `source` with their line numbers (from 1). Comments, numbers and character
/// literals are left out.
pub fn tokens(source: &str) -> Vec<(usize, Token)> {
    let chars: Vec<char> = source.chars().collect();
    let mut out = Vec::new();
    let (mut at, mut line) = (0, 1);

    while at < chars.len() {
        let start = at;
        let next = chars.get(at + 1).copied().unwrap_or(' ');
        match chars[at] {
            '/' if next == '/' => at = skip_line(&chars, at),
            '/' if next == '*' => at = skip_block_comment(&chars, at),
            '"' => {
                at = end_of_string(&chars, at + 1);
                let text = chars[start + 1..at.saturating_sub(1).max(start + 1)].iter().collect();
                out.push((line, Token::Text(text)));
            }
            'r' | 'b' if raw_string_end(&chars, at).is_some() => {
                at = raw_string_end(&chars, at).unwrap_or(at + 1);
            }
            '\'' => at = skip_quote(&chars, at),
            c if c.is_ascii_digit() => {
                while at < chars.len() && is_word(chars[at]) {
                    at += 1;
                }
            }
            c if is_word(c) => {
                while at < chars.len() && is_word(chars[at]) {
                    at += 1;
                }
                out.push((line, Token::Word(chars[start..at].iter().collect())));
            }
            ':' if next == ':' => {
                at += 2;
                out.push((line, Token::Path));
            }
            c => {
                at += 1;
                if !c.is_whitespace() {
                    out.push((line, Token::Mark(c)));
                }
            }
        }
        line += chars[start..at.min(chars.len())].iter().filter(|c| **c == '\n').count();
    }
    out
}

/// The same without what stands under `#[cfg(test)]`.
pub fn tokens_without_tests(source: &str) -> Vec<(usize, Token)> {
    let all = tokens(source);
    let mut out = Vec::with_capacity(all.len());
    let mut at = 0;
    while at < all.len() {
        if is_test_attribute(&all[at..]) {
            at = end_of_item(&all, at);
        } else {
            out.push(all[at].clone());
            at += 1;
        }
    }
    out
}

/// Whether `#[cfg(test)]`, or a `cfg(any(test, …))`, starts here.
fn is_test_attribute(tokens: &[(usize, Token)]) -> bool {
    let word = |index: usize, text: &str| matches!(tokens.get(index), Some((_, Token::Word(word))) if word == text);
    let starts = matches!(tokens.first(), Some((_, Token::Mark('#')))) && word(2, "cfg");
    starts && (word(4, "test") || (word(4, "any") && word(6, "test")))
}

/// The token after the item that starts at `at`: after its block, or its semicolon.
fn end_of_item(tokens: &[(usize, Token)], at: usize) -> usize {
    let mut depth = 0;
    for (index, (_, token)) in tokens.iter().enumerate().skip(at) {
        match token {
            Token::Mark('{' | '(' | '[') => depth += 1,
            Token::Mark(')' | ']') => depth -= 1,
            Token::Mark('}') => {
                depth -= 1;
                if depth == 0 {
                    return index + 1;
                }
            }
            Token::Mark(';') if depth == 0 => return index + 1,
            _ => {}
        }
    }
    tokens.len()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn skip_line(chars: &[char], at: usize) -> usize {
    chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |len| at + len)
}

fn skip_block_comment(chars: &[char], at: usize) -> usize {
    let (mut at, mut depth) = (at + 2, 1);
    while at < chars.len() && depth > 0 {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (at, depth) = (at + 2, depth + 1),
            ('*', Some('/')) => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
    }
    at
}

/// The place after the closing quote of a string whose content starts at `at`.
fn end_of_string(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// The place after a raw string, if one starts at `at`.
fn raw_string_end(chars: &[char], at: usize) -> Option<usize> {
    let mut from = at + usize::from(chars[at] == 'b');
    if chars.get(from) != Some(&'r') || (at > 0 && is_word(chars[at - 1])) {
        return None;
    }
    from += 1;
    let hashes = chars[from..].iter().take_while(|c| **c == '#').count();
    if chars.get(from + hashes) != Some(&'"') {
        return None;
    }
    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let inside = from + hashes + 1;
    let len = chars[inside..].windows(close.len()).position(|window| window == close)?;
    Some(inside + len + close.len())
}

/// The place after a character literal or a lifetime.
fn skip_quote(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => {
            let rest = chars.get(at + 3..).unwrap_or_default();
            rest.iter().position(|c| *c == '\'').map_or(chars.len(), |len| at + 4 + len)
        }
        (Some(_), Some('\'')) => at + 3,
        _ => at + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<String> {
        let words = tokens_without_tests(source).into_iter().filter_map(|(_, token)| match token {
            Token::Word(word) => Some(word),
            _ => None,
        });
        words.collect()
    }

    #[test]
    fn comments_strings_and_characters_are_left_out() {
        assert_eq!(
            words("a // b\n/* c /* d */ e */ 'f' '\\'' \"g \\\" h\" r#\"i\"# <'j> k1 2l"),
            ["a", "j", "k1"]
        );
    }

    #[test]
    fn unit_tests_are_left_out() {
        let source =
            "fn a() {} #[cfg(test)] mod tests { fn b() { {} } } #[cfg(test)] mod tests; fn c() {}";
        assert_eq!(words(source), ["fn", "a", "fn", "c"]);
    }

    #[test]
    fn lines_are_counted() {
        let lines: Vec<usize> = tokens("a\n\"x\ny\"\nb").into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [1, 2, 4]);
    }
}
