//! Rules about the `Cargo.toml` files.

use toml::{Table, Value};

use crate::files::File;

/// Returns the dependencies for which a member names a version, path or registry of its
/// own instead of inheriting from the root's `[workspace.dependencies]`.
pub fn own_versions(manifests: &[File]) -> Vec<String> {
    members(manifests)
        .flat_map(|(file, manifest)| {
            dependencies(&manifest)
                .filter(|(_, dependency)| !inherits(dependency))
                .map(|(name, _)| format!("{}: {name} must be `{name}.workspace = true`", file.path))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Returns the members that do not inherit the workspace's lints.
pub fn without_lints(manifests: &[File]) -> Vec<String> {
    members(manifests)
        .filter(|(_, manifest)| !manifest.get("lints").is_some_and(inherits))
        .map(|(file, _)| format!("{}: `[lints] workspace = true` is missing", file.path))
        .collect()
}

/// Returns the dependencies that the root declares and no member uses.
pub fn unused(manifests: &[File]) -> Vec<String> {
    let used: Vec<String> = members(manifests)
        .flat_map(|(_, manifest)| {
            dependencies(&manifest)
                .map(|(name, _)| name)
                .collect::<Vec<_>>()
        })
        .collect();
    manifests
        .iter()
        .filter(|file| file.path == "Cargo.toml")
        .filter_map(|file| file.text.parse::<Table>().ok())
        .flat_map(|root| {
            let declared = root
                .get("workspace")
                .and_then(|workspace| workspace.get("dependencies"))
                .and_then(Value::as_table)
                .cloned()
                .unwrap_or_default();
            declared.into_iter().map(|(name, _)| name)
        })
        .filter(|name| !used.contains(name))
        .map(|name| format!("Cargo.toml: no member uses {name}"))
        .collect()
}

/// Returns the parsed manifests of packages. Cargo reports those that do not parse.
fn members(manifests: &[File]) -> impl Iterator<Item = (&File, Table)> {
    manifests
        .iter()
        .filter(|file| file.name() == "Cargo.toml")
        .filter_map(|file| Some((file, file.text.parse::<Table>().ok()?)))
        .filter(|(_, manifest)| {
            // A package with a workspace of its own is not a member of this one.
            manifest.contains_key("package") && !manifest.contains_key("workspace")
        })
}

/// Returns every dependency of a manifest, of all kinds and targets.
fn dependencies(manifest: &Table) -> impl Iterator<Item = (String, Value)> {
    let targets = manifest
        .get("target")
        .and_then(Value::as_table)
        .into_iter()
        .flat_map(|targets| targets.values().filter_map(Value::as_table));
    [manifest]
        .into_iter()
        .chain(targets)
        .flat_map(|table| {
            ["dependencies", "dev-dependencies", "build-dependencies"]
                .into_iter()
                .filter_map(|kind| table.get(kind)?.as_table())
        })
        .flatten()
        .map(|(name, dependency)| (name.clone(), dependency.clone()))
        .collect::<Vec<_>>()
        .into_iter()
}

fn inherits(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifests(member: &str) -> [File; 2] {
        [
            File {
                path: "Cargo.toml".to_owned(),
                text: "[workspace.dependencies]\nserde = \"1\"\nclap = \"4\"".to_owned(),
            },
            File {
                path: "crates/a/Cargo.toml".to_owned(),
                text: format!("[package]\nname = \"a\"\n{member}"),
            },
        ]
    }

    #[test]
    fn a_version_outside_of_the_root_is_found() {
        for own in [
            "[dependencies]\nserde = \"1\"",
            "[dev-dependencies]\nserde = { version = \"1\" }",
            "[target.'cfg(unix)'.dependencies.serde]\npath = \"..\"",
        ] {
            assert_eq!(own_versions(&manifests(own)).len(), 1, "{own}");
        }
        let inherited = "[dependencies]\nserde = { workspace = true, features = [\"rc\"] }";
        assert!(own_versions(&manifests(inherited)).is_empty());
    }

    #[test]
    fn missing_lints_are_found() {
        assert_eq!(without_lints(&manifests("")).len(), 1);
        assert!(without_lints(&manifests("[lints]\nworkspace = true")).is_empty());
    }

    #[test]
    fn an_unused_dependency_is_found() {
        let used = "[dependencies]\nserde.workspace = true";
        assert_eq!(
            unused(&manifests(used)),
            ["Cargo.toml: no member uses clap"]
        );
    }
}
