//! Curation: from the processed events of a date to its published, audited tables.
//!
//! The steps are functions that a state machine or a command calls one after the other;
//! they pass references, the data stays in the lake.
//!
//! ```text
//! plan ─▶ (compaction) ─▶ prepare ─▶ (marts, checks) ─▶ close ─▶ publish ─▶ show
//! ```
//!
//! - [`plan`] lists the dates that are due, and the inputs of each.
//! - [`prepare`] lists the inputs of a date's marts and checks, [`close`] closes its event
//!   book over the results of the checks.
//! - [`publish`] commits a date as one small object; [`show`] brings the table catalog
//!   forward, [`projected`] records that it did.
//! - [`unaudited`] lists the published dates without an audit, [`unloaded`] those that the
//!   warehouse does not have.
//! - [`sweep`] removes objects that nothing needs any more.
//!
//! The events and facts of a date come from `marquee-compaction`, its audit from
//! `marquee-audit`, and the tables that SQL makes from `marquee-marts`, which a driver
//! calls in between: `local` in one process, or a state machine through [`steps`].

pub mod close;
mod error;
mod pending_generations;
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
