//! Processed events divided by their users: the rows of a date, each into the row
//! groups of its bucket.

use std::sync::Arc;

use arrow_array::types::{Date32Type, Float32Type, Int32Type, Int64Type};
use arrow_array::{Array, PrimitiveArray, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use marquee_tables::encode::{
    Chunk, EncodeError, FloatColumn, IntColumn, PrefixColumn, TextColumn, Width, Zstd,
};
use marquee_tables::schema::processed_events;

use crate::added::ADDED;
use crate::bucket::bucket_of;
use crate::columns::{Integers, LastDictionary, Renumbering, Text, Times};
use crate::compact::CompactError;
use crate::error::TableError;
use crate::event_columns::{EVENT_COLUMNS, EventColumns, narrow, value};
use crate::rows::Origin;

/// When a row group is closed after a batch: by its rows, or by the bytes of the words
/// in its dictionaries, which may be long. Those are of all buckets together.
const GROUP_ROWS: u64 = 1 << 17;
const TEXT_BYTES: usize = 128 << 20;

/// Who takes the row groups of the buckets.
pub trait BucketSink {
    /// Takes the next row group of a bucket: a chunk a column of
    /// [`Divider::schema`].
    ///
    /// # Errors
    /// When it cannot be written.
    fn take(&mut self, bucket: u32, rows: u64, chunks: Vec<Chunk>) -> Result<(), EncodeError>;
}

/// Divides the events of a date. Within a bucket they keep their order.
pub struct Divider {
    day: i32,
    buckets: Vec<Bucket>,
    bucket_of_user: Renumbering,
    numbered: Vec<Numbered>,
    schema: SchemaRef,
    groups: u32,
    /// At how many bytes of words a bucket's row group is closed.
    text_bytes: usize,
    zstd: Zstd,
}

/// The open row group of a bucket, and which rows of a batch come next.
#[derive(Default)]
struct Bucket {
    columns: Vec<Column>,
    /// What the row group is called by those that number its words; 0 for none.
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

/// A column of a batch.
enum Source<'a> {
    Repeating(Text<'a>),
    Text(&'a StringArray),
    Dates(&'a PrimitiveArray<Date32Type>),
    Times(Times<'a>),
    Long(&'a PrimitiveArray<Int64Type>),
    Narrow(&'a PrimitiveArray<Int32Type>),
    Numbers(&'a PrimitiveArray<Float32Type>),
    /// Of an added field.
    Integers(Integers<'a>),
}

/// The numbers that the words of a column's dictionary have in a row group: the last
/// in which they were. A user is of one bucket, and so are the user's sessions.
#[derive(Default)]
struct Numbered {
    dictionary: LastDictionary,
    /// The row group, and the number in it.
    words: Vec<(u32, u32)>,
}

impl Divider {
    /// Of that date, in days since 1970, into so many buckets.
    ///
    /// # Errors
    /// When there is no memory for a compressor.
    pub fn new(day: i32, buckets: u32) -> Result<Self, EncodeError> {
        let schema = Self::schema();
        let mut numbered = Vec::new();
        numbered.resize_with(schema.fields().len(), Numbered::default);
        let mut empty = Vec::new();
        empty.resize_with(buckets as usize, Bucket::default);
        Ok(Self {
            day,
            buckets: empty,
            bucket_of_user: Renumbering::default(),
            numbered,
            schema,
            groups: 0,
            text_bytes: TEXT_BYTES / buckets.max(1) as usize,
            zstd: Zstd::new()?,
        })
    }

    /// The columns of what is written: those of processed events that compaction
    /// reads. It makes the others anew.
    pub fn schema() -> SchemaRef {
        let all = processed_events();
        let kept = EVENT_COLUMNS
            .iter()
            .filter_map(|name| all.field_with_name(name).ok().cloned());
        Arc::new(Schema::new(kept.collect::<Vec<_>>()))
    }

    /// Divides a batch of processed events; how many of its rows are of the date.
    ///
    /// # Errors
    /// Where a column is missing or of another type, or holds what no event has; or
    /// when a row group cannot be written.
    pub fn push(
        &mut self,
        batch: &RecordBatch,
        sink: &mut impl BucketSink,
    ) -> Result<u64, CompactError> {
        let columns = EventColumns::of(batch, Origin::Processed)?;
        let of_date = self.select(&columns)?;
        let sources = sources(&columns);
        for (numbered, (_, source)) in self.numbered.iter_mut().zip(&sources) {
            numbered.begin(source);
        }
        for (number, bucket) in (0..).zip(&mut self.buckets) {
            if bucket.selected.is_empty() {
                continue;
            }
            if bucket.columns.is_empty() {
                self.groups += 1;
                bucket.group = self.groups;
                let of_source = |((_, source), field): (&(_, Source<'_>), &Arc<Field>)| {
                    Column::of(source, field)
                };
                let columns = sources.iter().zip(self.schema.fields()).map(of_source);
                bucket.columns.extend(columns);
            }
            bucket.append(&sources, &mut self.numbered, &mut self.zstd)?;
            if bucket.rows >= GROUP_ROWS || bucket.text_bytes >= self.text_bytes {
                bucket.close(number, &mut self.zstd, sink)?;
            }
        }
        Ok(of_date)
    }

    /// Ends the row groups that are open.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn finish(mut self, sink: &mut impl BucketSink) -> Result<(), EncodeError> {
        for (number, bucket) in (0..).zip(&mut self.buckets) {
            if bucket.rows > 0 {
                bucket.close(number, &mut self.zstd, sink)?;
            }
        }
        Ok(())
    }

    /// Finds the rows of each bucket, and how many are of the date.
    fn select(&mut self, columns: &EventColumns<'_>) -> Result<u64, TableError> {
        for bucket in &mut self.buckets {
            bucket.selected.clear();
        }
        self.bucket_of_user.begin(columns.user);
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
            let bucket = bucket.ok_or_else(|| beyond("user_id"))?;
            bucket.selected.push(row as u32);
        }
        Ok(of_date)
    }
}

/// The columns of a batch with their names, in the order of [`Divider::schema`].
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
            true => Source::Repeating(columns.added.texts[added.place]),
            false => Source::Integers(columns.added.integers[added.place]),
        };
        (added.name, source)
    }));
    sources
}

impl Bucket {
    /// Appends the rows that are selected, column by column.
    fn append(
        &mut self,
        sources: &[(&'static str, Source<'_>)],
        numbered: &mut [Numbered],
        zstd: &mut Zstd,
    ) -> Result<(), CompactError> {
        let rows = &self.selected;
        let of_column = self.columns.iter_mut().zip(sources).zip(numbered);
        for ((column, (name, source)), numbered) in of_column {
            match (column, source) {
                (Column::Repeating(column), Source::Repeating(text)) => {
                    let appended = numbered.append(column, self.group, *text, rows, zstd)?;
                    self.text_bytes += appended.ok_or_else(|| beyond(name))?;
                }
                (Column::Text(column), Source::Text(text)) => {
                    for row in rows {
                        column.push(text.value(*row as usize).as_bytes(), zstd)?;
                    }
                }
                (Column::Numbers(column), Source::Numbers(numbers)) => {
                    for row in rows {
                        column.push_optional(value(numbers, *row as usize), zstd)?;
                    }
                }
                (Column::Integers(column), Source::Narrow(numbers)) => {
                    for row in rows {
                        let number = narrow(value(numbers, *row as usize), name)?;
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
                (Column::Integers(column), Source::Integers(numbers)) => {
                    for row in rows {
                        column.push_optional(numbers.value(*row as usize), zstd)?;
                    }
                }
                (Column::Integers(column), Source::Long(numbers)) => {
                    for row in rows {
                        column.push_optional(value(numbers, *row as usize), zstd)?;
                    }
                }
                _ => return Err(TableError::Missing((*name).to_owned()).into()),
            }
        }
        self.rows += rows.len() as u64;
        Ok(())
    }

    fn close(
        &mut self,
        number: u32,
        zstd: &mut Zstd,
        sink: &mut impl BucketSink,
    ) -> Result<(), EncodeError> {
        let chunks = self.columns.drain(..).map(|column| column.finish(zstd));
        let chunks = chunks.collect::<Result<_, _>>()?;
        self.text_bytes = 0;
        sink.take(number, std::mem::take(&mut self.rows), chunks)
    }
}

impl Numbered {
    fn begin(&mut self, source: &Source<'_>) {
        if let Source::Repeating(text) = source
            && let Some(length) = self.dictionary.replaced_by(*text)
        {
            self.words.clear();
            self.words.resize(length, (0, 0));
        }
    }

    /// Appends the words of those rows to a column of that row group; the bytes of
    /// those that it did not have. `None` where a row's word is not in its dictionary.
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
                Text::Plain(words) => {
                    let word = words.is_valid(row).then(|| words.value(row).as_bytes());
                    bytes += word.map_or(0, <[u8]>::len);
                    column.push_optional(word, zstd)?;
                    continue;
                }
                Text::Dictionary(keys, values) => (keys, values),
            };
            if keys.is_null(row) {
                column.push_null(zstd)?;
                continue;
            }
            let key = keys.value(row) as usize;
            match self.words.get_mut(key) {
                Some((of, number)) if *of == group => column.push_number(*number, zstd)?,
                Some(place) => {
                    let word = values.value(key).as_bytes();
                    bytes += word.len();
                    let pushed = column.push(word, zstd)?;
                    if let Some((number, _)) = pushed {
                        *place = (group, number);
                    }
                }
                None => return Ok(None),
            }
        }
        Ok(Some(bytes))
    }
}

/// A row's place in a dictionary that is shorter.
fn beyond(column: &'static str) -> TableError {
    TableError::Value {
        column,
        found: "a place beyond its dictionary".to_owned(),
        expected: "one of it",
    }
}

impl Column {
    fn of(source: &Source<'_>, field: &Field) -> Self {
        let nullable = field.is_nullable();
        match source {
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
                    _ => Width::W64,
                };
                Self::Integers(IntColumn::new(width, nullable))
            }
        }
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
