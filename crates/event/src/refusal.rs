//! Why an event is refused.

use std::borrow::Cow;
use std::fmt;

use crate::event::bounds;
use crate::format::FormatVersion;

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
    pub detail: Detail,
}

/// What was expected, or where a unit broke, for a person.
///
/// The quarantine table holds its words, and `marquee rebuild` writes the bytes of
/// an old batch again. So words never change: a better wording comes with a new
/// [`FormatVersion`], and [`Detail::text`] has them all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// A field that is needed is absent or null.
    Missing,
    /// A string of so many bytes, which is over its bound.
    TooLong {
        /// Its bytes.
        bytes: usize,
        /// The bound.
        most: usize,
    },
    /// Unknown fields of so many bytes together, which is over the bound.
    ExtraTooLong {
        /// Their bytes.
        bytes: usize,
    },
    /// U+0000 in a string.
    NullCharacter,
    /// Not the name of an event type.
    UnknownEventType,
    /// Another schema version than the only one.
    UnsupportedVersion,
    /// JSON, but not an object.
    NotAnObject,
    /// Not UTF-8.
    NotUtf8 {
        /// The bytes before the fault.
        valid: usize,
    },
    /// In words that no version changed.
    Other(String),
}

/// The format version that words details in its own way.
pub(crate) const REWORDED: FormatVersion = FormatVersion::declared(2);

impl Detail {
    /// Returns the words of that format version.
    pub fn text(&self, format: FormatVersion) -> Cow<'_, str> {
        if !format.has(REWORDED) {
            return self.first_text();
        }
        Cow::Borrowed(match self {
            Self::Missing => "required, but absent or null",
            Self::TooLong { bytes, most } => {
                return format!("{bytes} bytes; the limit is {most}").into();
            }
            Self::ExtraTooLong { bytes } => {
                let most = bounds::EXTRA_BYTES;
                return format!("{bytes} bytes of unknown fields; the limit is {most}").into();
            }
            Self::NullCharacter => "contains U+0000, which warehouses cannot store",
            Self::UnknownEventType => "not an event type of schema version 1",
            Self::UnsupportedVersion => "the supported schema version is 1",
            Self::NotAnObject => "expected a JSON object",
            Self::NotUtf8 { valid } => return format!("invalid UTF-8 at byte {valid}").into(),
            Self::Other(words) => words,
        })
    }

    /// Returns the words of the first format version.
    fn first_text(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::Missing => "needed, but absent or null",
            Self::TooLong { bytes, most } => {
                return format!("{bytes} bytes, of {most} at most").into();
            }
            Self::ExtraTooLong { bytes } => {
                let most = bounds::EXTRA_BYTES;
                return format!("{bytes} bytes of unknown fields, of {most} at most").into();
            }
            Self::NullCharacter => "U+0000, which no warehouse can hold",
            Self::UnknownEventType => "not a type of version 1",
            Self::UnsupportedVersion => "this reader knows version 1",
            Self::NotAnObject => "an event is a JSON object",
            Self::NotUtf8 { valid } => return format!("not UTF-8 from byte {valid}").into(),
            Self::Other(words) => words,
        })
    }
}

impl fmt::Display for Detail {
    /// In the words of the current format version.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(FormatVersion::CURRENT))
    }
}

impl Refusal {
    /// How much of an offending value is kept here; the unit itself is kept whole.
    pub const VALUE_BYTES: usize = 256;

    /// A refusal of the unit as a whole.
    pub fn of_unit(reason: Reason, detail: Detail) -> Self {
        Self {
            reason,
            field: None,
            value: None,
            detail,
        }
    }

    /// A refusal for one field.
    pub fn of_field(
        reason: Reason,
        field: &'static str,
        value: Option<&[u8]>,
        detail: Detail,
    ) -> Self {
        Self {
            reason,
            field: Some(field),
            value: value.map(excerpt),
            detail,
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
