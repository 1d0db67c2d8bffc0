//! The result of an audit: both books of a date.

use marquee_event::Date;
use serde::Serialize;

use crate::curated::EventAudit;
use crate::ingest_book::IngestBook;
use crate::problem::{self, Problem};
use crate::standing::Status;

/// Both books of a date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// The date.
    pub date: Date,
    /// Whether the books may still change.
    pub status: Status,
    /// Why they may.
    pub provisional_because: Vec<String>,
    /// Whether every sum adds up and everything is where it should be.
    pub balanced: bool,
    /// What arrived on the date.
    pub ingest: IngestBook,
    /// What happened on the date; `None` before it is published.
    pub event: Option<EventAudit>,
    /// What is wrong; nothing when it is balanced.
    #[serde(serialize_with = "problem::in_words")]
    pub problems: Vec<Problem>,
}
