//! The meaning of a stream's current end.

use std::time::Duration;

use tokio::sync::watch;

/// The way in which a mapping treats the current end of a shard.
#[derive(Debug, Clone)]
pub enum TailMode {
    /// The stream is finished: its end closes the last batch and ends the run.
    Finished,
    /// A writer in this process still appends. The mapping waits at the end and
    /// closes no batch there until the writer is done, so the batches equal those
    /// of the finished stream.
    Growing(watch::Receiver<()>),
    /// Another process may append. As in Lambda, the end closes a batch after the
    /// batching window; the mapping polls for records until it is stopped.
    Open {
        /// The polling interval.
        poll: Duration,
    },
}

/// A guard that marks a stream as still being written until it is dropped.
#[derive(Debug)]
pub struct WriterGuard {
    _until_dropped: watch::Sender<()>,
}

impl TailMode {
    /// Creates the mode of a growing stream, and the guard that its writer holds.
    /// The writer drops the guard after its last put.
    pub fn growing() -> (WriterGuard, Self) {
        let (sender, receiver) = watch::channel(());
        (
            WriterGuard {
                _until_dropped: sender,
            },
            Self::Growing(receiver),
        )
    }

    /// Returns whether no more records can be appended.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Finished => true,
            Self::Growing(writer) => writer.has_changed().is_err(),
            Self::Open { .. } => false,
        }
    }

    /// Returns whether the current end closes a batch whose first record was read
    /// `waited` ago. Only an open stream uses the time: its arrivals follow the
    /// clock, so the batching window can pass without a further record.
    pub(crate) fn closes_batches(&self, waited: Duration, window: Duration) -> bool {
        match self {
            Self::Finished => true,
            Self::Growing(_) => self.is_final(),
            Self::Open { .. } => waited >= window,
        }
    }

    /// Waits until a new read can find records.
    pub(crate) async fn wait(&mut self) {
        /// The polling interval of a growing stream.
        const GROWING_POLL: Duration = Duration::from_millis(10);
        match self {
            Self::Finished => {}
            Self::Growing(writer) => tokio::select! {
                _ = writer.changed() => {}
                () = tokio::time::sleep(GROWING_POLL) => {}
            },
            Self::Open { poll } => tokio::time::sleep(*poll).await,
        }
    }
}
