//! Curation end to end: events through the transform, SQL and files.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod checks;
mod crash;
mod gone;
mod lake;
mod late;
mod old_lake;
mod races;
mod rebuild;
mod state;
mod steps;
mod store;
