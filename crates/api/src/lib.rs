//! The HTTP API: recommendations and popular titles from the newest published date.
//! `docs/API.md` is its contract.
//!
//! [`router`] serves the API over any object store. `lambdas/api` puts it behind API
//! Gateway with [`gateway`]; `marquee serve` puts it behind a socket. The API keeps a
//! snapshot of the newest generation in memory and reads a viewer's rows from the
//! tables sorted by user on each request.

mod error;
pub mod gateway;
mod index;
mod object;
mod response;
mod routes;
mod snapshot;
mod snapshot_cache;
mod table;
mod user_table;

pub use routes::router;
