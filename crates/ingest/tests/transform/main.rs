//! Tests of the transform: properties over arbitrary batches, the handler over a failing
//! store, bounds, and frozen output.
//!
//! Each property has 256 cases by default. For a longer run:
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
mod recording_store;
mod rows;
