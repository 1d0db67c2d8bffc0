//! The event book: the account of all events of one event date.
//!
//! It verifies distinct = curated + duplicates, and receipt rows = distinct + redelivered.
//!
//! The book has only counts of its generation's inputs and outputs, so a generation always
//! has the same book. The status of the date, which depends on later arrivals, is in the
//! [`Audit`](crate::Audit).

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use marquee_encode::EncodeError;
use marquee_event::Date;
use marquee_lake::LakeError;
use marquee_lake::generation::{EventCounts, TableFiles};
use marquee_lake::receipt::{self, Receipt};
use object_store::ObjectStore;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::figures::{Book, Figures};

/// The number of concurrent reads of receipts.
const READERS: usize = 16;

/// The inputs of an event book.
#[derive(Debug, Clone, Copy)]
pub struct EventBookInputs<'a> {
    /// The event date.
    pub event_date: Date,
    /// The number of receipts that the generation covers.
    pub covered: usize,
    /// Rows of the date in all these receipts, from the plan.
    pub receipt_rows: u64,
    /// The covered receipts that exist. Expired receipts do not.
    pub receipts: &'a [Receipt],
    /// The counts of compaction.
    pub counts: &'a EventCounts,
    /// The compacted tables.
    pub tables: &'a BTreeMap<String, TableFiles>,
}

/// The account of all events of one event date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventBook {
    /// The event date.
    pub event_date: Date,
    /// True if all sums agree.
    pub balanced: bool,
    /// Receipts with events of the date.
    pub receipts: u64,
    /// Rows of the date in these receipts.
    pub receipt_rows: u64,
    /// Rows of the date that compaction read.
    pub rows: u64,
    /// Rows whose identity an earlier row has.
    pub redelivered: u64,
    /// Distinct identities: rows without the redelivered ones.
    pub distinct: u64,
    /// Rows of `events`.
    pub curated: u64,
    /// Rows of `dropped_events`.
    pub duplicates: u64,
    /// Dropped duplicates whose content differs from that of the kept event.
    pub conflicts: u64,
    /// Rows by shard.
    pub shards: BTreeMap<String, u64>,
    /// Rows by ingest hour, `YYYY-MM-DDTHH`.
    pub ingest_hours: BTreeMap<String, u64>,
    /// The sums that do not agree, one sentence each.
    pub faults: Vec<String>,
}

impl EventBook {
    /// Adds up the counts of a date.
    pub fn close(inputs: EventBookInputs<'_>) -> Self {
        let EventBookInputs {
            event_date,
            covered,
            receipt_rows,
            receipts,
            counts,
            tables,
        } = inputs;
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
        for receipt in receipts {
            // The caller may pass receipts of other dates too.
            let Some(rows) = receipt.event_dates.get(&event_date) else {
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
                "rows in the receipts",
                self.receipt_rows,
                "rows that compaction read",
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
                "rows in the receipts",
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
        // Expired receipts are missing in `shards`, so its sum can be smaller but not larger.
        if in_shards > self.receipt_rows {
            faults.push(format!(
                "{in_shards} rows of the date in the existing receipts, but {} in all covered ones",
                self.receipt_rows
            ));
        }
        faults
    }

    /// Adds every figure: of the date, by shard and by ingest hour.
    pub(crate) fn add_figures<'b>(&'b self, figures: &mut Figures<'b>) {
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
        figures.add(Book::Event, "date", event_date.to_string(), of_date);
        for (scope, rows) in [("shard", shards), ("ingest_hour", ingest_hours)] {
            for (name, rows) in rows {
                figures.add(Book::Event, scope, name, [("rows", *rows)]);
            }
        }
    }
}

/// Encodes the book as a file of the table `audit`, with one row per figure. Returns the
/// number of rows and the bytes. Equal books give equal bytes.
///
/// # Errors
/// If the file cannot be encoded.
pub fn event_book_table(book: &EventBook) -> Result<(u64, Bytes), EncodeError> {
    let mut figures = Figures::default();
    book.add_figures(&mut figures);
    figures.file()
}

/// Reads the receipts at the keys. Leaves out receipts that do not exist: they have expired.
///
/// # Errors
/// If the store cannot be read, or an object is not a receipt.
pub async fn read_receipts<'k>(
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

    /// 2026-03-01.
    const DATE: Date = Date::from_days(20_513);

    fn receipt(shard: u32, hour: u8, rows: u64) -> Receipt {
        Receipt {
            version: 1,
            format_version: 1,
            kind: ReceiptKind::Stream,
            batch: format!("b-{shard}-{hour}"),
            shard_id: format!("shardId-{shard:012}"),
            first_sequence_number: "1".into(),
            last_sequence_number: "2".into(),
            ingest_date: DATE,
            ingest_hour: hour,
            first_arrived_at: format!("{DATE}T{hour:02}:00:00Z"),
            last_arrived_at: format!("{DATE}T{hour:02}:00:01Z"),
            arrival_dates: [(DATE, 2)].into(),
            records: 2,
            received: rows + 1,
            processed: rows + 1,
            quarantined: 0,
            received_bytes: 10,
            reasons: BTreeMap::new(),
            event_dates: [(DATE, rows), (DATE.before(1), 1)].into(),
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
        EventBook::close(EventBookInputs {
            event_date: DATE,
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
    fn a_book_whose_sums_agree_is_balanced() {
        let book = book(COUNTS, 6, 3);
        assert_eq!(book.faults, Vec::<String>::new());
        assert!(book.balanced);
        assert_eq!((book.distinct, book.redelivered), (9, 1));
        assert_eq!(book.shards["shardId-000000000001"], 5);
        assert_eq!(book.ingest_hours["2026-03-01T03"], 9);
    }

    #[test]
    fn sums_that_differ_are_faults() {
        let lost = EventCounts {
            receipt_rows: 9,
            ..COUNTS
        };
        let faults = book(lost, 6, 3).faults;
        assert!(
            faults.contains(&"10 rows in the receipts, but 9 rows that compaction read".to_owned()),
            "{faults:?}"
        );
        for wrong in [book(COUNTS, 5, 3), book(COUNTS, 6, 2), book(COUNTS, 7, 2)] {
            assert!(!wrong.balanced, "{wrong:?}");
        }
    }

    #[test]
    fn the_table_has_one_row_per_figure() {
        let book = book(COUNTS, 6, 3);
        let (rows, content) = event_book_table(&book).unwrap();
        assert_eq!(event_book_table(&book).unwrap().1, content);
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
