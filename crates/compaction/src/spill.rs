//! Rows beyond the memory bound: sorted runs in files, merged by ranges of
//! users.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{BufWriter, Seek};
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, RecordBatch};
use marquee_kernels::{GroupBounds, GroupSink, Origin, Rows, SpillRun, Table};
use marquee_lake::rows::{RowBatch, RowReader};
use marquee_tables::encode::{Chunk, EncodeError, FileLayout, FileWriter};

use crate::error::CompactionError;
use crate::pieces::EVENT_ROWS;

/// Row groups of a run are small: of each run that is merged, one is in memory.
const BOUNDS: GroupBounds = GroupBounds {
    rows: 1 << 15,
    text_bytes: 4 << 20,
};
/// What errors call a run.
const RUN: &str = "a spilled run";

/// What was spilled of one bucket.
///
/// A run is up to two files in the order of users. They have no name: when
/// they are closed, or the process ends, they are gone.
#[derive(Debug, Default)]
pub(crate) struct Spill {
    files: Vec<(File, Table)>,
}

impl Spill {
    /// Whether nothing was spilled.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Writes the rows as a run.
    pub(crate) fn add(
        &mut self,
        rows: &Rows,
        directory: Option<&Path>,
    ) -> Result<(), CompactionError> {
        let run =
            SpillRun::of(rows, BOUNDS).map_err(|source| CompactionError::table(RUN, source))?;
        for table in [Table::DroppedEvents, Table::Events] {
            let mut file = SpillRunFile {
                layout: FileLayout::new(&table.schema())?,
                directory,
                writer: None,
            };
            match table {
                Table::DroppedEvents => run.write_dropped(&mut file)?,
                _ => run.write_events(&mut file)?,
            }
            if let Some(writer) = file.writer {
                let mut file = writer
                    .finish()?
                    .into_inner()
                    .map_err(std::io::IntoInnerError::into_error)?;
                file.rewind()?;
                self.files.push((file, table));
            }
        }
        Ok(())
    }

    /// Brings the rows back, all those of some users at a time, in the order of
    /// users; `rows` is empty before and after.
    pub(crate) fn merge(
        self,
        rows: &mut Rows,
        mut emit: impl FnMut(&Rows) -> Result<(), CompactionError>,
    ) -> Result<(), CompactionError> {
        let mut runs = Vec::with_capacity(self.files.len());
        for (file, table) in self.files {
            runs.push(OpenSpillRun::open(file, table)?);
        }
        // Up to the least of the users that the runs have in memory, and no
        // further, every row is at hand or follows at once.
        while let Some(last) = runs
            .iter()
            .filter_map(OpenSpillRun::last_user)
            .min()
            .map(str::to_owned)
        {
            for run in &mut runs {
                run.take_until(&last, rows)?;
            }
            emit(rows)?;
            rows.clear();
        }
        Ok(())
    }
}

/// A run's file while it is written; none before its first row group.
struct SpillRunFile<'d> {
    layout: FileLayout,
    directory: Option<&'d Path>,
    writer: Option<FileWriter<BufWriter<File>>>,
}

impl GroupSink for SpillRunFile<'_> {
    fn take(&mut self, _: Table, _: u64, chunks: Vec<Chunk>) -> Result<(), EncodeError> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            empty => {
                let file = match self.directory {
                    Some(directory) => tempfile::tempfile_in(directory),
                    None => tempfile::tempfile(),
                };
                let file = file.map_err(parquet::errors::ParquetError::from)?;
                empty.insert(FileWriter::new(&self.layout, BufWriter::new(file))?)
            }
        };
        writer.write_group(chunks)
    }
}

/// A run's file while it is merged.
struct OpenSpillRun {
    reader: RowReader,
    table: Table,
    /// Rows that were read and not taken yet; `None` at the end.
    batch: Option<RecordBatch>,
}

impl OpenSpillRun {
    fn open(file: File, table: Table) -> Result<Self, CompactionError> {
        let reader = RowReader::open_with(RUN, file, &EVENT_ROWS)?;
        let mut run = Self {
            reader,
            table,
            batch: None,
        };
        run.read()?;
        Ok(run)
    }

    fn read(&mut self) -> Result<(), CompactionError> {
        let next = self.reader.next().transpose()?;
        self.batch = next.map(RowBatch::into_record_batch);
        Ok(())
    }

    fn last_user(&self) -> Option<&str> {
        let batch = self.batch.as_ref()?;
        user(batch, batch.num_rows().checked_sub(1)?)
    }

    /// Takes the rows of the users up to `last`.
    fn take_until(&mut self, last: &str, rows: &mut Rows) -> Result<(), CompactionError> {
        while let Some(batch) = &self.batch {
            let taken = rows_until(batch, last);
            let rest = batch.num_rows() - taken;
            let part = batch.slice(0, taken);
            let pushed = match self.table {
                Table::DroppedEvents => rows.push_dropped(&part),
                _ => rows.push_events(&part, Origin::Curated),
            };
            pushed.map_err(|source| CompactionError::table(RUN, source))?;
            if rest > 0 {
                self.batch = Some(batch.slice(taken, rest));
                return Ok(());
            }
            self.read()?;
        }
        Ok(())
    }
}

/// The user of a row.
fn user(batch: &RecordBatch, row: usize) -> Option<&str> {
    let users = batch.column_by_name("user_id")?;
    let dictionary = users.as_dictionary_opt::<Int32Type>()?;
    let values = dictionary.values().as_string_opt::<i32>()?;
    let key = dictionary.key(row).filter(|key| *key < values.len())?;
    Some(values.value(key))
}

/// How many rows at the batch's beginning are of users up to `last`.
fn rows_until(batch: &RecordBatch, last: &str) -> usize {
    let (mut low, mut high) = (0, batch.num_rows());
    while low < high {
        let middle = low + (high - low) / 2;
        let order = user(batch, middle).map_or(Ordering::Less, |user| user.cmp(last));
        match order {
            Ordering::Greater => high = middle,
            Ordering::Less | Ordering::Equal => low = middle + 1,
        }
    }
    low
}
