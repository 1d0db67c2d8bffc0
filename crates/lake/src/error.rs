//! What goes wrong with a lake.

use marquee_event::CatalogueError;
use marquee_tables::encode::EncodeError;
use thiserror::Error;

/// What goes wrong with a lake. [`LakeError::kind`] says what may pass when it is
/// tried again.
#[derive(Debug, Error)]
pub enum LakeError {
    /// The object store did not do what it was asked.
    #[error("object store: {0}")]
    Store(object_store::Error),
    /// An object is there, but is not what its key says.
    #[error("{key} cannot be read: {cause}")]
    Malformed {
        /// The object's key.
        key: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A catalogue with a row that cannot be.
    #[error("the catalogue's row {row}: {cause}")]
    Catalogue {
        /// The row, from 1.
        row: usize,
        /// What is wrong with it.
        cause: CatalogueError,
    },
    /// A title that the catalogue has twice.
    #[error("the catalogue's row {row}: title {title_id:?} was there before")]
    DuplicateTitle {
        /// The row of the second one, from 1.
        row: usize,
        /// The title.
        title_id: String,
    },
    /// A file could not be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

// Not by `#[from]`, which would make it a source too: it is in the sentence.
impl From<object_store::Error> for LakeError {
    fn from(error: object_store::Error) -> Self {
        Self::Store(error)
    }
}
