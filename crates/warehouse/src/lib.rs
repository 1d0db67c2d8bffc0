//! The warehouse: loads the curated tables of published generations into Redshift.
//!
//! - [`port`] is the port to a warehouse: it runs named statements as one
//!   transaction, asynchronously.
//! - [`definition`] parses the tables of `sql/redshift/ddl`.
//! - [`migrate`] compares the warehouse's schema with those definitions and derives
//!   the statements that close the gap.
//! - [`load`] loads a published generation: one COPY manifest and one transaction per
//!   table, submitted and polled, so that no process waits.
//! - [`book`] compares the rows of the warehouse with the curated rows, the last
//!   check of a date's books.
//!
//! This crate depends on no SDK and no engine. `crates/aws` implements the port with
//! Redshift's Data API.

pub mod book;
pub mod definition;
pub mod error;
pub mod load;
pub mod migrate;
pub mod port;
pub mod script;

pub use error::WarehouseError;
pub use port::Warehouse;

/// The files of a directory of `sql/redshift`, by name, with their contents.
pub(crate) type Files = &'static [(&'static str, &'static str)];

/// The embedded files of `sql/redshift`.
pub(crate) mod files {
    use crate::{Files, WarehouseError};

    include!(concat!(env!("OUT_DIR"), "/files.rs"));

    /// Returns the file `name` of `directory`.
    ///
    /// # Errors
    /// [`WarehouseError::File`] if there is no such file.
    pub(crate) fn named(
        files: Files,
        directory: &str,
        name: &str,
    ) -> Result<&'static str, WarehouseError> {
        let file = files.iter().find(|(found, _)| *found == name);
        file.map(|(_, text)| *text)
            .ok_or_else(|| WarehouseError::File {
                file: format!("{directory}/{name}"),
                fault: "the file is missing".into(),
            })
    }
}
