//! Compaction over processed objects of any kind, against a plain model of it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod faults;
mod lake;
mod laws;
mod model;
mod rows;
mod split;
mod units;
mod watch_log;
