//! What lies where, and how long it is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How many lines a file of code may have.
pub const LINES: usize = 500;

/// Where the repository begins.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap_or(Path::new("."))
        .to_owned()
}

/// A file of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// From the root, with `/`.
    pub path: String,
    /// What is in it.
    pub text: String,
}

impl File {
    /// Its last name.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// What follows its last dot.
    pub fn extension(&self) -> &str {
        self.name().rsplit_once('.').map_or("", |(_, after)| after)
    }
}

/// Every text file of the repository, by path.
///
/// Without what is built or made by running: `target`, hidden directories, and
/// the root's `lake` and `stream`.
///
/// # Errors
/// Where a directory cannot be read.
pub fn files() -> io::Result<Vec<File>> {
    let root = root();
    let mut files = Vec::new();
    let mut directories = vec![root.clone()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type()?;
            if kind.is_dir() {
                let is_made = ["target", "node_modules", "__pycache__"].contains(&name.as_str())
                    || name.starts_with('.')
                    || (directory == root && ["lake", "stream"].contains(&name.as_str()));
                if !is_made {
                    directories.push(path);
                }
            } else if kind.is_file()
                && let Ok(text) = fs::read_to_string(&path)
            {
                let path = path.strip_prefix(&root).unwrap_or(&path);
                let path = path.to_string_lossy().replace('\\', "/");
                files.push(File { path, text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The code that is too long to be one concept.
pub fn too_long(files: &[File]) -> Vec<String> {
    files
        .iter()
        .filter(|file| file.extension() == "rs")
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > LINES)
        .map(|(file, lines)| format!("{} has {lines} lines", file.path))
        .collect()
}

/// What a Lambda holds beside `main.rs` and `config.rs`.
pub fn fat_lambdas(files: &[File]) -> Vec<String> {
    files
        .iter()
        .filter(|file| {
            let mut segments = file.path.split('/');
            segments.next() == Some("lambdas")
                && segments.nth(1) == Some("src")
                && !matches!(segments.collect::<Vec<_>>()[..], ["main.rs" | "config.rs"])
        })
        .map(|file| format!("{} belongs into a crate with a handler", file.path))
        .collect()
}

/// The crates and modules that are named after nothing.
pub fn nameless(files: &[File]) -> Vec<String> {
    const NOTHING: [&str; 6] = ["shared", "common", "utils", "util", "helpers", "misc"];
    files
        .iter()
        .filter(|file| ["rs", "toml"].contains(&file.extension()))
        .filter(|file| {
            file.path
                .split('/')
                .map(|segment| segment.trim_end_matches(".rs"))
                .any(|segment| NOTHING.contains(&segment))
        })
        .map(|file| format!("{} says nothing by its name", file.path))
        .collect()
}

/// The SQL that nothing runs: neither its name (`marts/daily.sql`) nor its
/// directory (`sql/marts`) stands in code, Terraform or a state machine.
pub fn unused_sql(files: &[File]) -> Vec<String> {
    const USERS: [&str; 6] = ["rs", "tf", "tftpl", "json", "py", "toml"];
    let users: Vec<&File> = files
        .iter()
        .filter(|file| USERS.contains(&file.extension()) && !file.path.starts_with("tests/tidy/"))
        .collect();
    files
        .iter()
        .filter(|file| file.extension() == "sql")
        .filter_map(|file| Some((file, file.path.strip_prefix("sql/")?)))
        .filter(|(file, within)| {
            let directory = file.path.rsplit_once('/').map_or("", |(before, _)| before);
            let directory = format!("{directory}\"");
            !users
                .iter()
                .any(|user| user.text.contains(within) || user.text.contains(&directory))
        })
        .map(|(file, _)| format!("nothing runs {}", file.path))
        .collect()
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
    fn a_long_file_is_found() {
        let long = "//\n".repeat(LINES + 1);
        let files = [
            file("a/long.rs", &long),
            file("a/right.rs", &"//\n".repeat(LINES)),
            file("a/long.md", &long),
        ];
        assert_eq!(too_long(&files), ["a/long.rs has 501 lines"]);
    }

    #[test]
    fn a_lambda_is_a_main_and_a_config() {
        let files = [
            file("lambdas/load/src/main.rs", ""),
            file("lambdas/load/src/config.rs", ""),
            file("lambdas/load/Cargo.toml", ""),
            file("lambdas/load/src/handler.rs", ""),
            file("lambdas/load/src/load/main.rs", ""),
        ];
        assert_eq!(fat_lambdas(&files).len(), 2);
    }

    #[test]
    fn a_name_says_something() {
        let files = [
            file("crates/shared/Cargo.toml", ""),
            file("crates/event/src/utils.rs", ""),
            file("crates/event/src/utility.rs", ""),
        ];
        assert_eq!(nameless(&files).len(), 2);
    }

    #[test]
    fn sql_that_nothing_runs_is_found() {
        let files = [
            file("sql/marts/daily.sql", ""),
            file("sql/marts/weekly.sql", ""),
            file("sql/checks/rows.sql", ""),
            file(
                "crates/marts/src/a.rs",
                "include_str!(\"../sql/marts/daily.sql\")",
            ),
            file("crates/marts/src/b.rs", "run_all(\"sql/checks\")"),
        ];
        assert_eq!(unused_sql(&files), ["nothing runs sql/marts/weekly.sql"]);
    }
}
