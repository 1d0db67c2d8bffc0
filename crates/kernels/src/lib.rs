//! Compaction kernels for the events of one bucket: deduplication, sessions, views.
//!
//! The crate is pure: Arrow batches go in, encoded row groups come out.
//!
//! 1. [`BucketSplitter`] routes the processed events of a date to the row groups of their
//!    buckets.
//! 2. [`BucketRows`] holds the events of one bucket, in 56 bytes each, with repeating
//!    values interned.
//! 3. [`Compactor`] deduplicates and sorts the events of each user, derives the user's
//!    sessions and views, and appends all of them to a [`TableWriter`], which passes row
//!    groups to a [`RowGroupSink`].
//!
//! Every table is ordered by user. If the rows of a bucket exceed the memory, the caller
//! spills them as [`SpillRun`]s and compacts one range of users at a time.

mod added;
mod bucket;
mod bucket_rows;
mod bucket_splitter;
mod check;
mod columns;
mod compactor;
mod content;
mod dedup;
mod error;
mod event_columns;
mod intern;
mod record;
mod row;
mod rows_by_user;
mod session;
mod spill_run;
mod table;
mod title_catalog;
mod view;

pub use bucket::bucket_of;
pub use bucket_rows::{BucketRows, BucketScope, EventSchema, PushCounts};
pub use bucket_splitter::{BucketSink, BucketSplitter};
pub use compactor::{Compactor, KernelError};
pub use dedup::DedupCounts;
pub use error::TableError;
pub use event_columns::{EVENT_COLUMNS, REPEATING_COLUMNS};
pub use spill_run::SpillRun;
pub use table::{CompactedTable, RowGroupLimits, RowGroupSink, TableWriter};
pub use title_catalog::{TitleAttributes, TitleCatalog};
