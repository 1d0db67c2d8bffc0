//! The day: from processed events to published, audited tables.
//!
//! The steps are functions that a state machine or a command calls one after
//! the other; they pass references, the data stays in the lake.
//!
//! ```text
//! plan ─▶ [split] ─▶ compact ─▶ (marts, checks) ─▶ event book ─▶ publish ─▶ catalog
//! ```
//!
//! - [`plan`] says which dates are due, and what each is made from.
//! - [`facts`] makes a date's events and facts: [`split`] divides the inputs of
//!   a large one, [`compact`] makes a bucket.
//! - [`prepare`] says what a date's tables look at, [`close`] closes its event
//!   book over what the checks found.
//! - [`publish`] commits a date as one small object; [`show`] brings the
//!   [`catalog`] of query engines forward, [`projected`] remembers that it did.
//! - [`audit`] holds the two books against the lake.
//! - [`replay`] runs quarantined units through today's transform, [`rebuild`]
//!   makes processed and quarantine objects anew from raw.
//! - [`unaudited`] says which published dates nobody has audited yet.
//! - [`unloaded`] says which published dates the warehouse does not have.
//! - [`sweep`] removes what nothing needs any more.
//!
//! Tables that SQL makes are the `marts` crate's; a driver calls it in between:
//! `local` in one process, or a state machine through [`steps`].

pub mod audit;
mod behind;
pub mod catalog;
pub mod close;
pub mod compact;
pub mod date;
pub mod error;
pub mod facts;
pub mod plan;
pub mod prepare;
pub mod projected;
pub mod publish;
pub mod rebuild;
pub mod replay;
pub mod show;
pub mod split;
pub mod steps;
pub mod sweep;
pub mod unaudited;
mod units;
pub mod unloaded;

pub use date::{Date, Span};
pub use error::DayError;
