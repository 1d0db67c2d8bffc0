//! Measurements of the hot path: inputs, clocks, results.
//!
//! Everything runs on one thread and is timed by that thread's own CPU time, so
//! that a neighbour on the machine costs us nothing; the median of several
//! rounds is what is told.

pub mod clock;
pub mod day;
pub mod facts;
pub mod input;
pub mod memory;
pub mod neighbours;
pub mod peer;
pub mod stages;
