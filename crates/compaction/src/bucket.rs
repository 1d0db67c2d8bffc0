//! Compaction of one bucket of one date, from processed objects to `events`,
//! `dropped_events`, `fact_session` and `fact_view`.
//!
//! Three stages run concurrently. Bounded channels between them apply backpressure.
//!
//! 1. [`object_reader`] reads objects, a few ahead of the kernels.
//! 2. [`BucketWorker`] runs the kernels on a thread of its own. It spills rows beyond the
//!    memory limit as sorted chunks, and merges these one range of users at a time.
//! 3. [`upload`] uploads files piece by piece, so no file is in memory as a whole.

use std::sync::Arc;

use marquee_ingest::titles::Titles;
use object_store::ObjectStore;
use tokio::sync::mpsc;

use crate::error::CompactionError;
use crate::object_reader;
use crate::task::{BucketTask, CompactSettings, CompactedBucket};
use crate::upload;
use crate::worker::BucketWorker;

/// The capacity of the channels between the stages, in pieces.
const CHANNEL_PIECES: usize = 1;

/// Compacts one bucket of a date.
///
/// The output depends only on the rows of the inputs and the parent generation together, on
/// the titles, and on the settings `file_bytes` and `group_rows`. It does not depend on the
/// order of the inputs, on which rows the parent generation has, or on the memory limit.
///
/// # Errors
/// - [`LakeError::Gone`](marquee_lake::LakeError::Gone) if an input is missing;
/// - [`LakeError::Parquet`](marquee_lake::LakeError::Parquet) if an object is not a Parquet
///   file;
/// - [`CompactionError::Table`] if a column is missing, has another type or holds an invalid
///   value;
/// - [`CompactionError::RowCountMismatch`] if the number of an object's rows differs from
///   that in its receipt or in the parent generation;
/// - [`CompactionError::Lake`] if the lake cannot be read or written.
pub async fn compact_bucket(
    store: Arc<dyn ObjectStore>,
    titles: Arc<Titles>,
    task: BucketTask,
    settings: CompactSettings,
) -> Result<CompactedBucket, CompactionError> {
    let part_bytes = settings.part_bytes;
    let (to_kernels, from_store) = mpsc::channel(CHANNEL_PIECES);
    let (to_store, uploads) = mpsc::channel(CHANNEL_PIECES);
    let worker = BucketWorker::new(task, titles, settings);
    let objects = worker.objects();
    let working = tokio::task::spawn_blocking(move || worker.run(from_store, to_store));
    let (worked, uploaded, ()) = tokio::join!(
        working,
        upload::upload(&*store, part_bytes, uploads),
        object_reader::send_pieces(&*store, objects.into_iter(), to_kernels),
    );
    // If the upload fails, the worker only reports the closed channel, so check the upload
    // first.
    uploaded?;
    object_reader::join_blocking(worked)
}
