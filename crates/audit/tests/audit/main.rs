//! Audits of intact and of damaged lakes.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod books;
mod lake;
mod planted;
mod producers;
