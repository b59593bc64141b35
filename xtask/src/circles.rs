//! Import circles between the files of a crate: none is allowed.
//!
//! In: the Rust sources as text. Out: one sentence for each circle, with the names that tie
//! it. File A imports file B where a path of A (in a `use` or in code) ends at an item of B.
//! Re-exports are followed to the file that defines the item; a re-export itself is no import.
//! Paths between a module and its parents do not count, nor do unit tests.
//!
//! The scan reads paths, not types: a method call on a value of another file's type is no import.

use crate::sources::{Token, crate_folders, is_test_file, rust_files, tokens_without_tests};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A module's path from the crate root; the root is empty.
type Module = Vec<String>;

/// Runs the check on every crate of the workspace.
///
/// # Errors
/// All circles.
pub fn step(root: &Path) -> Result<String, String> {
    let mut faults = Vec::new();
    let mut files = 0;
    for folder in crate_folders(root) {
        let name = folder.file_name().map(|name| name.display().to_string()).unwrap_or_default();
        let sources = sources_of(&folder.join("src"));
        files += sources.len();
        for circle in circles(&imports(&sources)) {
            faults.push(format!("circle in {name}: {circle}"));
        }
    }
    if faults.is_empty() {
        return Ok(format!("circles: {files} files, no import circle"));
    }
    faults.push(format!("{} import circles; move the shared item into a file of its own", faults.len()));
    Err(faults.join("\n"))
}

/// One file of a crate.
struct Source {
    /// Path below `src`.
    file: String,
    module: Module,
    text: String,
}

fn sources_of(src: &Path) -> Vec<Source> {
    let mut sources = Vec::new();
    for path in rust_files(src) {
        let Ok(below) = path.strip_prefix(src) else { continue };
        let in_bin = below.starts_with("bin");
        if is_test_file(&path) || in_bin {
            continue;
        }
        let file = below.display().to_string();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        sources.push(Source { module: module_of(&file), file, text });
    }
    sources
}

/// `a/b.rs` is module `a::b`; `a/mod.rs` is `a`; `lib.rs` and `main.rs` are the root.
fn module_of(file: &str) -> Module {
    let mut parts: Module = file.trim_end_matches(".rs").split('/').map(String::from).collect();
    if parts.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

/// What a crate's files say: modules, names brought into each, and paths used in each.
#[derive(Default)]
struct Crate {
    /// File of each module; modules inside a file have that file.
    files: BTreeMap<Module, String>,
    /// Names brought into a module by `use`, and the paths behind them.
    aliases: BTreeMap<Module, BTreeMap<String, Vec<String>>>,
    /// Paths used: the module, the path, whether it is a re-export.
    uses: Vec<(Module, Vec<String>, bool)>,
}

/// Imports between files: (from, to) and the names.
type Imports = BTreeMap<(String, String), BTreeSet<String>>;

fn imports(sources: &[Source]) -> Imports {
    let mut found = Crate::default();
    for source in sources {
        found.files.insert(source.module.clone(), source.file.clone());
    }
    for source in sources {
        read_source(source, &mut found);
    }

    let mut imports = Imports::new();
    for (module, path, is_reexport) in &found.uses {
        let Some((target, name)) = found.resolve(module, path, 0) else { continue };
        let (Some(from), Some(to)) = (found.files.get(module), found.files.get(&target)) else {
            continue;
        };
        // A module uses what its parent defines, and the parent calls its modules: a tree, not
        // a circle.
        let is_family = module.starts_with(&target) || target.starts_with(module);
        if from != to && !is_reexport && !is_family {
            imports.entry((from.clone(), to.clone())).or_default().insert(name);
        }
    }
    imports
}

impl Crate {
    /// The module that defines what `path` means in `module`, and the item's name; `None` for
    /// other crates' items.
    fn resolve(&self, module: &Module, path: &[String], depth: usize) -> Option<(Module, String)> {
        // Re-exports of re-exports are followed this far.
        const DEPTH_MAX: usize = 8;
        let mut at = module.clone();
        let mut rest = path;
        let mut is_relative = true;
        while let Some(first) = rest.first() {
            match first.as_str() {
                "crate" => at.clear(),
                "super" => _ = at.pop(),
                "self" => {}
                _ => break,
            }
            is_relative = false;
            rest = &rest[1..];
        }
        // A relative path starts with a module below or a name brought in; else it is another
        // crate's.
        let first = rest.first()?;
        let child = [at.as_slice(), std::slice::from_ref(first)].concat();
        let alias = self.aliases.get(&at).and_then(|names| names.get(first));
        if is_relative && !self.files.contains_key(&child) && (alias.is_none() || rest.len() < 2) {
            return None;
        }
        while let Some(first) = rest.first() {
            let child = [at.as_slice(), std::slice::from_ref(first)].concat();
            if self.files.contains_key(&child) {
                at = child;
                rest = &rest[1..];
                continue;
            }
            let alias = self.aliases.get(&at).and_then(|names| names.get(first));
            if let Some(alias) = alias.filter(|_| depth < DEPTH_MAX) {
                let whole = [alias.as_slice(), &rest[1..]].concat();
                return self.resolve(&at, &whole, depth + 1);
            }
            return Some((at, first.clone()));
        }
        let name = at.last().cloned().unwrap_or_else(|| "crate".into());
        Some((at, name))
    }
}

fn read_source(source: &Source, found: &mut Crate) {
    let tokens: Vec<Token> =
        tokens_without_tests(&source.text).into_iter().map(|(_, token)| token).collect();
    // Modules inside the file: path and the depth of braces at which each ends.
    let mut open: Vec<(String, usize)> = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    let mut is_public = false;

    while at < tokens.len() {
        let inside = open.iter().map(|(name, _)| name.clone());
        let module: Module = source.module.iter().cloned().chain(inside).collect();
        match &tokens[at] {
            Token::Word(word) if word == "pub" => {
                is_public = true;
                at += 1;
                if tokens.get(at) == Some(&Token::Mark('(')) {
                    at += tokens[at..].iter().position(|t| *t == Token::Mark(')')).unwrap_or(0) + 1;
                }
                continue;
            }
            Token::Word(word) if word == "mod" => {
                if let (Some(Token::Word(name)), Some(Token::Mark('{'))) =
                    (tokens.get(at + 1), tokens.get(at + 2))
                {
                    open.push((name.clone(), depth));
                    depth += 1;
                    let inner: Module = module.iter().cloned().chain([name.clone()]).collect();
                    found.files.insert(inner, source.file.clone());
                    at += 2;
                }
            }
            Token::Word(word) if word == "use" => {
                let end = tokens[at..].iter().position(|token| *token == Token::Mark(';'));
                let end = at + end.unwrap_or(tokens.len() - at - 1);
                for (path, name) in use_tree(&tokens[at + 1..end]) {
                    let aliases = found.aliases.entry(module.clone()).or_default();
                    aliases.insert(name, path.clone());
                    found.uses.push((module.clone(), path, is_public));
                }
                at = end;
            }
            Token::Word(_) => {
                let path = path_at(&tokens[at..]);
                let continues = at > 0 && tokens[at - 1] == Token::Path;
                if path.len() > 1 && !continues {
                    at += 2 * path.len() - 2;
                    found.uses.push((module.clone(), path, false));
                }
            }
            Token::Mark('{') => depth += 1,
            Token::Mark('}') => {
                depth = depth.saturating_sub(1);
                if open.last().is_some_and(|(_, start)| *start == depth) {
                    open.pop();
                }
            }
            _ => {}
        }
        is_public = false;
        at += 1;
    }
}

/// The words of a path that starts at the first token.
fn path_at(tokens: &[Token]) -> Vec<String> {
    let mut path = Vec::new();
    for pair in tokens.chunks(2) {
        let Some(Token::Word(word)) = pair.first() else { break };
        path.push(word.clone());
        if pair.get(1) != Some(&Token::Path) {
            break;
        }
    }
    path
}

/// Paths and the names they bring in, of a `use` without the keyword and the semicolon.
fn use_tree(tokens: &[Token]) -> Vec<(Vec<String>, String)> {
    let mut path = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            Token::Word(word) if word == "as" => {
                if let Some(Token::Word(name)) = tokens.get(at + 1) {
                    return vec![(path, name.clone())];
                }
                return Vec::new();
            }
            Token::Word(word) => path.push(word.clone()),
            Token::Mark('{') => {
                let inner = &tokens[at + 1..tokens.len().saturating_sub(1).max(at + 1)];
                let mut found = Vec::new();
                for part in split_at_commas(inner) {
                    for (rest, name) in use_tree(part) {
                        let mut whole: Vec<String> = [path.clone(), rest].concat();
                        let is_self = name == "self";
                        if is_self {
                            whole.pop();
                        }
                        let name = whole.last().filter(|_| is_self).cloned().unwrap_or(name);
                        found.push((whole, name));
                    }
                }
                return found;
            }
            Token::Mark('*') => return vec![(path, "*".into())],
            _ => {}
        }
        at += 1;
    }
    let name = path.last().cloned().unwrap_or_default();
    if name.is_empty() { Vec::new() } else { vec![(path, name)] }
}

fn split_at_commas(tokens: &[Token]) -> Vec<&[Token]> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (index, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark('{') => depth += 1,
            Token::Mark('}') => depth -= 1,
            Token::Mark(',') if depth == 0 => {
                parts.push(&tokens[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[start..]);
    parts
}

/// Files that reach each other, a sentence a group.
fn circles(imports: &Imports) -> Vec<String> {
    let files: BTreeSet<&String> = imports.keys().flat_map(|(from, to)| [from, to]).collect();
    let reach: BTreeMap<&String, BTreeSet<&String>> =
        files.iter().map(|file| (*file, reached_from(file, imports))).collect();

    let mut done: BTreeSet<&String> = BTreeSet::new();
    let mut sentences = Vec::new();
    for file in &files {
        if done.contains(*file) || !reach[*file].contains(*file) {
            continue;
        }
        let group: BTreeSet<&String> =
            reach[*file].iter().copied().filter(|other| reach[*other].contains(*file)).collect();
        let ties = imports.iter().filter(|((from, to), _)| group.contains(from) && group.contains(to));
        let ties: Vec<String> = ties
            .map(|((from, to), names)| {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                format!("{from} -> {to} ({})", names.join(", "))
            })
            .collect();
        sentences.push(ties.join("; "));
        done.extend(group);
    }
    sentences
}

fn reached_from<'a>(file: &String, imports: &'a Imports) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut open = vec![file];
    while let Some(at) = open.pop() {
        for (_, to) in imports.keys().filter(|(from, _)| from == at) {
            if reached.insert(to) {
                open.push(to);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let source = |(file, text): &(&str, &str)| Source {
            file: (*file).into(),
            module: module_of(file),
            text: (*text).into(),
        };
        let sources: Vec<Source> = files.iter().map(source).collect();
        circles(&imports(&sources))
    }

    #[test]
    fn two_files_that_import_each_other_are_a_circle() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b::{self, B}; pub struct A;"),
            ("b.rs", "fn f(a: super::a::A) {} pub struct B;"),
        ];
        assert_eq!(found(&files), ["a.rs -> b.rs (B, b); b.rs -> a.rs (A)"]);
    }

    #[test]
    fn re_exports_are_followed_to_the_definition() {
        let files = [
            ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
            ("a.rs", "use crate::B; pub struct A;"),
            ("b.rs", "use crate::A; pub struct B;"),
        ];
        assert_eq!(found(&files).len(), 1);
        let tree = [files[0], files[1], ("b.rs", "pub struct B;")];
        assert!(found(&tree).is_empty());
    }

    #[test]
    fn a_module_and_its_parent_form_no_circle() {
        let files =
            [("lib.rs", "mod a; use a::A; const N: u8 = 1;"), ("a.rs", "pub struct A([u8; crate::N]);")];
        assert!(found(&files).is_empty());
    }

    #[test]
    fn tests_comments_and_other_crates_are_no_imports() {
        let files = [
            (
                "a.rs",
                "use std::fmt; /// [`crate::b::B`]\npub struct A; #[cfg(test)] mod tests { use crate::b::B; }",
            ),
            ("b.rs", "use crate::a::A; pub struct B;"),
        ];
        assert!(found(&files).is_empty());
    }

    #[test]
    fn longer_circles_are_found() {
        let files = [
            ("a/mod.rs", "mod b; pub use b::Y;"),
            ("a/b.rs", "use crate::c::C; pub struct Y;"),
            ("c.rs", "use crate::d; pub struct C;"),
            ("d.rs", "use crate::a::Y;"),
        ];
        assert_eq!(found(&files).len(), 1);
    }
}
