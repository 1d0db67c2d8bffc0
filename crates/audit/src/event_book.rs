//! The event book: where the rows of one event date went.
//!
//! `distinct = curated + duplicates` and `receipt rows = distinct + redelivered`.
//! It is made of counts alone, and only of what its generation is made from, so
//! that the same generation always has the same book: whether the date is final
//! depends on what came later, and stands elsewhere.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use marquee_event::Date;
use marquee_lake::LakeError;
use marquee_lake::generation::{EventCounts, TableFiles};
use marquee_lake::receipt::{self, Receipt};
use marquee_tables::encode::EncodeError;
use object_store::ObjectStore;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::figures::{Book, Figures};

/// How many receipts are read at a time.
const READERS: usize = 16;

/// What an event book is made from.
#[derive(Debug, Clone, Copy)]
pub struct Closing<'a> {
    /// The date.
    pub event_date: Date,
    /// How many receipts the generation covers.
    pub covered: usize,
    /// Rows of the date in all of them, as they said when they were planned.
    pub receipt_rows: u64,
    /// The covered receipts that are there: those that expired are not.
    pub receipts: &'a [Receipt],
    /// What compaction counted.
    pub counts: &'a EventCounts,
    /// The tables that compaction wrote.
    pub tables: &'a BTreeMap<String, TableFiles>,
}

/// Where the rows of one event date went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventBook {
    /// The date.
    pub event_date: Date,
    /// Whether the sums add up.
    pub balanced: bool,
    /// Receipts with events of the date.
    pub receipts: u64,
    /// Rows of the date that these receipts name.
    pub receipt_rows: u64,
    /// Rows of the date that compaction met.
    pub rows: u64,
    /// Rows whose identity had come before.
    pub redelivered: u64,
    /// Identities: rows without those redelivered.
    pub distinct: u64,
    /// Rows of `events`.
    pub curated: u64,
    /// Rows of `dropped_events`.
    pub duplicates: u64,
    /// Those of them whose content differs from the kept event's.
    pub conflicts: u64,
    /// Rows by the shard that they came from.
    pub shards: BTreeMap<String, u64>,
    /// Rows by the hour that they arrived in, `YYYY-MM-DDTHH`.
    pub ingest_hours: BTreeMap<String, u64>,
    /// What does not add up, a sentence each.
    pub faults: Vec<String>,
}

impl EventBook {
    /// Closes the book of a date.
    pub fn close(closing: Closing<'_>) -> Self {
        let Closing {
            event_date,
            covered,
            receipt_rows,
            receipts,
            counts,
            tables,
        } = closing;
        let rows_of = |table: &str| tables.get(table).map_or(0, TableFiles::rows);
        let mut book = Self {
            event_date,
            balanced: false,
            receipts: covered as u64,
            receipt_rows,
            rows: counts.receipt_rows,
            redelivered: counts.redelivered,
            distinct: counts.receipt_rows.saturating_sub(counts.redelivered),
            curated: rows_of("events"),
            duplicates: rows_of("dropped_events"),
            conflicts: counts.conflicts,
            shards: BTreeMap::new(),
            ingest_hours: BTreeMap::new(),
            faults: Vec::new(),
        };
        let of_date = event_date.to_string();
        for receipt in receipts {
            let Some(rows) = receipt.event_dates.get(&of_date) else {
                continue;
            };
            let hour = format!("{}T{:02}", receipt.ingest_date, receipt.ingest_hour);
            *book.shards.entry(receipt.shard_id.clone()).or_default() += rows;
            *book.ingest_hours.entry(hour).or_default() += rows;
        }
        book.faults = book.faults(counts);
        book.balanced = book.faults.is_empty();
        book
    }

    fn faults(&self, counts: &EventCounts) -> Vec<String> {
        let in_shards: u64 = self.shards.values().sum();
        let sums = [
            (
                "rows that the receipts name",
                self.receipt_rows,
                "rows that compaction met",
                self.rows,
            ),
            (
                "distinct identities",
                self.distinct,
                "rows of events and dropped_events",
                self.curated + self.duplicates,
            ),
            (
                "distinct identities and redelivered rows",
                self.distinct + self.redelivered,
                "rows that the receipts name",
                self.receipt_rows,
            ),
            (
                "rows of events",
                self.curated,
                "events that compaction kept",
                counts.curated,
            ),
            (
                "rows of dropped_events",
                self.duplicates,
                "duplicates that compaction dropped",
                counts.duplicates,
            ),
        ];
        let mut faults: Vec<String> = sums
            .into_iter()
            .filter(|(_, one, _, other)| one != other)
            .map(|(this, one, that, other)| format!("{one} {this}, but {other} {that}"))
            .collect();
        // Receipts that expired are missing here, never too many are there.
        if in_shards > self.receipt_rows {
            faults.push(format!(
                "{in_shards} rows of the date in the receipts that are there, but {} in all covered ones",
                self.receipt_rows
            ));
        }
        faults
    }

    /// Enters every figure: of the date, by shard and by hour of arrival.
    pub(crate) fn enter<'b>(&'b self, figures: &mut Figures<'b>) {
        let Self {
            event_date,
            balanced: _,
            receipts,
            receipt_rows,
            rows,
            redelivered,
            distinct,
            curated,
            duplicates,
            conflicts,
            shards,
            ingest_hours,
            faults: _,
        } = self;
        let of_date = [
            ("receipts", *receipts),
            ("receipt_rows", *receipt_rows),
            ("rows", *rows),
            ("redelivered", *redelivered),
            ("distinct", *distinct),
            ("curated", *curated),
            ("duplicates", *duplicates),
            ("conflicts", *conflicts),
        ];
        figures.line(Book::Event, "date", event_date.to_string(), of_date);
        for (scope, rows) in [("shard", shards), ("ingest_hour", ingest_hours)] {
            for (name, rows) in rows {
                figures.line(Book::Event, scope, name, [("rows", *rows)]);
            }
        }
    }
}

/// The book as a file of the table `audit`: a row a figure. How many rows, and
/// the file's bytes, which the same book always has.
///
/// # Errors
/// When the file cannot be encoded.
pub fn table(book: &EventBook) -> Result<(u64, Bytes), EncodeError> {
    let mut figures = Figures::default();
    book.enter(&mut figures);
    figures.file()
}

/// The receipts at those keys, but for those that are gone.
///
/// # Errors
/// When the store cannot be read, or holds something else there.
pub async fn receipts_at<'k>(
    store: &dyn ObjectStore,
    keys: impl IntoIterator<Item = &'k str>,
) -> Result<Vec<Receipt>, LakeError> {
    let keys: Vec<Path> = keys.into_iter().map(Path::from).collect();
    let found: Vec<Option<Receipt>> = futures::stream::iter(keys)
        .map(|key| async move {
            match receipt::read(store, &key).await {
                Ok(receipt) => Ok(Some(receipt)),
                Err(LakeError::Store(object_store::Error::NotFound { .. })) => Ok(None),
                Err(error) => Err(error),
            }
        })
        .buffered(READERS)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;
    use marquee_lake::generation::FileEntry;
    use marquee_lake::receipt::ReceiptKind;
    use marquee_tables::curated;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;

    const DATE: &str = "2026-03-01";

    fn receipt(shard: u32, hour: u8, rows: u64) -> Receipt {
        Receipt {
            version: 1,
            format_version: 1,
            kind: ReceiptKind::Stream,
            batch: format!("b-{shard}-{hour}"),
            shard_id: format!("shardId-{shard:012}"),
            first_sequence_number: "1".into(),
            last_sequence_number: "2".into(),
            ingest_date: DATE.into(),
            ingest_hour: hour,
            first_arrived_at: format!("{DATE}T{hour:02}:00:00Z"),
            last_arrived_at: format!("{DATE}T{hour:02}:00:01Z"),
            arrival_dates: [(DATE.to_owned(), 2)].into(),
            records: 2,
            received: rows + 1,
            processed: rows + 1,
            quarantined: 0,
            received_bytes: 10,
            reasons: BTreeMap::new(),
            event_dates: [(DATE.to_owned(), rows), ("2026-02-28".to_owned(), 1)].into(),
            title_catalog: None,
            objects: Vec::new(),
        }
    }

    fn files(rows: u64) -> TableFiles {
        TableFiles {
            files: vec![FileEntry {
                key: "k".into(),
                rows,
                bytes: 1,
                digest: "d".into(),
            }],
        }
    }

    fn book(counts: EventCounts, curated: u64, dropped: u64) -> EventBook {
        let receipts = [receipt(0, 3, 5), receipt(1, 3, 4), receipt(1, 4, 1)];
        EventBook::close(Closing {
            event_date: DATE.parse().unwrap(),
            covered: receipts.len(),
            receipt_rows: 10,
            receipts: &receipts,
            counts: &counts,
            tables: &[
                ("events".to_owned(), files(curated)),
                ("dropped_events".to_owned(), files(dropped)),
            ]
            .into(),
        })
    }

    const COUNTS: EventCounts = EventCounts {
        receipt_rows: 10,
        curated: 6,
        duplicates: 3,
        conflicts: 1,
        redelivered: 1,
    };

    #[test]
    fn what_adds_up_is_balanced() {
        let book = book(COUNTS, 6, 3);
        assert_eq!(book.faults, Vec::<String>::new());
        assert!(book.balanced);
        assert_eq!((book.distinct, book.redelivered), (9, 1));
        assert_eq!(book.shards["shardId-000000000001"], 5);
        assert_eq!(book.ingest_hours["2026-03-01T03"], 9);
    }

    #[test]
    fn what_does_not_add_up_is_said() {
        let lost = EventCounts {
            receipt_rows: 9,
            ..COUNTS
        };
        let faults = book(lost, 6, 3).faults;
        assert!(
            faults.contains(
                &"10 rows that the receipts name, but 9 rows that compaction met".to_owned()
            ),
            "{faults:?}"
        );
        for wrong in [book(COUNTS, 5, 3), book(COUNTS, 6, 2), book(COUNTS, 7, 2)] {
            assert!(!wrong.balanced, "{wrong:?}");
        }
    }

    #[test]
    fn the_table_has_a_row_a_figure() {
        let book = book(COUNTS, 6, 3);
        let (rows, content) = table(&book).unwrap();
        assert_eq!(table(&book).unwrap().1, content);
        let batch = ParquetRecordBatchReaderBuilder::try_new(content)
            .unwrap()
            .build()
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        assert_eq!(batch.schema().fields(), curated::audit().fields());
        let text = |row: usize| {
            (1..4)
                .map(|column| batch.column(column).as_string::<i32>().value(row))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let figures: Vec<(String, i64)> = (0..batch.num_rows())
            .map(|row| {
                let value = batch.column(4).as_primitive::<Int64Type>().value(row);
                (text(row), value)
            })
            .collect();
        assert_eq!(figures.len() as u64, rows);
        for expected in [
            ("date 2026-03-01 curated", 6),
            ("date 2026-03-01 redelivered", 1),
            ("shard shardId-000000000000 rows", 5),
            ("ingest_hour 2026-03-01T04 rows", 1),
        ] {
            let expected = (expected.0.to_owned(), expected.1);
            assert!(figures.contains(&expected), "{expected:?} in {figures:?}");
        }
    }
}
