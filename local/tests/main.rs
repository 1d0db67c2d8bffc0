//! The commands of `marquee`, in one binary: each more would link DataFusion again, and
//! cargo runs binaries one after another.
#![allow(missing_docs)]

mod audit_command;
mod binary;
mod cost;
mod day_command;
mod demo;
mod pipes;
mod query;
mod serve;
