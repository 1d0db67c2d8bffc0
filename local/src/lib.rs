//! Marquee on one machine: the commands of the `marquee` binary. An embedded stream
//! and event source mapping replace Kinesis and Lambda; the transform, the curation
//! and the SQL are those that run on AWS.
//!
//! - [`run`] is `marquee run`: processes an embedded stream into a lake directory.
//! - [`day`] is `marquee day` and `marquee backfill`: curates dates of a lake
//!   directory with the steps that a state machine runs on AWS.
//! - [`audit`], [`acknowledge`], [`replay`] and [`rebuild`] are the commands of the same names.
//! - [`arrivals`] counts a stream's records for audits.
//! - [`query`] is `marquee query`: SQL over a lake directory.
//! - [`cost`] is `marquee cost`: estimates the monthly cost on AWS.
//! - [`serve`] is `marquee serve`: the HTTP API.
//! - [`demo`] is `marquee demo`: simulates a service and processes its events into a
//!   lake.
//! - [`warehouse`] is `marquee warehouse`: loads published dates into a local
//!   warehouse.
//! - [`cli`] is the command line.

pub mod acknowledge;
pub mod arrivals;
pub mod audit;
pub mod bad_input;
pub mod cli;
pub mod cost;
mod counted;
pub mod day;
pub mod demo;
mod hints;
mod lake;
pub mod query;
pub mod rebuild;
pub mod replay;
pub mod run;
pub mod serve;
mod streams;
pub mod warehouse;
