//! Curation: from the processed events of a date to its published, audited tables.
//!
//! ```text
//! plan ─▶ compaction ─▶ pipeline of each date: checks, marts, event book, publish, audit
//! ```
//!
//! - [`plan`] lists the dates that are due, and the inputs of each.
//! - [`pipeline`] is the sequence of stages from compacted tables to an audited generation,
//!   over [`pipeline::DateSql`], the port for SQL. Its parts: [`prepare`] lists the inputs of
//!   a date's marts and checks, [`close`] closes its event book, [`publish`] commits a date
//!   as one small object, [`projection`] updates the table catalog, and [`projection_marks`]
//!   records that it did.
//! - [`driver`] runs everything in one process; [`steps`] does the same for a state machine.
//! - [`unaudited`] lists the published dates without an audit, [`unloaded`] those that the
//!   warehouse does not have.
//! - [`sweep`] deletes objects that no current or recent generation needs.
//!
//! `marquee-compaction` makes the compacted tables of a date, `marquee-audit` its audit.
//! `marquee-marts` implements the port for SQL; no crate below it knows the engine.

pub mod close;
pub mod driver;
mod error;
mod pending_generations;
pub mod pipeline;
pub mod plan;
pub mod prepare;
pub mod projection;
pub mod projection_marks;
pub mod publish;
mod state;
pub mod steps;
pub mod sweep;
pub mod unaudited;
pub mod unloaded;

pub use error::CurationError;
