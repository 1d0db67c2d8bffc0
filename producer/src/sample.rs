//! Samples of the files that `marquee-producer send` reads.

mod shows;
mod watch_log;

use thiserror::Error;

pub use watch_log::{DateForm, SampleFormat, WatchLogRow, WatchLogSample};

/// An option of a sample out of range.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("invalid number of {of} {value}: it must be from {min} to {max}")]
pub struct SampleError {
    of: &'static str,
    min: u64,
    max: u64,
    value: u64,
}
