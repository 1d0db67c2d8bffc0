//! Compaction of one bucket of one date, from processed objects to `events`,
//! `dropped_events`, `fact_session` and `fact_view`.
//!
//! [`pieces`] reads objects, a few ahead of the kernels, which run on a thread of their
//! own ([`BucketWorker`]). Rows beyond the memory bound go to sorted spill runs and come
//! back range by range of users. Row groups are appended to files as they close, and
//! leave for the store piece by piece, so that no file is in memory as a whole.

use std::sync::Arc;

use marquee_ingest::titles::Titles;
use object_store::ObjectStore;
use tokio::sync::mpsc;

use crate::error::CompactionError;
use crate::pieces;
use crate::task::{BucketTask, CompactSettings, Compacted};
use crate::upload;
use crate::worker::BucketWorker;

/// How many pieces wait between two steps.
const AHEAD: usize = 1;

/// Makes one bucket of a date.
///
/// What is written depends on the rows that inputs and last generation have
/// between them, on the titles, and on two of the settings; not on the order of
/// the inputs, how they are divided between inputs and last generation, or how
/// much memory there was.
///
/// # Errors
/// When the lake cannot be read or written; [`LakeError::Gone`] for an input
/// that is not there; [`LakeError::Parquet`] where an object is no Parquet file
/// or has not the columns it should; [`CompactionError::Differs`] where its rows are
/// not as many as its receipt, or the last generation, says.
pub async fn compact_bucket(
    store: Arc<dyn ObjectStore>,
    titles: Arc<Titles>,
    task: BucketTask,
    settings: CompactSettings,
) -> Result<Compacted, CompactionError> {
    let part_bytes = settings.part_bytes;
    let (to_kernels, from_store) = mpsc::channel(AHEAD);
    let (to_store, uploads) = mpsc::channel(AHEAD);
    let worker = BucketWorker::new(task, titles, settings);
    let objects = worker.objects();
    let working = tokio::task::spawn_blocking(move || worker.run(from_store, to_store));
    let (worked, uploaded, ()) = tokio::join!(
        working,
        upload::upload(&*store, part_bytes, uploads),
        pieces::send(&*store, objects.into_iter(), to_kernels),
    );
    // Where the store refuses, the kernels can only say that nobody listens.
    uploaded?;
    pieces::joined(worked)
}
