//! The Lambda functions' binaries, as the directory `lambdas/` lists them.

use std::fs;

use anyhow::{Context, Result};

use crate::process::root;

/// Returns the names of the binaries, in order.
pub(crate) fn binaries() -> Result<Vec<String>> {
    let directory = root().join("lambdas");
    let read = || -> std::io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            if entry.path().join("Cargo.toml").is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    };
    read().with_context(|| format!("cannot read {}", directory.display()))
}

/// Returns the package of a binary.
pub(crate) fn package(binary: &str) -> String {
    format!("marquee-lambda-{binary}")
}
