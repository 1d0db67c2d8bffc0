//! What the present end of a stream means.

use std::time::Duration;

use tokio::sync::watch;

/// What it means that a shard has no more records now.
#[derive(Debug, Clone)]
pub enum Tail {
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
pub struct StillWriting {
    _until_dropped: watch::Sender<()>,
}

impl Tail {
    /// The tail of a stream that is being written to by the holder of the other
    /// half. When that is dropped, all that will be put has been put.
    pub fn growing() -> (StillWriting, Self) {
        let (sender, receiver) = watch::channel(());
        (
            StillWriting {
                _until_dropped: sender,
            },
            Self::Growing(receiver),
        )
    }

    /// Whether nothing will be put any more.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Finished => true,
            Self::Growing(writer) => writer.has_changed().is_err(),
            Self::Open { .. } => false,
        }
    }

    /// Whether the present end closes a batch whose first record was read so
    /// long ago. Only in an open stream does that matter: there the arrivals
    /// follow the clock, and the batching window can pass without a record.
    pub(crate) fn closes_batches(&self, waited: Duration, window: Duration) -> bool {
        match self {
            Self::Finished => true,
            Self::Growing(_) => self.is_final(),
            Self::Open { .. } => waited >= window,
        }
    }

    /// Waits until it makes sense to look again.
    pub(crate) async fn wait(&mut self) {
        /// How soon a writer's puts are noticed.
        const LOOK: Duration = Duration::from_millis(10);
        match self {
            Self::Finished => {}
            Self::Growing(writer) => tokio::select! {
                _ = writer.changed() => {}
                () = tokio::time::sleep(LOOK) => {}
            },
            Self::Open { poll } => tokio::time::sleep(*poll).await,
        }
    }
}
