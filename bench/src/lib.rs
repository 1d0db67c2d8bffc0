//! The inputs, clocks and results of the benchmarks.
//!
//! The transform is measured on one thread by that thread's CPU time, so that other
//! processes on the machine do not distort it; a figure is the median of several
//! rounds. Compaction and marts are measured by the CPU time of all threads of a
//! process.

pub mod clock;
pub mod compaction;
pub mod fact_tables;
pub mod input;
pub mod memory;
pub mod neighbours;
pub mod peer;
pub mod ranking;
pub mod stages;
