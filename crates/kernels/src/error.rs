//! What is wrong with a table that was read.

use thiserror::Error;

/// What is wrong with a table that was read. Where it lies is for the caller to
/// say.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TableError {
    /// A column is not there.
    #[error("it has no column {0}")]
    Missing(String),
    /// A column is of another type.
    #[error("its column {column} is of the type {found}, not {expected}")]
    Type {
        /// The column.
        column: &'static str,
        /// The type it must have.
        expected: &'static str,
        /// The type it has.
        found: String,
    },
    /// A value that cannot be.
    #[error("its column {column} holds {found} where {expected} is needed")]
    Value {
        /// The column.
        column: &'static str,
        /// What is there.
        found: String,
        /// What may be there.
        expected: &'static str,
    },
    /// A row that names something which was not taken in with it: a defect of the
    /// program.
    #[error("a row names a {0} that was not taken in with it; this is a defect of the program")]
    Lost(&'static str),
    /// A row that names a value which its column's dictionary does not have.
    #[error("a row of it names a value beyond its column's dictionary")]
    Dictionary,
    /// A dropped identity whose event is nowhere: rows of `events` were lost.
    #[error(
        "event {event_id} of user {user_id:?} is only among the dropped: the `events` that \
         belong to `dropped_events` miss a row"
    )]
    Orphan {
        /// The user.
        user_id: String,
        /// The event.
        event_id: String,
    },
}
