//! Paths that the documentation names.

use std::collections::BTreeSet;

use crate::files::File;

/// The map of the code.
const ARCHITECTURE: &str = "docs/ARCHITECTURE.md";
/// The directories whose crates the map names.
const CRATES: [&str; 2] = ["crates/", "hot-path/"];
/// The landing page.
const README: &str = "README.md";
/// Lines that the landing page must have fewer of.
const README_LINES: usize = 120;
/// The commands that the landing page shows.
const README_COMMANDS: [&str; 3] = ["git clone ", "cargo demo", "cargo xtask test"];
/// The top-level directories; a word in backticks that starts with one is a path.
const TOP_LEVEL: [&str; 13] = [
    "bench",
    "crates",
    "docs",
    "fuzz",
    "hot-path",
    "infra",
    "lambdas",
    "local",
    "producer",
    "sql",
    "state_machines",
    "tests",
    "xtask",
];

/// Returns the paths in Markdown that do not exist: links to files, and words in
/// backticks that start with a top-level directory.
pub fn dead_paths(files: &[File]) -> Vec<String> {
    let mut existing = BTreeSet::new();
    for file in files {
        let mut path = file.path.as_str();
        existing.insert(path);
        while let Some((parent, _)) = path.rsplit_once('/') {
            existing.insert(parent);
            path = parent;
        }
    }
    let mut breaches = Vec::new();
    for file in files.iter().filter(|file| file.extension() == "md") {
        let directory = file.path.rsplit_once('/').map_or("", |(before, _)| before);
        let words = words(&file.text).map(|word| (word, word.to_owned()));
        let links = links(&file.text).map(|link| (link, join(directory, link)));
        for (written, path) in words.chain(links) {
            let path = path.trim_end_matches('/');
            if !path.is_empty() && !existing.contains(path) && !is_hidden(path) {
                breaches.push(format!("{}: {written} does not exist", file.path));
            }
        }
    }
    breaches
}

/// Returns the crates that the map of the code does not name.
pub fn unmapped_crates(files: &[File]) -> Vec<String> {
    let page = files.iter().find(|file| file.path == ARCHITECTURE);
    let page = page.map_or("", |file| file.text.as_str());
    files
        .iter()
        .filter_map(|file| file.path.strip_suffix("/Cargo.toml"))
        .filter(|directory| CRATES.iter().any(|parent| directory.starts_with(parent)))
        .filter(|directory| !page.contains(&format!("`{directory}`")))
        .map(|directory| format!("{ARCHITECTURE} lacks `{directory}`"))
        .collect()
}

/// Returns what the landing page has too much, or lacks.
pub fn crowded_readme(files: &[File]) -> Vec<String> {
    let page = files.iter().find(|file| file.path == README);
    let page = page.map_or("", |file| file.text.as_str());
    let lines = page.lines().count();
    let mut breaches = Vec::new();
    if lines >= README_LINES {
        breaches.push(format!("{README} has {lines} lines; move details to docs/"));
    }
    let shows = |command: &str| {
        page.lines()
            .any(|line| line.starts_with(&format!("$ {command}")))
    };
    let missing = README_COMMANDS.iter().filter(|command| !shows(command));
    breaches.extend(missing.map(|command| format!("{README} lacks `$ {command}`")));
    breaches
}

/// Returns the words in backticks that are paths of this repository.
fn words(text: &str) -> impl Iterator<Item = &str> {
    outside_of_blocks(text)
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter(|word| {
            let has_top = word
                .split_once('/')
                .is_some_and(|(top, _)| TOP_LEVEL.contains(&top));
            // A pattern or a placeholder stands for several paths.
            has_top
                && word
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
        })
}

/// Returns the targets of links within the repository, without what follows `#`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    outside_of_blocks(text)
        .flat_map(|line| line.split("](").skip(1))
        .filter_map(|rest| rest.split(')').next())
        .filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
        .map(|link| link.split('#').next().unwrap_or_default())
}

/// Returns the lines outside of fenced blocks.
fn outside_of_blocks(text: &str) -> impl Iterator<Item = &str> {
    let mut is_inside = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_inside ^= is_fence;
        !is_inside && !is_fence
    })
}

/// Resolves `link` from `directory`.
fn join(directory: &str, link: &str) -> String {
    if link.is_empty() {
        return String::new();
    }
    let mut parts: Vec<&str> = directory.split('/').filter(|it| !it.is_empty()).collect();
    for part in link.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "" | "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Returns whether the list of files leaves the path out.
fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_path_that_is_gone_is_found() {
        let page = "`crates/event` and `crates/event/src/lib.rs`, `crates/gone`, `raw/`, \
                    `sql/{marts,checks}`, `crates/`.\n\
                    [here](../crates/event/src/lib.rs#L1) [there](NO.md) [x](#heading) \
                    [web](https://example.com/a)\n\
                    ```\n`crates/in_a_block`\n```\n";
        let files = [
            file("crates/event/src/lib.rs", ""),
            file("docs/PAGE.md", page),
        ];
        assert_eq!(
            dead_paths(&files),
            [
                "docs/PAGE.md: crates/gone does not exist",
                "docs/PAGE.md: NO.md does not exist",
            ]
        );
    }

    #[test]
    fn a_long_landing_page_is_found() {
        let shown = "$ git clone URL\n$ cargo demo\n$ cargo xtask test\n";
        let long = "\n".repeat(README_LINES - 3);
        assert!(crowded_readme(&[file(README, shown)]).is_empty());
        assert_eq!(
            crowded_readme(&[file(README, &format!("{shown}{long}"))]),
            ["README.md has 120 lines; move details to docs/"]
        );
        assert_eq!(
            crowded_readme(&[file(README, "$ git clone URL\n$ cargo demo\n")]),
            ["README.md lacks `$ cargo xtask test`"]
        );
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        let files = [
            file("crates/event/Cargo.toml", ""),
            file("crates/other/Cargo.toml", ""),
            file(ARCHITECTURE, "| `crates/event` | the event |"),
        ];
        assert_eq!(
            unmapped_crates(&files),
            ["docs/ARCHITECTURE.md lacks `crates/other`"]
        );
    }
}
