//! Tests compaction of generated processed objects against a simple model.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod faults;
mod lake;
mod laws;
mod model;
mod rows;
mod split;
mod units;
mod watch_log;
