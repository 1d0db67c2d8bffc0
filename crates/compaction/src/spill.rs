//! Spilling: rows beyond the memory limit go to disk as sorted chunks, which are merged one
//! range of users at a time.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{BufWriter, Seek};
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, RecordBatch};
use marquee_encode::{Chunk, EncodeError, FileLayout, FileWriter};
use marquee_kernels::{
    BucketRows, CompactedTable, EventSchema, RowGroupLimits, RowGroupSink, SpillRun, TableError,
};
use marquee_lake::rows::{RowBatch, RowReader};

use crate::error::CompactionError;
use crate::object_reader::EVENT_ROWS;

/// The limits of a sorted chunk's row groups. They are small, because a merge holds one row
/// group of each file in memory.
const LIMITS: RowGroupLimits = RowGroupLimits {
    rows: 1 << 15,
    text_bytes: 4 << 20,
};
/// The name of a spill file in errors.
const SPILL_FILE: &str = "a sorted chunk in the spill directory";

/// The table whose rows a spill file has.
#[derive(Debug, Clone, Copy)]
enum SpilledTable {
    Events,
    Dropped,
}

impl SpilledTable {
    fn layout(self) -> Result<FileLayout, EncodeError> {
        let table = match self {
            Self::Events => CompactedTable::Events,
            Self::Dropped => CompactedTable::DroppedEvents,
        };
        FileLayout::new(&table.schema())
    }
}

/// The sorted chunks of one bucket.
///
/// A sorted chunk has up to two files, both ordered by user. The files are unnamed, so the
/// operating system deletes them when they are closed or the process ends.
#[derive(Debug, Default)]
pub(crate) struct Spill {
    files: Vec<(File, SpilledTable)>,
}

impl Spill {
    /// Returns true if no rows were spilled.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Writes the rows as a sorted chunk.
    pub(crate) fn add(
        &mut self,
        rows: &BucketRows,
        directory: Option<&Path>,
    ) -> Result<(), CompactionError> {
        let sorted_chunk = SpillRun::new(rows, LIMITS).map_err(CompactionError::SortedChunk)?;
        for table in [SpilledTable::Dropped, SpilledTable::Events] {
            let mut file = SpillFile {
                layout: table.layout()?,
                directory,
                writer: None,
            };
            let written = match table {
                SpilledTable::Dropped => sorted_chunk.write_dropped(&mut file),
                SpilledTable::Events => sorted_chunk.write_events(&mut file),
            };
            written
                .map_err(|error| CompactionError::kernel(error, CompactionError::SortedChunk))?;
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

    /// Merges the sorted chunks: fills `rows` with all rows of a range of users and passes
    /// it to `emit`, in the order of users. `rows` must be empty, and is empty afterwards.
    pub(crate) fn merge(
        self,
        rows: &mut BucketRows,
        mut emit: impl FnMut(&BucketRows) -> Result<(), CompactionError>,
    ) -> Result<(), CompactionError> {
        let mut files = Vec::with_capacity(self.files.len());
        for (file, table) in self.files {
            files.push(OpenSpillFile::open(file, table)?);
        }
        while let Some(last) = last_complete_user(&files)? {
            for file in &mut files {
                file.take_until(&last, rows)?;
            }
            emit(rows)?;
            rows.clear();
        }
        Ok(())
    }
}

/// Returns the last user of the next range: the least among the last users of the batches in
/// memory. Rows of greater users can follow in any file. Returns `None` if all files are read.
fn last_complete_user(files: &[OpenSpillFile]) -> Result<Option<String>, CompactionError> {
    let mut least: Option<&str> = None;
    for file in files {
        if let Some(user) = file.last_user()? {
            least = Some(least.map_or(user, |least| least.min(user)));
        }
    }
    Ok(least.map(str::to_owned))
}

/// A spill file that is being written. It is created with its first row group.
struct SpillFile<'d> {
    layout: FileLayout,
    directory: Option<&'d Path>,
    writer: Option<FileWriter<BufWriter<File>>>,
}

impl RowGroupSink for SpillFile<'_> {
    fn write(&mut self, _: CompactedTable, _: u64, chunks: Vec<Chunk>) -> Result<(), EncodeError> {
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

/// A spill file that is being merged.
struct OpenSpillFile {
    reader: RowReader,
    table: SpilledTable,
    /// The rows that were read and not merged yet, at least one; `None` at the end.
    batch: Option<RecordBatch>,
}

impl OpenSpillFile {
    fn open(file: File, table: SpilledTable) -> Result<Self, CompactionError> {
        let reader = RowReader::open_with(SPILL_FILE, file, &EVENT_ROWS)?;
        let mut open = Self {
            reader,
            table,
            batch: None,
        };
        open.read_batch()?;
        Ok(open)
    }

    /// Reads the next batch that has rows.
    fn read_batch(&mut self) -> Result<(), CompactionError> {
        loop {
            let next = self.reader.next().transpose()?;
            self.batch = next.map(RowBatch::into_record_batch);
            match &self.batch {
                Some(batch) if batch.num_rows() == 0 => {}
                _ => return Ok(()),
            }
        }
    }

    /// Returns the last user of the batch in memory, or `None` at the end of the file.
    fn last_user(&self) -> Result<Option<&str>, CompactionError> {
        let Some(batch) = &self.batch else {
            return Ok(None);
        };
        let last_row = batch.num_rows().saturating_sub(1);
        user(batch, last_row).map(Some)
    }

    /// Moves the rows of all users up to `last` into `rows`.
    fn take_until(&mut self, last: &str, rows: &mut BucketRows) -> Result<(), CompactionError> {
        while let Some(batch) = &self.batch {
            let taken = rows_until(batch, last)?;
            let rest = batch.num_rows() - taken;
            let part = batch.slice(0, taken);
            let pushed = match self.table {
                SpilledTable::Dropped => rows.push_dropped(&part),
                SpilledTable::Events => rows.push_events(&part, EventSchema::Curated),
            };
            pushed.map_err(CompactionError::SortedChunk)?;
            if rest > 0 {
                self.batch = Some(batch.slice(taken, rest));
                return Ok(());
            }
            self.read_batch()?;
        }
        Ok(())
    }
}

/// Returns the user of a row.
fn user(batch: &RecordBatch, row: usize) -> Result<&str, CompactionError> {
    const COLUMN: &str = "user_id";
    let column = batch.column_by_name(COLUMN).ok_or_else(|| {
        CompactionError::SortedChunk(TableError::MissingColumn(COLUMN.to_owned()))
    })?;
    let dictionary = column.as_dictionary_opt::<Int32Type>();
    let values = dictionary.and_then(|dictionary| dictionary.values().as_string_opt::<i32>());
    let (Some(dictionary), Some(values)) = (dictionary, values) else {
        return Err(CompactionError::SortedChunk(TableError::ColumnType {
            column: COLUMN,
            expected: "Dictionary(Int32, Utf8)",
            found: column.data_type().to_string(),
        }));
    };
    match dictionary.key(row) {
        Some(key) if key < values.len() => Ok(values.value(key)),
        _ => Err(CompactionError::SortedChunk(TableError::DictionaryKey)),
    }
}

/// Returns the number of rows at the start of a batch whose users are at most `last`.
fn rows_until(batch: &RecordBatch, last: &str) -> Result<usize, CompactionError> {
    let (mut low, mut high) = (0, batch.num_rows());
    while low < high {
        let middle = low + (high - low) / 2;
        match user(batch, middle)?.cmp(last) {
            Ordering::Greater => high = middle,
            Ordering::Less | Ordering::Equal => low = middle + 1,
        }
    }
    Ok(low)
}
