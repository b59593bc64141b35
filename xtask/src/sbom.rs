//! `cargo xtask sbom`: the bill of materials of the shipped programs: every crate in them, with its version,
//! licence and checksum, as CycloneDX 1.5.
//!
//! In: `cargo metadata`, for one target if it is named, and Cargo.lock; out: `target/sbom/PROGRAM.cdx.json`, one for each
//! program. Crates for building and testing are not in it; crates that only some feature of the workspace needs
//! may be. Nothing of the machine or of the time goes into it, so that two runs give the same bytes.
//!
//! Source: CycloneDX 1.5, "JSON reference"; the package URL specification, type `cargo`.

use crate::shell;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What is shipped: packages whose binaries the release has.
const PROGRAMS: [&str; 2] = ["tintype_cli", "tintype_serve"];

/// Writes the files, for `target` or for every one.
///
/// # Errors
/// If Cargo's answer or its lock file is not as expected, or nothing can be written.
pub fn step(root: &Path, target: Option<&String>) -> Result<String, String> {
    let filter = target.map(|target| ["--filter-platform", target]);
    let extra = [&["--locked"][..], filter.as_ref().map_or(&[], |filter| &filter[..])].concat();
    let metadata = shell::metadata(root, &extra)?;
    let lock =
        std::fs::read_to_string(root.join("Cargo.lock")).map_err(|e| format!("Cargo.lock: {e}"))?;
    let checksums = checksums(&lock)?;
    let folder = root.join("target/sbom");
    let mut told = Vec::new();
    for program in PROGRAMS {
        let bill = bill(&metadata, &checksums, program)?;
        let count = bill["components"].as_array().map_or(0, Vec::len);
        let path = folder.join(format!("{program}.cdx.json"));
        let text = serde_json::to_string_pretty(&bill).map_err(|error| error.to_string())?;
        std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(&path, text + "\n"))
            .map_err(|error| format!("{}: {error}", path.display()))?;
        told.push(format!("{}: {count} crates", path.display()));
    }
    Ok(told.join("\n"))
}

/// The SHA-256 of each package of the registry, by name and version.
fn checksums(lock: &str) -> Result<BTreeMap<(String, String), String>, String> {
    let table: toml::Table = lock.parse().map_err(|error| format!("Cargo.lock: {error}"))?;
    let packages = table.get("package").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    let text = |package: &toml::Value, key: &str| package.get(key)?.as_str().map(String::from);
    let entry = |package: &toml::Value| {
        Some(((text(package, "name")?, text(package, "version")?), text(package, "checksum")?))
    };
    Ok(packages.iter().filter_map(entry).collect())
}

/// The bill of the package `program`.
fn bill(
    metadata: &Value,
    checksums: &BTreeMap<(String, String), String>,
    program: &str,
) -> Result<Value, String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let packages: BTreeMap<String, Value> =
        list(&metadata["packages"]).into_iter().map(|package| (text(&package["id"]), package)).collect();
    // What is linked: dependencies that are neither for building nor for tests.
    let linked =
        |dependency: &Value| list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
    let needs: BTreeMap<String, Vec<String>> = list(&metadata["resolve"]["nodes"])
        .iter()
        .map(|node| {
            let deps = list(&node["deps"]);
            let deps = deps.iter().filter(|dep| linked(dep)).map(|dep| text(&dep["pkg"])).collect();
            (text(&node["id"]), deps)
        })
        .collect();
    let start = packages.iter().find(|(_, package)| package["name"] == program);
    let start = start.ok_or_else(|| format!("cargo metadata knows no package {program}"))?.0;

    let (mut seen, mut ahead) = (BTreeSet::new(), vec![start.clone()]);
    while let Some(id) = ahead.pop() {
        if seen.insert(id.clone()) {
            ahead.extend(needs.get(&id).into_iter().flatten().cloned());
        }
    }
    let purl = |id: &str| {
        let package = &packages[id];
        format!("pkg:cargo/{}@{}", text(&package["name"]), text(&package["version"]))
    };
    let component = |id: &String| {
        let package = &packages[id];
        let key = (text(&package["name"]), text(&package["version"]));
        let mut component = json!({
            "type": "library", "bom-ref": purl(id), "name": key.0, "version": key.1, "purl": purl(id),
            "licenses": [{ "expression": text(&package["license"]).replace('/', " OR ") }],
        });
        if let Some(checksum) = checksums.get(&key) {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        }
        component
    };
    let mut main = component(start);
    main["type"] = "application".into();
    let depends = |id: &String| {
        let on: BTreeSet<String> = needs.get(id).into_iter().flatten().map(|id| purl(id)).collect();
        json!({ "ref": purl(id), "dependsOn": on })
    };
    Ok(json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": { "component": main },
        "components": seen.iter().filter(|id| *id != start).map(component).collect::<Vec<_>>(),
        "dependencies": seen.iter().map(depends).collect::<Vec<_>>(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linked_is_in_it_and_what_builds_and_tests_is_not() {
        let package = |name: &str| json!({ "id": name, "name": name, "version": "1.0.0", "license": "MIT/Apache-2.0" });
        let dep = |name: &str, kind: Value| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        let packages = ["main", "a", "b", "tests", "builds"].map(package);
        let metadata = json!({
            "packages": packages,
            "resolve": { "nodes": [
                { "id": "main", "deps": [dep("a", Value::Null), dep("tests", "dev".into()), dep("builds", "build".into())] },
                { "id": "a", "deps": [dep("b", Value::Null)] },
                { "id": "b", "deps": [] },
            ] },
        });
        let lock = "[[package]]\nname = \"b\"\nversion = \"1.0.0\"\nchecksum = \"c0ffee\"\n";
        let bill = bill(&metadata, &checksums(lock).unwrap(), "main").unwrap();
        let names: Vec<&str> =
            bill["components"].as_array().unwrap().iter().filter_map(|c| c["name"].as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(bill["components"][1]["hashes"][0]["content"], "c0ffee");
        assert_eq!(bill["components"][0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(bill["metadata"]["component"]["purl"], "pkg:cargo/main@1.0.0");
        assert_eq!(bill["dependencies"].as_array().unwrap().len(), 3);
        assert!(super::bill(&metadata, &BTreeMap::new(), "nobody").is_err());
    }
}
