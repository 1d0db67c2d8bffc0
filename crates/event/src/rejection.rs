//! The reasons for which a unit is rejected.

use std::borrow::Cow;
use std::fmt;

use crate::event::bounds;
use crate::format::FormatVersion;

/// The reason for a rejection. The names are part of the contract: the quarantine table,
/// receipts and metrics contain them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Reason {
    /// Not JSON (RFC 8259), or not UTF-8.
    InvalidJson,
    /// JSON, but not an object.
    NotAnObject,
    /// A field that the event needs is absent or null.
    MissingField,
    /// A value has another JSON type, or a string does not have the field's format.
    WrongType,
    /// `event_type` is not a known type.
    UnknownEventType,
    /// A number is outside the field's range.
    OutOfRange,
    /// A string, or all unknown fields together, exceed the bound.
    TooLong,
    /// A string contains U+0000.
    IllegalCharacter,
    /// `event_time` is too far ahead of the arrival.
    TimeInFuture,
    /// `event_time` is too far behind the arrival.
    TimeTooOld,
    /// `schema_version` is not 1.
    UnsupportedSchemaVersion,
    /// A record cannot be decompressed or de-aggregated.
    UndecodableRecord,
    /// A record unpacks to more than the bounds.
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

    /// Returns the name in tables, receipts and metrics.
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

/// The rejection of a unit: the reason, and the field and value at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The reason.
    pub reason: Reason,
    /// The field at fault, dotted (`device.os`); `None` if the unit as a whole is at fault.
    pub field: Option<&'static str>,
    /// The value at fault as written, cut to [`Rejection::VALUE_BYTES`].
    pub value: Option<String>,
    /// The expectation that was broken, or the position of the fault, in words.
    pub detail: Detail,
}

/// The expectation that a unit broke, or the position of its fault.
///
/// The quarantine table contains the text, and `marquee rebuild` must write the exact bytes
/// of an old batch. So a text never changes. A new wording needs a new [`FormatVersion`];
/// [`Detail::text`] has the texts of every version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// A required field is absent or null.
    Missing,
    /// A string exceeds its bound.
    TooLong {
        /// The size of the string.
        bytes: usize,
        /// The bound.
        most: usize,
    },
    /// The unknown fields together exceed the bound.
    ExtraTooLong {
        /// The size of the unknown fields.
        bytes: usize,
    },
    /// A string contains U+0000.
    NullCharacter,
    /// A string is not the name of an event type.
    UnknownEventType,
    /// The schema version is not the supported one.
    UnsupportedVersion,
    /// The unit is JSON, but not an object.
    NotAnObject,
    /// The unit is not UTF-8.
    NotUtf8 {
        /// The number of valid bytes before the fault.
        valid: usize,
    },
    /// A text that is the same in every format version.
    Other(String),
}

/// The format version that reworded the details.
pub(crate) const REWORDED: FormatVersion = FormatVersion::declared(2);

impl Detail {
    /// Returns the text in the wording of a format version.
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

    /// Returns the text in the wording of the first format version.
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
    /// Formats the text in the wording of the current format version.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(FormatVersion::CURRENT))
    }
}

impl Rejection {
    /// The maximum size of [`Rejection::value`]. Quarantine keeps the whole unit.
    pub const VALUE_BYTES: usize = 256;

    /// Creates a rejection of the unit as a whole.
    pub fn of_unit(reason: Reason, detail: Detail) -> Self {
        Self {
            reason,
            field: None,
            value: None,
            detail,
        }
    }

    /// Creates a rejection for one field.
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

impl fmt::Display for Rejection {
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

impl std::error::Error for Rejection {}

/// Returns the beginning of `bytes` as text. U+0000 is replaced, because warehouses cannot
/// store it.
fn excerpt(bytes: &[u8]) -> String {
    let end = bytes.len().min(Rejection::VALUE_BYTES);
    let mut text =
        String::from_utf8_lossy(bytes.get(..end).unwrap_or(bytes)).replace('\0', "\u{fffd}");
    // The cut can split the last character; that is not a fault of the value.
    if end < bytes.len() && text.ends_with('\u{fffd}') {
        text.pop();
    }
    text
}
