//! The event of a streaming service: its fields, types and rules.
//!
//! One JSON object is one event, version 1. [`parse`] reads one with a
//! handwritten scanner and returns an [`Event`] that borrows from the
//! bytes, or a [`Rejection`] that names the [`Reason`], the field and the
//! value at fault. [`Event::write_json`] is its inverse. Both follow from [`FIELDS`], the
//! single declaration of the fields.
//! [`Title`] is a row of the title catalog that enriches events. [`date`] has the
//! calendar dates that events are partitioned by.
//!
//! The crate does no I/O and reads no clock. The caller passes the time of arrival to
//! [`Event::admit`].

mod admit;
pub mod date;
#[macro_use]
mod declare;
mod event;
mod field;
mod fields;
mod format;
mod one_pass;
mod parse;
mod read;
mod rejection;
mod rules;
mod time;
mod title;
mod write;

pub use admit::TimeWindow;
pub use date::{Date, DateRange};
pub use event::{Country, EventType, Rating, SCHEMA_VERSION, TypeSet, bounds};
pub use fields::{
    ADDED_FIELDS, ColumnType, Device, Event, FIELDS, Field, FieldKind, Producer, fields,
};
pub use format::FormatVersion;
pub use parse::{Parser, parse};
pub use rejection::{Detail, Reason, Rejection};
pub use rules::Value;
pub use time::{MICROS_PER_DAY, format_utc, parse_rfc3339};
pub use title::{Title, TitleError, TitleKind};
pub use write::WriteError;
