//! Errors in the contents of a table.

use marquee_event::EventType;
use thiserror::Error;

/// An error in the contents of a table. The caller adds the object's key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TableError {
    /// A column is absent.
    #[error("column {0} is missing")]
    MissingColumn(String),
    /// A column has another type.
    #[error("column {column} has type {found}, expected {expected}")]
    ColumnType {
        /// The column.
        column: &'static str,
        /// The type that it must have.
        expected: &'static str,
        /// The type that it has.
        found: String,
    },
    /// A column holds a value that no valid row has.
    #[error("column {column} holds {found}, expected {expected}")]
    InvalidValue {
        /// The column.
        column: &'static str,
        /// The value.
        found: String,
        /// The valid values.
        expected: &'static str,
    },
    /// A row refers to something that is not in memory. This is a defect of the program.
    #[error("a row refers to a {0} that is not in memory; this is a defect of the program")]
    DanglingReference(&'static str),
    /// A view received an event that is neither playback nor a rating. This is a defect of
    /// the program.
    #[error("a view received a {} event; this is a defect of the program", .0.name())]
    NoViewEvent(EventType),
    /// A row has a dictionary key that is not in its column's dictionary.
    #[error("a row has a dictionary key that is out of range")]
    DictionaryKey,
    /// A dropped duplicate has no kept event: `events` has lost rows.
    #[error(
        "dropped_events has a duplicate of event {event_id} of user {user_id:?}, but events \
         has no row of that event; run `marquee rebuild` for the date"
    )]
    OrphanDuplicate {
        /// The user.
        user_id: String,
        /// The event.
        event_id: String,
    },
}
