//! The CPU-bound part of compaction, from pieces of objects to pieces of files.

use std::sync::Arc;

use marquee_ingest::titles::Titles;
use marquee_kernels::{
    BucketRows, BucketScope, Compactor, EventSchema, PushCounts, RowGroupLimits, TableWriter,
    TitleAttributes, TitleCatalog,
};
use marquee_lake::generation::{EventCounts, FileEntry};
use tokio::sync::mpsc;

use crate::error::CompactionError;
use crate::object_reader::{self, ObjectPiece, ReaderMessage};
use crate::spill::Spill;
use crate::table_files::TableFileWriter;
use crate::task::{BucketTask, CompactSettings, CompactedBucket};
use crate::upload::FilePiece;

/// A lower bound on the bytes of an event in memory, for reserving memory.
const MIN_EVENT_BYTES: usize = 64;

/// Runs the kernels on the objects of one bucket.
pub(crate) struct BucketWorker {
    task: BucketTask,
    titles: Arc<Titles>,
    settings: CompactSettings,
    scope: BucketScope,
    sources: Vec<SourceObject>,
}

/// An object to read.
#[derive(Debug, Clone)]
struct SourceObject {
    key: String,
    bytes: u64,
    /// The number of rows of the date that it must have.
    rows: u64,
    kind: SourceKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SourceKind {
    /// A file of the parent generation's `events`.
    Events,
    /// A file of the parent generation's `dropped_events`.
    Dropped,
    /// An input with processed events.
    Input,
}

/// The pinned version of the title catalog.
struct PinnedTitles(Arc<Titles>);

impl TitleCatalog for PinnedTitles {
    fn title(&self, title_id: &str) -> TitleAttributes<'_> {
        self.0
            .get(title_id)
            .map_or_else(TitleAttributes::default, |title| TitleAttributes {
                series_id: title.series_id.as_deref(),
                genres: title.genres.as_deref(),
                runtime_ms: title.runtime_ms,
            })
    }
}

impl BucketWorker {
    pub(crate) fn new(task: BucketTask, titles: Arc<Titles>, settings: CompactSettings) -> Self {
        let files_of = |files: &[FileEntry], kind| {
            let source = |file: &FileEntry| SourceObject {
                key: file.key.clone(),
                bytes: file.bytes,
                rows: file.rows,
                kind,
            };
            files.iter().map(source).collect::<Vec<_>>()
        };
        let mut sources = files_of(&task.dropped, SourceKind::Dropped);
        sources.extend(files_of(&task.events, SourceKind::Events));
        sources.extend(task.inputs.iter().map(|input| SourceObject {
            key: input.key.clone(),
            bytes: input.bytes,
            rows: input.rows_of_date,
            kind: SourceKind::Input,
        }));
        Self {
            scope: BucketScope {
                day: task.event_date.days(),
                bucket: task.bucket,
                buckets: task.buckets,
            },
            task,
            titles,
            settings,
            sources,
        }
    }

    /// Returns the keys and sizes of the objects to read, in order.
    pub(crate) fn objects(&self) -> Vec<(String, u64)> {
        let object = |source: &SourceObject| (source.key.clone(), source.bytes);
        self.sources.iter().map(object).collect()
    }

    /// Compacts the bucket. This blocks the thread.
    ///
    /// `from_store` delivers the pieces of [`BucketWorker::objects`] in order; `to_store`
    /// receives the pieces of the files.
    pub(crate) fn run(
        self,
        from_store: mpsc::Receiver<Result<ReaderMessage, CompactionError>>,
        to_store: mpsc::Sender<FilePiece>,
    ) -> Result<CompactedBucket, CompactionError> {
        let mut rows = BucketRows::new(self.scope);
        let max_rows = self.settings.memory_bytes / MIN_EVENT_BYTES;
        rows.reserve(self.expected_rows().min(max_rows));
        let mut spill = Spill::default();
        let receipt_rows = self.read(from_store, &mut rows, &mut spill)?;

        let mut files = TableFileWriter::new(&self.task, self.settings.file_bytes, to_store)?;
        let limits = RowGroupLimits {
            rows: self.settings.group_rows.max(1),
            ..RowGroupLimits::default()
        };
        let mut compactor = Compactor::new(TableWriter::new(limits)?);
        let titles = PinnedTitles(Arc::clone(&self.titles));
        let mut emit = |rows: &BucketRows| {
            let compacted = compactor.push(rows, &titles, &mut files);
            compacted.map_err(|error| {
                CompactionError::kernel(error, |source| CompactionError::Bucket {
                    event_date: self.task.event_date,
                    bucket: self.task.bucket,
                    source,
                })
            })
        };
        match spill.is_empty() {
            true => emit(&rows)?,
            false => {
                spill.add(&rows, self.settings.spill_dir.as_deref())?;
                rows.clear();
                spill.merge(&mut rows, emit)?;
            }
        }
        drop(rows);
        let counts = compactor.finish(&mut files)?;
        Ok(CompactedBucket {
            tables: files.finish()?,
            counts: EventCounts {
                receipt_rows,
                curated: counts.curated,
                duplicates: counts.duplicates,
                conflicts: counts.conflicts,
                redelivered: counts.redelivered,
            },
        })
    }

    /// Returns the approximate number of the bucket's rows.
    fn expected_rows(&self) -> usize {
        let events = self.task.events.iter().map(|file| file.rows).sum::<u64>();
        let events = events / u64::from(self.task.readers.max(1));
        let inputs = self.task.inputs.iter().map(|input| input.rows_of_date);
        usize::try_from(events + inputs.sum::<u64>()).unwrap_or(usize::MAX)
    }

    /// Reads all objects into `rows`; returns the number of rows of the date and bucket in
    /// the inputs.
    fn read(
        &self,
        mut from_store: mpsc::Receiver<Result<ReaderMessage, CompactionError>>,
        rows: &mut BucketRows,
        spill: &mut Spill,
    ) -> Result<u64, CompactionError> {
        let mut receipt_rows = 0;
        for source in &self.sources {
            let mut found = 0;
            loop {
                let ReaderMessage::Piece(piece) = object_reader::receive(&mut from_store)? else {
                    break;
                };
                let pushed = self.push(source, piece, rows, spill)?;
                found += pushed.of_date;
                if source.kind == SourceKind::Input {
                    receipt_rows += pushed.in_bucket;
                }
            }
            if found != source.rows {
                return Err(CompactionError::RowCountMismatch {
                    key: source.key.clone(),
                    expected: source.rows,
                    found,
                });
            }
        }
        Ok(receipt_rows)
    }

    /// Reads the rows of a piece, and spills all rows when they reach the memory limit.
    fn push(
        &self,
        source: &SourceObject,
        piece: ObjectPiece,
        rows: &mut BucketRows,
        spill: &mut Spill,
    ) -> Result<PushCounts, CompactionError> {
        let key = &source.key;
        let mut sum = PushCounts::default();
        for batch in piece.rows(key)? {
            let batch = batch?.into_record_batch();
            let pushed = match source.kind {
                SourceKind::Dropped => rows.push_dropped(&batch),
                SourceKind::Events => rows.push_events(&batch, EventSchema::Curated),
                SourceKind::Input => rows.push_events(&batch, EventSchema::Processed),
            };
            let pushed = pushed.map_err(|source| CompactionError::table(key, source))?;
            sum.of_date += pushed.of_date;
            sum.in_bucket += pushed.in_bucket;
            if rows.heap_bytes() >= self.settings.memory_bytes {
                spill.add(rows, self.settings.spill_dir.as_deref())?;
                rows.clear();
            }
        }
        Ok(sum)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::task::InputObject;

    #[test]
    fn memory_is_reserved_for_the_buckets_share_of_the_files() {
        let file = |rows| FileEntry {
            key: "curated/events/part-0001-0000.parquet".to_owned(),
            rows,
            bytes: 1,
            digest: String::new(),
        };
        let expected = |readers| {
            let task = BucketTask {
                event_date: "2026-03-01".parse().unwrap(),
                run: "2-a".to_owned(),
                bucket: 1,
                buckets: 4,
                inputs: vec![InputObject {
                    key: "staging/split.parquet".to_owned(),
                    bytes: 1,
                    rows_of_date: 50,
                }],
                events: vec![file(300), file(100)],
                dropped: vec![file(1_000)],
                readers,
            };
            let worker = BucketWorker::new(task, Arc::default(), CompactSettings::default());
            worker.expected_rows()
        };
        assert_eq!([expected(1), expected(2), expected(4)], [450, 250, 150]);
    }
}
