//! Places, names and lengths of files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Lines that a file of code may have at most.
pub const LINES: usize = 500;

/// Returns the repository's root directory.
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
    /// Path from the root, with `/`.
    pub path: String,
    /// Content.
    pub text: String,
}

impl File {
    /// Returns the last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Returns the part of the name after its last dot.
    pub fn extension(&self) -> &str {
        self.name().rsplit_once('.').map_or("", |(_, after)| after)
    }
}

/// Returns every text file of the repository, sorted by path.
///
/// Leaves out builds and output: `target`, hidden directories, and the root's `lake`
/// and `stream`.
///
/// # Errors
/// A directory cannot be read.
pub fn files() -> io::Result<Vec<File>> {
    let root = root();
    let mut files = Vec::new();
    let mut directories = vec![root.clone()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let file_type = entry.file_type()?;
            if file_type.is_dir() {
                let is_output = ["target", "node_modules", "__pycache__"].contains(&name.as_str())
                    || name.starts_with('.')
                    || (directory == root && ["lake", "stream"].contains(&name.as_str()));
                if !is_output {
                    directories.push(path);
                }
            } else if file_type.is_file()
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

/// Returns the files of code that are too long to be one concept.
pub fn too_long(files: &[File]) -> Vec<String> {
    files
        .iter()
        .filter(|file| file.extension() == "rs")
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > LINES)
        .map(|(file, lines)| format!("{} has {lines} lines", file.path))
        .collect()
}

/// Returns the code of Lambdas other than `main.rs` and `config.rs`.
pub fn fat_lambdas(files: &[File]) -> Vec<String> {
    files
        .iter()
        .filter(|file| {
            let mut segments = file.path.split('/');
            segments.next() == Some("lambdas")
                && segments.nth(1) == Some("src")
                && !matches!(segments.collect::<Vec<_>>()[..], ["main.rs" | "config.rs"])
        })
        .map(|file| format!("{} belongs in a crate with a handler", file.path))
        .collect()
}

/// Returns the crates and modules whose name says nothing about their content.
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
        .map(|file| format!("{} has a name that says nothing", file.path))
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
}
