//! The memory of this process, as the kernel counts it.

use anyhow::{Context, Result};

const STATUS: &str = "/proc/self/status";

/// Forgets the peak so far, and gives what is resident now, in bytes.
///
/// # Errors
/// Where there is no `/proc`, or it does not let the peak be forgotten.
pub fn reset_peak() -> Result<u64> {
    let path = "/proc/self/clear_refs";
    std::fs::write(path, "5").with_context(|| format!("{path} cannot be written"))?;
    field("VmRSS:")
}

/// The most that was resident since [`reset_peak`], in bytes.
///
/// # Errors
/// Where there is no `/proc`.
pub fn peak() -> Result<u64> {
    field("VmHWM:")
}

fn field(name: &str) -> Result<u64> {
    let text =
        std::fs::read_to_string(STATUS).with_context(|| format!("{STATUS} cannot be read"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kib.with_context(|| format!("{STATUS} has no {name}"))? * 1024)
}
