//! What an event of a streaming service is.
//!
//! One JSON object is one event, version 1. [`parse`] reads one with a
//! hand-written scanner and answers with an [`Event`] that borrows from the
//! bytes, or with a [`Refusal`] that names the [`Reason`], the field and the
//! value that broke it. [`Event::write_json`] is its inverse.
//! [`Title`] is a row of the catalogue that enriches events. [`date`] has the
//! calendar dates that events are partitioned by.
//!
//! Nothing here does I/O, waits, or asks the time: what depends on the moment
//! of arrival ([`Event::admit`]) is handed that moment.

mod admit;
mod catalogue;
pub mod date;
mod event;
mod field;
mod one_pass;
mod parse;
mod read;
mod refusal;
mod time;
mod uuid;
mod write;

pub use admit::TimeWindow;
pub use catalogue::{CatalogueError, Title, TitleKind};
pub use date::{Date, DateRange};
pub use event::{Country, Device, Event, EventType, Producer, Rating, SCHEMA_VERSION, bounds};
pub use parse::{Parser, parse};
pub use refusal::{Reason, Refusal};
pub use time::{format_utc, parse_rfc3339};
pub use uuid::hyphenated;
