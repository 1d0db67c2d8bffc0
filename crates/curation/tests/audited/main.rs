//! Published dates and their audits, over the lake that the audit's tests make.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod kept;
#[path = "../../../audit/tests/audit/lake.rs"]
mod lake;
mod published;
