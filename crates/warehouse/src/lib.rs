//! The warehouse: curated tables in Redshift, brought there by the generation.
//!
//! - [`port`] is what a warehouse can do: run named statements as one
//!   transaction, and tell later what came of it.
//! - [`definition`] is a table as `sql/redshift/ddl` has it.
//! - [`migrate`] compares what the warehouse has with what it should have, and
//!   says what is to be run.
//! - [`load`] brings a published generation in: a manifest and a transaction a
//!   table, started and polled, so that nobody waits.
//! - [`book`] is the last line of a date's books: warehouse rows = curated rows.
//!
//! It knows no SDK and no engine: `crates/aws` has the port over the Data API.

pub mod book;
pub mod definition;
pub mod error;
pub mod load;
pub mod migrate;
pub mod port;
pub mod script;

pub use error::WarehouseError;
pub use port::Warehouse;

/// The files of a directory of `sql/redshift`: their names and contents.
pub(crate) type Files = &'static [(&'static str, &'static str)];

/// What `sql/redshift` holds.
pub(crate) mod files {
    use crate::Files;

    include!(concat!(env!("OUT_DIR"), "/files.rs"));

    /// The file of that name; empty, which its readers refuse, where there is none.
    pub(crate) fn named(files: Files, name: &str) -> &'static str {
        files
            .iter()
            .find(|(found, _)| *found == name)
            .map_or("", |(_, text)| text)
    }
}
