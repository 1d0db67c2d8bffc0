//! Kernels over the events of one bucket of users: deduplication, sessions,
//! views. Pure: batches of Arrow in, encoded row groups out.
//!
//! [`Rows`] takes in events, 56 bytes each and what repeats once. [`Compactor`]
//! goes through them user by user: it drops what came twice, puts the rest in
//! order, follows it through sessions and views, and appends all to [`Tables`],
//! whose row groups a [`GroupSink`] takes. Every table's rows are in the order
//! of users, so that rows may be taken in and appended range by range of users
//! where they do not fit into memory together. Before all that, a [`Divider`]
//! gives each bucket its rows.

mod added;
mod bucket;
mod check;
mod columns;
mod compact;
mod content;
mod dedup;
mod divide;
mod error;
mod event_columns;
mod intern;
mod record;
mod row;
mod rows;
mod session;
mod spill_run;
mod table;
mod title_catalog;
mod users;
mod view;

pub use bucket::bucket_of;
pub use compact::{CompactError, Compactor};
pub use dedup::Counts;
pub use divide::{BucketSink, Divider};
pub use error::TableError;
pub use event_columns::{EVENT_COLUMNS, REPEATING_COLUMNS};
pub use rows::{Origin, Pushed, Rows, Scope};
pub use spill_run::SpillRun;
pub use table::{GroupBounds, GroupSink, Table, Tables};
pub use title_catalog::{KnownTitle, TitleCatalog};
