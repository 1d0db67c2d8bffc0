//! SQL over the lake. Only this crate uses DataFusion.
//!
//! [`Engine::open`] opens a lake in any object store and runs queries over its tables:
//!
//! | table | rows |
//! |---|---|
//! | `raw_events` | all units that arrived, verbatim |
//! | `processed_events` | valid events, typed and enriched |
//! | `quarantine` | rejected units with the rejection reason |
//! | `titles` | the current title catalog |
//! | `ingest_batches` | the receipts, one row per batch |
//! | `events`, `fact_view`, … | the curated tables of the current generations |
//!
//! As in Athena, the tables of the first three zones have the partition columns
//! `ingest_date` (`DATE`) and `ingest_hour` (`INT`), and curated tables per date have
//! `event_date` (`DATE`). A filter on these columns prunes partitions.
//!
//! [`DateRun`] builds the marts of a date and runs its checks. A mart reads only the
//! compacted tables and the title catalog, within the look-back window of its head, and the
//! state tables of the date.
//! [`LakeSql`] implements curation's port for SQL with it.
//!
//! The engine reads only objects that a receipt, a current generation or the title
//! catalog's pointer names, and the files of the audits; it never reads an orphan under
//! a zone's prefix. It rejects every statement that does not only read.

mod batches;
mod check;
mod curated;
mod damage;
mod date_run;
mod engine;
mod error;
mod lake_sql;
mod ledger;
mod mart_schemas;
mod output;
mod session;
mod size_limit;
mod state;
mod statement;
mod suggestion;
mod table;

pub use date_run::DateRun;
pub use engine::{Engine, RowStream};
pub use error::MartsError;
pub use lake_sql::{LakeSql, LakeSqlSettings};
pub use size_limit::{MAX_STATEMENT_BYTES, MAX_TOKENS, STACK_BYTES};
pub use suggestion::nearest_table;
