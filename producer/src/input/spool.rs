//! Files that can be read twice; pipes are spooled to a temporary file.

use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::path::Path;

use super::SourceError;

/// An open seekable file, positioned at its start.
#[derive(Debug)]
pub(super) struct SpooledFile {
    /// The file's name in messages.
    pub(super) name: String,
    pub(super) file: File,
}

impl SpooledFile {
    /// Rewinds to the start.
    pub(super) fn rewind(&mut self) -> Result<(), SourceError> {
        self.file
            .rewind()
            .map_err(SourceError::io("read", &self.name))
    }
}

/// Opens a file. Copies it first if it cannot be read twice, like a pipe.
pub(super) fn file(path: &Path) -> Result<SpooledFile, SourceError> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(SourceError::io("open", &name))?;
    let metadata = file.metadata().map_err(SourceError::io("open", &name))?;
    if metadata.is_dir() {
        let source = io::Error::new(io::ErrorKind::IsADirectory, "it is a directory");
        return Err(SourceError::Io {
            action: "read",
            name,
            source,
        });
    }
    if metadata.is_file() {
        Ok(SpooledFile { name, file })
    } else {
        copy(name, file)
    }
}

/// Copies standard input to its end.
pub(super) fn standard_input() -> Result<SpooledFile, SourceError> {
    copy("standard input".to_owned(), io::stdin().lock())
}

/// Copies `from` to an unnamed temporary file, which the system deletes on close.
fn copy(name: String, mut from: impl Read) -> Result<SpooledFile, SourceError> {
    let mut file =
        tempfile::tempfile().map_err(SourceError::io("create a temporary copy of", &name))?;
    io::copy(&mut from, &mut file).map_err(SourceError::io("read", &name))?;
    let mut spooled = SpooledFile { name, file };
    spooled.rewind()?;
    Ok(spooled)
}
