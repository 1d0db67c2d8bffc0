//! The day: from processed events to published, audited tables.
//!
//! The steps are functions that a state machine or a command calls one after
//! the other; they pass references, the data stays in the lake.
//!
//! [`compact`] makes events and facts of a date.

pub mod compact;
pub mod error;

pub use error::DayError;
