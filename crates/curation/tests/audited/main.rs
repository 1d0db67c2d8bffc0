//! Published dates and their audits, in the test lake of the audit's tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#[path = "../../../audit/tests/audit/lake.rs"]
mod lake;
mod published;
mod swept;
mod written;
