//! The text of the messages, and their deduplication.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod alarms;
mod dead_letters;
mod dedup;
mod executions;
mod fixture;
mod harness;
mod runbook;
mod steps;
mod unknown;
