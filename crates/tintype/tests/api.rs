//! docs/api/tintype.txt lists the public items of this crate, so that a change of them is seen.
//!
//! The list is made from the sources that rustfmt has formatted: the items that lib.rs
//! exports, with their public fields, variants and methods. `API=write cargo test -p tintype
//! --test api` writes it anew. A second test finds items without an example.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api/tintype.txt");

/// One public item as its source has it.
#[derive(Clone)]
struct Item {
    name: String,
    /// The type that a method belongs to.
    owner: Option<String>,
    /// The declaration, and the public fields or variants beneath it.
    text: Vec<String>,
    has_example: bool,
}

/// Where the sources of a crate lie, by the first word of a path in lib.rs.
fn sources_of(first: &str) -> Vec<PathBuf> {
    let folder = match first {
        name if !name.starts_with("tintype_") => format!("{ROOT}/src"),
        name if Path::new(&format!("{ROOT}/../codecs/{name}")).exists() => {
            format!("{ROOT}/../codecs/{name}/src")
        }
        name => format!("{ROOT}/../{name}/src"),
    };
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The first word of each export of `text`, and the names it exports.
fn exports(text: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for statement in text.split("\npub use ").skip(1) {
        let statement = statement.split(';').next().unwrap_or_default();
        let first = match statement.split("::").collect::<Vec<_>>()[..] {
            // The registry hands out what codecs' crates have.
            ["registry", "jpeg_files", ..] => "tintype_jpeg".to_string(),
            ["registry", "within_error"] => "tintype_planes".to_string(),
            [first, ..] => first.to_string(),
            [] => String::new(),
        };
        let names = match statement.split_once('{') {
            Some((_, names)) => names.trim_end_matches([' ', '\n', '}']).to_string(),
            None => statement.rsplit("::").next().unwrap_or_default().to_string(),
        };
        let names = names.split(',').map(|name| name.trim().to_string());
        found.push((first, names.filter(|name| !name.is_empty()).collect()));
    }
    found
}

/// The name that a declaration declares; `None` for what is not public.
fn declared(line: &str) -> Option<String> {
    let rest = line.strip_prefix("pub ")?;
    let rest = rest.strip_prefix("const fn ").map_or(rest.to_string(), |r| format!("fn {r}"));
    let (kind, rest) = rest.split_once(' ')?;
    let known = ["fn", "struct", "enum", "trait", "const", "type", "static"];
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    known.contains(&kind).then(|| rest[..end].to_string())
}

/// The enum that a line of `tintype_error::errors!` declares, with the variants that the macro
/// gives it.
fn error_enum(line: &str, has_example: bool) -> Option<Item> {
    let (name, rest) = line.strip_prefix("pub enum ")?.split_once(" of ")?;
    let what = rest.split_once("text ")?.1.split(", and ").next()?;
    let mut text = vec![format!("pub enum {name}")];
    text.extend([
        "    Truncated { needed: usize }".to_string(),
        format!("    Malformed {{ what: {what}, at: Option<usize> }}"),
        format!("    Unsupported {{ what: {what} }}"),
        "    Limit { what: &'static str, max: u64 }".to_string(),
        format!("    Mismatch {{ what: {what} }}"),
        format!("    Misuse {{ what: {what} }}"),
    ]);
    text.extend(rest.split_once(", and ").map(|(_, under)| format!("    {under}")));
    Some(Item { name: name.to_string(), owner: None, text, has_example })
}

/// The public items of one source file, tests left out.
fn items(source: &str) -> Vec<Item> {
    let lines: Vec<&str> = source.lines().collect();
    let mut items: Vec<Item> = Vec::new();
    let (mut owner, mut documented) = (None, false);
    let mut at = 0;
    while at < lines.len() {
        let (line, trimmed) = (lines[at], lines[at].trim_start());
        at += 1;
        if line == "#[cfg(test)]" && lines.get(at).is_some_and(|next| next.ends_with('{')) {
            break;
        }
        if let Some(rest) = line.strip_prefix("impl")
            && !rest.contains(" for ")
        {
            let rest =
                if rest.starts_with('<') { rest.split_once("> ").map_or("", |r| r.1) } else { rest };
            let name = rest.trim().split(['<', ' ']).next().unwrap_or_default();
            owner = Some(name.to_string());
        } else if line == "}" {
            owner = None;
        }
        if trimmed.starts_with("//") || trimmed.starts_with("#[") || trimmed.starts_with(')') {
            documented |= trimmed.contains("```");
            continue;
        }
        if let Some(error) = error_enum(trimmed, documented) {
            items.push(error);
            documented = false;
            continue;
        }
        let of_macro = owner.is_some() && trimmed.contains("!(") && line.starts_with("    doors");
        let top = !line.starts_with(' ');
        let name = match declared(trimmed) {
            Some(name) if top || owner.is_some() => name,
            None if of_macro || line.starts_with("ids! {") => String::new(),
            _ => {
                documented = false;
                continue;
            }
        };
        let mut text = vec![trimmed.to_string()];
        while !text.concat().ends_with(['{', ';', '}']) && at < lines.len() {
            text.push(lines[at].trim().to_string());
            at += 1;
        }
        let mut text = vec![text.join(" ").trim_end_matches([' ', '{', ';']).to_string()];
        if top && (declared(line).is_some() || name.is_empty()) && !line.contains("fn ") {
            let body = !lines[at - 1].ends_with([';', '}']);
            while body && at < lines.len() && lines[at] != "}" {
                let member = lines[at].trim();
                let enum_like = line.starts_with("pub enum") || name.is_empty();
                let hidden = member.starts_with("//") || member.starts_with('#') || member.is_empty();
                if !hidden && (enum_like || member.starts_with("pub ") && !member.starts_with("pub(")) {
                    text.push(format!("    {}", member.trim_end_matches([',', ';'])));
                }
                at += 1;
            }
        }
        let has_example = documented || name.is_empty();
        items.push(Item { name, owner: owner.clone().filter(|_| !top), text, has_example });
        documented = false;
    }
    items
}

/// Every exported item with its methods: module, item, whether the item is of this crate.
fn public_items() -> Vec<(String, Item, bool)> {
    let read = |path: &str| std::fs::read_to_string(format!("{ROOT}/src/{path}")).unwrap();
    let mut found = Vec::new();
    for (module, text) in [("", read("lib.rs")), ("files::", read("files/mod.rs"))] {
        for (first, names) in exports(&text) {
            let before = found.len();
            for path in sources_of(&first) {
                for item in items(&std::fs::read_to_string(path).unwrap()) {
                    let of = item.owner.as_ref().unwrap_or(&item.name);
                    if names.contains(of) && !item.text[0].contains("macro") {
                        found.push((module.to_string(), item, !first.starts_with("tintype_")));
                    }
                }
            }
            // What a crate below exports from a crate that is not ours.
            for name in names {
                if !found[before..].iter().any(|(_, item, _)| item.name == name) {
                    let text = vec![format!("pub use {first}::{name}")];
                    let item = Item { name, owner: None, text, has_example: true };
                    found.push((module.to_string(), item, false));
                }
            }
        }
    }
    for item in items(&read("registry/ids.rs")) {
        found.push(("codec::".to_string(), item, true));
    }
    found
}

#[test]
fn the_list_of_public_items_is_up_to_date() {
    let mut lines = BTreeSet::new();
    for (module, item, _) in public_items() {
        let owner = item.owner.as_ref().map_or(String::new(), |owner| format!("{owner}: "));
        lines.insert(format!("{module}{owner}{}", item.text.join("\n")));
    }
    let mut text = String::from(
        "Public items of crate tintype. Made by: API=write cargo test -p tintype --test api\n\n",
    );
    for line in lines {
        writeln!(text, "{line}").unwrap();
    }
    if std::env::var_os("API").is_some_and(|value| value == "write") {
        std::fs::create_dir_all(Path::new(FILE).parent().unwrap()).unwrap();
        std::fs::write(FILE, &text).unwrap();
    }
    let expected = std::fs::read_to_string(FILE).unwrap_or_default();
    let hint = "the public items changed: run `API=write cargo test -p tintype --test api`";
    assert!(text == expected, "{hint}");
}

#[test]
fn every_public_item_has_an_example() {
    let mut lacking = Vec::new();
    for (module, item, own) in public_items() {
        // Methods of types from other crates are shown by their type's example.
        if !item.has_example && (own || item.owner.is_none()) {
            let owner = item.owner.map_or(String::new(), |owner| format!("{owner}::"));
            lacking.push(format!("{module}{owner}{}", item.name));
        }
    }
    assert!(lacking.is_empty(), "no example: {}", lacking.join(", "));
}
