//! The audit: the two books of a date, and whether the objects of the lake agree.
//!
//! [`EventBook::close`] adds up the counts of a date that is about to be published; it
//! reads no object. [`full`] makes both books anew from the lake itself: it reads every
//! object that a receipt or the generation names, and follows every identity from where
//! it arrived to where it is. [`keep`] writes the result beside the date's generations.

mod arrivals;
mod audit;
mod books_table;
mod coverage;
mod curated;
mod error;
mod event_book;
mod failed;
mod figures;
mod full;
mod ingest_book;
mod intervals;
mod keep;
mod numbers;
mod object;
mod orphans;
mod problem;
mod producers;
mod scan;
mod standing;

pub use audit::Audit;
pub use curated::{EventAudit, Found, TableLine};
pub use error::AuditError;
pub use event_book::{Closing, EventBook, receipts_at, table};
pub use failed::{FailedBatch, failed_batches};
pub use full::full;
pub use ingest_book::{HourLine, IngestBook, ShardLine, StreamCount, UnitLine};
pub use keep::{BOOKS, keep};
pub use orphans::Garbage;
pub use problem::Problem;
pub use producers::ProducerLine;
pub use standing::{LATE_DAYS, Status, late_window_open, newest_arrival};
