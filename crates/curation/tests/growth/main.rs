//! A date that grows by late events, over the lake that compaction's tests make.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(dead_code, reason = "the helpers are those of compaction's tests")]

mod grown;
#[path = "../../../compaction/tests/compact/lake.rs"]
mod lake;
#[path = "../../../compaction/tests/compact/rows.rs"]
mod rows;
#[path = "../../../compaction/tests/compact/units.rs"]
mod units;
mod watched;
