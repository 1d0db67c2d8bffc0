//! Marquee on one machine: what a stream and Lambda do in the cloud, done in a
//! process, around the very transform that runs there.
//!
//! - [`run`] is `marquee run`: an embedded stream into a lake directory.
//! - [`day`] is `marquee day` and `marquee backfill`: curated tables of a lake
//!   directory, by the steps that a state machine runs in the cloud.
//! - [`audit`], [`replay`] and [`rebuild`] are the commands of those names.
//! - [`arrivals`] is the stream's own count, which audits compare with.
//! - [`query`] is `marquee query`: SQL over a lake directory.
//! - [`cost`] is `marquee cost`: what a month costs on AWS.
//! - [`serve`] is `marquee serve`: what to watch next, over HTTP.
//! - [`demo`] is `marquee demo`: a simulated service, run into a lake.
//! - [`warehouse`] is `marquee warehouse`: published dates in a warehouse on this
//!   machine.
//! - [`cli`] is the command line.

pub mod arrivals;
pub mod audit;
pub mod bad_input;
pub mod cli;
pub mod cost;
mod counted;
pub mod day;
pub mod demo;
pub mod query;
pub mod rebuild;
pub mod replay;
pub mod run;
pub mod serve;
mod streams;
pub mod warehouse;
