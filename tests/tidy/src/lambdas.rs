//! The lists of Lambda functions' binaries. `lambdas/` is the one source: a directory
//! is a binary. `cargo xtask` and the emulator's driver read it; these lists cannot.

use std::collections::BTreeSet;

use crate::files::File;

/// Terraform's list of the packages that it uploads.
const ARTIFACTS: &str = "infra/artifacts.tf";
/// The map of the code, with a row about `lambdas/`.
const ARCHITECTURE: &str = "docs/ARCHITECTURE.md";

/// Returns what the lists lack, or have too much.
pub fn unlisted(files: &[File]) -> Vec<String> {
    let binaries: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| {
            file.path
                .strip_prefix("lambdas/")?
                .strip_suffix("/Cargo.toml")
        })
        .collect();
    let text_of = |path: &str| {
        let file = files.iter().find(|file| file.path == path);
        file.map_or("", |file| file.text.as_str())
    };
    let mut breaches = Vec::new();

    for binary in &binaries {
        let manifest = format!("lambdas/{binary}/Cargo.toml");
        for line in [
            format!("name = \"marquee-lambda-{binary}\""),
            format!("name = \"{binary}\""),
        ] {
            if !text_of(&manifest).lines().any(|it| it == line) {
                breaches.push(format!("{manifest} lacks {line}"));
            }
        }
        // `terraform test` fails without a package of each function.
        let package = format!("infra/tests/packages/{binary}/bootstrap.zip");
        if !files.iter().any(|file| file.path == package) {
            breaches.push(format!("{package} is missing"));
        }
    }

    let artifacts = line(text_of(ARTIFACTS), "binaries ");
    for binary in &binaries {
        if !quoted(artifacts, '"').any(|it| it == *binary) {
            breaches.push(format!("{ARTIFACTS}: local.binaries lacks \"{binary}\""));
        }
    }
    for listed in quoted(artifacts, '"') {
        if !binaries.contains(listed) {
            breaches.push(format!("{ARTIFACTS}: there is no lambdas/{listed}"));
        }
    }

    let row = line(text_of(ARCHITECTURE), "| `lambdas/` ");
    for binary in &binaries {
        if !quoted(row, '`').any(|it| it == *binary) {
            breaches.push(format!(
                "{ARCHITECTURE}: the row of `lambdas/` lacks `{binary}`"
            ));
        }
    }
    breaches
}

/// Returns the first line that starts with `start`, leading spaces aside.
fn line<'t>(text: &'t str, start: &str) -> &'t str {
    text.lines()
        .find(|line| line.trim_start().starts_with(start))
        .unwrap_or_default()
}

/// Returns the words of a line between pairs of `mark`.
fn quoted(line: &str, mark: char) -> impl Iterator<Item = &str> {
    line.split(mark).skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[package]\nname = \"marquee-lambda-load\"\n[[bin]]\nname = \"load\"\n";

    fn files(manifest: &str, artifacts: &str, page: &str) -> Vec<File> {
        [
            ("lambdas/load/Cargo.toml", manifest),
            ("infra/tests/packages/load/bootstrap.zip", "a package"),
            (ARTIFACTS, artifacts),
            (ARCHITECTURE, page),
        ]
        .map(|(path, text)| File {
            path: path.to_owned(),
            text: text.to_owned(),
        })
        .to_vec()
    }

    #[test]
    fn a_missing_line_is_named() {
        let listed = "  binaries = toset([\"load\"])";
        let row = "| `lambdas/` | start-up of `load` |";
        assert!(unlisted(&files(MANIFEST, listed, row)).is_empty());
        assert_eq!(
            unlisted(&files(MANIFEST, "  binaries = toset([\"lode\"])", "")),
            [
                "infra/artifacts.tf: local.binaries lacks \"load\"",
                "infra/artifacts.tf: there is no lambdas/lode",
                "docs/ARCHITECTURE.md: the row of `lambdas/` lacks `load`",
            ]
        );
        let mut files = files("", listed, row);
        files.retain(|file| !file.path.starts_with("infra/tests"));
        assert_eq!(
            unlisted(&files),
            [
                "lambdas/load/Cargo.toml lacks name = \"marquee-lambda-load\"",
                "lambdas/load/Cargo.toml lacks name = \"load\"",
                "infra/tests/packages/load/bootstrap.zip is missing",
            ]
        );
    }
}
