//! SQL over the lake; the one crate that knows DataFusion.
//!
//! [`Engine::open`] looks at a lake through any object store and answers
//! queries over its tables:
//!
//! | table | rows |
//! |---|---|
//! | `raw_events` | every unit that arrived, verbatim |
//! | `processed_events` | the events among them, typed and enriched |
//! | `quarantine` | the refused ones, each with its reason |
//! | `titles` | the catalogue that the lake's pointer names |
//! | `ingest_batches` | the receipts, a row a batch |
//! | `events`, `fact_view`, … | every curated table, of the current generations |
//!
//! The first three also show where they lie: `ingest_date` (a `DATE`) and
//! `ingest_hour` (an `INT`), as Athena has them, and curated tables of dates
//! `event_date` (a `DATE`); a filter on these opens only the objects it
//! concerns.
//!
//! [`DateRun`] makes a date's marts from its facts and runs its checks. A mart
//! sees facts and the catalogue alone, of the window that its head names. A state
//! machine calls it through [`steps`].
//!
//! Two rules hold. Only objects that a receipt or a current generation names
//! exist: an orphan under a zone's prefix is never read. And the lake is only
//! read: anything but a question is refused.

mod batches;
mod check;
mod curated;
mod damage;
mod date_run;
mod engine;
mod error;
mod ledger;
mod output;
mod session;
mod statement;
pub mod steps;
mod table;

pub use date_run::DateRun;
pub use engine::{Answer, Engine};
pub use error::MartsError;
