//! A file that can be read twice, wherever it comes from.

use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::path::Path;

use super::SourceError;

/// An open file, at its beginning.
#[derive(Debug)]
pub(super) struct Spooled {
    /// What to call it in messages.
    pub(super) name: String,
    pub(super) file: File,
}

impl Spooled {
    /// Back to the beginning.
    pub(super) fn rewind(&mut self) -> Result<(), SourceError> {
        self.file
            .rewind()
            .map_err(SourceError::io("read", &self.name))
    }
}

/// Opens a file. One that cannot be read twice (a pipe) is copied first.
pub(super) fn file(path: &Path) -> Result<Spooled, SourceError> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(SourceError::io("open", &name))?;
    let kind = file.metadata().map_err(SourceError::io("open", &name))?;
    if kind.is_dir() {
        let cause = io::Error::new(io::ErrorKind::IsADirectory, "it is a directory");
        return Err(SourceError::Io {
            action: "read",
            name,
            cause,
        });
    }
    if kind.is_file() {
        Ok(Spooled { name, file })
    } else {
        copy(name, file)
    }
}

/// Copies the standard input, to its end.
pub(super) fn standard_input() -> Result<Spooled, SourceError> {
    copy("standard input".to_owned(), io::stdin().lock())
}

/// Into a temporary file that has no name, so that nothing is left of it.
fn copy(name: String, mut from: impl Read) -> Result<Spooled, SourceError> {
    let mut file =
        tempfile::tempfile().map_err(SourceError::io("make a temporary copy of", &name))?;
    io::copy(&mut from, &mut file).map_err(SourceError::io("read", &name))?;
    let mut spooled = Spooled { name, file };
    spooled.rewind()?;
    Ok(spooled)
}
