//! Which of our crates may depend on which, and what a plain build must never contain.
//!
//! In: the JSON of `cargo metadata`. Out: one sentence for each forbidden arrow. Source:
//! docs/ARCHITECTURE.md, "Rooms". A new arrow needs a line here and a decision record.

use crate::shell;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// One crate of ours and the crates of ours that it may see.
struct Room {
    name: &'static str,
    /// Groups of crates.
    sees: &'static [&'static [&'static str]],
    /// Further crates that only its tests may see.
    tests_see: &'static [&'static str],
}

impl Room {
    fn sees(&self, target: &str) -> bool {
        self.sees.iter().any(|group| group.contains(&target))
    }
}

const fn room(name: &'static str, sees: &'static [&'static [&'static str]]) -> Room {
    Room { name, sees, tests_see: &[] }
}

/// A room whose tests need further crates. Each is a codec that another codec is handed.
const fn room_tests(
    name: &'static str,
    sees: &'static [&'static [&'static str]],
    tests_see: &'static [&'static str],
) -> Room {
    Room { name, sees, tests_see }
}

/// The words of errors, for every crate that reads bytes.
const ERROR: &[&str] = &["tintype_error"];

/// Floor 0: pure tools that know no format.
const IMAGE: &[&str] = &["tintype_image"];
const NUMERIC: &[&str] =
    &["tintype_image", "tintype_entropy", "tintype_transform", "tintype_nn", "tintype_metrics"];
/// What an encoder or decoder needs of the tools. Metrics are not among them.
const CODING: &[&str] =
    &["tintype_image", "tintype_entropy", "tintype_transform", "tintype_nn", "tintype_metadata"];
/// Metadata in few bytes.
const METADATA: &[&str] = &["tintype_metadata"];

/// Floor 1: contracts.
const CONTRACT: &[&str] = &["tintype_codec", "tintype_model"];
const CONTAINER: &[&str] = &["tintype_container"];
/// Sealed files.
const SEAL: &[&str] = &["tintype_seal"];

/// Floor 2: what block codecs share.
const BLOCK: &[&str] = &["tintype_block"];

/// Floor 3: one crate a codec.
const CODECS: &[&str] = &[
    "tintype_jpeg",
    "tintype_lossless",
    "tintype_wavelet",
    "tintype_cluster",
    "tintype_photo",
    "tintype_sparse",
    "tintype_neural",
    "tintype_planes",
    "tintype_video",
];

/// Floor 4: the hall.
const HALL: &[&str] = &["tintype"];

/// Floor 5: doors that the program uses.
const WORKSHOPS: &[&str] = &["tintype_lab", "tintype_train"];

/// What each codec sees: tools, contracts, and what block codecs share. Never another codec,
/// the container or the hall.
const FOR_CODECS: &[&[&str]] = &[CODING, CONTRACT, BLOCK];

/// Every room, floor by floor. A workspace member that is not listed here is itself an error.
const ROOMS: &[Room] = &[
    room("tintype_error", &[]),
    room("tintype_image", &[ERROR]),
    room("tintype_entropy", &[ERROR]),
    room("tintype_metadata", &[&["tintype_entropy"]]),
    room("tintype_transform", &[]),
    room("tintype_nn", &[ERROR]),
    room("tintype_metrics", &[IMAGE]),
    room("tintype_container", &[METADATA]),
    room("tintype_seal", &[CONTAINER, ERROR]),
    room("tintype_codec", &[IMAGE, ERROR]),
    room("tintype_model", &[&["tintype_codec", "tintype_entropy"], ERROR]),
    room("tintype_block", &[CODING, CONTRACT]),
    room_tests("tintype_jpeg", FOR_CODECS, &["tintype_metrics"]),
    room("tintype_lossless", FOR_CODECS),
    room("tintype_wavelet", FOR_CODECS),
    room("tintype_cluster", FOR_CODECS),
    room("tintype_photo", FOR_CODECS),
    room("tintype_sparse", FOR_CODECS),
    room_tests("tintype_neural", FOR_CODECS, &["tintype_lossless"]),
    room_tests("tintype_planes", FOR_CODECS, &["tintype_lossless", "tintype_wavelet"]),
    room("tintype_video", FOR_CODECS),
    room("tintype", &[NUMERIC, METADATA, CONTRACT, CONTAINER, SEAL, CODECS]),
    room("tintype_lab", &[HALL, &["tintype_image", "tintype_metrics"]]),
    room("tintype_train", &[NUMERIC, CONTRACT, BLOCK, CODECS]),
    room("tintype_commands", &[HALL, WORKSHOPS, &["tintype_image", "tintype_metrics"]]),
    room("tintype_cli", &[&["tintype_commands"]]),
    room("tintype_py", &[HALL, &["tintype_metrics", "tintype_train"]]),
    room("tintype_c", &[HALL, IMAGE]),
    room("tintype_hook", &[HALL]),
    room("tintype_wasm", &[HALL, IMAGE]),
    room("tintype_serve", &[HALL, IMAGE]),
    room("tintype_cross", &[HALL, IMAGE]),
    room("tintype_dev", &[NUMERIC, CONTRACT, CODECS, HALL, WORKSHOPS]),
    room("tintype_fuzz", &[HALL, CONTAINER, IMAGE, CONTRACT, &["tintype_train"]]),
    room("xtask", &[]),
];

/// Names, or beginnings of names, of training frameworks and run-times. They may be reached by
/// features only, never by a plain build.
const FRAMEWORKS: [&str; 10] =
    ["burn", "candle-", "tch", "torch-sys", "cudarc", "cubecl", "ort", "ort-sys", "tract-", "wgpu"];

/// Runs the check on the workspace itself.
///
/// # Errors
/// All forbidden arrows, one a line.
pub fn step(root: &Path) -> Result<String, String> {
    let metadata = shell::metadata(root, &[])?;
    let faults = [forbidden_arrows(&metadata), frameworks_in_default_build(&metadata)].concat();
    if faults.is_empty() {
        return Ok(format!(
            "arrows: {} crates, each depends only on floors below it",
            ours(&metadata).len()
        ));
    }
    Err(faults.join("\n"))
}

/// Names of the workspace's members by their identity.
fn ours(metadata: &Value) -> BTreeMap<&str, &str> {
    let members: BTreeSet<&str> = metadata["workspace_members"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .filter_map(|p| Some((p["id"].as_str()?, p["name"].as_str()?)))
        .filter(|(id, _)| members.contains(id))
        .collect()
}

/// Dependencies between our crates that the table does not list, optional ones included.
fn forbidden_arrows(metadata: &Value) -> Vec<String> {
    let ours = ours(metadata);
    let names: BTreeSet<&str> = ours.values().copied().collect();
    let mut faults = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let Some(name) = package["id"].as_str().and_then(|id| ours.get(id)) else { continue };
        let Some(room) = ROOMS.iter().find(|room| room.name == *name) else {
            faults.push(format!(
                "{name} is not in the table of xtask/src/arrows.rs; add it there and in docs/ARCHITECTURE.md"
            ));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let Some(target) = dependency["name"].as_str().filter(|target| names.contains(target))
            else {
                continue;
            };
            let for_tests = dependency["kind"].as_str() == Some("dev");
            let allowed = room.sees(target) || (for_tests && room.tests_see.contains(&target));
            if !allowed && target != *name {
                let kind = if for_tests { "dev-dependency" } else { "dependency" };
                faults.push(format!("forbidden arrow: {name} -> {target} ({kind})"));
            }
        }
    }
    faults
}

/// Training frameworks that a plain `cargo build` of the default members would compile, each
/// with the way to it.
fn frameworks_in_default_build(metadata: &Value) -> Vec<String> {
    let mut edges: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for node in metadata["resolve"]["nodes"].as_array().into_iter().flatten() {
        let built = node["deps"].as_array().into_iter().flatten().filter(|dep| {
            let kinds = dep["dep_kinds"].as_array();
            kinds.is_none_or(|kinds| kinds.iter().any(|kind| kind["kind"].as_str() != Some("dev")))
        });
        let targets = built.filter_map(|dep| dep["pkg"].as_str()).collect();
        edges.insert(node["id"].as_str().unwrap_or_default(), targets);
    }
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let names: BTreeMap<&str, &str> =
        packages.filter_map(|p| Some((p["id"].as_str()?, p["name"].as_str()?))).collect();
    let starts =
        metadata["workspace_default_members"].as_array().into_iter().flatten().filter_map(Value::as_str);

    let mut came_from: BTreeMap<&str, Option<&str>> = starts.map(|id| (id, None)).collect();
    let mut open: Vec<&str> = came_from.keys().copied().collect();
    while let Some(id) = open.pop() {
        for &target in edges.get(id).into_iter().flatten() {
            if !came_from.contains_key(target) {
                came_from.insert(target, Some(id));
                open.push(target);
            }
        }
    }
    let name_of = |id: &str| names.get(id).copied().unwrap_or("?").to_string();
    let is_framework = |name: &str| {
        FRAMEWORKS.iter().any(|f| {
            name == *f || (f.ends_with('-') && name.starts_with(f)) || name.starts_with(&format!("{f}-"))
        })
    };
    let found = came_from.keys().filter(|id| names.get(*id).is_some_and(|name| is_framework(name)));
    found
        .map(|&id| {
            let way = std::iter::successors(Some(id), |at| came_from.get(at).copied().flatten());
            let way: Vec<String> = way.map(name_of).collect();
            format!(
                "a plain build contains a training framework: {}",
                way.into_iter().rev().collect::<Vec<_>>().join(" -> ")
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Metadata of a made-up workspace: `arrows` are (from, to, kind).
    fn workspace(names: &[&str], arrows: &[(&str, &str, Option<&str>)]) -> Value {
        let packages: Vec<Value> = names
            .iter()
            .map(|name| {
                let out = arrows.iter().filter(|(from, ..)| from == name);
                let dependencies: Vec<Value> =
                    out.map(|(_, to, kind)| json!({"name": to, "kind": kind, "path": "x"})).collect();
                json!({"id": format!("path+{name}"), "name": name, "dependencies": dependencies})
            })
            .collect();
        let members: Vec<String> = names.iter().map(|name| format!("path+{name}")).collect();
        json!({"packages": packages, "workspace_members": members})
    }

    #[test]
    fn arrows_of_the_table_pass() {
        let names = ["tintype_image", "tintype_metrics", "tintype_codec", "tintype_jpeg"];
        let arrows = [
            ("tintype_metrics", "tintype_image", None),
            ("tintype_codec", "tintype_image", Some("dev")),
            ("tintype_jpeg", "tintype_codec", None),
            ("tintype_jpeg", "tintype_metrics", Some("dev")),
        ];
        assert_eq!(forbidden_arrows(&workspace(&names, &arrows)), Vec::<String>::new());
    }

    #[test]
    fn codecs_depend_on_no_codec_container_or_hall() {
        for target in ["tintype_jpeg", "tintype_container", "tintype", "tintype_metrics"] {
            let names = ["tintype_wavelet", target];
            let arrows = [("tintype_wavelet", target, None)];
            let faults = forbidden_arrows(&workspace(&names, &arrows));
            assert_eq!(faults.len(), 1, "{target}");
            assert!(faults[0].contains(&format!("tintype_wavelet -> {target}")), "{}", faults[0]);
        }
    }

    #[test]
    fn the_table_points_downwards() {
        for (floor, room) in ROOMS.iter().enumerate() {
            for target in room.sees.iter().copied().flatten() {
                let below = ROOMS.iter().position(|other| other.name == *target);
                // A codec's groups name its own neighbours of the lower floors only.
                assert!(below.is_some_and(|below| below < floor), "{} -> {target}", room.name);
            }
        }
    }

    #[test]
    fn tests_and_build_scripts_count_too() {
        let names = ["tintype_image", "tintype_entropy"];
        for kind in ["dev", "build"] {
            let faults = forbidden_arrows(&workspace(
                &names,
                &[("tintype_entropy", "tintype_image", Some(kind))],
            ));
            assert_eq!(faults.len(), 1, "{kind}");
        }
    }

    #[test]
    fn unknown_room_is_named() {
        let faults = forbidden_arrows(&workspace(&["tintype_util"], &[]));
        assert!(faults[0].contains("tintype_util"), "{faults:?}");
    }

    #[test]
    fn others_crates_are_not_arrows() {
        let mut metadata = workspace(&["tintype_image"], &[]);
        metadata["packages"][0]["dependencies"] = json!([{"name": "png", "kind": null}]);
        assert!(forbidden_arrows(&metadata).is_empty());
    }

    #[test]
    fn framework_in_a_plain_build_is_found_with_the_way_to_it() {
        let deps = |to: &str, kind: Value| json!([{"pkg": to, "dep_kinds": [{"kind": kind}]}]);
        let mut metadata = json!({
            "packages": [{"id": "a", "name": "tintype_cli"}, {"id": "b", "name": "tintype_train"}, {"id": "c", "name": "burn-core"}],
            "workspace_default_members": ["a"],
            "resolve": {"nodes": [
                {"id": "a", "deps": deps("b", Value::Null)}, {"id": "b", "deps": deps("c", Value::Null)}, {"id": "c", "deps": []}
            ]}
        });
        let faults = frameworks_in_default_build(&metadata);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].ends_with("tintype_cli -> tintype_train -> burn-core"), "{}", faults[0]);
        metadata["resolve"]["nodes"][1]["deps"] = deps("c", json!("dev"));
        assert!(
            frameworks_in_default_build(&metadata).is_empty(),
            "a test's dependency is not in a plain build"
        );
    }
}
