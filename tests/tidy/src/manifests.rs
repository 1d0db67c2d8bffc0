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

/// Returns the test files that no target contains, in packages that list their targets.
///
/// With `autotests = false` cargo builds only the targets of the manifest. A file in
/// `tests/` must be one of their roots, or a module of one.
pub fn unlisted_tests(files: &[File]) -> Vec<String> {
    let mut breaches = Vec::new();
    for (file, manifest) in members(files) {
        let package = manifest.get("package");
        let autotests = package.and_then(|package| package.get("autotests"));
        if autotests.and_then(Value::as_bool) != Some(false) {
            continue;
        }
        let directory = file.path.trim_end_matches("Cargo.toml");
        let targets = manifest.get("test").and_then(Value::as_array);
        let roots: Vec<String> = targets
            .into_iter()
            .flatten()
            .filter_map(|target| target.get("path")?.as_str())
            .map(|path| format!("{directory}{path}"))
            .collect();
        let is_module = |name: &str| {
            files.iter().any(|root| {
                roots.contains(&root.path)
                    && root
                        .text
                        .lines()
                        .any(|line| line.trim_end_matches(';') == format!("mod {name}"))
            })
        };
        for test in files {
            let Some(within) = test.path.strip_prefix(&format!("{directory}tests/")) else {
                continue;
            };
            let name = within
                .strip_suffix(".rs")
                .filter(|name| !name.contains('/'));
            let is_root = name.is_some() || within.ends_with("/main.rs");
            if is_root && !roots.contains(&test.path) && !name.is_some_and(is_module) {
                breaches.push(format!("{}: no target of {} has it", test.path, file.path));
            }
        }
    }
    breaches
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
    fn a_test_that_is_never_built_is_found() {
        let file = |path: &str, text: &str| File {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let listed =
            "[package]\nname = \"a\"\nautotests = false\n[[test]]\npath = \"tests/main.rs\"";
        let mut files = vec![
            file("crates/a/Cargo.toml", listed),
            file("crates/a/tests/main.rs", "mod one;\n"),
            file("crates/a/tests/one.rs", ""),
            file("crates/a/tests/one/part.rs", ""),
        ];
        assert_eq!(unlisted_tests(&files), [""; 0]);
        files.push(file("crates/a/tests/two.rs", ""));
        files.push(file("crates/a/tests/three/main.rs", ""));
        assert_eq!(
            unlisted_tests(&files),
            [
                "crates/a/tests/two.rs: no target of crates/a/Cargo.toml has it",
                "crates/a/tests/three/main.rs: no target of crates/a/Cargo.toml has it",
            ]
        );
        files[0].text = listed.replace("autotests = false", "");
        assert_eq!(unlisted_tests(&files), [""; 0]);
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
