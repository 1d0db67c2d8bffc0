//! Marquee on one machine: what a stream and Lambda do in the cloud, done in a
//! process, around the very transform that runs there.
//!
//! - [`mapping`] is the event source mapping: it takes records off an embedded
//!   stream as Lambda does off Kinesis, and hands them to a function.
//! - [`transform`] is the real transform as that function.
//! - [`run`] is `marquee run`: an embedded stream into a lake directory.
//! - [`query`] is `marquee query`: SQL over a lake directory.
//! - [`demo`] is `marquee demo`: a simulated service, run into a lake.
//! - [`cli`] is the command line.

pub mod bad_input;
pub mod cli;
pub mod demo;
pub mod mapping;
pub mod query;
pub mod run;
pub mod transform;
