//! A date that grows by late events, in the test lake of compaction's tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(dead_code, reason = "the helpers are shared with compaction's tests")]

mod grown;
#[path = "../../../compaction/tests/compact/lake.rs"]
mod lake;
#[path = "../../../compaction/tests/compact/rows.rs"]
mod rows;
#[path = "../../../compaction/tests/compact/units.rs"]
mod units;
mod watched;
