//! The Glue catalog against a mocked client.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod columns;
mod failures;
mod fake;
mod fixtures;
mod forward;
mod races;
