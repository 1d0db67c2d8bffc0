//! A small Redshift, for what loads one: a real PostgreSQL, which this starts on
//! a socket of its own, behind what Redshift does otherwise.
//!
//! - [`postgres`] starts and stops the server.
//! - [`dialect`] sets aside what Redshift's DDL has more, refuses what
//!   PostgreSQL has more, and puts parameters in.
//! - [`copy`] is COPY from a manifest of Parquet files: by position, with lengths
//!   and counts that must match, and text bounded in bytes.
//! - [`engine`] runs statements in sessions, at Redshift's isolation.
//! - [`rows`] holds tables against the files that they were loaded from.
//! - [`data_api`] is the Data API without its wire: statements are taken, run while
//!   others do something else, and asked for by an id. It is a
//!   [`marquee_warehouse::Warehouse`].
//! - `server` (feature of that name) is its wire: AWS JSON 1.1 over HTTP.
//!
//! What it proves is what PostgreSQL judges: names, types, transactions, locks,
//! snapshots, rows. It proves nothing of Redshift's planner, of its keys and
//! encodings, of IAM, or of words that PostgreSQL takes and Redshift does not,
//! beyond those that [`dialect`] knows.

pub mod copy;
pub mod data_api;
pub mod dialect;
pub mod engine;
pub mod postgres;
pub mod rows;
#[cfg(feature = "server")]
pub mod server;

pub use data_api::FakeDataApi;
pub use engine::Engine;
pub use postgres::Missing;
#[cfg(feature = "server")]
pub use server::Server;
