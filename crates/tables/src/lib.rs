//! The columns of every table of the lake, and the writers of its files.
//!
//! [`schema`] has the columns of each table up to the processed zone, and [`curated`] those
//! of the tables that compaction writes. [`encode`] is the Parquet encoder of the hot path.
//! It takes values row by row and keeps them in the form of the file. The writer of the
//! `parquet` crate, with [`settings`], writes all other files.

pub mod curated;
pub mod encode;
pub mod schema;
pub mod settings;
