//! Loads and migrations against the local warehouse: PostgreSQL that reads Parquet
//! files.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod crashes;
mod files;
mod history;
mod lake;
mod loads;
mod migrations;
mod parses;
mod races;
