//! The audit: the two books of a date, recounted from the objects of the lake.
//!
//! - [`EventBook::close`] adds up the counts of a date before it is published. It reads no
//!   object.
//! - [`audit_date`] recounts both books from the lake. It reads every object that a receipt
//!   or the generation names, and follows every identity from its arrival to its table.
//! - [`write`] stores the result beside the date's generations and in the table
//!   `audit_books`.

mod acknowledged;
mod anomaly;
mod arrivals;
mod audit;
mod books_table;
mod coverage;
mod curated;
mod day_figures;
mod error;
mod event_book;
mod failed;
mod figures;
mod ingest_book;
mod intervals;
mod object;
mod orphans;
mod problem;
mod producer_number;
mod producers;
mod recount;
mod scan;
mod status;
mod write;

pub use acknowledged::{AcknowledgedGap, InvalidGap, acknowledge};
pub use anomaly::{Anomaly, AnomalySettings, DayFigures, WEEKS, find_anomalies};
pub use audit::Audit;
pub use curated::{EventAudit, FoundCounts, TableLine};
pub use day_figures::anomalies;
pub use error::AuditError;
pub use event_book::{EventBook, EventBookInputs, event_book_table, read_receipts};
pub use failed::{FailedBatch, failed_batches};
pub use ingest_book::{HourLine, IngestBook, ShardLine, StreamCount, UnitLine};
pub use orphans::Garbage;
pub use problem::Problem;
pub use producers::ProducerLine;
pub use recount::audit_date;
pub use status::{LATE_DAYS, Status, late_window_open, newest_arrival};
pub use write::{BOOKS, write};
