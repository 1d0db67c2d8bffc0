//! Tests of the event source mapping with successful, failing and crashing
//! functions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod crash;
mod fake;
mod faults;
mod properties;
mod semantics;
mod transform;
