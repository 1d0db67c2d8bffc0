//! What every table of the lake looks like, and how its files are written.
//!
//! [`schema`] has the columns of each table up to the processed zone,
//! [`curated`] those of the tables that compaction makes. [`encode`] is the hot path's way
//! into Parquet: encoders that take values one row at a time and keep them in
//! the form that the file will have, so that nothing is built twice. Files that
//! are not on the hot path are written by the `parquet` crate's own writer with
//! [`settings`].

pub mod curated;
pub mod encode;
pub mod schema;
pub mod settings;
