//! The event source mapping, against functions of every kind.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod crash;
mod fake;
mod laws;
mod real;
mod semantics;
