//! Lakes in directories.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, absolute};
use std::sync::Arc;

use anyhow::Context as _;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;

use crate::bad_input::BadInput;

/// The directories that identify a lake. A lake has at least one of them: the ledger
/// or the title catalog.
const MARKERS: [&str; 2] = ["ledger", "reference"];

/// Opens the lake in `dir`.
///
/// # Errors
/// [`BadInput`] if the directory has no lake: the absolute path, the reason and the
/// next step.
pub(crate) fn existing_lake(dir: &Path) -> anyhow::Result<Arc<dyn ObjectStore>> {
    let reason = match fs::metadata(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            "the directory does not exist".to_owned()
        }
        Err(error) => format!("cannot read the directory: {error}"),
        Ok(found) if !found.is_dir() => "it is not a directory".to_owned(),
        Ok(_) if MARKERS.iter().any(|marker| dir.join(marker).is_dir()) => return open(dir),
        Ok(_) => format!("it has neither {}/", MARKERS.join("/ nor ")),
    };
    Err(BadInput(format!(
        "{} is not a lake: {reason}. Create a lake with `marquee demo` or `marquee run`, or name \
         another one with --lake DIR",
        absolute(dir)?.display()
    ))
    .into())
}

/// Opens the lake in `dir`, which is created if it is missing.
pub(crate) fn open_or_create_lake(dir: &Path) -> anyhow::Result<Arc<dyn ObjectStore>> {
    fs::create_dir_all(dir).map_err(|error| {
        BadInput(format!(
            "cannot create the lake's directory {}: {error}",
            dir.display()
        ))
    })?;
    open(dir)
}

fn open(dir: &Path) -> anyhow::Result<Arc<dyn ObjectStore>> {
    let store = LocalFileSystem::new_with_prefix(dir)
        .with_context(|| format!("cannot open the lake in {}", dir.display()))?;
    Ok(Arc::new(store))
}
