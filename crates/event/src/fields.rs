//! The declaration of an event's fields.
//!
//! Each line of [`event_fields!`] declares a field. The lines have the order in which a
//! unit is checked and written:
//!
//! ```text
//! required|optional  NAME: TYPE = RULE => COLUMN, since FORMAT VERSION, needed by TYPES;
//! ```
//!
//! - `NAME` is the key in JSON and the member of [`Event`].
//! - `RULE` reads, bounds and writes the values ([`crate::rules`]).
//! - `COLUMN` contains the values in the processed and curated events.
//! - `TYPES` are the event types that need the field.
//!
//! The parser, the writer, the tables and the kernels of compaction follow from this
//! declaration. Tests compare it with the documentation, the JSON Schema, the columns in
//! Terraform, the warehouse's table and the Athena view, and name a missing line.
//!
//! A new field goes to the end of `added`. It is optional and names the next
//! [`FormatVersion`]. `CONTRIBUTING.md` shows the steps.

use std::borrow::Cow;

use uuid::Uuid;

use crate::event::{Country, EventType, Rating, TypeSet, bounds};
use crate::format::FormatVersion;
use crate::rules::{
    CountryCode, DeviceObject, Id, Int32, Int64, ProducerObject, Rule, Scalar, Stars, Text, Time,
    TypeName, UuidText,
};

event_fields! {
    /// An action of a viewer. Strings borrow from the bytes that were parsed.
    pub struct Event<'a> {
        first {
            /// The unique id of the action; UUID v7 is recommended.
            required event_id: Uuid = UuidText => event_id;
            /// The kind of the event.
            required event_type: EventType = TypeName => event_type;
            /// The time of the event, in UTC microseconds since the epoch.
            required event_time: i64 = Time => event_time;
            /// The account.
            required user_id: Cow<'a, str> = Id => user_id;
            /// The session, as the player counts it.
            required session_id: Cow<'a, str> = Id => session_id;
            /// The profile within the account.
            optional profile_id: Option<Cow<'a, str>> = Id => profile_id;
            /// The country of the viewer.
            optional country: Option<Country> = CountryCode => country;
            /// The viewer's device.
            object device: Device<'a> = DeviceObject;
            /// The producer that sent the event, with the event's producer number.
            optional producer: Option<Producer<'a>> = ProducerObject;
            /// The title that is played, rated or listed.
            optional title_id: Option<Cow<'a, str>> = Id => title_id, needed by TypeSet::TITLED;
            /// The position in the title, in milliseconds.
            optional position_ms: Option<i64> = Int64<0, { bounds::POSITION_MS }>
                => position_ms, needed by TypeSet::PLAYBACK;
            /// The position at which a seek began, in milliseconds.
            optional from_position_ms: Option<i64> = Int64<0, { bounds::POSITION_MS }>
                => from_position_ms, needed by TypeSet::of(EventType::Seek);
            /// The text of the search.
            optional query: Option<Cow<'a, str>> = Text<{ bounds::QUERY_BYTES }>
                => query, needed by TypeSet::of(EventType::Search);
            /// The number of titles that a search found.
            optional results: Option<i32> = Int32<0, { bounds::RESULTS }> => results;
            /// The shelf that is browsed.
            optional row: Option<i32> = Int32<0, { bounds::ROW }> => row_index;
            /// The stars given.
            optional rating: Option<Rating> = Stars
                => rating, needed by TypeSet::of(EventType::Rate);
        }
        added {
            /// The kind of the device's network: `wifi`, `cellular`, `ethernet`.
            optional network_type: Option<Cow<'a, str>> = Text<32> => network_type, since 2;
        }
    }
}

object_fields! {
    /// The viewer's device; any member may be missing.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Device<'a> in "device" {
        /// `tv`, `phone`, … (JSON `device.type`).
        optional "type" as kind: Option<Cow<'a, str>> = Text<{ bounds::ID_BYTES }> => device_type;
        /// The operating system.
        optional "os" as os: Option<Cow<'a, str>> = Text<{ bounds::ID_BYTES }> => device_os;
        /// The player's version.
        optional "app_version" as app_version: Option<Cow<'a, str>> = Text<{ bounds::ID_BYTES }>
            => app_version;
    }
}

object_fields! {
    /// A producer's own count of the events that it sent, for the audit.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Producer<'a> in "producer" {
        /// The id of one run of one producer.
        required "id" as id: Cow<'a, str> = Id => producer_id;
        /// The producer number, from 1.
        required "seq" as seq: i64 = Int64<1, { bounds::PRODUCER_SEQ }> => producer_seq;
    }
}

/// A declared field of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The key in JSON, dotted if it is nested: `device.os`.
    pub path: &'static str,
    /// The kind of the values.
    pub kind: FieldKind,
    /// The event types that need the field. A nested field that its object needs has all
    /// types.
    pub needed_by: TypeSet,
    /// The column of the processed and curated events; `None` for an object and for
    /// `schema_version`.
    pub column: Option<&'static str>,
    /// The format version that introduced the field. To older versions it is unknown.
    pub since: FormatVersion,
}

/// The kind of the values of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// The version of the event schema.
    SchemaVersion,
    /// A UUID with hyphens.
    Uuid,
    /// The name of an [`EventType`].
    TypeName,
    /// An RFC 3339 instant.
    Time,
    /// A string of 1 to `most` bytes.
    Id {
        /// The bound in bytes of UTF-8.
        most: usize,
    },
    /// A string of up to `most` bytes.
    Text {
        /// The bound in bytes of UTF-8.
        most: usize,
    },
    /// Two capital letters.
    Country,
    /// A 32-bit integer, both bounds inclusive.
    Int32 {
        /// The least value.
        least: i64,
        /// The greatest value.
        most: i64,
    },
    /// A 64-bit integer, both bounds inclusive.
    Int64 {
        /// The least value.
        least: i64,
        /// The greatest value.
        most: i64,
    },
    /// Half a star to five stars, in halves.
    Stars,
    /// An object of these fields.
    Object(&'static [Field]),
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// UTF-8.
    Text,
    /// Microseconds in UTC.
    Timestamp,
    /// A day.
    Date,
    /// An integer of 32 bits.
    Int32,
    /// An integer of 64 bits.
    Int64,
    /// A number in single precision.
    Float32,
}

impl FieldKind {
    /// Returns the type of the column; `None` for a kind without a column.
    pub const fn column_type(self) -> Option<ColumnType> {
        match self {
            Self::SchemaVersion | Self::Object(_) => None,
            Self::Uuid | Self::TypeName | Self::Id { .. } | Self::Text { .. } | Self::Country => {
                Some(ColumnType::Text)
            }
            Self::Time => Some(ColumnType::Timestamp),
            Self::Int32 { .. } => Some(ColumnType::Int32),
            Self::Int64 { .. } => Some(ColumnType::Int64),
            Self::Stars => Some(ColumnType::Float32),
        }
    }
}

impl Field {
    /// Returns whether the column may be null. The fields of an object may always be null,
    /// because the object may be absent.
    pub const fn is_nullable(&self) -> bool {
        !self.needed_by.is_all() || self.is_nested()
    }

    const fn is_nested(&self) -> bool {
        let path = self.path.as_bytes();
        let mut at = 0;
        while at < path.len() {
            if path[at] == b'.' {
                return true;
            }
            at += 1;
        }
        false
    }
}

/// Returns every field in the order of the checks; nested fields follow their object.
pub fn fields() -> impl Iterator<Item = &'static Field> {
    FIELDS.iter().flat_map(|field| {
        let members: &[Field] = match field.kind {
            FieldKind::Object(members) => members,
            _ => &[],
        };
        std::iter::once(field).chain(members)
    })
}

// The tables store strings and integers of an added field without code of its own.
const _: () = {
    let mut at = 0;
    while at < ADDED_FIELDS.len() {
        let data_type = ADDED_FIELDS[at].kind.column_type();
        assert!(matches!(
            data_type,
            Some(ColumnType::Text | ColumnType::Int32 | ColumnType::Int64)
        ));
        at += 1;
    }
};

// A set of fields is a `u32` with one bit per field.
const _: () = assert!(FIELDS.len() <= 32, "an event has more than 32 fields");
