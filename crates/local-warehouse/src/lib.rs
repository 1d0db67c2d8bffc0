//! A local warehouse: a fake Redshift Data API in front of a real PostgreSQL server,
//! for `marquee warehouse` and for tests.
//!
//! - [`postgres`] starts and stops a PostgreSQL server on a private socket.
//! - [`dialect`] translates Redshift's SQL: it removes clauses that only Redshift
//!   has, rejects some that only PostgreSQL has, and substitutes parameters.
//! - [`copy`] implements COPY from a manifest of Parquet files: by position, with
//!   checked lengths, column counts and types, and text limits in bytes.
//! - [`engine`] runs statements in sessions at Redshift's isolation level.
//! - [`rows`] reads the rows of tables and Parquet files in one form, to compare them.
//! - [`data_api`] is the Data API without its wire protocol: it accepts statements,
//!   runs them in the background and reports on them by id. It implements
//!   [`marquee_warehouse::Warehouse`].
//! - `server` (with the feature `server`) is its wire protocol: AWS JSON 1.1 over HTTP.
//!
//! Names, types, transactions, locks, snapshots and rows behave as in PostgreSQL.
//! The local warehouse does not emulate Redshift's planner, its keys and encodings,
//! or IAM. It accepts syntax that PostgreSQL has and Redshift lacks, except for the
//! clauses that [`dialect`] rejects.

pub mod copy;
pub mod data_api;
mod data_lock;
pub mod dialect;
pub mod engine;
pub mod postgres;
pub mod rows;
#[cfg(feature = "server")]
pub mod server;

pub use data_api::FakeDataApi;
pub use engine::Engine;
pub use postgres::PostgresMissing;
#[cfg(feature = "server")]
pub use server::DataApiServer;
