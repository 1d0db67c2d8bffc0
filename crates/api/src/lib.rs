//! The HTTP API: what to watch next, from what is published. `docs/API.md` is its
//! contract.
//!
//! [`router`] is the whole of it, over any object store: `lambdas/api` puts it behind
//! API Gateway by way of [`gateway`], `marquee serve` behind a socket. A `Snapshot` of the newest generation is
//! kept in memory; a viewer's rows are looked up in the tables by user at each question.

mod answer;
mod current;
mod error;
pub mod gateway;
mod object;
mod routes;
mod snapshot;
mod table;
mod user_table;

pub use routes::router;
