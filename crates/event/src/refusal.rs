//! Why an event is refused.

use std::fmt;

/// Why a unit is not an event. The names are part of the contract: they stand
/// in the quarantine table, in receipts and in metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Reason {
    /// Not JSON (RFC 8259), or not UTF-8.
    InvalidJson,
    /// JSON, but not an object.
    NotAnObject,
    /// A field that the event's type needs is absent or null.
    MissingField,
    /// A value of another JSON type, or a string not in the field's format.
    WrongType,
    /// An `event_type` that this version does not have.
    UnknownEventType,
    /// A number outside the field's range.
    OutOfRange,
    /// A string, or all extra fields together, over the bound.
    TooLong,
    /// U+0000 in a string.
    IllegalCharacter,
    /// `event_time` too far ahead of the arrival.
    TimeInFuture,
    /// `event_time` too far behind the arrival.
    TimeTooOld,
    /// A `schema_version` other than 1.
    UnsupportedSchemaVersion,
    /// A record that cannot be decompressed or de-aggregated.
    UndecodableRecord,
    /// A record that unpacks past the bounds.
    RecordTooLarge,
}

impl Reason {
    /// Every reason, in the order of their codes.
    pub const ALL: [Self; 13] = [
        Self::InvalidJson,
        Self::NotAnObject,
        Self::MissingField,
        Self::WrongType,
        Self::UnknownEventType,
        Self::OutOfRange,
        Self::TooLong,
        Self::IllegalCharacter,
        Self::TimeInFuture,
        Self::TimeTooOld,
        Self::UnsupportedSchemaVersion,
        Self::UndecodableRecord,
        Self::RecordTooLarge,
    ];

    /// The name in tables, receipts and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidJson => "invalid_json",
            Self::NotAnObject => "not_an_object",
            Self::MissingField => "missing_field",
            Self::WrongType => "wrong_type",
            Self::UnknownEventType => "unknown_event_type",
            Self::OutOfRange => "out_of_range",
            Self::TooLong => "too_long",
            Self::IllegalCharacter => "illegal_character",
            Self::TimeInFuture => "time_in_future",
            Self::TimeTooOld => "time_too_old",
            Self::UnsupportedSchemaVersion => "unsupported_schema_version",
            Self::UndecodableRecord => "undecodable_record",
            Self::RecordTooLarge => "record_too_large",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A unit that is not an event: why, and what in it was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// The field that broke it, dotted (`device.os`); `None` where the unit as
    /// a whole is at fault.
    pub field: Option<&'static str>,
    /// The value that broke it, as it was written, cut to [`Refusal::VALUE_BYTES`].
    pub value: Option<String>,
    /// What was expected, or where it broke, for a person.
    pub detail: String,
}

impl Refusal {
    /// How much of an offending value is kept here; the unit itself is kept whole.
    pub const VALUE_BYTES: usize = 256;

    /// A refusal of the unit as a whole.
    pub fn of_unit(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            field: None,
            value: None,
            detail: detail.into(),
        }
    }

    /// A refusal for one field.
    pub fn of_field(
        reason: Reason,
        field: &'static str,
        value: Option<&[u8]>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            reason,
            field: Some(field),
            value: value.map(excerpt),
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reason)?;
        if let Some(field) = self.field {
            write!(f, ": {field}")?;
        }
        if let Some(value) = &self.value {
            write!(f, " = {value}")?;
        }
        write!(f, " ({})", self.detail)
    }
}

impl std::error::Error for Refusal {}

/// The beginning of `bytes` as text without U+0000, which no warehouse can hold.
fn excerpt(bytes: &[u8]) -> String {
    let end = bytes.len().min(Refusal::VALUE_BYTES);
    let mut text =
        String::from_utf8_lossy(bytes.get(..end).unwrap_or(bytes)).replace('\0', "\u{fffd}");
    // A character cut in two at the end is not a character that was wrong.
    if end < bytes.len() && text.ends_with('\u{fffd}') {
        text.pop();
    }
    text
}
