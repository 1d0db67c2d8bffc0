//! The resident memory of this process, from `/proc`.

use anyhow::{Context, Result};

const STATUS: &str = "/proc/self/status";

/// Resets the recorded peak and returns the resident memory, in bytes.
///
/// # Errors
/// When `/proc` is not available or does not allow the reset.
pub fn reset_peak() -> Result<u64> {
    let path = "/proc/self/clear_refs";
    std::fs::write(path, "5").with_context(|| format!("cannot write {path}"))?;
    field("VmRSS:")
}

/// Returns the peak resident memory since [`reset_peak`], in bytes.
///
/// # Errors
/// When `/proc` is not available.
pub fn peak() -> Result<u64> {
    field("VmHWM:")
}

fn field(name: &str) -> Result<u64> {
    let text = std::fs::read_to_string(STATUS).with_context(|| format!("cannot read {STATUS}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kib.with_context(|| format!("{STATUS} has no {name}"))? * 1024)
}
