//! For build scripts: the files of directories of `sql/` as constants, so that
//! dropping one in is all that it takes. Build scripts take this file in with
//! `#[path]`.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Writes `files.rs`: for each directory a constant with the names and contents of
/// its files, by name.
pub(crate) fn write(lists: &[(&str, &str)]) -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut code = String::new();
    for (constant, directory) in lists {
        let directory = root.join(directory);
        println!("cargo::rerun-if-changed={}", directory.display());
        code.push_str(&list(constant, &directory)?);
    }
    let out = env::var_os("OUT_DIR")
        .map(PathBuf::from)
        .unwrap_or_default();
    fs::write(out.join("files.rs"), code)
}

fn list(constant: &str, directory: &Path) -> io::Result<String> {
    let mut files = fs::read_dir(directory)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    let entries: String = files
        .iter()
        .filter_map(|file| Some((file.file_stem()?.to_str()?, file)))
        .map(|(name, file)| format!("    ({name:?}, include_str!({file:?})),\n"))
        .collect();
    Ok(format!(
        "pub(crate) const {constant}: Files = &[\n{entries}];\n"
    ))
}
