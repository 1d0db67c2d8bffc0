//! CPU time of the current thread and of its process.

use std::time::Duration;

use anyhow::{Context, Result};

/// Returns the CPU time of the current thread.
///
/// # Errors
/// When `/proc` is not available.
pub fn thread_cpu() -> Result<Duration> {
    let path = "/proc/thread-self/schedstat";
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    let nanos = text
        .split_whitespace()
        .next()
        .and_then(|field| field.parse().ok());
    Ok(Duration::from_nanos(
        nanos.with_context(|| format!("{path} has no CPU time"))?,
    ))
}

/// The CPU time of all threads of this process, ended threads included, in steps of
/// 10 ms.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessCpu {
    /// In user mode.
    pub user: Duration,
    /// In kernel mode, for file operations and page faults.
    pub system: Duration,
}

impl ProcessCpu {
    /// Returns the CPU time since the start of the process.
    ///
    /// # Errors
    /// When `/proc` is not available.
    pub fn now() -> Result<Self> {
        const TICKS_PER_SECOND: u64 = 100;
        let path = "/proc/self/stat";
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
        // The program's name in parentheses may contain spaces and parentheses.
        let (_, fields) = text
            .rsplit_once(')')
            .with_context(|| format!("{path} has no program name"))?;
        let mut times = fields.split_whitespace().skip(11).map(str::parse::<u64>);
        let time = |ticks| Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND);
        match (times.next(), times.next()) {
            (Some(Ok(user)), Some(Ok(system))) => Ok(Self {
                user: time(user),
                system: time(system),
            }),
            _ => anyhow::bail!("{path} has no CPU times"),
        }
    }

    /// Returns the CPU time since `then`.
    ///
    /// # Errors
    /// As [`ProcessCpu::now`].
    pub fn since(then: Self) -> Result<Self> {
        let now = Self::now()?;
        Ok(Self {
            user: now.user.saturating_sub(then.user),
            system: now.system.saturating_sub(then.system),
        })
    }

    /// Returns the sum of user and kernel mode.
    pub fn total(self) -> Duration {
        self.user + self.system
    }
}

/// Returns the median of `times`.
///
/// # Errors
/// When `times` is empty.
pub fn median(mut times: Vec<Duration>) -> Result<Duration> {
    times.sort();
    let median = times.get(times.len() / 2).copied();
    median.context("no round was measured")
}
