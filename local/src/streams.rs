//! The default stream of a lake.

use std::path::{Path, PathBuf};

use crate::bad_input::BadInput;

/// The name of the stream's directory, which is in the lake's directory or beside it.
/// No zone has this name.
const STREAM: &str = "stream";
/// The file that identifies a stream's directory.
const MANIFEST: &str = "stream.json";

/// Returns the stream of the lake in `lake`: `stream` inside its directory, where a
/// demo writes it, or else `stream` beside it, which may not exist yet.
pub(crate) fn default_stream(lake: &Path) -> PathBuf {
    let inside = lake.join(STREAM);
    match is_stream(&inside) {
        true => inside,
        false => beside(lake),
    }
}

/// Returns the stream of the lake as [`default_stream`], for reading.
///
/// # Errors
/// When there are two candidates.
pub(crate) fn source_stream(lake: &Path) -> Result<PathBuf, BadInput> {
    let (inside, beside) = (lake.join(STREAM), beside(lake));
    let are_two = is_stream(&inside) && is_stream(&beside) && !is_same(&inside, &beside);
    if are_two {
        return Err(BadInput(format!(
            "there is a stream in {} and another in {}. Name one with --stream",
            inside.display(),
            beside.display()
        )));
    }
    Ok(default_stream(lake))
}

/// Returns true if there is a stream in `dir`.
pub(crate) fn is_stream(dir: &Path) -> bool {
    dir.join(MANIFEST).is_file()
}

fn beside(lake: &Path) -> PathBuf {
    lake.with_file_name(STREAM)
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
