//! SQL over the lake; the one crate that knows DataFusion.
//!
//! [`Engine::open`] looks at a lake through any object store and answers
//! queries over four tables:
//!
//! | table | rows |
//! |---|---|
//! | `raw_events` | every unit that arrived, verbatim |
//! | `processed_events` | the events among them, typed and enriched |
//! | `quarantine` | the refused ones, each with its reason |
//! | `titles` | the catalogue that the lake's pointer names |
//!
//! The first three also show where they lie: `ingest_date` (a `DATE`) and
//! `ingest_hour` (an `INT`), as Athena has them, and a filter on these opens
//! only the objects it concerns.
//!
//! Two rules hold. Only objects that a receipt names exist: an orphan under a
//! zone's prefix is never read. And the lake is only read: anything but a
//! question is refused.

mod engine;
mod error;
mod ledger;
mod statement;
mod table;

pub use engine::{Answer, Engine};
pub use error::MartsError;
