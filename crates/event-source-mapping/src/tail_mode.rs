//! The meaning of a stream's current end.

use std::time::Duration;

use tokio::sync::watch;

/// What it means that a shard has no more records now.
#[derive(Debug, Clone)]
pub enum TailMode {
    /// The stream is finished: its end closes the last batch, and the run is over.
    Finished,
    /// A writer in this process is at work. The end closes nothing and is
    /// waited out until the writer is done, so that the batches are those of
    /// the finished stream.
    Growing(watch::Receiver<()>),
    /// Who knows. The end closes a batch, once the batching window is over, as
    /// it does in Lambda; after a wait it is looked for again, until the mapping
    /// is stopped.
    Open {
        /// The wait.
        poll: Duration,
    },
}

/// Says by its being there that a stream is still written to.
#[derive(Debug)]
pub struct WriterGuard {
    _until_dropped: watch::Sender<()>,
}

impl TailMode {
    /// The tail of a stream that is being written to by the holder of the other
    /// half. When that is dropped, all that will be put has been put.
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
