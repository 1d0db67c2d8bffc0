//! The audit, against lakes that are whole and lakes that are not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod books;
mod lake;
mod planted;
mod producers;
