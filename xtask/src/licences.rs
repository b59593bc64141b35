//! Licences, bans and sources of every crate we depend on, in every feature and on every
//! platform.
//!
//! In: `cargo metadata --all-features` and deny.toml, the file that cargo-deny reads too. Out:
//! one sentence for each crate that breaks a rule. cargo-deny runs in addition where it is
//! installed; this check needs nothing.

use crate::{shell, spdx};
use serde_json::Value;
use std::path::Path;

/// The part of deny.toml that is read here.
struct Rules {
    licences: Vec<String>,
    banned: Vec<(String, String)>,
    registries: Vec<String>,
}

/// Runs the check on the workspace itself.
///
/// # Errors
/// All broken rules, one a line.
pub fn step(root: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(root.join("deny.toml"))
        .map_err(|error| format!("deny.toml: {error}"))?;
    let rules = read_rules(&text)?;
    let metadata = shell::metadata(root, &["--all-features"])?;
    let faults = broken_rules(&metadata, &rules);
    if !faults.is_empty() {
        return Err(faults.join("\n"));
    }
    let count = metadata["packages"].as_array().map_or(0, Vec::len);
    let mut done = format!("licences, bans and sources: {count} crates keep the rules of deny.toml");
    if shell::starts(root, "cargo", &["deny", "--version"]) {
        done = format!(
            "{done}; {}",
            shell::run(
                root,
                "cargo",
                &["deny", "--all-features", "check", "licenses", "bans", "sources"],
                &[]
            )?
        );
    }
    Ok(done)
}

fn read_rules(text: &str) -> Result<Rules, String> {
    let table: toml::Table = text.parse().map_err(|error| format!("deny.toml: {error}"))?;
    let list = |section: &str, key: &str| -> Vec<toml::Value> {
        table
            .get(section)
            .and_then(|s| s.get(key))
            .and_then(toml::Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let strings =
        |section, key| list(section, key).iter().filter_map(|v| v.as_str().map(String::from)).collect();
    let field = |entry: &toml::Value, key: &str| {
        entry.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_string()
    };
    let banned = list("bans", "deny")
        .iter()
        .map(|entry| (field(entry, "crate"), field(entry, "reason")))
        .collect();
    let rules = Rules {
        licences: strings("licenses", "allow"),
        banned,
        registries: strings("sources", "allow-registry"),
    };
    if rules.licences.is_empty() || rules.registries.is_empty() {
        return Err("deny.toml: licenses.allow and sources.allow-registry must not be empty".into());
    }
    Ok(rules)
}

fn broken_rules(metadata: &Value, rules: &Rules) -> Vec<String> {
    let mut faults = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        let (name, version) = (text("name"), text("version"));
        let licence = text("license");
        if !spdx::satisfied(licence, &rules.licences) {
            faults.push(format!("{name} {version}: licence `{licence}` is not accepted by deny.toml"));
        }
        if let Some((_, reason)) = rules.banned.iter().find(|(banned, _)| banned == name) {
            faults.push(format!("{name} {version} is banned: {reason}"));
        }
        let source = text("source");
        let known = rules.registries.iter().any(|registry| source == format!("registry+{registry}"));
        if !source.is_empty() && !known {
            faults.push(format!("{name} {version} comes from {source}, which deny.toml does not list"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const RULES: &str = r#"
        [licenses]
        allow = ["MIT"]
        [bans]
        deny = [{ crate = "dssim-core", reason = "AGPL" }]
        [sources]
        allow-registry = ["https://r.example/index"]
    "#;

    fn faults(package: Value) -> Vec<String> {
        broken_rules(&json!({"packages": [package]}), &read_rules(RULES).unwrap())
    }

    #[test]
    fn each_rule_has_a_package_that_breaks_it() {
        let fine = json!({"name": "a", "version": "1", "license": "MIT", "source": "registry+https://r.example/index"});
        assert!(faults(fine.clone()).is_empty());
        for (key, value, word) in [
            ("license", "AGPL-3.0-only", "AGPL-3.0-only"),
            ("name", "dssim-core", "banned"),
            ("source", "git+https://elsewhere.example/x", "elsewhere"),
        ] {
            let mut package = fine.clone();
            package[key] = json!(value);
            let found = faults(package);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].contains(word), "{found:?}");
        }
    }

    #[test]
    fn empty_rules_are_refused() {
        assert!(read_rules("[licenses]\nallow = []").is_err());
    }
}
