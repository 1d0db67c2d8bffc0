//! The split of processed events by bucket: each row of a date goes to a row group of its
//! user's bucket.

use std::sync::Arc;

use arrow_array::types::{Date32Type, Float32Type, Int32Type, Int64Type};
use arrow_array::{Array, PrimitiveArray, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use marquee_encode::{
    Chunk, EncodeError, FloatColumn, IntColumn, PrefixColumn, TextColumn, Width, Zstd,
};
use marquee_tables::schema::processed_events;

use crate::added::ADDED;
use crate::bucket::bucket_of;
use crate::bucket_rows::EventSchema;
use crate::columns::{DictionaryRemap, Integers, PreviousDictionary, Text, Times};
use crate::compactor::KernelError;
use crate::error::TableError;
use crate::event_columns::{EVENT_COLUMNS, EventColumns, narrow, value};

/// The number of rows from which a row group is closed, checked after each batch.
const GROUP_ROWS: u64 = 1 << 17;
/// The column of [`EVENT_COLUMNS`] that processed events do not have.
const CONTENT_DIGEST: &str = "content_digest";
/// The bytes of new strings in the dictionaries of all open row groups together, from which
/// they are closed. Free text has no small bound.
const TEXT_BYTES: usize = 128 << 20;

/// A receiver of the buckets' row groups.
pub trait BucketSink {
    /// Writes the next row group of a bucket. `chunks` has one chunk for each column of
    /// [`BucketSplitter::schema`].
    ///
    /// # Errors
    /// If it cannot be written.
    fn write(&mut self, bucket: u32, rows: u64, chunks: Vec<Chunk>) -> Result<(), EncodeError>;
}

/// Splits the events of a date by bucket. Within a bucket the events keep their order.
pub struct BucketSplitter {
    day: i32,
    buckets: Vec<Bucket>,
    bucket_of_user: DictionaryRemap,
    /// The cached dictionary numbers of each column.
    numbers: Vec<GroupNumbers>,
    schema: SchemaRef,
    /// The number of row groups that have been opened.
    groups: u32,
    /// The bytes of new strings from which a bucket's row group is closed.
    text_bytes: usize,
    zstd: Zstd,
}

/// The open row group of a bucket, and the rows of the batch to append.
#[derive(Default)]
struct Bucket {
    columns: Vec<Column>,
    /// The id of the row group in [`GroupNumbers`], from 1; 0 before the first one.
    group: u32,
    rows: u64,
    text_bytes: usize,
    selected: Vec<u32>,
}

enum Column {
    Repeating(TextColumn),
    Text(PrefixColumn),
    Integers(IntColumn),
    Numbers(FloatColumn),
}

/// A column of a batch, with the encoding of its output.
enum Source<'a> {
    Repeating(Text<'a>),
    Text(&'a StringArray),
    Dates(&'a PrimitiveArray<Date32Type>),
    Times(Times<'a>),
    Long(&'a PrimitiveArray<Int64Type>),
    Narrow(&'a PrimitiveArray<Int32Type>),
    Numbers(&'a PrimitiveArray<Float32Type>),
    /// The column of an added field.
    Integers(Integers<'a>),
}

/// A cache of dictionary numbers: for each value of a column's input dictionary, the last
/// row group that contains it and its number there.
///
/// Values of high cardinality, such as users and sessions, occur in one bucket only, so the
/// last row group is usually the right one.
#[derive(Default)]
struct GroupNumbers {
    dictionary: PreviousDictionary,
    /// The id of the row group, and the number in its dictionary, by dictionary key.
    slots: Vec<(u32, u32)>,
}

impl BucketSplitter {
    /// Creates a splitter for a date, in days since 1970-01-01, with `buckets` buckets.
    ///
    /// # Errors
    /// If there is not enough memory for a compressor; as [`Self::schema`].
    pub fn new(day: i32, buckets: u32) -> Result<Self, EncodeError> {
        let schema = Self::schema()?;
        let mut numbers = Vec::new();
        numbers.resize_with(schema.fields().len(), GroupNumbers::default);
        let mut empty_buckets = Vec::new();
        empty_buckets.resize_with(buckets as usize, Bucket::default);
        Ok(Self {
            day,
            buckets: empty_buckets,
            bucket_of_user: DictionaryRemap::default(),
            numbers,
            schema,
            groups: 0,
            text_bytes: TEXT_BYTES / buckets.max(1) as usize,
            zstd: Zstd::new()?,
        })
    }

    /// Returns the schema of the output: the columns of processed events that compaction
    /// reads.
    ///
    /// # Errors
    /// If processed events lack one of [`EVENT_COLUMNS`].
    pub fn schema() -> Result<SchemaRef, EncodeError> {
        let all = processed_events();
        let names = EVENT_COLUMNS.iter().filter(|name| **name != CONTENT_DIGEST);
        let kept = names
            .map(|name| all.field_with_name(name).cloned())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| EncodeError::Row("processed events lack a column of compaction"))?;
        Ok(Arc::new(Schema::new(kept)))
    }

    /// Appends a batch of processed events; returns the number of its rows of the date.
    ///
    /// # Errors
    /// If a column is missing, has another type or holds an invalid value; an error of
    /// `sink`.
    pub fn push(
        &mut self,
        batch: &RecordBatch,
        sink: &mut impl BucketSink,
    ) -> Result<u64, KernelError> {
        let columns = EventColumns::new(batch, EventSchema::Processed)?;
        let of_date = self.select(&columns)?;
        let sources = sources(&columns);
        for (numbers, (_, source)) in self.numbers.iter_mut().zip(&sources) {
            numbers.start_batch(source);
        }
        for (number, bucket) in (0..).zip(&mut self.buckets) {
            if bucket.selected.is_empty() {
                continue;
            }
            if bucket.columns.is_empty() {
                self.groups += 1;
                bucket.group = self.groups;
                for ((name, source), field) in sources.iter().zip(self.schema.fields()) {
                    bucket.columns.push(Column::new(name, source, field)?);
                }
            }
            bucket.append(&sources, &mut self.numbers, &mut self.zstd)?;
            if bucket.rows >= GROUP_ROWS || bucket.text_bytes >= self.text_bytes {
                bucket.close(number, &mut self.zstd, sink)?;
            }
        }
        Ok(of_date)
    }

    /// Closes the open row groups.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn finish(mut self, sink: &mut impl BucketSink) -> Result<(), EncodeError> {
        for (number, bucket) in (0..).zip(&mut self.buckets) {
            if bucket.rows > 0 {
                bucket.close(number, &mut self.zstd, sink)?;
            }
        }
        Ok(())
    }

    /// Selects the rows of each bucket; returns the number of rows of the date.
    fn select(&mut self, columns: &EventColumns<'_>) -> Result<u64, TableError> {
        for bucket in &mut self.buckets {
            bucket.selected.clear();
        }
        self.bucket_of_user.start_batch(columns.user);
        let count = self.buckets.len() as u32;
        let mut of_date = 0;
        for row in 0..columns.event_id.len() {
            let is_of_date = columns
                .dates
                .is_none_or(|dates| dates.value(row) == self.day);
            if !is_of_date {
                continue;
            }
            of_date += 1;
            let bucket = self
                .bucket_of_user
                .number(columns.user, row, |id| Ok(bucket_of(id, count)))?;
            let bucket = self.buckets.get_mut(bucket as usize);
            let bucket = bucket.ok_or(TableError::DanglingReference("bucket"))?;
            bucket.selected.push(row as u32);
        }
        Ok(of_date)
    }
}

/// Returns the columns of a batch with their names, in the order of
/// [`BucketSplitter::schema`].
fn sources<'a>(columns: &EventColumns<'a>) -> Vec<(&'static str, Source<'a>)> {
    let from = &columns.source;
    let mut sources = vec![
        ("event_id", Source::Text(columns.event_id)),
        ("event_type", Source::Repeating(columns.event_type)),
        ("event_time", Source::Times(columns.time)),
    ];
    let dates = columns.dates.map(Source::Dates);
    sources.extend(dates.map(|dates| ("event_date", dates)));
    sources.extend([
        ("user_id", Source::Repeating(columns.user)),
        ("session_id", Source::Repeating(columns.session)),
        ("profile_id", Source::Repeating(columns.profile)),
        ("country", Source::Repeating(columns.country)),
        ("device_type", Source::Repeating(columns.device_type)),
        ("device_os", Source::Repeating(columns.device_os)),
        ("app_version", Source::Repeating(columns.app_version)),
        ("title_id", Source::Repeating(columns.title)),
        ("position_ms", Source::Long(columns.position)),
        ("from_position_ms", Source::Long(columns.from_position)),
        ("query", Source::Repeating(columns.query)),
        ("results", Source::Narrow(columns.results)),
        ("row_index", Source::Narrow(columns.row_index)),
        ("rating", Source::Numbers(columns.rating)),
        ("extra", Source::Repeating(columns.extra)),
        ("producer_id", Source::Repeating(columns.producer)),
        ("producer_seq", Source::Long(columns.producer_seq)),
        ("shard_id", Source::Repeating(from.shard)),
        ("sequence_number", Source::Text(from.sequence)),
        ("sub_sequence", Source::Narrow(from.sub_sequence)),
        ("arrived_at", Source::Times(from.arrived_at)),
    ]);
    sources.extend(ADDED.map(|added| {
        let source = match added.is_text() {
            true => Source::Repeating(columns.added.texts[added.index]),
            false => Source::Integers(columns.added.integers[added.index]),
        };
        (added.name, source)
    }));
    sources
}

impl Bucket {
    /// Appends the selected rows, column by column.
    fn append(
        &mut self,
        sources: &[(&'static str, Source<'_>)],
        numbers: &mut [GroupNumbers],
        zstd: &mut Zstd,
    ) -> Result<(), KernelError> {
        let rows = &self.selected;
        let columns = self.columns.iter_mut().zip(sources).zip(numbers);
        for ((column, (name, source)), numbers) in columns {
            match (column, source) {
                (Column::Repeating(column), Source::Repeating(text)) => {
                    let appended = numbers.append(column, self.group, *text, rows, zstd)?;
                    self.text_bytes += appended.ok_or(TableError::DictionaryKey)?;
                }
                (Column::Text(column), Source::Text(text)) => {
                    for row in rows {
                        column.push(text.value(*row as usize).as_bytes(), zstd)?;
                    }
                }
                (Column::Numbers(column), Source::Numbers(values)) => {
                    for row in rows {
                        column.push_optional(value(values, *row as usize), zstd)?;
                    }
                }
                (Column::Integers(column), Source::Narrow(values)) => {
                    for row in rows {
                        let number = narrow(value(values, *row as usize), name)?;
                        column.push_optional(number.map(i64::from), zstd)?;
                    }
                }
                (Column::Integers(column), Source::Dates(dates)) => {
                    for row in rows {
                        column.push(dates.value(*row as usize).into(), zstd)?;
                    }
                }
                (Column::Integers(column), Source::Times(times)) => {
                    for row in rows {
                        column.push(times.value(*row as usize), zstd)?;
                    }
                }
                (Column::Integers(column), Source::Integers(values)) => {
                    for row in rows {
                        column.push_optional(values.value(*row as usize), zstd)?;
                    }
                }
                (Column::Integers(column), Source::Long(values)) => {
                    for row in rows {
                        column.push_optional(value(values, *row as usize), zstd)?;
                    }
                }
                _ => return Err(TableError::MissingColumn((*name).to_owned()).into()),
            }
        }
        self.rows += rows.len() as u64;
        Ok(())
    }

    /// Closes the row group and passes it to `sink`.
    fn close(
        &mut self,
        number: u32,
        zstd: &mut Zstd,
        sink: &mut impl BucketSink,
    ) -> Result<(), EncodeError> {
        let chunks = self.columns.drain(..).map(|column| column.finish(zstd));
        let chunks = chunks.collect::<Result<_, _>>()?;
        self.text_bytes = 0;
        sink.write(number, std::mem::take(&mut self.rows), chunks)
    }
}

impl GroupNumbers {
    fn start_batch(&mut self, source: &Source<'_>) {
        if let Source::Repeating(text) = source
            && let Some(length) = self.dictionary.replace(*text)
        {
            self.slots.clear();
            self.slots.resize(length, (0, 0));
        }
    }

    /// Appends the values of `rows` to a column of the row group `group`; returns the bytes
    /// of the values that missed the cache, or `None` if a dictionary key is out of range.
    fn append(
        &mut self,
        column: &mut TextColumn,
        group: u32,
        text: Text<'_>,
        rows: &[u32],
        zstd: &mut Zstd,
    ) -> Result<Option<usize>, EncodeError> {
        let mut bytes = 0;
        for row in rows {
            let row = *row as usize;
            let (keys, values) = match text {
                Text::Absent => {
                    column.push_null(zstd)?;
                    continue;
                }
                Text::Plain(strings) => {
                    let string = strings.is_valid(row).then(|| strings.value(row).as_bytes());
                    bytes += string.map_or(0, <[u8]>::len);
                    column.push_optional(string, zstd)?;
                    continue;
                }
                Text::Dictionary(keys, values) => (keys, values),
            };
            if keys.is_null(row) {
                column.push_null(zstd)?;
                continue;
            }
            let key = keys.value(row) as usize;
            match self.slots.get_mut(key) {
                Some((cached, number)) if *cached == group => column.push_number(*number, zstd)?,
                Some(slot) => {
                    let string = values.value(key).as_bytes();
                    bytes += string.len();
                    // A full dictionary gives no number; the slot stays unchanged.
                    if let Some((number, _)) = column.push(string, zstd)? {
                        *slot = (group, number);
                    }
                }
                None => return Ok(None),
            }
        }
        Ok(Some(bytes))
    }
}

impl Column {
    /// Creates the output column of `source`, without rows.
    fn new(name: &'static str, source: &Source<'_>, field: &Field) -> Result<Self, TableError> {
        let nullable = field.is_nullable();
        Ok(match source {
            Source::Repeating(_) => Self::Repeating(TextColumn::new(nullable)),
            Source::Text(_) => Self::Text(PrefixColumn::default()),
            Source::Numbers(_) => Self::Numbers(FloatColumn::default()),
            Source::Narrow(_) | Source::Dates(_) => {
                Self::Integers(IntColumn::new(Width::W32, nullable))
            }
            Source::Long(_) | Source::Times(_) => {
                Self::Integers(IntColumn::new(Width::W64, nullable))
            }
            Source::Integers(_) => {
                let width = match field.data_type() {
                    DataType::Int32 => Width::W32,
                    DataType::Int64 => Width::W64,
                    other => {
                        return Err(TableError::ColumnType {
                            column: name,
                            expected: "Int32 or Int64",
                            found: other.to_string(),
                        });
                    }
                };
                Self::Integers(IntColumn::new(width, nullable))
            }
        })
    }

    fn finish(self, zstd: &mut Zstd) -> Result<Chunk, EncodeError> {
        match self {
            Self::Repeating(column) => column.finish(zstd),
            Self::Text(column) => column.finish(zstd),
            Self::Integers(column) => column.finish(zstd),
            Self::Numbers(column) => column.finish(zstd),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
