//! Which stream a lake is filled from, where none is named.

use std::path::{Path, PathBuf};

use crate::bad_input::BadInput;

/// Beside the zones, none of which has that name, or beside the lake.
const STREAM: &str = "stream";
/// What a stream's directory has.
const MANIFEST: &str = "stream.json";

/// The stream of the lake in `lake`: the one in its directory, where a demo has
/// it, or `stream` beside it, which need not be there yet.
pub(crate) fn of_lake(lake: &Path) -> PathBuf {
    let inside = lake.join(STREAM);
    match is_stream(&inside) {
        true => inside,
        false => beside(lake),
    }
}

/// The same, to be read from, where there must be no doubt which one is meant.
///
/// # Errors
/// When there are two.
pub(crate) fn source_of(lake: &Path) -> Result<PathBuf, BadInput> {
    let (inside, beside) = (lake.join(STREAM), beside(lake));
    let are_two = is_stream(&inside) && is_stream(&beside) && !is_same(&inside, &beside);
    if are_two {
        return Err(BadInput(format!(
            "there is a stream in {} and one in {}: say with --stream which one to run",
            inside.display(),
            beside.display()
        )));
    }
    Ok(of_lake(lake))
}

/// Whether there is a stream in `dir`.
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
