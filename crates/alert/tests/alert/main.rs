//! What is reported, in words; and how often it is told.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod alarms;
mod executions;
mod fixture;
mod letters;
mod newsroom;
mod runbook;
mod steps;
mod unknown;
mod window;
