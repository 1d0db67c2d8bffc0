//! The result of an audit: both books of a date.

use marquee_event::Date;
use serde::Serialize;

use crate::curated::EventAudit;
use crate::ingest_book::IngestBook;
use crate::problem::{self, Problem};
use crate::status::Status;

/// Both books of a date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// The date.
    pub date: Date,
    /// The status: provisional while the books can still change.
    pub status: Status,
    /// The reasons why they can, as sentences; empty for a final date.
    pub provisional_because: Vec<String>,
    /// True if the audit found no problem.
    pub balanced: bool,
    /// The ingest book: everything that arrived on the date.
    pub ingest: IngestBook,
    /// The event book: all events of the date; `None` before the date is published.
    pub event: Option<EventAudit>,
    /// The problems; empty if the audit is balanced.
    #[serde(serialize_with = "problem::serialize_with_advice")]
    pub problems: Vec<Problem>,
}
