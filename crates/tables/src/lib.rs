//! The columns of every table of the lake.
//!
//! [`schema`] has the columns of each table up to the processed zone, and [`curated`] those
//! of the tables that compaction writes.

pub mod curated;
pub mod schema;
