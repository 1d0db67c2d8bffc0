//! Code generation for build scripts, which include this file with `#[path]`: a
//! constant with the files of a directory of `sql/`. A new file needs no other change.

use std::path::Path;
use std::{env, fs, io};

/// Writes `files.rs`: for each directory, a constant with the names and contents of its
/// files, ordered by name.
pub(crate) fn write(lists: &[(&str, &str)]) -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut code = String::new();
    for (constant, directory) in lists {
        let directory = root.join(directory);
        println!("cargo::rerun-if-changed={}", directory.display());
        code.push_str(&list(constant, &directory)?);
    }
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("OUT_DIR is not set"))?;
    fs::write(Path::new(&out).join("files.rs"), code)
}

fn list(constant: &str, directory: &Path) -> io::Result<String> {
    let mut files = fs::read_dir(directory)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    let entries = files
        .iter()
        .map(|file| {
            let name = file.file_stem().and_then(|name| name.to_str());
            let name = name.ok_or_else(|| io::Error::other(format!("{file:?} is not UTF-8")))?;
            Ok(format!("    ({name:?}, include_str!({file:?})),\n"))
        })
        .collect::<io::Result<String>>()?;
    Ok(format!(
        "pub(crate) const {constant}: Files = &[\n{entries}];\n"
    ))
}
