//! The CPU time of the thread that asks, and of its process.

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

/// How long all threads of this process have been on a processor, those that
/// have ended too; in steps of a hundredth of a second.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessCpu {
    /// In the program itself.
    pub user: Duration,
    /// In the kernel for it: files, and memory that it touches first.
    pub system: Duration,
}

impl ProcessCpu {
    /// Until now.
    ///
    /// # Errors
    /// Where there is no `/proc`.
    pub fn now() -> Result<Self> {
        const TICKS_PER_SECOND: u64 = 100;
        let path = "/proc/self/stat";
        let text =
            std::fs::read_to_string(path).with_context(|| format!("{path} cannot be read"))?;
        // The name of the program, in brackets, may hold anything.
        let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
        let mut times = fields.split_whitespace().skip(11).map(str::parse::<u64>);
        let time = |ticks| Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND);
        match (times.next(), times.next()) {
            (Some(Ok(user)), Some(Ok(system))) => Ok(Self {
                user: time(user),
                system: time(system),
            }),
            _ => anyhow::bail!("{path} holds no times"),
        }
    }

    /// From then until now.
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

    /// Both.
    pub fn total(self) -> Duration {
        self.user + self.system
    }
}

/// The median of at least one time.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
