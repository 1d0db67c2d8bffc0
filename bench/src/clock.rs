//! The CPU time of the thread that asks.

use std::time::Duration;

use anyhow::{Context, Result};

/// How long this thread has been on a processor.
///
/// # Errors
/// Where there is no `/proc`.
pub fn thread_cpu() -> Result<Duration> {
    let path = "/proc/thread-self/schedstat";
    let text = std::fs::read_to_string(path).with_context(|| format!("{path} cannot be read"))?;
    let nanos = text
        .split_whitespace()
        .next()
        .and_then(|field| field.parse().ok());
    Ok(Duration::from_nanos(
        nanos.with_context(|| format!("{path} holds no time"))?,
    ))
}

/// The median of at least one time.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
