//! What takes processor time: from pieces of objects to pieces of files.

use std::sync::Arc;

use marquee_ingest::titles::Titles;
use marquee_kernels::{
    CompactError, Compactor, GroupBounds, KnownTitle, Origin, Pushed, Rows, Scope, Tables,
    TitleCatalog,
};
use marquee_lake::generation::{EventCounts, FileEntry};
use tokio::sync::mpsc;

use crate::error::CompactionError;
use crate::files::Files;
use crate::pieces::{self, Piece, Read};
use crate::spill::Spill;
use crate::task::{BucketTask, CompactSettings, Compacted};
use crate::upload::Part;

/// Bytes that an event takes in memory at least, for making room beforehand.
const EVENT_BYTES: usize = 64;

/// The kernels' part of a task.
pub(crate) struct BucketWorker {
    task: BucketTask,
    titles: Arc<Titles>,
    settings: CompactSettings,
    scope: Scope,
    sources: Vec<Source>,
}

/// An object that is read.
#[derive(Debug, Clone)]
struct Source {
    key: String,
    bytes: u64,
    /// How many rows of the date it must have.
    rows: u64,
    kind: SourceKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SourceKind {
    /// `events` of the last generation.
    Events,
    /// `dropped_events` of the last generation.
    Dropped,
    /// Processed events.
    Input,
}

/// The pinned catalogue, as the kernels ask for it.
struct Pinned(Arc<Titles>);

impl TitleCatalog for Pinned {
    fn title(&self, title_id: &str) -> KnownTitle<'_> {
        self.0
            .get(title_id)
            .map_or_else(KnownTitle::default, |title| KnownTitle {
                series_id: title.series_id.as_deref(),
                genres: title.genres.as_deref(),
                runtime_ms: title.runtime_ms,
            })
    }
}

impl BucketWorker {
    pub(crate) fn new(task: BucketTask, titles: Arc<Titles>, settings: CompactSettings) -> Self {
        let of = |files: &[FileEntry], kind| {
            let source = |file: &FileEntry| Source {
                key: file.key.clone(),
                bytes: file.bytes,
                rows: file.rows,
                kind,
            };
            files.iter().map(source).collect::<Vec<_>>()
        };
        let mut sources = of(&task.dropped, SourceKind::Dropped);
        sources.extend(of(&task.events, SourceKind::Events));
        sources.extend(task.inputs.iter().map(|input| Source {
            key: input.key.clone(),
            bytes: input.bytes,
            rows: input.rows_of_date,
            kind: SourceKind::Input,
        }));
        Self {
            scope: Scope {
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

    /// The keys and sizes of the objects to read, in their order.
    pub(crate) fn objects(&self) -> Vec<(String, u64)> {
        let object = |source: &Source| (source.key.clone(), source.bytes);
        self.sources.iter().map(object).collect()
    }

    /// Does it. Blocks its thread for as long as it takes.
    pub(crate) fn run(
        self,
        from_store: mpsc::Receiver<Result<Read, CompactionError>>,
        to_store: mpsc::Sender<Part>,
    ) -> Result<Compacted, CompactionError> {
        let mut rows = Rows::new(self.scope);
        let most = self.settings.memory_bytes / EVENT_BYTES;
        rows.reserve(self.expected_rows().min(most));
        let mut spill = Spill::default();
        let receipt_rows = self.read(from_store, &mut rows, &mut spill)?;

        let mut files = Files::new(&self.task, self.settings.file_bytes, to_store)?;
        let bounds = GroupBounds {
            rows: self.settings.group_rows.max(1),
            ..GroupBounds::default()
        };
        let mut compactor = Compactor::new(Tables::new(bounds)?);
        let titles = Pinned(Arc::clone(&self.titles));
        let mut emit = |rows: &Rows| {
            let emitted = compactor.push(rows, &titles, &mut files);
            emitted.map_err(|error| self.refused(error))
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
        Ok(Compacted {
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

    /// How many rows the bucket has, about.
    fn expected_rows(&self) -> usize {
        let events = self.task.events.iter().map(|file| file.rows).sum::<u64>();
        let events = events / u64::from(self.task.readers.max(1));
        let inputs = self.task.inputs.iter().map(|input| input.rows_of_date);
        usize::try_from(events + inputs.sum::<u64>()).unwrap_or(usize::MAX)
    }

    /// Takes in all objects; rows of inputs that are of the date and bucket.
    fn read(
        &self,
        mut from_store: mpsc::Receiver<Result<Read, CompactionError>>,
        rows: &mut Rows,
        spill: &mut Spill,
    ) -> Result<u64, CompactionError> {
        let mut receipt_rows = 0;
        for source in &self.sources {
            let mut found = 0;
            loop {
                let Read::Piece(piece) = pieces::next(&mut from_store)? else {
                    break;
                };
                let pushed = self.push(source, piece, rows, spill)?;
                found += pushed.of_date;
                if source.kind == SourceKind::Input {
                    receipt_rows += pushed.taken;
                }
            }
            if found != source.rows {
                return Err(CompactionError::Differs {
                    key: source.key.clone(),
                    what: "rows of the date",
                    expected: source.rows,
                    found,
                });
            }
        }
        Ok(receipt_rows)
    }

    /// Takes in a piece.
    fn push(
        &self,
        source: &Source,
        piece: Piece,
        rows: &mut Rows,
        spill: &mut Spill,
    ) -> Result<Pushed, CompactionError> {
        let key = &source.key;
        let mut sum = Pushed::default();
        for batch in piece.rows(key)? {
            let batch = batch?.into_record_batch();
            let pushed = match source.kind {
                SourceKind::Dropped => rows.push_dropped(&batch),
                SourceKind::Events => rows.push_events(&batch, Origin::Curated),
                SourceKind::Input => rows.push_events(&batch, Origin::Processed),
            };
            let pushed = pushed.map_err(|source| CompactionError::table(key, source))?;
            sum.of_date += pushed.of_date;
            sum.taken += pushed.taken;
            if rows.heap_bytes() >= self.settings.memory_bytes {
                spill.add(rows, self.settings.spill_dir.as_deref())?;
                rows.clear();
            }
        }
        Ok(sum)
    }

    fn refused(&self, error: CompactError) -> CompactionError {
        match error {
            CompactError::Encode(error) => error.into(),
            CompactError::Table(error) => {
                let dropped = self.task.dropped.first();
                CompactionError::table(dropped.map_or("", |file| file.key.as_str()), error)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::task::InputObject;

    #[test]
    fn room_is_made_for_a_buckets_share_of_the_files() {
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
