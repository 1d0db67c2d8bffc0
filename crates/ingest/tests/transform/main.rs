//! The transform, proved: its laws over batches of anything, the handler over a
//! store that fails, input that nobody here wrote, and its files as other
//! readers read them.
//!
//! The laws take `PROPTEST_CASES`: 256 by default, and for a long run
//! `PROPTEST_CASES=20000 cargo test -p marquee-ingest --test transform laws`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../../event/tests/any_event/mod.rs"]
mod any_event;
mod bounds;
mod expected;
mod faults;
mod golden;
mod handler;
mod laws;
mod payload;
mod rows;
mod watched;
