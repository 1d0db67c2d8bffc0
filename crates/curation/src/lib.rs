//! Curation: from the processed events of a date to its published, audited tables.
//!
//! ```text
//! plan ─▶ (compaction) ─▶ pipeline of each date: checks, marts, event book, publish, audit
//! ```
//!
//! - [`plan`] lists the dates that are due, and the inputs of each.
//! - [`pipeline`] is the sequence of stages from compacted tables to an audited generation,
//!   over [`pipeline::DateSql`], the port for SQL. Its parts: [`prepare`] lists the inputs of
//!   a date's marts and checks, [`close`] closes its event book, [`publish`] commits a date
//!   as one small object, [`show`] brings the table catalog forward and [`projected`] records
//!   that it did.
//! - [`driver`] runs all of it in one process; [`steps`] are the same for a state machine.
//! - [`unaudited`] lists the published dates without an audit, [`unloaded`] those that the
//!   warehouse does not have.
//! - [`sweep`] removes objects that nothing needs any more.
//!
//! The events and facts of a date come from `marquee-compaction`, its audit from
//! `marquee-audit`. `marquee-marts` implements the port for SQL; no crate below it knows the
//! engine.

pub mod close;
pub mod driver;
mod error;
mod pending_generations;
pub mod pipeline;
pub mod plan;
pub mod prepare;
pub mod projected;
pub mod publish;
pub mod show;
pub mod steps;
pub mod sweep;
pub mod unaudited;
pub mod unloaded;

pub use error::CurationError;
