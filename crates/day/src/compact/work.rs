//! What takes processor time: from pieces of objects to pieces of files.

use std::sync::Arc;

use marquee_facts::{
    Catalogue, CompactError, Compactor, EVENT_COLUMNS, GroupBounds, Known, Origin, Pushed, Rows,
    Scope, Tables,
};
use marquee_ingest::titles::Titles;
use marquee_lake::generation::{EventCounts, FileEntry};
use tokio::sync::mpsc;

use crate::compact::files::Files;
use crate::compact::read::{self, Piece, Read, malformed};
use crate::compact::spill::Spill;
use crate::compact::upload::Part;
use crate::compact::{BucketTask, CompactSettings, Compacted};
use crate::error::DayError;

/// Bytes that an event takes in memory at least, for making room beforehand.
const EVENT_BYTES: usize = 64;

/// The kernels' part of a task.
pub(super) struct Work {
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
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `events` of the last generation.
    Events,
    /// `dropped_events` of the last generation.
    Dropped,
    /// Processed events.
    Input,
}

/// The pinned catalogue, as the kernels ask for it.
struct Pinned(Arc<Titles>);

impl Catalogue for Pinned {
    fn title(&self, title_id: &str) -> Known<'_> {
        self.0
            .get(title_id)
            .map_or_else(Known::default, |title| Known {
                series_id: title.series_id.as_deref(),
                genres: title.genres.as_deref(),
                runtime_ms: title.runtime_ms,
            })
    }
}

impl Work {
    pub(super) fn new(
        task: BucketTask,
        titles: Arc<Titles>,
        settings: CompactSettings,
    ) -> Result<Self, DayError> {
        let date = read::date(&task.event_date)?;
        let of = |files: &[FileEntry], kind| {
            let source = |file: &FileEntry| Source {
                key: file.key.clone(),
                bytes: file.bytes,
                rows: file.rows,
                kind,
            };
            files.iter().map(source).collect::<Vec<_>>()
        };
        let mut sources = of(&task.dropped, Kind::Dropped);
        sources.extend(of(&task.events, Kind::Events));
        sources.extend(task.inputs.iter().map(|input| Source {
            key: input.key.clone(),
            bytes: input.bytes,
            rows: input.rows_of_date,
            kind: Kind::Input,
        }));
        Ok(Self {
            scope: Scope {
                day: date.days(),
                bucket: task.bucket,
                buckets: task.buckets,
            },
            task,
            titles,
            settings,
            sources,
        })
    }

    /// The keys and sizes of the objects to read, in their order.
    pub(super) fn objects(&self) -> Vec<(String, u64)> {
        let object = |source: &Source| (source.key.clone(), source.bytes);
        self.sources.iter().map(object).collect()
    }

    /// Does it. Blocks its thread for as long as it takes.
    pub(super) fn run(
        self,
        pieces: mpsc::Receiver<Result<Read, DayError>>,
        to_store: mpsc::Sender<Part>,
    ) -> Result<Compacted, DayError> {
        let mut rows = Rows::new(self.scope);
        let most = self.settings.memory_bytes / EVENT_BYTES;
        rows.reserve(self.expected_rows().min(most));
        let mut spill = Spill::default();
        let receipt_rows = self.read(pieces, &mut rows, &mut spill)?;

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
        mut pieces: mpsc::Receiver<Result<Read, DayError>>,
        rows: &mut Rows,
        spill: &mut Spill,
    ) -> Result<u64, DayError> {
        let mut receipt_rows = 0;
        for source in &self.sources {
            let mut found = 0;
            loop {
                let Read::Piece(piece) = read::next(&mut pieces)? else {
                    break;
                };
                let pushed = self.push(source, piece, rows, spill)?;
                found += pushed.of_date;
                if source.kind == Kind::Input {
                    receipt_rows += pushed.taken;
                }
            }
            if found != source.rows {
                return Err(DayError::Differs {
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
    ) -> Result<Pushed, DayError> {
        let key = &source.key;
        let mut sum = Pushed::default();
        for batch in piece.batches(key, |column| EVENT_COLUMNS.contains(&column))? {
            let batch = batch?;
            let pushed = match source.kind {
                Kind::Dropped => rows.push_dropped(&batch),
                Kind::Events => rows.push_events(&batch, Origin::Curated),
                Kind::Input => rows.push_events(&batch, Origin::Processed),
            };
            let pushed = pushed.map_err(|cause| malformed(key, cause))?;
            sum.of_date += pushed.of_date;
            sum.taken += pushed.taken;
            if rows.heap_bytes() >= self.settings.memory_bytes {
                spill.add(rows, self.settings.spill_dir.as_deref())?;
                rows.clear();
            }
        }
        Ok(sum)
    }

    fn refused(&self, error: CompactError) -> DayError {
        match error {
            CompactError::Encode(error) => error.into(),
            CompactError::Facts(error) => {
                let dropped = self.task.dropped.first();
                malformed(dropped.map_or("", |file| file.key.as_str()), error)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::compact::InputObject;

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
                event_date: "2026-03-01".to_owned(),
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
            let work = Work::new(task, Arc::default(), CompactSettings::default());
            work.unwrap().expected_rows()
        };
        assert_eq!([expected(1), expected(2), expected(4)], [450, 250, 150]);
    }
}
