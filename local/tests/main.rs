//! Tests of the commands of `marquee`, in one binary: another one would link DataFusion again,
//! and cargo runs test binaries one after another.
#![allow(missing_docs)]

mod audit_command;
mod binary;
mod cost;
mod day_command;
mod demo;
mod directories;
mod hostile;
mod pipes;
mod query;
mod serve;
